"""Paid bills can be undone: by a record that cancels one whole, or records that lessen it, each naming its refund."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

SIGN_BEFORE = Q(kind="normal", government_fen__gte=0, assistance_fen__gte=0, personal_fen__gte=0) | Q(
    kind="reversal", government_fen__lte=0, assistance_fen__lte=0, personal_fen__lte=0
)

# What a refund took from which bill, and which order had paid it: a bill is paid once in its life, a record keeps no order.
UNDOING_VIEW = """
CREATE VIEW billing_public_undoing AS
SELECT
    record.region_code,
    record.reverses_id AS bill_id,
    record.id AS record_id,
    record.refund_id,
    paid.order_id,
    record.person_id,
    record.scheme_code,
    record.due_from,
    record.due_until,
    record.kind = 'reversal' AS is_whole,
    -record.personal_fen AS amount_fen,
    -record.assistance_fen AS assistance_fen,
    record.recorded_at
FROM billing_bill AS record
JOIN billing_bill_history AS paid
    ON paid.region_code = record.region_code AND paid.bill_id = record.reverses_id AND paid.event = 'pay'
WHERE record.refund_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_assessment_lane")]

    operations = [
        migrations.RemoveConstraint(model_name="bill", name="billing_bill_one_reversal"),
        migrations.RemoveConstraint(model_name="bill", name="billing_bill_sign"),
        migrations.RemoveConstraint(model_name="bill", name="billing_bill_reversal_names_its_bill"),
        migrations.AddField(model_name="bill", name="refund_id", field=models.UUIDField(null=True)),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.UniqueConstraint(
                condition=Q(kind="reversal"), fields=("region_code", "reverses_id"), name="billing_bill_one_reversal"
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.UniqueConstraint(
                condition=Q(refund_id__isnull=False),
                fields=("region_code", "reverses_id", "refund_id"),
                name="billing_bill_refunded_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=SIGN_BEFORE | Q(kind="refund", government_fen=0, assistance_fen=0, personal_fen__lt=0),
                name="billing_bill_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=Q(kind="normal", reverses_id__isnull=True, refund_id__isnull=True)
                | Q(kind="reversal", reverses_id__isnull=False, state="reversed")
                | Q(kind="refund", reverses_id__isnull=False, refund_id__isnull=False, state="reversed"),
                name="billing_bill_reversal_names_its_bill",
            ),
        ),
        migrations.RunSQL(UNDOING_VIEW, "DROP VIEW billing_public_undoing"),
    ]
