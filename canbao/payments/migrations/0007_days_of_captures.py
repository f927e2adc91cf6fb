"""Captures are found by the day on which a channel took them, and other rooms read that day and the order's number.

Captures are written nearly in the order of their instants, so an index of ranges of pages finds a day and costs the
settling of an order next to nothing. Orders without an outcome are few, and found by when their time runs out.
"""

from __future__ import annotations

from django.db import migrations

PUBLISH = """
CREATE OR REPLACE VIEW payments_public_capture AS
SELECT
    region_code, id AS capture_id, channel_code, trade_ref, order_id, amount_fen, disposition, reason, order_no,
    happened_at
FROM payments_capture
"""

INDEX = """
CREATE INDEX payments_capture_days ON payments_capture USING brin (region_code, happened_at)
WITH (pages_per_range = 32)
"""

LIVE = """
CREATE INDEX payments_order_live ON payments_order (region_code, expires_at)
WHERE state IN ('open', 'placed', 'unknown')
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_refund_keys_and_views")]

    operations = [
        migrations.RunSQL(PUBLISH, migrations.RunSQL.noop),
        migrations.RunSQL(INDEX, "DROP INDEX payments_capture_days"),
        migrations.RunSQL(LIVE, "DROP INDEX payments_order_live"),
    ]
