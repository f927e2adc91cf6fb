"""Cases after they were opened: which of them are none any more, and closing those.

A case is closed by whoever looks after discrepancies: when a person has resolved it, or when its matter is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.payments.rules import SUSPENDED
from canbao.payments.states import ORDER, REFUND

statements = Statements(__package__)


def cases_gone(region: RegionCode, *, limit: int = 500) -> list[UUID]:
    """Open cases whose matter is none any more, oldest first.

    Money in suspense that has gone back whole; a refund or an order that was overdue and has ended since.
    """
    with reading(region) as reader:
        return reader.scalars(
            statements["find_cases_gone"],
            ended_orders=sorted(ORDER.terminal),
            ended_refunds=sorted(REFUND.terminal),
            suspended=sorted(map(str, SUSPENDED)),
            limit=limit,
        )


def close_cases(tx: Tx, case_ids: Sequence[UUID]) -> list[UUID]:
    """Close cases; answers those that were open."""
    return tx.scalars(statements["close_cases"], case_ids=list(case_ids)) if case_ids else []
