"""What a day's statement lives through: one day for each fault, one payment on it, compared twice on the next morning.

At ten the fault strikes what our first run asks for; half an hour later the channel answers as it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from canbao.channels.interface import StatementKind
from canbao.journeys.chase_orders import close_order
from canbao.journeys.reconcile_day import reconcile_day
from canbao.kernel.errors import CanbaoError
from canbao.payments import public as payments
from canbao.payments.public import Order
from sandbox.wechat.faults import Endpoint, Fault, Rule
from tests.faults.lives import Cell, Moment
from tests.faults.played import Played
from tests.world import CROWD, NANCHANG, Resident, rows

KINDS: Mapping[Moment, StatementKind] = {
    Moment.TRADE_BILL: StatementKind.TRADES,
    Moment.BILL_FILE: StatementKind.TRADES,
    Moment.FUND_BILL: StatementKind.FUNDS,
}
HALF_AN_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)
STANDING = ["open", "taken", "proposed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnd:
    """How a day ended, each part in the words of the table's column of that name."""

    first: str
    people: str
    second: str
    still: str

    def told(self) -> str:
        """The end as the table writes it."""
        return " | ".join((self.first, self.people, self.second, self.still))


def live_days(played: Played, cells: Sequence[Cell]) -> dict[str, DayEnd]:
    """Play the cells of a statement's moment, a day each; how each day ended, by the cell's name."""
    played.clock.advance(HALF_AN_HOUR)
    ends = {}
    for cell, resident in zip(cells, CROWD, strict=False):
        live = _carried_day if cell.fault is Fault.STATEMENT_NEIGHBOUR_DAY else _day
        ends[cell.name] = live(played, cell, resident)
    return ends


def _day(played: Played, cell: Cell, resident: Resident) -> DayEnd:
    day_on = played.clock.today()
    order = _paid(played, resident)
    if cell.fault is Fault.STATEMENT_REFUND_AHEAD:
        _refund_in_work(played, CROWD[-1])
    played.clock.advance(DAY - HALF_AN_HOUR)
    number = played.put_in_force(cell.rule())
    first, people = _compared(played, cell, day_on), _before_people(day_on)
    played.gateway.faults.clear(number)
    played.clock.advance(HALF_AN_HOUR)
    end = DayEnd(first=first, people=people, second=_compared(played, cell, day_on), still=_before_people(day_on))
    _refuse_lost_money(order)
    return end


def _carried_day(played: Played, cell: Cell, resident: Resident) -> DayEnd:
    """The line stands in the next day's file for good: the second run is that of the next day."""
    played.clock.advance(DAY)
    day_on = played.clock.today()
    order = _paid(played, resident)
    number = played.put_in_force(cell.rule(times=0))
    played.clock.advance(DAY - HALF_AN_HOUR)
    first, people = _compared(played, cell, day_on), _before_people(day_on)
    played.clock.advance(DAY)
    second, still = _compared(played, cell, day_on + DAY), _before_people(day_on, day_on + DAY)
    played.gateway.faults.clear(number)
    played.clock.advance(HALF_AN_HOUR)
    _refuse_lost_money(order)
    return DayEnd(first=first, people=people, second=second, still=still)


def _paid(played: Played, resident: Resident) -> Order:
    order = played.press(resident)
    played.pay(order)
    played.serve()
    return order


def _refund_in_work(played: Played, resident: Resident) -> None:
    """Money that came after the close is on its way back, and stays there."""
    order = played.press(resident)
    for fault, endpoint in ((Fault.PAID_AFTER_CLOSE, Endpoint.CLOSE), (Fault.REFUND_STUCK, Endpoint.REFUND)):
        played.put_in_force(Rule(fault=fault, endpoint=endpoint, out_trade_no=order.order_no))
    close_order(NANCHANG, order.order_id, clock=played.clock)
    played.serve()


def _refuse_lost_money(order: Order) -> None:
    """Whatever a statement says, the payment stands as it was booked, once."""
    (capture,) = payments.captures_of(NANCHANG, order.order_no)
    assert (capture.disposition, capture.amount_fen) == ("credited", order.amount_fen), order.order_no


def _compared(played: Played, cell: Cell, day_on: date) -> str:
    """What a run came to: the error's code, or the statement's state and its version."""
    try:
        run = reconcile_day(NANCHANG, "wechat", day_on, clock=played.clock)
    except CanbaoError as refused:
        return refused.code.partition(".")[2]
    told = run.trades if KINDS[cell.moment] is StatementKind.TRADES else run.funds
    assert told is not None, "both statements are asked for"
    return f"{told.statement.state} v{told.statement.version_no}"


def _before_people(*days: date) -> str:
    """The kinds of the days' discrepancies that stand before people."""
    found = rows(
        "SELECT DISTINCT kind FROM reconciliation_discrepancy WHERE day_on = ANY(%s) AND state = ANY(%s) ORDER BY 1",
        list(days),
        STANDING,
    )
    return ", ".join(str(kind) for (kind,) in found) or "-"
