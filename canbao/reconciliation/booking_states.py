"""The life of a treasury booking (入库), as a table of edges.

Money of closed days is handed to the treasury for one scheme and due period at a time. The treasury says that it has
it, or sends it back with a reason; what came back is corrected and handed over again under the same number.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class BookingState(StrEnum):
    """Where a booking stands.

    sent       handed to the treasury, which has not answered
    booked     the money is in the treasury
    returned   the treasury sent it back
    """

    SENT = "sent"
    BOOKED = "booked"
    RETURNED = "returned"


BOOKING = StateMachine(
    "treasury booking",
    BookingState,
    initial=[BookingState.SENT],
    edges=[
        Edge("confirm", [BookingState.SENT], BookingState.BOOKED),
        Edge("return", [BookingState.SENT], BookingState.RETURNED),
        Edge("again", [BookingState.RETURNED], BookingState.SENT),
    ],
)
