"""Billing's auditors: what must be true of every bill of a region, whoever wrote it. They read and never repair."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.billing.states import BILL, LIVE_STATES, BillState
from canbao.billing.store import statements
from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amiss:
    subject: str
    expected: str
    found: str


def amounts_add_up(region: RegionCode) -> list[Finding]:
    """Every bill's parts make its total, and are those of the price that explains it."""
    return _ask(region, "amounts_add_up", "find_amounts_amiss")


def one_live_bill(region: RegionCode) -> list[Finding]:
    """Nobody has two live bills for one scheme, due period and kind."""
    return _ask(region, "one_live_bill", "find_doubled_bills", live_states=[str(state) for state in LIVE_STATES])


def locks_name_their_order(region: RegionCode) -> list[Finding]:
    """A locked or paid bill names its order; no other bill names one."""
    held = [str(BillState.LOCKED), str(BillState.PAID)]
    return _ask(region, "locks_name_their_order", "find_locks_amiss", held_states=held)


def histories_end_in_the_state(region: RegionCode) -> list[Finding]:
    """Every bill is where its last move led, and has as many moves as it counts."""
    return _ask(
        region,
        "histories_end_in_the_state",
        "find_histories_amiss",
        state_at_birth=str(BillState.DUE),
        state_of_reversal=BILL.target("reverse"),
    )


def cancellations_sum_to_zero(region: RegionCode) -> list[Finding]:
    """Every cancelled bill has one record that cancels it, and with all its negative records it is zero in every part;
    no other bill is cancelled.
    """
    return _ask(region, "cancellations_sum_to_zero", "find_reversals_amiss")


def refunds_are_of_paid_bills(region: RegionCode) -> list[Finding]:
    """What lessens a bill lessens one that was paid, and by no more than was paid."""
    return _ask(region, "refunds_are_of_paid_bills", "find_refunds_amiss", paid=str(BillState.PAID))


AUDITORS: list[Auditor] = [
    amounts_add_up,
    one_live_bill,
    locks_name_their_order,
    histories_end_in_the_state,
    cancellations_sum_to_zero,
    refunds_are_of_paid_bills,
]


def _ask(region: RegionCode, auditor: str, statement: str, **asked: object) -> list[Finding]:
    with reading(region) as reader:
        rows = reader.rows(statements[statement], _Amiss, limit=FINDINGS_MAX, **asked)
    return [
        Finding(
            auditor=f"billing.{auditor}",
            region_code=region,
            subject=f"bill {row.subject}",
            expected=row.expected,
            found=row.found,
        )
        for row in rows
    ]
