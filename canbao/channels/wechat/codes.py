"""WeChat's words and what they mean for us: one table for the error codes, one for the trade states.

A word means something only under the HTTP status and on the call it is documented for. Anything else, a code never
seen before above all, is `unknown`. The same code may be a plain no on one call and say nothing on another:
PARAM_ERROR on placing means that this order was not placed; on asking, that our question was wrong, which tells
nothing about the order.

Source: WeChat Pay API v3, pages 支付下单, 查询订单, 关闭订单 and 公共错误码.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from canbao.channels.interface import Outcome


class Call(StrEnum):
    """The three calls we make."""

    PLACE = "place"
    ASK = "ask"
    CLOSE = "close"


class Code(StrEnum):
    """Every error code that WeChat documents for orders, bills and refunds."""

    PARAM_ERROR = "PARAM_ERROR"
    INVALID_REQUEST = "INVALID_REQUEST"
    APPID_MCHID_NOT_MATCH = "APPID_MCHID_NOT_MATCH"
    MCH_NOT_EXISTS = "MCH_NOT_EXISTS"
    ORDER_CLOSED = "ORDER_CLOSED"
    NO_STATEMENT_EXIST = "NO_STATEMENT_EXIST"
    STATEMENT_CREATING = "STATEMENT_CREATING"
    SIGN_ERROR = "SIGN_ERROR"
    NO_AUTH = "NO_AUTH"
    RULE_LIMIT = "RULE_LIMIT"
    TRADE_ERROR = "TRADE_ERROR"
    OUT_TRADE_NO_USED = "OUT_TRADE_NO_USED"
    NOT_ENOUGH = "NOT_ENOUGH"
    USER_ACCOUNT_ABNORMAL = "USER_ACCOUNT_ABNORMAL"
    ORDER_NOT_EXIST = "ORDER_NOT_EXIST"
    RESOURCE_NOT_EXISTS = "RESOURCE_NOT_EXISTS"
    FREQUENCY_LIMITED = "FREQUENCY_LIMITED"
    SYSTEM_ERROR = "SYSTEM_ERROR"


class TradeState(StrEnum):
    """Every `trade_state` that WeChat documents; the last three belong to code pay, which we do not use."""

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's one status, and what it means on each call."""

    status: int
    place: Outcome
    ask: Outcome
    close: Outcome


_NO = Outcome.REFUSED
_SILENT = Outcome.UNKNOWN

MEANINGS: dict[Code, Meaning] = {
    # Our mistake or our configuration: this request was not carried out. A question that was turned down answers
    # nothing.
    Code.PARAM_ERROR: Meaning(400, place=_NO, ask=_SILENT, close=_NO),
    Code.INVALID_REQUEST: Meaning(400, place=_NO, ask=_SILENT, close=_NO),
    Code.APPID_MCHID_NOT_MATCH: Meaning(400, place=_NO, ask=_SILENT, close=_NO),
    Code.MCH_NOT_EXISTS: Meaning(400, place=_NO, ask=_SILENT, close=_NO),
    Code.SIGN_ERROR: Meaning(401, place=_NO, ask=_SILENT, close=_NO),
    Code.NO_AUTH: Meaning(403, place=_NO, ask=_SILENT, close=_NO),
    Code.RULE_LIMIT: Meaning(403, place=_NO, ask=_SILENT, close=_NO),
    Code.TRADE_ERROR: Meaning(403, place=_NO, ask=_SILENT, close=_NO),
    # The number belongs to a closed order: a new order needs a new number. On closing, only an empty 204 is believed.
    Code.ORDER_CLOSED: Meaning(400, place=_NO, ask=_SILENT, close=_NO),
    # An order with this number stands there, with other values; it may have been paid.
    Code.OUT_TRADE_NO_USED: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    # The channel never heard of the number.
    Code.ORDER_NOT_EXIST: Meaning(404, place=_SILENT, ask=_NO, close=_NO),
    # Words of other calls (bills, refunds): here they say nothing.
    Code.NO_STATEMENT_EXIST: Meaning(400, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.STATEMENT_CREATING: Meaning(400, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.NOT_ENOUGH: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.USER_ACCOUNT_ABNORMAL: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.RESOURCE_NOT_EXISTS: Meaning(404, place=_SILENT, ask=_SILENT, close=_SILENT),
    # Too busy, or broken: the request may be in work all the same.
    Code.FREQUENCY_LIMITED: Meaning(429, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.SYSTEM_ERROR: Meaning(500, place=_SILENT, ask=_SILENT, close=_SILENT),
}

TRADE_STATES: dict[TradeState, Outcome] = {
    # REFUND is also the state after a partial refund: the money did come, and what went back is a second fact.
    TradeState.SUCCESS: Outcome.CONFIRMED,
    TradeState.REFUND: Outcome.CONFIRMED,
    TradeState.NOTPAY: Outcome.WAITING,
    TradeState.USERPAYING: Outcome.WAITING,
    TradeState.CLOSED: Outcome.REFUSED,
    TradeState.REVOKED: Outcome.REFUSED,
    # A failed attempt of code pay must be reversed before it is over. On an H5 or Native order nobody has described it.
    TradeState.PAYERROR: Outcome.UNKNOWN,
}


def outcome_of_error(call: Call, status: int, code: str) -> Outcome:
    """What an error answer means: `refused` for a documented no under its own status, `unknown` for everything else."""
    try:
        meaning = MEANINGS[Code(code)]
    except ValueError:
        return Outcome.UNKNOWN
    if status != meaning.status:
        return Outcome.UNKNOWN
    match call:
        case Call.PLACE:
            return meaning.place
        case Call.ASK:
            return meaning.ask
        case Call.CLOSE:
            return meaning.close


def outcome_of_state(trade_state: str) -> Outcome:
    """What a `trade_state` means; a state never seen before is `unknown`."""
    try:
        return TRADE_STATES[TradeState(trade_state)]
    except ValueError:
        return Outcome.UNKNOWN
