"""Every page of a whole journey, in three languages, looked at as a stranger, a reader and a browser would."""

from __future__ import annotations

import logging
import re

import pytest
from django.http import HttpResponse
from django.test import Client

from canbao.doors.citizen.tests.conftest import (
    CHILD,
    ELDER,
    GRANDMOTHER,
    LIN,
    NANCHANG,
    OUTSIDER,
    PHONE,
    Channel,
    Resident,
    sound,
)
from canbao.doors.citizen.tests.test_bill_and_basket import bill_no
from canbao.doors.citizen.tests.test_pay_and_order import form, order_of
from canbao.journeys.deliver_events import deliver_events
from canbao.kernel.environment import process_clock

IDENTITY_WORDS = ("低保", "最低生活", "特困", "残疾", "殘疾", "孤儿", "孤兒", "minimum living", "destitute", "disabled")


class Crawler:
    """A payer's browser that keeps every address it asked for and every page it was given."""

    def __init__(self) -> None:
        self.client = Client(HTTP_USER_AGENT=PHONE, REMOTE_ADDR="203.0.113.20")
        self.addresses: list[str] = []
        self.pages: list[tuple[str, str]] = []

    def get(self, address: str) -> str:
        return self._keep(address, self.client.get(address))

    def post(self, address: str, content: dict[str, str]) -> str:
        answer = self.client.post(address, content)
        self._keep(address, answer)
        return str(answer.headers.get("Location", ""))

    def _keep(self, address: str, answer: object) -> str:
        assert isinstance(answer, HttpResponse)
        body = answer.content.decode()
        self.addresses += [address, str(answer.headers.get("Location", ""))]
        if "html" in answer.headers["Content-Type"] and body:
            self.pages.append((address, body))
        return body


def walk(crawler: Crawler, channel: Channel, language: str) -> None:
    """From look-up to result, with the mistakes a person makes on the way."""
    crawler.get(f"/?lang={language}")
    crawler.post("/", {"id_no": sound(OUTSIDER).id_no, "name": OUTSIDER.name})
    crawler.post("/", {"id_no": sound(LIN).id_no, "name": "林大丽"})
    for resident in (LIN, CHILD, GRANDMOTHER):
        person = crawler.post("/", {"id_no": sound(resident).id_no, "name": resident.name})
        crawler.post(f"{person}/take", {"bill": bill_no(crawler.get(person)), "then": "add"})
    crawler.get(crawler.post("/", {"id_no": sound(ELDER).id_no, "name": ELDER.name}))
    crawler.get("/basket")
    crawler.get("/agreement/360100/2025-1")
    crawler.get("/pay?region=360100")
    crawler.post("/pay?region=360100", {"how": "wechat-h5"})
    address = crawler.post("/pay?region=360100", form(crawler.client))
    crawler.get(address)
    crawler.get(address.replace("/o/", "/back/"))
    channel.pay(order_of(address).order_no)
    crawler.post(f"{address}/paid", {})
    deliver_events(NANCHANG, clock=process_clock())
    crawler.get(address)
    crawler.get("/nothing-here")


def secrets_of(resident: Resident) -> tuple[str, ...]:
    number = sound(resident).id_no
    return (number, number[6:14], resident.name)


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_a_whole_journey_tells_nobody_anything(
    town: object, channel: Channel, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    crawler = Crawler()
    with caplog.at_level(logging.DEBUG):
        walk(crawler, channel, language)
    cast = [secret for one in (LIN, CHILD, GRANDMOTHER, ELDER, OUTSIDER) for secret in secrets_of(one)]

    assert len(crawler.pages) == 15
    assert any(re.search("缴费成功|繳費成功|Payment received", body) for _, body in crawler.pages)
    for address, body in crawler.pages:
        assert [secret for secret in cast if secret in body] == [], address
        assert [word for word in IDENTITY_WORDS if word in body.lower()] == [], address
    told = " ".join([*crawler.addresses, caplog.text])
    assert [secret for secret in cast if secret in told] == []


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_page_keeps_the_rules_of_the_frame(town: object, channel: Channel, language: str) -> None:
    crawler = Crawler()
    walk(crawler, channel, language)

    for address, body in crawler.pages:
        bare = re.sub(r"<style>.*?</style>", "", body, flags=re.S)
        ids = re.findall(r'\sid="([^"]+)"', bare)
        assert f'<html lang="{language}"' in body, address
        assert len(re.findall(r"<h1[ >]", bare)) == 1, address
        assert len(ids) == len(set(ids)), address
        assert bare.count("weui-btn_primary") <= 1, address
        assert re.findall(r"\sstyle=|\son[a-z]+=|<script(?![^>]* src=)|javascript:|http-equiv", bare) == [], address
        assert " disabled" not in bare, address
        if language == "en":
            # Names and document titles keep their own writing; the page's own words do not.
            assert not re.search("身份证|缴费|付款|返回|参保", re.sub(r"<a [^>]*lang=.*?</a>", "", bare)), address


def test_the_voucher_is_the_same_bytes_at_every_download(town: object, channel: Channel, phone: Client) -> None:
    crawler = Crawler()
    walk(crawler, channel, "zh-Hans")
    address = next(found for found in crawler.addresses if found.startswith("/o/"))
    first, second = (crawler.client.get(f"{address}/voucher.pdf") for _ in range(2))

    assert first.content.startswith(b"%PDF-")
    assert first.content == second.content
    assert first["Content-Type"] == "application/pdf"
    assert first["Cache-Control"] == "no-store"
    assert 'href="/verify/360100V' in crawler.get(address)


def test_an_unpaid_order_has_no_voucher_yet(town: object, channel: Channel) -> None:
    crawler = Crawler()
    person = crawler.post("/", {"id_no": sound(LIN).id_no, "name": LIN.name})
    crawler.post(f"{person}/take", {"bill": bill_no(crawler.get(person)), "then": "pay"})
    address = crawler.post("/pay?region=360100", form(crawler.client))
    answer = crawler.client.get(f"{address}/voucher.pdf")

    assert (answer.status_code, answer["Location"]) == (303, address)


def test_a_bill_that_the_subsidy_met_has_a_voucher_that_says_who_paid(town: object, phone: Client) -> None:
    deliver_events(NANCHANG, clock=process_clock())
    crawler = Crawler()
    body = crawler.get(crawler.post("/", {"id_no": sound(ELDER).id_no, "name": ELDER.name}))
    link = re.findall(r'href="(/bill/[^"]+/voucher/[^"]+\.pdf)"', body)[0]

    assert crawler.client.get(link).content.startswith(b"%PDF-")
    assert phone.get(link).status_code == 404
