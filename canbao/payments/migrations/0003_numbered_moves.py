"""Moves of an order are numbered under its lock; times of two workers may stand the other way round."""

from __future__ import annotations

from django.db import migrations, models

NUMBER_EVENTS = """
UPDATE payments_order_event AS move
SET move_no = numbered.move_no
FROM (
    SELECT
        event.region_code,
        event.id,
        row_number() OVER (
            PARTITION BY event.region_code, event.order_id
            ORDER BY event.target <> '', event.target IN ('settled', 'closed', 'expired'), event.recorded_at, event.id
        ) AS move_no
    FROM payments_order_event AS event
) AS numbered
WHERE move.region_code = numbered.region_code AND move.id = numbered.id
"""

COUNT_MOVES = """
UPDATE payments_order AS asked
SET move_count = counted.moves
FROM (
    SELECT event.region_code, event.order_id, count(*) AS moves
    FROM payments_order_event AS event
    GROUP BY event.region_code, event.order_id
) AS counted
WHERE asked.region_code = counted.region_code AND asked.id = counted.order_id
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_lines_and_views")]

    operations = [
        migrations.AddField("order", "move_count", models.IntegerField(default=1)),
        migrations.AddField("orderevent", "move_no", models.IntegerField(default=0), preserve_default=False),
        migrations.RunSQL(NUMBER_EVENTS, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_MOVES, migrations.RunSQL.noop),
        migrations.RemoveIndex("orderevent", "payments_event_by_order"),
        migrations.AddConstraint(
            "orderevent",
            models.UniqueConstraint(fields=("region_code", "order_id", "move_no"), name="payments_event_move"),
        ),
    ]
