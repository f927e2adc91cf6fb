"""Look-up: what is found, what is refused in words, and what a stranger cannot learn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from canbao.doors.citizen import lookup
from canbao.doors.citizen.tests.conftest import ELDER, GRANDMOTHER, LIN, OUTSIDER, TWICE, Resident, look_up, sound
from canbao.kernel import throttle
from canbao.kernel.sql import Reader, Statement
from tests.owner import as_owner

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


def plain(content: bytes) -> bytes:
    """A page without its one-time token."""
    return TOKEN.sub(b"", content)


def asked(browser: Client, id_no: str, name: str) -> bytes:
    answer = browser.post("/", {"id_no": id_no, "name": name})
    assert answer.status_code == 422
    return plain(answer.content)


def test_number_and_name_lead_to_the_bill(town: object, phone: Client) -> None:
    address = look_up(phone, LIN)
    body = phone.get(address).content.decode()

    assert re.fullmatch(r"/bill/[0-9a-f]{12}", address)
    assert "缴费详情" in body
    assert "**丽" in body
    assert "￥400.00" in body
    assert "南昌市" in body


def test_spaces_full_width_digits_and_a_lower_case_x_are_cleaned(town: object, phone: Client) -> None:
    number = sound(GRANDMOTHER).id_no
    typed = f" {number[:6]} {number[6:14]} {number[14:]}".translate(
        str.maketrans("0123456789", "０１２３４５６７８９")
    ).lower()

    answer = phone.post("/", {"id_no": typed, "name": " 王秀英　"})

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("id_no", "name", "sentence"),
    [
        ("", "林小丽", "请输入身份证号"),
        ("3601021986031200", "林小丽", "身份证号应为 18 位，您输了 16 位"),
        ("360102198603120020", "林小丽", "身份证号有一位不对，请逐位核对"),
        ("360102198613120026", "林小丽", "身份证号中间的出生日期不对（第 7 位起），请逐位核对"),
        (sound(LIN).id_no, "", "请输入姓名，和身份证上一样"),
        (sound(LIN).id_no, "林" * 101, "姓名有 101 个字，最多 100 个，请核对"),
    ],
)
def test_a_field_that_cannot_be_right_is_named_and_nothing_happens(
    town: object, phone: Client, id_no: str, name: str, sentence: str
) -> None:
    answer = phone.post("/", {"id_no": id_no, "name": name})
    body = answer.content.decode()

    assert answer.status_code == 422
    # Once in the summary, once beside the field.
    assert body.count(sentence) == 2
    assert "<title>错误：给谁缴费？ - 参保</title>" in body
    assert 'role="alert"' in body
    assert 'aria-invalid="true"' in body
    assert "sessionid" not in answer.cookies


def test_what_was_typed_stays_in_the_form(town: object, phone: Client) -> None:
    body = phone.post("/", {"id_no": "12345", "name": '林"小丽'}).content.decode()

    assert 'value="12345"' in body
    assert 'value="林&quot;小丽"' in body


def test_both_fields_can_be_wrong_at_once(town: object, phone: Client) -> None:
    body = phone.post("/", {}).content.decode()

    assert 'href="#id_no">请输入身份证号' in body
    assert 'href="#name">请输入姓名' in body


def test_absent_wrong_name_and_throttled_are_the_same_page(
    town: object, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = asked(phone, sound(OUTSIDER).id_no, OUTSIDER.name)
    wrong_name = asked(phone, sound(LIN).id_no, "林大丽")
    monkeypatch.setattr(lookup, "PER_NUMBER_A_DAY", 0)
    throttled = asked(phone, sound(LIN).id_no, LIN.name)

    assert absent == wrong_name == throttled
    text = absent.decode()
    assert "没有查到可以缴的费" in text
    assert "可能还没有参保登记、不在这里缴，或今天查的次数太多" in text
    assert sound(LIN).id_no not in text
    assert "林" not in text


def test_absent_wrong_name_and_throttled_do_the_same_work(
    town: object, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    tuples, rows = Reader.tuples, Reader.rows

    def noted_tuples(self: Reader, statement: Statement, **params: object) -> object:
        ran.append(statement.name)
        return tuples(self, statement, **params)

    def noted_rows(self: Reader, statement: Statement, row: type, **params: object) -> object:
        ran.append(statement.name)
        return rows(self, statement, row, **params)

    monkeypatch.setattr(Reader, "tuples", noted_tuples)
    monkeypatch.setattr(Reader, "rows", noted_rows)

    def work(id_no: str, name: str) -> list[str]:
        ran.clear()
        asked(phone, id_no, name)
        return list(ran)

    absent = work(sound(OUTSIDER).id_no, OUTSIDER.name)
    wrong_name = work(sound(LIN).id_no, "林大丽")
    monkeypatch.setattr(lookup, "PER_NUMBER_A_DAY", 0)
    throttled = work(sound(LIN).id_no, LIN.name)

    assert absent == wrong_name == throttled
    assert len(absent) >= 4


def test_a_number_is_limited_whoever_asks(town: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PER_NUMBER_A_DAY", 2)
    browsers = [Client(REMOTE_ADDR=f"203.0.113.{last}") for last in range(3)]

    statuses = [browser.post("/", {"id_no": sound(LIN).id_no, "name": LIN.name}).status_code for browser in browsers]

    assert statuses == [303, 303, 422]


def test_an_address_is_limited_whomever_it_asks_about(town: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PER_ADDRESS_AN_HOUR", 1)
    caller, other = Client(REMOTE_ADDR="203.0.113.1"), Client(REMOTE_ADDR="203.0.113.2")

    assert caller.post("/", {"id_no": sound(LIN).id_no, "name": LIN.name}).status_code == 303
    assert caller.post("/", {"id_no": sound(GRANDMOTHER).id_no, "name": GRANDMOTHER.name}).status_code == 422
    assert other.post("/", {"id_no": sound(GRANDMOTHER).id_no, "name": GRANDMOTHER.name}).status_code == 303


def test_a_caller_beyond_his_limit_locks_nobody_out_and_leaves_no_rows(
    town: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PER_NUMBER_A_DAY", 2)
    monkeypatch.setattr(lookup, "PER_ADDRESS_AN_HOUR", 1)
    caller, herself = Client(REMOTE_ADDR="203.0.113.1"), Client(REMOTE_ADDR="203.0.113.2")
    asked(caller, sound(OUTSIDER).id_no, OUTSIDER.name)
    asked(caller, sound(LIN).id_no, "林大丽")
    before = counted_rows()

    for resident in (LIN, LIN, LIN, GRANDMOTHER, ELDER):
        asked(caller, sound(resident).id_no, "林大丽")

    assert counted_rows() == before == 3
    assert herself.post("/", {"id_no": sound(LIN).id_no, "name": LIN.name}).status_code == 303


def counted_rows() -> int:
    """How many subjects the limits count just now."""
    with as_owner() as session:
        return int(session.execute("SELECT count(*) FROM kernel_throttle").fetchall()[0][0])


def test_a_header_that_nobody_configured_does_not_lift_the_limit(town: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PER_ADDRESS_AN_HOUR", 1)
    caller = Client(REMOTE_ADDR="203.0.113.1")

    caller.post("/", {"id_no": sound(LIN).id_no, "name": LIN.name})
    again = caller.post(
        "/", {"id_no": sound(GRANDMOTHER).id_no, "name": GRANDMOTHER.name}, HTTP_X_FORWARDED_FOR="198.51.100.1"
    )

    assert again.status_code == 422


def test_a_mistyped_number_counts_against_nobody(town: object, phone: Client, business_clock: object) -> None:
    for _ in range(3):
        phone.post("/", {"id_no": "12345", "name": LIN.name})

    now = datetime(2024, 11, 15, 3, tzinfo=UTC)
    assert throttle.allow("lookup.address", "203.0.113.7", limit=1, per_s=3600, now=now)


def test_a_region_is_never_asked_for(phone: Client) -> None:
    body = phone.get("/").content.decode()

    assert re.findall(r'<input[^>]* name="([a-z_]+)"', body) == ["csrfmiddlewaretoken", "id_no", "name"]
    assert "<select" not in body


def test_another_browser_cannot_open_the_page_of_a_found_person(town: object, phone: Client, desktop: Client) -> None:
    address = look_up(phone, LIN)

    assert desktop.get(address).status_code == 404


@pytest.mark.parametrize("resident", [GRANDMOTHER, ELDER, TWICE], ids=["assisted", "met", "two places"])
def test_no_page_names_a_special_identity_or_a_full_number(town: object, phone: Client, resident: Resident) -> None:
    body = phone.get(look_up(phone, resident)).content.decode()
    scripted = phone.get(phone.get("/basket").wsgi_request.path).content.decode()

    for word in ("低保", "最低生活", "minimum_living", "特困", "残疾", "孤儿", "监测", "优抚", "困难"):
        assert word not in body
        assert word not in scripted
    assert sound(resident).id_no not in body
    assert resident.name not in body


def test_nothing_personal_stands_in_the_cookie(town: object, phone: Client) -> None:
    look_up(phone, LIN)
    session = phone.session

    assert set(session.keys()) == {"seen"}
    text = str(dict(session.items()))
    assert LIN.name not in text
    assert sound(LIN).id_no not in text


def test_a_person_whose_bill_is_not_made_is_not_told_apart(
    town: object, phone: Client, move_clock: Callable[[int], None]
) -> None:
    # The insured year is over: no live bill is shown, and the page is the one for nobody.
    move_clock(500 * 24 * 3600)
    nobody = asked(phone, sound(OUTSIDER).id_no, OUTSIDER.name)

    assert asked(phone, sound(LIN).id_no, LIN.name) == nobody
