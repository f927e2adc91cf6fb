"""The tables of reconciliation, gathered from the files that describe them."""

from __future__ import annotations

from canbao.reconciliation import day_models, discrepancy_models, statement_models
from canbao.reconciliation.day_models import (
    Booking,
    BookingDay,
    BookingEvent,
    Day,
    DayExplanation,
    DayPaper,
    DayTotal,
)
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
    "Booking",
    "BookingDay",
    "BookingEvent",
    "Day",
    "DayExplanation",
    "DayPaper",
    "DayTotal",
    "Difference",
    "Discrepancy",
    "DiscrepancyEvent",
    "FundLine",
    "Line",
    "Statement",
    "StatementEvent",
    "StatementPart",
]

APPEND_ONLY = (*statement_models.APPEND_ONLY, *discrepancy_models.APPEND_ONLY, *day_models.APPEND_ONLY)
