"""The chain of closed days, as pure functions: the bytes of a day and the hash that binds it to the one closed before.

Every field goes in, each with its length in front, the totals and explanations too, so that no two days have the same
bytes. SM3 (GB/T 32905) is the hash, as in the ledger. Each region and channel has a chain of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash

from canbao.kernel.clock import Instant

GENESIS = bytes(32)
"""What stands before the first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """What a closed day brought for a scheme and due period (yyyymm, both inclusive), and what refunds took out."""

    day_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    collected_count: int
    collected_fen: int
    refunded_count: int
    refunded_fen: int

    @property
    def net_fen(self) -> int:
        """What of it is to be booked into the treasury."""
        return self.collected_fen - self.refunded_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationRow:
    """One line of why fund statement and clearing account differ."""

    day_id: UUID
    place: int
    kind: str
    ref: str
    line_no: int | None
    item_count: int
    ours_fen: int
    theirs_fen: int
    case_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A closed day as its row says it; amounts in fen."""

    day_id: UUID
    channel_code: str
    day_on: date
    version_no: int
    place: int
    trades_id: UUID
    funds_id: UUID
    trades_digest: bytes
    funds_digest: bytes
    payment_count: int
    payment_fen: int
    refund_count: int
    refund_fen: int
    collected_fen: int
    suspended_fen: int
    refund_paid_fen: int
    fee_fen: int
    booked_fen: int
    clearing_in_fen: int
    clearing_out_fen: int
    funds_in_fen: int
    funds_out_fen: int
    explained_fen: int
    balance_fen: int | None
    closed_by: str
    reason: str
    closed_at: Instant
    link_hash: bytes


def content_bytes(row: DayRow, totals: Sequence[TotalRow], explanations: Sequence[ExplanationRow]) -> bytes:
    """What a day says, without who closed it and when, its version and its place: equal bytes, nothing to correct."""
    facts = (
        row.channel_code, row.day_on, row.trades_id, row.funds_id, bytes(row.trades_digest).hex(),
        bytes(row.funds_digest).hex(), row.payment_count, row.payment_fen, row.refund_count, row.refund_fen,
        row.collected_fen, row.suspended_fen, row.refund_paid_fen, row.fee_fen, row.booked_fen, row.clearing_in_fen,
        row.clearing_out_fen, row.funds_in_fen, row.funds_out_fen, row.explained_fen, row.balance_fen,
    )  # fmt: skip
    of_totals = (
        (one.scheme_code, one.due_from, one.due_until, one.collected_count, one.collected_fen, one.refunded_count,
         one.refunded_fen)
        for one in sorted(totals, key=lambda one: (one.scheme_code, one.due_from))
    )  # fmt: skip
    of_explanations = (
        (one.kind, one.ref, one.line_no, one.item_count, one.ours_fen, one.theirs_fen, one.case_no)
        for one in sorted(explanations, key=lambda one: one.place)
    )
    parts = [_joined(facts), str(len(totals)).encode(), *map(_joined, of_totals), *map(_joined, of_explanations)]
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)


def link_hash(
    before: bytes, region: int, row: DayRow, totals: Sequence[TotalRow], explanations: Sequence[ExplanationRow]
) -> bytes:
    """The hash of a closed day: SM3 over the hash of the day closed before, and everything that the day says."""
    closed_at = (row.closed_at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    head = _joined((region, row.day_id, row.version_no, row.place, row.closed_by, row.reason, f"{closed_at:.6f}"))
    digest = Hash(SM3())
    digest.update(before + head + content_bytes(row, totals, explanations))
    return digest.finalize()


def _joined(parts: Iterable[object]) -> bytes:
    words = ("" if part is None else str(part) for part in parts)
    return b"".join(b"%d:%s" % (len(word), word) for word in (word.encode() for word in words))
