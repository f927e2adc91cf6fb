"""What the rooms know that decides a refund: the capture, the bills it paid, their covers, and what the rules say.

Read at the asking and once more at the checking; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState
from canbao.coverage import public as coverage
from canbao.coverage.public import Cover
from canbao.journeys.settle_refunds import step_document
from canbao.kernel.clock import civil_date
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.payments import public as payments
from canbao.payments.public import Refundable, RefundLine
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.rulebook.contribution import Facts, person_class, price
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.refund import (
    REASONS,
    RefundDecision,
    RefundFacts,
    RefundReason,
    Undoing,
    decide,
    national_rules,
    refund_rules,
)

NOTHING = Fen(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants refunded. `bill_ids`: which of the order's bills, empty for all; `trade_ref`: which payment,
    empty where there is only one; `amount_fen`: how much of money that paid nothing, None for all that is left.

    `event_on`: the death, the first day of the employee scheme, the recognition. `asked_on`: the day of asking.
    `held_fen`: what of the suspended money is spoken for by this very refund, when it is looked at again."""

    order_no: str
    reason: RefundReason
    asked_on: date
    bill_ids: tuple[UUID, ...] = ()
    trade_ref: str = ""
    amount_fen: Fen | None = None
    event_on: date | None = None
    held_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """On what a refund stands: the capture, what goes back, the bills with their parts, and what the rules say."""

    capture: Refundable
    amount_fen: Fen
    lines: tuple[RefundLine, ...]
    decision: RefundDecision

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The rules that allow it, as they are kept."""
        return [step_document(step) for step in self.decision.steps]


def grounds_of(region: RegionCode, wanted: Wanted) -> Grounds:
    """What a refund would be now, by the rules and by the rooms.

    Errors: `payments.capture_not_found`, `payments.refund_nothing_suspended`, `payments.refund_several_captures`,
    `payments.refund_taken_elsewhere`, `payments.refund_bill_not_paid`, `payments.refund_after_cover_start`,
    `payments.refund_nothing_differs`, and those of `rulebook.refund.decide`."""
    captures = [
        found for found in payments.refundables_of(region, wanted.order_no) if wanted.trade_ref in ("", found.trade_ref)
    ]
    if not captures:
        raise payments.CAPTURE_NOT_FOUND()
    if REASONS[wanted.reason].undoes is Undoing.NONE:
        return _of_suspended(region, captures, wanted)
    credited = [found for found in captures if found.disposition == "credited"]
    if not credited:
        raise payments.REFUND_BILL_NOT_PAID()
    return _of_credited(region, credited[0], wanted)


def _of_suspended(region: RegionCode, captures: Sequence[Refundable], wanted: Wanted) -> Grounds:
    """Money that paid nothing: no bill is touched, and no cover stands in the way."""
    found = [capture for capture in captures if capture.suspense_fen + wanted.held_fen > 0]
    if not found:
        raise payments.REFUND_NOTHING_SUSPENDED()
    if len(found) > 1:
        raise payments.REFUND_SEVERAL_CAPTURES(found=len(found))
    (capture,) = found
    _refuse_what_another_region_has(region, capture)
    amount_fen = wanted.amount_fen if wanted.amount_fen is not None else capture.suspense_fen
    facts = RefundFacts(
        reason=wanted.reason,
        on=wanted.asked_on,
        paid_on=civil_date(capture.happened_at),
        amount_fen=amount_fen,
        paid_fen=capture.captured_fen,
    )
    return Grounds(capture=capture, amount_fen=amount_fen, lines=(), decision=decide(facts, national_rules()))


def _refuse_what_another_region_has(region: RegionCode, capture: Refundable) -> None:
    """A signed notice under a wrong order number makes a second region record one transaction: it goes back once, where
    its order is, and never because of the record of a number that nobody knows.
    """
    found = regions_that_have_it_too(region, capture)
    if found:
        raise payments.REFUND_TAKEN_ELSEWHERE(trade_ref=capture.trade_ref, regions=", ".join(map(str, found)))


def regions_that_have_it_too(region: RegionCode, capture: Refundable) -> list[RegionCode]:
    """Other regions that recorded the transaction of a capture that names no order of ours; none for one that does."""
    if capture.order_id is not None:
        return []
    others = [NATION, *(known.region_code for known in policy.regions())]
    return payments.regions_of_trade(
        capture.channel_code, capture.trade_ref, [other for other in others if other != region]
    )


def _of_credited(region: RegionCode, capture: Refundable, wanted: Wanted) -> Grounds:
    """Money that paid bills: each is judged by its own cover and price, and the latest deadline holds."""
    assert capture.order_id is not None, "credited money has an order of ours"
    order = payments.order(region, capture.order_id)
    assert order is not None, "an order does not vanish"
    bills = {bill.bill_id: bill for bill in billing.bills(region, order.bill_ids) if _is_paid(bill, capture.order_id)}
    chosen = list(dict.fromkeys(wanted.bill_ids)) or list(bills)
    if not chosen or any(bill_id not in bills for bill_id in chosen):
        raise payments.REFUND_BILL_NOT_PAID()
    covers = {cover.bill_id: cover for cover in coverage.of_bills(region, chosen)}
    back: dict[UUID, int] = {}
    for undone in billing.undone(region, chosen):
        back[undone.bill_id] = back.get(undone.bill_id, 0) + undone.amount_fen
    judged = [
        (
            bills[bill_id],
            _judge(region, bills[bill_id], covers.get(bill_id), Fen(back.get(bill_id, 0)), capture, wanted),
        )
        for bill_id in chosen
    ]
    latest = max((decision for _, decision in judged), key=lambda decision: decision.deadline_on or date.min)
    return Grounds(
        capture=capture,
        amount_fen=Fen(sum(decision.amount_fen for _, decision in judged)),
        lines=tuple(_line(bill, decision) for bill, decision in judged),
        decision=latest,
    )


def _is_paid(bill: Bill, order_id: UUID) -> bool:
    return bill.state is BillState.PAID and bill.paid_by == order_id


def _judge(
    region: RegionCode, bill: Bill, cover: Cover | None, back_fen: Fen, capture: Refundable, wanted: Wanted
) -> RefundDecision:
    """What the rules say of one bill; raises what its payer is told when they say no."""
    parameters = policy.version(bill.policy_version_id).parameters
    is_difference = REASONS[wanted.reason].undoes is Undoing.DIFFERENCE
    left_fen = Fen(bill.personal_fen - back_fen)
    owed_fen = _owed_now(region, bill, parameters, wanted) if is_difference else None
    facts = RefundFacts(
        reason=wanted.reason,
        on=wanted.asked_on,
        paid_on=civil_date(bill.paid_at or capture.happened_at),
        amount_fen=left_fen,
        paid_fen=left_fen,
        cover_from=cover.from_on if cover is not None else None,
        cover_until=cover.until_on if cover is not None else None,
        event_on=wanted.event_on,
        owed_fen_now=owed_fen,
    )
    decision = decide(facts, refund_rules(parameters))
    if decision.is_allowed:
        return decision
    if owed_fen is not None and owed_fen >= left_fen:
        raise payments.REFUND_NOTHING_DIFFERS()
    source = decision.steps[-1].source
    raise payments.REFUND_AFTER_COVER_START(
        cover_from=cover.from_on.isoformat() if cover is not None else "",
        rule=" / ".join(dict.fromkeys((source.reference, source.reference_en))),
    )


def _owed_now(region: RegionCode, bill: Bill, parameters: RegionYear, wanted: Wanted) -> Fen:
    """What the person would owe by the same values with the identities she holds on the day of the event."""
    (person,) = registry.people(region, [bill.person_id])
    enrolment = person.enrolment_in(bill.scheme_code)
    if enrolment is None:
        return bill.personal_fen
    facts = Facts(
        born_on=person.born_on,
        category_code=enrolment.category_code,
        identity_codes=person.identity_codes_on(wanted.event_on or wanted.asked_on),
        tier=enrolment.tier,
        enrolled_on=enrolment.enrolled_on,
    )
    return price(person_class(facts, parameters), parameters).personal_fen


def _line(bill: Bill, decision: RefundDecision) -> RefundLine:
    return RefundLine(
        bill_id=bill.bill_id,
        scheme_code=bill.scheme_code,
        due_from=bill.due_from,
        due_until=bill.due_until,
        amount_fen=decision.amount_fen,
        assistance_fen=bill.assistance_fen if decision.undoes is Undoing.WHOLE else NOTHING,
    )
