"""The tables of refunds: what goes back to whom and why, its bills, its moves, and how much of a capture is spoken
for.

A refund gives back one capture, whole or in part, always to the account that paid. The database itself refuses that
more than a capture is spoken for, and that one person both asks and approves.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from canbao.payments.states import OPEN_REFUNDS, RefundState


class RefundTotal(models.Model):
    """How much of a capture its refunds speak for: those that are neither rejected nor failed.

    The row is the lock under which refunds of a capture are asked for, and its check the last word on how much.
    """

    pk = models.CompositePrimaryKey("region_code", "capture_id")
    region_code = models.IntegerField()
    capture_id = models.UUIDField()
    captured_fen = models.BigIntegerField()
    claimed_fen = models.BigIntegerField()

    class Meta:
        app_label = "payments"
        db_table = "payments_refund_total"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(claimed_fen__gte=0, claimed_fen__lte=F("captured_fen")), name="payments_refund_total_left"
            ),
        ]


class Refund(models.Model):
    """Money of one capture that goes back, with a number of its own that never changes."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    refund_no = models.CharField(max_length=32)
    capture_id = models.UUIDField()
    order_id = models.UUIDField(null=True)
    order_no = models.CharField(max_length=64)
    channel_code = models.CharField(max_length=16)
    trade_ref = models.CharField(max_length=64)
    captured_fen = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    reason = models.CharField(max_length=32)
    note = models.CharField(max_length=200, default="")
    is_automatic = models.BooleanField()
    from_suspense = models.BooleanField()
    undoes = models.CharField(max_length=16)
    bill_after = models.CharField(max_length=16)
    steps = models.JSONField(default=list)
    event_on = models.DateField(null=True)
    state = models.CharField(max_length=16)
    asked_by = models.CharField(max_length=64, default="")
    checked_by = models.CharField(max_length=64, default="")
    approved_by = models.CharField(max_length=64, default="")
    asked_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()
    next_step = models.CharField(max_length=16, default="")
    foreign_code = models.CharField(max_length=64, default="")
    refund_ref = models.CharField(max_length=64, default="")
    account_tail = models.CharField(max_length=4, default="")
    succeeded_at = models.DateTimeField(null=True)
    replaces_id = models.UUIDField(null=True)
    is_withdrawn = models.BooleanField(default=False)
    next_ask_at = models.DateTimeField(null=True)
    ask_count = models.SmallIntegerField(default=0)
    move_count = models.IntegerField(default=1)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_refund"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "refund_no"), name="payments_refund_number"),
            models.UniqueConstraint(
                fields=("region_code", "replaces_id"),
                name="payments_refund_replaced_once",
                condition=Q(replaces_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, amount_fen__lte=F("captured_fen")), name="payments_refund_amount"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in RefundState]), name="payments_refund_state"
            ),
            models.CheckConstraint(
                condition=Q(is_automatic=True, asked_by="", checked_by="", approved_by="")
                | Q(is_automatic=False) & ~Q(asked_by="") & ~Q(approved_by=F("asked_by")),
                name="payments_refund_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "checked", "rejected"], approved_at__isnull=True, approved_by="")
                | ~Q(state__in=["asked", "checked", "rejected"])
                & Q(approved_at__isnull=False)
                & (Q(is_automatic=True) | ~Q(approved_by="")),
                name="payments_refund_approved",
            ),
            models.CheckConstraint(
                condition=Q(state="succeeded", succeeded_at__isnull=False) & ~Q(refund_ref="")
                | ~Q(state="succeeded") & Q(succeeded_at__isnull=True),
                name="payments_refund_succeeded",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "order_no"), name="payments_refund_by_order"),
            models.Index(fields=("region_code", "capture_id"), name="payments_refund_by_capture"),
            models.Index(
                fields=("region_code", "next_ask_at"),
                name="payments_refund_to_ask",
                condition=Q(next_ask_at__isnull=False),
            ),
            models.Index(
                fields=("region_code", "deadline_at"),
                name="payments_refund_open",
                condition=Q(state__in=[str(state) for state in OPEN_REFUNDS]),
            ),
        ]


class RefundLine(models.Model):
    """What of a refund is about one bill, with the facts that the books need when it is undone."""

    pk = models.CompositePrimaryKey("region_code", "refund_id", "bill_id")
    region_code = models.IntegerField()
    refund_id = models.UUIDField()
    bill_id = models.UUIDField()
    place = models.SmallIntegerField()
    scheme_code = models.CharField(max_length=8)
    due_from = models.IntegerField()
    due_until = models.IntegerField()
    amount_fen = models.BigIntegerField()
    assistance_fen = models.BigIntegerField()

    class Meta:
        app_label = "payments"
        db_table = "payments_refund_line"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_refund_line_amount"),
            models.CheckConstraint(condition=Q(assistance_fen__gte=0), name="payments_refund_line_help"),
        ]
        indexes: ClassVar = [models.Index(fields=("region_code", "bill_id"), name="payments_refund_line_by_bill")]


class RefundEvent(models.Model):
    """A move of a refund: every one leaves a row, numbered under the refund's lock, with who did it and why."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    refund_id = models.UUIDField()
    move_no = models.IntegerField()
    event = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    actor = models.CharField(max_length=64)
    cause = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_refund_event"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "refund_id", "move_no"), name="payments_refund_event_move"),
        ]
