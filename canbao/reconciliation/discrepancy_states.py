"""The life of a discrepancy, as a table of edges: from the moment it stands before a person to its end.

It ends in one of two ways: a person resolved it, with a reason and above a certain amount with a second person, or it
went away by itself. What went away can come back; what was resolved is history, and if the matter changes afterwards
that is a discrepancy of its own.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class DiscrepancyState(StrEnum):
    """Where a discrepancy stands.

    open       nobody looks after it yet
    taken      somebody does, by name
    proposed   a resolution waits for a second person
    resolved   a person said what became of it, and why
    healed     it is none any more: both sides say the same now, or the money has found its place
    """

    OPEN = "open"
    TAKEN = "taken"
    PROPOSED = "proposed"
    RESOLVED = "resolved"
    HEALED = "healed"


STANDING = (DiscrepancyState.OPEN, DiscrepancyState.TAKEN, DiscrepancyState.PROPOSED)
"""States of a discrepancy that stands before people."""


DISCREPANCY = StateMachine(
    "discrepancy",
    DiscrepancyState,
    initial=[DiscrepancyState.OPEN],
    edges=[
        Edge("take", [DiscrepancyState.OPEN], DiscrepancyState.TAKEN),
        Edge("hand_over", [DiscrepancyState.TAKEN], DiscrepancyState.TAKEN),
        Edge("propose", [DiscrepancyState.TAKEN], DiscrepancyState.PROPOSED),
        # What is at stake is small: one person is enough.
        Edge("settle", [DiscrepancyState.TAKEN], DiscrepancyState.RESOLVED),
        Edge("approve", [DiscrepancyState.PROPOSED], DiscrepancyState.RESOLVED),
        Edge("send_back", [DiscrepancyState.PROPOSED], DiscrepancyState.TAKEN),
        Edge("heal", STANDING, DiscrepancyState.HEALED),
        Edge("reopen", [DiscrepancyState.HEALED], DiscrepancyState.OPEN),
    ],
)
