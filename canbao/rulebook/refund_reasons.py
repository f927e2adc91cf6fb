"""Why money goes back, and what each reason does to the bill: a table that the rules read and the pages name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from canbao.rulebook.sourced import Words


class RefundReason(StrEnum):
    """Why money goes back to the account that paid."""

    SECOND_PAYMENT = "second_payment"
    PAID_AFTER_CLOSE = "paid_after_close"
    PAID_AFTER_WINDOW = "paid_after_window"
    AMOUNT_MISMATCH = "amount_mismatch"
    INSURED_ELSEWHERE = "insured_elsewhere"
    EMPLOYEE_COVER = "employee_cover"
    DEATH = "death"
    IDENTITY_RECOGNISED = "identity_recognised"
    WRONG_PERSON = "wrong_person"
    WRONG_YEAR = "wrong_year"
    UNKNOWN_ORDER = "unknown_order"


class Undoing(StrEnum):
    """How much of a bill a refund undoes: none where the money paid no bill."""

    NONE = "none"
    WHOLE = "whole"
    DIFFERENCE = "difference"


class BillAfter(StrEnum):
    """What becomes of the bill that was paid with the money.

    - `unchanged`: the money paid no bill, or the bill stays as it is;
    - `due_again`: the bill is owed as before, by another bill of the same price;
    - `void`: nothing is owed any more;
    - `reassessed`: the bill stays paid, lessened by what goes back.
    """

    UNCHANGED = "unchanged"
    DUE_AGAIN = "due_again"
    VOID = "void"
    REASSESSED = "reassessed"


class Gate(StrEnum):
    """Which day must lie before the first day of cover: that of asking, that of the event, or both."""

    NONE = "none"
    ASKED = "asked"
    EVENT = "event"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRule:
    """What a reason means. `is_automatic`: nobody has to ask; otherwise one person asks and another approves.

    `event` names the day that must be known, where one must be.
    """

    name: Words
    undoes: Undoing
    bill_after: BillAfter
    gate: Gate
    is_automatic: bool = False
    event: Words | None = None


def _suspended(zh: str, en: str, *, is_automatic: bool) -> ReasonRule:
    """Money that paid no bill: no cover was bought with it, so no first day of cover bounds its way back."""
    return ReasonRule(
        name=Words(zh=zh, en=en),
        undoes=Undoing.NONE,
        bill_after=BillAfter.UNCHANGED,
        gate=Gate.NONE,
        is_automatic=is_automatic,
    )


REASONS: Mapping[RefundReason, ReasonRule] = {
    RefundReason.SECOND_PAYMENT: _suspended("重复缴费", "paid twice", is_automatic=True),
    RefundReason.PAID_AFTER_CLOSE: _suspended(
        "订单关闭后才付的款", "paid after the order had closed", is_automatic=True
    ),
    RefundReason.PAID_AFTER_WINDOW: _suspended("缴费期过后才付的款", "paid after the window", is_automatic=True),
    RefundReason.AMOUNT_MISMATCH: _suspended("金额与订单不符", "another amount than the order's", is_automatic=False),
    RefundReason.INSURED_ELSEWHERE: ReasonRule(
        name=Words(zh="已在别处参保", en="insured elsewhere"),
        undoes=Undoing.WHOLE,
        bill_after=BillAfter.VOID,
        gate=Gate.BOTH,
    ),
    RefundReason.EMPLOYEE_COVER: ReasonRule(
        name=Words(zh="待遇开始前参加了职工医保", en="joined the employee scheme before cover began"),
        undoes=Undoing.WHOLE,
        bill_after=BillAfter.VOID,
        gate=Gate.BOTH,
        event=Words(zh="职工医保的起始日", en="the day on which the employee scheme began"),
    ),
    RefundReason.DEATH: ReasonRule(
        name=Words(zh="待遇开始前死亡", en="died before cover began"),
        undoes=Undoing.WHOLE,
        bill_after=BillAfter.VOID,
        gate=Gate.EVENT,
        event=Words(zh="死亡日期", en="the day of death"),
    ),
    RefundReason.IDENTITY_RECOGNISED: ReasonRule(
        name=Words(zh="缴费后认定了资助身份", en="an assisted identity was recognised after payment"),
        undoes=Undoing.DIFFERENCE,
        bill_after=BillAfter.REASSESSED,
        gate=Gate.EVENT,
        event=Words(zh="身份认定日期", en="the day of recognition"),
    ),
    RefundReason.WRONG_PERSON: ReasonRule(
        name=Words(zh="缴错了人", en="paid for the wrong person"),
        undoes=Undoing.WHOLE,
        bill_after=BillAfter.DUE_AGAIN,
        gate=Gate.ASKED,
    ),
    RefundReason.WRONG_YEAR: ReasonRule(
        name=Words(zh="缴错了年度", en="paid for the wrong year"),
        undoes=Undoing.WHOLE,
        bill_after=BillAfter.DUE_AGAIN,
        gate=Gate.ASKED,
    ),
    RefundReason.UNKNOWN_ORDER: _suspended("找不到订单的款项", "money of an unknown order", is_automatic=False),
}
