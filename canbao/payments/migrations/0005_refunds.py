"""Refunds: their own tables, columns of notices that tell of them, and exchanges about them."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_longer_wallet_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("refund_no", models.CharField(max_length=32)),
                ("capture_id", models.UUIDField()),
                ("order_id", models.UUIDField(null=True)),
                ("order_no", models.CharField(max_length=64)),
                ("channel_code", models.CharField(max_length=16)),
                ("trade_ref", models.CharField(max_length=64)),
                ("captured_fen", models.BigIntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("reason", models.CharField(max_length=32)),
                ("note", models.CharField(default="", max_length=200)),
                ("is_automatic", models.BooleanField()),
                ("from_suspense", models.BooleanField()),
                ("undoes", models.CharField(max_length=16)),
                ("bill_after", models.CharField(max_length=16)),
                ("steps", models.JSONField(default=list)),
                ("event_on", models.DateField(null=True)),
                ("state", models.CharField(max_length=16)),
                ("asked_by", models.CharField(default="", max_length=64)),
                ("checked_by", models.CharField(default="", max_length=64)),
                ("approved_by", models.CharField(default="", max_length=64)),
                ("asked_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("deadline_at", models.DateTimeField()),
                ("next_step", models.CharField(default="", max_length=16)),
                ("foreign_code", models.CharField(default="", max_length=64)),
                ("refund_ref", models.CharField(default="", max_length=64)),
                ("account_tail", models.CharField(default="", max_length=4)),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("replaces_id", models.UUIDField(null=True)),
                ("is_withdrawn", models.BooleanField(default=False)),
                ("next_ask_at", models.DateTimeField(null=True)),
                ("ask_count", models.SmallIntegerField(default=0)),
                ("move_count", models.IntegerField(default=1)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payments_refund",
            },
        ),
        migrations.CreateModel(
            name="RefundEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("refund_id", models.UUIDField()),
                ("move_no", models.IntegerField()),
                ("event", models.CharField(max_length=16)),
                ("target", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=64)),
                ("cause", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payments_refund_event",
            },
        ),
        migrations.CreateModel(
            name="RefundLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "refund_id",
                        "bill_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("refund_id", models.UUIDField()),
                ("bill_id", models.UUIDField()),
                ("place", models.SmallIntegerField()),
                ("scheme_code", models.CharField(max_length=8)),
                ("due_from", models.IntegerField()),
                ("due_until", models.IntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("assistance_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "payments_refund_line",
            },
        ),
        migrations.CreateModel(
            name="RefundTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "capture_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("capture_id", models.UUIDField()),
                ("captured_fen", models.BigIntegerField()),
                ("claimed_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "payments_refund_total",
            },
        ),
        migrations.AddField(
            model_name="exchange",
            name="refund_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="account_tail",
            field=models.CharField(default="", max_length=4),
        ),
        migrations.AddField(
            model_name="notice",
            name="captured_fen",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="notice",
            name="fate",
            field=models.CharField(default="", max_length=16),
        ),
        migrations.AddField(
            model_name="notice",
            name="refund_no",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.AddField(
            model_name="notice",
            name="refund_ref",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="order_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="exchange",
            index=models.Index(
                condition=models.Q(("refund_id__isnull", False)),
                fields=["region_code", "refund_id", "asked_at"],
                name="payments_exchange_by_refund",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("order_id__isnull", False), ("refund_id__isnull", False), _connector="OR"),
                name="payments_exchange_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["region_code", "order_no"], name="payments_refund_by_order"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["region_code", "capture_id"], name="payments_refund_by_capture"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("next_ask_at__isnull", False)),
                fields=["region_code", "next_ask_at"],
                name="payments_refund_to_ask",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["asked", "checked", "approved", "sent", "unknown", "by_hand"])),
                fields=["region_code", "deadline_at"],
                name="payments_refund_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(fields=("region_code", "refund_no"), name="payments_refund_number"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaces_id__isnull", False)),
                fields=("region_code", "replaces_id"),
                name="payments_refund_replaced_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_fen__gt", 0), ("amount_fen__lte", models.F("captured_fen"))),
                name="payments_refund_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "asked",
                            "checked",
                            "approved",
                            "sent",
                            "unknown",
                            "succeeded",
                            "failed",
                            "rejected",
                            "by_hand",
                        ],
                    )
                ),
                name="payments_refund_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_by", ""), ("asked_by", ""), ("checked_by", ""), ("is_automatic", True)),
                    models.Q(
                        ("is_automatic", False),
                        models.Q(("asked_by", ""), _negated=True),
                        models.Q(("approved_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_refund_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approved_at__isnull", True),
                        ("approved_by", ""),
                        ("state__in", ["asked", "checked", "rejected"]),
                    ),
                    models.Q(
                        models.Q(("state__in", ["asked", "checked", "rejected"]), _negated=True),
                        ("approved_at__isnull", False),
                        models.Q(("is_automatic", True), models.Q(("approved_by", ""), _negated=True), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="payments_refund_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state", "succeeded"),
                        ("succeeded_at__isnull", False),
                        models.Q(("refund_ref", ""), _negated=True),
                    ),
                    models.Q(models.Q(("state", "succeeded"), _negated=True), ("succeeded_at__isnull", True)),
                    _connector="OR",
                ),
                name="payments_refund_succeeded",
            ),
        ),
        migrations.AddConstraint(
            model_name="refundevent",
            constraint=models.UniqueConstraint(
                fields=("region_code", "refund_id", "move_no"), name="payments_refund_event_move"
            ),
        ),
        migrations.AddIndex(
            model_name="refundline",
            index=models.Index(fields=["region_code", "bill_id"], name="payments_refund_line_by_bill"),
        ),
        migrations.AddConstraint(
            model_name="refundline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_fen__gt", 0)), name="payments_refund_line_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="refundline",
            constraint=models.CheckConstraint(
                condition=models.Q(("assistance_fen__gte", 0)), name="payments_refund_line_help"
            ),
        ),
        migrations.AddConstraint(
            model_name="refundtotal",
            constraint=models.CheckConstraint(
                condition=models.Q(("claimed_fen__gte", 0), ("claimed_fen__lte", models.F("captured_fen"))),
                name="payments_refund_total_left",
            ),
        ),
    ]
