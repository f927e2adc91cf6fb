"""What the channel refuses with: its closed list of codes, each with the HTTP status it comes with, and the error
body.

A refusal is unsigned and has the body `{"code", "message", "detail"}`. Messages are the channel's (Chinese, for
people); callers must branch on the code alone.
"""

from __future__ import annotations

import json
from enum import StrEnum


class ErrorCode(StrEnum):
    """The codes of every call played here."""

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
    ORDER_NOT_EXIST = "ORDER_NOT_EXIST"
    RESOURCE_NOT_EXISTS = "RESOURCE_NOT_EXISTS"
    FREQUENCY_LIMITED = "FREQUENCY_LIMITED"
    SYSTEM_ERROR = "SYSTEM_ERROR"


STATUS_OF: dict[ErrorCode, int] = {
    ErrorCode.PARAM_ERROR: 400,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.APPID_MCHID_NOT_MATCH: 400,
    ErrorCode.MCH_NOT_EXISTS: 400,
    ErrorCode.ORDER_CLOSED: 400,
    ErrorCode.NO_STATEMENT_EXIST: 400,
    ErrorCode.STATEMENT_CREATING: 400,
    ErrorCode.SIGN_ERROR: 401,
    ErrorCode.NO_AUTH: 403,
    ErrorCode.RULE_LIMIT: 403,
    ErrorCode.TRADE_ERROR: 403,
    ErrorCode.OUT_TRADE_NO_USED: 403,
    ErrorCode.NOT_ENOUGH: 403,
    ErrorCode.USER_ACCOUNT_ABNORMAL: 403,
    ErrorCode.TRADE_OVERDUE: 403,
    ErrorCode.ORDER_NOT_EXIST: 404,
    ErrorCode.RESOURCE_NOT_EXISTS: 404,
    ErrorCode.FREQUENCY_LIMITED: 429,
    ErrorCode.SYSTEM_ERROR: 500,
}

MESSAGE_OF: dict[ErrorCode, str] = {
    ErrorCode.PARAM_ERROR: "参数错误",
    ErrorCode.INVALID_REQUEST: "请求参数符合参数格式，但不符合业务规则",
    ErrorCode.APPID_MCHID_NOT_MATCH: "appid和mch_id不匹配",
    ErrorCode.MCH_NOT_EXISTS: "商户号不存在",
    ErrorCode.ORDER_CLOSED: "订单已关闭",
    ErrorCode.NO_STATEMENT_EXIST: "账单文件不存在，请检查当前商户号在指定日期内是否有成功的交易",
    ErrorCode.STATEMENT_CREATING: "账单生成中，请在上午 10 点以后再试",
    ErrorCode.SIGN_ERROR: "错误的签名，验签失败",
    ErrorCode.NO_AUTH: "商户无权限",
    ErrorCode.RULE_LIMIT: "业务规则限制",
    ErrorCode.TRADE_ERROR: "交易错误",
    ErrorCode.OUT_TRADE_NO_USED: "商户订单号重复",
    ErrorCode.NOT_ENOUGH: "基本账户余额不足，请充值后重新发起",
    ErrorCode.USER_ACCOUNT_ABNORMAL: "退款请求失败，用户账户异常或已注销",
    ErrorCode.TRADE_OVERDUE: "订单已经超过退款期限",
    ErrorCode.ORDER_NOT_EXIST: "订单不存在",
    ErrorCode.RESOURCE_NOT_EXISTS: "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
    ErrorCode.FREQUENCY_LIMITED: "频率超限",
    ErrorCode.SYSTEM_ERROR: "系统异常，请稍后重试",
}

Detail = dict[str, object]


class ChannelError(Exception):
    """A refusal on the channel's API: becomes the error body, changes nothing."""

    def __init__(self, code: ErrorCode, message: str | None = None, detail: Detail | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.message = message or MESSAGE_OF[code]
        self.detail = detail

    @property
    def status(self) -> int:
        """The HTTP status this code comes with."""
        return STATUS_OF[self.code]

    def body(self) -> bytes:
        """The error body, as the channel writes it: compact JSON in UTF-8."""
        content: Detail = {"code": self.code.value, "message": self.message}
        if self.detail is not None:
            content["detail"] = self.detail
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def bad_field(field: str, value: object, issue: str, location: str = "body") -> ChannelError:
    """A `PARAM_ERROR` that names the field (a JSON pointer), the value sent, and what is wrong with it."""
    name = field.rsplit("/", 1)[-1]
    detail: Detail = {"field": field, "value": value, "issue": issue, "location": location}
    return ChannelError(ErrorCode.PARAM_ERROR, f"参数错误：{name} {issue}", detail)


class SandboxRefusal(Exception):
    """A wish of the control plane or the cashier that cannot be met: a code for programs and a sentence for people."""

    def __init__(self, code: str, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.status = status
