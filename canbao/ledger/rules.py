"""The chain, as pure functions: the bytes of a transfer's row, the hash that binds it to the one before, the seal of
a day.

Every field of a row goes in, each with its length in front, so that no two rows have the same bytes. SM3 (GB/T 32905)
is the hash. A link binds its place and its day too; a day's seal binds the day before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash

from canbao.kernel.regions import RegionCode

GENESIS = bytes(32)
"""What stands before the first link and the first day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTransfer:
    """A transfer as its row says it."""

    id: UUID
    posting_id: UUID
    kind: str
    debit_account_id: UUID
    credit_account_id: UUID
    amount_fen: int
    order_id: UUID | None
    bill_id: UUID | None
    capture_id: UUID | None
    cause_id: UUID | None
    reason: str
    happened_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInNumbers:
    """A day's links: their places, count, amount and last hash."""

    chained_on: date
    first_place: int
    last_place: int
    transfer_count: int
    amount_fen: int
    last_hash: bytes


def row_bytes(region: RegionCode, row: BookedTransfer) -> bytes:
    """A transfer's row as bytes, for ever the same for the same row.

    A cause stands at the end and only where there is one, so that rows older than causes keep their bytes.
    """
    place, amount, reason = str(region), str(row.amount_fen), row.reason
    happened, recorded = str(_microseconds(row.happened_at)), str(_microseconds(row.recorded_at))
    return (
        f"{len(place)}:{place}32:{row.id.hex}32:{row.posting_id.hex}{len(row.kind)}:{row.kind}"
        f"32:{row.debit_account_id.hex}32:{row.credit_account_id.hex}{len(amount)}:{amount}"
        f"{_optional(row.order_id)}{_optional(row.bill_id)}{_optional(row.capture_id)}"
        f"{len(reason)}:{reason}{len(happened)}:{happened}{len(recorded)}:{recorded}"
        f"{'' if row.cause_id is None else _optional(row.cause_id)}"
    ).encode()


def link_hash(before: bytes, place: int, chained_on: date, row: bytes) -> bytes:
    """The hash of a link: SM3 over the hash before, the link's place and day, and the row's bytes."""
    return _sm3(before, _joined((str(place), chained_on.isoformat())), row)


def day_hash(before: bytes, region: RegionCode, day: DayInNumbers) -> bytes:
    """The seal of a day: SM3 over the seal of the sealed day before, and the day in numbers."""
    numbers = (day.first_place, day.last_place, day.transfer_count, day.amount_fen)
    text = _joined((str(region), day.chained_on.isoformat(), *(str(number) for number in numbers)))
    return _sm3(before, text, day.last_hash)


def chain(
    region: RegionCode, before: bytes, first_place: int, chained_on: date, rows: Iterable[BookedTransfer]
) -> list[bytes]:
    """The hashes of consecutive links from `first_place` on, the first one bound to `before`."""
    hashes: list[bytes] = []
    for place, row in enumerate(rows, first_place):
        before = link_hash(before, place, chained_on, row_bytes(region, row))
        hashes.append(before)
    return hashes


def chaining_day(today: date, head_on: date | None, sealed_on: date | None) -> date:
    """The day that new links get: today, but never before the last link's and never one that is sealed.

    A clock that was set back, as demonstrations do, thus cannot add to a sealed day.

    >>> chaining_day(date(2024, 11, 15), date(2024, 11, 16), date(2024, 11, 16))
    datetime.date(2024, 11, 17)
    """
    days = [today]
    if head_on is not None:
        days.append(head_on)
    if sealed_on is not None:
        days.append(sealed_on + timedelta(days=1))
    return max(days)


def movements(rows: Sequence[BookedTransfer]) -> dict[UUID, tuple[int, int]]:
    """What the rows add to each account, in fen: its debits and its credits."""
    moved: dict[UUID, tuple[int, int]] = {}
    for row in rows:
        debit_fen, credit_fen = moved.get(row.debit_account_id, (0, 0))
        moved[row.debit_account_id] = (debit_fen + row.amount_fen, credit_fen)
        debit_fen, credit_fen = moved.get(row.credit_account_id, (0, 0))
        moved[row.credit_account_id] = (debit_fen, credit_fen + row.amount_fen)
    return moved


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _optional(value: UUID | None) -> str:
    return "0:" if value is None else f"32:{value.hex}"


def _joined(parts: Sequence[str]) -> bytes:
    return "".join(f"{len(part)}:{part}" for part in parts).encode()


def _sm3(*parts: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(b"".join(parts))
    return digest.finalize()
