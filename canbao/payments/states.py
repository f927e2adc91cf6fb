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


class RefundState(StrEnum):
    """Where a refund stands.

    asked      somebody asked for it, and the rules allow it
    checked    somebody looked at it against what is in our books
    approved   it is to be sent: approved by another person than who asked, or owed without anybody asking
    sent       written down as sent, before the channel hears of it; then in work there
    unknown    an answer was lost or made no sense: we ask with the same number
    succeeded  the channel says that the money went back
    failed     given up, or replaced by a refund with a new number: this number will never be paid
    rejected   turned down before anything was sent
    by_hand    the channel said an explicit no, or cannot deliver the money: a person does the next step
    """

    ASKED = "asked"
    CHECKED = "checked"
    APPROVED = "approved"
    SENT = "sent"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    BY_HAND = "by_hand"


OUTSIDE = (RefundState.SENT, RefundState.UNKNOWN, RefundState.BY_HAND)
"""States in which the channel may have heard of a refund and may still say that the money went back."""

OWED = (RefundState.APPROVED, *OUTSIDE)
"""States in which the money is promised and not yet gone."""

OPEN_REFUNDS = (RefundState.ASKED, RefundState.CHECKED, *OWED)
"""States that a deadline counts in."""

REFUND = StateMachine(
    "refund",
    RefundState,
    # What is owed without anybody asking begins approved.
    initial=[RefundState.ASKED, RefundState.APPROVED],
    edges=[
        Edge("check", [RefundState.ASKED], RefundState.CHECKED),
        Edge("approve", [RefundState.CHECKED], RefundState.APPROVED),
        Edge("reject", [RefundState.ASKED, RefundState.CHECKED], RefundState.REJECTED),
        # Written and committed before the call, so that a lost process leaves a refund that is asked about.
        Edge("send", [RefundState.APPROVED], RefundState.SENT),
        # No answer, or one that cannot be believed, or the channel has never heard of what we wrote down as sent.
        Edge("lose", [RefundState.SENT], RefundState.UNKNOWN),
        # The same number once more.
        Edge("again", [RefundState.UNKNOWN, RefundState.BY_HAND], RefundState.SENT),
        Edge("succeed", [RefundState.SENT, RefundState.UNKNOWN, RefundState.BY_HAND], RefundState.SUCCEEDED),
        Edge("fail", [RefundState.SENT, RefundState.UNKNOWN, RefundState.BY_HAND], RefundState.FAILED),
        Edge("put_aside", [RefundState.SENT, RefundState.UNKNOWN], RefundState.BY_HAND),
    ],
)
