"""What other rooms' statements may read of periods of cover that ended early."""

from __future__ import annotations

from django.db import migrations

ENDING_VIEW = """
CREATE VIEW coverage_public_ending AS
SELECT
    period.region_code,
    period.id AS period_id,
    period.bill_id,
    period.person_id,
    period.from_on,
    ended.until_on_from,
    ended.until_on_to AS until_on,
    ended.reason,
    ended.happened_at
FROM coverage_period AS period
JOIN coverage_period_history AS ended
    ON ended.region_code = period.region_code AND ended.period_id = period.id AND ended.event = 'end'
"""


class Migration(migrations.Migration):
    dependencies = [("coverage", "0003_public_period")]

    operations = [migrations.RunSQL(ENDING_VIEW, "DROP VIEW coverage_public_ending")]
