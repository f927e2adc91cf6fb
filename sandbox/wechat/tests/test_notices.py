"""Notices: what they carry, the ladder on virtual time, holding, reordering, replaying, and the keys that sign them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import KeyMode
from sandbox.wechat.notices import LADDER
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import NOTIFY_URL, Merchant, content_of
from sandbox.wechat.wire import is_signed_by, signed_text

LADDER_S = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]


def _paid(merchant: Merchant, out_trade_no: str) -> None:
    merchant.placed(out_trade_no)
    merchant.pay(out_trade_no)


def _notice_id(gateway: WeChatGateway, out_trade_no: str) -> str:
    (notice,) = gateway.notices.listed(out_trade_no)
    return str(notice["notice_id"])


def test_payment_is_announced_at_once_with_what_a_query_answers(merchant: Merchant) -> None:
    assert merchant.gateway.due_notices() == []
    _paid(merchant, "ORDER0001")
    (message,) = merchant.hear(200)
    assert message.url == NOTIFY_URL
    assert merchant.believes(message.headers, message.body)
    envelope = json.loads(message.body)
    assert envelope["event_type"] == "TRANSACTION.SUCCESS"
    assert envelope["resource_type"] == "encrypt-resource"
    assert envelope["create_time"] == "2024-11-15T09:00:00+08:00"
    assert set(envelope["resource"]) == {"original_type", "algorithm", "ciphertext", "associated_data", "nonce"}
    assert merchant.opened(message.body) == content_of(merchant.ask("ORDER0001"))


@pytest.mark.parametrize("status", [200, 204])
def test_acknowledged_notice_is_not_repeated(merchant: Merchant, status: int) -> None:
    _paid(merchant, "ORDER0001")
    merchant.hear(status)
    merchant.gateway.clock.advance(7 * 86400)
    assert merchant.gateway.due_notices() == []


@pytest.mark.parametrize("outcome", [201, 302, 400, 404, 500, 503, "timeout", "ConnectError"])
def test_anything_but_200_or_204_is_repeated(merchant: Merchant, outcome: int | str) -> None:
    _paid(merchant, "ORDER0001")
    merchant.hear(outcome)
    assert merchant.gateway.due_notices() == []
    merchant.gateway.clock.advance(15)
    assert len(merchant.hear(200)) == 1


def test_ladder_is_the_channels_and_ends(merchant: Merchant, gateway: WeChatGateway) -> None:
    assert [step.total_seconds() for step in LADDER] == LADDER_S
    assert sum(LADDER, timedelta(0)) == timedelta(hours=24, minutes=4)
    _paid(merchant, "ORDER0001")
    assert len(merchant.hear(500)) == 1
    for seconds in LADDER_S:
        gateway.clock.advance(seconds - 1)
        assert merchant.hear(500) == []
        gateway.clock.advance(1)
        (message,) = merchant.hear(500)
        assert merchant.believes(message.headers, message.body)
    gateway.clock.advance(30 * 86400)
    assert merchant.hear(500) == []
    (notice,) = gateway.notices.listed()
    assert (notice["state"], notice["tries_count"]) == ("exhausted", 16)


def test_moving_the_clock_by_a_day_plays_the_whole_ladder(merchant: Merchant, gateway: WeChatGateway) -> None:
    _paid(merchant, "ORDER0001")
    merchant.hear(500)
    gateway.clock.advance(24 * 3600 + 4 * 60)
    sent_count = 0
    while messages := merchant.hear(500):
        sent_count += len(messages)
    assert sent_count == 15


def test_every_repetition_is_signed_anew_and_keeps_its_id(merchant: Merchant, gateway: WeChatGateway) -> None:
    _paid(merchant, "ORDER0001")
    (first,) = merchant.hear(500)
    gateway.clock.advance(15)
    (second,) = merchant.hear(200)
    assert json.loads(first.body)["id"] == json.loads(second.body)["id"]
    assert first.headers["Wechatpay-Nonce"] != second.headers["Wechatpay-Nonce"]
    assert int(second.headers["Wechatpay-Timestamp"]) - int(first.headers["Wechatpay-Timestamp"]) == 15


def test_failed_payment_sends_nothing(merchant: Merchant) -> None:
    merchant.gateway.ledger.create_payer(name="余额不足的人", balance_fen=0, openid=None, now=START)
    merchant.placed("ORDER0001")
    with pytest.raises(SandboxRefusal):
        merchant.pay("ORDER0001")
    assert merchant.gateway.due_notices() == []


def test_message_being_sent_is_not_handed_out_twice(merchant: Merchant) -> None:
    _paid(merchant, "ORDER0001")
    assert len(merchant.gateway.due_notices()) == 1
    assert merchant.gateway.due_notices() == []


def test_held_notices_wait_and_are_released(merchant: Merchant, gateway: WeChatGateway) -> None:
    gateway.notices.hold()
    _paid(merchant, "ORDER0001")
    assert gateway.due_notices() == []
    gateway.notices.release()
    assert [message.out_trade_no for message in merchant.hear(200)] == ["ORDER0001"]


def test_held_notices_go_out_in_the_order_wished(merchant: Merchant, gateway: WeChatGateway) -> None:
    gateway.notices.hold()
    numbers = ["ORDER0001", "ORDER0002", "ORDER0003"]
    for number in numbers:
        _paid(merchant, number)
    gateway.notices.release([_notice_id(gateway, number) for number in ("ORDER0003", "ORDER0001", "ORDER0002")])
    assert [one.out_trade_no for one in merchant.hear(200)] == ["ORDER0003", "ORDER0001", "ORDER0002"]


def test_replay_is_outside_the_ladder(merchant: Merchant, gateway: WeChatGateway) -> None:
    _paid(merchant, "ORDER0001")
    (first,) = merchant.hear(200)
    gateway.clock.advance(3600)
    now = gateway.clock.now()
    notice_id = _notice_id(gateway, "ORDER0001")
    fresh = gateway.notices.replay(notice_id, now, is_original=False, copies=3, is_concurrent=True)
    assert [(one.is_extra, one.is_concurrent) for one in fresh] == [(True, True)] * 3
    assert all(merchant.believes(one.headers, one.body) for one in fresh)
    (old,) = gateway.notices.replay(notice_id, now, is_original=True, copies=1, is_concurrent=False)
    assert (old.headers, old.body) == (first.headers, first.body)
    assert not merchant.believes(old.headers, old.body)
    for message in [*fresh, old]:
        gateway.record_notice(message, 500)
    (notice,) = gateway.notices.listed()
    assert (notice["state"], notice["tries_count"]) == ("acknowledged", 1)


def test_unknown_or_unsent_notice_is_not_replayed(merchant: Merchant, gateway: WeChatGateway) -> None:
    with pytest.raises(SandboxRefusal, match="There is no notice"):
        gateway.notices.replay("nowhere", START, is_original=False, copies=1, is_concurrent=False)
    _paid(merchant, "ORDER0001")
    with pytest.raises(SandboxRefusal, match="never sent"):
        gateway.notices.replay(_notice_id(gateway, "ORDER0001"), START, is_original=True, copies=1, is_concurrent=False)


def _serials(merchant: Merchant, count: int) -> list[str]:
    serials = []
    for place in range(count):
        _paid(merchant, f"ORDER{place:04d}")
        (message,) = merchant.hear(200)
        serial = message.headers["Wechatpay-Serial"]
        text = signed_text(message.headers["Wechatpay-Timestamp"], message.headers["Wechatpay-Nonce"], message.body)
        keys = merchant.gateway.keys
        public = {one.serial: one.private_key.public_key() for one in keys.certificates}
        public[keys.public_key_id] = keys.platform_private_key.public_key()
        assert is_signed_by(public[serial], text, message.headers["Wechatpay-Signature"])
        serials.append(serial)
    return serials


def test_while_switching_keys_notices_come_signed_by_either(merchant: Merchant, gateway: WeChatGateway) -> None:
    gateway.keys.mode = KeyMode.SWITCHING
    certificate = gateway.keys.certificates[0].serial
    assert set(_serials(merchant, 4)) == {gateway.keys.public_key_id, certificate}


def test_rotated_certificate_overlaps_for_seven_days(merchant: Merchant, gateway: WeChatGateway) -> None:
    gateway.keys.mode = KeyMode.CERTIFICATE
    old = gateway.keys.certificates[0].serial
    new = gateway.keys.rotate(gateway.clock.now()).serial
    assert set(_serials(merchant, 4)) == {old, new}
    gateway.clock.advance(7 * 86400)
    assert [one.serial for one in gateway.keys.live_certificates(gateway.clock.now())] == [new]
