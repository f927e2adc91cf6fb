"""Tell whoever resolves a discrepancy its history, and the line of the statement that says it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.channels import catalogue
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Discrepancy, EventRow

HEAD_LINE_NO = 1
"""Where a statement names its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyTold:
    """A discrepancy's moves in the order of time, and the statement's own line, if there is one, the payer masked."""

    moves: tuple[EventRow, ...]
    line: str


def tell_discrepancy(found: Discrepancy) -> DiscrepancyTold:
    """The history and the evidence of a discrepancy."""
    moves = reconciliation.discrepancy_events_of(found.region_code, found.discrepancy_id)
    return DiscrepancyTold(moves=tuple(moves), line=_line_of(found))


def _line_of(found: Discrepancy) -> str:
    if found.statement_id is None or found.line_no is None:
        return ""
    head, line = (
        reconciliation.statement_text(found.region_code, found.statement_id, line_no)
        for line_no in (HEAD_LINE_NO, found.line_no)
    )
    return catalogue.masked_statement_line(found.channel_code, head, line) if line else ""
