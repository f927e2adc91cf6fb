"""The front door of the documents room: issue, hand out, void and verify vouchers.

A voucher is made at its first download and kept; every later download gives the same bytes, until it is voided. A
subject has at most one voucher in force; the next one says on its face which voided one it takes the place of. What a
voucher says comes as a `VoucherSnapshot` from the journey that issues it. Anyone may check it by its number, and sees
it masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from canbao.documents import store
from canbao.documents.address import verification_address
from canbao.documents.checks import AUDITORS
from canbao.documents.day_sheet import DaySheet, SheetExplanation, SheetTotal, sign_day_sheet
from canbao.documents.errors import CODE_UNKNOWN, GLYPH_MISSING, SNAPSHOT_WRONG, VOUCHER_NOT_FOUND, VOUCHER_VOIDED
from canbao.documents.rendering import number_in, render
from canbao.documents.rules import UNKNOWN, MaskedLine, Verdict, VerdictState, verdict_of
from canbao.documents.seal import SealCheck, SealState
from canbao.documents.signing import seal_in_force
from canbao.documents.snapshot import (
    LINES_MAX,
    SubjectKind,
    VoucherLine,
    VoucherSnapshot,
    mask_to_last_four,
    refuse_what_does_not_add_up,
)
from canbao.documents.states import VoidReason, VoucherState
from canbao.kernel.clock import Instant
from canbao.kernel.errors import TRY_LATER, CanbaoError
from canbao.kernel.ids import Kind, ParsedNo, make_no, parse_no, uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx, reading

__all__ = [
    "AUDITORS",
    "CODE_UNKNOWN",
    "GLYPH_MISSING",
    "LINES_MAX",
    "SNAPSHOT_WRONG",
    "VOUCHER_NOT_FOUND",
    "VOUCHER_VOIDED",
    "DaySheet",
    "MaskedLine",
    "PaperCheck",
    "SealCheck",
    "SealState",
    "SheetExplanation",
    "SheetTotal",
    "SubjectKind",
    "Verdict",
    "VerdictState",
    "VoidReason",
    "VoidStatus",
    "Voucher",
    "VoucherLine",
    "VoucherRecord",
    "VoucherSnapshot",
    "VoucherState",
    "check_paper",
    "issue",
    "mask_to_last_four",
    "reseal",
    "seal_in_force",
    "sign_day_sheet",
    "verify",
    "void",
    "voucher_by_no",
    "voucher_of",
    "vouchers_of",
]

PAPERS_AT_ONCE = 50
"""How many papers are re-sealed in one transaction: about five megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher as it is handed out: its signed PDF and what is needed to name the file."""

    region_code: RegionCode
    voucher_no: str
    subject_kind: SubjectKind
    subject_id: UUID
    state: VoucherState
    issued_at: Instant
    pdf: bytes = field(repr=False)

    @property
    def file_name(self) -> str:
        """A name for the file that tells nothing about a person."""
        return f"canbao-voucher-{self.voucher_no}.pdf"

    @property
    def kilobytes(self) -> int:
        """How large the file is, in thousands of bytes begun."""
        return -(-len(self.pdf) // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRecord:
    """That a voucher was issued, and voided: never what it says. `voided_at` and `void_reason` are None in force."""

    voucher_no: str
    state: VoucherState
    issued_at: Instant
    voided_at: Instant | None
    void_reason: VoidReason | None


class VoidStatus(StrEnum):
    """What became of one subject whose voucher was to be voided, in order of precedence."""

    NOT_FOUND = "not_found"
    EXISTS = "exists"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCheck:
    """The finding on a PDF in somebody's hand.

    `seal` is what its signature says; `verdict` what we know of the number printed on it; `is_same_bytes` whether
    it is, byte for byte, the voucher that was issued under that number. Only all three together make a paper good.
    """

    seal: SealCheck
    verdict: Verdict
    is_same_bytes: bool

    @property
    def is_good(self) -> bool:
        """True for an unaltered, signed, known voucher that has not been voided."""
        return self.seal.state is SealState.INTACT and self.is_same_bytes and self.verdict.state is VerdictState.GENUINE


def issue(tx: Tx, snapshot: VoucherSnapshot, *, subject_id: UUID, now: Instant) -> Voucher:
    """The voucher in force of a subject (an order or a bill), made now if there is none.

    Whoever comes second gets the first one's bytes, also when both came at once, and whatever their snapshot says. One
    that is made after another was voided names the newest of the voided ones, whatever `replaces_no` the snapshot has.
    Nothing is kept unless everything could be drawn and signed.

    Errors: `documents.snapshot_wrong`, `documents.glyph_missing`, `documents.signer_incomplete`; `kernel.try_later`
    when the number is taken already, which is a chance of one in 2^50.
    """
    region = snapshot.region_code
    if tx.region != region:
        raise SNAPSHOT_WRONG(reason=f"region {region}")
    kept = store.paper_of_subject(tx, subject_id)
    if kept is not None and kept.state == VoucherState.ISSUED:
        return _voucher(region, kept)
    snapshot = replace(snapshot, replaces_no=kept.voucher_no if kept is not None else "")
    refuse_what_does_not_add_up(snapshot)
    voucher_id = uuid7(now)
    voucher_no = make_no(region, Kind.VOUCHER, voucher_id)
    drawn = render(snapshot, voucher_no=voucher_no, issued_at=now, address=verification_address(voucher_no))
    new = store.NewVoucher(
        voucher_id=voucher_id,
        voucher_no=voucher_no,
        subject_id=subject_id,
        snapshot=snapshot,
        pdf=seal_in_force().sign(drawn, at=now),
    )
    store.keep(tx, new, now=now)
    kept = store.paper_of_subject(tx, subject_id)
    if kept is None or kept.state != VoucherState.ISSUED:
        raise TRY_LATER()
    return _voucher(region, kept)


def voucher_of(region: RegionCode, subject_id: UUID) -> Voucher | None:
    """The voucher of a subject: the one in force, else the newest of those voided, or None where none was issued."""
    with reading(region) as reader:
        kept = store.paper_of_subject(reader, subject_id)
    return _voucher(region, kept) if kept is not None else None


def vouchers_of(region: RegionCode, subject_id: UUID) -> list[VoucherRecord]:
    """Every voucher that a subject ever had, in the order of issue."""
    with reading(region) as reader:
        rows = store.records_of_subject(reader, subject_id)
    return [
        VoucherRecord(
            voucher_no=row.voucher_no,
            state=VoucherState(row.state),
            issued_at=row.issued_at,
            voided_at=row.voided_at,
            void_reason=VoidReason(row.void_reason) if row.void_reason else None,
        )
        for row in rows
    ]


def voucher_by_no(text: str) -> Voucher:
    """The voucher of a printed number, for staff and the command line. Errors: `documents.code_unknown`."""
    number = _number(text)
    if number is not None:
        with reading(number.region_code) as reader:
            kept = store.paper_by_no(reader, number.text)
        if kept is not None:
            return _voucher(number.region_code, kept)
    raise CODE_UNKNOWN()


def verify(text: str) -> Verdict:
    """What anyone may know about the voucher of a number, typed or scanned.

    Never raises for what was typed: unknown is unknown.
    """
    number = _number(text)
    return _judged(number)[0] if number is not None else UNKNOWN


def check_paper(document: bytes) -> PaperCheck:
    """Check a PDF: its signature, the number printed on it, and whether it is the very paper that was issued."""
    check = seal_in_force().check(document)
    number = _number(number_in(check.title))
    if number is None:
        return PaperCheck(seal=check, verdict=UNKNOWN, is_same_bytes=False)
    verdict, pdf_sm3 = _judged(number)
    return PaperCheck(seal=check, verdict=verdict, is_same_bytes=pdf_sm3 == store.sm3(document))


def void(tx: Tx, subject_ids: Sequence[UUID], *, reason: VoidReason, now: Instant) -> list[VoidStatus]:
    """Void the vouchers in force of subjects: one status per subject, in order.

    `not_found` (none was issued), `exists` (all were voided before, or it is named earlier in this batch), `voided`. A
    voided voucher keeps its number and bytes; its verification says since when it is void.
    """
    # The one in force comes last, and stays where a subject has several.
    rows = sorted(store.hold(tx, subject_ids), key=lambda row: row.state == VoucherState.ISSUED)
    held = {row.subject_id: row for row in rows}
    statuses: list[VoidStatus] = []
    moving: list[UUID] = []
    for subject_id in subject_ids:
        row = held.get(subject_id)
        if row is None:
            statuses.append(VoidStatus.NOT_FOUND)
        elif row.state == VoucherState.VOIDED or row.id in moving:
            statuses.append(VoidStatus.EXISTS)
        else:
            statuses.append(VoidStatus.VOIDED)
            moving.append(row.id)
    store.void(tx, moving, reason=reason, now=now)
    return statuses


def reseal(tx: Tx, *, limit: int) -> int:
    """Put facts and papers that an older key sealed under the current key; answers how many rows, zero when none is
    left.

    At most `limit` facts, then at most `PAPERS_AT_ONCE` papers: a paper has about a hundred kilobytes.
    """
    facts_count = store.reseal_facts(tx, limit=limit)
    return facts_count or store.reseal_papers(tx, limit=min(limit, PAPERS_AT_ONCE))


def _number(text: str) -> ParsedNo | None:
    try:
        return parse_no(text, Kind.VOUCHER)
    except CanbaoError:
        return None


def _judged(number: ParsedNo) -> tuple[Verdict, bytes]:
    with reading(number.region_code) as reader:
        row = store.facts_by_no(reader, number.text)
    if row is None:
        return UNKNOWN, b""
    verdict = verdict_of(
        store.open_snapshot(number.region_code, row),
        voucher_no=row.voucher_no,
        state=VoucherState(row.state),
        issued_at=row.issued_at,
        voided_at=row.voided_at,
    )
    return verdict, bytes(row.pdf_sm3)


def _voucher(region: RegionCode, row: store.PaperRow) -> Voucher:
    return Voucher(
        region_code=region,
        voucher_no=row.voucher_no,
        subject_kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        state=VoucherState(row.state),
        issued_at=row.issued_at,
        pdf=store.open_pdf(region, row.id, row.sealed_pdf),
    )
