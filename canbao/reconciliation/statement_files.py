"""Statement files: kept byte for byte before a line of them is believed, and read again from what was kept.

A file is cut at line ends into pieces of about a megabyte, each packed by itself, so that memory stays bounded and the
raw text of one line is found without unpacking the rest. The same bytes for the same day are one statement; other bytes
are its next version.

What a channel was asked for lies with the nation, once, for every region that shares the merchant: their statements of
it tell its digest and have no pieces of their own.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO
from uuid import UUID

from canbao.channels.interface import Account, StatementKind
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation import store
from canbao.reconciliation.errors import KEPT_FILE_DIFFERS, STATEMENT_NOT_FOUND
from canbao.reconciliation.states import StatementSource, StatementState

statements = Statements(__package__)

PIECE_BYTES = 1 << 20
LINE_BYTES_MAX = 1 << 16
"""A piece is cut in the middle of a line that is longer."""

PACKERS = 2
PIECES_AT_ONCE = 8
"""Pieces read back in one go: some megabytes, packed."""

GZIP = 31
"""zlib's `wbits` for gzip's form."""

TEXT_LENGTH_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A version of a day's statement. The sums are of all its lines, as the file says them; fees in thousandths of a
    fen. `failure_code` and its parameters say why it could not be read, when it is `failed`.
    """

    region_code: RegionCode
    statement_id: UUID
    channel_code: str
    kind: StatementKind
    day_on: date
    version_no: int
    digest: bytes
    size_bytes: int
    source: StatementSource
    state: StatementState
    is_current: bool
    line_count: int
    payment_count: int
    payment_fen: Fen
    refund_count: int
    refund_fen: Fen
    fee_milli_fen: int
    failure_code: str
    failure_params: Mapping[str, str | int]
    received_at: Instant
    loaded_at: Instant | None
    matched_at: Instant | None


def keep_statement(
    tx: Tx,
    *,
    channel_code: str,
    kind: StatementKind,
    day_on: date,
    source: StatementSource,
    file: BinaryIO | None,
    lies_with_nation: bool = False,
    now: Instant,
) -> Statement:
    """Keep a file as it came; answers the statement, an old one where these bytes were kept before.

    `file` is read from its beginning, twice; None when the channel says that nothing happened that day. One that
    `lies_with_nation` is told of by its digest and not kept again. Two workers with the same file keep it once: the
    second waits.
    """
    assert (file is None) == (source is StatementSource.SILENT), "only silence has no file"
    store.hold_statements(tx)
    region = _region_of(tx)
    digest, size_bytes = _digest_of(file) if file is not None else (b"", 0)
    known: list[UUID] = tx.scalars(
        statements["find_statement_by_digest"], channel_code=channel_code, kind=kind, day_on=day_on, digest=digest
    )
    if known:
        return statement(region, known[0])
    statement_id = derived_id("statement", region, channel_code, kind, day_on.isoformat(), digest.hex())
    newest: list[int] = tx.scalars(statements["read_last_version"], channel_code=channel_code, kind=kind, day_on=day_on)
    tx.run(
        statements["insert_statement"],
        statement_id=statement_id,
        channel_code=channel_code,
        kind=kind,
        day_on=day_on,
        version_no=(newest[0] if newest else 0) + 1,
        digest=digest,
        size_bytes=size_bytes,
        source=source,
        state=StatementState.RECEIVED,
        now=now,
    )
    if file is not None and not lies_with_nation:
        rows = ((int(region), statement_id, *piece) for piece in _packed_pieces(file))
        columns = ("region_code", "statement_id", "part_no", "first_line_no", "size_bytes", "packed")
        tx.copy("reconciliation_statement_part", columns, rows)
    store.record_move(tx, statement_id, 1, event="receive", target=StatementState.RECEIVED, cause=source, now=now)
    return statement(region, statement_id)


def bring_back(tx: Tx, kept: Statement, *, now: Instant) -> Statement:
    """Let a loaded version count again whose file came again after another's had taken its place: the last word counts.

    It is numbered as the newest, and trades are to be matched again. One that counts, or whose place no newer one has,
    is answered as it is.
    """
    store.hold_statements(tx)
    row = store.lock_statement(tx, kept.statement_id)
    day = {"channel_code": row.channel_code, "kind": row.kind, "day_on": row.day_on}
    counting: list[int] = tx.scalars(statements["read_current_version"], **day)
    if (
        row.state not in {StatementState.LOADED, StatementState.MATCHED}
        or not counting
        or counting[0] <= row.version_no
    ):
        return told(kept.region_code, row)
    (newest,) = tx.scalars(statements["read_last_version"], **day)
    (move_no,) = tx.scalars(statements["renew_version"], statement_id=row.statement_id, version_no=newest + 1, now=now)
    cause = f"version {row.version_no} came again"
    store.record_move(tx, row.statement_id, move_no, event="again", target=row.state, cause=cause, now=now)
    if kept.kind is StatementKind.FUNDS:
        store.supersede(tx, row, now=now)
    return told(kept.region_code, store.lock_statement(tx, row.statement_id))


def fail_statement(tx: Tx, statement_id: UUID, refused: CanbaoError, *, now: Instant) -> Statement:
    """Note why a statement could not be read. One that was loaded meanwhile by somebody else stays as it is."""
    move_no = store.note_failed(tx, statement_id, refused)
    if move_no is not None:
        store.record_move(
            tx, statement_id, move_no, event="fail", target=StatementState.FAILED, cause=refused.code, now=now
        )
    return statement(_region_of(tx), statement_id)


def statement(region: RegionCode, statement_id: UUID) -> Statement:
    """A statement by its id. Errors: `reconciliation.statement_not_found`."""
    with reading(region) as reader:
        row = reader.one(statements["read_statement"], store.StatementRow, statement_id=statement_id)
    if row is None:
        raise STATEMENT_NOT_FOUND()
    return told(region, row)


def statements_of(region: RegionCode, channel_code: str, day_on: date) -> list[Statement]:
    """Every version of a day's statements, trades before funds, the newest version first."""
    with reading(region) as reader:
        rows = reader.rows(statements["list_statements"], store.StatementRow, channel_code=channel_code, day_on=day_on)
    return [told(region, row) for row in rows]


def days_missing(region: RegionCode, channel_code: str, *, since: date, last: date) -> list[date]:
    """The days until `last` whose trade statement is not matched: all since the first that ever was, though not before
    `since`, and `last` in any case.
    """
    with reading(region) as reader:
        return reader.scalars(statements["list_days_missing"], channel_code=channel_code, since=since, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementThatCounts:
    """A statement whose day is done with: trades that were matched, or funds that were loaded."""

    day_on: date
    kind: str
    digest: bytes
    received_at: Instant


def statements_that_count(
    region: RegionCode, channel_code: str, days: Sequence[date]
) -> dict[tuple[date, StatementKind], StatementThatCounts]:
    """Of these days, the statements that count and are done with, by day and kind."""
    with reading(region) as reader:
        rows = reader.rows(
            statements["list_statements_that_count"], StatementThatCounts, channel_code=channel_code, days=list(days)
        )
    return {(row.day_on, StatementKind(row.kind)): row for row in rows}


def merchants_statements(
    channel_code: str, days: Sequence[date], account: Account
) -> dict[tuple[date, StatementKind], Statement]:
    """Of these days, the files that the nation keeps for everybody who shares this merchant, by day and kind: the
    newest that could be read or was not tried yet, else the newest.
    """
    with reading(NATION) as reader:
        rows = reader.rows(
            statements["find_merchants_statements"],
            store.StatementRow,
            channel_code=channel_code,
            days=list(days),
            merchant_ref=account.merchant_ref,
            app_ref=account.app_ref,
        )
    return {(row.day_on, StatementKind(row.kind)): told(NATION, row) for row in rows}


def statement_of_digest(region: RegionCode, like: Statement) -> Statement | None:
    """A region's statement of the same bytes for the same day, if it has one."""
    with reading(region) as reader:
        known: list[UUID] = reader.scalars(
            statements["find_statement_by_digest"],
            channel_code=like.channel_code,
            kind=like.kind,
            day_on=like.day_on,
            digest=like.digest,
        )
    return statement(region, known[0]) if known else None


def spool_file(kept: Statement, into: BinaryIO) -> None:
    """Write a kept file out again, plain and in bounded memory. Errors: `reconciliation.kept_file_differs`."""
    digest = hashlib.sha256()
    after = 0
    while True:
        with reading(kept.region_code) as reader:
            pieces: list[tuple[int, bytes]] = reader.tuples(
                statements["list_pieces"], statement_id=kept.statement_id, after=after, limit=PIECES_AT_ONCE
            )
        for part_no, packed in pieces:
            plain = _unpacked(packed)
            digest.update(plain)
            into.write(plain)
            after = part_no
        if len(pieces) < PIECES_AT_ONCE:
            break
    if digest.digest() != bytes(kept.digest):
        raise KEPT_FILE_DIFFERS(day=kept.day_on.isoformat())
    into.seek(0)


def statement_text(region: RegionCode, statement_id: UUID, line_no: int) -> str:
    """The raw text of a line, at most a thousand characters, from the file that was kept; empty where it has no such
    line. It may hold the payer's identifier at the channel: nobody is shown it as it is (`tell_discrepancy`).
    """
    pieces = _pieces_about(region, statement_id, line_no)
    if not pieces and region != NATION:
        home = statement_of_digest(NATION, statement(region, statement_id))
        pieces = _pieces_about(NATION, home.statement_id, line_no) if home is not None else []
    if not pieces or line_no < 1:
        return ""
    text = io.BytesIO(b"".join(_unpacked(packed) for _, _, packed in pieces))
    number = pieces[0][1]
    for raw in text:
        if number == line_no:
            return raw.decode("utf-8", errors="replace").rstrip("\r\n").lstrip("\ufeff")[:TEXT_LENGTH_MAX]
        number += 1
    return ""


def _pieces_about(region: RegionCode, statement_id: UUID, line_no: int) -> list[tuple[int, int, bytes]]:
    with reading(region) as reader:
        return reader.tuples(statements["list_parts"], statement_id=statement_id, line_no=line_no, limit=3)


def told(region: RegionCode, row: store.StatementRow) -> Statement:
    """A row of the table as the room tells it."""
    return Statement(
        region_code=region,
        statement_id=row.statement_id,
        channel_code=row.channel_code,
        kind=StatementKind(row.kind),
        day_on=row.day_on,
        version_no=row.version_no,
        digest=row.digest,
        size_bytes=row.size_bytes,
        source=StatementSource(row.source),
        state=StatementState(row.state),
        is_current=row.is_current,
        line_count=row.line_count,
        payment_count=row.payment_count,
        payment_fen=Fen(row.payment_fen),
        refund_count=row.refund_count,
        refund_fen=Fen(row.refund_fen),
        fee_milli_fen=row.fee_milli_fen,
        failure_code=row.failure_code,
        failure_params=row.failure_params,
        received_at=row.received_at,
        loaded_at=row.loaded_at,
        matched_at=row.matched_at,
    )


def _digest_of(file: BinaryIO) -> tuple[bytes, int]:
    file.seek(0)
    digest = hashlib.sha256()
    size = 0
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    return digest.digest(), size


def _packed_pieces(file: BinaryIO) -> Iterator[tuple[int, int, int, bytes]]:
    """Number, first line, size and packed bytes of each piece, in order; packed beside each other, a few at a time."""
    file.seek(0)
    waiting: deque[tuple[int, int, int, Future[bytes]]] = deque()
    with ThreadPoolExecutor(PACKERS) as packers:
        for part_no, (first_line_no, piece) in enumerate(_pieces(file), start=1):
            waiting.append((part_no, first_line_no, len(piece), packers.submit(_packed, piece)))
            if len(waiting) > 2 * PACKERS:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())


def _pieces(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    line_no = 1
    while piece := file.read(PIECE_BYTES):
        piece += file.readline(LINE_BYTES_MAX)
        yield line_no, piece
        line_no += piece.count(b"\n")


def _done(found: tuple[int, int, int, Future[bytes]]) -> tuple[int, int, int, bytes]:
    part_no, first_line_no, size_bytes, packing = found
    return part_no, first_line_no, size_bytes, packing.result()


def _packed(piece: bytes) -> bytes:
    return zlib.compress(piece, level=1, wbits=GZIP)


def _unpacked(packed: bytes) -> bytes:
    return zlib.decompress(packed, wbits=GZIP)


def _region_of(tx: Tx) -> RegionCode:
    assert tx.region is not None, "statements are regional"
    return tx.region
