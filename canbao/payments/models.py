"""The tables of payments: orders and their lines, what was said to and by channels, and every capture of money.

Everything but the order's own row and a notice's verdict is append-only. A capture is one row per transaction of the
channel, whether its money was credited or waits in suspense, so that no fen a channel took is without a place. The
tables of refunds are in `refund_models`.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from canbao.payments.refund_models import Refund, RefundEvent, RefundLine, RefundTotal
from canbao.payments.states import OrderState

APPEND_ONLY = (
    "payments_order_line",
    "payments_order_event",
    "payments_exchange",
    "payments_capture",
    "payments_refund_line",
    "payments_refund_event",
)

__all__ = [
    "APPEND_ONLY",
    "Capture",
    "Discrepancy",
    "Exchange",
    "Notice",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Refund",
    "RefundEvent",
    "RefundLine",
    "RefundTotal",
]


class Order(models.Model):
    """One payment of one to twenty bills of a region. The request to the channel is kept, sealed, before it is sent."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    order_no = models.CharField(max_length=32)
    token_digest = models.BinaryField()
    channel_code = models.CharField(max_length=16)
    mode = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    amount_fen = models.BigIntegerField()
    description = models.CharField(max_length=127)
    agreement_version = models.CharField(max_length=40)
    sealed = models.BinaryField()
    sealed_key = models.SmallIntegerField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opens = models.CharField(max_length=2000, default="")
    opens_until = models.DateTimeField(null=True)
    trade_ref = models.CharField(max_length=64, default="")
    settled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    next_ask_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    asked_count = models.SmallIntegerField(default=0)
    move_count = models.IntegerField(default=1)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_order"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "order_no"), name="payments_order_number"),
            models.UniqueConstraint(fields=("region_code", "token_digest"), name="payments_order_token"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_order_amount"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in OrderState]), name="payments_order_state"
            ),
            models.CheckConstraint(
                condition=Q(state="settled", settled_at__isnull=False) & ~Q(trade_ref="")
                | ~Q(state="settled") & Q(settled_at__isnull=True),
                name="payments_order_settled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("region_code", "next_ask_at"),
                name="payments_order_to_ask",
                condition=Q(next_ask_at__isnull=False),
            ),
            models.Index(fields=("region_code", "sealed_key"), name="payments_order_seal"),
        ]


class OrderLine(models.Model):
    """One bill of an order, with the facts that the books need when it is paid."""

    pk = models.CompositePrimaryKey("region_code", "order_id", "bill_id")
    region_code = models.IntegerField()
    order_id = models.UUIDField()
    bill_id = models.UUIDField()
    place = models.SmallIntegerField()
    scheme_code = models.CharField(max_length=8)
    due_from = models.IntegerField()
    due_until = models.IntegerField()
    amount_fen = models.BigIntegerField()
    assistance_fen = models.BigIntegerField()

    class Meta:
        app_label = "payments"
        db_table = "payments_order_line"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_line_amount"),
            models.CheckConstraint(condition=Q(assistance_fen__gte=0), name="payments_line_assistance"),
            models.CheckConstraint(condition=Q(place__gte=1, place__lte=20), name="payments_line_place"),
        ]
        indexes: ClassVar = [models.Index(fields=("region_code", "bill_id"), name="payments_line_by_bill")]


class OrderEvent(models.Model):
    """A move of an order: every one leaves a row, numbered under the order's lock.

    Numbers and not times say what came first: a worker that waited for the order took its time before it waited.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    move_no = models.IntegerField()
    event = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    cause = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_order_event"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "order_id", "move_no"), name="payments_event_move"),
        ]


class Exchange(models.Model):
    """What we asked a channel about an order or a refund and what it said, masked: the evidence of every answer.

    A refund of an order of ours names both; one of money without an order names the refund alone.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField(null=True)
    refund_id = models.UUIDField(null=True)
    verb = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    foreign_code = models.CharField(max_length=64)
    request = models.TextField()
    answer = models.TextField()
    status = models.SmallIntegerField(null=True)
    asked_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_exchange"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(order_id__isnull=False) | Q(refund_id__isnull=False), name="payments_exchange_subject"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "order_id", "asked_at"), name="payments_exchange_by_order"),
            models.Index(
                fields=("region_code", "refund_id", "asked_at"),
                name="payments_exchange_by_refund",
                condition=Q(refund_id__isnull=False),
            ),
        ]


class Notice(models.Model):
    """A genuine notice, raw and as read. Its id is derived from what it says, so repetitions are one row."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    channel_code = models.CharField(max_length=16)
    notice_ref = models.CharField(max_length=64)
    event = models.CharField(max_length=16)
    order_no = models.CharField(max_length=64)
    trade_ref = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    merchant_ref = models.CharField(max_length=64)
    app_ref = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    headers = models.JSONField()
    body = models.BinaryField()
    received_at = models.DateTimeField()
    refund_no = models.CharField(max_length=64, default="")
    refund_ref = models.CharField(max_length=64, default="")
    fate = models.CharField(max_length=16, default="")
    captured_fen = models.BigIntegerField(default=0)
    account_tail = models.CharField(max_length=4, default="")
    verdict = models.CharField(max_length=32, default="")
    judged_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "payments"
        db_table = "payments_notice"
        indexes: ClassVar = [
            models.Index(
                fields=("region_code", "received_at", "id"),
                name="payments_notice_kept",
                condition=Q(judged_at__isnull=True),
            ),
            models.Index(fields=("region_code", "order_no"), name="payments_notice_by_order"),
        ]


class Capture(models.Model):
    """Money that a channel took: one row per transaction of the channel, credited or in suspense with the reason."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    channel_code = models.CharField(max_length=16)
    trade_ref = models.CharField(max_length=64)
    order_no = models.CharField(max_length=64)
    order_id = models.UUIDField(null=True)
    amount_fen = models.BigIntegerField()
    happened_at = models.DateTimeField()
    learned_from = models.CharField(max_length=16)
    disposition = models.CharField(max_length=16)
    reason = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_capture"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "channel_code", "trade_ref"), name="payments_capture_trade"),
            models.UniqueConstraint(
                fields=("region_code", "order_id"),
                name="payments_capture_credited",
                condition=Q(disposition="credited"),
            ),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_capture_amount"),
            models.CheckConstraint(
                condition=Q(disposition="credited", reason="", order_id__isnull=False)
                | Q(disposition="suspended") & ~Q(reason=""),
                name="payments_capture_disposition",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=("region_code", "order_no"), name="payments_capture_by_order")]


class Discrepancy(models.Model):
    """Something a channel said that does not fit our books: a case for a person, with both sides' words."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    case_no = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    order_no = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    expected = models.CharField(max_length=200)
    found = models.CharField(max_length=200)
    state = models.CharField(max_length=16)
    opened_at = models.DateTimeField()

    class Meta:
        app_label = "payments"
        db_table = "payments_discrepancy"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "case_no"), name="payments_discrepancy_case"),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "state", "opened_at"), name="payments_discrepancy_by_state")
        ]
