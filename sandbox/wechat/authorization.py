"""Who is calling, proved: the check of a request's signature, as strict as the channel's.

Every call of the API is signed by the merchant over five lines (method, path with query, timestamp, nonce, body),
taken here from the raw bytes that came. Each refusal is 401 `SIGN_ERROR`, unsigned, with the detail the channel
gives.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.clock import to_ms
from sandbox.exchange import Request
from sandbox.wechat.errors import ChannelError, Detail, ErrorCode, bad_field
from sandbox.wechat.keys import Keys
from sandbox.wechat.store import Store
from sandbox.wechat.wire import is_signed_by, parse_authorization, signed_text

FRESH_FOR = timedelta(seconds=300)


def check_request(request: Request, keys: Keys, store: Store, now: datetime) -> None:
    """Refuse a request that is not freshly signed by this merchant, or that was seen before."""
    _check_headers(request)
    credentials = parse_authorization(request.headers.get("authorization", ""))
    if credentials is None:
        raise _refusal(request, "Authorization", "Authorization 头缺失或格式错误")
    if credentials.mchid != keys.mchid:
        raise _refusal(request, "mchid", "商户号不存在或未开通 API v3")
    if credentials.serial != keys.merchant_serial:
        raise _refusal(request, "serial_no", "商户证书序列号有误，请使用签名私钥匹配的证书序列号")
    if not credentials.timestamp.isdecimal() or len(credentials.timestamp) > 12:
        raise _refusal(request, "timestamp", "时间戳应为秒级整数")
    away = abs(int(credentials.timestamp) - now.timestamp())
    if away > FRESH_FOR.total_seconds():
        raise _refusal(request, "timestamp", f"Http 头时间戳与沙箱时间相差 {away:.0f} 秒，超过 300 秒")
    if not 1 <= len(credentials.nonce) <= 64:
        raise _refusal(request, "nonce_str", "随机串长度应为 1 至 64")
    text = signed_text(request.method, request.target, credentials.timestamp, credentials.nonce, request.body)
    if not is_signed_by(keys.merchant_public_key(), text, credentials.signature):
        raise _refusal(request, "signature", "sign not match")
    _use_nonce(request, credentials.nonce, store, now)


def _check_headers(request: Request) -> None:
    accept = request.headers.get("accept", "")
    if "application/json" not in accept and "*/*" not in accept:
        raise bad_field("Accept", accept, "应为 application/json", "header")
    if not request.headers.get("user-agent"):
        raise bad_field("User-Agent", "", "缺少必填的 HTTP 头", "header")
    content_type = request.headers.get("content-type", "")
    if request.method == "POST" and content_type.partition(";")[0].strip().lower() != "application/json":
        raise bad_field("Content-Type", content_type, "应为 application/json", "header")


def _use_nonce(request: Request, nonce: str, store: Store, now: datetime) -> None:
    """Each nonce once. Older ones are forgotten: their timestamp alone refuses them."""
    with store.transaction():
        store.run("DELETE FROM seen_nonce WHERE seen_at < ?", (to_ms(now - 3 * FRESH_FOR),))
        is_new = store.run("INSERT INTO seen_nonce VALUES (?, ?) ON CONFLICT DO NOTHING", (nonce, to_ms(now)))
    if not is_new:
        raise _refusal(request, "nonce_str", "随机串重复使用")


def _refusal(request: Request, field: str, issue: str) -> ChannelError:
    detail: Detail = {
        "field": field,
        "issue": issue,
        "location": "authorization",
        "sign_information": {"method": request.method, "url": request.target},
    }
    return ChannelError(ErrorCode.SIGN_ERROR, f"错误的签名，验签失败：{issue}", detail)
