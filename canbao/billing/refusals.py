"""From a status of a batch to the one error that stops a journey: what a payer is told when a bill cannot be had."""

from __future__ import annotations

from canbao.billing import errors
from canbao.billing.bills import Bill, LockStatus
from canbao.kernel.clock import BEIJING
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen, format_yuan


def refusal_of(status: LockStatus, found: Bill | None) -> CanbaoError | None:
    """The error for a bill that was not locked, or None where it was (now, or earlier by the same order)."""
    if status in (LockStatus.LOCKED, LockStatus.EXISTS):
        return None
    if status is LockStatus.NOT_FOUND or found is None:
        return errors.BILL_NOT_FOUND()
    match status:
        case LockStatus.ALREADY_PAID:
            return errors.NOTHING_OWED(year=found.insured_year)
        case LockStatus.MET_BY_SUBSIDY:
            return errors.PAID_BY_ASSISTANCE(amount=f"￥{format_yuan(found.assistance_fen)}")
        case LockStatus.LOCKED_BY_OTHER:
            assert found.locked_until is not None, "a locked bill says until when"
            return errors.LOCKED_BY_OPEN_ORDER(time=f"{found.locked_until.astimezone(BEIJING):%H:%M}")
        case LockStatus.VOIDED:
            return errors.BILL_CANCELLED()
        case LockStatus.REGISTERED_ELSEWHERE:
            return errors.REGISTERED_ELSEWHERE()
        case LockStatus.AMOUNT_NOT_FINAL:
            return errors.AMOUNT_NOT_FINAL()


def amount_changed(*, before_fen: Fen, now_fen: Fen) -> CanbaoError:
    """The error for a payer who saw another amount than the bills have now."""
    return errors.AMOUNT_CHANGED(before=f"￥{format_yuan(before_fen)}", now=f"￥{format_yuan(now_fen)}")
