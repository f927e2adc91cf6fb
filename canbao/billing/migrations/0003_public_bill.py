"""What other rooms' statements may read of bills."""

from __future__ import annotations

from django.db import migrations

BILL_VIEW = """
CREATE VIEW billing_public_bill AS
SELECT region_code, id AS bill_id, person_id, kind, state, personal_fen, assistance_fen, order_id, paid_at
FROM billing_bill
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_history_belongs")]

    operations = [migrations.RunSQL(BILL_VIEW, "DROP VIEW billing_public_bill")]
