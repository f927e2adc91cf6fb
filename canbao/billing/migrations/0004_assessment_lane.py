"""A run's progress moves into lanes, so that several workers make its pages at once."""

from __future__ import annotations

from django.db import migrations, models

ONE_LANE_PER_RUN = """
INSERT INTO billing_assessment_lane (
    region_code, assessment_id, lane_no, after_person_id, last_person_id, is_done, counts
)
SELECT region_code, id, 0, after_person_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff', state <> 'running', counts
FROM billing_assessment
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_public_bill")]

    operations = [
        migrations.CreateModel(
            name="AssessmentLane",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "assessment_id",
                        "lane_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("assessment_id", models.UUIDField()),
                ("lane_no", models.SmallIntegerField()),
                ("after_person_id", models.UUIDField()),
                ("last_person_id", models.UUIDField()),
                ("is_done", models.BooleanField()),
                ("counts", models.JSONField()),
            ],
            options={
                "db_table": "billing_assessment_lane",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("after_person_id__lte", models.F("last_person_id"))),
                        name="billing_assessment_lane_range",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE billing_assessment_lane ADD CONSTRAINT billing_assessment_lane_run_fk "
            "FOREIGN KEY (region_code, assessment_id) REFERENCES billing_assessment (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE billing_assessment_lane DROP CONSTRAINT billing_assessment_lane_run_fk",
        ),
        migrations.RunSQL(ONE_LANE_PER_RUN, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="assessment", name="after_person_id"),
        migrations.RemoveField(model_name="assessment", name="counts"),
    ]
