"""Prices, bills with their moves, and the runs of the yearly assessment."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Assessment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("insured_year", models.SmallIntegerField()),
                ("assessed_on", models.DateField()),
                ("policy_version_id", models.UUIDField()),
                ("state", models.CharField(max_length=16)),
                ("after_person_id", models.UUIDField()),
                ("counts", models.JSONField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "billing_assessment",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("region_code", "scheme_code", "insured_year"),
                        name="billing_assessment_one_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["running", "finished", "superseded"])),
                        name="billing_assessment_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("state", "running")),
                            models.Q(models.Q(("state", "running"), _negated=True), ("finished_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="billing_assessment_finished_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Bill",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("person_id", models.UUIDField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("insured_year", models.SmallIntegerField()),
                ("due_from", models.IntegerField()),
                ("due_until", models.IntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("generation", models.SmallIntegerField()),
                ("state", models.CharField(max_length=16)),
                (
                    "is_live",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            models.Q(("state__in", ["due", "locked", "paid", "met_by_subsidy"])),
                            output_field=models.BooleanField(),
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
                ("move_count", models.SmallIntegerField()),
                ("price_id", models.UUIDField()),
                ("total_fen", models.BigIntegerField()),
                ("government_fen", models.BigIntegerField()),
                ("assistance_fen", models.BigIntegerField()),
                ("personal_fen", models.BigIntegerField()),
                ("registered_elsewhere", models.BooleanField()),
                ("assessed_on", models.DateField()),
                ("order_id", models.UUIDField(null=True)),
                ("locked_until", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
                ("reverses_id", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "billing_bill",
                "indexes": [
                    models.Index(
                        condition=models.Q(("order_id__isnull", False)),
                        fields=["region_code", "order_id"],
                        name="billing_bill_by_order",
                    ),
                    models.Index(
                        condition=models.Q(("is_live", False)),
                        fields=["region_code", "person_id"],
                        name="billing_bill_cancelled",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_live", True)),
                        fields=("region_code", "person_id", "scheme_code", "due_from", "due_until", "kind"),
                        name="billing_bill_one_live",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses_id__isnull", False)),
                        fields=("region_code", "reverses_id"),
                        name="billing_bill_one_reversal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("government_fen"), "+", models.F("assistance_fen")
                                    ),
                                    "+",
                                    models.F("personal_fen"),
                                ),
                            )
                        ),
                        name="billing_bill_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("assistance_fen__gte", 0),
                                ("government_fen__gte", 0),
                                ("kind", "normal"),
                                ("personal_fen__gte", 0),
                            ),
                            models.Q(
                                ("assistance_fen__lte", 0),
                                ("government_fen__lte", 0),
                                ("kind", "reversal"),
                                ("personal_fen__lte", 0),
                            ),
                            _connector="OR",
                        ),
                        name="billing_bill_sign",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "normal"), ("reverses_id__isnull", True)),
                            models.Q(("kind", "reversal"), ("reverses_id__isnull", False), ("state", "reversed")),
                            _connector="OR",
                        ),
                        name="billing_bill_reversal_names_its_bill",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["due", "locked", "paid", "met_by_subsidy", "voided", "reversed"])
                        ),
                        name="billing_bill_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("order_id__isnull", False), ("state__in", ["locked", "paid"])),
                            models.Q(
                                models.Q(("state__in", ["locked", "paid"]), _negated=True), ("order_id__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="billing_bill_held_by_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "paid"), ("paid_at__isnull", False)),
                            models.Q(models.Q(("state", "paid"), _negated=True), ("paid_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_bill_paid_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "met_by_subsidy"), _negated=True), ("personal_fen", 0), _connector="OR"
                        ),
                        name="billing_bill_met_costs_nothing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_from__lte", models.F("due_until"))), name="billing_bill_due_period"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillMove",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "bill_id",
                        "move_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("bill_id", models.UUIDField()),
                ("move_no", models.SmallIntegerField()),
                ("event", models.CharField(max_length=16)),
                ("state_from", models.CharField(max_length=16)),
                ("state_to", models.CharField(max_length=16)),
                ("order_id", models.UUIDField(null=True)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "billing_bill_history",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("move_no__gte", 1)), name="billing_bill_history_move_no")
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("policy_version_id", models.UUIDField()),
                ("category_code", models.CharField(max_length=8)),
                ("age_band", models.SmallIntegerField()),
                (
                    "identity_codes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("tier", models.CharField(max_length=40)),
                ("total_fen", models.BigIntegerField()),
                ("government_fen", models.BigIntegerField()),
                ("assistance_fen", models.BigIntegerField()),
                ("personal_fen", models.BigIntegerField()),
                ("applied_identity", models.CharField(max_length=40)),
                ("is_final", models.BooleanField()),
                ("steps", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "billing_price",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "region_code",
                            "policy_version_id",
                            "category_code",
                            "age_band",
                            "identity_codes",
                            "tier",
                        ),
                        name="billing_price_one_per_class",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("government_fen"), "+", models.F("assistance_fen")
                                    ),
                                    "+",
                                    models.F("personal_fen"),
                                ),
                            )
                        ),
                        name="billing_price_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("assistance_fen__gte", 0), ("government_fen__gte", 0), ("personal_fen__gte", 0)
                        ),
                        name="billing_price_not_negative",
                    ),
                ],
            },
        ),
    ]
