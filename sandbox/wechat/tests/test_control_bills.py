"""The control plane's route about bills: the true text at any hour, and clear refusals."""

from __future__ import annotations

import hashlib
import json

import pytest

from sandbox.exchange import request_of
from sandbox.wechat.control import ControlPlane
from sandbox.wechat.faults import Fault
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.tests.merchant import FUND_BILL, Merchant, content_of, whole_book
from sandbox.wechat.tests.shown import put
from sandbox.wechat.wishes import Reply

HEADERS = {"Host": "127.0.0.1:9000", "Content-Type": "application/json"}
DAY = "2024-11-15"


@pytest.fixture
def control(gateway: WeChatGateway) -> ControlPlane:
    return ControlPlane(gateway)


def _get(control: ControlPlane, query: str) -> Reply:
    return control.handle(request_of("GET", f"/_sandbox/bills?{query}", HEADERS, b""))


def test_true_bill_is_read_whatever_the_faults(control: ControlPlane, merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    put(merchant, Fault.STATEMENT_MISSING_ROW)
    early = _get(control, f"day={DAY}")
    merchant.set_time("2024-11-16 10:00:00")
    assert merchant.ask_bill(DAY).status == 400
    asked = merchant.ask_bill(DAY)
    true = merchant.take_bill(asked).content().decode()
    assert early.content == {"text": true, "hash_value": content_of(asked)["hash_value"]}
    assert early.content["hash_value"] == hashlib.sha1(true.encode(), usedforsecurity=False).hexdigest()


def test_every_kind_of_bill_is_read(control: ControlPlane, merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    merchant.refund(order, "REFUND0001", 8000)
    merchant.set_time("2024-11-16 10:00:00")
    for bill_type in ("ALL", "SUCCESS", "REFUND"):
        told = _get(control, f"kind=trade&day={DAY}&bill_type={bill_type}").content["text"]
        assert told == merchant.bill(DAY, f"&bill_type={bill_type}").decode()
    assert _get(control, f"kind=funds&day={DAY}").content["text"] == merchant.bill(DAY, "", FUND_BILL).decode()
    sub_mchid = merchant.gateway.keys.sub_mchid
    assert _get(control, f"day={DAY}&sub_mchid={sub_mchid}").content == {"text": "", "hash_value": ""}
    assert _get(control, "day=2024-11-14").content == {"text": "", "hash_value": ""}


def test_unsound_wishes_are_refused(control: ControlPlane, merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    before = whole_book(merchant.gateway)
    for query in ("", "day=15.11.2024", f"day={DAY}&kind=all", f"day={DAY}&bill_type=all", f"day={DAY}&sub_mchid=1"):
        refused = _get(control, query)
        assert (refused.status, refused.content["code"]) == (400, "value_wrong")
    assert whole_book(merchant.gateway) == before


def test_statement_faults_are_listed_and_set(control: ControlPlane, merchant: Merchant) -> None:
    listed = control.handle(request_of("GET", "/_sandbox/faults/catalogue", HEADERS, b"")).content["catalogue"]
    assert isinstance(listed, dict)
    told = {name for name, entry in listed.items() if entry["group"] == "statement"}
    assert told == {fault.value for fault in Fault if fault.value.startswith("statement_")}
    wish: Body = {"fault": "statement_missing_row", "endpoint": "fund_bill", "out_trade_no": "ORDER*", "count": 2}
    for endpoint, status in (("fund_bill", 201), ("order", 400)):
        body = json.dumps(wish | {"endpoint": endpoint}).encode()
        assert control.handle(request_of("POST", "/_sandbox/faults", HEADERS, body)).status == status
    assert len(merchant.gateway.faults.rules()) == 1
