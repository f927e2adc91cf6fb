"""What is said of rows once a whole batch is known: repeats, other persons under the same number, other regions'
claims. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.registry import errors
from canbao.registry.columns import Column, Layout
from canbao.registry.prepared import PreparedRows
from canbao.registry.repeats import Repeat
from canbao.registry.rows import RowProblem

HEADER_LINE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A number that several regions register. `is_claimed` says of each whether another's enrolment is in force too."""

    id_digest: bytes
    is_claimed: dict[RegionCode, bool]


def header_problems(layout: Layout) -> list[RowProblem]:
    """A warning for every column that is not read."""
    return [
        RowProblem(line=HEADER_LINE, column=title, code=errors.WARN_COLUMN_UNKNOWN.code, is_warning=True)
        for title in layout.unknown
    ]


def repeat_problems(rows: PreparedRows, repeats: Sequence[Repeat]) -> list[RowProblem]:
    """A refusal, naming the first line, for every row that repeats a number and says otherwise."""
    return [
        _problem(rows.line[repeat.place], errors.ROW_REPEATS_OTHERWISE(line=repeat.first_line), is_warning=False)
        for repeat in repeats
        if not repeat.is_same
    ]


def other_person_problems(rows: PreparedRows, places: Sequence[int]) -> list[RowProblem]:
    """A refusal for every row whose number belongs to somebody else in the register."""
    return [_problem(rows.line[place], errors.ROW_OTHER_PERSON(), is_warning=False) for place in places]


def elsewhere_problems(rows: PreparedRows, claims: Sequence[Claim], region: RegionCode) -> list[RowProblem]:
    """A warning, naming the other regions, for every row of this region whom another region claims too."""
    others = {
        claim.id_digest: "、".join(str(other) for other in sorted(claim.is_claimed) if other != region)
        for claim in claims
        if claim.is_claimed.get(region, False)
    }
    return [
        _problem(rows.line[place], errors.WARN_ELSEWHERE(regions=others[number]), is_warning=True)
        for place, number in enumerate(rows.id_digest)
        if number in others
    ]


def _problem(line: int, said: CanbaoError, *, is_warning: bool) -> RowProblem:
    return RowProblem(
        line=line, column=Column.ID_NO.value, code=said.code, params=dict(said.params), is_warning=is_warning
    )
