"""Other rooms read which scheme and due period a bill is for."""

from __future__ import annotations

from django.db import migrations

PUBLISH = """
CREATE OR REPLACE VIEW billing_public_bill AS
SELECT
    region_code, id AS bill_id, person_id, kind, state, personal_fen, assistance_fen, order_id, paid_at, scheme_code,
    due_from, due_until
FROM billing_bill
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_undoing")]

    operations = [migrations.RunSQL(PUBLISH, migrations.RunSQL.noop)]
