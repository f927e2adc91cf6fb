"""Refunds belong to a capture of their region, their rows to a refund; other rooms read them through two views."""

from __future__ import annotations

from django.db import migrations

BELONGS = """
ALTER TABLE {table} ADD CONSTRAINT {name}
FOREIGN KEY (region_code, {column}) REFERENCES {target} (region_code, id) NOT DEFERRABLE
"""
FREED = "ALTER TABLE {table} DROP CONSTRAINT {name}"

KEYS = (
    ("payments_refund_total", "payments_refund_total_capture", "capture_id", "payments_capture"),
    ("payments_refund", "payments_refund_capture", "capture_id", "payments_capture"),
    ("payments_refund", "payments_refund_replaces", "replaces_id", "payments_refund"),
    ("payments_refund_line", "payments_refund_line_refund", "refund_id", "payments_refund"),
    ("payments_refund_event", "payments_refund_event_refund", "refund_id", "payments_refund"),
    ("payments_exchange", "payments_exchange_refund", "refund_id", "payments_refund"),
)

VIEWS = {
    "payments_public_refund": """
        SELECT
            region_code, id AS refund_id, refund_no, capture_id, order_id, order_no, channel_code, trade_ref, refund_ref,
            captured_fen, amount_fen, reason, state, is_automatic, from_suspense, undoes, bill_after, asked_at,
            approved_at, sent_at, succeeded_at, ended_at, deadline_at, next_step, is_withdrawn, replaces_id
        FROM payments_refund
    """,
    "payments_public_refund_line": """
        SELECT region_code, refund_id, bill_id, amount_fen, assistance_fen FROM payments_refund_line
    """,
}


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_refunds")]

    operations = [
        *[
            migrations.RunSQL(
                BELONGS.format(table=table, name=name, column=column, target=target),
                FREED.format(table=table, name=name),
            )
            for table, name, column, target in KEYS
        ],
        *[migrations.RunSQL(f"CREATE VIEW {name} AS {body}", f"DROP VIEW {name}") for name, body in VIEWS.items()],
    ]
