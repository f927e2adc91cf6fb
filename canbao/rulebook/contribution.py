"""What a person owes for a year: the standard by category, age and tier, less the help that a special identity
brings.

Pure: values are handed in. Prices are per class of persons, because a million bills are assessed by pricing the few
hundred classes of a region and letting SQL apply them; `age_cuts` and `age_on` tell SQL how to put a person into a
class. Several identities may hold at once: the one that leaves the least to pay wins, so a further identity never
costs more. Every price carries the steps that led to it, each with its source. The name of an identity stands only
in a step's private words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from canbao.kernel.money import Fen, Rounding, format_yuan, rate
from canbao.rulebook.calendar_days import age_in_years
from canbao.rulebook.errors import BORN_AFTER_YEAR, NO_STANDARD
from canbao.rulebook.parameters import Ages, Assistance, RegionYear, Standard
from canbao.rulebook.sourced import NotPublished, Reliability, Source, SourcedYuan, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules need to know of a person, on the day of assessment."""

    born_on: date
    category_code: str
    identity_codes: frozenset[str] = frozenset()
    tier: str | None = None
    enrolled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonClass:
    """Everybody who owes the same: `age_band` is the number of the file's age cuts that the person has reached."""

    category_code: str
    age_band: int
    identity_codes: tuple[str, ...] = ()
    tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the explanation. Reductions are negative. The private words are for the person and the counter
    only.
    """

    label_zh: str
    label_en: str
    amount_fen: Fen
    source: Source
    note_zh: str = ""
    note_en: str = ""
    private_zh: str = ""
    private_en: str = ""

    @property
    def private(self) -> bool:
        """Whether there is something that only the person may read."""
        return bool(self.private_zh or self.private_en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What is owed and who pays it: total = government + assistance + personal, none of them negative.

    `is_final` is false where the person has an identity that brings help whose amount is not published here: the
    amount is the most that can be due, and such a person is sent to the counter before paying.
    """

    total_fen: Fen
    government_fen: Fen
    assistance_fen: Fen
    personal_fen: Fen
    applied_identity: str | None
    is_final: bool
    steps: tuple[Step, ...]


def age_cuts(parameters: RegionYear) -> tuple[int, ...]:
    """The ages at which this file's rules change, ascending; may be empty. SQL: `width_bucket(age, cuts)` is the
    band.
    """
    cuts: set[int] = set()
    for ages in (*(rule.ages for rule in parameters.standards), *(rule.ages for rule in parameters.assistance)):
        if ages is not None:
            cuts.update(age for age in (ages.minimum, ages.below) if age)
    return tuple(sorted(cuts))


def age_on(parameters: RegionYear) -> date:
    """The day on which ages are counted, in completed years."""
    return parameters.age_on.value


def person_class(facts: Facts, parameters: RegionYear) -> PersonClass:
    """The class a person belongs to. Errors: `rulebook.born_after_year` for a birth after the end of cover."""
    if facts.born_on >= parameters.cover_until_on:
        raise BORN_AFTER_YEAR(born_on=facts.born_on.isoformat(), year=parameters.insured_year)
    age = age_in_years(facts.born_on, age_on(parameters))
    return PersonClass(
        category_code=facts.category_code,
        age_band=sum(cut <= age for cut in age_cuts(parameters)),
        identity_codes=tuple(sorted(facts.identity_codes)),
        tier=facts.tier,
    )


def price(person: PersonClass, parameters: RegionYear) -> Price:
    """What a person of this class owes, with every step.

    Total = government subsidy + standard; personal = standard - assistance. Where the region publishes no government
    part, it is left out of the total and the step says so. Errors: `rulebook.no_standard` where the region prices no
    such person.
    """
    standard = _standard_for(person, parameters)
    government = _government(parameters)
    total = Fen(government.amount_fen + standard.amount_fen)
    own = list(_standard_steps(standard, parameters))
    steps = [_total_step(total, [government, *own]), _reduced(government), *own]
    applied, assisted, is_final = _assistance(person, standard, parameters)
    if applied is not None:
        steps.append(_assistance_step(applied, assisted, parameters))
    elif not is_final:
        steps.append(_unknown_assistance_step(person, parameters))
    return Price(
        total_fen=total,
        government_fen=government.amount_fen,
        assistance_fen=assisted,
        personal_fen=Fen(standard.amount_fen - assisted),
        applied_identity=applied.group if applied is not None else None,
        is_final=is_final,
        steps=tuple(steps),
    )


def ambiguous_standards(parameters: RegionYear) -> Iterator[tuple[int, str]]:
    """Standards that fit somebody as well as an earlier one does: their index and a category they share."""
    bands = range(len(age_cuts(parameters)) + 1)
    tiers = {standard.tier for standard in parameters.standards}
    categories = sorted({category for standard in parameters.standards for category in standard.categories})
    told: set[tuple[int, str]] = set()
    for category in categories:
        for band in bands:
            for tier in tiers:
                person = PersonClass(category_code=category, age_band=band, tier=tier)
                best = _best_standards(person, parameters)
                told.update((parameters.standards.index(standard), category) for standard in best[1:])
    yield from sorted(told)


def _standard_for(person: PersonClass, parameters: RegionYear) -> Standard:
    best = _best_standards(person, parameters)
    if not best:
        raise NO_STANDARD(
            region=int(parameters.region_code),
            year=parameters.insured_year,
            category=person.category_code[:8],
            age=_age_of_band(person.age_band, parameters),
            tier=(person.tier or "—")[:20],
        )
    return best[0]


def _best_standards(person: PersonClass, parameters: RegionYear) -> list[Standard]:
    """The standards that fit, as closely as any: a longer category code is closer, then an age range, then a tier."""
    closeness = [(_closeness(standard, person, parameters), standard) for standard in parameters.standards]
    fitting = [(close, standard) for close, standard in closeness if close is not None]
    closest = max((close for close, _ in fitting), default=None)
    return [standard for close, standard in fitting if close == closest]


def _closeness(standard: Standard, person: PersonClass, parameters: RegionYear) -> tuple[int, bool, bool] | None:
    category = _longest_prefix(standard.categories, person.category_code)
    if category is None or not _age_holds(standard.ages, person, parameters):
        return None
    if standard.tier is not None and standard.tier != person.tier:
        return None
    return len(category), standard.ages is not None, standard.tier is not None


def _longest_prefix(categories: tuple[str, ...], category_code: str) -> str | None:
    fitting = [category for category in categories if category_code.startswith(category)]
    return max(fitting, key=len, default=None)


def _age_holds(ages: Ages | None, person: PersonClass, parameters: RegionYear) -> bool:
    return ages is None or ages.holds(_age_of_band(person.age_band, parameters))


def _age_of_band(band: int, parameters: RegionYear) -> int:
    """The youngest age of a band: every age in it meets the same conditions, because the cuts are all their edges."""
    cuts = age_cuts(parameters)
    return 0 if band == 0 else cuts[min(band, len(cuts)) - 1]


def _government(parameters: RegionYear) -> Step:
    subsidy = parameters.government_subsidy
    if isinstance(subsidy.yuan, NotPublished):
        words = subsidy.yuan.not_published
        return Step(
            label_zh="政府补助（本地数额未在此公布）",
            label_en="Government subsidy (the local figure is not published here)",
            amount_fen=Fen(0),
            source=parameters.source_of(parameters.notice_year),
            note_zh=words.zh,
            note_en=words.en,
        )
    note = subsidy.yuan.note
    floor_zh = "（国家最低标准，本地不低于）" if subsidy.is_minimum else ""
    floor_en = " (national minimum; the region gives at least this)" if subsidy.is_minimum else ""
    return Step(
        label_zh=f"政府补助{floor_zh}",
        label_en=f"Government subsidy{floor_en}",
        amount_fen=subsidy.yuan.value,
        source=parameters.source_of(subsidy.yuan),
        note_zh=note.zh if note else "",
        note_en=note.en if note else "",
    )


def _reduced(government: Step) -> Step:
    return Step(
        label_zh=government.label_zh,
        label_en=government.label_en,
        amount_fen=Fen(-government.amount_fen),
        source=government.source,
        note_zh=government.note_zh,
        note_en=government.note_en,
    )


def _total_step(total: Fen, parts: Sequence[Step]) -> Step:
    """The sum, by the weakest of the sources it is added up from."""
    grades = list(Reliability)
    weakest = max((part.source for part in parts), key=lambda source: grades.index(source.reliability))
    return Step(
        label_zh="一个人一年的总筹资",
        label_en="Total for one person and one year",
        amount_fen=total,
        source=weakest,
        note_zh="政府补助加个人缴费标准",
        note_en="Government subsidy plus the personal standard",
    )


def _standard_steps(standard: Standard, parameters: RegionYear) -> Iterator[Step]:
    def step(label: Words, value: SourcedYuan) -> Step:
        return Step(
            label_zh=label.zh,
            label_en=label.en,
            amount_fen=value.value,
            source=parameters.source_of(value),
            note_zh=value.note.zh if value.note else "",
            note_en=value.note.en if value.note else "",
        )

    own = Words(zh=f"个人缴费标准：{standard.name.zh}", en=f"Personal standard: {standard.name.en}")
    yield step(own, standard.yuan)
    for extra in standard.extras:
        yield step(Words(zh=f"一并收取：{extra.name.zh}", en=f"Collected with it: {extra.name.en}"), extra.yuan)


def _assistance(person: PersonClass, standard: Standard, parameters: RegionYear) -> tuple[Assistance | None, Fen, bool]:
    """The rule that helps most and its amount; and whether no rule of unknown amount could help more."""
    applied, most = None, Fen(0)
    unknown = False
    for rule in _rules_for(person, parameters):
        if rule.amount is None:
            unknown = True
            continue
        assisted = _assisted(rule, standard.amount_fen)
        if applied is None or assisted > most:
            applied, most = rule, assisted
    return applied, most, not unknown or most == standard.amount_fen


def _rules_for(person: PersonClass, parameters: RegionYear) -> Iterator[Assistance]:
    for rule in parameters.assistance:
        named = not rule.identities or not set(rule.identities).isdisjoint(person.identity_codes)
        fits = not rule.categories or _longest_prefix(rule.categories, person.category_code) is not None
        if named and fits and _age_holds(rule.ages, person, parameters):
            yield rule


def _assisted(rule: Assistance, standard_fen: Fen) -> Fen:
    """What is paid for the person. A percentage is rounded up to the fen: the rules say "at least"."""
    if rule.paid_in_full is not None:
        return standard_fen
    if rule.person_pays_yuan is not None:
        return Fen(max(0, standard_fen - rule.person_pays_yuan.value))
    if rule.assisted_percent is not None:
        return rate(standard_fen, per_million=rule.assisted_percent.value * 10_000, rounding=Rounding.UP)
    assert rule.assisted_yuan is not None, "a rule of unknown amount is not applied"
    return min(standard_fen, rule.assisted_yuan.value)


def _assistance_step(rule: Assistance, assisted: Fen, parameters: RegionYear) -> Step:
    amount = rule.amount
    assert amount is not None, "a rule of unknown amount is not applied"
    note = amount.note or Words(zh=_how_much(rule, "zh"), en=_how_much(rule, "en"))
    return Step(
        label_zh="参保资助，政府替您出",
        label_en="Help with the contribution, paid for you",
        amount_fen=Fen(-assisted),
        source=parameters.source_of(amount),
        private_zh=f"{rule.name.zh}：{note.zh}",
        private_en=f"{rule.name.en}: {note.en}",
    )


def _how_much(rule: Assistance, language: str) -> str:
    if rule.paid_in_full is not None:
        return "全额资助" if language == "zh" else "paid in full"
    if rule.person_pays_yuan is not None:
        yuan = format_yuan(rule.person_pays_yuan.value)
        return f"个人缴 {yuan} 元" if language == "zh" else f"the person pays {yuan} yuan"
    if rule.assisted_percent is not None:
        percent = rule.assisted_percent.value
        return f"资助 {percent}%" if language == "zh" else f"{percent} % is paid for the person"
    assert rule.assisted_yuan is not None, "a rule of unknown amount is not applied"
    yuan = format_yuan(rule.assisted_yuan.value)
    return f"定额资助 {yuan} 元" if language == "zh" else f"{yuan} yuan is paid for the person"


def _unknown_assistance_step(person: PersonClass, parameters: RegionYear) -> Step:
    rule = next(rule for rule in _rules_for(person, parameters) if rule.not_published is not None)
    assert rule.not_published is not None, "chosen for having it"
    return Step(
        label_zh="参保资助：数额未在此公布，请先打 12393 核定",
        label_en="Help with the contribution: the amount is not published here; call 12393 first",
        amount_fen=Fen(0),
        source=parameters.source_of(parameters.notice_year),
        private_zh=f"{rule.name.zh}：{rule.not_published.zh}",
        private_en=f"{rule.name.en}: {rule.not_published.en}",
    )
