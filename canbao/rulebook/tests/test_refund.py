"""The rules of refunds beyond the worked cases: what holds of every decision, and where the numbers come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.kernel.money import Fen
from canbao.rulebook.calendar_days import working_days_after
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import find_in, from_document, read_region_year, to_document
from canbao.rulebook.refund import (
    REASONS,
    BillAfter,
    RefundFacts,
    RefundReason,
    RefundRules,
    Undoing,
    decide,
    national_rules,
    refund_rules,
)
from canbao.rulebook.refund_reasons import Gate
from canbao.rulebook.sourced import Reliability

VALUES = Path(__file__).parents[2] / "policy" / "values"
NANCHANG = (VALUES / "360100" / "2025.yaml").read_text(encoding="utf-8")
OWN = """
refund:
  after_cover_start_working_days: {value: 20, source: l1}
  automatic_days: {value: 1, source: l1}
  decided_working_days: {value: 7, source: design}
"""
COVER_FROM = date(2025, 1, 1)
DAYS = st.dates(date(2024, 9, 1), date(2025, 6, 30))


def nanchang(text: str = NANCHANG) -> RegionYear:
    return read_region_year(text, file="360100/2025.yaml")


def with_days(days: int) -> RefundRules:
    rules = national_rules()
    return replace(rules, after_start=replace(rules.after_start, days=days), is_national=False)


@st.composite
def questions(draw: st.DrawFn) -> RefundFacts:
    """Facts that can be decided: every reason, on any day around the first of cover."""
    paid_on = draw(DAYS)
    on = paid_on + timedelta(days=draw(st.integers(0, 200)))
    paid_fen = draw(st.integers(1, 100_000))
    return RefundFacts(
        reason=draw(st.sampled_from(list(RefundReason))),
        on=on,
        paid_on=paid_on,
        amount_fen=Fen(draw(st.integers(1, paid_fen))),
        paid_fen=Fen(paid_fen),
        cover_from=COVER_FROM,
        cover_until=date(2026, 1, 1),
        event_on=on - timedelta(days=draw(st.integers(0, 200))),
        owed_fen_now=Fen(draw(st.integers(0, 120_000))),
    )


@given(facts=questions(), days=st.integers(0, 40))
def test_what_holds_of_every_decision(facts: RefundFacts, days: int) -> None:
    decision = decide(facts, with_days(days))
    rule = REASONS[facts.reason]
    assert 0 <= decision.amount_fen <= facts.paid_fen
    assert decision.is_allowed == (decision.amount_fen > 0) == (decision.deadline_on is not None)
    assert decision.is_automatic == rule.is_automatic
    assert all(step.source.reference and step.label_zh and step.label_en for step in decision.steps)
    if decision.is_allowed:
        assert (decision.undoes, decision.bill_after) == (rule.undoes, rule.bill_after)
        assert decision.deadline_on is not None
        assert decision.deadline_on > facts.on
    else:
        assert (decision.undoes, decision.bill_after) == (Undoing.NONE, BillAfter.UNCHANGED)


@given(facts=questions(), days=st.integers(0, 40))
def test_cover_is_in_the_way_exactly_from_its_first_day_until_the_region_says(facts: RefundFacts, days: int) -> None:
    facts = replace(facts, owed_fen_now=Fen(0))
    gate = REASONS[facts.reason].gate
    asked_late = gate in {Gate.ASKED, Gate.BOTH} and facts.on >= COVER_FROM
    event_late = gate in {Gate.EVENT, Gate.BOTH} and facts.event_on is not None and facts.event_on >= COVER_FROM
    within = days > 0 and facts.on <= working_days_after(COVER_FROM, days)
    assert decide(facts, with_days(days)).is_allowed == (not (asked_late or event_late) or within)


@given(facts=questions())
def test_money_that_paid_no_bill_goes_back_as_asked_on_any_day(facts: RefundFacts) -> None:
    if REASONS[facts.reason].undoes is Undoing.NONE:
        decision = decide(replace(facts, cover_from=None, cover_until=None, event_on=None), national_rules())
        assert (decision.is_allowed, decision.amount_fen) == (True, facts.amount_fen)


def test_only_what_fits_no_bill_goes_back_without_anybody_asking() -> None:
    assert {reason for reason, rule in REASONS.items() if rule.is_automatic} == {
        "second_payment",
        "paid_after_close",
        "paid_after_window",
    }
    assert set(REASONS) == set(RefundReason)
    for rule in REASONS.values():
        assert (rule.undoes is Undoing.NONE) == (rule.bill_after is BillAfter.UNCHANGED) == (rule.gate is Gate.NONE)


def test_national_reading_says_that_it_is_one_and_how_far_it_can_be_relied_on() -> None:
    rules = national_rules()
    assert (rules.is_national, rules.after_start.days, rules.automatic.days, rules.decided.days) == (True, 0, 2, 15)
    reasons = {reason: found.source for reason, found in rules.reasons.items()}
    sources = [rules.after_start.source, rules.automatic.source, rules.decided.source, *reasons.values()]
    assert {source.reliability for source in sources} == {Reliability.C, Reliability.UNSOURCED}
    assert [reason for reason, source in reasons.items() if source.reliability is Reliability.UNSOURCED] == [
        RefundReason.UNKNOWN_ORDER
    ]


def test_region_without_a_section_is_read_nationally_and_its_published_form_does_not_change() -> None:
    parameters = nanchang()
    assert refund_rules(parameters) == national_rules()
    assert "refund" not in to_document(parameters)


def test_region_with_a_section_has_its_numbers_with_its_sources() -> None:
    parameters = nanchang(NANCHANG + OWN)
    rules = refund_rules(parameters)
    assert (rules.is_national, rules.after_start.days, rules.automatic.days, rules.decided.days) == (False, 20, 1, 7)
    assert rules.after_start.source == parameters.source("l1")
    assert rules.decided.source.reliability is Reliability.UNSOURCED
    assert rules.reasons == national_rules().reasons
    assert from_document(to_document(parameters), file="published") == parameters


def test_section_with_a_bare_number_an_unknown_source_or_a_missing_key_is_refused() -> None:
    bad = {
        "{value: 20, source: l1}": "20",
        "{value: 1, source: l1}": "{value: 1, source: nowhere}",
        "  decided_working_days: {value: 7, source: design}\n": "",
        "{value: 7, source: design}": "{value: -1, source: design}",
    }
    for found, instead in bad.items():
        assert OWN.count(found) == 1
        parameters, findings = find_in(NANCHANG + OWN.replace(found, instead), file="360100/2025.yaml")
        assert parameters is None
        assert [finding.key.split(".")[0] for finding in findings] == ["refund"], findings


@pytest.mark.parametrize(
    ("on", "count", "expected"),
    [
        (date(2025, 1, 1), 0, date(2025, 1, 1)),
        (date(2025, 1, 1), 1, date(2025, 1, 2)),
        (date(2025, 1, 3), 1, date(2025, 1, 6)),
        (date(2025, 1, 4), 1, date(2025, 1, 6)),
        (date(2025, 1, 5), 5, date(2025, 1, 10)),
        (date(2025, 1, 1), 20, date(2025, 1, 29)),
    ],
)
def test_working_days(on: date, count: int, expected: date) -> None:
    assert working_days_after(on, count) == expected


@given(on=DAYS, count=st.integers(1, 60))
def test_working_days_are_counted_one_by_one(on: date, count: int) -> None:
    found = working_days_after(on, count)
    between = [on + timedelta(days=step) for step in range(1, (found - on).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == count
    assert found.weekday() < 5
