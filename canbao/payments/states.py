"""The life of an order, as a table of edges.

An order is written down before any channel hears of it (`open`). After that only an explicit answer moves it: a lost
answer makes it `unknown`, and an unknown order is asked about until the channel says paid, closed or never heard of.
"""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class OrderState(StrEnum):
    """Where an order stands.

    open      written down; the channel may or may not have heard of it
    placed    the channel has it; the wallet can be opened
    unknown   an answer was lost or made no sense: we ask
    settled   paid, in full, and the bills are paid with it
    closed    the channel says it cannot be paid any more, or it turned the order down
    expired   its time ran out unpaid, and the channel has said so
    """

    OPEN = "open"
    PLACED = "placed"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    CLOSED = "closed"
    EXPIRED = "expired"


LIVE = (OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN)
"""States in which the order holds its bills and may still be paid."""

ORDER = StateMachine(
    "payment order",
    OrderState,
    initial=[OrderState.OPEN],
    edges=[
        # Placing again takes the same number and values, and gives a fresh address of the wallet.
        Edge("place", [OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN], OrderState.PLACED),
        # No answer, or one that cannot be believed: ask before believing anything.
        Edge("lose", [OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN], OrderState.UNKNOWN),
        # The channel turned down the first and only request to place it.
        Edge("refuse", [OrderState.OPEN], OrderState.CLOSED),
        # A notice may overtake the answer to our own request.
        Edge("settle", [OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN], OrderState.SETTLED),
        # Only on an explicit answer.
        Edge("close", [OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN], OrderState.CLOSED),
        Edge("expire", [OrderState.OPEN, OrderState.PLACED, OrderState.UNKNOWN], OrderState.EXPIRED),
    ],
)
