"""Money that goes back, as the order's page says it: one sentence for each refund, never more than is known.

Pure decisions over refunds as payments tells them. A date is given while it lies ahead; once it has passed, the page
says that it is late. Why money goes back is said only where the payment itself shows it: a reason may tell of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.safestring import SafeString

from canbao.doors.frame.figures import amount_markup, date_markup
from canbao.doors.frame.reader import Language
from canbao.doors.frame.words import say
from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.ids import group_no
from canbao.payments.public import OWED, NextStep, Refund, RefundState

_ASKED = (RefundState.ASKED, RefundState.CHECKED)
_IN_PLACE = (*_ASKED, *OWED, RefundState.SUCCEEDED)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundShown:
    """One refund on the page: the mark of its state, and a sentence."""

    mark: str
    sentence: SafeString


def refunds_shown(refunds: Sequence[Refund], language: Language, now: Instant) -> tuple[RefundShown, ...]:
    """What the page says of an order's refunds, in the order they were asked for.

    One that failed is not spoken of once another of the same payment has taken its place.
    """
    in_place = {refund.capture_id: refund.asked_at for refund in refunds if refund.state in _IN_PLACE}
    return tuple(
        _shown(refund, language, now)
        for refund in refunds
        if refund.state is not RefundState.FAILED or refund.asked_at > in_place.get(refund.capture_id, _NEVER)
    )


def title_of(refunds: Sequence[Refund]) -> str:
    """What the page is headed with when all the money of an order goes back, or is kept apart."""
    going = [refund for refund in refunds if refund.state in OWED]
    gone = [refund for refund in refunds if refund.state is RefundState.SUCCEEDED]
    if going:
        return "under_way"
    return "done" if gone else "kept"


def _shown(refund: Refund, language: Language, now: Instant) -> RefundShown:
    channel = say("order.wechat", language)
    word, mark = _word(refund, now)
    # The deadline is the end of a day: the day itself is the last on which the money may come.
    day = civil_date(refund.deadline_at - timedelta(seconds=1))
    if refund.succeeded_at is not None:
        day = civil_date(refund.succeeded_at)
    places = {
        "amount": amount_markup(refund.amount_fen, language),
        "date": date_markup(day, language),
        "channel": channel,
        "tail": refund.account_tail,
        "no": group_no(refund.refund_no),
    }
    return RefundShown(mark=mark, sentence=say(f"refund.{word}", language, places))


def _word(refund: Refund, now: Instant) -> tuple[str, str]:
    """The sentence, and the mark beside it."""
    match refund.state:
        case RefundState.SUCCEEDED:
            return ("succeeded_tail" if refund.account_tail else "succeeded"), "refunded"
        case RefundState.FAILED:
            return "kept", "unknown"
        case RefundState.REJECTED:
            return "rejected", "failed"
    if now >= refund.deadline_at:
        return "overdue", "unknown"
    if refund.state is RefundState.BY_HAND and refund.next_step == NextStep.OTHER_ACCOUNT:
        return "by_hand", "needs-you"
    if refund.state in _ASKED:
        return "asked", "waiting"
    if not refund.is_automatic:
        return "under_way", "waiting"
    return ("twice" if refund.reason == "second_payment" else "late"), "waiting"
