"""Whatever happens in whatever order, every fen a channel took has exactly one place in the books.

Hypothesis draws interleavings of what payers, the channel, the wire and the workers do: orders opened and refused,
answers lost, payments, notices once, twice, late, out of order or never, wrong amounts, questions, closes, expiries,
refunds that nobody asks for. After every step the books equal the captures: credited, in suspense, owed back, or
refunded. At the end, when everything has been asked about, they equal the channel's own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from canbao.journeys.chase_orders import ask_now, close_order
from canbao.journeys.chase_refunds import chase_refunds
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.pay_bills import open_wallet
from canbao.journeys.seal_ledger import seal_ledger
from canbao.journeys.settle_orders import settle_orders
from canbao.kernel.errors import CanbaoError
from canbao.payments import public as payments
from canbao.payments.public import NoticeToKeep, Order
from sandbox.wechat.client import SandboxError
from tests.world import CHILD, FULL_FEN, GRANDMOTHER, PAYER, RELATIVE, World, begin_again, rows, set_up_channel

BASKETS = ((PAYER, CHILD), (CHILD, GRANDMOTHER), (RELATIVE,))
"""What the payers' tabs list; two of them want the same bill."""

STORIES = int(os.environ.get("CANBAO_TEST_STORIES", "20"))
"""How many stories are drawn; a nightly run asks for more."""

TABS = st.integers(0, len(BASKETS) - 1)
PLACES = st.sampled_from(["", "", "", "error_code", "reset_after_processing", "reset_before_processing", "html_502"])
CLOSES = st.sampled_from(["", "", "paid_while_closing", "paid_after_close", "reset_after_processing"])
REFUNDS = st.sampled_from(["", "", "error_code", "reset_after_processing", "reset_before_processing", "refund_closed"])
QUERIES = st.sampled_from(["", "", "bad_signature", "reset_after_processing"])
STEPS = st.one_of(
    st.tuples(st.just("open"), TABS, PLACES),
    st.tuples(st.just("pay"), TABS),
    st.tuples(st.just("pay"), TABS),
    st.tuples(st.just("reopen"), TABS, PLACES),
    st.tuples(st.just("hear"), st.sampled_from(["keep", "keep", "twice", "put aside", "lose"])),
    st.tuples(st.just("repeat"), st.integers(0, 30)),
    st.tuples(st.just("wrong_amount"), TABS, st.sampled_from([-FULL_FEN + 1, -1, 1, 1_000_000])),
    st.tuples(st.just("second"), TABS),
    st.tuples(st.just("settle"), st.sampled_from([1, 500])),
    st.tuples(st.just("ask"), TABS, QUERIES),
    st.tuples(st.just("close"), TABS, CLOSES),
    st.tuples(st.just("wait"), st.sampled_from([5, 60, 600, 931, 1900])),
    st.tuples(st.just("follow")),
    st.tuples(st.just("refund"), REFUNDS),
)


@dataclass(slots=True)
class Story:
    """The steps that a drawn story can take, and what has happened so far."""

    world: World
    orders: dict[int, list[Order]] = field(default_factory=dict)
    heard: list[NoticeToKeep] = field(default_factory=list)
    aside: list[NoticeToKeep] = field(default_factory=list)
    invented_fen: int = 0

    def open(self, tab: int, fault: str) -> None:
        """Press pay; the channel may refuse, stay silent, or lose its answer."""
        self._break(fault, "order")
        with contextlib.suppress(CanbaoError):
            order = self.world.open_an_order(*BASKETS[tab])
            self.orders.setdefault(tab, []).append(order)

    def reopen(self, tab: int, fault: str) -> None:
        """Open the wallet of the tab's last order again."""
        self._break(fault, "order")
        for order in self.orders.get(tab, [])[-1:]:
            open_wallet(self.world.order(order), addresses=self.world.addresses, clock=self.world.clock)

    def pay(self, tab: int) -> None:
        """Press pay in the wallet of any of the tab's orders that the channel still lets be paid."""
        for order in self.orders.get(tab, []):
            with contextlib.suppress(SandboxError):
                self.world.sandbox.pay(out_trade_no=order.order_no)

    def hear(self, how: str) -> None:
        """The channel posts what is due; it is kept, kept twice, put aside for later, or lost on the way."""
        self.world.sandbox.deliver_notices()
        letters = self.world.letters()
        self.heard += letters
        if how == "put aside":
            self.aside += letters
        elif how != "lose":
            keep_notices(letters * (2 if how == "twice" else 1))

    def repeat(self, which: int) -> None:
        """A notice heard before comes again; with it comes all that was put aside, the last first."""
        if self.heard:
            keep_notices([self.heard[which % len(self.heard)], *reversed(self.aside)])
            self.aside.clear()

    def wrong_amount(self, tab: int, by_fen: int) -> None:
        """A signed notice of another amount than the order's, of which the channel's own book knows nothing."""
        for order in self.orders.get(tab, [])[-1:]:
            amount = max(1, order.amount_fen + by_fen)
            if amount != order.amount_fen:
                self._invent(order, amount)

    def second(self, tab: int) -> None:
        """A signed notice of a second transaction for an order that has its money already, or has ended."""
        for order in self.orders.get(tab, [])[-1:]:
            if not self.world.order(order).is_live:
                self._invent(order, int(order.amount_fen))

    def settle(self, limit: int) -> None:
        """A worker comes by."""
        settle_orders(self.world.region, clock=self.world.clock, limit=limit)

    def ask(self, tab: int, fault: str) -> None:
        """The payer says that she has paid."""
        self._break(fault, "query")
        for order in self.orders.get(tab, [])[-1:]:
            ask_now(self.world.region, order.order_id, clock=self.world.clock)

    def close(self, tab: int, fault: str) -> None:
        """The payer wants another way."""
        self._break(fault, "close")
        for order in self.orders.get(tab, [])[-1:]:
            close_order(self.world.region, order.order_id, clock=self.world.clock)

    def wait(self, seconds: int) -> None:
        """Time passes, after the channel has posted what was due, and a worker asks about silence."""
        self.world.sandbox.deliver_notices()
        self.world.advance(seconds=seconds)
        self.world.chase()
        self.refund()

    def refund(self, fault: str = "") -> None:
        """A worker sends what is owed back, and asks about what was sent; the answer may be lost, or a no."""
        self._break(fault, "refund")
        chase_refunds(self.world.region, notify_url=self.world.addresses.notify_url, clock=self.world.clock)

    def follow(self) -> None:
        """What follows the money happens, and the books are sealed."""
        deliver_events(self.world.region, clock=self.world.clock)
        seal_ledger(self.world.region, clock=self.world.clock)

    def end(self) -> None:
        """The wire is mended, and silence is asked about until nothing is left open and the last look is past.

        What was lost on the way does not come again: only our own questions can tell of it.
        """
        self.world.sandbox.clear_faults()
        for _ in range(4):
            self.hear("keep")
            self.settle(500)
            self.wait(1900)
        self.repeat(0)
        self.settle(500)
        self.wait(26 * 3600)
        for _ in range(3):
            self.hear("keep")
            self.settle(500)
            self.wait(25 * 3600)

    def _invent(self, order: Order, amount_fen: int) -> None:
        keep_notices(self.world.forged([(order.order_no, amount_fen)]))
        self.invented_fen += amount_fen

    def _break(self, fault: str, endpoint: str) -> None:
        self.world.sandbox.clear_faults()
        if fault:
            self.world.sandbox.add_fault(fault, endpoint=endpoint, code="NO_AUTH")


def books_equal_captures(world: World) -> None:
    """Every capture came into the clearing account and stands there until it is refunded; what is not credited is in
    suspense, owed back or refunded; nothing is paid twice.
    """
    ((taken, credited, suspended),) = rows(
        "SELECT coalesce(sum(amount_fen), 0)::bigint, "
        "coalesce(sum(amount_fen) FILTER (WHERE disposition = 'credited'), 0)::bigint, "
        "coalesce(sum(amount_fen) FILTER (WHERE disposition = 'suspended'), 0)::bigint FROM payments_capture"
    )
    ((found_owed, found_refunded),) = rows(
        "SELECT coalesce(sum(amount_fen) FILTER (WHERE state = ANY(%s)), 0)::bigint, "
        "coalesce(sum(amount_fen) FILTER (WHERE state = 'succeeded'), 0)::bigint FROM payments_refund",
        [str(state) for state in payments.OWED],
    )
    owed, refunded = int(str(found_owed)), int(str(found_refunded))
    balances = world.balances()
    assert balances.get("clearing", 0) + refunded == taken
    assert balances.get("refund_payable", 0) == owed
    assert balances.get("suspense", 0) + owed + refunded == suspended
    ((paid,),) = rows("SELECT coalesce(sum(personal_fen), 0)::bigint FROM billing_bill WHERE state = 'paid'")
    assert paid == credited
    income = balances["contribution_income"] - balances["assistance_receivable"]
    assert income == credited
    twice = rows("SELECT order_id FROM payments_capture WHERE disposition = 'credited' GROUP BY 1 HAVING count(*) > 1")
    assert twice == []
    paid_twice = rows(
        "SELECT line.bill_id FROM payments_order_line AS line JOIN payments_order AS o ON o.id = line.order_id "
        "WHERE o.state = 'settled' GROUP BY 1 HAVING count(*) > 1"
    )
    assert paid_twice == []


def taken_by_the_channel(world: World) -> int:
    """What the channel's own book says it took, in fen."""
    orders = world.sandbox.get("/orders")["orders"]
    assert isinstance(orders, list)
    return sum(order["total_fen"] for order in orders if order["state"] in ("SUCCESS", "REFUND"))


def refunded_by_the_channel(world: World) -> int:
    """What the channel's own book says it gave back, in fen."""
    return sum(int(str(refund["amount_fen"])) for refund in world.sandbox.refunds() if refund["state"] == "SUCCESS")


@settings(
    max_examples=STORIES,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.tuples(*[st.tuples(PLACES, st.booleans())] * len(BASKETS)),
    steps=st.lists(STEPS, min_size=6, max_size=24),
)
def test_every_interleaving_conserves_every_fen(
    world: World, first: tuple[tuple[str, bool], ...], steps: list[tuple[str, *tuple[object, ...]]]
) -> None:
    begin_again()
    set_up_channel(world)
    story = Story(world)
    for tab, (fault, is_paid) in enumerate(first):
        story.open(tab, fault)
        if is_paid:
            story.pay(tab)
    for name, *values in steps:
        step: Callable[..., None] = getattr(story, name)
        step(*values)
        books_equal_captures(world)
    story.end()
    event(f"{len(rows('SELECT 1 FROM payments_capture'))} captures")
    note(f"orders: {[(str(world.order(o).state), o.amount_fen) for made in story.orders.values() for o in made]}")
    books_equal_captures(world)
    assert world.finish() == []
    assert rows("SELECT order_no, state FROM payments_order WHERE state IN ('open', 'placed', 'unknown')") == []
    assert rows("SELECT order_no, state FROM payments_order WHERE next_ask_at IS NOT NULL") == []
    assert rows("SELECT id FROM billing_bill WHERE state = 'locked'") == []
    ((refunded,),) = rows("SELECT coalesce(sum(amount_fen), 0)::bigint FROM payments_refund WHERE state = 'succeeded'")
    assert world.balances().get("clearing", 0) + int(str(refunded)) == taken_by_the_channel(world) + story.invented_fen
    assert refunded_by_the_channel(world) == int(str(refunded))
    assert rows("SELECT refund_no FROM payments_refund WHERE state IN ('approved', 'sent', 'unknown')") == []
    assert world.sandbox.findings() == []
