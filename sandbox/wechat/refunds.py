"""The life of a refund at the channel: in work, then done, closed or abnormal.

`PROCESSING` becomes `SUCCESS`, `CLOSED` or `ABNORMAL`; an abnormal one may be sent another way and is in work again.
`EDGES` in `refund_record.py` is the whole table. When and how a refund ends is settled as it is accepted, by the
seed, and comes true on the virtual clock: within minutes, unless a fault says otherwise, the payer's card is dead, or
the merchant's money was withdrawn meanwhile (then the channel tries for seven days and closes). Money moves at
success and not before; what is in work is held against the merchant's balance.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import datetime, time, timedelta

from sandbox.clock import BEIJING, from_ms, to_ms
from sandbox.wechat.errors import ChannelError, ErrorCode, SandboxRefusal
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Rule, Stage
from sandbox.wechat.keys import Keys
from sandbox.wechat.ledger import Ledger, PayerState, bank_account, merchant_account, payer_account
from sandbox.wechat.notices import NoticeBook
from sandbox.wechat.orders import Order, OrderBook, TradeState
from sandbox.wechat.refund_fields import AbnormalRequest, AbnormalWay, RefundRequest
from sandbox.wechat.refund_record import (
    ACT_TO,
    EDGES,
    MERCHANT_BANK,
    WALLET,
    Refund,
    RefundAct,
    RefundState,
    instant_of,
    notice_of,
    refund_of,
)
from sandbox.wechat.store import Ids, Store

REFUND_WITHIN = timedelta(days=365)
PARTS_MAX = 50
APART = timedelta(minutes=1)
# The soonest and, beyond it, the longest that an ordinary refund takes.
SOONEST = timedelta(seconds=10)
SPREAD_S = 290
# How long, and how often, the channel tries while the merchant is short of money.
SHORT_FOR = timedelta(days=7)
TRY_EVERY = timedelta(hours=6)
NOON = time(12, tzinfo=BEIJING)
# More than fall due between two calls, so that nobody is told of a refund as in work after its time.
SWEEP_ROWS_MAX = 5_000


class RefundBook:
    """Every refund; the only writer of refund states."""

    def __init__(
        self,
        *,
        store: Store,
        ids: Ids,
        ledger: Ledger,
        notices: NoticeBook,
        faults: FaultBook,
        orders: OrderBook,
        keys: Keys,
    ) -> None:
        self._store = store
        self._ids = ids
        self._ledger = ledger
        self._notices = notices
        self._faults = faults
        self._orders = orders
        self._keys = keys
        orders.on_clerk_refund = self._refund_at_once

    def ask(self, request: RefundRequest, now: datetime) -> tuple[Refund, list[Rule]]:
        """Accept a refund, or tell of the one this number already stands for; and the faults that fired on it.

        Refused, with nothing kept, where the number stands for something else or a rule of the channel forbids it.
        """
        digest = _digest_of(request)
        with self._store.transaction():
            known = self._find(request.merchant_ref, request.out_refund_no)
            if known is not None:
                self._check_same(known, digest)
                return known, []
            order = self._payment_of(request)
            self._check_order(order, request.amount_fen, request.total_fen, now)
            fee_return_fen = self._fee_share(order, request.amount_fen)
            self._check_money(order, request.amount_fen - fee_return_fen)
            # Taken last, so that a refund refused uses up no fault.
            rules = self._faults.take(Stage.REFUND, Endpoint.REFUND, order.out_trade_no)
            fired = {rule.fault: rule for rule in rules}
            if Fault.FEE_NOT_RETURNED in fired:
                fee_return_fen = 0
                self._check_money(order, request.amount_fen)
            due_at, due_state = self._fate(fired, now)
            row = self._row(order, request.out_refund_no, request.amount_fen, fee_return_fen, now)
            row |= {
                "reason": request.reason,
                "notify_url": request.notify_url,
                "due_at": None if due_at is None else to_ms(due_at),
                "due_state": due_state.value,
                "request_digest": digest,
            }
            self._store.insert("refund", row)
        return self.of_merchant(request.merchant_ref, request.out_refund_no), rules

    def ask_by_clerk(self, order: Order, amount_fen: int, now: datetime) -> Refund:
        """A refund that a clerk makes in the merchant's web platform, under a number no program gave; without an
        address for its notice."""
        out_refund_no = f"CLERK{self._ids.refund_id(now)}"
        with self._store.transaction():
            self._check_order(order, amount_fen, order.total_fen, now)
            fee_return_fen = self._fee_share(order, amount_fen)
            self._check_money(order, amount_fen - fee_return_fen)
            row = self._row(order, out_refund_no, amount_fen, fee_return_fen, now)
            row |= {"due_at": to_ms(now), "due_state": RefundState.SUCCESS.value, "source": "clerk"}
            self._store.insert("refund", row)
        return self.of_merchant(order.merchant_ref, out_refund_no)

    def reroute(self, request: AbnormalRequest, now: datetime) -> Refund:
        """Send an abnormal refund another way; it is in work again. Refused where it is not abnormal."""
        refund = self._find(request.merchant_ref, request.out_refund_no)
        if refund is None or refund.refund_id != request.refund_id:
            raise _no_such_refund()
        if (refund.state, RefundAct.REROUTE) not in EDGES:
            raise ChannelError(ErrorCode.INVALID_REQUEST, f"退款单状态为 {refund.state}，只有退款异常才能发起异常退款")
        is_to_payer = request.way is AbnormalWay.USER_BANK_CARD
        account = refund.credit_account if is_to_payer else bank_account(refund.merchant_ref)
        self._store.run(
            "UPDATE refund SET state = 'PROCESSING', due_at = ?, due_state = 'SUCCESS', credit_account = ?, "
            "account_text = ?, is_rerouted = 1 WHERE refund_id = ? AND state = 'ABNORMAL'",
            (
                to_ms(self._soon(now)),
                account,
                f"{request.bank_type}{request.account_tail}" if is_to_payer else MERCHANT_BANK,
                refund.refund_id,
            ),
        )
        return self.of_merchant(refund.merchant_ref, refund.out_refund_no)

    def of_merchant(self, merchant_ref: str, out_refund_no: str) -> Refund:
        """The merchant's refund by its own number; `RESOURCE_NOT_EXISTS` where there is none."""
        found = self._find(merchant_ref, out_refund_no)
        if found is None:
            raise _no_such_refund()
        return found

    def out_trade_no_of(self, *, out_refund_no: str = "", refund_id: str = "", transaction_id: str = "") -> str:
        """The order behind any name a refund call uses; empty where there is none."""
        row = self._store.row(
            "SELECT out_trade_no FROM refund WHERE out_refund_no = ? OR refund_id = ? "
            "UNION SELECT out_trade_no FROM trade_order WHERE transaction_id = ? LIMIT 1",
            (out_refund_no, refund_id, transaction_id),
        )
        return "" if row is None else str(row["out_trade_no"])

    def named(self, out_refund_no: str) -> Refund:
        """One refund by its number or the channel's, for the control plane; refused where there is none."""
        rows = self._store.rows(
            "SELECT * FROM refund WHERE out_refund_no = ? OR refund_id = ?", (out_refund_no, out_refund_no)
        )
        if len(rows) != 1:
            sentence = f"{len(rows)} refunds match {out_refund_no!r}; name exactly one."
            raise SandboxRefusal("refund_unknown", sentence, 404)
        return refund_of(rows[0])

    def recent(self, limit: int, *, out_trade_no: str = "") -> list[Refund]:
        """The newest refunds, newest first; of one order, or of all."""
        rows = self._store.rows(
            "SELECT * FROM refund WHERE ? = '' OR out_trade_no = ? ORDER BY rowid DESC LIMIT ?",
            (out_trade_no, out_trade_no, limit),
        )
        return [refund_of(row) for row in rows]

    def finish(self, refund: Refund, state: RefundState, now: datetime) -> Refund:
        """End a refund in work so, now; refused where it is not in work or the merchant's money is short."""
        act = ACT_TO.get(state)
        if act is None or (refund.state, act) not in EDGES:
            sentence = f"Refund {refund.out_refund_no} is {refund.state} and cannot become {state}."
            raise SandboxRefusal("refund_not_in_work", sentence)
        if not self._end(refund, act, now):
            sentence = f"The merchant has less than {refund.amount_fen} fen; deposit money first."
            raise SandboxRefusal("balance_too_low", sentence)
        return self.named(refund.refund_id)

    def sweep(self, now: datetime) -> None:
        """Let time do its work: every refund that is due by now is decided, at the moment it was due."""
        for _ in range(SWEEP_ROWS_MAX):
            row = self._store.row(
                "SELECT * FROM refund WHERE state = 'PROCESSING' AND due_at <= ? ORDER BY due_at, rowid LIMIT 1",
                (to_ms(now),),
            )
            if row is None:
                return
            self._decide(refund_of(row))

    def next_due_at(self) -> datetime | None:
        """When the next refund will be decided; None where none waits for time."""
        row = self._store.row("SELECT min(due_at) AS due_at FROM refund WHERE state = 'PROCESSING'")
        assert row is not None
        return instant_of(row["due_at"])

    def _refund_at_once(self, order: Order, amount_fen: int, now: datetime) -> None:
        # Where the merchant's money is spoken for, the clerk is refused and nothing came of it.
        with contextlib.suppress(ChannelError):
            self._decide(self.ask_by_clerk(order, amount_fen, now))

    def _find(self, merchant_ref: str, out_refund_no: str) -> Refund | None:
        row = self._store.row(
            "SELECT * FROM refund WHERE merchant_ref = ? AND out_refund_no = ?", (merchant_ref, out_refund_no)
        )
        return None if row is None else refund_of(row)

    def _check_same(self, known: Refund, digest: str) -> None:
        is_same = self._store.row(
            "SELECT 1 FROM refund WHERE refund_id = ? AND request_digest = ?", (known.refund_id, digest)
        )
        if is_same is None:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "商户退款单号已存在，且与之前请求的参数不一致")

    def _payment_of(self, request: RefundRequest) -> Order:
        """The paid order that a request names; `RESOURCE_NOT_EXISTS` where there is none or it is not paid."""
        try:
            if request.transaction_id:
                order = self._orders.by_transaction(request.merchant_ref, request.transaction_id)
            else:
                order = self._orders.of_merchant(request.merchant_ref, request.out_trade_no)
        except ChannelError:
            raise ChannelError(ErrorCode.RESOURCE_NOT_EXISTS, "订单不存在") from None
        if order.state is not TradeState.SUCCESS:
            raise ChannelError(ErrorCode.RESOURCE_NOT_EXISTS, "订单未支付，不能退款")
        if request.out_trade_no and request.out_trade_no != order.out_trade_no:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "transaction_id 与 out_trade_no 不属于同一笔订单")
        return order

    def _check_order(self, order: Order, amount_fen: int, total_fen: int, now: datetime) -> None:
        assert order.paid_at is not None
        assert order.openid is not None
        if total_fen != order.total_fen:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "订单金额与原支付订单不一致")
        if now > order.paid_at + REFUND_WITHIN:
            raise ChannelError(ErrorCode.TRADE_OVERDUE)
        past = self._store.row(
            "SELECT count(*) AS count, coalesce(max(asked_at), 0) AS asked_at, "
            "coalesce(sum(amount_fen) FILTER (WHERE state <> 'CLOSED'), 0) AS amount_fen "
            "FROM refund WHERE transaction_id = ?",
            (order.transaction_id,),
        )
        assert past is not None
        if past["amount_fen"] == order.total_fen:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "订单已全额退款")
        if past["amount_fen"] + amount_fen > order.total_fen:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "累计退款金额大于支付金额")
        if past["count"] >= PARTS_MAX:
            raise ChannelError(ErrorCode.INVALID_REQUEST, f"一笔订单最多退款 {PARTS_MAX} 次")
        if past["count"] and now < from_ms(past["asked_at"]) + APART:
            raise ChannelError(ErrorCode.FREQUENCY_LIMITED, "同一订单两次退款需间隔 1 分钟")
        if self._ledger.payer(order.openid).state is PayerState.CANCELLED:
            raise ChannelError(ErrorCode.USER_ACCOUNT_ABNORMAL)

    def _check_money(self, order: Order, needed_fen: int) -> None:
        """What is in work and what bounced is already spoken for."""
        held_fen = self._store.number(
            "SELECT coalesce(sum(amount_fen - fee_return_fen), 0) FROM refund "
            "WHERE merchant_ref = ? AND state IN ('PROCESSING', 'ABNORMAL')",
            (order.merchant_ref,),
        )
        if self._ledger.balance_fen(merchant_account(order.merchant_ref)) - held_fen < needed_fen:
            raise ChannelError(ErrorCode.NOT_ENOUGH)

    def _fee_share(self, order: Order, amount_fen: int) -> int:
        """The share of the payment's fee that comes back with this refund: all parts together return all of it."""
        past = self._store.row(
            "SELECT coalesce(sum(amount_fen), 0) AS amount_fen, coalesce(sum(fee_return_fen), 0) AS fee_return_fen "
            "FROM refund WHERE transaction_id = ? AND state <> 'CLOSED'",
            (order.transaction_id,),
        )
        assert past is not None
        so_far_fen = order.fee_fen * (past["amount_fen"] + amount_fen) // order.total_fen
        return max(0, min(int(so_far_fen) - int(past["fee_return_fen"]), amount_fen))

    def _fate(self, fired: dict[Fault, Rule], now: datetime) -> tuple[datetime | None, RefundState]:
        due_at: datetime | None = self._soon(now)
        if later := fired.get(Fault.REFUND_DELAYED):
            due_at = now + timedelta(seconds=later.seconds)
        if settled := fired.get(Fault.REFUND_AFTER_SETTLEMENT):
            day = now.astimezone(BEIJING).date() + timedelta(days=settled.count)
            due_at = datetime.combine(day, NOON)
        if Fault.REFUND_STUCK in fired:
            due_at = None
        state = RefundState.SUCCESS
        if Fault.REFUND_ABNORMAL in fired:
            state = RefundState.ABNORMAL
        if fired.keys() & {Fault.REFUND_CLOSED, Fault.REFUND_UNKNOWN_THEN_FAILURE}:
            state = RefundState.CLOSED
        return due_at, state

    def _soon(self, now: datetime) -> datetime:
        return now + SOONEST + timedelta(seconds=self._ids.drawn("refund_seconds", SPREAD_S))

    def _row(
        self, order: Order, out_refund_no: str, amount_fen: int, fee_return_fen: int, now: datetime
    ) -> dict[str, str | int | bytes | None]:
        assert order.openid is not None
        return {
            "merchant_ref": order.merchant_ref,
            "out_refund_no": out_refund_no,
            "refund_id": self._ids.refund_id(now),
            "out_trade_no": order.out_trade_no,
            "transaction_id": order.transaction_id,
            "amount_fen": amount_fen,
            "total_fen": order.total_fen,
            "reason": "",
            "notify_url": "",
            "state": RefundState.PROCESSING.value,
            "asked_at": to_ms(now),
            "fee_return_fen": fee_return_fen,
            "credit_account": payer_account(order.openid),
            "account_text": WALLET,
            "request_digest": "",
        }

    def _decide(self, refund: Refund) -> None:
        assert refund.due_at is not None
        act = ACT_TO[refund.due_state]
        if act is RefundAct.PAY_OUT and not self._reaches(refund):
            act = RefundAct.BOUNCE
        if self._end(refund, act, refund.due_at):
            return
        # The merchant is short of money: again later, and in the end no more.
        until = refund.asked_at + SHORT_FOR
        if refund.due_at >= until:
            self._end(refund, RefundAct.CLOSE, refund.due_at)
            return
        again_at = min(refund.due_at + TRY_EVERY, until)
        self._store.run("UPDATE refund SET due_at = ? WHERE refund_id = ?", (to_ms(again_at), refund.refund_id))

    def _reaches(self, refund: Refund) -> bool:
        """Whether the way the refund takes still leads anywhere: a new card does, a dead one does not."""
        row = self._store.row(
            "SELECT p.state, r.is_rerouted FROM refund r "
            "JOIN trade_order o ON o.transaction_id = r.transaction_id JOIN payer p ON p.openid = o.openid "
            "WHERE r.refund_id = ?",
            (refund.refund_id,),
        )
        assert row is not None
        return bool(row["is_rerouted"]) or row["state"] == PayerState.NORMAL.value

    def _end(self, refund: Refund, act: RefundAct, at: datetime) -> bool:
        """End a refund in work and announce it; False, with nothing changed, where the merchant's money is short."""
        target = EDGES[(refund.state, act)]
        with self._store.transaction():
            if act is RefundAct.PAY_OUT and not self._ledger.refund(
                merchant_ref=refund.merchant_ref,
                credit_account=refund.credit_account,
                amount_fen=refund.amount_fen,
                fee_return_fen=refund.fee_return_fen,
                refund_id=refund.refund_id,
                now=at,
            ):
                return False
            changed = self._store.run(
                "UPDATE refund SET state = ?, due_at = NULL, success_at = ?, closed_at = ? "
                "WHERE refund_id = ? AND state = 'PROCESSING'",
                (
                    target.value,
                    to_ms(at) if target is RefundState.SUCCESS else None,
                    to_ms(at) if target is RefundState.CLOSED else None,
                    refund.refund_id,
                ),
            )
            assert changed == 1
            self._announce(self.named(refund.refund_id), at)
        return True

    def _announce(self, refund: Refund, at: datetime) -> None:
        """Tell the merchant, at the refund's address; without one, at the order's and in the old XML."""
        order = self._orders.by_transaction(refund.merchant_ref, refund.transaction_id)
        self._notices.announce(
            refund.out_trade_no,
            refund.notify_url or order.notify_url,
            notice_of(refund, order, self._keys),
            at,
            event_type=f"REFUND.{refund.state}",
            out_refund_no=refund.out_refund_no,
            is_v2=not refund.notify_url,
        )


def _no_such_refund() -> ChannelError:
    return ChannelError(ErrorCode.RESOURCE_NOT_EXISTS, "退款单不存在")


def _digest_of(request: RefundRequest) -> str:
    text = json.dumps([request.scope, request.body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
