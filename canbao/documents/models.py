"""The room's tables: vouchers with their sealed facts, the sealed papers beside them, their lines, and their moves.

The facts and the PDF both hold names, so both are sealed at rest. The paper is a row of its own: verification reads
facts and never touches the larger bytes, and every sealed row has one sealed column and one key beside it. Which bills
a voucher names, each with its amount, names no person and stands in clear, so that auditors can hold it against the
bills themselves. A voucher older than that has no lines and no total.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from canbao.documents.snapshot import LINES_MAX, SubjectKind
from canbao.documents.states import VoidReason, VoucherState

APPEND_ONLY: tuple[str, ...] = ("documents_voucher_history", "documents_voucher_line")


class Voucher(models.Model):
    """A voucher: what it is about, its printed number, its state, and the sealed snapshot of what it says."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    voucher_no = models.CharField(max_length=18)
    subject_kind = models.CharField(max_length=10)
    subject_id = models.UUIDField()
    state = models.CharField(max_length=10)
    sealed = models.BinaryField()
    sealed_key = models.SmallIntegerField()
    pdf_sm3 = models.BinaryField()
    total_fen = models.BigIntegerField(null=True)
    issued_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=20, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "documents"
        db_table = "documents_voucher"
        indexes = (
            models.Index(fields=("region_code", "sealed_key", "id"), name="documents_voucher_by_key"),
            models.Index(fields=("region_code", "subject_id"), name="documents_voucher_by_subject"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "subject_id"),
                condition=Q(state=str(VoucherState.ISSUED)),
                name="documents_voucher_one_in_force",
            ),
            models.CheckConstraint(condition=Q(total_fen__gte=0), name="documents_voucher_total"),
            models.UniqueConstraint(fields=("region_code", "voucher_no"), name="documents_voucher_one_per_no"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in VoucherState]), name="documents_voucher_state"
            ),
            models.CheckConstraint(
                condition=Q(subject_kind__in=[str(kind) for kind in SubjectKind]), name="documents_voucher_subject_kind"
            ),
            models.CheckConstraint(
                condition=Q(state=str(VoucherState.ISSUED), voided_at__isnull=True, void_reason="")
                | Q(
                    state=str(VoucherState.VOIDED),
                    voided_at__isnull=False,
                    void_reason__in=[str(reason) for reason in VoidReason],
                ),
                name="documents_voucher_voided_with_reason",
            ),
        )


class VoucherPdf(models.Model):
    """The signed PDF of a voucher, sealed: the same bytes for every download."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    sealed = models.BinaryField()
    sealed_key = models.SmallIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "documents"
        db_table = "documents_voucher_pdf"
        indexes = (models.Index(fields=("region_code", "sealed_key", "id"), name="documents_voucher_pdf_by_key"),)


class VoucherLine(models.Model):
    """One bill that a voucher names, with what the payer's money paid of it. Append only."""

    pk = models.CompositePrimaryKey("region_code", "voucher_id", "place")
    region_code = models.IntegerField()
    voucher_id = models.UUIDField()
    place = models.SmallIntegerField()
    bill_id = models.UUIDField()
    paid_fen = models.BigIntegerField()

    class Meta:
        app_label = "documents"
        db_table = "documents_voucher_line"
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "voucher_id", "bill_id"), name="documents_voucher_line_bill_once"
            ),
            models.CheckConstraint(condition=Q(place__range=(1, LINES_MAX)), name="documents_voucher_line_place"),
            models.CheckConstraint(condition=Q(paid_fen__gte=0), name="documents_voucher_line_paid"),
        )


class VoucherMove(models.Model):
    """One move of a voucher. Append only; its birth as `issued` is the voucher's own row."""

    pk = models.CompositePrimaryKey("region_code", "voucher_id", "move_no")
    region_code = models.IntegerField()
    voucher_id = models.UUIDField()
    move_no = models.SmallIntegerField()
    event = models.CharField(max_length=10)
    state_from = models.CharField(max_length=10)
    state_to = models.CharField(max_length=10)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "documents"
        db_table = "documents_voucher_history"
