"""The tables of discrepancies: what stands before a person, and every move it made.

The database itself refuses that one person both proposes and approves where two are needed.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from canbao.reconciliation.discrepancy_rules import Act, DiscrepancyKind
from canbao.reconciliation.discrepancy_states import DiscrepancyState

APPEND_ONLY = ("reconciliation_discrepancy_event",)


class Discrepancy(models.Model):
    """Something that does not fit, with what each side says of it. `matter_id` is what it is about: at most one of a
    matter stands, and when a resolved matter changes the next `generation` has an id of its own.

    `amount_fen` is what is at stake, empty where nobody can say; `limit_fen` the amount above which two people were
    needed when it was proposed. `digest` is over both sides' words, so that a change of them is seen.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    matter_id = models.UUIDField()
    generation = models.SmallIntegerField(default=1)
    case_no = models.CharField(max_length=32)
    kind = models.CharField(max_length=24)
    detail = models.CharField(max_length=80, default="")
    channel_code = models.CharField(max_length=16, default="")
    day_on = models.DateField(null=True)
    order_no = models.CharField(max_length=64, default="")
    trade_ref = models.CharField(max_length=64, default="")
    refund_no = models.CharField(max_length=64, default="")
    amount_fen = models.BigIntegerField(null=True)
    ours = models.CharField(max_length=400)
    theirs = models.CharField(max_length=400)
    digest = models.BinaryField()
    statement_id = models.UUIDField(null=True)
    line_no = models.IntegerField(null=True)
    state = models.CharField(max_length=16)
    owner = models.CharField(max_length=64, default="")
    act = models.CharField(max_length=24, default="")
    reason = models.CharField(max_length=200, default="")
    limit_fen = models.BigIntegerField(default=0)
    proposed_by = models.CharField(max_length=64, default="")
    approved_by = models.CharField(max_length=64, default="")
    opened_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    move_count = models.IntegerField(default=1)

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_discrepancy"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("region_code", "case_no"), name="reconciliation_discrepancy_number"),
            models.UniqueConstraint(
                fields=("region_code", "matter_id", "generation"), name="reconciliation_discrepancy_generation"
            ),
            models.UniqueConstraint(
                fields=("region_code", "matter_id"),
                name="reconciliation_discrepancy_matter",
                condition=~Q(state="resolved"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in DiscrepancyState]),
                name="reconciliation_discrepancy_state",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in DiscrepancyKind]), name="reconciliation_discrepancy_kind"
            ),
            models.CheckConstraint(
                condition=Q(act="") | Q(act__in=[str(act) for act in Act]), name="reconciliation_discrepancy_act"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["taken", "proposed", "resolved"]) | ~Q(owner=""),
                name="reconciliation_discrepancy_owner",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "resolved"]) | ~Q(act="") & ~Q(reason="") & ~Q(proposed_by=""),
                name="reconciliation_discrepancy_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="resolved")
                | Q(amount_fen__isnull=False, amount_fen__lte=F("limit_fen"))
                | ~Q(approved_by="") & ~Q(approved_by=F("proposed_by")),
                name="reconciliation_discrepancy_two",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["resolved", "healed"], ended_at__isnull=False)
                | ~Q(state__in=["resolved", "healed"]) & Q(ended_at__isnull=True),
                name="reconciliation_discrepancy_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("region_code", "opened_at", "id"),
                name="reconciliation_disc_standing",
                condition=Q(state__in=["open", "taken", "proposed"]),
            ),
            models.Index(fields=("region_code", "order_no"), name="reconciliation_disc_by_order"),
            models.Index(fields=("region_code", "day_on", "channel_code"), name="reconciliation_disc_by_day"),
        ]


class DiscrepancyEvent(models.Model):
    """A move of a discrepancy, numbered under its lock: who made it and why."""

    pk = models.CompositePrimaryKey("region_code", "discrepancy_id", "move_no")
    region_code = models.IntegerField()
    discrepancy_id = models.UUIDField()
    move_no = models.IntegerField()
    event = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    actor = models.CharField(max_length=64)
    cause = models.CharField(max_length=400)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "reconciliation"
        db_table = "reconciliation_discrepancy_event"
