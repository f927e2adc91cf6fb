"""A refund as the channel keeps and tells it: its states and edges, its row, and how calls and notices show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from sqlite3 import Row

from sandbox.clock import from_ms, rfc3339
from sandbox.wechat.fields import Body, Scope
from sandbox.wechat.keys import Keys
from sandbox.wechat.orders import Order

WALLET = "支付用户零钱"
MERCHANT_BANK = "交易商户银行账户"


class RefundState(StrEnum):
    """The states of a refund."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


class RefundAct(StrEnum):
    """What can happen to a refund."""

    PAY_OUT = "pay_out"
    CLOSE = "close"
    BOUNCE = "bounce"
    REROUTE = "reroute"


# From a state by an act to a state; a pair that is missing is refused.
EDGES: dict[tuple[RefundState, RefundAct], RefundState] = {
    (RefundState.PROCESSING, RefundAct.PAY_OUT): RefundState.SUCCESS,
    (RefundState.PROCESSING, RefundAct.CLOSE): RefundState.CLOSED,
    (RefundState.PROCESSING, RefundAct.BOUNCE): RefundState.ABNORMAL,
    (RefundState.ABNORMAL, RefundAct.REROUTE): RefundState.PROCESSING,
}
ACT_TO = {
    RefundState.SUCCESS: RefundAct.PAY_OUT,
    RefundState.CLOSED: RefundAct.CLOSE,
    RefundState.ABNORMAL: RefundAct.BOUNCE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund as the channel knows it. `due_at` is when it will be decided; None waits for the control plane."""

    merchant_ref: str
    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    reason: str
    notify_url: str
    state: RefundState
    asked_at: datetime
    due_at: datetime | None
    due_state: RefundState
    success_at: datetime | None
    closed_at: datetime | None
    fee_return_fen: int
    credit_account: str
    account_text: str
    source: str


def refund_of(row: Row) -> Refund:
    """A row of the table `refund`."""
    return Refund(
        merchant_ref=row["merchant_ref"],
        out_refund_no=row["out_refund_no"],
        refund_id=row["refund_id"],
        out_trade_no=row["out_trade_no"],
        transaction_id=row["transaction_id"],
        amount_fen=row["amount_fen"],
        total_fen=row["total_fen"],
        reason=row["reason"],
        notify_url=row["notify_url"],
        state=RefundState(row["state"]),
        asked_at=from_ms(row["asked_at"]),
        due_at=instant_of(row["due_at"]),
        due_state=RefundState(row["due_state"]),
        success_at=instant_of(row["success_at"]),
        closed_at=instant_of(row["closed_at"]),
        fee_return_fen=row["fee_return_fen"],
        credit_account=row["credit_account"],
        account_text=row["account_text"],
        source=row["source"],
    )


def resource_of(refund: Refund) -> Body:
    """A refund as every call about it answers."""
    content: Body = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL" if refund.account_text == WALLET else "OTHER_BANKCARD",
        "user_received_account": refund.account_text,
        "create_time": rfc3339(refund.asked_at),
        "status": refund.state.value,
        "funds_account": "AVAILABLE",
    }
    if refund.success_at is not None:
        content["success_time"] = rfc3339(refund.success_at)
    content["amount"] = {
        "total": refund.total_fen,
        "refund": refund.amount_fen,
        "from": [],
        "payer_total": refund.total_fen,
        "payer_refund": refund.amount_fen,
        "settlement_refund": refund.amount_fen,
        "settlement_total": refund.total_fen,
        "discount_refund": 0,
        "currency": "CNY",
        "refund_fee": refund.fee_return_fen,
    }
    content["promotion_detail"] = []
    return content


def notice_of(refund: Refund, order: Order, keys: Keys) -> Body:
    """A refund as its notice carries it: no app, no currency."""
    content: Body = {"mchid": keys.mchid}
    if order.scope is Scope.PARTNER:
        content = {"sp_mchid": keys.mchid, "sub_mchid": keys.sub_mchid}
    content |= {
        "out_trade_no": refund.out_trade_no,
        "transaction_id": refund.transaction_id,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.state.value,
    }
    if refund.success_at is not None:
        content["success_time"] = rfc3339(refund.success_at)
    content["user_received_account"] = refund.account_text
    content["amount"] = {
        "total": refund.total_fen,
        "refund": refund.amount_fen,
        "payer_total": refund.total_fen,
        "payer_refund": refund.amount_fen,
    }
    return content


def instant_of(milliseconds: int | None) -> datetime | None:
    """A stored instant, where there is one."""
    return None if milliseconds is None else from_ms(milliseconds)
