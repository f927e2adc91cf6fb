"""What holds for every person, every day and every file, whoever is drawn."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.kernel.errors import CanbaoError
from canbao.rulebook.calendar_days import age_in_years
from canbao.rulebook.contribution import Facts, PersonClass, Price, age_cuts, age_on, person_class, price
from canbao.rulebook.entitlement import CoverFacts, cover_of, lapsed_full_years, wait_months_of
from canbao.rulebook.identities import CATEGORY_NAMES_ZH, NAMES_ZH, IdentityCode
from canbao.rulebook.newborn import insured_years_of, newborn_choices
from canbao.rulebook.parameters import RegionYear, Waiting
from canbao.rulebook.reading import read_region_year
from canbao.rulebook.window import WindowState, calendar_window_on, due_period, window_on

ROOM = Path(__file__).parents[1]
FILES = [
    *sorted((ROOM.parent / "policy" / "values").glob("*/*.yaml")),
    *sorted((ROOM / "cases" / "areas").glob("*.yaml")),
]
ALL = {f"{file.parent.name}/{file.stem}": read_region_year(file.read_text("utf-8"), file=file.name) for file in FILES}
NANCHANG = ALL["360100/2025"]

values = st.sampled_from(list(ALL.values()))
births = st.dates(date(1925, 1, 1), date(2018, 12, 31))
days = st.dates(date(2019, 1, 1), date(2027, 12, 31))
categories = st.sampled_from(sorted(CATEGORY_NAMES_ZH))
identities = st.frozensets(st.sampled_from([str(code) for code in IdentityCode]), max_size=4)
tiers = st.sampled_from(["high", "low"])


def waiting_of(parameters: RegionYear) -> Waiting:
    assert isinstance(parameters.waiting, Waiting)
    return parameters.waiting


def classed(parameters: RegionYear, born_on: date, category: str, codes: frozenset[str], tier: str) -> PersonClass:
    facts = Facts(born_on=born_on, category_code=category, identity_codes=codes, tier=tier)
    return person_class(facts, parameters)


def priced(parameters: RegionYear, born_on: date, category: str, codes: frozenset[str], tier: str) -> Price | None:
    """The price, or None where the file prices no such person; any other refusal fails the test."""
    try:
        return price(classed(parameters, born_on, category, codes, tier), parameters)
    except CanbaoError as refusal:
        if refusal.code != "rulebook.no_standard":
            raise
        return None


@given(values, births, categories, identities, tiers)
def test_the_parts_are_the_total_and_none_is_negative(
    parameters: RegionYear, born_on: date, category: str, codes: frozenset[str], tier: str
) -> None:
    found = priced(parameters, born_on, category, codes, tier)
    if found is None:
        return
    parts = (found.personal_fen, found.assistance_fen, found.government_fen)
    assert sum(parts) == found.total_fen
    assert min(parts) >= 0
    assert found.steps[0].amount_fen == found.total_fen
    assert found.steps[0].amount_fen + found.steps[1].amount_fen == found.personal_fen + found.assistance_fen
    assert sum(step.amount_fen for step in found.steps[2:]) == found.personal_fen


@given(values, births, categories, identities, st.sampled_from([str(code) for code in IdentityCode]), tiers)
def test_a_further_identity_never_costs_more(
    parameters: RegionYear, born_on: date, category: str, codes: frozenset[str], further: str, tier: str
) -> None:
    before = priced(parameters, born_on, category, codes, tier)
    if before is None:
        return
    after = price(classed(parameters, born_on, category, codes | {further}, tier), parameters)
    assert after.personal_fen <= before.personal_fen
    assert after.total_fen == before.total_fen


@given(values, births, births, categories, identities, tiers)
def test_everybody_of_a_class_owes_the_same(
    parameters: RegionYear, one: date, other: date, category: str, codes: frozenset[str], tier: str
) -> None:
    first = classed(parameters, one, category, codes, tier)
    cuts, on = age_cuts(parameters), age_on(parameters)
    # The band is what PostgreSQL's width_bucket(age, cuts) gives.
    assert first.age_band == sum(cut <= age_in_years(one, on) for cut in cuts)
    assert list(cuts) == sorted(set(cuts))
    second = classed(parameters, other, category, codes, tier)
    assert (first == second) == (first.age_band == second.age_band)


@given(values, identities, tiers)
def test_the_public_words_never_name_an_identity(parameters: RegionYear, codes: frozenset[str], tier: str) -> None:
    found = priced(parameters, date(1960, 5, 1), "1501", codes, tier)
    assert found is not None
    names = {*NAMES_ZH.values(), "低保", "特困", "残疾", "困难", "优抚"}
    names |= {rule.name.en.lower() for rule in parameters.assistance} | {rule.name.zh for rule in parameters.assistance}
    for step in found.steps:
        public = f"{step.label_zh} {step.label_en} {step.note_zh} {step.note_en}".lower()
        assert not [name for name in names if name in public]
        assert step.private == bool(step.private_zh)


@given(values, days)
def test_money_is_taken_only_between_opening_and_the_last_late_day(parameters: RegionYear, on: date) -> None:
    verdict = window_on(parameters, on)
    assert verdict.is_payable == (verdict.state in (WindowState.OPEN, WindowState.LATE))
    if parameters.obstacles():
        assert verdict.state is WindowState.NOT_PUBLISHED
        assert verdict.obstacles
    if verdict.is_payable:
        assert verdict.opens_on is not None
        assert verdict.closes_on is not None
        assert verdict.opens_on <= on <= (verdict.late_until_on or verdict.closes_on)
        assert (verdict.state is WindowState.OPEN) == (on <= verdict.closes_on)


@given(values, days)
def test_a_window_never_goes_back(parameters: RegionYear, on: date) -> None:
    order = [WindowState.NOT_OPEN, WindowState.OPEN, WindowState.LATE, WindowState.CLOSED]
    today, tomorrow = (
        calendar_window_on(parameters, on).state,
        calendar_window_on(parameters, on + timedelta(days=1)).state,
    )
    if WindowState.NOT_PUBLISHED in (today, tomorrow):
        assert today is tomorrow
    else:
        assert order.index(today) <= order.index(tomorrow) <= order.index(today) + 1


@given(values, births | st.dates(date(2019, 1, 1), date(2026, 12, 31)), days, st.integers(0, 8), st.integers(0, 8))
def test_cover_lies_in_its_year_and_repair_never_delays_it(
    parameters: RegionYear, born_on: date, paid_on: date, lapsed: int, repaired: int
) -> None:
    def cover(years: int) -> tuple[date, date]:
        facts = CoverFacts(
            insured_year=parameters.insured_year,
            born_on=born_on,
            category_code="1501",
            identity_codes=frozenset(),
            paid_on=max(paid_on, born_on),
            lapsed_years=lapsed,
            repaired_years=years,
        )
        found = cover_of(facts, parameters)
        assert found.steps
        assert all(step.source.reference for step in found.steps)
        return found.from_on, found.until_on

    from_on, until_on = cover(0)
    assert parameters.cover.first_on.value <= from_on <= until_on == parameters.cover_until_on
    assert cover(min(lapsed, repaired))[0] <= from_on


@given(st.integers(0, 12), st.integers(0, 12))
def test_the_reading_that_counts_the_first_year_is_never_shorter(lapsed: int, repaired: int) -> None:
    longer = waiting_of(NANCHANG)
    shorter = longer.model_copy(
        update={"first_lapse_year_counts": longer.first_lapse_year_counts.model_copy(update={"value": False})}
    )
    one, other = wait_months_of(lapsed, repaired, longer), wait_months_of(lapsed, repaired, shorter)
    assert 0 <= one - other <= 1
    assert min(one, other) >= (6 if lapsed >= 4 else 3)


@pytest.mark.parametrize(
    "last_year,born_on,year,expected",
    [
        (None, date(1980, 1, 1), "110000/2026", 0),
        (2025, date(1980, 1, 1), "110000/2026", 0),
        (2024, date(1980, 1, 1), "110000/2026", 1),
        (2010, date(1980, 1, 1), "110000/2026", 1),
        (2010, date(1980, 1, 1), "360100/2025", 0),
        (2010, date(1980, 1, 1), "areas/shanghai_2019", 0),
    ],
)
def test_lapsed_years_count_from_the_year_the_rule_began(
    last_year: int | None, born_on: date, year: str, expected: int
) -> None:
    assert lapsed_full_years(last_year, born_on, ALL[year]) == expected


@given(st.dates(date(2025, 1, 1), date(2025, 12, 31)))
def test_every_choice_of_a_newborn_pays_for_its_own_years(born_on: date) -> None:
    choices = newborn_choices(NANCHANG, born_on)
    assert len(choices) == (3 if born_on >= date(2025, 10, 3) else 1)
    for choice in choices:
        years = insured_years_of(choice, born_on)
        assert set(years) <= {2025, 2026}
        assert years


@pytest.mark.parametrize("parameters", ALL.values(), ids=ALL.keys())
def test_the_four_years_are_four_values(parameters: RegionYear) -> None:
    first, last = due_period(parameters)
    assert (first, last) == (parameters.insured_year * 100 + 1, parameters.insured_year * 100 + 12)
    assert parameters.notice_year.value == parameters.insured_year - 1
    if parameters.collected_from is not None:
        assert parameters.collected_from.year == parameters.insured_year - 1


def test_the_rulebook_knows_no_clock_no_database_and_no_policy() -> None:
    code = "import sys, canbao.rulebook.worked_cases; print(*sorted(sys.modules), sep='\\n')"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOM.parents[1], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "canbao.rulebook.entitlement" in loaded
    assert not loaded & {"django", "psycopg", "canbao.kernel.clock", "canbao.kernel.sql", "canbao.policy"}
