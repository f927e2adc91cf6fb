"""What the order's page says of money that goes back: never paid when it is not, never refunded before it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from canbao.doors.citizen.order_refunds import refunds_shown, title_of
from canbao.doors.citizen.tests.conftest import CHILD, LIN, NANCHANG, Channel
from canbao.doors.citizen.tests.test_bill_and_basket import take, words
from canbao.doors.citizen.tests.test_pay_and_order import order_of, pay
from canbao.doors.frame.reader import Language
from canbao.journeys.chase_orders import ask_now, close_order
from canbao.journeys.chase_refunds import chase_refunds
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.refund_order import approve_refund, ask_refund, check_refund
from canbao.kernel.clock import FixedClock, ShiftedClock
from canbao.kernel.environment import process_clock
from canbao.kernel.ids import derived_id, group_no
from canbao.kernel.money import Fen
from canbao.payments import public as payments
from canbao.payments.public import Order, Refund, RefundState
from canbao.rulebook.refund import RefundReason

NOTIFY_URL = "http://127.0.0.1:8001/notices/wechat"
NOW = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)


def refund(number: int = 1, **changed: Any) -> Refund:
    """A second payment of 400 yuan on its way back, with what is changed."""
    told: dict[str, Any] = {
        "refund_id": derived_id("refund", number),
        "refund_no": "360100R00000000001",
        "capture_id": derived_id("capture", 1),
        "order_id": None,
        "order_no": "P",
        "channel_code": "wechat",
        "trade_ref": "T",
        "captured_fen": 40_000,
        "amount_fen": 40_000,
        "reason": "second_payment",
        "note": "",
        "is_automatic": True,
        "from_suspense": True,
        "undoes": "none",
        "bill_after": "unchanged",
        "steps": [],
        "event_on": None,
        "state": RefundState.SENT,
        "asked_by": "",
        "checked_by": "",
        "approved_by": "",
        "asked_at": NOW,
        "approved_at": NOW,
        "sent_at": NOW,
        "ended_at": None,
        "deadline_at": datetime(2024, 11, 17, 16, 0, tzinfo=UTC),
        "next_step": "",
        "foreign_code": "",
        "refund_ref": "",
        "account_tail": "",
        "succeeded_at": None,
        "replaces_id": None,
        "is_withdrawn": False,
        "next_ask_at": NOW,
        "ask_count": 0,
    }
    return Refund(**{**told, **changed})


def soon(seconds: int) -> FixedClock:
    """A little later than now, as a worker's clock."""
    return FixedClock(process_clock().now() + timedelta(seconds=seconds))


DONE: dict[str, Any] = {"state": RefundState.SUCCEEDED, "succeeded_at": NOW, "refund_ref": "50"}


@pytest.mark.parametrize(
    ("changed", "later", "mark", "expected"),
    [
        ({}, 0, "waiting", "这笔费付了两次。多付的 ￥400.00 自动退回，最迟 2024年11月17日 到账。"),
        (
            {"reason": "paid_after_close"},
            0,
            "waiting",
            "订单关闭后才到的 ￥400.00 不能入账，自动退回，最迟 2024年11月17日 到账。",
        ),
        ({"state": RefundState.UNKNOWN}, 0, "waiting", "自动退回，最迟 2024年11月17日 到账。"),
        ({"is_automatic": False, "reason": "death"}, 0, "waiting", "退费 ￥400.00 正在办，最迟 2024年11月17日 到账。"),
        ({"is_automatic": False, "state": RefundState.ASKED}, 0, "waiting", "退费 ￥400.00 已申请，正在审核"),
        ({}, 3, "unknown", "原定 2024年11月17日 到账，现在晚了"),
        ({"state": RefundState.BY_HAND, "next_step": "top_up"}, 0, "waiting", "自动退回，最迟 2024年11月17日 到账。"),
        (
            {"state": RefundState.BY_HAND, "next_step": "other_account"},
            0,
            "needs-you",
            "原账户退不回去，我们 2024年11月17日 前打电话核对账户。",
        ),
        (DONE, 9, "refunded", "￥400.00 已退回微信， 2024年11月15日 。"),
        ({**DONE, "account_tail": "0403"}, 0, "refunded", "￥400.00 已退回微信（尾号 0403）， 2024年11月15日 。"),
        ({"state": RefundState.REJECTED}, 9, "failed", "退费 ￥400.00 的申请没有通过。"),
        ({"state": RefundState.FAILED}, 0, "unknown", "￥400.00 还没有退成，钱在我们这里"),
    ],
)
def test_each_state_has_its_sentence(changed: dict[str, Any], later: int, mark: str, expected: str) -> None:
    (shown,) = refunds_shown([refund(**changed)], Language.SIMPLIFIED, NOW + timedelta(days=later))
    assert shown.mark == mark
    assert expected in words(shown.sentence.encode())


def test_why_a_person_is_refunded_is_never_said() -> None:
    for reason in RefundReason:
        (shown,) = refunds_shown([refund(is_automatic=False, reason=str(reason))], Language.ENGLISH, NOW)
        assert words(shown.sentence.encode()) == "Refund of ¥400.00 in progress, at the latest 17 November 2024 ."


def test_failed_number_is_not_spoken_of_once_another_has_taken_its_place() -> None:
    failed = refund(1, state=RefundState.FAILED)
    successor = refund(2, replaces_id=failed.refund_id)
    assert len(refunds_shown([failed, successor], Language.SIMPLIFIED, NOW)) == 1
    assert (title_of([failed, successor]), title_of([failed]), title_of([])) == ("under_way", "kept", "kept")
    assert title_of([refund(**DONE)]) == "done"


def test_money_after_the_close_is_on_its_way_and_then_back(town: ShiftedClock, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    address = pay(phone)
    order = order_of(address)
    channel.add_fault("paid_after_close", "close")
    close_order(NANCHANG, order.order_id, clock=process_clock())
    assert "没有付成，也没有扣钱" in words(phone.get(address).content)
    channel.clear_faults()
    ask_now(NANCHANG, order.order_id, clock=soon(3))
    text = words(phone.get(address).content)
    assert "正在退费" in text
    assert "订单关闭后才到的 ￥400.00 不能入账，自动退回，最迟 2024年11月17日 到账。" in text
    assert "没有扣钱" not in text
    chase_refunds(NANCHANG, notify_url=NOTIFY_URL, clock=soon(5))
    (refund_found,) = payments.refunds_of(NANCHANG, order.order_no)
    channel.finish_refund(refund_found.refund_no)
    chase_refunds(NANCHANG, notify_url=NOTIFY_URL, clock=soon(70))
    text = words(phone.get(address).content)
    assert "￥400.00 已退回微信" in text
    assert "正在退费" not in text


def download(phone: Client, address: str) -> str:
    """Download the voucher as the page offers it; answers its number."""
    answer = phone.get(f"{address}/voucher.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    found = re.search(r"canbao-voucher-(360100V[0-9A-Z]{11})\.pdf", answer["Content-Disposition"])
    assert found is not None
    return found.group(1)


def paid_for_two(phone: Client, channel: Channel) -> tuple[str, Order]:
    """An order of two persons, paid and settled: its address and the order."""
    take(phone, LIN, then="add")
    take(phone, CHILD, then="add")
    address = pay(phone)
    order = order_of(address)
    channel.pay(order.order_no)
    phone.post(f"{address}/paid")
    deliver_events(NANCHANG, clock=process_clock())
    return address, order


def refund_bill(order: Order, place: int, *, left: int) -> None:
    """Li asks for one bill of an order to go back, Wang approves."""
    asked = ask_refund(
        NANCHANG,
        order.order_no,
        reason=RefundReason.WRONG_YEAR,
        quoted_left_fen=Fen(left),
        by="li",
        bill_ids=order.bill_ids[place : place + 1],
        clock=process_clock(),
    )
    check_refund(asked.refund_no, by="li", clock=process_clock())
    approve_refund(asked.refund_no, by="wang", notify_url=NOTIFY_URL, clock=process_clock())


def test_refund_of_one_of_two_takes_her_off_and_offers_the_other_a_new_voucher(
    town: ShiftedClock, phone: Client, channel: Channel
) -> None:
    address, order = paid_for_two(phone, channel)
    assert "2 人的 2025 年医保费已缴清" in words(phone.get(address).content)
    first = download(phone, address)
    today = "2024年11月15日"

    refund_bill(order, 0, left=80_000)
    text = words(phone.get(address).content)
    for expected in (
        "缴费成功",
        "2025 年医保费已缴清。",
        "退费 ￥400.00 正在办，最迟 ",
        "全额退费的人，这一年的保障随退费结束。",
        f"这笔缴费有一部分退费，原凭证 {group_no(first)} 和现在对不上， {today} 起作废，不要再用。"
        "请下载新凭证，上面只列没有退的部分。",
        "下载新凭证（PDF）",
    ):
        assert expected in text, expected
    assert "下载缴费凭证" not in text
    assert "正在登记保障" not in text
    english = words(phone.get(address, {"lang": "en"}).content)
    assert (
        f"so the former voucher {group_no(first)} no longer says what is true. It was voided on 15 November 2024"
        in english
    )
    assert "Download the new voucher (PDF)" in english
    traditional = words(phone.get(address, {"lang": "zh-Hant"}).content)
    assert f"這筆繳費有一部分退費，原憑證 {group_no(first)} 和現在對不上" in traditional
    phone.get(address, {"lang": "zh-Hans"})

    second = download(phone, address)
    assert second != first
    assert f'href="/verify/{second}" data-share' in phone.get(address).content.decode()
    assert "下载新凭证（PDF，" in words(phone.get(address).content)
    verdict = words(phone.get(f"/verify/{second}").content)
    assert f"代替的作废凭证 凭证号最后四位 {first[-4:]}" in verdict
    assert first not in phone.get(f"/verify/{second}").content.decode()
    assert second not in phone.get(f"/verify/{first}").content.decode()
    assert "因退费作废" in words(phone.get(f"/verify/{first}").content)

    refund_bill(order, 1, left=40_000)
    text = words(phone.get(address).content)
    assert "正在退费" in text
    assert f"这笔缴费全部退费，原凭证 {group_no(second)} 从 {today} 起作废，不再出新凭证。" in text
    assert "下载" not in text
    assert "这笔缴费有一部分退费" not in text
    # Who kept the address may still take the last one out: it is void, and says so where it is checked.
    assert download(phone, address) == second


def test_page_of_an_order_refunded_before_any_download_speaks_of_no_former_voucher(
    town: ShiftedClock, phone: Client, channel: Channel
) -> None:
    address, order = paid_for_two(phone, channel)
    refund_bill(order, 0, left=80_000)
    text = words(phone.get(address).content)
    assert "下载缴费凭证（PDF）" in text
    assert "作废" not in text
    assert "全额退费的人，这一年的保障随退费结束。" in text
    refund_bill(order, 1, left=40_000)
    text = words(phone.get(address).content)
    assert "作废" not in text
    assert "下载" not in text
    refused = phone.get(f"{address}/voucher.pdf")
    assert refused.status_code == 422
    assert "这个订单的费用全部退费，不再出缴费凭证" in words(refused.content)
