"""Lines, events and exchanges belong to an order of their region; auditors read payments through three views."""

from __future__ import annotations

from django.db import migrations

BELONGS = """
ALTER TABLE {table} ADD CONSTRAINT {table}_order
FOREIGN KEY (region_code, order_id) REFERENCES payments_order (region_code, id) NOT DEFERRABLE
"""
FREED = "ALTER TABLE {table} DROP CONSTRAINT {table}_order"

VIEWS = {
    "payments_public_order": """
        SELECT region_code, id AS order_id, order_no, channel_code, state, amount_fen, trade_ref, settled_at, expires_at
        FROM payments_order
    """,
    "payments_public_order_line": """
        SELECT region_code, order_id, bill_id, amount_fen, assistance_fen FROM payments_order_line
    """,
    "payments_public_capture": """
        SELECT region_code, id AS capture_id, channel_code, trade_ref, order_id, amount_fen, disposition, reason
        FROM payments_capture
    """,
}

TABLES = ("payments_order_line", "payments_order_event", "payments_exchange")


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        *[migrations.RunSQL(BELONGS.format(table=table), FREED.format(table=table)) for table in TABLES],
        *[migrations.RunSQL(f"CREATE VIEW {name} AS {body}", f"DROP VIEW {name}") for name, body in VIEWS.items()],
    ]
