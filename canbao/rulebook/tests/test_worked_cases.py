"""Every worked case, one test each. A new case is a new paragraph in `rulebook/cases`; nothing is written here for
it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from canbao.kernel.errors import CanbaoError
from canbao.rulebook.worked_cases import Case, read_cases, run_case

ROOM = Path(__file__).parents[1]
VALUES = ROOM.parent / "policy" / "values"
FILES = sorted((ROOM / "cases").glob("*.yaml"))
CASES = [
    pytest.param(case, id=f"{file.stem}-{number}")
    for file in FILES
    for number, case in enumerate(read_cases(file.read_text(encoding="utf-8"), file=file.name), 1)
]


def values_of(name: str) -> str:
    root = ROOM / "cases" if name.startswith("areas/") else VALUES
    return (root / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_rules_answer_to_the_fen_and_the_day(case: Case) -> None:
    assert [str(difference) for difference in run_case(case, values_of)] == []


def test_there_are_at_least_sixty_cases_and_no_two_are_called_alike() -> None:
    names = [case.values[0].case for case in CASES if isinstance(case.values[0], Case)]
    assert len(names) == len(CASES) >= 60
    assert len(set(names)) == len(names)


GOOD = """
- case: Nanchang adult
  source: made for this test
  values: 360100/2025
  ask: price
  facts: {born_on: 1990-05-01, category: "1501"}
  expect: {personal_fen: 40000}
"""


def test_a_wrong_expectation_is_told_with_both_values() -> None:
    (case,) = read_cases(GOOD.replace("40000", "39999"), file="mine.yaml")
    assert [str(difference) for difference in run_case(case, values_of)] == [
        "Nanchang adult: personal_fen should be 39999 and is 40000"
    ]


@pytest.mark.parametrize(
    "old,new,reason",
    [
        ("personal_fen", "personel_fen", "does not answer “personel_fen”"),
        ("born_on: 1990-05-01, ", "", "needs the fact born_on"),
        ("  ask:", "  changes: {newborn.nowhere.at_all: 1}\n  ask:", "which 360100/2025 does not have"),
        ("  ask:", "  changes: {insured_year: 2031}\n  ask:", "does not begin in the insured year 2031"),
    ],
)
def test_a_case_that_cannot_be_asked_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    (case,) = read_cases(GOOD.replace(old, new), file="mine.yaml")
    with pytest.raises(CanbaoError) as refusal:
        run_case(case, values_of)
    assert refusal.value.code == "rulebook.case_refused"
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "text,reason",
    [
        ("- case: [", "(file)"),
        ("case: x", "valid list"),
        (GOOD.replace("source: made for this test", "sauce: x"), "case 1"),
        (GOOD.replace("ask: price", "ask: weather"), "case 1"),
    ],
)
def test_a_case_file_that_cannot_be_read_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(CanbaoError) as refusal:
        read_cases(text, file="mine.yaml")
    assert refusal.value.code == "rulebook.case_refused"
    assert reason in str(refusal.value)
