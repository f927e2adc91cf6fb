"""What payments' tests stand on: orders written straight through the front door, and payments told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from canbao.channels.interface import Account, Device, Mode, Payment
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import derived_id, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Judged, Line, Order, OrderRequest, Seen, Verdict

OURS = Account(merchant_ref="1900000001", app_ref="wx0000000000000001")
RETURN_URL = "http://127.0.0.1:8000/back/token"


@dataclass(slots=True)
class Desk:
    """Writes orders, tells of payments, judges and records them, each call in a transaction of its own."""

    region: RegionCode
    clock: FixedClock
    _told: int = field(default=0)

    def line(self, number: int = 1, amount_fen: int = 40_000, assistance_fen: int = 0) -> Line:
        """A line over a bill that only this room's tests know."""
        return Line(
            bill_id=derived_id("test.bill", number),
            scheme_code="390",
            due_from=202501,
            due_until=202512,
            amount_fen=Fen(amount_fen),
            assistance_fen=Fen(assistance_fen),
        )

    def request(self, lines: Sequence[Line]) -> OrderRequest:
        """What a payer on a phone asks for."""
        return OrderRequest(
            channel_code="wechat",
            mode=Mode.H5,
            device=Device.IOS,
            lines=lines,
            description="城乡居民基本医疗保险费 2025年",
            agreement_version="2024-09-01",
            payer_address="203.0.113.7",
            return_url=RETURN_URL,
        )

    def open(self, *amounts_fen: int) -> Order:
        """An open order with a line of each amount."""
        lines = [self.line(number, amount) for number, amount in enumerate(amounts_fen or (40_000,), 1)]
        with region_tx(self.region) as tx:
            now = self.clock.now()
            return payments.open_order(tx, self.request(lines), order_id=uuid7(now), now=now)

    def move(self, order: Order, event: str) -> Order:
        """Move an order along an edge; answers it as it is then."""
        with region_tx(self.region) as tx:
            payments.move(tx, event, [order.order_id], cause="a test", now=self.clock.now())
        return self.again(order)

    def again(self, order: Order) -> Order:
        """The order as it is now."""
        found = payments.order(self.region, order.order_id)
        assert found is not None
        return found

    def seen(
        self,
        order_no: str,
        amount_fen: int = 40_000,
        *,
        trade_ref: str | None = None,
        currency: str = "CNY",
        merchant_ref: str = OURS.merchant_ref,
        app_ref: str = OURS.app_ref,
        channel_code: str = "wechat",
    ) -> Seen:
        """A payment as a channel tells it, under a transaction number of its own unless one is given."""
        self._told += 1
        payment = Payment(
            order_no=order_no,
            trade_ref=trade_ref or f"42000{self._told:05d}",
            amount_fen=Fen(amount_fen),
            currency=currency,
            merchant_ref=merchant_ref,
            app_ref=app_ref,
            happened_at=self.clock.now(),
            payer_ref="",
        )
        return Seen(
            channel_code=channel_code,
            payment=payment,
            learned_from="notice",
            subject_id=derived_id("test.notice", self._told),
        )

    def judge(self, *seen: Seen) -> list[Judged]:
        """Judge and record payments in one transaction."""
        with region_tx(self.region) as tx:
            judged = payments.judge_captures(tx, seen, {"wechat": OURS, "other": OURS})
            payments.record(tx, judged, now=self.clock.now())
        return judged

    def verdicts(self, *seen: Seen) -> list[Verdict]:
        """The verdicts alone."""
        return [item.verdict for item in self.judge(*seen)]
