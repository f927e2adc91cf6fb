"""The control plane in process: what it does, what it refuses, and that a browser cannot drive it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from sandbox.exchange import request_of
from sandbox.wechat.control import ControlPlane
from sandbox.wechat.faults import Fault
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.tests.merchant import Merchant, content_of, whole_book
from sandbox.wechat.wire import is_signed_by, signed_text
from sandbox.wechat.wishes import Reply

HEADERS = {"Host": "127.0.0.1:9000", "Content-Type": "application/json"}


@pytest.fixture
def control(gateway: WeChatGateway) -> ControlPlane:
    return ControlPlane(gateway)


def _get(control: ControlPlane, path: str) -> Reply:
    return control.handle(request_of("GET", f"/_sandbox{path}", HEADERS, b""))


def _post(control: ControlPlane, path: str, content: Body | None = None) -> Reply:
    return control.handle(request_of("POST", f"/_sandbox{path}", HEADERS, json.dumps(content or {}).encode()))


def test_index_says_that_no_money_moves_and_lists_the_routes(control: ControlPlane) -> None:
    content = _get(control, "/").content
    assert "不会扣钱" in str(content["note"])
    routes = content["routes"]
    assert isinstance(routes, list)
    assert "POST /_sandbox/pay" in routes


def test_payer_is_made_and_pays_by_each_name_of_an_order(control: ControlPlane, merchant: Merchant) -> None:
    made = _post(control, "/payers", {"name": "付款人", "balance_fen": 10**6, "openid": "o-payer"})
    assert (made.status, made.content) == (
        201,
        {"openid": "o-payer", "name": "付款人", "balance_fen": 10**6, "state": "normal"},
    )
    names = {"ORDER0001": "out_trade_no", "ORDER0002": "prepay_id", "ORDER0003": "page_code"}
    for number, name in names.items():
        order = merchant.placed(number)
        reply = _post(control, "/pay", {name: str(getattr(order, name)), "openid": "o-payer"})
        assert (reply.status, reply.content["state"], reply.content["out_trade_no"]) == (200, "SUCCESS", number)
    payers = _get(control, "/payers").content["payers"]
    assert payers == [{"openid": "o-payer", "name": "付款人", "balance_fen": 10**6 - 3 * 38000, "state": "normal"}]
    assert _post(control, "/payers/o-payer/balance", {"balance_fen": 5}).content["balance_fen"] == 5


@pytest.mark.parametrize("act", ["cancel", "fail"])
def test_cancelled_or_failed_attempt_changes_nothing(control: ControlPlane, merchant: Merchant, act: str) -> None:
    merchant.placed("ORDER0001")
    before = whole_book(merchant.gateway)
    assert _post(control, f"/{act}", {"out_trade_no": "ORDER0001"}).content["state"] == "NOTPAY"
    assert whole_book(merchant.gateway) == before
    merchant.pay("ORDER0001")
    assert _post(control, f"/{act}", {"out_trade_no": "ORDER0001"}).content["code"] == "order_not_payable"


@pytest.mark.parametrize(
    "path,content,code",
    [
        ("/pay", {"out_trade_no": "ORDER0009"}, "order_unknown"),
        ("/pay", {"out_trade_no": 5}, "value_wrong"),
        ("/pay", {"out_trade_no": "ORDER0001", "openid": "o-nobody"}, "payer_unknown"),
        ("/payers", {"balance_fen": "much"}, "value_wrong"),
        ("/payers", {"balance_fen": -1}, "balance_out_of_range"),
        ("/faults", {"fault": "no_such_fault"}, "fault_rule_unsound"),
        ("/faults", {"fault": "hang", "endpoint": "notice"}, "fault_rule_unsound"),
        ("/faults", {"fault": "error_code", "code": "NO_SUCH_CODE"}, "fault_rule_unsound"),
        ("/clock", {"advance_s": -1}, "clock_wrong"),
        ("/clock", {"advance_s": 1e300}, "clock_wrong"),
        ("/clock", {"set_to": "yesterday"}, "clock_wrong"),
        ("/notices/nowhere/replay", {}, "notice_unknown"),
        ("/notices/nowhere/replay", {"copies": 0}, "value_wrong"),
        ("/notices/reorder", {}, "value_wrong"),
        ("/notices/reorder", {"notice_ids": ["nowhere"]}, "notice_unknown"),
        ("/merchant", {"mode": "no_such_mode"}, "value_wrong"),
        ("/merchant", {"h5_hosts": [1]}, "value_wrong"),
        ("/bulk_notices", {"orders": []}, "bulk_size"),
        ("/bulk_notices", {"orders": [{"out_trade_no": "x", "amount_fen": 1}]}, "bulk_order_unsound"),
        ("/bulk_notices", {"orders": [{"out_trade_no": "ORDER0001", "amount_fen": 0}]}, "bulk_order_unsound"),
        ("/no_such_path", {}, "path_unknown"),
    ],
)
def test_bad_wish_is_refused_in_words_and_changes_nothing(
    control: ControlPlane, merchant: Merchant, path: str, content: Body, code: str
) -> None:
    gateway = merchant.gateway
    merchant.placed("ORDER0001")
    gateway.ledger.default_payer(gateway.clock.now())
    before, at = whole_book(gateway), gateway.clock.now()
    reply = _post(control, path, content)
    assert reply.status >= 400
    assert reply.content["code"] == code
    assert len(str(reply.content["message"])) > 10
    assert whole_book(gateway) == before
    assert gateway.clock.now() == at
    assert gateway.faults.rules() == []


@pytest.mark.parametrize(
    "headers,body,code",
    [
        ({"Host": "evil.example.com:9000", "Content-Type": "application/json"}, b"{}", "host_foreign"),
        ({"Content-Type": "application/json"}, b"{}", "host_foreign"),
        ({"Host": "127.0.0.1:9000", "Content-Type": "text/plain"}, b"{}", "not_json"),
        ({"Host": "127.0.0.1:9000", "Content-Type": "application/json"}, b"{", "not_json"),
        ({"Host": "127.0.0.1:9000", "Content-Type": "application/json"}, b"[]", "not_json"),
    ],
)
def test_web_page_in_a_browser_cannot_drive_it(
    control: ControlPlane, merchant: Merchant, headers: dict[str, str], body: bytes, code: str
) -> None:
    merchant.placed("ORDER0001")
    reply = control.handle(request_of("POST", "/_sandbox/reset", headers, body))
    assert reply.content["code"] == code
    assert len(merchant.gateway.orders.recent(10)) == 1


def test_known_path_with_another_method_is_405(control: ControlPlane) -> None:
    assert _get(control, "/pay").status == 405


def test_faults_are_added_listed_and_cleared(control: ControlPlane) -> None:
    catalogue = _get(control, "/faults/catalogue").content["catalogue"]
    assert isinstance(catalogue, dict)
    assert set(catalogue) == {fault.value for fault in Fault}
    wish: Body = {"fault": "error_code", "endpoint": "query", "out_trade_no": "A*", "times": 0, "code": "RULE_LIMIT"}
    assert _post(control, "/faults", wish).content == {"number": 1}
    (rule,) = _listed(_get(control, "/faults"), "faults")
    assert rule | wish == rule
    assert _post(control, "/faults/clear", {"number": 9}).content == {"cleared_count": 0}
    assert _post(control, "/faults/clear").content == {"cleared_count": 1}


def test_clock_is_read_advanced_and_set(control: ControlPlane) -> None:
    assert _get(control, "/clock").content["now"] == "2024-11-15T09:00:00+08:00"
    assert _post(control, "/clock", {"advance_s": 90}).content["now"] == "2024-11-15T09:01:30+08:00"
    moved = _post(control, "/clock", {"set_to": "2024-12-31T23:59:00+08:00"})
    assert moved.content["now"] == "2024-12-31T23:59:00+08:00"


def test_notices_are_held_listed_reordered_and_replayed(control: ControlPlane, merchant: Merchant) -> None:
    _post(control, "/notices/hold")
    for number in ("ORDER0001", "ORDER0002"):
        merchant.placed(number)
        _post(control, "/pay", {"out_trade_no": number})
    ids = [one["notice_id"] for one in _listed(_get(control, "/notices"), "notices")]
    reply = _post(control, "/notices/reorder", {"notice_ids": list(reversed(ids))})
    assert [one.out_trade_no for one in reply.messages] == ["ORDER0002", "ORDER0001"]
    for message in reply.messages:
        merchant.gateway.record_notice(message, 200)
    again = _post(control, f"/notices/{ids[0]}/replay", {"copies": 3, "is_concurrent": True})
    assert [one.is_concurrent for one in again.messages] == [True] * 3
    (only,) = _listed(_get(control, "/notices?out_trade_no=ORDER0001"), "notices")
    assert only["state"] == "acknowledged"
    assert _post(control, "/notices/release").content == {"is_holding": False}


def test_ledger_orders_and_merchant_are_dumped(control: ControlPlane, merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    _post(control, "/pay", {"out_trade_no": "ORDER0001", "is_silent": True})
    assert merchant.gateway.due_notices() == []
    dump = _get(control, "/ledger").content
    assert dump["findings"] == []
    (order,) = _listed(_get(control, "/orders"), "orders")
    assert (order["state"], order["paid_at"]) == ("SUCCESS", "2024-11-15T09:00:00+08:00")
    assert _get(control, "/merchant").content["mchid"] == merchant.gateway.keys.mchid


def test_mode_hosts_and_rotation_are_set(control: ControlPlane, merchant: Merchant) -> None:
    assert merchant.call("GET", "/v3/certificates").status == 404
    content = _post(control, "/merchant", {"mode": "certificate", "h5_hosts": ["pay.example.com"]}).content
    assert (content["mode"], content["h5_hosts"]) == ("certificate", ["pay.example.com"])
    assert len(_listed(Reply(content=content_of(merchant.call("GET", "/v3/certificates"))), "data")) == 1
    rotated = _post(control, "/keys/rotate").content["certificates"]
    assert isinstance(rotated, list)
    assert len(rotated) == 2
    assert len(_listed(Reply(content=content_of(merchant.call("GET", "/v3/certificates"))), "data")) == 2


def test_reset_forgets_everything_but_the_keys(control: ControlPlane, merchant: Merchant) -> None:
    gateway = merchant.gateway
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    _post(control, "/faults", {"fault": "hang"})
    _post(control, "/clock", {"advance_s": 90})
    mchid = gateway.keys.mchid
    assert _post(control, "/reset", {"seed": 9}).content == {"seed": 9}
    assert whole_book(gateway) == []
    assert gateway.faults.rules() == []
    assert _get(control, "/clock").content["now"] == "2024-11-15T09:00:00+08:00"
    assert gateway.keys.mchid == mchid
    assert merchant.place("ORDER0001").status == 200


def test_log_shows_requests_and_masks_the_payer(control: ControlPlane, merchant: Merchant) -> None:
    payer = merchant.gateway.ledger.default_payer(merchant.gateway.clock.now())
    merchant.place("ORDER0001", changes={"payer": {"openid": payer.openid}}, kind="jsapi")
    merchant.ask("ORDER0009")
    reply = _get(control, "/log")
    placed, asked = _listed(reply, "log")
    assert (placed["out_trade_no"], placed["status"], placed["is_processed"]) == ("ORDER0001", 200, True)
    assert (asked["path"], asked["code"]) == ("/v3/pay/transactions/out-trade-no/ORDER0009", "ORDER_NOT_EXIST")
    text = json.dumps(reply.content)
    assert payer.openid not in text
    assert "203.0.113.7" not in text
    assert "signature" not in text


def test_bulk_notices_are_signed_for_the_orders_named(control: ControlPlane, merchant: Merchant) -> None:
    orders = [{"out_trade_no": f"BULK{place:04d}", "amount_fen": 100 + place} for place in range(20)]
    reply = _post(control, "/bulk_notices", {"orders": orders})
    bodies = []
    for line in _listed(reply, "notices"):
        headers, body = line["headers"], base64.b64decode(str(line["body_base64"]))
        assert isinstance(headers, dict)
        assert merchant.believes(headers, body)
        bodies.append(merchant.opened(body))
    told = [(one["out_trade_no"], one["amount"]["total"]) for one in bodies if isinstance(one, dict)]  # type: ignore[index]  # decrypted JSON
    assert told == [(one["out_trade_no"], one["amount_fen"]) for one in orders]
    assert len({str(one and one["transaction_id"]) for one in bodies}) == 20


def test_bulk_notices_can_be_of_orders_paid_here(control: ControlPlane, merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    wish: Body = {"orders": [{"out_trade_no": "ORDER0001", "amount_fen": 1}], "is_paid_here": True}
    (line,) = _listed(_post(control, "/bulk_notices", wish), "notices")
    body = base64.b64decode(str(line["body_base64"]))
    assert merchant.opened(body) == content_of(merchant.ask("ORDER0001"))
    assert merchant.gateway.due_notices() == []


def test_bulk_notices_are_written_to_the_state_directory_only(
    control: ControlPlane, gateway: WeChatGateway, tmp_path: Path
) -> None:
    wish: Body = {"orders": [{"out_trade_no": "BULK0001", "amount_fen": 1}], "file_name": "first"}
    assert _post(control, "/bulk_notices", wish).content["code"] == "no_directory"
    gateway.keys_directory = tmp_path
    assert _post(control, "/bulk_notices", wish | {"file_name": "../first"}).content["code"] == "bulk_file_name"
    assert list(tmp_path.iterdir()) == []
    content = _post(control, "/bulk_notices", wish).content
    assert content == {"count": 1, "path": str(tmp_path / "bulk" / "first.jsonl")}
    line = json.loads((tmp_path / "bulk" / "first.jsonl").read_text())
    headers = line["headers"]
    text = signed_text(
        headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], base64.b64decode(line["body_base64"])
    )
    assert is_signed_by(gateway.keys.platform_private_key.public_key(), text, headers["Wechatpay-Signature"])


def _listed(reply: Reply, name: str) -> list[Body]:
    value = reply.content[name]
    assert isinstance(value, list)
    return value
