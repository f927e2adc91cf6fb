"""The front door of reconciliation: statements, the verdicts on their lines, and the auditors that compare rooms.

Read `statement_files`, `loading` and `matching` for what each promises.
"""

from __future__ import annotations

from canbao.reconciliation.checks import AUDITORS
from canbao.reconciliation.errors import (
    CHANNEL_WITHOUT_STATEMENTS,
    DAY_NOT_OVER,
    STATEMENT_NOT_FETCHED,
    STATEMENT_NOT_READY,
)
from canbao.reconciliation.loading import load_lines
from canbao.reconciliation.matching import (
    Difference,
    VerdictCount,
    captured_among,
    differences_of,
    heal,
    match_statement,
    payment_of,
    standing,
    to_settle,
    verdict_counts,
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
from canbao.reconciliation.states import STATEMENT, StatementSource, StatementState

__all__ = [
    "AUDITORS",
    "CHANNEL_WITHOUT_STATEMENTS",
    "DAY_NOT_OVER",
    "STATEMENT",
    "STATEMENT_NOT_FETCHED",
    "STATEMENT_NOT_READY",
    "Difference",
    "Heal",
    "Statement",
    "StatementSource",
    "StatementState",
    "Verdict",
    "VerdictCount",
    "captured_among",
    "days_matched",
    "differences_of",
    "fail_statement",
    "heal",
    "keep_statement",
    "load_lines",
    "match_statement",
    "payment_of",
    "standing",
    "statement",
    "statement_text",
    "statements_of",
    "to_settle",
    "verdict_counts",
]
