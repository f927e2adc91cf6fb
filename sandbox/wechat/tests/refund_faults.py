"""Every fault about refunds shown in process: what it does to the caller, and what it leaves true at the channel."""

from __future__ import annotations

from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN, FEES
from sandbox.wechat.refund_record import RefundState
from sandbox.wechat.tests.merchant import NOTIFY_URL, REFUND_S, Merchant, code_of, content_of
from sandbox.wechat.tests.shown import Shown, put

REFUND_FAULTS = Shown()
_shows = REFUND_FAULTS.by


def _statuses(merchant: Merchant, rule: Rule | Fault, *waits_s: float) -> list[str]:
    """What a refund's status is at once, and after each of the waits."""
    order = merchant.paid("ORDER0001")
    put(merchant, rule)
    statuses = [str(content_of(merchant.refund(order, "REFUND0001", 38000))["status"])]
    for wait_s in waits_s:
        merchant.pass_time(wait_s)
        statuses.append(merchant.status_of("REFUND0001"))
    return statuses


def _told(merchant: Merchant) -> list[str]:
    return [str(one["event_type"]) for one in merchant.gateway.notices.listed() if one["out_refund_no"]]


@_shows(Fault.PARTIAL_REFUND)
def _partial_refund(merchant: Merchant) -> None:
    put(merchant, Rule(fault=Fault.PARTIAL_REFUND, endpoint=Endpoint.PAY, delta_fen=5000))
    order = merchant.paid("ORDER0001")
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "REFUND"
    (refund,) = merchant.gateway.refunds.recent(10)
    assert (refund.amount_fen, refund.state, refund.source, refund.notify_url) == (5000, "SUCCESS", "clerk", "")
    (notice,) = [one for one in merchant.gateway.notices.listed() if one["out_refund_no"]]
    assert (notice["url"], notice["state"]) == (NOTIFY_URL, "acknowledged")
    merchant.pass_time(60)
    assert code_of(merchant.refund(order, "REFUND0001", 38000)) is ErrorCode.INVALID_REQUEST
    assert merchant.refund(order, "REFUND0002", 33000).status == 200


@_shows(Fault.REFUND_STUCK)
def _stuck(merchant: Merchant) -> None:
    month_s = 30 * 86400
    assert _statuses(merchant, Fault.REFUND_STUCK, REFUND_S, month_s) == ["PROCESSING"] * 3
    assert _told(merchant) == []
    gateway = merchant.gateway
    gateway.refunds.finish(gateway.refunds.named("REFUND0001"), RefundState.SUCCESS, gateway.clock.now())
    assert merchant.status_of("REFUND0001") == "SUCCESS"
    assert _told(merchant) == ["REFUND.SUCCESS"]


@_shows(Fault.REFUND_DELAYED)
def _delayed(merchant: Merchant) -> None:
    rule = Rule(fault=Fault.REFUND_DELAYED, endpoint=Endpoint.REFUND, seconds=5000)
    assert _statuses(merchant, rule, 4999, 1) == ["PROCESSING", "PROCESSING", "SUCCESS"]


@_shows(Fault.REFUND_ABNORMAL)
def _abnormal(merchant: Merchant) -> None:
    assert _statuses(merchant, Fault.REFUND_ABNORMAL, REFUND_S, 86400) == ["PROCESSING", "ABNORMAL", "ABNORMAL"]
    assert _told(merchant) == ["REFUND.ABNORMAL"]
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "SUCCESS"


@_shows(Fault.REFUND_CLOSED)
def _closed(merchant: Merchant) -> None:
    assert _statuses(merchant, Fault.REFUND_CLOSED, REFUND_S) == ["PROCESSING", "CLOSED"]
    assert _told(merchant) == ["REFUND.CLOSED"]
    order = merchant.gateway.orders.named(out_trade_no="ORDER0001")
    assert content_of(merchant.refund(order, "REFUND0001", 38000))["status"] == "CLOSED"
    assert merchant.refund(order, "REFUND0002", 38000).status == 200


@_shows(Fault.REFUND_AFTER_SETTLEMENT)
def _after_settlement(merchant: Merchant) -> None:
    rule = Rule(fault=Fault.REFUND_AFTER_SETTLEMENT, endpoint=Endpoint.REFUND, count=2)
    statuses = _statuses(merchant, rule, 86400, 86400 + 3 * 3600 - 1, 1)
    assert statuses == ["PROCESSING", "PROCESSING", "PROCESSING", "SUCCESS"]
    told = content_of(merchant.ask_refund("REFUND0001"))
    assert (told["create_time"], told["success_time"]) == ("2024-11-15T09:00:00+08:00", "2024-11-17T12:00:00+08:00")


@_shows(Fault.REFUND_UNKNOWN_THEN_SUCCESS, Fault.REFUND_UNKNOWN_THEN_FAILURE)
def _unknown(merchant: Merchant) -> None:
    ends = ((Fault.REFUND_UNKNOWN_THEN_SUCCESS, "SUCCESS"), (Fault.REFUND_UNKNOWN_THEN_FAILURE, "CLOSED"))
    for place, (fault, end) in enumerate(ends):
        order = merchant.paid(f"ORDER000{place}")
        put(merchant, fault)
        answer = merchant.refund(order, f"REFUND000{place}", 38000)
        assert (answer.status, code_of(answer), answer.is_processed) == (500, ErrorCode.SYSTEM_ERROR, True)
        assert "Wechatpay-Signature" not in answer.headers
        assert merchant.status_of(f"REFUND000{place}") == "PROCESSING"
        assert content_of(merchant.refund(order, f"REFUND000{place}", 38000))["status"] == "PROCESSING"
        merchant.pass_time(REFUND_S)
        assert merchant.status_of(f"REFUND000{place}") == end


@_shows(Fault.FEE_RETURN)
def _fee_return(merchant: Merchant) -> None:
    put(merchant, Fault.FEE_RETURN)
    order = merchant.paid("ORDER0001")
    ledger, mchid = merchant.gateway.ledger, merchant.gateway.keys.mchid
    assert (order.fee_fen, ledger.balance_fen(FEES), ledger.balance_fen(f"merchant:{mchid}")) == (228, 228, 37772)
    for place, (amount_fen, fees_fen) in enumerate(((1, 228), (999, 222), (37000, 0))):
        merchant.refund(order, f"REFUND000{place}", amount_fen)
        merchant.pass_time(REFUND_S)
        assert merchant.status_of(f"REFUND000{place}") == "SUCCESS"
        assert ledger.balance_fen(FEES) == fees_fen
    assert ledger.balance_fen(f"merchant:{mchid}") == 0
    assert ledger.balance_fen(f"payer:{order.openid}") == DEFAULT_BALANCE_FEN


@_shows(Fault.FEE_NOT_RETURNED)
def _fee_not_returned(merchant: Merchant) -> None:
    ledger = merchant.gateway.ledger
    ledger.set_fee_per_million(6000)
    order = merchant.paid("ORDER0001")
    put(merchant, Fault.FEE_NOT_RETURNED)
    merchant.refund(order, "REFUND0001", 19000)
    merchant.pass_time(REFUND_S)
    assert merchant.status_of("REFUND0001") == "SUCCESS"
    assert ledger.balance_fen(FEES) == 228


def _refunded(merchant: Merchant, rule: Rule | Fault) -> None:
    """A refund that succeeded, whose notice the rule stands on and is now due."""
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 5000)
    put(merchant, rule)
    merchant.pass_time(REFUND_S)


@_shows(Fault.NOTICE_WRONG_REFUND)
def _wrong_refund(merchant: Merchant) -> None:
    _refunded(merchant, Fault.NOTICE_WRONG_REFUND)
    (message,) = merchant.hear(200)
    assert merchant.believes(message.headers, message.body)
    told = merchant.opened(message.body)
    assert told is not None
    assert merchant.ask_refund(str(told["out_refund_no"])).status == 404
    assert told["out_trade_no"] == "ORDER0001"


@_shows(Fault.NOTICE_AFTER_REFUND)
def _after_refund(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    order = merchant.pay("ORDER0001")
    put(merchant, Fault.NOTICE_AFTER_REFUND)
    merchant.paid("ORDER0002")
    assert merchant.hear(200) == []
    merchant.refund(order, "REFUND0001", 5000)
    merchant.pass_time(REFUND_S)
    assert [(one.out_trade_no, one.out_refund_no) for one in merchant.hear(200)] == [("ORDER0001", "REFUND0001")]
    assert [(one.out_trade_no, one.out_refund_no) for one in merchant.hear(200)] == [("ORDER0001", "")]
