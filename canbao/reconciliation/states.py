"""The lives of the room's things, as tables of edges: a statement file here, discrepancies and bookings beside.

A statement's file is kept before a line of it is believed. A run that fails leaves nothing but the reason, and can be
run again: a failure is never the final answer.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine
from canbao.reconciliation.booking_states import BOOKING
from canbao.reconciliation.discrepancy_states import DISCREPANCY

__all__ = ["BOOKING", "DISCREPANCY", "STATEMENT", "StatementSource", "StatementState"]


class StatementState(StrEnum):
    """Where a statement stands.

    received   the file is kept, byte for byte
    loaded     every line was read, and the file's own summary agrees
    matched    every line has its verdict
    failed     it could not be read; the reason is kept, and it may be tried again
    """

    RECEIVED = "received"
    LOADED = "loaded"
    MATCHED = "matched"
    FAILED = "failed"


class StatementSource(StrEnum):
    """Where a statement came from.

    fetched   from the channel, its own hash compared
    by_hand   a person gave the file
    silent    the channel says that nothing happened that day: there is no file
    """

    FETCHED = "fetched"
    BY_HAND = "by_hand"
    SILENT = "silent"


STATEMENT = StateMachine(
    "statement",
    StatementState,
    initial=[StatementState.RECEIVED],
    edges=[
        Edge("load", [StatementState.RECEIVED, StatementState.FAILED], StatementState.LOADED),
        # A file that failed before may fail again, for the same reason or another.
        Edge("fail", [StatementState.RECEIVED, StatementState.FAILED], StatementState.FAILED),
        Edge("match", [StatementState.LOADED], StatementState.MATCHED),
    ],
)
