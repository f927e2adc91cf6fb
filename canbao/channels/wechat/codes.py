"""WeChat's words and what they mean for us: tables for the error codes, the trade states and the refunds' states.

A word means something only under the HTTP status and on the call it is documented for. Anything else, a code never
seen before above all, is `unknown`. The same code may be a plain no on one call and say nothing on another:
PARAM_ERROR on placing means that this order was not placed; on asking, that our question was wrong, which tells
nothing about the order.

Source: WeChat Pay API v3, pages 支付下单, 查询订单, 关闭订单, 申请退款, 查询单笔退款, 申请交易账单 and 公共错误码.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from canbao.channels.interface import Outcome, RefundAdvice, RefundFate

_Row = TypeVar("_Row")


class Call(StrEnum):
    """The calls about an order."""

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
    TRADE_OVERDUE = "TRADE_OVERDUE"
    REFUND_FEE_MISMATCH = "REFUND_FEE_MISMATCH"
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


class RefundState(StrEnum):
    """Every `status` of a refund that WeChat documents; a notice calls the same `refund_status`."""

    SUCCESS = "SUCCESS"
    PROCESSING = "PROCESSING"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's one status, and what it means on each call about an order."""

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
    # Words of other calls (bills, refunds): here they say nothing. The last two are told without their status.
    Code.TRADE_OVERDUE: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.REFUND_FEE_MISMATCH: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.NO_STATEMENT_EXIST: Meaning(400, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.STATEMENT_CREATING: Meaning(400, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.NOT_ENOUGH: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.USER_ACCOUNT_ABNORMAL: Meaning(403, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.RESOURCE_NOT_EXISTS: Meaning(404, place=_SILENT, ask=_SILENT, close=_SILENT),
    # Too busy, or broken: the request may be in work all the same.
    Code.FREQUENCY_LIMITED: Meaning(429, place=_SILENT, ask=_SILENT, close=_SILENT),
    Code.SYSTEM_ERROR: Meaning(500, place=_SILENT, ask=_SILENT, close=_SILENT),
}

REFUND_NOES: dict[Code, tuple[frozenset[int], RefundAdvice]] = {
    # Our balance there is short. The same number with the same values succeeds when it is not.
    Code.NOT_ENOUGH: (frozenset({403}), RefundAdvice.AGAIN),
    # The payer's account takes nothing back, or the year is over: another way must be found.
    Code.USER_ACCOUNT_ABNORMAL: (frozenset({403}), RefundAdvice.BY_HAND),
    # WeChat's questions and answers name these two codes without a status.
    Code.TRADE_OVERDUE: (frozenset({400, 403}), RefundAdvice.BY_HAND),
    Code.REFUND_FEE_MISMATCH: (frozenset({400, 403}), RefundAdvice.BY_HAND),
    # The transaction is not there, or was not paid.
    Code.RESOURCE_NOT_EXISTS: (frozenset({404}), RefundAdvice.BY_HAND),
    # Our mistake or our configuration: the same request meets the same no.
    Code.PARAM_ERROR: (frozenset({400}), RefundAdvice.BY_HAND),
    Code.INVALID_REQUEST: (frozenset({400}), RefundAdvice.BY_HAND),
    Code.APPID_MCHID_NOT_MATCH: (frozenset({400}), RefundAdvice.BY_HAND),
    Code.MCH_NOT_EXISTS: (frozenset({400}), RefundAdvice.BY_HAND),
    Code.SIGN_ERROR: (frozenset({401}), RefundAdvice.BY_HAND),
    Code.NO_AUTH: (frozenset({403}), RefundAdvice.BY_HAND),
    Code.RULE_LIMIT: (frozenset({403}), RefundAdvice.BY_HAND),
    Code.TRADE_ERROR: (frozenset({403}), RefundAdvice.BY_HAND),
}
"""What turns a refund down, the statuses under which it is believed, and what that asks of us.

Every other code is `unknown`, FREQUENCY_LIMITED above all: the refund may be in work all the same."""

REFUND_STATES: dict[RefundState, tuple[Outcome, RefundFate, RefundAdvice | None]] = {
    RefundState.SUCCESS: (Outcome.CONFIRMED, RefundFate.SUCCEEDED, None),
    RefundState.PROCESSING: (Outcome.WAITING, RefundFate.PROCESSING, None),
    # Seven days without money in our account there. The number is used up.
    RefundState.CLOSED: (Outcome.REFUSED, RefundFate.CLOSED, RefundAdvice.NEW_NUMBER),
    # The card is gone and so is the balance: the channel wants to be told another account.
    RefundState.ABNORMAL: (Outcome.REFUSED, RefundFate.ABNORMAL, RefundAdvice.BY_HAND),
}

STATEMENT_NOES: dict[Code, tuple[int, Outcome]] = {
    Code.NO_STATEMENT_EXIST: (400, Outcome.REFUSED),
    Code.STATEMENT_CREATING: (400, Outcome.WAITING),
}
"""The two codes that answer a request for a statement; after any other it is asked for again."""

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


def advice_of_refund_error(status: int, code: str) -> RefundAdvice | None:
    """What a refund's explicit no asks of us; None when it is none, and the refund may be in work."""
    found = _found(REFUND_NOES, code)
    return found[1] if found is not None and status in found[0] else None


def advice_of_refund_query_error(status: int, code: str) -> RefundAdvice | None:
    """What a refused question about a refund says about it: that it is not known there, or (None) nothing."""
    return RefundAdvice.NEVER_HEARD if (status, code) == (404, Code.RESOURCE_NOT_EXISTS) else None


def meaning_of_refund_state(state: str) -> tuple[Outcome, RefundFate, RefundAdvice | None] | None:
    """What a refund's `status` means; None for one never seen before."""
    try:
        return REFUND_STATES[RefundState(state)]
    except ValueError:
        return None


def outcome_of_statement_error(status: int, code: str) -> Outcome:
    """What a refused request for a statement means."""
    found = _found(STATEMENT_NOES, code)
    return found[1] if found is not None and status == found[0] else Outcome.UNKNOWN


def is_too_often(status: int, code: str) -> bool:
    """Whether a refusal says that we ask more often than the channel allows."""
    return (status, code) == (429, Code.FREQUENCY_LIMITED)


def _found(table: Mapping[Code, _Row], code: str) -> _Row | None:
    try:
        return table.get(Code(code))
    except ValueError:
        return None
