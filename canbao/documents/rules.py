"""What a stranger who checks a voucher may see: pure functions from the facts of a voucher to a verdict.

Enough to compare with the paper in one's hand, and no more: a name's last character, the last two characters of a
number, amounts, both years, dates. Never a full name, never why somebody is assisted, never a way to the person's
other papers.

A voucher that took the place of a voided one names it on paper in full, for whoever has both in a file. Here only the
last four characters of that number are told: enough to compare, and no number that could be asked about in its turn,
since the older voucher also names whoever was refunded. The voided one says nothing of what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from canbao.documents.snapshot import SubjectKind, VoucherSnapshot
from canbao.documents.states import VoucherState
from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.masks import id_tail, mask_name
from canbao.kernel.money import Fen


class VerdictState(StrEnum):
    """The answer to "is this paper genuine?"."""

    GENUINE = "genuine"
    VOIDED = "voided"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedLine:
    """One insured person as a stranger may see them; `cover_until` is half-open."""

    name_masked: str
    id_tail: str
    scheme_name: str
    collected_year: int
    insured_year: int
    cover_from: date
    cover_until: date
    due_from: int
    due_until: int
    paid_fen: Fen


NOTHING = Fen(0)

REPLACES_TAIL = 4
"""How many characters of a replaced voucher's number a stranger may compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification says. For an unknown code everything but the state is empty: nothing more is told.

    `replaces_tail`: the last characters of the number whose place this voucher took, empty where it took none.
    """

    state: VerdictState
    voucher_no: str = ""
    subject_kind: SubjectKind | None = None
    region_name: str = ""
    collecting_office: str = ""
    issued_on: date | None = None
    happened_on: date | None = None
    voided_on: date | None = None
    total_fen: Fen = NOTHING
    lines: tuple[MaskedLine, ...] = ()
    is_demonstration: bool = False
    replaces_tail: str = ""


UNKNOWN = Verdict(state=VerdictState.UNKNOWN)


def verdict_of(
    snapshot: VoucherSnapshot, *, voucher_no: str, state: VoucherState, issued_at: Instant, voided_at: Instant | None
) -> Verdict:
    """The verdict on a voucher that exists."""
    return Verdict(
        state=VerdictState.VOIDED if state is VoucherState.VOIDED else VerdictState.GENUINE,
        voucher_no=voucher_no,
        subject_kind=snapshot.subject_kind,
        region_name=snapshot.region_name,
        collecting_office=snapshot.collecting_office,
        issued_on=civil_date(issued_at),
        happened_on=civil_date(snapshot.happened_at),
        voided_on=civil_date(voided_at) if voided_at is not None else None,
        total_fen=snapshot.total_fen,
        lines=tuple(
            MaskedLine(
                name_masked=mask_name(line.name),
                id_tail=id_tail(line.id_no_masked),
                scheme_name=line.scheme_name,
                collected_year=line.collected_year,
                insured_year=line.insured_year,
                cover_from=line.cover_from,
                cover_until=line.cover_until,
                due_from=line.due_from,
                due_until=line.due_until,
                paid_fen=line.paid_fen,
            )
            for line in snapshot.lines
        ),
        is_demonstration=snapshot.demonstration_on is not None,
        replaces_tail=snapshot.replaces_no[-REPLACES_TAIL:],
    )
