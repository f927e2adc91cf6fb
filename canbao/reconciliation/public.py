"""The front door of reconciliation: statements, the verdicts on their lines, and the auditors that compare rooms.

Read `statement_files`, `loading`, `matching` and `differences` for what each promises.
"""

from __future__ import annotations

from canbao.reconciliation.after_close import (
    RecordedSince,
    SinceClosed,
    end_since_closed,
    recorded_since,
    since_closed,
    tell_since_closed,
)
from canbao.reconciliation.booking_states import BookingState
from canbao.reconciliation.bookings import (
    Booking,
    InTreasury,
    WayToTreasury,
    book_days,
    booking_by_no,
    booking_events_of,
    bookings,
    confirm_booking,
    return_booking,
    send_booking_again,
    treasury_of_order,
    way_to_treasury,
)
from canbao.reconciliation.checks import AUDITORS
from canbao.reconciliation.day_chain import DayRow, ExplanationRow, TotalRow
from canbao.reconciliation.days import (
    ClosedDay,
    DayAsItStands,
    close_day,
    closed_day,
    closed_days,
    day_as_it_stands,
    day_paper,
    fee_to_post_fen,
    keep_day_paper,
)
from canbao.reconciliation.differences import (
    Difference,
    captured_among,
    differences_of,
    heal,
    payment_of,
    raise_missing,
    raise_page,
    standing,
    to_settle,
)
from canbao.reconciliation.discrepancies import Raised, RaiseStatus, heal_discrepancies, raise_discrepancies
from canbao.reconciliation.discrepancy_rules import Act, DiscrepancyKind
from canbao.reconciliation.discrepancy_states import STANDING, DiscrepancyState
from canbao.reconciliation.errors import (
    ACT_NOT_TRUE,
    CHANNEL_WITHOUT_STATEMENTS,
    DAY_NOT_OVER,
    STATEMENT_NOT_FETCHED,
    STATEMENT_NOT_READY,
)
from canbao.reconciliation.loading import load_lines
from canbao.reconciliation.matching import VerdictCount, match_statement, verdict_counts
from canbao.reconciliation.order_lines import LineTold, lines_of_order
from canbao.reconciliation.resolving import (
    Discrepancy,
    approve_resolution,
    discrepancies,
    discrepancy_by_no,
    discrepancy_events_of,
    propose_resolution,
    send_back_resolution,
    take_discrepancy,
)
from canbao.reconciliation.rules import Heal, Verdict
from canbao.reconciliation.statement_files import (
    Statement,
    days_matched,
    fail_statement,
    keep_statement,
    statement,
    statement_text,
    statements_of,
)
from canbao.reconciliation.states import DISCREPANCY, STATEMENT, StatementSource, StatementState

__all__ = [
    "ACT_NOT_TRUE",
    "AUDITORS",
    "CHANNEL_WITHOUT_STATEMENTS",
    "DAY_NOT_OVER",
    "DISCREPANCY",
    "STANDING",
    "STATEMENT",
    "STATEMENT_NOT_FETCHED",
    "STATEMENT_NOT_READY",
    "Act",
    "Booking",
    "BookingState",
    "ClosedDay",
    "DayAsItStands",
    "DayRow",
    "Difference",
    "Discrepancy",
    "DiscrepancyKind",
    "DiscrepancyState",
    "ExplanationRow",
    "Heal",
    "InTreasury",
    "LineTold",
    "RaiseStatus",
    "Raised",
    "RecordedSince",
    "SinceClosed",
    "Statement",
    "StatementSource",
    "StatementState",
    "TotalRow",
    "Verdict",
    "VerdictCount",
    "WayToTreasury",
    "approve_resolution",
    "book_days",
    "booking_by_no",
    "booking_events_of",
    "bookings",
    "captured_among",
    "close_day",
    "closed_day",
    "closed_days",
    "confirm_booking",
    "day_as_it_stands",
    "day_paper",
    "days_matched",
    "differences_of",
    "discrepancies",
    "discrepancy_by_no",
    "discrepancy_events_of",
    "end_since_closed",
    "fail_statement",
    "fee_to_post_fen",
    "heal",
    "heal_discrepancies",
    "keep_day_paper",
    "keep_statement",
    "lines_of_order",
    "load_lines",
    "match_statement",
    "payment_of",
    "propose_resolution",
    "raise_discrepancies",
    "raise_missing",
    "raise_page",
    "recorded_since",
    "return_booking",
    "send_back_resolution",
    "send_booking_again",
    "since_closed",
    "standing",
    "statement",
    "statement_text",
    "statements_of",
    "take_discrepancy",
    "tell_since_closed",
    "to_settle",
    "treasury_of_order",
    "verdict_counts",
    "way_to_treasury",
]
