"""Paying one order over the real wire: the agreement, the press, the wallet's link, asking, and the result."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from canbao.documents import public as documents
from canbao.doors.citizen import order
from canbao.doors.citizen import pay as pay_door
from canbao.doors.citizen.tests.conftest import CHILD, GRANDMOTHER, LIN, NANCHANG, NEWBORN, Channel, look_up, sound
from canbao.doors.citizen.tests.test_bill_and_basket import bill_no, listed, take, words
from canbao.journeys.deliver_events import deliver_events
from canbao.kernel.clock import ShiftedClock
from canbao.kernel.environment import process_clock
from canbao.payments import public as payments

HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"')
WECHAT_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Mobile/15E148 MicroMessenger/8.0.49 Language/zh_CN"


def form(browser: Client, region: int = 360100) -> dict[str, str]:
    """The pay form as the page gives it, filled in by a payer who agrees."""
    body = browser.get(f"/pay?region={region}").content.decode()
    hidden = dict(HIDDEN.findall(body))
    return {**hidden, "how": "wechat-h5", "agree": "yes"}


def pay(browser: Client, **changed: str) -> str:
    """Press pay; answers the order's address."""
    answer = browser.post("/pay?region=360100", {**form(browser), **changed})
    assert answer.status_code == 303, words(answer.content)
    return str(answer["Location"])


def order_of(address: str) -> payments.Order:
    return payments.order_by_token(address.rsplit("/", 1)[1])


def test_the_pay_page_shows_amount_people_ways_and_an_empty_tick(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN, then="add")
    take(phone, GRANDMOTHER, then="add")
    answer = phone.get("/pay?region=360100")
    body, text = answer.content.decode(), words(answer.content)

    assert "确认付款 ￥480.00" in text
    assert "<title>确认付款 ￥480.00 - 参保</title>" in body
    assert text.index("在这部手机上打开微信") < text.index("用另一部手机扫码")
    assert "密码在微信里输，我们看不到。" in text
    assert "2025年1月1日 起可以报销以后，个人缴的费一般不退。" in text
    assert re.search(r'<input type="checkbox" id="agree"[^>]*>', body)
    assert "checked" not in re.findall(r'<input type="checkbox"[^>]*>', body)[0]
    assert "付款 ￥480.00" in text


def test_on_a_desktop_the_code_comes_first(town: object, desktop: Client, channel: Channel) -> None:
    take(desktop, LIN)
    body = desktop.get("/pay?region=360100").content.decode()

    assert body.index('value="wechat-native" checked') < body.index('value="wechat-h5"')


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"agree": ""}, "付款前请看缴费须知，并勾选同意"),
        ({"how": ""}, "请选怎么付"),
        ({"how": "alipay-h5"}, "请选怎么付"),
        ({"amount": "1"}, "金额变了：原来 ￥0.01，现在 ￥400.00。没有扣钱，请再核对"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_in_words_and_makes_no_order(
    town: object, phone: Client, channel: Channel, changed: dict[str, str], sentence: str
) -> None:
    take(phone, LIN)
    known = channel.order_count()
    answer = phone.post("/pay?region=360100", {**form(phone), **changed})

    assert answer.status_code == 422
    assert sentence in words(answer.content)
    assert "<title>错误：" in answer.content.decode()
    assert channel.order_count() == known
    assert listed(phone) == 1
    assert take(phone, LIN) == "/pay?region=360100"


def test_paying_makes_one_order_and_leads_to_its_page_never_to_a_wallet(
    town: object, phone: Client, channel: Channel
) -> None:
    take(phone, LIN)
    address = pay(phone)
    body = phone.get(address).content.decode()
    text = words(body.encode())

    assert re.fullmatch(r"/o/360100-[a-z2-7]{26}", address)
    assert "等您在微信里付款" in text
    links = re.findall(r'href="([^"]+)"[^>]*>打开微信付款', body)
    assert len(links) == 1
    assert "/cgi-bin/mmpayweb-bin/checkmweb" in links[0]
    assert order_of(address).agreement_version == "2025-1"
    assert order_of(address).amount_fen == 40000
    assert listed(phone) == 0


def test_a_second_press_of_the_same_form_gets_the_first_answer(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    sent = form(phone)
    known = channel.order_count()
    first = phone.post("/pay?region=360100", sent)["Location"]
    second = phone.post("/pay?region=360100", sent)["Location"]

    assert first == second
    assert channel.order_count() == known + 1


def test_a_second_press_before_the_first_answer_makes_the_same_order(
    town: object, phone: Client, channel: Channel
) -> None:
    take(phone, LIN)
    sent, before = form(phone), phone.cookies["sessionid"].value
    first = phone.post("/pay?region=360100", sent)["Location"]
    phone.cookies["sessionid"] = before
    second = phone.post("/pay?region=360100", sent)["Location"]

    assert first == second


def test_two_phones_with_the_same_bill_make_one_order(
    town: object, phone: Client, desktop: Client, channel: Channel
) -> None:
    take(phone, LIN)
    take(desktop, LIN)
    sent = form(desktop)
    pay(phone)
    answer = desktop.post("/pay?region=360100", sent)

    assert answer.status_code == 422
    assert re.search(r"有人正在付这笔费。\d\d:\d\d 后可以再来", words(answer.content))
    text = words(desktop.get("/basket").content)
    assert "这一笔现在不能付，请先移出。" in text
    assert "去付款" not in text


def test_going_back_after_paying_leads_to_the_order(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    address = pay(phone)

    assert phone.get("/pay?region=360100")["Location"] == "/basket"
    assert f'href="{address}"' in phone.get("/basket").content.decode()


def test_a_desktop_gets_a_code_to_scan_and_nothing_inline(town: object, desktop: Client, channel: Channel) -> None:
    take(desktop, LIN)
    address = pay(desktop, how="wechat-native")
    body = desktop.get(address).content.decode()

    assert "用微信扫码付款" in body
    assert 'role="img" aria-label="付款二维码"' in body
    assert re.search(r"<svg[^>]*><path", body[body.index("cb-qr") :])
    assert "style=" not in body
    assert "weixin://" not in body


def test_inside_wechat_the_page_says_to_open_a_browser(town: object, channel: Channel) -> None:
    browser = Client(HTTP_USER_AGENT=WECHAT_AGENT, REMOTE_ADDR="203.0.113.5")
    take(browser, LIN)
    address = pay(browser)
    body = browser.get(address).content.decode()

    assert "请点右上角“…”，选“在浏览器打开”。" in body
    assert f"http://127.0.0.1:8000{address}" in body
    assert "checkmweb" not in body


def test_coming_back_from_the_wallet_asks_and_concludes_nothing(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    address = pay(phone)
    text = words(phone.get(address.replace("/o/", "/back/")).content)

    assert "您付好了吗？" in text
    assert "回到这一页不等于付成了。" in text
    assert "我已付款，看结果 还没付，继续付" in text
    assert order_of(address).state == "placed"


def test_saying_i_have_paid_asks_the_channel_and_believes_only_it(
    town: object, phone: Client, channel: Channel
) -> None:
    take(phone, LIN)
    address = pay(phone)
    answer = phone.post(f"{address}/paid")
    text = words(phone.get(address).content)

    assert (answer.status_code, answer["Location"]) == (303, address)
    assert "微信说还没有收到付款。" in text
    assert order_of(address).state == "placed"
    # Said once: a reload tells only what is known now.
    assert "微信说还没有收到付款" not in words(phone.get(address).content)


def test_continuing_gives_a_fresh_address_for_the_same_order(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    address = pay(phone)
    known = channel.order_count()
    before = order_of(address)
    answer = phone.post(f"{address}/continue")
    after = order_of(address)

    assert (answer.status_code, answer["Location"]) == (303, address)
    assert channel.order_count() == known
    assert after.order_no == before.order_no
    assert after.opens != before.opens


def test_a_wallet_asked_for_again_and_again_calls_the_channel_no_more(
    town: object, phone: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "WALLETS_A_MINUTE", 1)
    take(phone, LIN)
    address = pay(phone)
    phone.post(f"{address}/continue")
    before = order_of(address)
    answer = phone.post(f"{address}/continue")

    assert (answer.status_code, answer["Location"]) == (303, address)
    assert order_of(address) == before


def test_an_address_begins_no_more_orders_than_the_limit(
    town: object, phone: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_door, "PER_ADDRESS_AN_HOUR", 1)
    take(phone, LIN)
    pay(phone)
    take(phone, GRANDMOTHER)
    known = channel.order_count()
    refused = phone.post("/pay?region=360100", form(phone))

    assert refused.status_code == 422
    assert "这个网络一小时里下的单太多，没有扣钱" in words(refused.content)
    assert channel.order_count() == known
    # Nothing is held: from another network it is paid at once.
    phone.defaults["REMOTE_ADDR"] = "203.0.113.99"
    assert order_of(pay(phone)).amount_fen == 8000


def test_a_family_pays_once_and_sees_four_honest_stages(town: ShiftedClock, phone: Client, channel: Channel) -> None:
    for resident in (LIN, CHILD, GRANDMOTHER, NEWBORN):
        take(phone, resident, then="add")
    address = pay(phone)
    channel.pay(order_of(address).order_no)
    phone.post(f"{address}/paid")
    early = words(phone.get(address).content)
    deliver_events(NANCHANG, clock=process_clock())
    text = words(phone.get(address).content)

    assert "缴费成功 ￥1,280.00 4 人的 2025 年医保费已缴清。" in text
    assert re.search(r"已付款 微信 · 2024年11月15日 \d\d:\d\d 已入账，缴费有效 2024年11月15日 \d\d:\d\d", text)
    assert "入国库 预计 2024年11月22日 前；一般 1–3 天，最长 7 天。不影响报销。" in text
    assert "不是法定期限" in text
    assert "正在登记保障" in early
    # Each name is masked for the eye and said for the ear.
    seen = re.sub(r" 尾字.，尾号 [\dX]{4} ", "", text)
    assert "可以报销 **丽、 *明、 **英、 *安： 2025年1月1日 起可以报销" in seen
    assert "下载缴费凭证（PDF） 发给家人" in text
    shared = phone.post(f"{address}/share")
    assert shared.status_code == 303
    assert re.fullmatch(r"/verify/360100V[0-9A-Z]{11}", shared["Location"])
    assert "真的，有效" in words(phone.get(shared["Location"]).content)
    assert phone.post(f"{address}/share")["Location"] == shared["Location"], "one voucher, however often"
    assert f'href="{shared["Location"]}" data-share' in phone.get(address).content.decode()
    size = len(phone.get(f"{address}/voucher.pdf").content)
    assert f"下载缴费凭证（PDF，{-(-size // 1000)} KB）" in words(phone.get(address).content)
    assert "微信用户（未登录）" in text


def test_what_is_not_paid_cannot_be_sent_to_the_family(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    address = pay(phone)
    answer = phone.post(f"{address}/share")

    assert (answer.status_code, answer["Location"]) == (303, address)
    assert "发给家人" not in words(phone.get(address).content)
    assert documents.voucher_of(NANCHANG, order_of(address).order_id) is None


def test_the_treasury_stage_never_claims_what_is_not_known(
    town: object, phone: Client, channel: Channel, move_clock: Callable[[int], None]
) -> None:
    take(phone, LIN)
    address = pay(phone)
    channel.pay(order_of(address).order_no)
    phone.post(f"{address}/paid")
    move_clock(9 * 24 * 3600)
    text = words(phone.get(address).content)

    assert "预计 2024年11月22日 前入库，现在已过。我们还没有收到国库的回单" in text


def test_a_lost_answer_is_not_called_a_failure(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    channel.add_fault("reset_after_processing", "order")
    address = pay(phone)
    text = words(phone.get(address).content)

    assert "还不知道这笔钱有没有付成" in text
    assert "请先不要再付一次。微信还没有给我们明确答复，我们会一直问，最迟 2024年11月15日" in text
    assert "失败" not in text
    assert "没有扣钱" not in text
    assert "办到哪一步 付款 核实中 入账，缴费生效 入国库 可以报销" in text, "what is to come is not called done"


def test_polling_says_nothing_twice_slows_down_and_stops(
    town: object, phone: Client, channel: Channel, move_clock: Callable[[int], None]
) -> None:
    take(phone, LIN)
    address = pay(phone)

    def watch(content: bytes) -> tuple[str, str]:
        found = re.search(r'hx-get="([^"]+)" hx-trigger="every (\d+)s"', content.decode())
        assert found is not None
        return found.group(1).replace("&amp;", "&"), found.group(2)

    fast, pace = watch(phone.get(address).content)
    assert pace == "3"
    assert phone.get(fast).status_code == 204
    move_clock(61)
    slower = phone.get(fast)
    assert (slower["HX-Retarget"], slower["HX-Reswap"]) == ("#poll", "outerHTML")
    slow, pace = watch(slower.content)
    assert pace == "10"
    assert words(slower.content) == ""
    assert phone.get(slow).status_code == 204
    channel.pay(order_of(address).order_no)
    phone.post(f"{address}/paid")
    news = phone.get(slow)
    assert "缴费成功" in news.content.decode()
    assert "<title>缴费成功 - 参保</title>" in news.content.decode()
    assert "hx-get" not in news.content.decode()


@pytest.mark.parametrize(
    "address", ["/o/360100-aaaaaaaaaaaaaaaaaaaaaaaaaa", "/o/x", "/o/999999-a", "/back/360100-short"]
)
def test_an_order_page_nobody_was_given_is_not_found(town: object, phone: Client, address: str) -> None:
    answer = phone.get(address)

    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()


def test_the_order_page_shows_masks_only_and_is_kept_by_nobody(town: object, phone: Client, channel: Channel) -> None:
    take(phone, GRANDMOTHER)
    address = pay(phone)
    answer = Client().get(address)
    body = answer.content.decode()

    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    for secret in (GRANDMOTHER.name, sound(GRANDMOTHER).id_no, "低保", sound(GRANDMOTHER).id_no[6:14]):
        assert secret not in body


def test_the_agreement_is_dated_and_leads_back(town: object, phone: Client, channel: Channel) -> None:
    take(phone, LIN)
    text = words(phone.get("/agreement/360100/2025-1").content)

    assert "缴费须知（2025-1）" in text
    assert "2025年1月1日 起可以报销以后，个人缴的费一般不退" in text
    assert "2025年2月28日 以后再缴，从缴费那天起要等 3 个月才能报销" in text
    assert "返回付款" in text


@pytest.mark.parametrize("version", ["2025-2", "1999-1", "2031-1", "x"])
def test_an_agreement_that_never_was_is_not_found(town: object, phone: Client, version: str) -> None:
    assert phone.get(f"/agreement/360100/{version}").status_code == 404
    assert phone.get("/agreement/1/2025-1").status_code == 404


def test_without_a_channel_the_page_says_so_and_has_no_button(
    town: object, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from canbao.channels import catalogue

    monkeypatch.delenv("CANBAO_WECHAT_FILE", raising=False)
    catalogue.forget()
    take(phone, LIN)
    text = words(phone.get("/pay?region=360100").content)

    assert "网上现在不能缴，没有扣钱。" in text
    assert "付款 ￥400.00 换一种方式" not in text


def test_health_is_one_word(town: object, phone: Client) -> None:
    assert phone.get("/health").content == b"ok\n"


def test_every_number_of_a_look_up_comes_from_the_register_not_the_address(town: object, phone: Client) -> None:
    address = look_up(phone, LIN)

    assert bill_no(phone.get(address).content.decode()).startswith("360100B")
    assert sound(LIN).id_no not in address
