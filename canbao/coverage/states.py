"""The life of a period of cover, as a table of edges.

Cover is written when its bill is settled and stands `in_force` from then on, also while its first day lies ahead:
whether a day is covered is for the dates to say. It ends early by a death, a move or a refund; what ran out by its
dates stays as it was.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class PeriodState(StrEnum):
    """Whether a period of cover stands."""

    IN_FORCE = "in_force"
    ENDED = "ended"


PERIOD = StateMachine(
    "coverage period",
    PeriodState,
    initial=[PeriodState.IN_FORCE],
    edges=[Edge("end", [PeriodState.IN_FORCE], PeriodState.ENDED)],
)
