"""The tables of reconciliation, gathered from the files that describe them."""

from __future__ import annotations

from canbao.reconciliation import statement_models
from canbao.reconciliation.statement_models import (
    Difference,
    FundLine,
    Line,
    Statement,
    StatementEvent,
    StatementPart,
)

__all__ = ["APPEND_ONLY", "Difference", "FundLine", "Line", "Statement", "StatementEvent", "StatementPart"]

APPEND_ONLY = (*statement_models.APPEND_ONLY,)
