"""Payments that come after their order was closed, and the played channel that takes them back, in this process.

What the SDK signs is checked by the channel and what the channel signs is checked by the connector; only the socket
between them is missing. What the channel itself spends between a question and its answer is timed, so that it can be
taken out of ours: elsewhere it is somebody else's machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.ground import NANCHANG, BenchFailed, Ground
from bench.orders import KEEP_BATCH, WaitingOrder, open_orders
from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.transport import CALL_TIMEOUT_S, RawAnswer, StreamedAnswer, whole_body
from canbao.journeys.keep_notices import keep_notices
from canbao.kernel.connections import owner_connection
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import NoticeToKeep
from sandbox.exchange import request_of
from sandbox.wechat.bulk import BulkOrder, build_bulk
from sandbox.wechat.fields import OrderKind, OrderRequest, Scope
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.refund_record import RefundState

NOWHERE = "http://127.0.0.1:9"
"""Where the merchant's file says that the channel is."""

NOTIFY_URL = "https://127.0.0.1/notices/wechat"
CLOSE_BATCH = 1_000
UNLIMITED = 0
PAYER_FEN = 1_000_000_000


class Line:
    """Stands where the connector's HTTP transport stands and leads to the channel; counts what the channel spent."""

    def __init__(self, gateway: WeChatGateway) -> None:
        self._gateway = gateway
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawAnswer:
        """One exchange, read whole."""
        with self.stream(method, url, headers, body, timeout_s=CALL_TIMEOUT_S) as answer:
            return RawAnswer(status=answer.status, headers=answer.headers, content=whole_body(answer.chunks))

    @contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Iterator[StreamedAnswer]:
        """One exchange whose answer is read while it comes."""
        cpu_before, before = time.thread_time(), time.perf_counter()
        answer = self._gateway.exchange(request_of(method, url.removeprefix(NOWHERE), dict(headers), body))
        self.cpu_seconds += time.thread_time() - cpu_before
        self.seconds += time.perf_counter() - before
        told = {name.lower(): value for name, value in answer.headers.items()}
        yield StreamedAnswer(status=answer.status, headers=told, chunks=answer.pieces())

    def close(self) -> None:
        """There is nothing to close."""


def lay_line(gateway: WeChatGateway) -> Line:
    """Lead this process's WeChat connector to the channel, which takes any number of refunds a second.

    The connector has no setting for it: an installation always speaks over a socket.
    """
    for name in ("refund", "refused_refund"):
        gateway.rates.set(name, UNLIMITED)
    connector = catalogue.connector(ChannelCode.WECHAT)
    assert isinstance(connector, WeChatConnector), "the catalogue builds it"
    line = Line(gateway)
    place: Any = connector._adapter
    place._transport.close()
    place._transport = line
    return line


def closed_orders(ground: Ground, count: int) -> list[WaitingOrder]:
    """So many orders that were closed on our side before their payer paid."""
    orders = open_orders(ground, count)
    with owner_connection() as session:
        order_ids = [row[0] for row in session.execute("SELECT id FROM payments_order ORDER BY id").fetchall()]
    now = ground.clock.now()
    for start in range(0, count, CLOSE_BATCH):
        some = order_ids[start : start + CLOSE_BATCH]
        with region_tx(NANCHANG) as tx:
            assert len(payments.move(tx, "close", some, cause="bench", now=now)) == len(some), "live orders close"
            billing.free(tx, some, now=now)
    ground.settle_down("payments_order", "payments_order_event", "billing_bill", "billing_bill_history")
    return orders


def pay_late(ground: Ground, gateway: WeChatGateway, orders: Sequence[WaitingOrder]) -> None:
    """Let the payer pay these at the channel, and keep the signed notices, verified."""
    now = gateway.clock.now()
    payer = gateway.ledger.default_payer(now)
    with gateway.lock:
        gateway.ledger.set_balance(payer.openid, PAYER_FEN, now)
        for order in orders:
            gateway.orders.place(_placed(gateway, order), now)
    wanted = [BulkOrder(out_trade_no=order.order_no, amount_fen=order.amount_fen) for order in orders]
    keep(ground, [(one.headers, one.body) for one in build_bulk(gateway, wanted, is_paid_here=True)])


def _placed(gateway: WeChatGateway, order: WaitingOrder) -> OrderRequest:
    return OrderRequest(
        scope=Scope.DIRECT,
        kind=OrderKind.H5,
        merchant_ref=gateway.keys.mchid,
        out_trade_no=order.order_no,
        description="bench",
        total_fen=order.amount_fen,
        currency="CNY",
        notify_url=NOTIFY_URL,
        attach="",
        expires_at=None,
        openid="",
        body={},
    )


def keep(ground: Ground, messages: Sequence[tuple[Mapping[str, str], bytes]]) -> None:
    """Verify signed notices and keep them, as the intake does."""
    connector, now = catalogue.connector(ChannelCode.WECHAT), ground.clock.now()
    read = [
        NoticeToKeep(
            channel_code=ChannelCode.WECHAT,
            notice=connector.read_notice(headers, body, now=now),
            headers=headers,
            body=body,
            received_at=now,
        )
        for headers, body in messages
    ]
    for start in range(0, len(read), KEEP_BATCH):
        keep_notices(read[start : start + KEEP_BATCH])


def finish_refunds(ground: Ground, gateway: WeChatGateway, count: int) -> None:
    """Let the channel give back what it has in work, and keep its `count` notices, verified."""
    with gateway.lock:
        for refund in gateway.refunds.recent(count):
            if refund.state is RefundState.PROCESSING:
                gateway.refunds.finish(refund, RefundState.SUCCESS, gateway.clock.now())
    messages = []
    while some := gateway.due_notices():
        for message in some:
            gateway.record_notice(message, 204)
        messages += some
    if len(messages) != count:
        found = f"the channel told of {len(messages)} refunds of {count}"
        raise BenchFailed(found)
    keep(ground, [(message.headers, message.body) for message in messages])
