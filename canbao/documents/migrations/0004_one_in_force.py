"""One voucher of a subject is in force, any number are void; and the bills a voucher names stand beside it in clear.

Vouchers from before have no lines and no total: what they name is sealed, and nothing is opened here.
"""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

VOUCHER_VIEW_BEFORE = """
CREATE VIEW documents_public_voucher AS
SELECT region_code, id AS voucher_id, voucher_no, subject_kind, subject_id, state, issued_at, voided_at, void_reason
FROM documents_voucher
"""

VOUCHER_VIEW = """
CREATE OR REPLACE VIEW documents_public_voucher AS
SELECT
    region_code, id AS voucher_id, voucher_no, subject_kind, subject_id, state, issued_at, voided_at, void_reason,
    total_fen
FROM documents_voucher
"""

LINE_VIEW = """
CREATE VIEW documents_public_voucher_line AS
SELECT region_code, voucher_id, place, bill_id, paid_fen
FROM documents_voucher_line
"""


class Migration(migrations.Migration):
    dependencies = [("documents", "0003_public_voucher")]

    operations = [
        migrations.RemoveConstraint(model_name="voucher", name="documents_voucher_one_per_subject"),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.UniqueConstraint(
                condition=Q(state="issued"),
                fields=("region_code", "subject_id"),
                name="documents_voucher_one_in_force",
            ),
        ),
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(fields=["region_code", "subject_id"], name="documents_voucher_by_subject"),
        ),
        migrations.AddField(model_name="voucher", name="total_fen", field=models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(condition=Q(total_fen__gte=0), name="documents_voucher_total"),
        ),
        migrations.CreateModel(
            name="VoucherLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "voucher_id",
                        "place",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("voucher_id", models.UUIDField()),
                ("place", models.SmallIntegerField()),
                ("bill_id", models.UUIDField()),
                ("paid_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "documents_voucher_line",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("region_code", "voucher_id", "bill_id"), name="documents_voucher_line_bill_once"
                    ),
                    models.CheckConstraint(condition=Q(place__range=(1, 20)), name="documents_voucher_line_place"),
                    models.CheckConstraint(condition=Q(paid_fen__gte=0), name="documents_voucher_line_paid"),
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE documents_voucher_line ADD CONSTRAINT documents_voucher_line_voucher_fk "
            "FOREIGN KEY (region_code, voucher_id) REFERENCES documents_voucher (region_code, id) NOT DEFERRABLE",
            "ALTER TABLE documents_voucher_line DROP CONSTRAINT documents_voucher_line_voucher_fk",
        ),
        # Undone in reverse: the narrow view is made again after the wide one is gone.
        migrations.RunSQL(migrations.RunSQL.noop, VOUCHER_VIEW_BEFORE),
        migrations.RunSQL(VOUCHER_VIEW, "DROP VIEW documents_public_voucher"),
        migrations.RunSQL(LINE_VIEW, "DROP VIEW documents_public_voucher_line"),
    ]
