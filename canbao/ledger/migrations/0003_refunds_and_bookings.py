"""Money that goes back, into the treasury or to a channel as its fee: their accounts and transfers, and what caused one.

The view names scheme, channel and due period from whichever side of a transfer is kept by them: where both are, they
are the same.
"""

from __future__ import annotations

from django.db import migrations, models

ACCOUNT_CODES = [
    "clearing",
    "assistance_receivable",
    "contribution_income",
    "suspense",
    "refund_payable",
    "treasury",
    "channel_fee",
]

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
]

VIEW_BEFORE = """
CREATE VIEW ledger_public_transfer AS
SELECT transfer.region_code,
       transfer.id AS transfer_id,
       transfer.kind,
       debit.account_code AS debit_account_code,
       credit.account_code AS credit_account_code,
       credit.scheme_code,
       debit.channel_code,
       credit.due_from,
       transfer.amount_fen,
       transfer.order_id,
       transfer.bill_id,
       transfer.capture_id,
       transfer.happened_at,
       transfer.recorded_at
FROM ledger_transfer AS transfer
JOIN ledger_account AS debit ON debit.region_code = transfer.region_code AND debit.id = transfer.debit_account_id
JOIN ledger_account AS credit ON credit.region_code = transfer.region_code AND credit.id = transfer.credit_account_id
"""

VIEW_AFTER = """
CREATE VIEW ledger_public_transfer AS
SELECT transfer.region_code,
       transfer.id AS transfer_id,
       transfer.kind,
       debit.account_code AS debit_account_code,
       credit.account_code AS credit_account_code,
       GREATEST(debit.scheme_code, credit.scheme_code) AS scheme_code,
       GREATEST(debit.channel_code, credit.channel_code) AS channel_code,
       GREATEST(debit.due_from, credit.due_from) AS due_from,
       transfer.amount_fen,
       transfer.order_id,
       transfer.bill_id,
       transfer.capture_id,
       transfer.cause_id,
       transfer.happened_at,
       transfer.recorded_at
FROM ledger_transfer AS transfer
JOIN ledger_account AS debit ON debit.region_code = transfer.region_code AND debit.id = transfer.debit_account_id
JOIN ledger_account AS credit ON credit.region_code = transfer.region_code AND credit.id = transfer.credit_account_id
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_belongings")]

    operations = [
        migrations.RemoveConstraint(model_name="account", name="ledger_account_in_chart"),
        migrations.RemoveConstraint(model_name="transfer", name="ledger_transfer_kind_known"),
        migrations.AddField(model_name="transfer", name="cause_id", field=models.UUIDField(null=True)),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("account_code__in", ACCOUNT_CODES)), name="ledger_account_in_chart"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)), name="ledger_transfer_kind_known"
            ),
        ),
        migrations.RunSQL("DROP VIEW ledger_public_transfer", VIEW_BEFORE),
        migrations.RunSQL(VIEW_AFTER, "DROP VIEW ledger_public_transfer"),
    ]
