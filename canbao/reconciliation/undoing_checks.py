"""The auditors that compare what refunds have undone of bills with what the books and the vouchers say of it."""

from __future__ import annotations

from canbao.kernel import outbox
from canbao.kernel.findings import FINDINGS_MAX, Finding
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statement, Statements, reading

statements = Statements(__package__)


def undone_bills_are_booked(region: RegionCode) -> list[Finding]:
    """What a refund has undone of a bill is taken out of its income with the same amount, and its assistance with it
    where the whole was undone; nothing else is taken out.
    """
    return _booked_otherwise("undone_bills_are_booked", region, statements["find_undoings_booked_otherwise"])


def differences_are_booked(region: RegionCode) -> list[Finding]:
    """What a refund has lessened of a bill is owed by the assisting fund with the same amount, and owed no more once
    the bill was undone as a whole; the fund owes no difference besides.

    Silent while events of the region still wait to be delivered: the booking follows by reaction.
    """
    if outbox.undelivered_count(region):
        return []
    return _booked_otherwise("differences_are_booked", region, statements["find_differences_booked_otherwise"])


def _booked_otherwise(auditor: str, region: RegionCode, statement: Statement) -> list[Finding]:
    """Bills of which the books say another amount than what refunds have undone."""
    with reading(region) as reader:
        rows = reader.tuples(statement, limit=FINDINGS_MAX)
    return [
        Finding(
            auditor=f"reconciliation.{auditor}",
            region_code=region,
            subject=f"bill {bill_id}",
            expected=f"{kind} {format_yuan(amount)}",
            found=f"booked {format_yuan(booked)}",
        )
        for bill_id, kind, amount, booked in rows
    ]


def vouchers_of_undone_are_void(region: RegionCode) -> list[Finding]:
    """No voucher stands for a bill that a refund has undone, nor without lines for an order of which one has undone a
    bill: it is from the time when none was issued after a refund.

    An order's voucher with its lines is asked about by `vouchers_name_what_stands`: if it is from before a refund, it
    names what that refund took. So no two clocks are compared here.
    """
    with reading(region) as reader:
        rows = reader.tuples(statements["find_vouchers_of_undone"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.vouchers_of_undone_are_void",
            region_code=region,
            subject=voucher_no,
            expected="voided",
            found=state,
        )
        for voucher_no, state in rows
    ]


def vouchers_name_what_stands(region: RegionCode) -> list[Finding]:
    """Every voucher in force of an order names exactly the bills that the order's payment still stands behind, each
    with what refunds have left of it. One from before lines were kept names nothing that could be compared.
    """
    with reading(region) as reader:
        rows = reader.tuples(statements["find_vouchers_apart"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.vouchers_name_what_stands",
            region_code=region,
            subject=f"{voucher_no} {bill_id}",
            expected=_amount(left_fen),
            found=_amount(paid_fen),
        )
        for voucher_no, bill_id, left_fen, paid_fen in rows
    ]


def _amount(fen: Fen | None) -> str:
    return "not named" if fen is None else format_yuan(fen)
