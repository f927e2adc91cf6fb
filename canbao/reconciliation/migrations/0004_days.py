"""Closed days and bookings. What is written of a day belongs to it, and every booking to days."""

from __future__ import annotations

import django.db.models.expressions
from django.db import migrations, models

BELONGS = """
ALTER TABLE {table} ADD CONSTRAINT {name}
FOREIGN KEY (region_code, {column}) REFERENCES {target} (region_code, id) NOT DEFERRABLE
"""
FREED = "ALTER TABLE {table} DROP CONSTRAINT {name}"

KEYS = (
    ("reconciliation_day_total", "reconciliation_day_total_day", "day_id", "reconciliation_day"),
    ("reconciliation_day_explanation", "reconciliation_day_explanation_day", "day_id", "reconciliation_day"),
    ("reconciliation_day_paper", "reconciliation_day_paper_day", "day_id", "reconciliation_day"),
    ("reconciliation_day", "reconciliation_day_trades", "trades_id", "reconciliation_statement"),
    ("reconciliation_day", "reconciliation_day_funds", "funds_id", "reconciliation_statement"),
    ("reconciliation_booking_day", "reconciliation_booking_day_day", "day_id", "reconciliation_day"),
    ("reconciliation_booking_day", "reconciliation_booking_day_of", "booking_id", "reconciliation_booking"),
    ("reconciliation_booking_event", "reconciliation_booking_event_of", "booking_id", "reconciliation_booking"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0003_discrepancies"),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "booking_id",
                        "move_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("booking_id", models.UUIDField()),
                ("move_no", models.IntegerField()),
                ("event", models.CharField(max_length=16)),
                ("target", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=64)),
                ("cause", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "reconciliation_booking_event",
            },
        ),
        migrations.CreateModel(
            name="DayPaper",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "day_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("day_id", models.UUIDField()),
                ("pdf", models.BinaryField()),
                ("pdf_sm3", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "reconciliation_day_paper",
            },
        ),
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "day_id",
                        "scheme_code",
                        "due_from",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("day_id", models.UUIDField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("due_from", models.IntegerField()),
                ("due_until", models.IntegerField()),
                ("collected_count", models.IntegerField()),
                ("collected_fen", models.BigIntegerField()),
                ("refunded_count", models.IntegerField()),
                ("refunded_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "reconciliation_day_total",
            },
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("booking_no", models.CharField(max_length=32)),
                ("channel_code", models.CharField(max_length=16)),
                ("scheme_code", models.CharField(max_length=8)),
                ("due_from", models.IntegerField()),
                ("due_until", models.IntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("state", models.CharField(max_length=16)),
                ("treasury_ref", models.CharField(default="", max_length=64)),
                ("booked_on", models.DateField(null=True)),
                ("sent_by", models.CharField(max_length=64)),
                ("confirmed_by", models.CharField(default="", max_length=64)),
                ("reason", models.CharField(default="", max_length=200)),
                ("sent_at", models.DateTimeField()),
                ("move_count", models.IntegerField(default=1)),
            ],
            options={
                "db_table": "reconciliation_booking",
                "indexes": [
                    models.Index(fields=["region_code", "state", "sent_at"], name="reconciliation_booking_by_st")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("region_code", "booking_no"), name="reconciliation_booking_number"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["sent", "booked", "returned"])),
                        name="reconciliation_booking_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen__gt", 0)), name="reconciliation_booking_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("booked_on__isnull", False),
                                ("state", "booked"),
                                models.Q(("treasury_ref", ""), _negated=True),
                                models.Q(("confirmed_by", ""), _negated=True),
                            ),
                            models.Q(models.Q(("state", "booked"), _negated=True), ("booked_on__isnull", True)),
                            _connector="OR",
                        ),
                        name="reconciliation_booking_booked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "returned"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="reconciliation_booking_returned",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "day_id",
                        "scheme_code",
                        "due_from",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("day_id", models.UUIDField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("due_from", models.IntegerField()),
                ("booking_id", models.UUIDField()),
                ("amount_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "reconciliation_booking_day",
                "indexes": [models.Index(fields=["region_code", "booking_id"], name="reconciliation_booking_days")],
            },
        ),
        migrations.CreateModel(
            name="Day",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("channel_code", models.CharField(max_length=16)),
                ("day_on", models.DateField()),
                ("version_no", models.SmallIntegerField()),
                ("place", models.IntegerField()),
                ("trades_id", models.UUIDField()),
                ("funds_id", models.UUIDField()),
                ("trades_digest", models.BinaryField()),
                ("funds_digest", models.BinaryField()),
                ("payment_count", models.IntegerField()),
                ("payment_fen", models.BigIntegerField()),
                ("refund_count", models.IntegerField()),
                ("refund_fen", models.BigIntegerField()),
                ("collected_fen", models.BigIntegerField()),
                ("suspended_fen", models.BigIntegerField()),
                ("refund_paid_fen", models.BigIntegerField()),
                ("fee_fen", models.BigIntegerField()),
                ("booked_fen", models.BigIntegerField()),
                ("clearing_in_fen", models.BigIntegerField()),
                ("clearing_out_fen", models.BigIntegerField()),
                ("funds_in_fen", models.BigIntegerField()),
                ("funds_out_fen", models.BigIntegerField()),
                ("explained_fen", models.BigIntegerField()),
                ("balance_fen", models.BigIntegerField(null=True)),
                ("closed_by", models.CharField(max_length=64)),
                ("reason", models.CharField(max_length=200)),
                ("closed_at", models.DateTimeField()),
                ("link_hash", models.BinaryField()),
            ],
            options={
                "db_table": "reconciliation_day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("region_code", "channel_code", "day_on", "version_no"),
                        name="reconciliation_day_version",
                    ),
                    models.UniqueConstraint(
                        fields=("region_code", "channel_code", "place"), name="reconciliation_day_place"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "clearing_in_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("clearing_out_fen"), "+", models.F("funds_in_fen")
                                        ),
                                        "-",
                                        models.F("funds_out_fen"),
                                    ),
                                    "-",
                                    models.F("explained_fen"),
                                ),
                            )
                        ),
                        name="reconciliation_day_explained",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "clearing_in_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("clearing_out_fen"), "+", models.F("collected_fen")
                                                ),
                                                "+",
                                                models.F("suspended_fen"),
                                            ),
                                            "-",
                                            models.F("refund_paid_fen"),
                                        ),
                                        "-",
                                        models.F("fee_fen"),
                                    ),
                                    "-",
                                    models.F("booked_fen"),
                                ),
                            )
                        ),
                        name="reconciliation_day_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("version_no", 1),
                            models.Q(("version_no__gt", 1), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="reconciliation_day_corrected",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DayExplanation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "day_id", "place", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("day_id", models.UUIDField()),
                ("place", models.IntegerField()),
                ("kind", models.CharField(max_length=16)),
                ("ref", models.CharField(max_length=64)),
                ("line_no", models.IntegerField(null=True)),
                ("item_count", models.IntegerField()),
                ("ours_fen", models.BigIntegerField()),
                ("theirs_fen", models.BigIntegerField()),
                ("case_no", models.CharField(max_length=32)),
            ],
            options={
                "db_table": "reconciliation_day_explanation",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["other_day", "elsewhere", "paid_out", "paid_in", "to_treasury", "resolved"])
                        ),
                        name="reconciliation_day_explanation_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "resolved"), _negated=True),
                            models.Q(("case_no", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="reconciliation_day_explanation_case",
                    ),
                ],
            },
        ),
        *[
            migrations.RunSQL(
                BELONGS.format(table=table, name=name, column=column, target=target),
                FREED.format(table=table, name=name),
            )
            for table, name, column, target in KEYS
        ],
    ]
