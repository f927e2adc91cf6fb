"""The tables of statements: the files as they came, their lines, and what of them does not fit our books.

A line that fits is not written twice: every line of a matched statement that has no row among the differences is
matched. Lines carry no foreign key to their statement, because a million of them are copied in at once in the
transaction that loads it; an auditor says whether each has its statement.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from canbao.channels.interface import LineKind, LineState, StatementKind
from canbao.reconciliation.rules import Heal, Verdict
from canbao.reconciliation.states import StatementSource, StatementState

APPEND_ONLY = (
    "reconciliation_statement_event",
    "reconciliation_statement_part",
    "reconciliation_line",
    "reconciliation_fund_line",
)


class Statement(models.Model):
    """A file that a channel made of one day, in one version. `digest` is the SHA-256 of its plain bytes.

    `merchant_ref` and `app_ref` are who we were there when it was loaded. The sums are of all its lines, as the file
    says them. At most one version of a day is current: the one whose verdicts count.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    channel_code = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    day_on = models.DateField()
    version_no = models.SmallIntegerField()
    digest = models.BinaryField()
    size_bytes = models.BigIntegerField()
    source = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    is_current = models.BooleanField(default=False)
    merchant_ref = models.CharField(max_length=64, default="")
    app_ref = models.CharField(max_length=64, default="")
    line_count = models.IntegerField(default=0)
    payment_count = models.IntegerField(default=0)
    payment_fen = models.BigIntegerField(default=0)
    refund_count = models.IntegerField(default=0)
    refund_fen = models.BigIntegerField(default=0)
    fee_milli_fen = models.BigIntegerField(default=0)
    failure_code = models.CharField(max_length=80, default="")
    failure_params = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    loaded_at = models.DateTimeField(null=True)
    matched_at = models.DateTimeField(null=True)
    move_count = models.IntegerField(default=1)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_statement"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("region_code", "channel_code", "kind", "day_on", "version_no"),
                name="reconciliation_statement_version",
            ),
            models.UniqueConstraint(
                fields=("region_code", "channel_code", "kind", "day_on", "digest"),
                name="reconciliation_statement_digest",
            ),
            models.UniqueConstraint(
                fields=("region_code", "channel_code", "kind", "day_on"),
                name="reconciliation_statement_current",
                condition=Q(is_current=True),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in StatementState]), name="reconciliation_statement_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in StatementKind]), name="reconciliation_statement_kind"
            ),
            models.CheckConstraint(
                condition=Q(source__in=[str(source) for source in StatementSource]),
                name="reconciliation_statement_source",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(failure_code="") | ~Q(state="failed") & Q(failure_code=""),
                name="reconciliation_statement_failure",
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(state__in=["loaded", "matched"]),
                name="reconciliation_statement_counts",
            ),
        ]


class StatementEvent(models.Model):
    """A move of a statement, numbered under its lock."""

    pk = models.CompositePrimaryKey("region_code", "statement_id", "move_no")
    region_code = models.IntegerField()
    statement_id = models.UUIDField()
    move_no = models.IntegerField()
    event = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    cause = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_statement_event"


class StatementPart(models.Model):
    """A piece of the file as it came, packed with gzip. `first_line_no` is the line in which the piece begins."""

    pk = models.CompositePrimaryKey("region_code", "statement_id", "part_no")
    region_code = models.IntegerField()
    statement_id = models.UUIDField()
    part_no = models.IntegerField()
    first_line_no = models.IntegerField()
    size_bytes = models.IntegerField()
    packed = models.BinaryField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_statement_part"


class Line(models.Model):
    """One line of a trade statement, as the channel's reader told it. Its raw text lies in the statement's parts."""

    pk = models.CompositePrimaryKey("region_code", "statement_id", "line_no")
    region_code = models.IntegerField()
    statement_id = models.UUIDField()
    line_no = models.IntegerField()
    kind = models.CharField(max_length=8)
    state = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    amount_fen = models.BigIntegerField()
    fee_milli_fen = models.BigIntegerField()
    trade_ref = models.CharField(max_length=64)
    order_no = models.CharField(max_length=64)
    refund_ref = models.CharField(max_length=64)
    refund_no = models.CharField(max_length=64)
    merchant_ref = models.CharField(max_length=64)
    app_ref = models.CharField(max_length=64)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_line"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in LineKind]), name="reconciliation_line_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in LineState]), name="reconciliation_line_state"
            ),
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="reconciliation_line_amount"),
        ]
        # Only of refunds, which are few. Transaction numbers come in no order: an index of them all cost as much as
        # everything else that loading does, and where a payment is told of follows from its day.
        indexes: ClassVar = [
            models.Index(
                fields=("region_code", "trade_ref"), name="reconciliation_line_refund", condition=Q(kind="refund")
            )
        ]


class FundLine(models.Model):
    """One movement of our account at the channel, as its fund statement lists it."""

    pk = models.CompositePrimaryKey("region_code", "statement_id", "line_no")
    region_code = models.IntegerField()
    statement_id = models.UUIDField()
    line_no = models.IntegerField()
    happened_at = models.DateTimeField()
    business_ref = models.CharField(max_length=64)
    flow_ref = models.CharField(max_length=64)
    business_kind = models.CharField(max_length=64)
    is_income = models.BooleanField()
    amount_fen = models.BigIntegerField()
    balance_fen = models.BigIntegerField()
    remark = models.CharField(max_length=200)
    voucher_ref = models.CharField(max_length=64)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_fund_line"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="reconciliation_fund_line_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "business_ref"), name="reconciliation_fund_line_ref"),
        ]


class Difference(models.Model):
    """What of a statement does not fit: a line with its verdict, or something of ours that no line tells of.

    `subject` is `line:<number>`, `capture:<id>`, `refund:<id>` or `order:<id>`. It stands until it is healed; what
    stands is put before a person. `judged_at` is when it was found, or found to be otherwise than before.
    """

    pk = models.CompositePrimaryKey("region_code", "statement_id", "subject")
    region_code = models.IntegerField()
    statement_id = models.UUIDField()
    subject = models.CharField(max_length=60)
    line_no = models.IntegerField(null=True)
    kind = models.CharField(max_length=8)
    verdict = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    order_no = models.CharField(max_length=64)
    trade_ref = models.CharField(max_length=64)
    refund_no = models.CharField(max_length=64)
    refund_ref = models.CharField(max_length=64)
    capture_id = models.UUIDField(null=True)
    refund_id = models.UUIDField(null=True)
    order_id = models.UUIDField(null=True)
    ours_fen = models.BigIntegerField(null=True)
    theirs_fen = models.BigIntegerField(null=True)
    ours_state = models.CharField(max_length=32)
    theirs_state = models.CharField(max_length=32)
    ours_on = models.DateField(null=True)
    judged_at = models.DateTimeField()
    heal = models.CharField(max_length=16, default="")
    healed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_difference"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=[str(verdict) for verdict in Verdict if not verdict.is_match]),
                name="reconciliation_difference_verdict",
            ),
            models.CheckConstraint(
                condition=Q(heal="", healed_at__isnull=True)
                | Q(heal__in=[str(heal) for heal in Heal], healed_at__isnull=False),
                name="reconciliation_difference_healed",
            ),
            models.CheckConstraint(
                condition=Q(line_no__isnull=True, theirs_fen__isnull=True)
                | Q(line_no__isnull=False, theirs_fen__isnull=False),
                name="reconciliation_difference_line",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "trade_ref"), name="reconciliation_diff_by_trade"),
            models.Index(fields=("region_code", "order_no"), name="reconciliation_diff_by_order"),
            models.Index(
                fields=("region_code", "statement_id"),
                name="reconciliation_diff_standing",
                condition=Q(healed_at__isnull=True),
            ),
        ]
