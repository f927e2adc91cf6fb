"""What an order request must carry: one check per field of the channel's page, in the order of that page.

Each check refuses with a `PARAM_ERROR` that names the field by JSON pointer. Fields the channel does not know are
ignored, as it does. Two rules are the sandbox's own and say so in their message: notices go to loopback only, and
therefore may use plain http.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sandbox.clock import parse_rfc3339
from sandbox.wechat.errors import ChannelError, ErrorCode, bad_field
from sandbox.wechat.keys import Keys

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
OPENID = re.compile(r"[0-9A-Za-z_\-]{1,128}")
# The channel's integers are 32 bits wide.
TOTAL_FEN_MAX = 2**31 - 1
EXPIRY_AT_LEAST = timedelta(minutes=1)
# Its pages disagree on 7 or 15 days; the shorter is the safer to be held to.
EXPIRY_AT_MOST = timedelta(days=7)

Body = dict[str, object]


class Scope(StrEnum):
    """Whether a merchant acts for itself or a partner (服务商) for a sub-merchant."""

    DIRECT = "direct"
    PARTNER = "partner"


class OrderKind(StrEnum):
    """How the payer is led to the payment; the last part of the order path."""

    H5 = "h5"
    NATIVE = "native"
    JSAPI = "jsapi"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order request that passed every check."""

    scope: Scope
    kind: OrderKind
    merchant_ref: str
    out_trade_no: str
    description: str
    total_fen: int
    currency: str
    notify_url: str
    attach: str
    expires_at: datetime | None
    openid: str
    body: Body


def parse_body(raw: bytes) -> Body:
    """The request's JSON object; refused where it is none."""
    try:
        content = json.loads(raw.decode())
    except ValueError:
        raise bad_field("/", "", "请求体不是合法的 UTF-8 JSON") from None
    if not isinstance(content, dict):
        raise bad_field("/", "", "请求体应为 JSON 对象")
    return content


def check_order(scope: Scope, kind: OrderKind, raw: bytes, keys: Keys, now: datetime) -> OrderRequest:
    """Check every field of an order request; the first that fails is refused by name."""
    body = parse_body(raw)
    merchant_ref = check_merchant(scope, body, keys)
    check_app(scope, body, keys)
    description = need_text(body, "description", 1, 127)
    out_trade_no = _out_trade_no(body)
    expires_at = _expiry(body, now)
    attach = need_text(body, "attach", 1, 128) if "attach" in body else ""
    if "goods_tag" in body:
        need_text(body, "goods_tag", 1, 32)
    notify_url = check_notify_url(body)
    total_fen, currency = _amount(body)
    openid = _payer(scope, body) if kind is OrderKind.JSAPI else ""
    _scene(kind, body)
    _switches(body)
    return OrderRequest(
        scope=scope,
        kind=kind,
        merchant_ref=merchant_ref,
        out_trade_no=out_trade_no,
        description=description,
        total_fen=total_fen,
        currency=currency,
        notify_url=notify_url,
        attach=attach,
        expires_at=expires_at,
        openid=openid,
        body=body,
    )


def check_merchant(scope: Scope, parts: Body, keys: Keys) -> str:
    """The merchant whose order it is; refused where the numbers are missing or not this sandbox's."""
    names = {"mchid": keys.mchid} if scope is Scope.DIRECT else {"sp_mchid": keys.mchid, "sub_mchid": keys.sub_mchid}
    for name, ours in names.items():
        if need_text(parts, name, 1, 32) != ours:
            raise ChannelError(ErrorCode.MCH_NOT_EXISTS, None, {"field": f"/{name}", "value": parts[name]})
    return keys.mchid if scope is Scope.DIRECT else keys.sub_mchid


def check_app(scope: Scope, body: Body, keys: Keys) -> None:
    """The app must be the merchant's own; `sub_appid` may be left out."""
    names = {"appid": keys.appid} if scope is Scope.DIRECT else {"sp_appid": keys.appid}
    if scope is Scope.PARTNER and "sub_appid" in body:
        names["sub_appid"] = keys.sub_appid
    for name, ours in names.items():
        if need_text(body, name, 1, 32) != ours:
            raise ChannelError(ErrorCode.APPID_MCHID_NOT_MATCH, None, {"field": f"/{name}", "value": body[name]})


def need_text(parts: Body, name: str, at_least: int, at_most: int, parent: str = "") -> str:
    """The text under a name, of so many characters; refused where it is missing or none."""
    value = parts.get(name)
    if value is None:
        raise bad_field(f"{parent}/{name}", "", "缺少必填字段")
    if not isinstance(value, str):
        raise bad_field(f"{parent}/{name}", value, "应为字符串")
    if not at_least <= len(value) <= at_most:
        raise bad_field(f"{parent}/{name}", value[:200], f"长度应为 {at_least} 至 {at_most} 个字符")
    return value


def need_object(parts: Body, name: str, parent: str = "") -> Body:
    """The object under a name; refused where it is missing or none."""
    value = parts.get(name)
    if value is None:
        raise bad_field(f"{parent}/{name}", "", "缺少必填字段")
    if not isinstance(value, dict):
        raise bad_field(f"{parent}/{name}", value, "应为对象")
    return value


def need_fen(amount: Body, name: str) -> int:
    """A positive number of fen under a name of `amount`; refused where it is missing or none."""
    field, value = f"/amount/{name}", amount.get(name)
    if value is None:
        raise bad_field(field, "", "缺少必填字段")
    # A boolean is an integer to Python, and is none to the channel.
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_field(field, value, "应为整数，单位为分")
    if not 1 <= value <= TOTAL_FEN_MAX:
        raise bad_field(field, value, f"应在 1 至 {TOTAL_FEN_MAX} 之间")
    return value


def _out_trade_no(body: Body) -> str:
    value = need_text(body, "out_trade_no", 6, 32)
    if not OUT_TRADE_NO.fullmatch(value):
        raise bad_field("/out_trade_no", value, "只能是数字、大小写字母及 _-|*")
    return value


def _expiry(body: Body, now: datetime) -> datetime | None:
    if "time_expire" not in body:
        return None
    value = need_text(body, "time_expire", 1, 64)
    try:
        expires_at = parse_rfc3339(value)
    except ValueError:
        raise bad_field("/time_expire", value, "应遵循 rfc3339 标准格式，如 2018-06-08T10:34:56+08:00") from None
    if expires_at < now + EXPIRY_AT_LEAST:
        raise bad_field("/time_expire", value, "不能早于下单时间后 1 分钟")
    if expires_at > now + EXPIRY_AT_MOST:
        raise bad_field("/time_expire", value, "不能晚于下单时间后 7 天")
    return expires_at


def loopback_refusal(url: str) -> str:
    """Why the sandbox would not send a notice to this address; empty where it would."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "不是合法的 URL"
    if parts.scheme not in ("http", "https") or not host:
        return "不是合法的 URL"
    if parts.query or parts.fragment or "?" in url:
        return "不能携带参数"
    if host == "localhost":
        return ""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    return "" if is_loopback else "沙箱规则：通知只发往本机（127.0.0.1、::1、localhost），拒绝其他地址"


def check_notify_url(body: Body) -> str:
    """Where notices of this request go; refused where the sandbox would not send any."""
    value = need_text(body, "notify_url", 1, 255)
    if issue := loopback_refusal(value):
        raise bad_field("/notify_url", value, issue)
    return value


def _amount(body: Body) -> tuple[int, str]:
    amount = need_object(body, "amount")
    total = need_fen(amount, "total")
    currency = amount.get("currency", "CNY")
    if currency != "CNY":
        raise bad_field("/amount/currency", currency, "境内商户号仅支持 CNY")
    return total, "CNY"


def _payer(scope: Scope, body: Body) -> str:
    payer = need_object(body, "payer")
    name = "openid"
    if scope is Scope.PARTNER:
        name = "sub_openid" if "sub_openid" in payer else "sp_openid"
    value = need_text(payer, name, 1, 128, "/payer")
    if not OPENID.fullmatch(value):
        raise bad_field(f"/payer/{name}", value, "不是合法的 openid")
    return value


def _scene(kind: OrderKind, body: Body) -> None:
    if "scene_info" not in body and kind is not OrderKind.H5:
        return
    scene = need_object(body, "scene_info")
    address = need_text(scene, "payer_client_ip", 1, 45, "/scene_info")
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        raise bad_field("/scene_info/payer_client_ip", address, "不是合法的 IPv4 或 IPv6 地址") from None
    if kind is not OrderKind.H5:
        return
    if client.is_loopback or client.is_unspecified:
        raise bad_field("/scene_info/payer_client_ip", address, "应为用户的真实地址，不能是本机地址")
    kind_of_page = need_text(need_object(scene, "h5_info", "/scene_info"), "type", 1, 32, "/scene_info/h5_info")
    if kind_of_page not in ("Wap", "iOS", "Android"):
        raise bad_field("/scene_info/h5_info/type", kind_of_page, "应为 Wap、iOS 或 Android")


def _switches(body: Body) -> None:
    if not isinstance(body.get("support_fapiao", False), bool):
        raise bad_field("/support_fapiao", body["support_fapiao"], "应为布尔值")
    if "detail" in body:
        need_object(body, "detail")
    if "settle_info" in body and not isinstance(need_object(body, "settle_info").get("profit_sharing", False), bool):
        raise bad_field("/settle_info/profit_sharing", "", "应为布尔值")
