"""Coverage's tables: periods of cover, their moves, and the explanations that many periods share.

An explanation is kept once for all periods with the same words: a year's payers differ in a few dozen of them, and a
million copies would be most of the table.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from canbao.coverage.states import PeriodState

APPEND_ONLY: tuple[str, ...] = ("coverage_period_history", "coverage_explanation")


class Explanation(models.Model):
    """How a start and an end came about, step by step; its id is derived from its words."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    steps = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "coverage"
        db_table = "coverage_explanation"


class Period(models.Model):
    """What one settled bill buys: cover from a day until another, half-open."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    bill_id = models.UUIDField()
    person_id = models.UUIDField()
    scheme_code = models.CharField(max_length=8)
    insured_year = models.SmallIntegerField()
    from_on = models.DateField()
    until_on = models.DateField()
    wait_months = models.SmallIntegerField()
    explanation_id = models.UUIDField()
    policy_version_id = models.UUIDField()
    state = models.CharField(max_length=16)
    move_count = models.SmallIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "coverage"
        db_table = "coverage_period"
        indexes = (models.Index(fields=("region_code", "person_id"), name="coverage_period_of_person"),)
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "bill_id"),
                name="coverage_period_one_in_force",
                condition=Q(state=str(PeriodState.IN_FORCE)),
            ),
            models.CheckConstraint(condition=Q(from_on__lte=F("until_on")), name="coverage_period_dates_in_order"),
            models.CheckConstraint(condition=Q(wait_months__gte=0), name="coverage_period_wait"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in PeriodState]), name="coverage_period_state"
            ),
        )


class PeriodMove(models.Model):
    """One move of a period of cover. Append only; the birth as `in_force` is the period's own row."""

    pk = models.CompositePrimaryKey("region_code", "period_id", "move_no")
    region_code = models.IntegerField()
    period_id = models.UUIDField()
    move_no = models.SmallIntegerField()
    event = models.CharField(max_length=16)
    state_from = models.CharField(max_length=16)
    state_to = models.CharField(max_length=16)
    until_on_from = models.DateField()
    until_on_to = models.DateField()
    reason = models.CharField(max_length=200)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "coverage"
        db_table = "coverage_period_history"
        constraints = (models.CheckConstraint(condition=Q(move_no__gte=1), name="coverage_period_history_move_no"),)
