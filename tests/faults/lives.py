"""What a payer, the channel and our workers live through at each moment of the matrix, one order for each fault.

All cells of a moment are played side by side in one town: every fault is put in force for one order alone, and every
order is of another resident. Then two days pass, with every notice, question, job and statement that falls into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from canbao.journeys.chase_orders import close_order
from canbao.payments.public import Order
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Endpoint, Fault, Rule
from tests.faults.played import Played
from tests.world import BEGINNING, CROWD, NANCHANG, Resident

UNTIL = BEGINNING + timedelta(days=3, hours=4)
"""Two in the afternoon three days later: the last look at what ended is past, three days are compared, and a refund
should long be with its payer."""


class Moment(StrEnum):
    """Where in the life of money a fault strikes."""

    PLACE = "place"
    PLACE_AND_LEAVE = "place, then leave"
    NOTICE = "notice"
    QUERY = "query"
    CLOSE = "close"
    PAY = "pay"
    EXPIRY = "expiry"
    REFUND = "refund"
    REFUND_QUERY = "refund query"
    REFUND_NOTICE = "refund notice"
    TRADE_BILL = "trade bill"
    FUND_BILL = "fund bill"
    BILL_FILE = "bill file"


ENDPOINTS: Mapping[Moment, Endpoint] = {
    Moment.PLACE: Endpoint.ORDER,
    Moment.PLACE_AND_LEAVE: Endpoint.ORDER,
    Moment.NOTICE: Endpoint.NOTICE,
    Moment.QUERY: Endpoint.QUERY,
    Moment.CLOSE: Endpoint.CLOSE,
    Moment.PAY: Endpoint.PAY,
    Moment.EXPIRY: Endpoint.EXPIRY,
    Moment.REFUND: Endpoint.REFUND,
    Moment.REFUND_QUERY: Endpoint.REFUND_QUERY,
    Moment.REFUND_NOTICE: Endpoint.REFUND_NOTICE,
    Moment.TRADE_BILL: Endpoint.TRADE_BILL,
    Moment.FUND_BILL: Endpoint.FUND_BILL,
    Moment.BILL_FILE: Endpoint.BILL_FILE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A fault at a moment. Written `fault`, or `fault=CODE` where the channel answers that error code."""

    moment: Moment
    name: str

    @property
    def fault(self) -> Fault:
        """The fault."""
        return Fault(self.name.partition("=")[0])

    def rule(self, order_no: str = "*", *, times: int = 1) -> Rule:
        """The fault in force, once, for this order alone."""
        code = self.name.partition("=")[2]
        return Rule(
            fault=self.fault,
            endpoint=ENDPOINTS[self.moment],
            out_trade_no=order_no,
            times=times,
            seconds=90.0,
            count=2 if self.fault in {Fault.NOTICE_DUPLICATE, Fault.NOTICE_DUPLICATE_CONCURRENT} else 1,
            code=ErrorCode(code) if code else ErrorCode.SYSTEM_ERROR,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """The order that a cell was played with."""

    order: Order
    resident: Resident


def live(played: Played, cells: Sequence[Cell]) -> dict[str, Lived]:
    """Play cells of one moment side by side; the order of each, by the cell's name."""
    (moment,) = {cell.moment for cell in cells}
    assert len(cells) <= len(CROWD), "each fault has a resident"
    lived = _LIVES[moment](played, list(zip(cells, CROWD, strict=False)))
    played.pass_until(UNTIL)
    return lived


Cast = list[tuple[Cell, Resident]]


def _place(played: Played, cast: Cast) -> dict[str, Lived]:
    """She presses pay; where no wallet opens she presses again, and then she pays."""
    lived = _pressed_under_faults(played, cast)
    played.pass_until(played.now + timedelta(seconds=3))
    for one in lived.values():
        played.press_again(one.order)
        played.pay(one.order)
    return lived


def _place_and_leave(played: Played, cast: Cast) -> dict[str, Lived]:
    """She presses pay, and goes away whatever comes."""
    return _pressed_under_faults(played, cast)


def _pressed_under_faults(played: Played, cast: Cast) -> dict[str, Lived]:
    lived = {}
    for cell, resident in cast:
        number = played.put_in_force(cell.rule())
        lived[cell.name] = Lived(order=played.press(resident), resident=resident)
        played.gateway.faults.clear(number)
    return lived


def _notice(played: Played, cast: Cast) -> dict[str, Lived]:
    """She pays at once; the fault strikes the first notice of it."""
    lived = _pressed(played, cast)
    _all_pay(played, lived)
    return lived


def _query(played: Played, cast: Cast) -> dict[str, Lived]:
    """She pays, every notice of it is lost, and the fault strikes our first question."""
    lived = _pressed(played, cast)
    for one in lived.values():
        _lose_notices(played, one.order, Endpoint.NOTICE)
    _all_pay(played, lived)
    return lived


def _close(played: Played, cast: Cast) -> dict[str, Lived]:
    """She gives up without paying; the fault strikes the close."""
    lived = _pressed(played, cast)
    played.pass_until(played.now + timedelta(seconds=10))
    for one in lived.values():
        close_order(NANCHANG, one.order.order_id, clock=played.clock)
    return lived


def _expiry(played: Played, cast: Cast) -> dict[str, Lived]:
    """She goes away without paying; the fault strikes when the order's time is over."""
    return _pressed(played, cast)


def _refund(played: Played, cast: Cast) -> dict[str, Lived]:
    """She gives up, pays all the same after the close, and her money goes back; the fault strikes the refund."""
    lived = _pressed(played, cast)
    _all_pay_late(played, lived)
    return lived


def _refund_query(played: Played, cast: Cast) -> dict[str, Lived]:
    """The same, the refund takes ninety seconds, its notices are lost, and the fault strikes our first question."""
    lived = _pressed(played, cast)
    for one in lived.values():
        _lose_notices(played, one.order, Endpoint.REFUND_NOTICE)
        _delay_refund(played, one.order, 90.0)
    _all_pay_late(played, lived)
    return lived


def _refund_notice(played: Played, cast: Cast) -> dict[str, Lived]:
    """The same, the refund takes thirty seconds, and the fault strikes the first notice of it."""
    lived = _pressed(played, cast)
    for one in lived.values():
        _delay_refund(played, one.order, 30.0)
    _all_pay_late(played, lived)
    return lived


def _pressed(played: Played, cast: Cast) -> dict[str, Lived]:
    lived = {}
    for cell, resident in cast:
        lived[cell.name] = Lived(order=played.press(resident), resident=resident)
        played.put_in_force(cell.rule(lived[cell.name].order.order_no))
    return lived


def _lose_notices(played: Played, order: Order, endpoint: Endpoint) -> None:
    played.put_in_force(
        Rule(fault=Fault.NOTICE_DROP, endpoint=endpoint, out_trade_no=order.order_no, times=0),
    )


def _delay_refund(played: Played, order: Order, seconds: float) -> None:
    played.put_in_force(
        Rule(fault=Fault.REFUND_DELAYED, endpoint=Endpoint.REFUND, out_trade_no=order.order_no, seconds=seconds)
    )


def _all_pay(played: Played, lived: Mapping[str, Lived]) -> None:
    played.pass_until(played.now + timedelta(seconds=2))
    for one in lived.values():
        played.pay(one.order)


def _all_pay_late(played: Played, lived: Mapping[str, Lived]) -> None:
    for one in lived.values():
        played.put_in_force(
            Rule(fault=Fault.PAID_AFTER_CLOSE, endpoint=Endpoint.CLOSE, out_trade_no=one.order.order_no)
        )
        close_order(NANCHANG, one.order.order_id, clock=played.clock)


_LIVES: Mapping[Moment, Callable[[Played, Cast], dict[str, Lived]]] = {
    Moment.PLACE: _place,
    Moment.PLACE_AND_LEAVE: _place_and_leave,
    Moment.NOTICE: _notice,
    Moment.QUERY: _query,
    Moment.CLOSE: _close,
    Moment.PAY: _notice,
    Moment.EXPIRY: _expiry,
    Moment.REFUND: _refund,
    Moment.REFUND_QUERY: _refund_query,
    Moment.REFUND_NOTICE: _refund_notice,
}
MOMENTS_OF_ORDERS = tuple(_LIVES)
