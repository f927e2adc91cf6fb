"""The yearly assessment of a region: from enrolled persons to bills, a page of persons per transaction.

The rulebook prices classes of persons; SQL puts every person of a page into a class and applies the price. A page is
looked at again after its classes were priced or its outdated bills cancelled, until nothing is left to do, so one
statement makes first bills and replacements alike. A run is cut into lanes, ranges of persons that each keep a cursor
and their counts: workers make pages of different lanes at once, in one process or in several, and a run that was killed
at any point goes on from the last whole page of each lane.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from canbao.billing import store
from canbao.billing.rules import PAGE_PASSES_MAX, births_of_cuts, lanes_of
from canbao.billing.store import Lane, PageLook, PageQuestion
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.rulebook.contribution import PersonClass, Price, age_cuts, age_on, price
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.window import due_period


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentPlan:
    """A run that has begun: for whom, by which published values, as of which day."""

    region_code: RegionCode
    assessment_id: UUID
    policy_version_id: UUID
    parameters: RegionYear
    assessed_on: date
    is_resumed: bool
    enrolled_left_count: int
    lanes_left_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentCounts:
    """What an assessment did, counted in persons.

    `made_count` are all new bills; among them `met_by_subsidy_count`, `registered_elsewhere_count` and the
    replacements. `reassessed_count` bills were cancelled for another, `voided_count` for nothing. `not_priced_count`
    persons are of a class that the published values do not price. `left_locked_count` and
    `changed_after_payment_count` persons have a bill that no longer fits their facts and was not touched.
    """

    person_count: int = 0
    made_count: int = 0
    met_by_subsidy_count: int = 0
    registered_elsewhere_count: int = 0
    reassessed_count: int = 0
    voided_count: int = 0
    unchanged_count: int = 0
    not_owed_count: int = 0
    not_priced_count: int = 0
    left_locked_count: int = 0
    changed_after_payment_count: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, int]) -> AssessmentCounts:
        """Counts as a run's row keeps them."""
        return cls(**{field.name: int(document.get(field.name, 0)) for field in fields(cls)})

    def document(self) -> dict[str, int]:
        """The counts as a run's row keeps them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __add__(self, other: AssessmentCounts) -> AssessmentCounts:
        """Both together."""
        return AssessmentCounts.from_document(Counter(self.document()) + Counter(other.document()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedClass:
    """A class of persons that could not be priced, and the sentence why."""

    category_code: str
    age_band: int
    tier: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedPage:
    """What one page did. `met_bill_ids` were met by the subsidy alone just now: cover and voucher
    follow. `is_done` says that nobody is left in any lane, and the run is over."""

    counts: AssessmentCounts
    is_done: bool = False
    met_bill_ids: tuple[UUID, ...] = ()
    left_locked_bill_ids: tuple[UUID, ...] = ()
    changed_after_payment_bill_ids: tuple[UUID, ...] = ()
    refused_classes: tuple[RefusedClass, ...] = ()


def open_assessment(
    tx: Tx, parameters: RegionYear, policy_version_id: UUID, *, assessed_on: date, now: Instant
) -> AssessmentPlan:
    """Begin a run, or take up the one that was left running for the same day and values; any other is superseded."""
    assert tx.region is not None, "an assessment is of one region"
    scheme_code, insured_year = parameters.scheme_code, parameters.insured_year
    running = store.hold_run(tx, scheme_code, insured_year)
    if running is not None and (running.assessed_on, running.policy_version_id) != (assessed_on, policy_version_id):
        store.end_run(tx, running.assessment_id, "supersede", now=now)
        running = None
    is_resumed = running is not None
    if running is None:
        store.begin_run(
            tx,
            assessment_id=uuid7(now),
            scheme_code=scheme_code,
            insured_year=insured_year,
            assessed_on=assessed_on,
            policy_version_id=policy_version_id,
            lanes=lanes_of(store.enrolled_count(tx.region, scheme_code)),
            counts=AssessmentCounts().document(),
            now=now,
        )
        running = store.hold_run(tx, scheme_code, insured_year)
    assert running is not None, "a run that was begun, or lost the race to another, is there to be held"
    return AssessmentPlan(
        region_code=tx.region,
        assessment_id=running.assessment_id,
        policy_version_id=running.policy_version_id,
        parameters=parameters,
        assessed_on=running.assessed_on,
        is_resumed=is_resumed,
        enrolled_left_count=store.left_count(tx.region, running.assessment_id, scheme_code),
        lanes_left_count=store.lanes_left(tx, running.assessment_id),
    )


def assess_page(tx: Tx, plan: AssessmentPlan, *, limit: int, now: Instant) -> AssessedPage:
    """Assess the next page of a lane that nobody else is at and move its cursor; finish the run when nobody is left.

    Where every lane that is not done is held by another worker, one of them is waited for. Also done, with no counts,
    where the run was finished or superseded by another process meanwhile.
    """
    lane = store.hold_lane(tx, plan.assessment_id)
    if lane is None:
        store.end_run(tx, plan.assessment_id, "finish", now=now)
        return AssessedPage(counts=AssessmentCounts(), is_done=True)
    if not store.share_run(tx, plan.assessment_id):
        return AssessedPage(counts=AssessmentCounts(), is_done=True)
    store.steer_to_indexes(tx)
    page, until_person_id = _assess(tx, plan, _question(plan, lane, limit), now=now)
    total = AssessmentCounts.from_document(lane.counts) + page.counts
    store.advance_lane(tx, plan.assessment_id, lane, after_person_id=until_person_id, counts=total.document())
    # No other lane is held here, and nobody waits for this one while holding the run: the last lane may end it.
    if until_person_id is None and store.lanes_left(tx, plan.assessment_id) == 0:
        store.end_run(tx, plan.assessment_id, "finish", now=now)
        return replace(page, is_done=True)
    return page


def _question(plan: AssessmentPlan, lane: Lane, limit: int) -> PageQuestion:
    parameters = plan.parameters
    due_from, due_until = due_period(parameters)
    return PageQuestion(
        scheme_code=parameters.scheme_code,
        insured_year=parameters.insured_year,
        due_from=due_from,
        due_until=due_until,
        policy_version_id=plan.policy_version_id,
        assessed_on=plan.assessed_on,
        # Whose enrolment ends before the year begins, or has ended by the day of assessment, owes nothing for it.
        enrolled_after=max(plan.assessed_on, parameters.cover.first_on.value),
        year_until=parameters.cover_until_on,
        born_until=tuple(births_of_cuts(age_cuts(parameters), age_on(parameters))),
        after_person_id=lane.after_person_id,
        last_person_id=lane.last_person_id,
        limit=limit,
    )


def _assess(tx: Tx, plan: AssessmentPlan, asked: PageQuestion, *, now: Instant) -> tuple[AssessedPage, UUID | None]:
    """The page, and its last person; None where nobody was left in the lane."""
    made = met = elsewhere = reassessed = voided = 0
    met_bill_ids: list[UUID] = []
    key = store.reversal_key(asked.scheme_code, asked.due_from, asked.due_until)
    for _ in range(PAGE_PASSES_MAX):
        look = store.look_at_page(tx, asked, now=now)
        made_before, made = made, made + look.made_count
        met += len(look.met_bill_ids)
        elsewhere += look.elsewhere_count
        met_bill_ids += look.met_bill_ids
        priced, refused = _price_classes(look.unpriced_classes, plan.parameters)
        store_prices = bool(priced)
        if store_prices:
            store.insert_prices(tx, plan.policy_version_id, priced, now=now)
        reassessed += store.cancel(tx, "reverse", look.replaced_bill_ids, key, on=plan.assessed_on, now=now)
        voided += store.cancel(tx, "void", look.voided_bill_ids, key, on=plan.assessed_on, now=now)
        if not store_prices and not look.replaced_bill_ids and not look.voided_bill_ids:
            counts = AssessmentCounts(
                person_count=look.person_count,
                made_count=made,
                met_by_subsidy_count=met,
                registered_elsewhere_count=elsewhere,
                reassessed_count=reassessed,
                voided_count=voided,
                # Bills made by an earlier look at this page are found unchanged by the last one.
                unchanged_count=look.unchanged_count - made_before,
                not_owed_count=look.not_owed_count,
                not_priced_count=look.unpriced_count,
                left_locked_count=len(look.left_locked_bill_ids),
                changed_after_payment_count=len(look.changed_after_payment_bill_ids),
            )
            return _page(counts, met_bill_ids, look, refused), look.until_person_id
    message = f"a page was looked at {PAGE_PASSES_MAX} times and is still not settled"
    raise AssertionError(message)


def _page(
    counts: AssessmentCounts, met_bill_ids: list[UUID], look: PageLook, refused: list[RefusedClass]
) -> AssessedPage:
    return AssessedPage(
        counts=counts,
        met_bill_ids=tuple(met_bill_ids),
        left_locked_bill_ids=tuple(look.left_locked_bill_ids),
        changed_after_payment_bill_ids=tuple(look.changed_after_payment_bill_ids),
        refused_classes=tuple(refused),
    )


def _price_classes(
    classes: Iterable[Mapping[str, Any]], parameters: RegionYear
) -> tuple[list[tuple[PersonClass, Price]], list[RefusedClass]]:
    priced: list[tuple[PersonClass, Price]] = []
    refused: list[RefusedClass] = []
    for found in classes:
        person = PersonClass(
            category_code=found["category_code"],
            age_band=found["age_band"],
            identity_codes=tuple(found["identity_codes"]),
            tier=found["tier"] or None,
        )
        try:
            priced.append((person, price(person, parameters)))
        except CanbaoError as refusal:
            refused.append(
                RefusedClass(
                    category_code=person.category_code,
                    age_band=person.age_band,
                    tier=person.tier or "",
                    reason=str(refusal),
                )
            )
    return priced, refused
