"""Billing's tables: what is owed, how each amount came about, every move of a bill, and the runs that made them.

A bill keeps its amounts as columns and points to the price of its class, which keeps the policy version and the
explanation once for all persons of the class. The price is not a foreign key: a million inserts would each pay for a
check of what the join that made the row has just read, so an auditor compares them instead.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import ExpressionWrapper, F, Q

from canbao.billing.states import LIVE_STATES, AssessmentState, BillState

APPEND_ONLY: tuple[str, ...] = ("billing_bill_history", "billing_price")

_LIVE = [str(state) for state in LIVE_STATES]
_HELD = [str(BillState.LOCKED), str(BillState.PAID)]


class Price(models.Model):
    """What a class of persons owes under one policy version, and why: the explanation of its bills."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    policy_version_id = models.UUIDField()
    category_code = models.CharField(max_length=8)
    age_band = models.SmallIntegerField()
    identity_codes = ArrayField(models.CharField(max_length=40))
    tier = models.CharField(max_length=40)
    total_fen = models.BigIntegerField()
    government_fen = models.BigIntegerField()
    assistance_fen = models.BigIntegerField()
    personal_fen = models.BigIntegerField()
    applied_identity = models.CharField(max_length=40)
    is_final = models.BooleanField()
    steps = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "billing"
        db_table = "billing_price"
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "policy_version_id", "category_code", "age_band", "identity_codes", "tier"),
                name="billing_price_one_per_class",
            ),
            models.CheckConstraint(
                condition=Q(total_fen=F("government_fen") + F("assistance_fen") + F("personal_fen")),
                name="billing_price_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(government_fen__gte=0, assistance_fen__gte=0, personal_fen__gte=0),
                name="billing_price_not_negative",
            ),
        )


class Bill(models.Model):
    """What one person owes for one scheme and due period; or, as kind `reversal`, the negative record that cancels such
    a bill, or as kind `refund` the one that lessens a paid bill.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    person_id = models.UUIDField()
    scheme_code = models.CharField(max_length=8)
    insured_year = models.SmallIntegerField()
    due_from = models.IntegerField()
    due_until = models.IntegerField()
    kind = models.CharField(max_length=10)
    generation = models.SmallIntegerField()
    state = models.CharField(max_length=16)
    # Stored, so that the unique index below does not change when a live bill moves from one live state to another.
    is_live = models.GeneratedField(
        expression=ExpressionWrapper(Q(state__in=_LIVE), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    move_count = models.SmallIntegerField()
    price_id = models.UUIDField()
    total_fen = models.BigIntegerField()
    government_fen = models.BigIntegerField()
    assistance_fen = models.BigIntegerField()
    personal_fen = models.BigIntegerField()
    registered_elsewhere = models.BooleanField()
    assessed_on = models.DateField()
    order_id = models.UUIDField(null=True)
    locked_until = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    reverses_id = models.UUIDField(null=True)
    # On a negative record: the refund that caused it, where one did.
    refund_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "billing"
        db_table = "billing_bill"
        indexes = (
            models.Index(
                fields=("region_code", "order_id"), name="billing_bill_by_order", condition=Q(order_id__isnull=False)
            ),
            models.Index(
                fields=("region_code", "person_id"), name="billing_bill_cancelled", condition=Q(is_live=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "person_id", "scheme_code", "due_from", "due_until", "kind"),
                name="billing_bill_one_live",
                condition=Q(is_live=True),
            ),
            models.UniqueConstraint(
                fields=("region_code", "reverses_id"),
                name="billing_bill_one_reversal",
                condition=Q(kind="reversal"),
            ),
            models.UniqueConstraint(
                fields=("region_code", "reverses_id", "refund_id"),
                name="billing_bill_refunded_once",
                condition=Q(refund_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(total_fen=F("government_fen") + F("assistance_fen") + F("personal_fen")),
                name="billing_bill_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(kind="normal", government_fen__gte=0, assistance_fen__gte=0, personal_fen__gte=0)
                | Q(kind="reversal", government_fen__lte=0, assistance_fen__lte=0, personal_fen__lte=0)
                | Q(kind="refund", government_fen=0, assistance_fen=0, personal_fen__lt=0),
                name="billing_bill_sign",
            ),
            models.CheckConstraint(
                condition=Q(kind="normal", reverses_id__isnull=True, refund_id__isnull=True)
                | Q(kind="reversal", reverses_id__isnull=False, state=str(BillState.REVERSED))
                | Q(
                    kind="refund",
                    reverses_id__isnull=False,
                    refund_id__isnull=False,
                    state=str(BillState.REVERSED),
                ),
                name="billing_bill_reversal_names_its_bill",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in BillState]), name="billing_bill_state"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_HELD, order_id__isnull=False) | (~Q(state__in=_HELD) & Q(order_id__isnull=True)),
                name="billing_bill_held_by_order",
            ),
            models.CheckConstraint(
                condition=(Q(state=str(BillState.PAID)) & Q(paid_at__isnull=False))
                | (~Q(state=str(BillState.PAID)) & Q(paid_at__isnull=True)),
                name="billing_bill_paid_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=str(BillState.MET_BY_SUBSIDY)) | Q(personal_fen=0),
                name="billing_bill_met_costs_nothing",
            ),
            models.CheckConstraint(condition=Q(due_from__lte=F("due_until")), name="billing_bill_due_period"),
        )


class BillMove(models.Model):
    """One move of a bill. Append only; the birth as `due` is the bill's own row."""

    pk = models.CompositePrimaryKey("region_code", "bill_id", "move_no")
    region_code = models.IntegerField()
    bill_id = models.UUIDField()
    move_no = models.SmallIntegerField()
    event = models.CharField(max_length=16)
    state_from = models.CharField(max_length=16)
    state_to = models.CharField(max_length=16)
    order_id = models.UUIDField(null=True)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "billing"
        db_table = "billing_bill_history"
        constraints = (models.CheckConstraint(condition=Q(move_no__gte=1), name="billing_bill_history_move_no"),)


class Assessment(models.Model):
    """One run of the yearly assessment. How far it came stands in its lanes."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    scheme_code = models.CharField(max_length=8)
    insured_year = models.SmallIntegerField()
    assessed_on = models.DateField()
    policy_version_id = models.UUIDField()
    state = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "billing"
        db_table = "billing_assessment"
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "scheme_code", "insured_year"),
                name="billing_assessment_one_running",
                condition=Q(state=str(AssessmentState.RUNNING)),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in AssessmentState]), name="billing_assessment_state"
            ),
            models.CheckConstraint(
                condition=Q(state=str(AssessmentState.RUNNING), finished_at__isnull=True)
                | (~Q(state=str(AssessmentState.RUNNING)) & Q(finished_at__isnull=False)),
                name="billing_assessment_finished_at",
            ),
        )


class AssessmentLane(models.Model):
    """A part of a run: the persons of one range of ids, how far it came among them and what it has counted.

    Whoever makes a lane's next page holds its row, so several workers make pages of several lanes at once. Killed, a
    lane goes on from its cursor.
    """

    pk = models.CompositePrimaryKey("region_code", "assessment_id", "lane_no")
    region_code = models.IntegerField()
    assessment_id = models.UUIDField()
    lane_no = models.SmallIntegerField()
    after_person_id = models.UUIDField()
    last_person_id = models.UUIDField()
    is_done = models.BooleanField()
    counts = models.JSONField()

    class Meta:
        app_label = "billing"
        db_table = "billing_assessment_lane"
        constraints = (
            models.CheckConstraint(
                condition=Q(after_person_id__lte=F("last_person_id")), name="billing_assessment_lane_range"
            ),
        )
