"""The tables of closed days and of their way into the treasury.

A closed day is never changed: the application may only add rows here, and each day is bound to the one closed before it
by a hash. A later correction is the day's next version.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from canbao.reconciliation.booking_states import BookingState
from canbao.reconciliation.funds_rules import Explanation

APPEND_ONLY = (
    "reconciliation_day",
    "reconciliation_day_total",
    "reconciliation_day_explanation",
    "reconciliation_day_paper",
    "reconciliation_booking_day",
    "reconciliation_booking_event",
)


class Day(models.Model):
    """A civil day of one channel, closed. `place` is its link in the chain of the region and channel.

    Amounts are fen. `clearing_in_fen` and `clearing_out_fen` are what the clearing account was debited and credited
    with that day, `funds_*` what came into and left our account at the channel by its fund statement, and
    `explained_fen` what of the second the first does not have, line by line in the explanations. `balance_fen` is the
    account's last balance, as the channel says it.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    channel_code = models.CharField(max_length=16)
    day_on = models.DateField()
    version_no = models.SmallIntegerField()
    place = models.IntegerField()
    trades_id = models.UUIDField()
    funds_id = models.UUIDField()
    trades_digest = models.BinaryField()
    funds_digest = models.BinaryField()
    payment_count = models.IntegerField()
    payment_fen = models.BigIntegerField()
    refund_count = models.IntegerField()
    refund_fen = models.BigIntegerField()
    collected_fen = models.BigIntegerField()
    suspended_fen = models.BigIntegerField()
    refund_paid_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField()
    booked_fen = models.BigIntegerField()
    clearing_in_fen = models.BigIntegerField()
    clearing_out_fen = models.BigIntegerField()
    funds_in_fen = models.BigIntegerField()
    funds_out_fen = models.BigIntegerField()
    explained_fen = models.BigIntegerField()
    balance_fen = models.BigIntegerField(null=True)
    closed_by = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    closed_at = models.DateTimeField()
    link_hash = models.BinaryField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_day"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("region_code", "channel_code", "day_on", "version_no"), name="reconciliation_day_version"
            ),
            models.UniqueConstraint(fields=("region_code", "channel_code", "place"), name="reconciliation_day_place"),
            models.CheckConstraint(
                condition=Q(
                    clearing_in_fen=F("clearing_out_fen") + F("funds_in_fen") - F("funds_out_fen") - F("explained_fen")
                ),
                name="reconciliation_day_explained",
            ),
            models.CheckConstraint(
                condition=Q(
                    clearing_in_fen=F("clearing_out_fen")
                    + F("collected_fen")
                    + F("suspended_fen")
                    - F("refund_paid_fen")
                    - F("fee_fen")
                    - F("booked_fen")
                ),
                name="reconciliation_day_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(version_no=1) | Q(version_no__gt=1) & ~Q(reason=""), name="reconciliation_day_corrected"
            ),
        ]


class DayTotal(models.Model):
    """What a closed day brought for a scheme and due period, and what was taken out of it by refunds approved then."""

    pk = models.CompositePrimaryKey("region_code", "day_id", "scheme_code", "due_from")
    region_code = models.IntegerField()
    day_id = models.UUIDField()
    scheme_code = models.CharField(max_length=8)
    due_from = models.IntegerField()
    due_until = models.IntegerField()
    collected_count = models.IntegerField()
    collected_fen = models.BigIntegerField()
    refunded_count = models.IntegerField()
    refunded_fen = models.BigIntegerField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_day_total"


class DayExplanation(models.Model):
    """One line of why the fund statement and the clearing account differ on a closed day: `theirs_fen` - `ours_fen`."""

    pk = models.CompositePrimaryKey("region_code", "day_id", "place")
    region_code = models.IntegerField()
    day_id = models.UUIDField()
    place = models.IntegerField()
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=64)
    line_no = models.IntegerField(null=True)
    item_count = models.IntegerField()
    ours_fen = models.BigIntegerField()
    theirs_fen = models.BigIntegerField()
    case_no = models.CharField(max_length=32)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_day_explanation"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in Explanation]), name="reconciliation_day_explanation_kind"
            ),
            models.CheckConstraint(
                condition=~Q(kind="resolved") | ~Q(case_no=""), name="reconciliation_day_explanation_case"
            ),
        ]


class DayPaper(models.Model):
    """The signed paper of a closed day. It names nobody, so it is kept as it is. `pdf_sm3` is the SM3 of its bytes."""

    pk = models.CompositePrimaryKey("region_code", "day_id")
    region_code = models.IntegerField()
    day_id = models.UUIDField()
    pdf = models.BinaryField()
    pdf_sm3 = models.BinaryField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_day_paper"


class Booking(models.Model):
    """Money of closed days on its way into the treasury, for one scheme and due period."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    booking_no = models.CharField(max_length=32)
    channel_code = models.CharField(max_length=16)
    scheme_code = models.CharField(max_length=8)
    due_from = models.IntegerField()
    due_until = models.IntegerField()
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=16)
    treasury_ref = models.CharField(max_length=64, default="")
    booked_on = models.DateField(null=True)
    sent_by = models.CharField(max_length=64)
    confirmed_by = models.CharField(max_length=64, default="")
    reason = models.CharField(max_length=200, default="")
    sent_at = models.DateTimeField()
    move_count = models.IntegerField(default=1)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_booking"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "booking_no"), name="reconciliation_booking_number"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in BookingState]), name="reconciliation_booking_state"
            ),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="reconciliation_booking_amount"),
            models.CheckConstraint(
                condition=Q(booked_on__isnull=False, state="booked") & ~Q(treasury_ref="") & ~Q(confirmed_by="")
                | ~Q(state="booked") & Q(booked_on__isnull=True),
                name="reconciliation_booking_booked",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(reason=""), name="reconciliation_booking_returned"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("region_code", "state", "sent_at"), name="reconciliation_booking_by_st"),
        ]


class BookingDay(models.Model):
    """What a booking takes of a closed day: for a day's first version its whole total, for a later one the change."""

    pk = models.CompositePrimaryKey("region_code", "day_id", "scheme_code", "due_from")
    region_code = models.IntegerField()
    day_id = models.UUIDField()
    scheme_code = models.CharField(max_length=8)
    due_from = models.IntegerField()
    booking_id = models.UUIDField()
    amount_fen = models.BigIntegerField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_booking_day"
        indexes: ClassVar = [
            models.Index(fields=("region_code", "booking_id"), name="reconciliation_booking_days"),
        ]


class BookingEvent(models.Model):
    """A move of a booking, numbered under its lock: who made it and why."""

    pk = models.CompositePrimaryKey("region_code", "booking_id", "move_no")
    region_code = models.IntegerField()
    booking_id = models.UUIDField()
    move_no = models.IntegerField()
    event = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    actor = models.CharField(max_length=64)
    cause = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_booking_event"
