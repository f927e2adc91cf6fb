"""A paper and a move belong to a voucher of their own region: composite keys, checked at once."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE documents_voucher_pdf ADD CONSTRAINT documents_voucher_pdf_voucher_fk "
            "FOREIGN KEY (region_code, id) REFERENCES documents_voucher (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE documents_voucher_pdf DROP CONSTRAINT documents_voucher_pdf_voucher_fk",
        ),
        migrations.RunSQL(
            "ALTER TABLE documents_voucher_history ADD CONSTRAINT documents_voucher_history_voucher_fk "
            "FOREIGN KEY (region_code, voucher_id) REFERENCES documents_voucher (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE documents_voucher_history DROP CONSTRAINT documents_voucher_history_voucher_fk",
        ),
    ]
