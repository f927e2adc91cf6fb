"""What of a capture can still go back, and what of it waits in suspense: counted here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, reading
from canbao.payments.errors import CAPTURE_NOT_FOUND

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refundable:
    """A capture, and how much of it can still go back.

    `claimed_fen` is what refunds speak for that are neither rejected nor failed; `suspense_fen` what of the capture
    waits in suspense: all of a suspended one, and what an approved refund that was given up brought back."""

    capture_id: UUID
    order_id: UUID | None
    order_no: str
    channel_code: str
    trade_ref: str
    captured_fen: Fen
    claimed_fen: Fen
    disposition: str
    reason: str
    happened_at: Instant
    suspense_fen: Fen

    @property
    def left_fen(self) -> Fen:
        """What can still be refunded."""
        return Fen(self.captured_fen - self.claimed_fen)


def refundables_of(region: RegionCode, order_no: str) -> list[Refundable]:
    """Every capture that named an order's number, with what is left of it to refund, in time order."""
    with reading(region) as reader:
        return refundables(reader, order_nos=[order_no])


def refund_left(region: RegionCode, capture_id: UUID) -> Refundable:
    """A capture with what is left of it: the quote that `ask_refund` takes. Errors: `payments.capture_not_found`."""
    with reading(region) as reader:
        return refundable(reader, capture_id)


def refundable(reader: Reader, capture_id: UUID) -> Refundable:
    """A capture with what is left of it, by its id. Errors: `payments.capture_not_found`."""
    found = refundables(reader, capture_ids=[capture_id])
    if not found:
        raise CAPTURE_NOT_FOUND()
    return found[0]


def refundables(reader: Reader, *, capture_ids: Sequence[UUID] = (), order_nos: Sequence[str] = ()) -> list[Refundable]:
    """Captures by id, or by the order number they named, with what is left of each, in the order of their recording."""
    return reader.rows(
        statements["read_refundable"], Refundable, capture_ids=list(capture_ids), order_nos=list(order_nos)
    )
