"""A bill's faces, its explanation, and the list: exact words, and what a refusal leaves unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID

from django.test import Client

from canbao.billing import public as billing
from canbao.channels.interface import Device, Mode
from canbao.doors.citizen import basket
from canbao.doors.citizen.tests.conftest import (
    BUSINESS_DATE,
    CHILD,
    ELDER,
    GRANDMOTHER,
    LIN,
    NANCHANG,
    NEWBORN,
    TWICE,
    Resident,
    look_up,
)
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.pay_bills import Addresses, Payer, pay_bills
from canbao.kernel.clock import ShiftedClock

TAGS = re.compile(r"<(style|title)>.*?</\1>|<[^>]+>", re.S)
DAY_S = 24 * 3600


def words(content: bytes) -> str:
    """What a page says, without markup."""
    return " ".join(unescape(TAGS.sub(" ", content.decode())).split())


def bill_no(body: str) -> str:
    return str(re.findall(r'name="bill" value="([0-9A-Z]{18})"', body)[0])


def take(browser: Client, resident: Resident, then: str = "pay") -> str:
    """Look up and put on the list; answers where that leads."""
    address = look_up(browser, resident)
    body = browser.get(address).content.decode()
    answer = browser.post(f"{address}/take", {"bill": bill_no(body), "then": then})
    assert answer.status_code == 303
    return str(answer["Location"])


def listed(browser: Client) -> int:
    return len(browser.session.get("list", []))


def test_a_bill_says_deadline_both_years_place_and_every_step(town: object, phone: Client) -> None:
    text = words(phone.get(look_up(phone, LIN)).content)

    assert "￥400.00 待缴 请在 2025年2月28日 （星期五） 前缴，当天可缴。" in text
    assert "2024年征收 2025年1月1日 至 2025年12月31日 可以报销" in text
    assert "为什么是 400 元" in text
    assert "￥1,070.00" in text
    assert "−￥670.00" in text
    assert "您要缴 ￥400.00" in text
    assert "青云社区" in text
    assert "0791\N{NON-BREAKING HYPHEN}12393" in text
    assert "如果 2025年2月28日 以后再缴" in text
    assert "要等 3 个月才能报销" in text
    assert "立即缴费 ￥400.00 再加一位家人" in text


def test_help_with_the_contribution_is_shown_as_such_and_not_why(town: object, phone: Client) -> None:
    text = words(phone.get(look_up(phone, GRANDMOTHER)).content)

    assert "￥80.00 待缴" in text
    assert "−￥320.00" in text
    assert "参保资助" in text
    assert "低保" not in text


def test_a_bill_met_by_the_subsidy_has_nothing_to_pay(town: ShiftedClock, phone: Client) -> None:
    address = look_up(phone, ELDER)
    body = phone.get(address).content
    text = words(body)

    assert "今年不用缴" in text
    assert "以后再缴" not in text, "nothing is owed, so nothing can be late"
    assert "400 元 由政府替您出" in text
    assert "立即缴费" not in text
    assert b'name="bill"' not in body
    assert "下载凭证（PDF）" in text
    paper = re.search(r'/bill/[^"]+\.pdf', body.decode())
    assert paper is not None
    deliver_events(NANCHANG, clock=town)
    size = len(phone.get(paper.group()).content)
    assert f"下载凭证（PDF，{-(-size // 1000)} KB）" in words(phone.get(address).content)


def test_someone_registered_in_two_places_cannot_be_paid_for(town: object, phone: Client) -> None:
    address = look_up(phone, TWICE)
    text = words(phone.get(address).content)

    assert "登记地不止一处，先不要缴。请打" in text
    assert "立即缴费" not in text


def test_a_bill_that_cannot_be_paid_does_not_come_onto_the_list(town: ShiftedClock, phone: Client) -> None:
    address = look_up(phone, TWICE)
    found = billing.bills_of(NANCHANG, [person_behind(phone, address)], town.today())

    answer = phone.post(f"{address}/take", {"bill": found[0].bill_no, "then": "pay"})

    assert answer.status_code == 422
    assert listed(phone) == 0


def person_behind(browser: Client, address: str) -> UUID:
    """Whose page an address of this browser is."""
    row = next(row for row in browser.session["seen"] if row[0] == address.rsplit("/", 1)[1])
    return UUID(hex=row[2])


def test_a_bill_of_someone_else_does_not_come_onto_the_list(town: object, phone: Client) -> None:
    lin, child = look_up(phone, LIN), look_up(phone, CHILD)
    of_child = bill_no(phone.get(child).content.decode())

    answer = phone.post(f"{lin}/take", {"bill": of_child, "then": "pay"})

    assert answer.status_code == 404
    assert listed(phone) == 0


def test_before_the_window_the_page_says_when_it_opens(
    town: object, phone: Client, move_clock: Callable[[int], None]
) -> None:
    move_clock(-90 * DAY_S)
    text = words(phone.get(look_up(phone, LIN)).content)

    assert "2024年9月15日 （星期日） 开始缴" in text
    assert "立即缴费" not in text


def test_after_the_window_the_page_says_from_when_cover_runs(
    town: object, phone: Client, move_clock: Callable[[int], None]
) -> None:
    move_clock(120 * DAY_S)
    text = words(phone.get(look_up(phone, LIN)).content)

    assert "集中缴费期已过。现在还可以缴，" in text
    assert re.search(r"2025年6月\d+日 起才能报销", text)
    assert "最晚 2025年9月30日 （星期二） ，当天可缴。" in text
    assert "立即缴费 ￥400.00" in text


def test_after_the_end_nothing_can_be_paid(town: object, phone: Client, move_clock: Callable[[int], None]) -> None:
    move_clock(330 * DAY_S)
    text = words(phone.get(look_up(phone, LIN)).content)

    assert "2025 年的费 2025年9月30日 已截止" in text
    assert "立即缴费" not in text


def test_one_bill_goes_straight_to_payment_and_two_are_checked_first(town: object, phone: Client) -> None:
    assert take(phone, LIN) == "/pay?region=360100"
    assert take(phone, CHILD) == "/basket"


def test_adding_another_leads_back_to_look_up_which_says_how_many(town: object, phone: Client) -> None:
    assert take(phone, LIN, then="add") == "/"
    assert "缴费单里有 1 人 看缴费单" in words(phone.get("/").content)


def test_the_list_shows_everybody_with_amount_and_cover(town: object, phone: Client) -> None:
    for resident in (LIN, CHILD, GRANDMOTHER, NEWBORN):
        take(phone, resident, then="add")
    text = words(phone.get("/basket").content)

    assert "核对缴费单：4 人" in text
    assert "合计 4 人 ￥1,280.00" in text
    assert "去付款 ￥1,280.00" in text
    assert text.count("2025年1月1日 起可以报销") == 4


def test_putting_a_bill_on_twice_is_putting_it_on_once(town: object, phone: Client) -> None:
    take(phone, LIN, then="add")
    take(phone, LIN, then="add")

    assert listed(phone) == 1
    assert "已经在缴费单里" in words(phone.get(look_up(phone, LIN)).content)


def test_taking_someone_off_says_who_and_what_is_left(town: object, phone: Client) -> None:
    take(phone, LIN, then="add")
    take(phone, GRANDMOTHER, then="add")
    number = re.findall(r'name="bill" value="([0-9A-Z]{18})"', phone.get("/basket").content.decode())[1]

    answer = phone.post("/basket/remove", {"bill": number})
    text = words(phone.get("/basket").content)

    assert (answer.status_code, answer["Location"]) == (303, "/basket")
    assert re.search(r"已移出 \*\*英 尾字英，尾号 \d{3}[\dX] 。合计 ￥400.00 。", text)
    assert "核对缴费单：1 人" in text
    assert "已移出" not in words(phone.get("/basket").content)


def test_taking_off_what_is_not_there_changes_nothing(town: object, phone: Client) -> None:
    take(phone, LIN, then="add")

    assert phone.post("/basket/remove", {"bill": "360100B0000000000X"}).status_code == 303
    assert listed(phone) == 1


def numbers_on(body: str) -> list[str]:
    return re.findall(r'name="bill" value="([0-9A-Z]{18})"', body)


def list_of(body: str) -> str:
    """The part of the page that a swap replaces, token and focus apart."""
    inner = body.partition('<div id="list">')[2].partition("</div>\n\n</main>")[0]
    return without_token(inner)


def without_token(markup: str) -> str:
    return (
        re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", markup).replace(' tabindex="-1" data-focus', "").strip()
    )


def test_htmx_gets_the_title_the_word_and_the_list_as_the_page_would_show_it(town: object, phone: Client) -> None:
    for resident in (LIN, GRANDMOTHER, CHILD):
        take(phone, resident, then="add")
    lin, grandmother, child = numbers_on(phone.get("/basket").content.decode())

    answer = phone.post("/basket/remove", {"bill": grandmother}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    title, heading, said, rest = body.split("\n", 3)

    assert answer.status_code == 200
    assert "HX-Request" in answer["Vary"]
    assert title == "<title>核对缴费单：2 人 - 参保</title>"
    assert heading == (
        '<hx-partial hx-target="#heading" hx-swap="outerHTML swap:300ms">'
        '<h1 id="heading">核对缴费单：2 人</h1></hx-partial>'
    )
    assert said.startswith('<hx-partial hx-target="#said" hx-swap="innerHTML swap:300ms"><p class="cb-note">已移出 ')
    assert re.search(r"已移出 \*\*英 尾字英，尾号 \d{3}[\dX] 。合计 ￥800.00 。", words(said.encode()))
    assert numbers_on(rest) == [lin, child]
    assert "合计 2 人 ￥800.00" in words(rest.encode())
    after = phone.get("/basket").content.decode()
    assert without_token(rest) == list_of(after), "without scripts the same list is shown"
    assert "已移出" not in words(after.encode()), "it was said once"


def test_the_focus_goes_to_whoever_stands_in_the_place_of_the_one_taken_off(town: object, phone: Client) -> None:
    for resident in (LIN, GRANDMOTHER, CHILD):
        take(phone, resident, then="add")
    lin, grandmother, child = numbers_on(phone.get("/basket").content.decode())
    focused = []
    for number in (grandmother, child, lin):
        answer = phone.post("/basket/remove", {"bill": number}, headers={"HX-Request": "true"})
        (here,) = re.findall(r"<(h\d)[^>]* tabindex=\"-1\" data-focus>(.*?)</h\d>", answer.content.decode(), re.S)
        focused.append((here[0], words(here[1].encode()).split()[0]))

    assert focused == [("h2", "*明"), ("h2", "**丽"), ("h1", "缴费单是空的")]
    assert listed(phone) == 0


def test_htmx_that_takes_off_what_is_not_there_gets_the_list_as_it_is(town: object, phone: Client) -> None:
    take(phone, LIN, then="add")

    answer = phone.post("/basket/remove", {"bill": "360100B0000000000X"}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "已移出" not in answer.content.decode()
    assert "data-focus" not in answer.content.decode()
    assert without_token(answer.content.decode().rpartition("</hx-partial>")[2]) == list_of(
        phone.get("/basket").content.decode()
    )
    assert listed(phone) == 1


def test_htmx_whose_session_has_ended_gets_the_empty_list(db: None, phone: Client) -> None:
    answer = phone.post("/basket/remove", {"bill": "360100B0000000000X"}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "<title>缴费单是空的 - 参保</title>" in answer.content.decode()
    assert "先查一位参保人，再加入缴费单。" in words(answer.content)


def test_htmx_without_its_token_is_refused_with_the_whole_page_and_nothing_is_taken_off(
    town: object, phone: Client
) -> None:
    take(phone, LIN, then="add")
    number = numbers_on(phone.get("/basket").content.decode())[0]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = phone.cookies

    answer = strict.post("/basket/remove", {"bill": number}, headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert "没有改动任何东西，也没有扣钱" in words(answer.content)
    assert listed(phone) == 1


def test_an_empty_list_says_what_to_do(phone: Client, db: None) -> None:
    text = words(phone.get("/basket").content)

    assert "缴费单是空的 先查一位参保人，再加入缴费单。 再加一位家人" in text


def test_a_full_list_is_refused_with_its_sentence(town: object, phone: Client, monkeypatch: object) -> None:
    take(phone, LIN, then="add")
    address = look_up(phone, CHILD)
    number = bill_no(phone.get(address).content.decode())
    before = basket.LINES_MOST
    try:
        basket.LINES_MOST = 1
        answer = phone.post(f"{address}/take", {"bill": number, "then": "pay"})
    finally:
        basket.LINES_MOST = before

    assert answer.status_code == 422
    assert "一次最多缴 1 人，请先付这一单" in words(answer.content)
    assert listed(phone) == 1


def test_a_bill_that_someone_else_is_paying_says_since_when_and_until_when(
    town: ShiftedClock, phone: Client, desktop: Client, channel: object
) -> None:
    take(phone, LIN)
    line = phone.session["list"][0]
    order = pay_bills(
        NANCHANG,
        [UUID(hex=line[2])],
        payer=Payer(channel_code="wechat", mode=Mode.NATIVE, device=Device.WAP, address="203.0.113.9"),
        addresses=Addresses(notify_url="http://127.0.0.1:9/notices/wechat", order_page="http://127.0.0.1:9/back"),
        agreement_version="2025-1",
        expected_fen=billing.bill(NANCHANG, UUID(hex=line[2])).personal_fen,
        idempotency_key="0" * 32,
        clock=town,
    )
    text = words(desktop.get(look_up(desktop, LIN)).content)

    assert re.search(r"有人正在付这笔费（ \d\d:\d\d 起，微信）。 \d\d:\d\d 后可以再来。", text)
    assert "立即缴费" not in text
    # Whose order it is, is nobody's business but the one's who made it.
    assert order.token not in desktop.get(look_up(desktop, LIN)).content.decode()
    assert BUSINESS_DATE == "2024-11-15"
