"""A move belongs to a row of its own region: a composite key, checked at once."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("coverage", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE coverage_period_history ADD CONSTRAINT coverage_period_history_period_fk "
            "FOREIGN KEY (region_code, period_id) REFERENCES coverage_period (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE coverage_period_history DROP CONSTRAINT coverage_period_history_period_fk",
        ),
    ]
