"""A move belongs to a row of its own region: a composite key, checked at once."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE billing_bill_history ADD CONSTRAINT billing_bill_history_bill_fk "
            "FOREIGN KEY (region_code, bill_id) REFERENCES billing_bill (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE billing_bill_history DROP CONSTRAINT billing_bill_history_bill_fk",
        ),
    ]
