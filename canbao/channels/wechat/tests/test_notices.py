"""A notice is believed only when key, age and signature fit, and reading one never sends a word to anyone."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canbao.channels.interface import NoticeEvent, NoticeRefusal, NoticeRefused
from canbao.channels.wechat import adapter
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.settings import from_environment
from canbao.channels.wechat.tests.far_end import APPID, MCHID, FarEnd, Keys
from canbao.channels.wechat.transport import AnswerRefused

NOW = datetime(2024, 11, 15, 2, 0, 0, tzinfo=UTC)
ORDER_NO = "360100P4M82ZT7K3QX"
PAYMENT: dict[str, Any] = {
    "appid": APPID,
    "mchid": MCHID,
    "out_trade_no": ORDER_NO,
    "transaction_id": "4200002400202411150000000001",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "success_time": "2024-11-15T09:59:58+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 40000, "payer_total": 40000, "currency": "CNY", "payer_currency": "CNY"},
}


def refusal(wechat: WeChatConnector, headers: dict[str, str], body: bytes, now: datetime = NOW) -> NoticeRefusal:
    with pytest.raises(NoticeRefused) as refused:
        wechat.read_notice(headers, body, now=now)
    return refused.value.reason


def test_payment_notice_is_read(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    notice = wechat.read_notice(wechat_keys.signed(body, NOW), body, now=NOW)
    assert (notice.notice_ref, notice.event) == ("EV-2024111510000000001", NoticeEvent.PAYMENT)
    assert notice.happened_at == datetime(2024, 11, 15, 1, 59, 58, tzinfo=UTC)
    payment = notice.payment
    assert payment is not None
    assert (payment.order_no, payment.trade_ref) == (ORDER_NO, "4200002400202411150000000001")
    assert (payment.amount_fen, payment.currency) == (40000, "CNY")
    assert (payment.merchant_ref, payment.app_ref, payment.payer_ref) == (MCHID, APPID, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_headers_count_in_any_case(wechat: WeChatConnector, wechat_keys: Keys, spelling: Any) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = {spelling(name): value for name, value in wechat_keys.signed(body, NOW).items()}
    assert wechat.read_notice(headers, body, now=NOW).event is NoticeEvent.PAYMENT


@pytest.mark.parametrize("field", ["amount", "transaction_id", "success_time", "out_trade_no", "trade_state"])
def test_genuine_notice_of_half_a_payment_is_kept_as_other(
    wechat: WeChatConnector, wechat_keys: Keys, field: str
) -> None:
    body = wechat_keys.notice({**PAYMENT, field: None}, NOW)
    notice = wechat.read_notice(wechat_keys.signed(body, NOW), body, now=NOW)
    assert (notice.event, notice.payment, notice.happened_at) == (NoticeEvent.OTHER, None, NOW)


@pytest.mark.parametrize("event", ["REFUND.SUCCESS", "REFUND.CLOSED", "SOMETHING.NEW"])
def test_another_event_is_other_even_around_a_payment(wechat: WeChatConnector, wechat_keys: Keys, event: str) -> None:
    body = wechat_keys.notice(PAYMENT, NOW, event_type=event)
    notice = wechat.read_notice(wechat_keys.signed(body, NOW), body, now=NOW)
    assert (notice.event, notice.payment) == (NoticeEvent.OTHER, None)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_fresh(wechat: WeChatConnector, wechat_keys: Keys, seconds: int) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = wechat_keys.signed(body, NOW + timedelta(seconds=seconds))
    assert wechat.read_notice(headers, body, now=NOW).event is NoticeEvent.PAYMENT


@pytest.mark.parametrize("seconds", [-301, 301, -3600, 86400 * 365])
def test_older_or_later_is_stale(wechat: WeChatConnector, wechat_keys: Keys, seconds: int) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = wechat_keys.signed(body, NOW + timedelta(seconds=seconds))
    assert refusal(wechat, headers, body) is NoticeRefusal.STALE


def test_foreign_serial_is_refused_without_a_word_to_anyone(
    wechat: WeChatConnector, far_end: FarEnd, wechat_keys: Keys
) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    for serial in ("5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0000000000000000000000000002", "nonsense"):
        headers = wechat_keys.signed(body, NOW, serial=serial)
        assert refusal(wechat, headers, body) is NoticeRefusal.UNKNOWN_SERIAL
    assert far_end.received == []


def test_even_the_sdk_itself_cannot_be_made_to_call_out(wechat: WeChatConnector, far_end: FarEnd) -> None:
    """Behind the list of keys stands a second lock: the SDK's download of certificates is taken away."""
    headers = {
        "Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "Wechatpay-Signature": "AAAA",
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Timestamp": "1731636000",
        "Wechatpay-Nonce": "n",
    }
    with pytest.raises(AnswerRefused):
        wechat._adapter._sdk.callback(headers, "{}")
    assert far_end.received == []


def test_probe_is_told_apart(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = {**wechat_keys.signed(body, NOW), "Wechatpay-Signature": "WECHATPAY/SIGNTEST/abc"}
    assert refusal(wechat, headers, body) is NoticeRefusal.PROBE


@pytest.mark.parametrize("changed", ["Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce"])
def test_changed_header_breaks_the_signature(wechat: WeChatConnector, wechat_keys: Keys, changed: str) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = wechat_keys.signed(body, NOW)
    value = headers[changed]
    headers[changed] = str(int(value) + 1) if changed == "Wechatpay-Timestamp" else "A" + value[1:].swapcase()
    assert refusal(wechat, headers, body) is NoticeRefusal.BAD_SIGNATURE


def test_any_flipped_bit_of_the_body_is_refused(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = wechat_keys.signed(body, NOW)
    for place in range(0, len(body), 7):
        flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert refusal(wechat, headers, flipped) in (NoticeRefusal.BAD_SIGNATURE, NoticeRefusal.MALFORMED)
    assert wechat.read_notice(headers, body, now=NOW).event is NoticeEvent.PAYMENT


@pytest.mark.parametrize(
    "name",
    [
        "Wechatpay-Serial",
        "Wechatpay-Signature",
        "Wechatpay-Signature-Type",
        "Wechatpay-Timestamp",
        "Wechatpay-Nonce",
    ],
)
def test_missing_empty_overlong_or_doubled_header_is_malformed(
    wechat: WeChatConnector, wechat_keys: Keys, name: str
) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    whole = wechat_keys.signed(body, NOW)
    without = {key: value for key, value in whole.items() if key != name}
    assert refusal(wechat, without, body) is NoticeRefusal.MALFORMED
    assert refusal(wechat, {**without, name: ""}, body) is NoticeRefusal.MALFORMED
    assert refusal(wechat, {**without, name: "1" * 2000}, body) is NoticeRefusal.MALFORMED
    assert refusal(wechat, {**whole, name.upper(): whole[name]}, body) is NoticeRefusal.MALFORMED


@pytest.mark.parametrize("stamp", ["-1731636000", "1.7e9", "１７３１６", "abc", "0x10", " 1731636000", "9" * 12])
def test_stamp_that_is_no_number_is_malformed(wechat: WeChatConnector, wechat_keys: Keys, stamp: str) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = {**wechat_keys.signed(body, NOW), "Wechatpay-Timestamp": stamp}
    assert refusal(wechat, headers, body) is NoticeRefusal.MALFORMED


def test_another_algorithm_is_malformed(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = {**wechat_keys.signed(body, NOW), "Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}
    assert refusal(wechat, headers, body) is NoticeRefusal.MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"not json",
        b"[" * 5000,
        b"{}",
        b'{"resource": 5}',
        b'{"resource": {}}',
        b'{"resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": 1, "ciphertext": "x"}}',
        b"<xml><return_code>SUCCESS</return_code></xml>",
        b"x" * (adapter.NOTICE_BYTES_MAX + 1),
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_signed_body_of_another_form_is_malformed(wechat: WeChatConnector, wechat_keys: Keys, body: bytes) -> None:
    assert refusal(wechat, wechat_keys.signed(body, NOW), body) is NoticeRefusal.MALFORMED


@pytest.mark.parametrize("change", [{"id": None}, {"id": ""}, {"id": "x" * 65}, {"create_time": None}])
def test_envelope_without_number_or_time_is_malformed(
    wechat: WeChatConnector, wechat_keys: Keys, change: dict[str, object]
) -> None:
    body = wechat_keys.notice(PAYMENT, NOW, **change)
    assert refusal(wechat, wechat_keys.signed(body, NOW), body) is NoticeRefusal.MALFORMED


def test_genuine_notice_under_another_notice_key_is_undecipherable(wechat_keys: Keys, far_end: FarEnd) -> None:
    environment = {**wechat_keys.environment(far_end.start()), "CANBAO_WECHAT_APIV3_KEY": "Z" * 32}
    wechat = WeChatConnector(from_environment(environment))
    body = wechat_keys.notice(PAYMENT, NOW)
    assert refusal(wechat, wechat_keys.signed(body, NOW), body) is NoticeRefusal.UNDECIPHERABLE


@pytest.mark.parametrize("change", [{"nonce": "x"}, {"nonce": ""}, {"ciphertext": "@@@"}, {"ciphertext": ""}])
def test_resource_that_cannot_be_opened_is_undecipherable(
    wechat: WeChatConnector, wechat_keys: Keys, change: dict[str, object]
) -> None:
    envelope = json.loads(wechat_keys.notice(PAYMENT, NOW))
    body = json.dumps({**envelope, "resource": {**envelope["resource"], **change}}).encode()
    assert refusal(wechat, wechat_keys.signed(body, NOW), body) is NoticeRefusal.UNDECIPHERABLE


@pytest.mark.parametrize("resource", [b"\xff\xff", b"[]", b"text"])
def test_deciphered_contents_that_are_no_object_are_refused(
    wechat: WeChatConnector, wechat_keys: Keys, resource: bytes
) -> None:
    body = wechat_keys.notice(resource, NOW)
    found = refusal(wechat, wechat_keys.signed(body, NOW), body)
    assert found in (NoticeRefusal.MALFORMED, NoticeRefusal.UNDECIPHERABLE)


def test_reading_a_notice_is_cheap(wechat: WeChatConnector, wechat_keys: Keys) -> None:
    """CPU time, so that a busy machine does not fail it: about 150 µs each on a quiet core, a millisecond is a
    defect.
    """
    body = wechat_keys.notice(PAYMENT, NOW)
    headers = wechat_keys.signed(body, NOW)
    started = time.process_time()
    for _ in range(200):
        wechat.read_notice(headers, body, now=NOW)
    assert (time.process_time() - started) / 200 < 0.001
