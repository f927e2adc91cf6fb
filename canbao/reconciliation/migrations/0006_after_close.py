"""One more kind of discrepancy: something was recorded of a day after it was closed."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

KINDS_BEFORE = [
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
]


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0005_lines_of_refunds")]

    operations = [
        migrations.RemoveConstraint(model_name="discrepancy", name="reconciliation_discrepancy_kind"),
        migrations.AddConstraint(
            model_name="discrepancy",
            constraint=models.CheckConstraint(
                condition=Q(kind__in=[*KINDS_BEFORE, "after_close", "finding"]), name="reconciliation_discrepancy_kind"
            ),
        ),
    ]
