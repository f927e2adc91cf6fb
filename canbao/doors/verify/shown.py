"""A verdict as the page shows it: masked already by the documents room, arranged here for reading and for voice
readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from canbao.documents.public import MaskedLine, SubjectKind, Verdict, VerdictState
from canbao.doors.frame.people import PersonShown
from canbao.kernel.money import Fen

MARKS = {VerdictState.GENUINE: "paid", VerdictState.VOIDED: "closed", VerdictState.UNKNOWN: "failed"}
"""The icon beside each verdict; the words alone are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """One insured person. `cover_last_on` is the last day of cover, inclusive, as people read it."""

    person: PersonShown
    scheme_name: str
    collected_year: int
    cover_from: date
    cover_last_on: date
    paid_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictShown:
    """What the page needs beside the verdict itself."""

    verdict: Verdict
    mark: str
    is_genuine: bool
    is_voided: bool
    is_met_by_subsidy: bool
    lines: tuple[LineShown, ...]


def verdict_shown(verdict: Verdict) -> VerdictShown:
    """Arrange a verdict."""
    return VerdictShown(
        verdict=verdict,
        mark=MARKS[verdict.state],
        is_genuine=verdict.state is VerdictState.GENUINE,
        is_voided=verdict.state is VerdictState.VOIDED,
        is_met_by_subsidy=verdict.subject_kind is SubjectKind.BILL,
        lines=tuple(_line_shown(line) for line in verdict.lines),
    )


def _line_shown(line: MaskedLine) -> LineShown:
    masked = line.name_masked
    return LineShown(
        person=PersonShown(
            name_masked=masked,
            name_last=masked[:1] if masked.isascii() else masked[-1:],
            id_no_masked="",
            id_tail=line.id_tail,
        ),
        scheme_name=line.scheme_name,
        collected_year=line.collected_year,
        cover_from=line.cover_from,
        cover_last_on=line.cover_until - timedelta(days=1),
        paid_fen=line.paid_fen,
    )
