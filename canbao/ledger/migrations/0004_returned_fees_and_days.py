"""Fees that come back, and transfers found by the day on which they happened.

Transfers are written nearly in the order of their instants, so an index of ranges of pages finds a day and costs a
posting next to nothing.
"""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    "bill_collected",
    "assistance_met",
    "capture_suspended",
    "bill_refunded",
    "assistance_returned",
    "suspense_released",
    "refund_paid",
    "refund_withdrawn",
    "treasury_booked",
    "fee_charged",
    "fee_returned",
]

DAYS = """
CREATE INDEX ledger_transfer_days ON ledger_transfer USING brin (region_code, happened_at) WITH (pages_per_range = 32)
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_refunds_and_bookings")]

    operations = [
        migrations.RemoveConstraint(model_name="transfer", name="ledger_transfer_kind_known"),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)), name="ledger_transfer_kind_known"
            ),
        ),
        migrations.RunSQL(DAYS, "DROP INDEX ledger_transfer_days"),
    ]
