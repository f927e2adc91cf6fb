"""What other rooms' statements may read of periods of cover."""

from __future__ import annotations

from django.db import migrations

PERIOD_VIEW = """
CREATE VIEW coverage_public_period AS
SELECT region_code, id AS period_id, bill_id, person_id, state, from_on, until_on
FROM coverage_period
"""


class Migration(migrations.Migration):
    dependencies = [("coverage", "0002_history_belongs")]

    operations = [migrations.RunSQL(PERIOD_VIEW, "DROP VIEW coverage_public_period")]
