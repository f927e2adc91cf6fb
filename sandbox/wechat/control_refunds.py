"""The control plane's routes about refunds: list and finish them, play the clerk who makes one, move the merchant's own
money, and set what payers, fees and rates are like."""

from __future__ import annotations

from dataclasses import asdict

from sandbox.clock import rfc3339
from sandbox.wechat.errors import ChannelError, SandboxRefusal
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.ledger import PayerState, bank_account, merchant_account
from sandbox.wechat.refund_record import Refund, RefundState
from sandbox.wechat.wishes import Content, Doer, Reply, Wish

LISTED_MAX = 1000


class RefundRoutes:
    """The doers of these routes over one gateway."""

    def __init__(self, gateway: WeChatGateway) -> None:
        self._gateway = gateway

    def listed(self) -> tuple[tuple[str, str, Doer], ...]:
        """Method, path and doer of each route."""
        return (
            ("GET", "/refunds", self._refunds),
            ("POST", "/refunds", self._refund_by_clerk),
            ("POST", "/refunds/finish", self._finish),
            ("POST", "/payers/(.+)/state", self._set_payer_state),
            ("GET", "/merchant/money", self._money),
            ("POST", "/merchant/withdraw", self._withdraw),
            ("POST", "/merchant/deposit", self._deposit),
            ("POST", "/merchant/fee", self._set_fee),
            ("GET", "/rates", self._rates),
            ("POST", "/rates", self._set_rate),
        )

    def _refunds(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.sweep(self._gateway.clock.now())
            if number := wish.text("out_refund_no"):
                found = [self._gateway.refunds.named(number)]
            else:
                found = self._gateway.refunds.recent(LISTED_MAX, out_trade_no=wish.text("out_trade_no"))
        return Reply(content={"refunds": [_shown(refund) for refund in found]})

    def _refund_by_clerk(self, wish: Wish) -> Reply:
        """A clerk refunds in the merchant's web platform; what the channel forbids is refused in its words."""
        with self._gateway.lock:
            now = self._gateway.clock.now()
            self._gateway.sweep(now)
            order = self._gateway.orders.named(out_trade_no=wish.text("out_trade_no"))
            if order.paid_at is None:
                raise SandboxRefusal("order_not_paid", f"Order {order.out_trade_no} is {order.state}, not paid.")
            amount_fen = wish.whole("amount_fen")
            if not 1 <= amount_fen <= order.total_fen:
                sentence = f"amount_fen {amount_fen} is not 1..{order.total_fen}."
                raise SandboxRefusal("value_wrong", sentence, 400)
            try:
                made = self._gateway.refunds.ask_by_clerk(order, amount_fen, now)
            except ChannelError as refused:
                raise SandboxRefusal(refused.code.value.lower(), refused.message) from None
            self._gateway.sweep(now)
            return Reply(status=201, content=_shown(self._gateway.refunds.named(made.refund_id)))

    def _finish(self, wish: Wish) -> Reply:
        word = wish.text("state", RefundState.SUCCESS.value)
        if word not in list(RefundState):
            raise SandboxRefusal("value_wrong", f"state is one of {', '.join(RefundState)}.", 400)
        with self._gateway.lock:
            now = self._gateway.clock.now()
            self._gateway.sweep(now)
            refund = self._gateway.refunds.named(wish.text("out_refund_no"))
            return Reply(content=_shown(self._gateway.refunds.finish(refund, RefundState(word), now)))

    def _set_payer_state(self, wish: Wish) -> Reply:
        word = wish.text("state")
        if word not in list(PayerState):
            raise SandboxRefusal("value_wrong", f"state is one of {', '.join(PayerState)}.", 400)
        with self._gateway.lock:
            return Reply(content=asdict(self._gateway.ledger.set_payer_state(wish.path_value, PayerState(word))))

    def _money(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            merchant_ref, ledger = self._merchant_ref(wish), self._gateway.ledger
            content: Content = {
                "merchant_ref": merchant_ref,
                "balance_fen": ledger.balance_fen(merchant_account(merchant_ref)),
                "bank_fen": ledger.balance_fen(bank_account(merchant_ref)),
                "fee_per_million": ledger.fee_per_million(),
            }
        return Reply(content=content)

    def _withdraw(self, wish: Wish) -> Reply:
        """To the merchant's bank: so much, or everything where no amount is named."""
        with self._gateway.lock:
            merchant_ref, ledger = self._merchant_ref(wish), self._gateway.ledger
            everything_fen = ledger.balance_fen(merchant_account(merchant_ref))
            ledger.withdraw(merchant_ref, wish.whole("amount_fen", everything_fen), self._gateway.clock.now())
        return self._money(wish)

    def _deposit(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            now = self._gateway.clock.now()
            self._gateway.ledger.deposit(self._merchant_ref(wish), wish.whole("amount_fen"), now)
        return self._money(wish)

    def _set_fee(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.ledger.set_fee_per_million(wish.whole("fee_per_million"))
        return self._money(wish)

    def _rates(self, _wish: Wish) -> Reply:
        return Reply(content={"rates": dict(self._gateway.rates.listed())})

    def _set_rate(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.rates.set(wish.text("name"), wish.whole("per_s"))
        return self._rates(wish)

    def _merchant_ref(self, wish: Wish) -> str:
        """The merchant itself, or its sub-merchant where that is named."""
        keys = self._gateway.keys
        merchant_ref = wish.text("merchant_ref", keys.mchid)
        if merchant_ref not in (keys.mchid, keys.sub_mchid):
            raise SandboxRefusal("merchant_unknown", f"There is no merchant {merchant_ref}.", 404)
        return merchant_ref


def _shown(refund: Refund) -> Content:
    return {
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "merchant_ref": refund.merchant_ref,
        "out_trade_no": refund.out_trade_no,
        "transaction_id": refund.transaction_id,
        "amount_fen": refund.amount_fen,
        "total_fen": refund.total_fen,
        "fee_return_fen": refund.fee_return_fen,
        "reason": refund.reason,
        "notify_url": refund.notify_url,
        "state": refund.state.value,
        "source": refund.source,
        "credit_account": refund.credit_account,
        "account_text": refund.account_text,
        "asked_at": rfc3339(refund.asked_at),
        "due_at": refund.due_at and rfc3339(refund.due_at),
        "success_at": refund.success_at and rfc3339(refund.success_at),
        "closed_at": refund.closed_at and rfc3339(refund.closed_at),
    }
