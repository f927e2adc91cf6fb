"""The auditors of payments: what must be true of orders, captures and notices, whatever happened."""

from __future__ import annotations

from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, reading
from canbao.payments.states import OWED

statements = Statements(__package__)


def lines_add_up(region: RegionCode) -> list[Finding]:
    """Every order's lines add up to its amount."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_lines_that_do_not_add_up"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.lines_add_up",
            region_code=region,
            subject=order_no,
            expected=f"lines of {format_yuan(amount)}",
            found=f"lines of {format_yuan(lines)}",
        )
        for order_no, amount, lines in rows
    ]


def settled_means_captured(region: RegionCode) -> list[Finding]:
    """A settled order has one credited capture of its amount, and no other order has one."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_settled_without_capture"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.settled_means_captured",
            region_code=region,
            subject=order_no,
            expected=f"a credited capture of {format_yuan(amount)} if and only if settled",
            found=f"{state}, credited {format_yuan(captured)}",
        )
        for order_no, state, amount, captured in rows
    ]


def history_explains_states(region: RegionCode) -> list[Finding]:
    """The last recorded move of every order leads to the state it is in."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_states_without_history"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.history_explains_states",
            region_code=region,
            subject=order_no,
            expected=f"a move to {state}",
            found=told or "no move",
        )
        for order_no, state, told in rows
    ]


def notices_leave_a_trace(region: RegionCode) -> list[Finding]:
    """Every judged notice that told of our money has its capture, credited or suspended."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_judged_without_trace"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.notices_leave_a_trace",
            region_code=region,
            subject=trade_ref,
            expected="a capture",
            found=f"none, though the notice for {order_no} was judged {verdict}",
        )
        for order_no, verdict, trade_ref in rows
    ]


def refunds_fit_captures(region: RegionCode) -> list[Finding]:
    """The refunds of a capture that are neither rejected nor failed are what is spoken for of it, and never more."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_refunds_beyond_captures"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.refunds_fit_captures",
            region_code=region,
            subject=trade_ref,
            expected=f"at most {format_yuan(captured)}, {format_yuan(claimed)} as counted",
            found=f"refunds of {format_yuan(told)}",
        )
        for trade_ref, captured, claimed, told in rows
    ]


def refunds_are_whole(region: RegionCode) -> list[Finding]:
    """A refund's history leads to its state, its bills and its capture agree with it, what failed has a successor or
    went back into suspense, and what is open is sent or asked about.
    """
    with reading(region) as reader:
        rows = reader.tuples(statements["find_refunds_amiss"], asked=[str(state) for state in OWED], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="payments.refunds_are_whole",
            region_code=region,
            subject=refund_no,
            expected=f"{state}, with everything that belongs to it",
            found=told,
        )
        for refund_no, state, told in rows
    ]


AUDITORS: tuple[Auditor, ...] = (
    lines_add_up,
    settled_means_captured,
    history_explains_states,
    notices_leave_a_trace,
    refunds_fit_captures,
    refunds_are_whole,
)
