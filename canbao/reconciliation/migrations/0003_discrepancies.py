"""Discrepancies and their history."""

from __future__ import annotations

from django.db import migrations, models

BELONGS = """
ALTER TABLE reconciliation_discrepancy_event ADD CONSTRAINT reconciliation_discrepancy_event_of
FOREIGN KEY (region_code, discrepancy_id) REFERENCES reconciliation_discrepancy (region_code, id) NOT DEFERRABLE
"""
FREED = "ALTER TABLE reconciliation_discrepancy_event DROP CONSTRAINT reconciliation_discrepancy_event_of"


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0002_belongings"),
    ]

    operations = [
        migrations.CreateModel(
            name="DiscrepancyEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "discrepancy_id",
                        "move_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("discrepancy_id", models.UUIDField()),
                ("move_no", models.IntegerField()),
                ("event", models.CharField(max_length=16)),
                ("target", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=64)),
                ("cause", models.CharField(max_length=400)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "reconciliation_discrepancy_event",
            },
        ),
        migrations.CreateModel(
            name="Discrepancy",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("matter_id", models.UUIDField()),
                ("generation", models.SmallIntegerField(default=1)),
                ("case_no", models.CharField(max_length=32)),
                ("kind", models.CharField(max_length=24)),
                ("detail", models.CharField(default="", max_length=80)),
                ("channel_code", models.CharField(default="", max_length=16)),
                ("day_on", models.DateField(null=True)),
                ("order_no", models.CharField(default="", max_length=64)),
                ("trade_ref", models.CharField(default="", max_length=64)),
                ("refund_no", models.CharField(default="", max_length=64)),
                ("amount_fen", models.BigIntegerField(null=True)),
                ("ours", models.CharField(max_length=400)),
                ("theirs", models.CharField(max_length=400)),
                ("digest", models.BinaryField()),
                ("statement_id", models.UUIDField(null=True)),
                ("line_no", models.IntegerField(null=True)),
                ("state", models.CharField(max_length=16)),
                ("owner", models.CharField(default="", max_length=64)),
                ("act", models.CharField(default="", max_length=24)),
                ("reason", models.CharField(default="", max_length=200)),
                ("limit_fen", models.BigIntegerField(default=0)),
                ("proposed_by", models.CharField(default="", max_length=64)),
                ("approved_by", models.CharField(default="", max_length=64)),
                ("opened_at", models.DateTimeField()),
                ("proposed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("move_count", models.IntegerField(default=1)),
            ],
            options={
                "db_table": "reconciliation_discrepancy",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "taken", "proposed"])),
                        fields=["region_code", "opened_at", "id"],
                        name="reconciliation_disc_standing",
                    ),
                    models.Index(fields=["region_code", "order_no"], name="reconciliation_disc_by_order"),
                    models.Index(fields=["region_code", "day_on", "channel_code"], name="reconciliation_disc_by_day"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("region_code", "case_no"), name="reconciliation_discrepancy_number"
                    ),
                    models.UniqueConstraint(
                        fields=("region_code", "matter_id", "generation"), name="reconciliation_discrepancy_generation"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "resolved"), _negated=True),
                        fields=("region_code", "matter_id"),
                        name="reconciliation_discrepancy_matter",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "taken", "proposed", "resolved", "healed"])),
                        name="reconciliation_discrepancy_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "duplicate_line",
                                    "foreign",
                                    "other_day",
                                    "refund_differs",
                                    "only_theirs",
                                    "amount_differs",
                                    "state_differs",
                                    "only_ours_settled",
                                    "only_ours_open",
                                    "case",
                                    "funds_differ",
                                    "statement_missing",
                                    "booking_returned",
                                    "finding",
                                ],
                            )
                        ),
                        name="reconciliation_discrepancy_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("act", ""),
                            ("act__in", ["refunded", "credited", "channel_corrects", "booked_again", "explained"]),
                            _connector="OR",
                        ),
                        name="reconciliation_discrepancy_act",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["taken", "proposed", "resolved"]), _negated=True),
                            models.Q(("owner", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="reconciliation_discrepancy_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["proposed", "resolved"]), _negated=True),
                            models.Q(
                                models.Q(("act", ""), _negated=True),
                                models.Q(("reason", ""), _negated=True),
                                models.Q(("proposed_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="reconciliation_discrepancy_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "resolved"), _negated=True),
                            models.Q(("amount_fen__isnull", False), ("amount_fen__lte", models.F("limit_fen"))),
                            models.Q(
                                models.Q(("approved_by", ""), _negated=True),
                                models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="reconciliation_discrepancy_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("state__in", ["resolved", "healed"])),
                            models.Q(
                                models.Q(("state__in", ["resolved", "healed"]), _negated=True),
                                ("ended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="reconciliation_discrepancy_ended",
                    ),
                ],
            },
        ),
        migrations.RunSQL(BELONGS, FREED),
    ]
