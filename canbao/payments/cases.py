"""Cases of money that no refund speaks for any more, and which cases are none any more.

A case is closed by whoever looks after discrepancies: when a person has resolved it, or when its matter is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.payments import refund_rows, store
from canbao.payments.refund_rows import Refund
from canbao.payments.refundable import Refundable, refundables
from canbao.payments.rules import SUSPENDED, SUSPENSE_LEFT
from canbao.payments.states import ORDER, REFUND

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseOfCapture:
    """An open case about a refund, and the capture that the refund is of."""

    case_id: UUID
    capture_id: UUID


def open_suspense_case(tx: Tx, ended: Refund, capture: Refundable, *, now: Instant) -> None:
    """Put before a person what of a capture waits in suspense now that a refund of it was turned down or given up.

    Nothing is opened where nothing waits, or where an open case tells of this very money already.
    """
    if capture.suspense_fen <= 0:
        return
    if tx.scalars(
        statements["find_case_of_suspense"],
        order_no=ended.order_no,
        reason=capture.reason,
        left_kind=SUSPENSE_LEFT,
        capture_id=capture.capture_id,
    ):
        return
    case_id = derived_id("case", SUSPENSE_LEFT, str(ended.refund_id))
    row = store.CaseRow(
        id=case_id,
        case_no=make_no(refund_rows.region_of(tx), Kind.CASE, case_id),
        kind=SUSPENSE_LEFT,
        order_no=ended.order_no,
        subject_id=ended.refund_id,
        expected=f"{ended.refund_no} {ended.state}",
        found=f"{format_yuan(capture.suspense_fen)} CNY",
    )
    store.insert_cases(tx, [row], now=now)


def cases_gone(region: RegionCode, *, limit: int = 500) -> list[UUID]:
    """Open cases whose matter is none any more, oldest first.

    Money in suspense that has gone back whole, or that a refund speaks for again; a refund or an order that was overdue
    and has ended since.
    """
    with reading(region) as reader:
        gone: list[UUID] = reader.scalars(
            statements["find_cases_gone"],
            ended_orders=sorted(ORDER.terminal),
            ended_refunds=sorted(REFUND.terminal),
            suspended=sorted(map(str, SUSPENDED)),
            limit=limit,
        )
        left = reader.rows(statements["list_cases_of_captures"], _CaseOfCapture, kind=SUSPENSE_LEFT, limit=limit)
        captures = refundables(reader, capture_ids=[one.capture_id for one in left]) if left else []
        waiting = {found.capture_id for found in captures if found.suspense_fen > 0}
        return [*gone, *(one.case_id for one in left if one.capture_id not in waiting)]


def close_cases(tx: Tx, case_ids: Sequence[UUID]) -> list[UUID]:
    """Close cases; answers those that were open."""
    return tx.scalars(statements["close_cases"], case_ids=list(case_ids)) if case_ids else []
