"""The only file of the room that runs SQL, and the only one that seals and opens what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash

from canbao.documents.snapshot import VoucherSnapshot, from_document, to_document
from canbao.documents.states import VOUCHER, VoidReason, VoucherState
from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import key_id_of, reseal, ring, row_context, seal, seal_bytes, unseal, unseal_bytes
from canbao.kernel.sql import Reader, Statement, Statements, Tx

VOUCHER_TABLE = "documents_voucher"
PDF_TABLE = "documents_voucher_pdf"

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A voucher with its sealed paper."""

    id: UUID
    voucher_no: str
    subject_kind: str
    subject_id: UUID
    state: str
    issued_at: datetime
    voided_at: datetime | None
    sealed_pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A voucher without what it says."""

    voucher_no: str
    state: str
    issued_at: datetime
    voided_at: datetime | None
    void_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRow:
    """A voucher with its sealed facts."""

    id: UUID
    voucher_no: str
    state: str
    sealed: bytes
    pdf_sm3: bytes
    issued_at: datetime
    voided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """A voucher held for a move."""

    id: UUID
    subject_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRow:
    """A row that an older key sealed."""

    id: UUID
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsoundRow:
    """A voucher that is not as it must be."""

    id: UUID
    has_paper: bool
    state: str
    state_by_history: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """A sealed paper and the digest it must have."""

    id: UUID
    pdf_sm3: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ApartRow:
    """A voucher whose lines are not what they must be: its total, their sum, and how many they are."""

    id: UUID
    total_fen: int | None
    lines_fen: int
    line_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinedRow:
    """The sealed facts of a voucher, and the bills with their amounts that stand beside it."""

    id: UUID
    sealed: bytes
    bill_ids: list[UUID]
    paid_fens: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVoucher:
    """A voucher that is rendered, signed and ready to be kept."""

    voucher_id: UUID
    voucher_no: str
    subject_id: UUID
    snapshot: VoucherSnapshot
    pdf: bytes


def sm3(content: bytes) -> bytes:
    """The SM3 digest of bytes."""
    digest = Hash(SM3())
    digest.update(content)
    return digest.finalize()


def keep(tx: Tx, new: NewVoucher, *, now: Instant) -> bool:
    """Keep a voucher with its paper and its lines; False when one of the subject is in force already, and then nothing
    is written.
    """
    region = new.snapshot.region_code
    sealed = seal(to_document(new.snapshot), context=row_context(VOUCHER_TABLE, region, new.voucher_id))
    kept = tx.run(
        statements["insert_voucher"],
        voucher_id=new.voucher_id,
        voucher_no=new.voucher_no,
        subject_kind=str(new.snapshot.subject_kind),
        subject_id=new.subject_id,
        state=str(VoucherState.ISSUED),
        sealed=sealed,
        sealed_key=key_id_of(sealed),
        pdf_sm3=sm3(new.pdf),
        total_fen=new.snapshot.total_fen,
        now=now,
    )
    if not kept:
        return False
    sealed_pdf = seal_bytes(new.pdf, context=row_context(PDF_TABLE, region, new.voucher_id))
    tx.run(
        statements["insert_voucher_pdf"],
        voucher_id=new.voucher_id,
        sealed=sealed_pdf,
        sealed_key=key_id_of(sealed_pdf),
        now=now,
    )
    tx.run(
        statements["insert_voucher_lines"],
        voucher_id=new.voucher_id,
        bill_ids=[line.bill_id for line in new.snapshot.lines],
        paid_fens=[line.paid_fen for line in new.snapshot.lines],
    )
    return True


def paper_of_subject(reader: Reader, subject_id: UUID) -> PaperRow | None:
    """The voucher of a subject with its paper: the one in force, else the newest of the voided ones."""
    return reader.one(statements["find_paper_of_subject"], PaperRow, subject_id=subject_id)


def records_of_subject(reader: Reader, subject_id: UUID) -> list[RecordRow]:
    """Every voucher of a subject, in the order of issue."""
    return reader.rows(statements["list_vouchers_of_subject"], RecordRow, subject_id=subject_id)


def paper_by_no(reader: Reader, voucher_no: str) -> PaperRow | None:
    """The voucher of a number with its paper."""
    return reader.one(statements["find_paper_by_no"], PaperRow, voucher_no=voucher_no)


def facts_by_no(reader: Reader, voucher_no: str) -> FactsRow | None:
    """The voucher of a number with its facts."""
    return reader.one(statements["find_facts_by_no"], FactsRow, voucher_no=voucher_no)


def open_pdf(region: RegionCode, voucher_id: UUID, sealed: bytes) -> bytes:
    """The signed PDF itself."""
    return unseal_bytes(bytes(sealed), context=row_context(PDF_TABLE, region, voucher_id))


def open_snapshot(region: RegionCode, row: FactsRow | LinedRow) -> VoucherSnapshot:
    """What the voucher says."""
    return from_document(unseal(bytes(row.sealed), context=row_context(VOUCHER_TABLE, region, row.id)))


def hold(tx: Tx, subject_ids: Sequence[UUID]) -> list[HeldRow]:
    """Hold the vouchers of subjects until the transaction ends."""
    return tx.rows(statements["hold_vouchers"], HeldRow, subject_ids=list(subject_ids))


def void(tx: Tx, voucher_ids: Sequence[UUID], *, reason: VoidReason, now: Instant) -> None:
    """Void vouchers that are held and issued, and write their history."""
    if not voucher_ids:
        return
    moved = tx.run(
        statements["move_vouchers"],
        voucher_ids=list(voucher_ids),
        sources=VOUCHER.sources("void"),
        target=VOUCHER.target("void"),
        reason=str(reason),
        now=now,
    )
    assert moved == len(voucher_ids), "vouchers that are held and issued can be voided"
    tx.run(
        statements["record_moves"],
        voucher_ids=list(voucher_ids),
        event="void",
        state_from=str(VoucherState.ISSUED),
        state_to=VOUCHER.target("void"),
        now=now,
    )


def reseal_facts(tx: Tx, *, limit: int) -> int:
    """Put facts that an older key sealed under the current one; answers how many."""
    old = tx.rows(statements["hold_old_facts"], OldRow, current=ring().current_id, limit=limit)
    if old:
        _reseal(tx, statements["reseal_facts"], VOUCHER_TABLE, old)
    return len(old)


def reseal_papers(tx: Tx, *, limit: int) -> int:
    """Put papers that an older key sealed under the current one; answers how many."""
    old = tx.rows(statements["hold_old_papers"], OldRow, current=ring().current_id, limit=limit)
    if old:
        _reseal(tx, statements["reseal_papers"], PDF_TABLE, old)
    return len(old)


def _reseal(tx: Tx, statement: Statement, table: str, old: Sequence[OldRow]) -> None:
    assert tx.region is not None, "a sealed row belongs to a region"
    seals = [reseal(bytes(row.sealed), context=row_context(table, tx.region, row.id)) for row in old]
    tx.run(statement, ids=[row.id for row in old], seals=seals, current=ring().current_id)


def unsound(reader: Reader, *, limit: int) -> list[UnsoundRow]:
    """Vouchers without paper or at odds with their history."""
    return reader.rows(statements["find_unsound_vouchers"], UnsoundRow, limit=limit)


def lines_apart(reader: Reader, *, limit: int) -> list[ApartRow]:
    """Vouchers whose lines do not sum to their total, or that have one without the other."""
    return reader.rows(statements["find_lines_apart"], ApartRow, limit=limit)


def newest_papers(reader: Reader, *, limit: int) -> list[DigestRow]:
    """The newest papers with the digests they must have."""
    return reader.rows(statements["list_newest_papers"], DigestRow, limit=limit)


def newest_lined(reader: Reader, *, limit: int) -> list[LinedRow]:
    """The newest sealed facts with the lines that stand beside them."""
    return reader.rows(statements["list_newest_facts"], LinedRow, limit=limit)
