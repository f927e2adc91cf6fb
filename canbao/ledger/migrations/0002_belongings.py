"""What belongs to what within a region, and the view through which rooms above read the books set-wise.

Transfers refer to their accounts without a foreign key on purpose: its checks would lock the one clearing account of
the region in every settlement. Links and snapshots are written by the one sealer, so theirs cost nobody anything."""

from __future__ import annotations

from django.db import migrations

FOREIGN_KEYS = (
    ("ledger_link", "ledger_link_transfer_fk", "transfer_id", "ledger_transfer"),
    ("ledger_balance", "ledger_balance_account_fk", "account_id", "ledger_account"),
)

TRANSFER_VIEW = """
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


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (region_code, {column}) "
                f"REFERENCES {target} (region_code, id) NOT DEFERRABLE",
                f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            )
            for table, name, column, target in FOREIGN_KEYS
        ),
        migrations.RunSQL(TRANSFER_VIEW, "DROP VIEW ledger_public_transfer"),
    ]
