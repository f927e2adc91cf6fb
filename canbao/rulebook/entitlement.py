"""From when until when a paid contribution covers a person: cover start and end, newborn rules, waiting periods and
their repair.

Pure: values and facts are handed in. The waiting period follows the national rule of 2024 (国办发〔2024〕38号): a
fixed wait for whoever missed the window or has a gap, a further month per lapsed year, a month less per lapsed year
repaired, and a floor after a long gap. The rule's words allow two readings of "each further year"; which one holds
is a parameter of the region (`first_lapse_year_counts`). Every decision leaves a step with its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from canbao.rulebook.calendar_days import first_of_next_month, months_after
from canbao.rulebook.errors import (
    EXEMPT_GROUP_UNKNOWN,
    NEWBORN_YEAR_NOT_CHOSEN,
    OTHER_YEAR,
    PAID_BEFORE_BIRTH,
    REPAIRED_MORE_THAN_LAPSED,
    YEARS_NEGATIVE,
)
from canbao.rulebook.newborn import NewbornChoice, NewbornDays, insured_years_of, newborn_days
from canbao.rulebook.parameters import ExemptGroup, RegionYear, StartRule, Waiting
from canbao.rulebook.sourced import NotPublished, Reliability, Source, Sourced


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverFacts:
    """What decides about cover. `paid_on` is the day the money was credited, in China.

    `lapsed_years` are full insured years without cover before this one (see `lapsed_full_years`); `repaired_years`
    are those of them paid for afterwards.
    """

    insured_year: int
    born_on: date
    category_code: str
    identity_codes: frozenset[str]
    paid_on: date
    lapsed_years: int = 0
    repaired_years: int = 0
    exempt_group: str | None = None
    newborn_choice: NewbornChoice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverStep:
    """One line of how the cover's days came about."""

    label_zh: str
    label_en: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Cover from a day until a day (half-open). `is_empty` says that the wait outlasts the year: nothing would be
    bought.
    """

    from_on: date
    until_on: date
    wait_months: int
    steps: tuple[CoverStep, ...]

    @property
    def is_empty(self) -> bool:
        """Whether not one day is covered. No money may be taken for an empty cover."""
        return self.from_on >= self.until_on


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """A start that one of the rules gave, before it is held against the cover year."""

    on: date
    wait_months: int
    steps: tuple[CoverStep, ...]


def cover_of(facts: CoverFacts, parameters: RegionYear) -> Cover:
    """The cover that this payment buys, with every step.

    Errors: `rulebook.other_year`, `rulebook.paid_before_birth`, `rulebook.years_negative`,
    `rulebook.repaired_more_than_lapsed`, `rulebook.newborn_year_not_chosen`, `rulebook.exempt_group_unknown`.
    """
    _refuse_impossible(facts, parameters)
    start = _newborn_start(facts, parameters) or _ordinary_start(facts, parameters)
    until = parameters.cover_until_on
    end = _step(
        f"{parameters.cover.last_on.value} 为止（当天仍可报销）",
        f"until {parameters.cover.last_on.value}, that day included",
        parameters,
        parameters.cover.last_on,
    )
    return Cover(from_on=min(start.on, until), until_on=until, wait_months=start.wait_months, steps=(*start.steps, end))


def wait_months_of(lapsed_years: int, repaired_years: int, waiting: Waiting) -> int:
    """The wait of someone who missed the window or has a gap: fixed part, plus a month per counted lapsed year not
    repaired.

    `wait = 3 + max(0, v - repaired)`; after a long gap not less than the floor. `v` counts the first lapsed year or
    leaves it out, as the region reads the rule.
    """
    counted = lapsed_years if waiting.first_lapse_year_counts.value else max(0, lapsed_years - 1)
    further = counted * waiting.months_per_lapsed_year.value
    repaired = repaired_years * waiting.months_cut_per_repaired_year.value
    wait = waiting.fixed_months.value + max(0, further - repaired)
    if lapsed_years >= waiting.long_lapse_years.value:
        return max(wait, waiting.long_lapse_months_at_least.value)
    return wait


def lapsed_full_years(last_insured_year: int | None, born_on: date, parameters: RegionYear) -> int:
    """How many full insured years lie between a person's last one and this file's, as far as the region counts them.

    A first enrolment has no gap. Years before `lapse_years_counted_from` and before birth do not count.
    """
    if last_insured_year is None or isinstance(parameters.waiting, NotPublished):
        return 0
    first = max(last_insured_year + 1, parameters.waiting.lapse_years_counted_from.value, born_on.year)
    return max(0, parameters.insured_year - first)


def _refuse_impossible(facts: CoverFacts, parameters: RegionYear) -> None:
    if facts.insured_year != parameters.insured_year:
        raise OTHER_YEAR(year=facts.insured_year, found=parameters.insured_year)
    if facts.paid_on < facts.born_on:
        raise PAID_BEFORE_BIRTH(paid_on=facts.paid_on.isoformat())
    if facts.lapsed_years < 0 or facts.repaired_years < 0:
        raise YEARS_NEGATIVE()
    if facts.repaired_years > facts.lapsed_years:
        raise REPAIRED_MORE_THAN_LAPSED(repaired=facts.repaired_years, lapsed=facts.lapsed_years)
    choice = facts.newborn_choice
    if choice is not None and facts.insured_year not in insured_years_of(choice, facts.born_on):
        raise NEWBORN_YEAR_NOT_CHOSEN(year=facts.insured_year)


def _newborn_start(facts: CoverFacts, parameters: RegionYear) -> _Start | None:
    """The start by the newborn rules, or None where everybody's rules hold."""
    days = newborn_days(parameters, facts.born_on)
    if days is None:
        return None
    if facts.paid_on < days.in_time_until:
        return _newborn_in_time(facts, days, parameters)
    if days.after_limit is None or facts.paid_on >= days.after_limit_until:
        return None
    rule = days.after_limit
    on, wait = _apply(rule.value, facts, parameters)
    step = _step(
        f"新生儿超过规定期限参保：{_START_ZH[rule.value]}，{on} 起",
        f"newborn enrolled after the limit: {_START_EN[rule.value]}, from {on}",
        parameters,
        rule,
    )
    return _held_to_year(_Start(on=on, wait_months=wait, steps=(step,)), parameters)


def _newborn_in_time(facts: CoverFacts, days: NewbornDays, parameters: RegionYear) -> _Start:
    rule = days.rules.in_time_start
    if facts.born_on.year == facts.insured_year:
        on, wait = _apply(rule.value, facts, parameters)
        label_zh, label_en = f"新生儿按时参保：{_START_ZH[rule.value]}", f"newborn in time: {_START_EN[rule.value]}"
        steps = (_step(f"{label_zh}，{on} 起", f"{label_en}, from {on}", parameters, rule),)
        return _held_to_year(_Start(on=on, wait_months=wait, steps=steps), parameters)
    on = parameters.cover.first_on.value
    choice = days.rules.choice_days
    source = parameters.source_of(rule if isinstance(choice, NotPublished) else choice)
    label_zh, label_en = (
        f"新生儿按时参保，所缴为出生次年的费，{on} 起",
        f"newborn in time, the year after birth, from {on}",
    )
    if facts.paid_on >= on:
        # The sources give the choice of year but no first day for a payment made after that year began.
        source = parameters.source(source.key, Reliability.UNSOURCED)
        label_zh += "（年度开始后缴费的起始日出处没有说明，按时参保的新生儿不推后）"
        label_en += " (no source says so for a payment after the year began; a newborn in time is not put off)"
    return _Start(on=on, wait_months=0, steps=(CoverStep(label_zh=label_zh, label_en=label_en, source=source),))


def _ordinary_start(facts: CoverFacts, parameters: RegionYear) -> _Start:
    late = _is_late(facts, parameters)
    waiting = parameters.waiting
    group = _exempt_group(facts, parameters)
    if not late and facts.lapsed_years == 0:
        return _held_to_year(_in_window_start(facts, parameters), parameters)
    if group is not None:
        step = _step(
            f"{group.name.zh}：不设等待期，缴费当天起",
            f"{group.name.en}: no wait, from the day of payment",
            parameters,
            group.exempt,
        )
        return _held_to_year(_Start(on=facts.paid_on, wait_months=0, steps=(step,)), parameters)
    if isinstance(waiting, NotPublished) and not late:
        return _held_to_year(_in_window_start(facts, parameters), parameters)
    return _held_to_year(_waiting_start(facts, late, parameters), parameters)


def _waiting_start(facts: CoverFacts, late: bool, parameters: RegionYear) -> _Start:
    waits: list[tuple[int, CoverStep]] = []
    rule = parameters.window.late
    if late and not isinstance(rule, NotPublished):
        months = rule.wait_months.value
        step = _step(
            f"集中缴费期后缴费，等待 {months} 个月",
            f"paid after the window: a wait of {months} months",
            parameters,
            rule.wait_months,
        )
        waits.append((months, step))
    if not isinstance(parameters.waiting, NotPublished):
        waits.append(_national_wait(facts, parameters.waiting, parameters))
    if not waits:
        # The region closes its window and publishes no late rule: cover begins as late as an ordinary payment allows.
        return _in_window_start(facts, parameters)
    months = max(wait for wait, _ in waits)
    on = months_after(facts.paid_on, months)
    return _Start(on=on, wait_months=months, steps=tuple(step for wait, step in waits if wait == months))


def _national_wait(facts: CoverFacts, waiting: Waiting, parameters: RegionYear) -> tuple[int, CoverStep]:
    months = wait_months_of(facts.lapsed_years, facts.repaired_years, waiting)
    # With a gap the reading of the rule decides, so its source (and how far it can be relied on) is the one to show.
    deciding: Sourced[object] = waiting.first_lapse_year_counts if facts.lapsed_years else waiting.fixed_months
    reading_zh = "计入断保第一年" if waiting.first_lapse_year_counts.value else "不计断保第一年"
    reading_en = "the first counts" if waiting.first_lapse_year_counts.value else "the first does not count"
    gap_zh = (
        f"断保 {facts.lapsed_years} 年（{reading_zh}），已修复 {facts.repaired_years} 年，"
        if facts.lapsed_years
        else ""
    )
    gap_en = (
        f"{facts.lapsed_years} lapsed years ({reading_en}), {facts.repaired_years} repaired: "
        if facts.lapsed_years
        else ""
    )
    step = _step(
        f"{gap_zh}等待 {months} 个月，从缴费到账之日算",
        f"{gap_en}a wait of {months} months from the day the money was credited",
        parameters,
        deciding,
    )
    return months, step


def _in_window_start(facts: CoverFacts, parameters: RegionYear) -> _Start:
    first = parameters.cover.first_on
    if facts.paid_on < first.value:
        step = _step(f"按时缴费，{first.value} 起", f"paid in time, from {first.value}", parameters, first)
        return _Start(on=first.value, wait_months=0, steps=(step,))
    rule = parameters.window.paid_after_cover_start
    if isinstance(rule, NotPublished):
        on = facts.paid_on + timedelta(days=1)
        words = rule.not_published
        step = _step(f"{words.zh}；{on} 起", f"{words.en}; from {on}", parameters, first)
        return _Start(on=on, wait_months=0, steps=(step,))
    on, wait = _apply(rule.value, facts, parameters)
    remark_zh = f"（{rule.note.zh}）" if rule.note else ""
    remark_en = f" ({rule.note.en})" if rule.note else ""
    step = _step(
        f"集中缴费期内、参保年度开始后缴费：{_START_ZH[rule.value]}，{on} 起{remark_zh}",
        f"paid in the window after cover began: {_START_EN[rule.value]}, from {on}{remark_en}",
        parameters,
        rule,
    )
    return _Start(on=on, wait_months=wait, steps=(step,))


def _held_to_year(start: _Start, parameters: RegionYear) -> _Start:
    """Cover of a year never begins before the year, whenever the money came: only a birth can, and that lies in the
    year.
    """
    first = parameters.cover.first_on
    if start.on >= first.value:
        return start
    step = _step(f"参保年度 {first.value} 开始", f"the insured year begins on {first.value}", parameters, first)
    return _Start(on=first.value, wait_months=start.wait_months, steps=(*start.steps, step))


def _is_late(facts: CoverFacts, parameters: RegionYear) -> bool:
    """Paid after the window. Where its last day is not published, a payment before the insured year counts as in
    time.
    """
    closes = parameters.window.closes_on
    if isinstance(closes, NotPublished):
        return facts.paid_on >= parameters.cover.first_on.value
    return facts.paid_on > closes.value


def _exempt_group(facts: CoverFacts, parameters: RegionYear) -> ExemptGroup | None:
    if facts.exempt_group is None:
        return None
    groups = () if isinstance(parameters.waiting, NotPublished) else parameters.waiting.exempt_groups
    for group in groups:
        if group.code == facts.exempt_group:
            return group
    raise EXEMPT_GROUP_UNKNOWN(
        region=int(parameters.region_code), year=parameters.insured_year, group=facts.exempt_group[:30]
    )


def _apply(rule: StartRule, facts: CoverFacts, parameters: RegionYear) -> tuple[date, int]:
    """The first day of cover by one start rule, and the months waited."""
    match rule:
        case StartRule.BIRTH:
            return facts.born_on, 0
        case StartRule.COVER_START:
            return parameters.cover.first_on.value, 0
        case StartRule.PAYMENT_DAY:
            return facts.paid_on, 0
        case StartRule.DAY_AFTER_PAYMENT:
            return facts.paid_on + timedelta(days=1), 0
        case StartRule.FIRST_OF_NEXT_MONTH:
            return first_of_next_month(facts.paid_on), 0
        case StartRule.AFTER_WAIT:
            late = parameters.window.late
            waiting = parameters.waiting
            months = 0 if isinstance(waiting, NotPublished) else waiting.fixed_months.value
            months = months if isinstance(late, NotPublished) else late.wait_months.value
            return months_after(facts.paid_on, months), months


_START_ZH = {
    StartRule.BIRTH: "从出生日",
    StartRule.COVER_START: "从参保年度第一天",
    StartRule.PAYMENT_DAY: "从缴费当天",
    StartRule.DAY_AFTER_PAYMENT: "从缴费次日",
    StartRule.FIRST_OF_NEXT_MONTH: "从缴费次月 1 日",
    StartRule.AFTER_WAIT: "等待期满后",
}
_START_EN = {
    StartRule.BIRTH: "from birth",
    StartRule.COVER_START: "from the first day of the insured year",
    StartRule.PAYMENT_DAY: "from the day of payment",
    StartRule.DAY_AFTER_PAYMENT: "from the day after payment",
    StartRule.FIRST_OF_NEXT_MONTH: "from the first day of the month after payment",
    StartRule.AFTER_WAIT: "after the wait",
}


def _step(label_zh: str, label_en: str, parameters: RegionYear, value: Sourced[object]) -> CoverStep:
    return CoverStep(label_zh=label_zh, label_en=label_en, source=parameters.source_of(value))
