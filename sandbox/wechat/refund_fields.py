"""What a refund request must carry: one check per field of the channel's pages, as `fields.py` does for orders.

A refund names its payment by the channel's number or the merchant's, at least one of the two, and quotes the whole
amount of the payment beside its own. The number and the name of a bank account come encrypted under the platform's
public key, and are opened here to be checked; only the last four digits are ever kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from sandbox.wechat.errors import ChannelError, ErrorCode, bad_field
from sandbox.wechat.fields import (
    Body,
    Scope,
    check_merchant,
    check_notify_url,
    need_fen,
    need_object,
    need_text,
    parse_body,
)
from sandbox.wechat.keys import Keys

OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
BANK_ACCOUNT = re.compile(r"[0-9]{8,32}")


class AbnormalWay(StrEnum):
    """Where an abnormal refund shall go instead: to a card of the payer's, or to the merchant's bank."""

    USER_BANK_CARD = "USER_BANK_CARD"
    MERCHANT_BANK_CARD = "MERCHANT_BANK_CARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A refund request that passed every check; one of the two names of its payment may be empty."""

    scope: Scope
    merchant_ref: str
    out_refund_no: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    reason: str
    notify_url: str
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class AbnormalRequest:
    """A wish to send an abnormal refund another way; `account_tail` is the last digits of the card, or empty."""

    merchant_ref: str
    refund_id: str
    out_refund_no: str
    way: AbnormalWay
    bank_type: str
    account_tail: str


def scope_of(parts: Body) -> Scope:
    """Refund calls have one path for both; a partner's carries its sub-merchant."""
    return Scope.PARTNER if "sub_mchid" in parts else Scope.DIRECT


def check_refund_merchant(parts: Body, keys: Keys) -> tuple[Scope, str]:
    """For whom a refund call is made; the caller itself is known from its signature."""
    scope = scope_of(parts)
    named: Body = {"mchid": keys.mchid}
    if scope is Scope.PARTNER:
        named = {"sp_mchid": keys.mchid, "sub_mchid": parts["sub_mchid"]}
    return scope, check_merchant(scope, named, keys)


def check_refund(raw: bytes, keys: Keys) -> RefundRequest:
    """Check every field of a refund request; the first that fails is refused by name."""
    body = parse_body(raw)
    scope, merchant_ref = check_refund_merchant(body, keys)
    names = {name: need_text(body, name, 1, 32) if name in body else "" for name in ("transaction_id", "out_trade_no")}
    if not any(names.values()):
        raise bad_field("/transaction_id", "", "transaction_id 与 out_trade_no 至少填一个")
    out_refund_no = _out_refund_no(body)
    reason = need_text(body, "reason", 1, 80) if "reason" in body else ""
    notify_url = check_notify_url(body) if "notify_url" in body else ""
    if body.get("funds_account", "AVAILABLE") not in ("AVAILABLE", "UNSETTLED"):
        raise bad_field("/funds_account", body["funds_account"], "应为 AVAILABLE 或 UNSETTLED")
    amount_fen, total_fen = _amount(body)
    return RefundRequest(
        scope=scope,
        merchant_ref=merchant_ref,
        out_refund_no=out_refund_no,
        out_trade_no=names["out_trade_no"],
        transaction_id=names["transaction_id"],
        amount_fen=amount_fen,
        total_fen=total_fen,
        reason=reason,
        notify_url=notify_url,
        body=body,
    )


def check_abnormal(refund_id: str, raw: bytes, asked_serial: str, keys: Keys) -> AbnormalRequest:
    """Check a wish about an abnormal refund; `asked_serial` names the key its secret fields are encrypted under."""
    body = parse_body(raw)
    _, merchant_ref = check_refund_merchant(body, keys)
    out_refund_no = _out_refund_no(body)
    word = need_text(body, "type", 1, 32)
    if word not in list(AbnormalWay):
        raise bad_field("/type", word, "应为 USER_BANK_CARD 或 MERCHANT_BANK_CARD")
    way, bank_type, tail = AbnormalWay(word), "", ""
    if way is AbnormalWay.USER_BANK_CARD:
        bank_type = need_text(body, "bank_type", 1, 16)
        account = _opened(body, "bank_account", asked_serial, keys)
        if not BANK_ACCOUNT.fullmatch(account):
            raise bad_field("/bank_account", "", "不是合法的银行卡号")
        if not _opened(body, "real_name", asked_serial, keys).strip():
            raise bad_field("/real_name", "", "收款用户姓名不能为空")
        tail = account[-4:]
    return AbnormalRequest(
        merchant_ref=merchant_ref,
        refund_id=refund_id,
        out_refund_no=out_refund_no,
        way=way,
        bank_type=bank_type,
        account_tail=tail,
    )


def _out_refund_no(body: Body) -> str:
    value = need_text(body, "out_refund_no", 1, 64)
    if not OUT_REFUND_NO.fullmatch(value):
        raise bad_field("/out_refund_no", value, "只能是数字、大小写字母及 _-|*@")
    return value


def _amount(body: Body) -> tuple[int, int]:
    amount = need_object(body, "amount")
    amount_fen, total_fen = need_fen(amount, "refund"), need_fen(amount, "total")
    currency = need_text(amount, "currency", 1, 16, "/amount")
    if currency != "CNY":
        raise bad_field("/amount/currency", currency, "境内商户号仅支持 CNY")
    if amount_fen > total_fen:
        raise bad_field("/amount/refund", amount_fen, "退款金额不能大于原订单金额")
    return amount_fen, total_fen


def _opened(body: Body, name: str, asked_serial: str, keys: Keys) -> str:
    """A secret field in the clear: RSA-OAEP with SHA-1 under the key that `Wechatpay-Serial` names."""
    private_key = keys.private_key_of(asked_serial)
    if private_key is None:
        raise bad_field("Wechatpay-Serial", asked_serial, "敏感信息须用此头所指的平台公钥加密", "header")
    sealed = need_text(body, name, 1, 1024)
    try:
        content = base64.b64decode(sealed, validate=True)
        return private_key.decrypt(content, OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)).decode()
    except (binascii.Error, ValueError):
        raise ChannelError(
            ErrorCode.PARAM_ERROR, f"参数错误：{name} 解密失败", {"field": f"/{name}", "location": "body"}
        ) from None
