"""What other rooms' statements may read of vouchers: whose they are and whether they stand, never what they say."""

from __future__ import annotations

from django.db import migrations

VOUCHER_VIEW = """
CREATE VIEW documents_public_voucher AS
SELECT region_code, id AS voucher_id, voucher_no, subject_kind, subject_id, state, issued_at, voided_at, void_reason
FROM documents_voucher
"""


class Migration(migrations.Migration):
    dependencies = [("documents", "0002_belongings")]

    operations = [migrations.RunSQL(VOUCHER_VIEW, "DROP VIEW documents_public_voucher")]
