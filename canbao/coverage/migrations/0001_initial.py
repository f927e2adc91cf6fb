"""Periods of cover with their moves, and the explanations they share."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Explanation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("steps", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "coverage_explanation",
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("bill_id", models.UUIDField()),
                ("person_id", models.UUIDField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("insured_year", models.SmallIntegerField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField()),
                ("wait_months", models.SmallIntegerField()),
                ("explanation_id", models.UUIDField()),
                ("policy_version_id", models.UUIDField()),
                ("state", models.CharField(max_length=16)),
                ("move_count", models.SmallIntegerField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "coverage_period",
                "indexes": [models.Index(fields=["region_code", "person_id"], name="coverage_period_of_person")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")),
                        fields=("region_code", "bill_id"),
                        name="coverage_period_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_on__lte", models.F("until_on"))),
                        name="coverage_period_dates_in_order",
                    ),
                    models.CheckConstraint(condition=models.Q(("wait_months__gte", 0)), name="coverage_period_wait"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["in_force", "ended"])), name="coverage_period_state"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PeriodMove",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "period_id",
                        "move_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("period_id", models.UUIDField()),
                ("move_no", models.SmallIntegerField()),
                ("event", models.CharField(max_length=16)),
                ("state_from", models.CharField(max_length=16)),
                ("state_to", models.CharField(max_length=16)),
                ("until_on_from", models.DateField()),
                ("until_on_to", models.DateField()),
                ("reason", models.CharField(max_length=200)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "coverage_period_history",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("move_no__gte", 1)), name="coverage_period_history_move_no"
                    )
                ],
            },
        ),
    ]
