"""Resolve a discrepancy: somebody takes it, says what became of it and why, and above the region's amount somebody else
approves.

What is said must be true in the books: that money goes back, or has paid its order, is looked up and not believed. The
case of payments that stands behind a discrepancy is closed with it.
"""

from __future__ import annotations

from canbao.journeys.refund_grounds import regions_that_have_it_too
from canbao.kernel.clock import Clock
from canbao.kernel.ids import Kind, parse_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import RefundState
from canbao.policy import public as policy
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Act, BookingState, Discrepancy, DiscrepancyKind, DiscrepancyState
from canbao.rulebook.reconciliation_rules import ReconciliationRules, reconciliation_rules

GIVEN_UP = frozenset({RefundState.REJECTED, RefundState.FAILED})


def rules_of(region: RegionCode) -> ReconciliationRules:
    """The rules of resolving in a region, by its newest values."""
    own = [found for found in policy.versions() if found.region_code == region]
    if not own:
        return reconciliation_rules(None)
    newest = max(own, key=lambda found: (found.insured_year, found.version_no))
    return reconciliation_rules(policy.version(newest.version_id).parameters)


def take_discrepancy(case_no: str, *, by: str, cause: str = "", clock: Clock) -> Discrepancy:
    """Look after a discrepancy. Errors: those of `reconciliation.take_discrepancy`."""
    number = parse_no(case_no, Kind.CASE)
    with region_tx(number.region_code) as tx:
        return reconciliation.take_discrepancy(tx, number.text, by=by, cause=cause, now=clock.now())


def propose_resolution(case_no: str, *, by: str, act: Act, reason: str, clock: Clock) -> Discrepancy:
    """Say what became of it; answers it resolved, or proposed where a second person must approve.

    Errors: those of `reconciliation.propose_resolution`; `reconciliation.act_not_true` when the books know nothing of
    what is said. Nothing is changed then.
    """
    number = parse_no(case_no, Kind.CASE)
    rules = rules_of(number.region_code)
    with region_tx(number.region_code) as tx:
        found = reconciliation.propose_resolution(
            tx, number.text, by=by, act=act, reason=reason, limit_fen=rules.two_people_above_fen, now=clock.now()
        )
        _require_truth(found)
        _close_its_case(tx, found)
        return found


def approve_resolution(case_no: str, *, by: str, clock: Clock) -> Discrepancy:
    """Approve what somebody else proposed. Errors: those of `reconciliation.approve_resolution`,
    `reconciliation.act_not_true`.
    """
    number = parse_no(case_no, Kind.CASE)
    with region_tx(number.region_code) as tx:
        found = reconciliation.approve_resolution(tx, number.text, by=by, now=clock.now())
        _require_truth(found)
        _close_its_case(tx, found)
        return found


def send_back_resolution(case_no: str, *, by: str, cause: str, clock: Clock) -> Discrepancy:
    """Turn a proposal down. Errors: those of `reconciliation.send_back_resolution`."""
    number = parse_no(case_no, Kind.CASE)
    with region_tx(number.region_code) as tx:
        return reconciliation.send_back_resolution(tx, number.text, by=by, cause=cause, now=clock.now())


def close_cases_gone(region: RegionCode, *, clock: Clock) -> int:
    """Close the cases of payments whose matter is none any more, and heal what stands of them; answers how many."""
    now = clock.now()
    with region_tx(region) as tx:
        closed = payments.close_cases(tx, payments.cases_gone(region))
        reconciliation.heal_discrepancies(tx, closed, cause="the money has found its place", now=now)
        return len(closed)


def _require_truth(found: Discrepancy) -> None:
    """Raise when the books know nothing of the act that is said."""
    if not _is_true(found):
        raise reconciliation.ACT_NOT_TRUE(act=str(found.act))


def _is_true(found: Discrepancy) -> bool:
    if found.kind is DiscrepancyKind.CASE and _is_left_in_suspense(found):
        return False
    match found.act:
        case Act.REFUNDED:
            refunds = payments.refunds_of(found.region_code, found.order_no) if found.order_no else []
            return any(
                one.state not in GIVEN_UP and found.trade_ref in ("", one.trade_ref)
                for one in refunds
            )  # fmt: skip
        case Act.CREDITED:
            captures = payments.captures_of(found.region_code, found.order_no) if found.order_no else []
            return any(
                one.disposition == "credited" and found.trade_ref in ("", one.trade_ref)
                for one in captures
            )  # fmt: skip
        case Act.BOOKED_AGAIN:
            is_booking = found.kind is DiscrepancyKind.BOOKING_RETURNED
            return is_booking and reconciliation.booking_by_no(found.trade_ref).state is not BookingState.RETURNED
        case _:
            return True


def _is_left_in_suspense(found: Discrepancy) -> bool:
    """Whether money of a case waits in suspense that no refund speaks for: whatever is said of it, it lies before
    people until a refund does. Money that another region has recorded too goes back from there, and is explained here.
    """
    captures = payments.refundables_of(found.region_code, found.order_no) if found.order_no else []
    return any(
        one.suspense_fen > 0
        and found.detail in (payments.SUSPENSE_LEFT, one.reason)
        and not regions_that_have_it_too(found.region_code, one)
        for one in captures
    )  # fmt: skip


def _close_its_case(tx: Tx, found: Discrepancy) -> None:
    if found.kind is DiscrepancyKind.CASE and found.state is DiscrepancyState.RESOLVED:
        payments.close_cases(tx, [found.discrepancy_id])
