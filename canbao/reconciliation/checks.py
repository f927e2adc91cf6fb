"""Auditors that compare rooms: what one room says of money, every other must say too.

Each reads what the rooms publish as views and returns findings: no row means all is well.
"""

from __future__ import annotations

from canbao.kernel import outbox
from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, reading
from canbao.payments import public as payments
from canbao.reconciliation.day_checks import bookings_are_booked, closed_days_are_whole
from canbao.reconciliation.statement_checks import statements_have_their_files, statements_have_their_lines
from canbao.reconciliation.undoing_checks import (
    differences_are_booked,
    undone_bills_are_booked,
    vouchers_name_what_stands,
    vouchers_of_undone_are_void,
)

statements = Statements(__package__)


def transfers_equal_captures(region: RegionCode) -> list[Finding]:
    """Every fen of every capture came into the channel's clearing account: under its bills, or in suspense."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_captures_booked_otherwise"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.transfers_equal_captures",
            region_code=region,
            subject=str(capture_id),
            expected=f"{disposition} {format_yuan(amount)}",
            found=f"booked {format_yuan(booked)}",
        )
        for capture_id, disposition, amount, booked in rows
    ]


def settled_orders_paid_their_bills(region: RegionCode) -> list[Finding]:
    """Every line of a settled order is a bill paid by that order, of the line's amount, booked with that amount; or was
    so until a refund undid it whole.
    """
    with reading(region) as reader:
        rows = reader.tuples(statements["find_settled_lines_not_paid"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.settled_orders_paid_their_bills",
            region_code=region,
            subject=f"{order_no} {bill_id}",
            expected=f"paid, {format_yuan(amount)}",
            found=f"{state}, {format_yuan(personal)}, booked {format_yuan(booked)}",
        )
        for order_no, bill_id, amount, state, personal, booked in rows
    ]


def paid_bills_have_one_order(region: RegionCode) -> list[Finding]:
    """Every paid bill is a line of exactly one settled order, and every locked bill of a live one."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_bills_without_their_order"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.paid_bills_have_one_order",
            region_code=region,
            subject=str(bill_id),
            expected=f"{state} by exactly one order",
            found=f"{orders} orders",
        )
        for bill_id, state, orders in rows
    ]


def bills_met_have_cover(region: RegionCode) -> list[Finding]:
    """Every bill that is paid, or met by the subsidy alone, has its cover, and no cover stands without such a bill.

    Silent while events of the region still wait to be delivered: cover follows by reaction.
    """
    if outbox.undelivered_count(region):
        return []
    with reading(region) as reader:
        rows = reader.tuples(statements["find_bills_and_covers_apart"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.bills_met_have_cover",
            region_code=region,
            subject=str(bill_id),
            expected="a bill that is met and its cover",
            found=f"bill {state or 'missing'}, {covers} covers",
        )
        for bill_id, state, covers in rows
    ]


def refunds_are_booked(region: RegionCode) -> list[Finding]:
    """Every refund is owed in the books from its approval, and paid, or back in suspense, when it has ended."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_refunds_booked_otherwise"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.refunds_are_booked",
            region_code=region,
            subject=refund_no,
            expected=f"{kind} {format_yuan(amount)}",
            found=f"booked {format_yuan(booked)}",
        )
        for refund_no, kind, amount, booked in rows
    ]


def refunds_owed_are_payable(region: RegionCode) -> list[Finding]:
    """What the books say is owed to payers is what approved refunds have not yet brought back, channel by channel."""
    with reading(region) as reader:
        rows = reader.tuples(
            statements["find_payable_apart"], owed=[str(state) for state in payments.OWED], limit=FINDINGS_MAX
        )
    return [
        Finding(
            auditor="reconciliation.refunds_owed_are_payable",
            region_code=region,
            subject=channel_code,
            expected=f"refunds of {format_yuan(owed)} on their way",
            found=f"booked {format_yuan(booked)}",
        )
        for channel_code, owed, booked in rows
    ]


AUDITORS: tuple[Auditor, ...] = (
    transfers_equal_captures,
    refunds_are_booked,
    refunds_owed_are_payable,
    settled_orders_paid_their_bills,
    paid_bills_have_one_order,
    bills_met_have_cover,
    undone_bills_are_booked,
    differences_are_booked,
    vouchers_of_undone_are_void,
    vouchers_name_what_stands,
    statements_have_their_lines,
    statements_have_their_files,
    closed_days_are_whole,
    bookings_are_booked,
)
