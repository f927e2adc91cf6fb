"""Whatever is asked, in whatever order: never more goes back than was paid, and the book always balances."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import VirtualClock
from sandbox.exchange import Answer
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.faults import CATALOGUE, Fault, Stage
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import Keys
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN, FEES, PayerState
from sandbox.wechat.limits import Limits
from sandbox.wechat.refund_record import RefundState
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import REFUNDS, Merchant, content_of
from sandbox.wechat.tests.shown import put

PAID_FEN = (38000, 1, 250)
OUTCOME_FAULTS = sorted(fault for fault, entry in CATALOGUE.items() if entry.stage is Stage.REFUND)
NUMBERS = st.integers(1, 6).map(lambda place: f"REFUND{place}")

Step = tuple[str, object, object]
AMOUNTS = st.one_of(st.integers(1, 40000), st.sampled_from([1, 125, 20000, 30000, 38000]))
_REFUND = st.tuples(st.just("refund"), NUMBERS, st.tuples(st.integers(0, 2), AMOUNTS))
_MINUTE = st.tuples(st.just("time"), st.just(60), st.none())
# Refunds of one order a minute apart are where sums go wrong, so they are drawn more often.
STEPS = st.one_of(
    _REFUND,
    _REFUND,
    _REFUND,
    _MINUTE,
    _MINUTE,
    st.tuples(st.just("reroute"), NUMBERS, st.none()),
    st.tuples(st.just("finish"), NUMBERS, st.sampled_from(list(RefundState))),
    st.tuples(st.just("clerk"), st.integers(0, 2), st.integers(1, 300)),
    st.tuples(st.just("money"), st.sampled_from(["withdraw", "deposit"]), st.integers(1, 40000)),
    st.tuples(st.just("payer"), st.sampled_from(list(PayerState)), st.none()),
    st.tuples(st.just("fault"), st.sampled_from(OUTCOME_FAULTS), st.none()),
    st.tuples(st.just("time"), st.sampled_from([1, 301, 86400, 8 * 86400]), st.none()),
)


def _play(merchant: Merchant, step: Step) -> Answer | None:
    gateway, (act, first, second) = merchant.gateway, step
    orders = [gateway.orders.named(out_trade_no=f"ORDER000{place}") for place in range(len(PAID_FEN))]
    match act, first, second:
        case "refund", str(number), (int(place), int(amount_fen)):
            return merchant.refund(orders[place], number, amount_fen)
        case "reroute", str(number), _:
            wish: dict[str, object] = {"out_refund_no": number, "type": "MERCHANT_BANK_CARD"}
            known = [one.refund_id for one in gateway.refunds.recent(99) if one.out_refund_no == number]
            return merchant.call("POST", f"{REFUNDS}/{(known or ['5030'])[0]}/apply-abnormal-refund", wish)
        case "finish", str(number), RefundState() as state:
            gateway.refunds.finish(gateway.refunds.named(number), state, merchant.now())
        case "clerk", int(place), int(amount_fen):
            gateway.orders.on_clerk_refund(orders[place], amount_fen, merchant.now())
        case "money", "withdraw", int(amount_fen):
            gateway.ledger.withdraw(gateway.keys.mchid, amount_fen, merchant.now())
        case "money", _, int(amount_fen):
            gateway.ledger.deposit(gateway.keys.mchid, amount_fen, merchant.now())
        case "payer", PayerState() as state, _:
            gateway.ledger.set_payer_state(str(orders[0].openid), state)
        case "fault", Fault() as fault, _:
            put(merchant, fault)
        case _:
            assert isinstance(first, int)
            merchant.pass_time(first)
            gateway.sweep(merchant.now())
    return None


def _refused_or(play: Callable[[], Answer | None]) -> Answer | None:
    try:
        return play()
    except SandboxRefusal:
        return None


@given(steps=st.lists(STEPS, max_size=30), fee=st.sampled_from([0, 6000]))
@settings(max_examples=150, deadline=None)
def test_any_history_leaves_a_true_book(made_keys: Keys, steps: list[Step], fee: int) -> None:
    clock = VirtualClock(real_now=lambda: START)
    gateway = WeChatGateway(keys=dataclasses.replace(made_keys), clock=clock, seed=7, limits=Limits(rate_per_s=0))
    merchant = Merchant(gateway=gateway)
    gateway.ledger.set_fee_per_million(fee)
    # Money beside what was paid, so that a purse too small hides no refund too large.
    gateway.ledger.deposit(gateway.keys.mchid, 200_000, START)
    for place, total_fen in enumerate(PAID_FEN):
        merchant.paid(f"ORDER000{place}", total_fen)
    ends: dict[str, RefundState] = {}
    for step in steps:
        answer = _refused_or(lambda step=step: _play(merchant, step))  # type: ignore[misc]  # a lambda's default
        assert answer is None or answer.status in (200, 400, 403, 404, 429, 500)
        assert gateway.findings() == []
        for refund in gateway.refunds.recent(99):
            # What succeeded or closed stays so.
            if refund.out_refund_no in ends:
                assert refund.state is ends[refund.out_refund_no]
            elif refund.state in (RefundState.SUCCESS, RefundState.CLOSED):
                ends[refund.out_refund_no] = refund.state
    _check_balances(merchant)
    gateway.close()


def _check_balances(merchant: Merchant) -> None:
    gateway = merchant.gateway
    done = [one for one in gateway.refunds.recent(99) if one.state is RefundState.SUCCESS]
    to_payer_fen = sum(one.amount_fen for one in done if one.credit_account.startswith("payer:"))
    payer = gateway.ledger.default_payer(merchant.now())
    assert payer.balance_fen == DEFAULT_BALANCE_FEN - sum(PAID_FEN) + to_payer_fen
    fees_fen = sum(order.fee_fen for order in gateway.orders.recent(9))
    assert gateway.ledger.balance_fen(FEES) == fees_fen - sum(one.fee_return_fen for one in done)
    for order in gateway.orders.recent(9):
        is_refunded = any(one.out_trade_no == order.out_trade_no for one in done)
        told = content_of(merchant.ask(order.out_trade_no))["trade_state"]
        assert told == ("REFUND" if is_refunded else "SUCCESS")
