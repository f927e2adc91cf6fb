"""The tables of reconciliation, gathered from the files that describe them."""

from __future__ import annotations

from canbao.reconciliation import discrepancy_models, statement_models
from canbao.reconciliation.discrepancy_models import Discrepancy, DiscrepancyEvent
from canbao.reconciliation.statement_models import (
    Difference,
    FundLine,
    Line,
    Statement,
    StatementEvent,
    StatementPart,
)

__all__ = [
    "APPEND_ONLY",
    "Difference",
    "Discrepancy",
    "DiscrepancyEvent",
    "FundLine",
    "Line",
    "Statement",
    "StatementEvent",
    "StatementPart",
]

APPEND_ONLY = (*statement_models.APPEND_ONLY, *discrepancy_models.APPEND_ONLY)
