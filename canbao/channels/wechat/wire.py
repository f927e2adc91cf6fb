"""Our words ↔ WeChat's: an order as its fields, its answers as our types, and what of them may be kept.

Pure functions over text. A field that is missing, of another type or out of range makes the whole answer unreadable
(None): the caller then says `unknown`, because half an answer is not an answer. Fields nobody described are ignored.

Source: WeChat Pay API v3, pages H5下单, Native下单, 查询订单, 支付成功通知, 申请退款, 查询单笔退款, 退款结果通知.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import quote, urlsplit

from canbao.channels.errors import ORDER_UNACCEPTABLE, REFUND_UNACCEPTABLE
from canbao.channels.interface import Mode, Payment, PlaceOrder, RefundFate, RefundTold, RequestRefund
from canbao.kernel.clock import BEIJING, Instant
from canbao.kernel.money import FEN_MAX, fen

H5_LIVES = timedelta(minutes=5)
"""An `h5_url` can be opened for five minutes; placing the same order again gives a new one."""

NATIVE_LIVES = timedelta(hours=2)

ORDER_NO = re.compile(r"[0-9A-Za-z_-]{6,32}", re.ASCII)
"""Fewer signs than the channel allows: `|` and `*` are percent-encoded after signing and then fail with SIGN_ERROR."""

REFUND_NO = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
"""As with an order's number, without the signs that do not survive."""

DESCRIPTION_LENGTH_MAX = 127
REASON_LENGTH_MAX = 80
EVIDENCE_LENGTH_MAX = 2000

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_VISIBLE = re.compile(r"[\x21-\x7e]{1,2000}", re.ASCII)
_REF = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_MASKED_FIELDS = frozenset(
    {
        "openid",
        "sp_openid",
        "sub_openid",
        "payer_client_ip",
        "ciphertext",
        "signature",
        "paySign",
        "user_received_account",
        # Whoever has it can fetch the statement.
        "download_url",
        "real_name",
        # An error's body may repeat what we sent: the value it minds, the text it saw signed.
        "value",
        "truncated_sign_message",
    }
)
_MASKED_IN_TEXT = re.compile(rf'("(?:{"|".join(sorted(_MASKED_FIELDS))})"\s*:\s*"[^"]{{0,3}})[^"]*')

JsonObject = dict[str, object]


def check_order_no(order_no: str) -> None:
    """Errors: `channels.order_unacceptable` for a number that WeChat would not carry unchanged."""
    if ORDER_NO.fullmatch(order_no) is None:
        raise ORDER_UNACCEPTABLE(field="order_no")


def check_order(order: PlaceOrder, *, is_loopback: bool) -> None:
    """Errors: `channels.order_unacceptable` naming the first field that WeChat's form does not take.

    `is_loopback`: the far side is a sandbox on this machine, where plain http addresses are allowed.
    """
    check_order_no(order.order_no)
    if not 1 <= order.amount_fen <= FEN_MAX:
        raise ORDER_UNACCEPTABLE(field="amount_fen")
    if not 1 <= len(order.description) <= DESCRIPTION_LENGTH_MAX or not order.description.isprintable():
        raise ORDER_UNACCEPTABLE(field="description")
    if order.expires_at.tzinfo is None:
        raise ORDER_UNACCEPTABLE(field="expires_at")
    if not 1 <= len(order.payer_address) <= 45:
        raise ORDER_UNACCEPTABLE(field="payer_address")
    if not _is_notify_address(order.notify_url, is_loopback=is_loopback):
        raise ORDER_UNACCEPTABLE(field="notify_url")
    if order.return_url is not None and not _is_web_address(order.return_url, is_loopback=is_loopback):
        raise ORDER_UNACCEPTABLE(field="return_url")


def check_refund_no(refund_no: str) -> None:
    """Errors: `channels.refund_unacceptable` for a number that WeChat would not carry unchanged."""
    if REFUND_NO.fullmatch(refund_no) is None:
        raise REFUND_UNACCEPTABLE(field="refund_no")


def check_refund(request: RequestRefund, *, is_loopback: bool) -> None:
    """Errors: `channels.refund_unacceptable` naming the first field that WeChat's form does not take."""
    check_refund_no(request.refund_no)
    if REFUND_NO.fullmatch(request.trade_ref) is None:
        raise REFUND_UNACCEPTABLE(field="trade_ref")
    if not 1 <= request.captured_fen <= FEN_MAX:
        raise REFUND_UNACCEPTABLE(field="captured_fen")
    if not 1 <= request.amount_fen <= request.captured_fen:
        raise REFUND_UNACCEPTABLE(field="amount_fen")
    if len(request.reason) > REASON_LENGTH_MAX or not request.reason.isprintable():
        raise REFUND_UNACCEPTABLE(field="reason")
    if not _is_notify_address(request.notify_url, is_loopback=is_loopback):
        # Without it the channel may tell the end of a refund in the form of its second version, which nobody here can
        # verify.
        raise REFUND_UNACCEPTABLE(field="notify_url")


def amount_field(order: PlaceOrder) -> JsonObject:
    """The order's `amount`: whole fen, renminbi."""
    return {"total": int(order.amount_fen), "currency": "CNY"}


def refund_amount_field(request: RequestRefund) -> JsonObject:
    """The refund's `amount`: the part that goes back, and the whole of the transaction."""
    return {"refund": int(request.amount_fen), "total": int(request.captured_fen), "currency": "CNY"}


def scene_field(order: PlaceOrder) -> JsonObject:
    """The order's `scene_info`: H5 must say the payer's address and kind of device; Native may say the address."""
    scene: JsonObject = {"payer_client_ip": order.payer_address}
    if order.mode is Mode.H5:
        scene["h5_info"] = {"type": order.device.value}
    return scene


def instant_field(at: Instant) -> str:
    """An instant as WeChat writes it: RFC 3339 in China's time, whole seconds.

    >>> instant_field(datetime(2024, 11, 15, 2, 0, tzinfo=UTC))
    '2024-11-15T10:00:00+08:00'
    """
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def read_object(text: str) -> JsonObject | None:
    """A JSON object, or None for anything else."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("JsonObject", content) if isinstance(content, dict) else None


def error_code(text: str) -> str:
    """The `code` of an error body, or empty: 404 and 405 on unknown paths come without a body, a proxy's 502 with a
    page.
    """
    content = read_object(text)
    code = content.get("code") if content is not None else None
    return code if isinstance(code, str) and _REF.fullmatch(code) is not None else ""


def opening_of(order: PlaceOrder, text: str, *, is_loopback: bool) -> str | None:
    """Where the wallet is opened, from the answer to an order: the `h5_url` with the way back appended, or the
    `code_url`.

    Appending `redirect_url` is the one change of an `h5_url` that the channel allows. None when the answer holds no
    such address."""
    content = read_object(text)
    if content is None:
        return None
    if order.mode is Mode.NATIVE:
        code_url = content.get("code_url")
        is_code = (
            isinstance(code_url, str) and code_url.startswith("weixin://") and _VISIBLE.fullmatch(code_url) is not None
        )
        return str(code_url) if is_code else None
    h5_url = content.get("h5_url")
    if not isinstance(h5_url, str) or not _is_web_address(h5_url, is_loopback=is_loopback):
        return None
    if order.return_url is None:
        return h5_url
    joint = "&" if "?" in h5_url else "?"
    return f"{h5_url}{joint}redirect_url={quote(order.return_url, safe='')}"


def opening_until(order: PlaceOrder, now: Instant) -> Instant:
    """Until when that address can be opened: never beyond the order's own end."""
    return min(now + (H5_LIVES if order.mode is Mode.H5 else NATIVE_LIVES), order.expires_at)


def payment_of(content: JsonObject) -> Payment | None:
    """The payment in a query's answer or a notice, or None when it is not whole.

    The amount is `amount.total`, what the order was for; `payer_total` is less where a coupon helped.
    """
    amount = content.get("amount")
    payer = content.get("payer")
    if not isinstance(amount, dict):
        return None
    total = _amount(amount.get("total"))
    if total is None:
        return None
    order_no, trade_ref = _ref(content.get("out_trade_no")), _ref(content.get("transaction_id"))
    merchant_ref, app_ref = _ref(content.get("mchid")), _ref(content.get("appid"))
    happened_at = instant_of(content.get("success_time"))
    if not (order_no and trade_ref and merchant_ref and app_ref) or happened_at is None:
        return None
    return Payment(
        order_no=order_no,
        trade_ref=trade_ref,
        amount_fen=fen(total),
        currency=_ref(amount.get("currency")),
        merchant_ref=merchant_ref,
        app_ref=app_ref,
        happened_at=happened_at,
        payer_ref=_ref(payer.get("openid")) if isinstance(payer, dict) else "",
    )


def refund_of(
    content: JsonObject, *, fate: RefundFate, merchant_ref: str, told_at: Instant | None
) -> RefundTold | None:
    """The refund in an answer or a notice, or None when it is not whole.

    `merchant_ref` stands in where the content names none: an answer does not, a notice must. `told_at` likewise for the
    instant, which a refund that has not succeeded may lack. The amounts are `amount.refund` and `amount.total`;
    `payer_refund` is less where a coupon goes back too."""
    amount = content.get("amount")
    if not isinstance(amount, dict):
        return None
    part, whole = _amount(amount.get("refund")), _amount(amount.get("total"))
    refund_no, refund_ref = _ref(content.get("out_refund_no")), _ref(content.get("refund_id"))
    order_no, trade_ref = _ref(content.get("out_trade_no")), _ref(content.get("transaction_id"))
    merchant_ref = _ref(content["mchid"]) if "mchid" in content else merchant_ref
    if fate is RefundFate.SUCCEEDED:
        happened_at = instant_of(content.get("success_time"))
    else:
        happened_at = told_at or instant_of(content.get("create_time"))
    if part is None or whole is None or not (refund_no and refund_ref and order_no and trade_ref and merchant_ref):
        return None
    if happened_at is None:
        return None
    account = content.get("user_received_account")
    return RefundTold(
        refund_no=refund_no,
        refund_ref=refund_ref,
        order_no=order_no,
        trade_ref=trade_ref,
        amount_fen=fen(part),
        captured_fen=fen(whole),
        # The notice's form has no currency: domestic refunds are renminbi. A currency that is there is told as it is.
        currency=_ref(amount["currency"]) if "currency" in amount else "CNY",
        merchant_ref=merchant_ref,
        fate=fate,
        happened_at=happened_at,
        received_account=account[:64] if isinstance(account, str) else "",
    )


def instant_of(value: object) -> Instant | None:
    """An RFC 3339 instant in UTC, or None. A time without its zone is not an instant.

    >>> instant_of("2024-11-15T10:00:00+08:00")
    datetime.datetime(2024, 11, 15, 2, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def masked(text: str) -> str:
    """A body as evidence: the payer's identifiers, addresses, ciphertexts and signatures masked, and cut at 2,000
    characters.

    >>> masked('{"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":1}}')
    '{"payer":{"openid":"oUp***"},"amount":{"total":1}}'
    """
    content = read_object(text)
    if content is None:
        return _MASKED_IN_TEXT.sub(r"\1***", text)[:EVIDENCE_LENGTH_MAX]
    return json.dumps(_without_secrets(content), ensure_ascii=False, separators=(",", ":"))[:EVIDENCE_LENGTH_MAX]


def _without_secrets(value: object, name: str = "") -> object:
    if name in _MASKED_FIELDS:
        return f"{value[:3]}***" if isinstance(value, str) else "***"
    if isinstance(value, dict):
        return {key: _without_secrets(part, str(key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_secrets(part, name) for part in value]
    return value


def _ref(value: object) -> str:
    """A foreign identifier of 1 to 64 visible ASCII signs, or empty."""
    return value if isinstance(value, str) and _REF.fullmatch(value) is not None else ""


def _amount(value: object) -> int | None:
    """A whole number of fen from 1, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 1 <= value <= FEN_MAX else None


def _is_notify_address(text: str, *, is_loopback: bool) -> bool:
    return _is_web_address(text, is_loopback=is_loopback) and "?" not in text and len(text) <= 255


def is_visible(text: str) -> bool:
    """Whether a text is made of visible ASCII signs and not too long, as an address must be."""
    return _VISIBLE.fullmatch(text) is not None


def _is_web_address(text: str, *, is_loopback: bool) -> bool:
    """https with a host; plain http only between processes of this machine."""
    if not is_visible(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback and host in _LOOPBACK)
