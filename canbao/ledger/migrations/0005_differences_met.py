"""What assistance meets of a bill that was paid before an identity was recognised."""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    "bill_collected",
    "assistance_met",
    "capture_suspended",
    "bill_refunded",
    "assistance_returned",
    "difference_met",
    "difference_returned",
    "suspense_released",
    "refund_paid",
    "refund_withdrawn",
    "treasury_booked",
    "fee_charged",
    "fee_returned",
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_returned_fees_and_days")]

    operations = [
        migrations.RemoveConstraint(model_name="transfer", name="ledger_transfer_kind_known"),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)), name="ledger_transfer_kind_known"
            ),
        ),
    ]
