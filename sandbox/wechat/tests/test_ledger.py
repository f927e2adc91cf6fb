"""The channel's own ledger, and its auditor, which must see each kind of damage."""

from __future__ import annotations

import pytest

from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import REFUND_S, Merchant, whole_book


def test_payment_moves_from_payer_to_merchant(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.placed("ORDER0001")
    paid = merchant.pay("ORDER0001")
    assert gateway.ledger.balance_fen(f"payer:{paid.openid}") == DEFAULT_BALANCE_FEN - 38000
    assert gateway.ledger.balance_fen(f"merchant:{gateway.keys.mchid}") == 38000
    dump = gateway.ledger.dump()
    assert sum(int(str(one["balance_fen"])) for one in dump["accounts"]) == 0
    assert [one["kind"] for one in dump["transfers"]] == ["top_up", "payment"]


def test_balance_is_set_by_transfers(gateway: WeChatGateway) -> None:
    payer = gateway.ledger.create_payer(name="付款人", balance_fen=500, openid="o-payer", now=START)
    assert gateway.ledger.set_balance(payer.openid, 200, START).balance_fen == 200
    assert gateway.ledger.set_balance(payer.openid, 900, START).balance_fen == 900
    kinds = [(one["kind"], one["amount_fen"]) for one in gateway.ledger.dump()["transfers"]]
    assert kinds == [("top_up", 500), ("draw_down", 300), ("top_up", 700)]


def test_unsound_payers_are_refused_and_nothing_changes(gateway: WeChatGateway) -> None:
    gateway.ledger.create_payer(name="付款人", balance_fen=500, openid="o-payer", now=START)
    before = whole_book(gateway)
    with pytest.raises(SandboxRefusal, match="already a payer"):
        gateway.ledger.create_payer(name="付款人", balance_fen=1, openid="o-payer", now=START)
    with pytest.raises(SandboxRefusal, match="balance_fen -1"):
        gateway.ledger.create_payer(name="付款人", balance_fen=-1, openid=None, now=START)
    with pytest.raises(SandboxRefusal, match="balance_fen -1"):
        gateway.ledger.set_balance("o-payer", -1, START)
    with pytest.raises(SandboxRefusal, match="no payer"):
        gateway.ledger.set_balance("o-nobody", 1, START)
    assert whole_book(gateway) == before


@pytest.mark.parametrize(
    "damage,undo,sentence",
    [
        (
            "UPDATE account SET balance_fen = balance_fen + 1 WHERE account_code LIKE 'payer:%'",
            "UPDATE account SET balance_fen = balance_fen - 1 WHERE account_code LIKE 'payer:%'",
            "its transfers say",
        ),
        (
            "UPDATE account SET balance_fen = balance_fen + 1 WHERE account_code = 'outside'",
            "UPDATE account SET balance_fen = balance_fen - 1 WHERE account_code = 'outside'",
            "all accounts together hold 1 fen",
        ),
        (
            "UPDATE account SET balance_fen = -balance_fen WHERE account_code LIKE 'payer:%'",
            "UPDATE account SET balance_fen = -balance_fen WHERE account_code LIKE 'payer:%'",
            "is overdrawn",
        ),
        (
            "UPDATE trade_order SET total_fen = total_fen + 1",
            "UPDATE trade_order SET total_fen = total_fen - 1",
            "without a payment of its amount",
        ),
        (
            "UPDATE transfer SET transaction_id = 'x' WHERE kind = 'payment'",
            "UPDATE transfer SET transaction_id = (SELECT transaction_id FROM trade_order) WHERE kind = 'payment'",
            "payment x belongs to no paid order",
        ),
        (
            "UPDATE trade_order SET paid_at = created_at - 1",
            "UPDATE trade_order SET paid_at = created_at",
            "before it was made",
        ),
    ],
)
def test_auditor_sees_damage(merchant: Merchant, gateway: WeChatGateway, damage: str, undo: str, sentence: str) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    assert gateway.findings() == []
    gateway.store.run(damage)
    assert any(sentence in finding for finding in gateway.findings())
    gateway.store.run(undo)
    assert gateway.findings() == []


@pytest.mark.parametrize(
    "damage,undo,sentence",
    [
        (
            "UPDATE transfer SET amount_fen = amount_fen + 1 WHERE kind = 'refund'",
            "UPDATE transfer SET amount_fen = amount_fen - 1 WHERE kind = 'refund'",
            "refund REFUND0001 is SUCCESS without a movement of its amount",
        ),
        (
            "UPDATE transfer SET refund_id = 'x' WHERE kind = 'refund'",
            "UPDATE transfer SET refund_id = (SELECT refund_id FROM refund) WHERE kind = 'refund'",
            "movement refund of refund x belongs to no refund that succeeded",
        ),
        (
            "UPDATE refund SET credit_account = 'payer:other'",
            "UPDATE refund SET credit_account = (SELECT 'payer:' || openid FROM trade_order)",
            "goes to payer:other, which did not pay",
        ),
        (
            "UPDATE refund SET amount_fen = total_fen, total_fen = total_fen + 1",
            "UPDATE refund SET amount_fen = 8000, total_fen = total_fen - 1",
            "contradicts its order",
        ),
        (
            "UPDATE trade_order SET total_fen = 7999",
            "UPDATE trade_order SET total_fen = 38000",
            "of 7999 fen has refunds of 8000",
        ),
        (
            "UPDATE refund SET asked_at = asked_at - 1000000",
            "UPDATE refund SET asked_at = asked_at + 1000000",
            "was asked before its payment",
        ),
        (
            "UPDATE refund SET success_at = success_at - 1000000",
            "UPDATE refund SET success_at = success_at + 1000000",
            "ended before it was asked",
        ),
        (
            "UPDATE trade_order SET fee_fen = fee_fen + 1",
            "UPDATE trade_order SET fee_fen = fee_fen - 1",
            "says a fee of 229 fen",
        ),
        (
            "UPDATE refund SET fee_return_fen = fee_return_fen + 1",
            "UPDATE refund SET fee_return_fen = fee_return_fen - 1",
            "says a fee return of 49 fen",
        ),
        (
            "UPDATE refund SET fee_return_fen = 229",
            "UPDATE refund SET fee_return_fen = 48",
            "had more fee returned than was taken",
        ),
    ],
)
def test_auditor_sees_damage_to_refunds(
    merchant: Merchant, gateway: WeChatGateway, damage: str, undo: str, sentence: str
) -> None:
    gateway.ledger.set_fee_per_million(6000)
    merchant.refund(merchant.paid("ORDER0001"), "REFUND0001", 8000)
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0001") == "SUCCESS"
    assert gateway.findings() == []
    gateway.store.run(damage)
    assert any(sentence in finding for finding in gateway.findings()), gateway.findings()
    gateway.store.run(undo)
    assert gateway.findings() == []


def test_auditor_sees_a_fifty_first_refund(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.refund(merchant.paid("ORDER0001"), "REFUND0001", 1)
    copy = (
        "INSERT INTO refund SELECT merchant_ref, 'COPY' || ?, 'copy' || ?, out_trade_no, transaction_id, amount_fen, "
        "total_fen, reason, notify_url, state, asked_at, due_at, due_state, success_at, closed_at, fee_return_fen, "
        "credit_account, account_text, is_rerouted, source, request_digest FROM refund "
        "WHERE out_refund_no = 'REFUND0001'"
    )
    for place in range(49):
        gateway.store.run(copy, (place, place))
    assert gateway.findings() == []
    gateway.store.run(copy, (50, 50))
    assert [finding for finding in gateway.findings() if "has 51 refunds, more than 50" in finding]
    gateway.store.run("DELETE FROM refund WHERE out_refund_no = 'COPY50'")
