"""The life of a bill and of an assessment, as tables of edges.

A bill is born `due`. Where nothing is left for the person to pay it moves to `met_by_subsidy` in the same breath. An
open order locks it, and either pays it or frees it. A bill whose facts changed before payment is cancelled by a
negative record: `reversed` when another bill takes its place, `voided` when nothing is owed any more. A paid bill is
cancelled in the same two ways by a refund of all it was paid with, and by nothing else; a refund of a part leaves it
paid, with a negative record beside it.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class BillState(StrEnum):
    """Where a bill stands."""

    DUE = "due"
    LOCKED = "locked"
    PAID = "paid"
    MET_BY_SUBSIDY = "met_by_subsidy"
    VOIDED = "voided"
    REVERSED = "reversed"


BILL = StateMachine(
    "bill",
    BillState,
    # A negative record is born as what it is and never moves.
    initial=[BillState.DUE, BillState.REVERSED],
    edges=[
        Edge("meet", [BillState.DUE], BillState.MET_BY_SUBSIDY),
        Edge("lock", [BillState.DUE], BillState.LOCKED),
        Edge("free", [BillState.LOCKED], BillState.DUE),
        Edge("pay", [BillState.LOCKED], BillState.PAID),
        Edge("void", [BillState.DUE], BillState.VOIDED),
        Edge("reverse", [BillState.DUE], BillState.REVERSED),
        # Verbs of their own, so that what cancels bills still due can never reach one that is paid.
        Edge("renew", [BillState.PAID], BillState.REVERSED),
        Edge("annul", [BillState.PAID], BillState.VOIDED),
    ],
)

LIVE_STATES = (BillState.DUE, BillState.LOCKED, BillState.PAID, BillState.MET_BY_SUBSIDY)
"""States in which a bill is the one bill of its key: a second one beside it is refused by the database."""

CANCELLED_STATES = (BillState.VOIDED, BillState.REVERSED)
"""States that a negative record explains."""


class AssessmentState(StrEnum):
    """Where a run of the yearly assessment stands."""

    RUNNING = "running"
    FINISHED = "finished"
    SUPERSEDED = "superseded"


ASSESSMENT = StateMachine(
    "assessment",
    AssessmentState,
    initial=[AssessmentState.RUNNING],
    edges=[
        Edge("finish", [AssessmentState.RUNNING], AssessmentState.FINISHED),
        Edge("supersede", [AssessmentState.RUNNING], AssessmentState.SUPERSEDED),
    ],
)
