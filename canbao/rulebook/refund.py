"""Whether money goes back, how much, by when, and what becomes of the bill: the rules of refunds, kept pure.

Money that paid no bill goes back whole, whatever the day. Money that paid one goes back while the cover it bought has
not begun; afterwards only where the region allows so many working days more. Every step of a decision names its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from canbao.kernel.money import Fen, format_yuan
from canbao.rulebook.calendar_days import working_days_after
from canbao.rulebook.errors import (
    REFUND_AMOUNT_WRONG,
    REFUND_COVER_UNKNOWN,
    REFUND_DAY_AHEAD,
    REFUND_DAY_MISSING,
    REFUND_OWED_UNKNOWN,
)
from canbao.rulebook.refund_reasons import REASONS, BillAfter, Gate, ReasonRule, RefundReason, Undoing
from canbao.rulebook.refund_rules import RefundRules, SourcedDays, national_rules, refund_rules
from canbao.rulebook.sourced import Source

__all__ = [
    "REASONS",
    "BillAfter",
    "RefundDecision",
    "RefundFacts",
    "RefundReason",
    "RefundRules",
    "RefundStep",
    "Undoing",
    "decide",
    "national_rules",
    "refund_rules",
]

NOTHING = Fen(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """The facts of a refund. `on` is the day of asking, or where nobody asks the day on which the money was recorded.

    `cover_from`, `cover_until` (half-open): the cover that the money bought, if it did. `event_on`: the death, the
    first day of the employee scheme, the recognition. `amount_fen`: how much money that paid no bill is to go back;
    where it paid one, the rule says how much. `paid_fen`: the capture, or what the bill was paid with and has left.
    `owed_fen_now`: what would be owed after a reassessment.
    """

    reason: RefundReason
    on: date
    paid_on: date
    amount_fen: Fen
    paid_fen: Fen
    cover_from: date | None = None
    cover_until: date | None = None
    event_on: date | None = None
    owed_fen_now: Fen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStep:
    """One line of how a decision came about."""

    label_zh: str
    label_en: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDecision:
    """The decision. Refused, nothing goes back, no bill changes and no day is promised; the last step says why.

    `deadline_on` is the last day by which the money is to be back. `is_automatic`: it goes without anybody asking.
    """

    is_allowed: bool
    is_automatic: bool
    amount_fen: Fen
    undoes: Undoing
    bill_after: BillAfter
    deadline_on: date | None
    steps: tuple[RefundStep, ...]


def decide(facts: RefundFacts, rules: RefundRules) -> RefundDecision:
    """Decide a refund by the rules of its region.

    Errors: `rulebook.refund_day_missing`, `rulebook.refund_cover_unknown` and `rulebook.refund_owed_unknown` (what the
    reason asks for is not known), `rulebook.refund_day_ahead` (an event after the day of asking),
    `rulebook.refund_amount_wrong` (nothing, or more than was paid).
    """
    rule = REASONS[facts.reason]
    _refuse_what_cannot_be_decided(facts, rule)
    steps = [_reason_step(facts.reason, rule, rules)]
    gate = _gate_step(facts, rule, rules)
    if gate is not None:
        is_open, step = gate
        steps.append(step)
        if not is_open:
            return _refused(rule, steps)
    amount_fen = _amount(facts, rule)
    if rule.undoes is Undoing.DIFFERENCE:
        steps.append(_difference_step(facts, amount_fen, rules))
    if amount_fen == 0:
        return _refused(rule, steps)
    deadline_on, step = _deadline_step(facts, rule, rules)
    return RefundDecision(
        is_allowed=True,
        is_automatic=rule.is_automatic,
        amount_fen=amount_fen,
        undoes=rule.undoes,
        bill_after=rule.bill_after,
        deadline_on=deadline_on,
        steps=(*steps, step),
    )


def _refused(rule: ReasonRule, steps: list[RefundStep]) -> RefundDecision:
    return RefundDecision(
        is_allowed=False,
        is_automatic=rule.is_automatic,
        amount_fen=NOTHING,
        undoes=Undoing.NONE,
        bill_after=BillAfter.UNCHANGED,
        deadline_on=None,
        steps=tuple(steps),
    )


def _refuse_what_cannot_be_decided(facts: RefundFacts, rule: ReasonRule) -> None:
    if facts.paid_fen <= 0 or (rule.undoes is Undoing.NONE and not 0 < facts.amount_fen <= facts.paid_fen):
        raise REFUND_AMOUNT_WRONG(asked=format_yuan(facts.amount_fen), paid=format_yuan(facts.paid_fen))
    if facts.paid_on > facts.on:
        raise REFUND_DAY_AHEAD(day=facts.paid_on.isoformat())
    if facts.event_on is not None and facts.event_on > facts.on:
        raise REFUND_DAY_AHEAD(day=facts.event_on.isoformat())
    if rule.event is not None and facts.event_on is None:
        raise REFUND_DAY_MISSING(reason=facts.reason)
    if rule.gate is not Gate.NONE and facts.cover_from is None:
        raise REFUND_COVER_UNKNOWN()
    if rule.undoes is Undoing.DIFFERENCE and facts.owed_fen_now is None:
        raise REFUND_OWED_UNKNOWN(reason=facts.reason)


def _reason_step(reason: RefundReason, rule: ReasonRule, rules: RefundRules) -> RefundStep:
    found = rules.reasons[reason]
    note_zh, note_en = (f"（{found.note.zh}）", f" ({found.note.en})") if found.note is not None else ("", "")
    return RefundStep(
        label_zh=f"{rule.name.zh}：款项可以退回付款的账户{note_zh}",
        label_en=f"{rule.name.en}: the money may go back to the account that paid{note_en}",
        source=found.source,
    )


def _gate_step(facts: RefundFacts, rule: ReasonRule, rules: RefundRules) -> tuple[bool, RefundStep] | None:
    """Whether cover stands in the way, and the step that says so; None where no cover could."""
    cover_from = facts.cover_from
    if rule.gate is Gate.NONE or cover_from is None:
        return None
    source = rules.after_start.source
    if facts.cover_until is not None and facts.cover_until <= cover_from:
        return True, RefundStep(
            label_zh="等待期长于参保年度，没有待遇开始",
            label_en="The wait outlasts the year: no cover begins",
            source=source,
        )
    if all(day < cover_from for day in _days_at_the_gate(facts, rule)):
        return True, RefundStep(
            label_zh=f"待遇从 {cover_from} 开始，此前可以退费",
            label_en=f"Cover begins on {cover_from}; before that day a refund is allowed",
            source=source,
        )
    return _after_start(facts, cover_from, rules)


def _days_at_the_gate(facts: RefundFacts, rule: ReasonRule) -> list[date]:
    asked = [facts.on] if rule.gate in {Gate.ASKED, Gate.BOTH} else []
    event = [facts.event_on] if rule.gate in {Gate.EVENT, Gate.BOTH} and facts.event_on is not None else []
    return asked + event


def _after_start(facts: RefundFacts, cover_from: date, rules: RefundRules) -> tuple[bool, RefundStep]:
    allowed = rules.after_start
    note_zh, note_en = _note(allowed, rules)
    if not allowed.days:
        return False, RefundStep(
            label_zh=f"待遇 {cover_from} 已经开始，个人缴的费一般不退{note_zh}；可以申请复核",
            label_en=f"Cover began on {cover_from}; the personal part is normally not refunded{note_en}; "
            "a review can be asked for",
            source=allowed.source,
        )
    last_on = working_days_after(cover_from, allowed.days)
    is_open = facts.on <= last_on
    tail_zh = "可以退费" if is_open else "可以退费，现已超过；可以申请复核"
    tail_en = "" if is_open else ", which have passed; a review can be asked for"
    return is_open, RefundStep(
        label_zh=f"待遇 {cover_from} 已经开始，开始后 {allowed.days} 个工作日内（到 {last_on}，未扣除法定节假日）"
        f"{tail_zh}{note_zh}",
        label_en=f"Cover began on {cover_from}; a refund is allowed for {allowed.days} working days "
        f"(until {last_on}, public holidays not counted out){tail_en}{note_en}",
        source=allowed.source,
    )


def _note(value: SourcedDays, rules: RefundRules) -> tuple[str, str]:
    """What is to be said of a number, in brackets: that it is not the region's own, and how its source was read."""
    zh = ["本地没有公布，按全国通行的读法"] if rules.is_national else []
    en = ["the region publishes no rule; the national reading is taken"] if rules.is_national else []
    if value.note is not None:
        zh.append(value.note.zh)
        en.append(value.note.en)
    return (f"（{'：'.join(zh)}）", f" ({': '.join(en)})") if zh else ("", "")


def _amount(facts: RefundFacts, rule: ReasonRule) -> Fen:
    match rule.undoes:
        case Undoing.NONE:
            return facts.amount_fen
        case Undoing.WHOLE:
            return facts.paid_fen
        case Undoing.DIFFERENCE:
            owed = facts.owed_fen_now if facts.owed_fen_now is not None else facts.paid_fen
            return Fen(max(0, facts.paid_fen - owed))


def _difference_step(facts: RefundFacts, amount_fen: Fen, rules: RefundRules) -> RefundStep:
    paid, owed = format_yuan(facts.paid_fen), format_yuan(facts.owed_fen_now or NOTHING)
    tail_zh = f"退差额 {format_yuan(amount_fen)}" if amount_fen else "没有差额可退"
    tail_en = f"the difference of {format_yuan(amount_fen)} goes back" if amount_fen else "there is no difference"
    return RefundStep(
        label_zh=f"已缴 {paid}，重新核定后应缴 {owed}：{tail_zh}",
        label_en=f"{paid} was paid and {owed} is owed after the reassessment: {tail_en}",
        source=rules.reasons[facts.reason].source,
    )


def _deadline_step(facts: RefundFacts, rule: ReasonRule, rules: RefundRules) -> tuple[date, RefundStep]:
    if rule.is_automatic:
        limit, until_on = rules.automatic, facts.on + timedelta(days=rules.automatic.days)
        length_zh, length_en = f"{limit.days} 天内", f"within {limit.days} days"
    else:
        limit, until_on = rules.decided, working_days_after(facts.on, rules.decided.days)
        length_zh = f"{limit.days} 个工作日内（未扣除法定节假日）"
        length_en = f"within {limit.days} working days (public holidays not counted out)"
    note_zh, note_en = _note(limit, rules)
    return until_on, RefundStep(
        label_zh=f"{length_zh}退回，最迟 {until_on}{note_zh}",
        label_en=f"Back {length_en}, by {until_on} at the latest{note_en}",
        source=limit.source,
    )
