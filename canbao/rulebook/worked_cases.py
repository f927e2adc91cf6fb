"""Worked cases: the law's examples, written by a jurist in YAML, that the rules must answer to the fen and to the
day.

A case names the values it is about, changes some of them where it tries another reading, states the facts, asks one
question and says what must come out and where that is written. `docs/how_to_add_a_case.md` shows how to write one.
They run in the tests and by `canbao policy cases`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, TypeAdapter, ValidationError

from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.kernel.yaml_text import read_yaml
from canbao.rulebook.contribution import Facts, person_class, price
from canbao.rulebook.entitlement import CoverFacts, cover_of
from canbao.rulebook.errors import CASE_REFUSED
from canbao.rulebook.newborn import NewbornChoice, insured_years_of, newborn_choices
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import from_document
from canbao.rulebook.refund import RefundFacts, RefundReason, decide, refund_rules
from canbao.rulebook.sense import senseless
from canbao.rulebook.window import calendar_window_on, due_period, window_on

STRICT = ConfigDict(frozen=True, extra="forbid")


class Question(StrEnum):
    """What a case asks."""

    PRICE = "price"
    WINDOW = "window"
    CALENDAR = "calendar"
    COVER = "cover"
    CHOICES = "choices"
    DUE = "due"
    REFUND = "refund"


class CaseFacts(BaseModel):
    """The facts of a case; each question uses its own."""

    model_config = STRICT

    born_on: date | None = None
    category: StrictStr = "1501"
    identities: tuple[StrictStr, ...] = ()
    tier: StrictStr | None = None
    day: date | None = None
    paid_on: date | None = None
    lapsed_years: StrictInt = 0
    repaired_years: StrictInt = 0
    exempt_group: StrictStr | None = None
    newborn_choice: NewbornChoice | None = None
    reason: RefundReason | None = None
    cover_from: date | None = None
    cover_until: date | None = None
    event_on: date | None = None
    amount_fen: StrictInt = 0
    paid_fen: StrictInt = 40000
    owed_fen_now: StrictInt | None = None


class Case(BaseModel):
    """One worked case. `values` names a parameter file; `changes` replaces values in it by dotted key; null removes."""

    model_config = STRICT

    case: Annotated[StrictStr, Field(min_length=5)]
    source: Annotated[StrictStr, Field(min_length=2)]
    values: StrictStr
    changes: dict[str, Any] = {}
    ask: Question
    facts: CaseFacts = CaseFacts()
    expect: Annotated[dict[str, Any], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a case expected and what the rules gave."""

    case: str
    key: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.case}: {self.key} should be {self.expected} and is {self.found}"


def read_cases(text: str, *, file: str) -> list[Case]:
    """The cases in a file. Errors: `rulebook.case_refused` naming file, case and reason."""
    try:
        cases = TypeAdapter(list[Case]).validate_python(read_yaml(text))
    except yaml.YAMLError as malformed:
        raise CASE_REFUSED(file=file, case="(file)", reason=str(malformed).splitlines()[0]) from None
    except ValidationError as refused:
        detail = refused.errors(include_url=False)[0]
        number, *path = detail["loc"] or ("(file)",)
        name = f"case {number + 1}" if isinstance(number, int) else str(number)
        where = ".".join(str(part) for part in path)
        raise CASE_REFUSED(file=file, case=name, reason=f"{where}: {detail['msg']}".lstrip(": ")) from None
    if not cases:
        raise CASE_REFUSED(file=file, case="(file)", reason="it holds no case")
    return cases


def run_case(case: Case, values: Callable[[str], str]) -> list[Difference]:
    """What differs from the case's expectation; empty when the rules agree. `values` gives the text of a parameter
    file.

    Errors: `rulebook.case_refused` where the case cannot be asked at all (a fact is missing, its changed values do
    not load, an expectation that the question does not answer).
    """
    parameters = _parameters(case, values(case.values))
    try:
        found = _ANSWERS[case.ask](case, parameters)
    except CanbaoError as refusal:
        if refusal.code == CASE_REFUSED.code:
            raise
        found = {"error": refusal.code}
    differences = []
    for key, expected in case.expect.items():
        if key not in found and "error" not in found and key != "error":
            raise _refused(case, f"{case.ask} does not answer “{key}”; it answers {', '.join(sorted(found))}")
        if found.get(key) != expected:
            differences.append(
                Difference(
                    case=case.case, key=key, expected=str(expected), found=str(found.get(key, found.get("error")))
                )
            )
    return differences


def _parameters(case: Case, text: str) -> RegionYear:
    document = copy.deepcopy(_document(text))
    for path, value in case.changes.items():
        *above, last = path.split(".")
        place = document
        for part in above:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise _refused(case, f"changes “{path}”, which {case.values} does not have")
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    parameters = from_document(document, file=case.values)
    for key, reason in senseless(parameters):
        # A change may leave a source without a value; everything else must still make sense.
        if key[0] != "sources":
            raise _refused(case, f"{'.'.join(map(str, key))} {reason}")
    return parameters


@lru_cache(maxsize=64)
def _document(text: str) -> Any:
    return read_yaml(text)


def _price(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    facts = case.facts
    person = Facts(
        born_on=_needed(case, facts.born_on, "born_on"),
        category_code=facts.category,
        identity_codes=frozenset(facts.identities),
        tier=facts.tier,
    )
    found = price(person_class(person, parameters), parameters)
    return {
        "total_fen": found.total_fen,
        "government_fen": found.government_fen,
        "assistance_fen": found.assistance_fen,
        "personal_fen": found.personal_fen,
        "applied": found.applied_identity,
        "is_final": found.is_final,
        "reliability": [str(step.source.reliability) for step in found.steps],
    }


def _window(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    ask = window_on if case.ask is Question.WINDOW else calendar_window_on
    verdict = ask(parameters, _needed(case, case.facts.day, "day"), born_on=case.facts.born_on)
    return {
        "state": str(verdict.state),
        "opens_on": verdict.opens_on,
        "closes_on": verdict.closes_on,
        "late_until_on": verdict.late_until_on,
        "late_wait_months": verdict.late_wait_months,
        "full_fen": verdict.full_fen,
        "full_from_on": verdict.full_from_on,
        "is_payable": verdict.is_payable,
    }


def _cover(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    facts = case.facts
    found = cover_of(
        CoverFacts(
            insured_year=parameters.insured_year,
            born_on=_needed(case, facts.born_on, "born_on"),
            category_code=facts.category,
            identity_codes=frozenset(facts.identities),
            paid_on=_needed(case, facts.paid_on, "paid_on"),
            lapsed_years=facts.lapsed_years,
            repaired_years=facts.repaired_years,
            exempt_group=facts.exempt_group,
            newborn_choice=facts.newborn_choice,
        ),
        parameters,
    )
    return {
        "from_on": found.from_on,
        "until_on": found.until_on,
        "wait_months": found.wait_months,
        "is_empty": found.is_empty,
        "reliability": [str(step.source.reliability) for step in found.steps],
    }


def _choices(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    born_on = _needed(case, case.facts.born_on, "born_on")
    choices = newborn_choices(parameters, born_on)
    return {
        "choices": [str(choice) for choice in choices],
        "years": {str(choice): list(insured_years_of(choice, born_on)) for choice in choices},
    }


def _due(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    first, last = due_period(parameters)
    return {
        "notice_year": parameters.notice_year.value,
        "collected_from": parameters.collected_from,
        "collected_until": parameters.collected_until,
        "insured_year": parameters.insured_year,
        "due_from": first,
        "due_until": last,
    }


def _refund(case: Case, parameters: RegionYear) -> Mapping[str, object]:
    facts = case.facts
    if facts.reason is None:
        raise _refused(case, f"{case.ask} needs the fact reason")
    found = decide(
        RefundFacts(
            reason=facts.reason,
            on=_needed(case, facts.day, "day"),
            paid_on=_needed(case, facts.paid_on, "paid_on"),
            amount_fen=Fen(facts.amount_fen),
            paid_fen=Fen(facts.paid_fen),
            cover_from=facts.cover_from,
            cover_until=facts.cover_until,
            event_on=facts.event_on,
            owed_fen_now=Fen(facts.owed_fen_now) if facts.owed_fen_now is not None else None,
        ),
        refund_rules(parameters),
    )
    return {
        "is_allowed": found.is_allowed,
        "is_automatic": found.is_automatic,
        "amount_fen": found.amount_fen,
        "undoes": str(found.undoes),
        "bill_after": str(found.bill_after),
        "deadline_on": found.deadline_on,
        "says": [step.label_en for step in found.steps],
        "sources": [step.source.key for step in found.steps],
        "reliability": [str(step.source.reliability) for step in found.steps],
    }


_ANSWERS: Mapping[Question, Callable[[Case, RegionYear], Mapping[str, object]]] = {
    Question.PRICE: _price,
    Question.WINDOW: _window,
    Question.CALENDAR: _window,
    Question.COVER: _cover,
    Question.CHOICES: _choices,
    Question.DUE: _due,
    Question.REFUND: _refund,
}


def _needed(case: Case, value: date | None, name: str) -> date:
    if value is None:
        raise _refused(case, f"{case.ask} needs the fact {name}")
    return value


def _refused(case: Case, reason: str) -> CanbaoError:
    return CASE_REFUSED(file=case.values, case=case.case, reason=reason)
