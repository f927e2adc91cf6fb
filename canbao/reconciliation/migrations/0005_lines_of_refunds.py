"""Lines are found by their transaction only where they tell of a refund: an index of all payments cost more than it told."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0004_days")]

    operations = [
        migrations.RemoveIndex(model_name="line", name="reconciliation_line_trade"),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                fields=["region_code", "trade_ref"], name="reconciliation_line_refund", condition=Q(kind="refund")
            ),
        ),
    ]
