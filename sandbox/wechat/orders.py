"""The life of an order at the channel: placed, paid or closed, and nothing else.

`NOTPAY` becomes `SUCCESS` or `CLOSED`; a failed attempt leaves `NOTPAY`, and so does the passing of `time_expire`,
which ends payment but closes nothing; after seven days the channel closes by itself. `EDGES` is the whole table.
The one edge that the real channel's page does not draw, payment of a closed order, exists for the fault that plays
the lost race.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from sqlite3 import Row

from sandbox.clock import from_ms, rfc3339, to_ms
from sandbox.wechat.errors import ChannelError, ErrorCode, SandboxRefusal, bad_field
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Stage
from sandbox.wechat.fields import Body, OrderKind, OrderRequest, Scope
from sandbox.wechat.keys import Keys
from sandbox.wechat.ledger import Ledger, fee_of
from sandbox.wechat.notices import NoticeBook
from sandbox.wechat.store import Ids, Store

PREPAY_LIFE = timedelta(hours=2)
H5_URL_LIFE = timedelta(minutes=5)
AUTO_CLOSE_AFTER = timedelta(days=7)
SWEEP_ROWS_MAX = 500
# What the fault `fee_return` charges where the merchant pays no fee.
FAULT_FEE_PER_MILLION = 6000
REFUNDED = ("REFUND", "转入退款")

TRADE_TYPE = {
    OrderKind.H5: "MWEB",
    OrderKind.NATIVE: "NATIVE",
    OrderKind.JSAPI: "JSAPI",
    OrderKind.APP: "APP",
}


class TradeState(StrEnum):
    """The states of an order that is not paid by code. REFUND is none of them: it is how SUCCESS is told of once a
    refund succeeded."""

    NOTPAY = "NOTPAY"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"


class Act(StrEnum):
    """What can be done to an order."""

    PAY = "pay"
    PAY_LATE = "pay_late"
    CLOSE = "close"
    LAPSE = "lapse"


# From a state by an act to a state; a pair that is missing is refused. Closing twice is harmless, as at the channel.
EDGES: dict[tuple[TradeState, Act], TradeState] = {
    (TradeState.NOTPAY, Act.PAY): TradeState.SUCCESS,
    (TradeState.NOTPAY, Act.PAY_LATE): TradeState.SUCCESS,
    (TradeState.CLOSED, Act.PAY_LATE): TradeState.SUCCESS,
    (TradeState.NOTPAY, Act.CLOSE): TradeState.CLOSED,
    (TradeState.CLOSED, Act.CLOSE): TradeState.CLOSED,
    (TradeState.NOTPAY, Act.LAPSE): TradeState.CLOSED,
}

STATE_TEXT = {
    TradeState.NOTPAY: "订单未支付",
    TradeState.SUCCESS: "支付成功",
    TradeState.CLOSED: "订单已关闭",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as the channel knows it."""

    merchant_ref: str
    out_trade_no: str
    scope: Scope
    kind: OrderKind
    body: Body
    description: str
    total_fen: int
    currency: str
    notify_url: str
    attach: str
    state: TradeState
    created_at: datetime
    expires_at: datetime | None
    prepay_id: str
    page_code: str
    prepared_at: datetime
    page_openid: str | None
    is_page_spent: bool
    transaction_id: str | None
    openid: str | None
    paid_at: datetime | None
    closed_at: datetime | None
    fee_per_million: int = 0
    fee_fen: int = 0


def _order(row: Row) -> Order:
    return Order(
        merchant_ref=row["merchant_ref"],
        out_trade_no=row["out_trade_no"],
        scope=Scope(row["scope"]),
        kind=OrderKind(row["kind"]),
        body=json.loads(row["request_body"]),
        description=row["description"],
        total_fen=row["total_fen"],
        currency=row["currency"],
        notify_url=row["notify_url"],
        attach=row["attach"],
        state=TradeState(row["state"]),
        created_at=from_ms(row["created_at"]),
        expires_at=None if row["expires_at"] is None else from_ms(row["expires_at"]),
        prepay_id=row["prepay_id"],
        page_code=row["page_code"],
        prepared_at=from_ms(row["prepared_at"]),
        page_openid=row["page_openid"],
        is_page_spent=bool(row["is_page_spent"]),
        transaction_id=row["transaction_id"],
        openid=row["openid"],
        paid_at=None if row["paid_at"] is None else from_ms(row["paid_at"]),
        closed_at=None if row["closed_at"] is None else from_ms(row["closed_at"]),
        fee_per_million=row["fee_per_million"],
        fee_fen=row["fee_fen"],
    )


class OrderBook:
    """Every order; the only writer of order states."""

    def __init__(
        self, *, store: Store, ids: Ids, ledger: Ledger, notices: NoticeBook, faults: FaultBook, keys: Keys
    ) -> None:
        self._store = store
        self._ids = ids
        self._ledger = ledger
        self._notices = notices
        self._faults = faults
        self._keys = keys
        # Called inside the payment with what a fault wants refunded at once; whoever makes refunds takes it.
        self.on_clerk_refund: Callable[[Order, int, datetime], None] = _nobody_refunds

    def place(self, request: OrderRequest, now: datetime) -> Order:
        """Place an order, or prepare the same one anew; refused where the number stands for something else."""
        digest = _digest_of(request)
        if request.kind is OrderKind.JSAPI and not self._is_payer(request.openid):
            raise bad_field("/payer/openid", request.openid, "appid 与 openid 不匹配（沙箱规则：先在控制台创建付款人）")
        with self._store.transaction():
            known = self._find(request.merchant_ref, request.out_trade_no)
            if known is None:
                self._insert(request, digest, now)
            else:
                self._prepare_again(known, digest, now)
        placed = self._find(request.merchant_ref, request.out_trade_no)
        assert placed is not None
        return placed

    def of_merchant(self, merchant_ref: str, out_trade_no: str) -> Order:
        """The merchant's order by its own number; `ORDER_NOT_EXIST` where there is none."""
        found = self._find(merchant_ref, out_trade_no)
        if found is None:
            raise ChannelError(ErrorCode.ORDER_NOT_EXIST)
        return found

    def by_transaction(self, merchant_ref: str, transaction_id: str) -> Order:
        """The merchant's paid order by the channel's number; an unpaid order has none."""
        row = self._store.row(
            "SELECT * FROM trade_order WHERE transaction_id = ? AND merchant_ref = ?", (transaction_id, merchant_ref)
        )
        if row is None:
            raise ChannelError(ErrorCode.ORDER_NOT_EXIST)
        return _order(row)

    def close(self, merchant_ref: str, out_trade_no: str, now: datetime) -> Order:
        """Close at the merchant's wish; a paid order refuses with `TRADE_ERROR` and the merchant must ask."""
        order = self.of_merchant(merchant_ref, out_trade_no)
        if (order.state, Act.CLOSE) not in EDGES:
            raise ChannelError(ErrorCode.TRADE_ERROR, "订单已支付，不能关闭")
        self._set_closed(order, now)
        return self.of_merchant(merchant_ref, out_trade_no)

    def by_page_code(self, page_code: str) -> Order | None:
        """The order whose `h5_url` or `code_url` carries this code; a code of an earlier preparation finds nothing."""
        row = self._store.row("SELECT * FROM trade_order WHERE page_code = ?", (page_code,))
        return None if row is None else _order(row)

    def named(self, *, out_trade_no: str = "", prepay_id: str = "", page_code: str = "") -> Order:
        """One order by any of its names, for the control plane; refused where none or several match."""
        rows = self._store.rows(
            "SELECT * FROM trade_order WHERE out_trade_no = ? OR prepay_id = ? OR page_code = ?",
            (out_trade_no, prepay_id, page_code),
        )
        if len(rows) != 1:
            sentence = (
                f"{len(rows)} orders match out_trade_no {out_trade_no!r}, prepay_id {prepay_id!r}; name exactly one."
            )
            raise SandboxRefusal("order_unknown" if not rows else "order_ambiguous", sentence, 404 if not rows else 409)
        return _order(rows[0])

    def recent(self, limit: int) -> list[Order]:
        """The newest orders, newest first."""
        return [
            _order(row) for row in self._store.rows("SELECT * FROM trade_order ORDER BY rowid DESC LIMIT ?", (limit,))
        ]

    def bind_page(self, order: Order, openid: str) -> bool:
        """Let this WeChat account use the order's page; one page serves one account, the first that opens it."""
        self._store.run(
            "UPDATE trade_order SET page_openid = ? WHERE page_code = ? AND page_openid IS NULL",
            (openid, order.page_code),
        )
        bound = self.by_page_code(order.page_code)
        return bound is not None and bound.page_openid == openid

    def spend_page(self, order: Order) -> None:
        """End the page's life: the payer waited too long."""
        self._store.run("UPDATE trade_order SET is_page_spent = 1 WHERE page_code = ?", (order.page_code,))

    def pay(self, order: Order, openid: str, now: datetime, *, is_noticed: bool = True) -> Order:
        """The payer pays. Refused, with nothing moved, where state, time, page or balance forbid it."""
        if (order.state, Act.PAY) not in EDGES:
            raise SandboxRefusal("order_not_payable", f"订单 {order.out_trade_no} 的状态是 {order.state}，不能支付。")
        if order.expires_at is not None and now >= order.expires_at:
            raise SandboxRefusal("order_expired", f"订单 {order.out_trade_no} 已超过支付截止时间，不能支付。")
        if now >= order.prepared_at + PREPAY_LIFE:
            raise SandboxRefusal("prepay_expired", f"订单 {order.out_trade_no} 的预支付已过 2 小时，请重新下单。")
        fired = {rule.fault: rule for rule in self._faults.take(Stage.PAY, Endpoint.PAY, order.out_trade_no)}
        if Fault.PAYER_HAS_NOT_ENOUGH in fired:
            raise SandboxRefusal("balance_too_low", "付款人余额不足，支付失败；订单仍为未支付。")
        charged = FAULT_FEE_PER_MILLION if Fault.FEE_RETURN in fired else None
        paid = self._capture(order, Act.PAY, openid, now, is_noticed=is_noticed, fee_per_million=charged)
        if Fault.PAYER_PAYS_TWICE in fired and order.attach:
            for twin in self._unpaid_twins(order):
                self._capture(twin, Act.PAY, openid, now, is_noticed=is_noticed)
        if part := fired.get(Fault.PARTIAL_REFUND):
            self.on_clerk_refund(paid, min(abs(part.delta_fen), paid.total_fen), now)
        return paid

    def pay_late(self, order: Order, now: datetime) -> Order:
        """Payment wins a race that it should have lost: the default payer pays a closed or expired order."""
        return self._capture(order, Act.PAY_LATE, self._ledger.default_payer(now).openid, now, is_noticed=True)

    def sweep(self, now: datetime) -> None:
        """Let time do its work: seven days close an order, and the faults of expiry get their moment."""
        expired = self._store.rows(
            "SELECT * FROM trade_order WHERE state = 'NOTPAY' AND is_expiry_seen = 0 AND expires_at <= ? LIMIT ?",
            (to_ms(now), SWEEP_ROWS_MAX),
        )
        for row in expired:
            order = _order(row)
            self._store.run(
                "UPDATE trade_order SET is_expiry_seen = 1 WHERE merchant_ref = ? AND out_trade_no = ?",
                (order.merchant_ref, order.out_trade_no),
            )
            if self._faults.take(Stage.EXPIRY, Endpoint.EXPIRY, order.out_trade_no):
                # A payer without the money cannot play this fault, and time goes on all the same.
                with contextlib.suppress(SandboxRefusal):
                    self.pay_late(order, now)
        lapsed = self._store.rows(
            "SELECT * FROM trade_order WHERE state = 'NOTPAY' AND created_at <= ? LIMIT ?",
            (to_ms(now - AUTO_CLOSE_AFTER), SWEEP_ROWS_MAX),
        )
        for row in lapsed:
            order = _order(row)
            self._set_closed(order, order.created_at + AUTO_CLOSE_AFTER)

    def resource(self, order: Order) -> Body:
        """The order as a query answers it and a notice carries it."""
        content: Body = dict(self._parties(order))
        content["out_trade_no"] = order.out_trade_no
        content["trade_state"], content["trade_state_desc"] = self._told_state(order)
        amount: Body = {"total": order.total_fen, "currency": order.currency}
        if order.attach:
            content["attach"] = order.attach
        if order.state is TradeState.SUCCESS:
            assert order.paid_at is not None
            amount |= {"payer_total": order.total_fen, "payer_currency": order.currency}
            content["transaction_id"] = order.transaction_id
            content["trade_type"] = TRADE_TYPE[order.kind]
            content["bank_type"] = "OTHERS"
            content["success_time"] = rfc3339(order.paid_at)
            content["payer"] = {"openid" if order.scope is Scope.DIRECT else "sp_openid": order.openid}
        content["amount"] = amount
        content["promotion_detail"] = []
        return content

    def _told_state(self, order: Order) -> tuple[str, str]:
        refunded = "SELECT 1 FROM refund WHERE transaction_id = ? AND state = 'SUCCESS'"
        if order.transaction_id is not None and self._store.row(refunded, (order.transaction_id,)):
            return REFUNDED
        return order.state.value, STATE_TEXT[order.state]

    def _parties(self, order: Order) -> dict[str, str]:
        keys = self._keys
        if order.scope is Scope.DIRECT:
            return {"mchid": keys.mchid, "appid": keys.appid}
        parties = {"sp_mchid": keys.mchid, "sp_appid": keys.appid, "sub_mchid": keys.sub_mchid}
        if "sub_appid" in order.body:
            parties["sub_appid"] = keys.sub_appid
        return parties

    def _find(self, merchant_ref: str, out_trade_no: str) -> Order | None:
        row = self._store.row(
            "SELECT * FROM trade_order WHERE merchant_ref = ? AND out_trade_no = ?", (merchant_ref, out_trade_no)
        )
        return None if row is None else _order(row)

    def _is_payer(self, openid: str) -> bool:
        return self._store.row("SELECT 1 FROM payer WHERE openid = ?", (openid,)) is not None

    def _insert(self, request: OrderRequest, digest: str, now: datetime) -> None:
        self._store.insert(
            "trade_order",
            {
                "merchant_ref": request.merchant_ref,
                "out_trade_no": request.out_trade_no,
                "scope": request.scope.value,
                "kind": request.kind.value,
                "request_body": json.dumps(request.body, ensure_ascii=False),
                "request_digest": digest,
                "description": request.description,
                "total_fen": request.total_fen,
                "currency": request.currency,
                "notify_url": request.notify_url,
                "attach": request.attach,
                "state": TradeState.NOTPAY.value,
                "created_at": to_ms(now),
                "expires_at": None if request.expires_at is None else to_ms(request.expires_at),
                "prepay_id": self._ids.prepay_id(now),
                "page_code": self._ids.page_code(),
                "prepared_at": to_ms(now),
            },
        )

    def _prepare_again(self, known: Order, digest: str, now: datetime) -> None:
        if known.state is TradeState.CLOSED:
            raise ChannelError(ErrorCode.ORDER_CLOSED)
        if known.state is TradeState.SUCCESS:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "该订单已支付")
        is_same = self._store.row(
            "SELECT 1 FROM trade_order WHERE merchant_ref = ? AND out_trade_no = ? AND request_digest = ?",
            (known.merchant_ref, known.out_trade_no, digest),
        )
        if is_same is None:
            raise ChannelError(ErrorCode.OUT_TRADE_NO_USED)
        self._store.run(
            "UPDATE trade_order SET prepay_id = ?, page_code = ?, prepared_at = ?, "
            "page_openid = NULL, is_page_spent = 0 WHERE merchant_ref = ? AND out_trade_no = ?",
            (self._ids.prepay_id(now), self._ids.page_code(), to_ms(now), known.merchant_ref, known.out_trade_no),
        )

    def _set_closed(self, order: Order, closed_at: datetime) -> None:
        self._store.run(
            "UPDATE trade_order SET state = 'CLOSED', closed_at = ? "
            "WHERE merchant_ref = ? AND out_trade_no = ? AND state = 'NOTPAY'",
            (to_ms(closed_at), order.merchant_ref, order.out_trade_no),
        )

    def _unpaid_twins(self, order: Order) -> list[Order]:
        rows = self._store.rows(
            "SELECT * FROM trade_order WHERE attach = ? AND state = 'NOTPAY' ORDER BY rowid LIMIT 20", (order.attach,)
        )
        return [_order(row) for row in rows]

    def _capture(
        self,
        order: Order,
        act: Act,
        openid: str,
        now: datetime,
        *,
        is_noticed: bool,
        fee_per_million: int | None = None,
    ) -> Order:
        target = EDGES[(order.state, act)]
        transaction_id = self._ids.transaction_id(now)
        rate = self._ledger.fee_per_million() if fee_per_million is None else fee_per_million
        fee_fen = fee_of(order.total_fen, rate)
        with self._store.transaction():
            self._ledger.capture(
                openid=openid,
                merchant_ref=order.merchant_ref,
                amount_fen=order.total_fen,
                fee_fen=fee_fen,
                transaction_id=transaction_id,
                now=now,
            )
            changed = self._store.run(
                "UPDATE trade_order SET state = ?, transaction_id = ?, openid = ?, paid_at = ?, "
                "fee_per_million = ?, fee_fen = ? WHERE merchant_ref = ? AND out_trade_no = ? AND state = ?",
                (
                    target.value,
                    transaction_id,
                    openid,
                    to_ms(now),
                    rate,
                    fee_fen,
                    order.merchant_ref,
                    order.out_trade_no,
                    order.state.value,
                ),
            )
            assert changed == 1
            paid = self._find(order.merchant_ref, order.out_trade_no)
            assert paid is not None
            if is_noticed:
                self._notices.announce(paid.out_trade_no, paid.notify_url, self.resource(paid), now)
        return paid


def _nobody_refunds(_order: Order, _amount_fen: int, _now: datetime) -> None:
    """No one makes refunds here."""


def _digest_of(request: OrderRequest) -> str:
    text = json.dumps([request.scope, request.kind, request.body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
