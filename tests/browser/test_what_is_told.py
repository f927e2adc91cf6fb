"""What strangers are told, and what is left behind: nothing that names a person.

The last file of this folder: its last test reads every address that any visitor's browser asked for, every log of every
process, and what the channel was sent.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterable

from canbao.rulebook.identities import IdentityCode
from tests.browser import town
from tests.browser.conftest import House, Visit
from tests.browser.town import NOBODY, OVER_SEVENTY, REGISTERED_TWICE, Person
from tests.browser.visitor import Size, Visitor

SAMPLES = 16
IDENTITY_WORDS = (
    "低保", "最低生活保障", "特困", "残疾", "孤儿", "返贫", "致贫", "监测对象", "困境", "低收入",
    "殘疾", "孤兒", "subsistence", "minimum living", "destitute", "disabled", "orphan", "poverty",
    *(str(code) for code in IdentityCode),
)  # fmt: skip
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
"""The one thing in which two answers may differ."""


def cast() -> list[Person]:
    """Everybody in the town."""
    families = [person for number in range(town.FAMILIES) for person in town.family(number).members()]
    return [*families, OVER_SEVENTY, REGISTERED_TWICE, NOBODY]


def named(text: str, people: Iterable[Person]) -> list[str]:
    """Which of the people a text names in full; told by place in the cast, so that a failure names nobody either."""
    return [
        f"person {place}: {what}"
        for place, person in enumerate(people)
        for what, secret in (("number", person.id_no), ("name", person.name))
        if secret.lower() in text.lower()
    ]


def identities(text: str) -> list[str]:
    """Words in a text that say why somebody is assisted."""
    return [word for word in IDENTITY_WORDS if word in text.lower()]


def ask(visitor: Visitor, person: Person) -> tuple[int, bytes, float]:
    """Look somebody up as fast as a program can: status, page without its token, and milliseconds."""
    token = TOKEN.search(visitor.context.request.get(visitor.pages + "/").body())
    assert token is not None
    form: dict[str, str | float | bool] = {
        "csrfmiddlewaretoken": token.group().decode().split('"')[3],
        "id_no": person.id_no,
        "name": person.name,
    }
    started = time.perf_counter()
    answer = visitor.context.request.post(visitor.pages + "/", form=form, max_redirects=0)
    took = time.perf_counter() - started
    return answer.status, TOKEN.sub(b"", answer.body()), took * 1000


def test_absent_wrong_name_and_throttled_are_the_same_in_words_bytes_and_time(house: House, visit: Visit) -> None:
    family, other = house.family(), house.family()
    absent = NOBODY
    wrong = Person(id_no=family.payer.id_no, name="欧阳无此人")
    throttled = other.payer
    asker = visit(Size.PHONE)
    for _ in range(20):
        ask(asker, throttled)
    assert ask(asker, throttled)[0] == 422, "the right name is refused after twenty look-ups of one number"

    asker = visit(Size.PHONE)
    kinds = {"absent": absent, "wrong name": wrong, "throttled": throttled}
    answers: dict[str, list[tuple[int, bytes, float]]] = {kind: [] for kind in kinds}
    for turn in range(SAMPLES):
        # In turns, so that a busy moment falls on all alike.
        for kind in sorted(kinds, reverse=turn % 2 == 1):
            answers[kind].append(ask(asker, kinds[kind]))
    assert {(status, page) for all_of_kind in answers.values() for status, page, _ in all_of_kind} == {
        (422, answers["absent"][0][1])
    }
    times = {kind: [took for _, _, took in found] for kind, found in answers.items()}
    middle = {kind: statistics.median(taken) for kind, taken in times.items()}
    everything = sorted(took for taken in times.values() for took in taken)
    noise = everything[3 * len(everything) // 4] - everything[len(everything) // 4]
    assert max(middle.values()) - min(middle.values()) <= max(noise, 5), middle


def test_a_key_of_another_browser_opens_nothing(house: House, visit: Visit) -> None:
    family = house.family()
    payer, stranger = visit(Size.PHONE), visit(Size.PHONE)
    payer.look_up(family.grandmother)
    bill = payer.page.url.removeprefix(payer.pages)
    stranger.open(bill)
    assert stranger.heading() == "没有这一页"
    refused = stranger.page.content()
    stranger.open("/bill/0123456789ab")
    assert stranger.page.content() == refused


def test_pages_name_nobody_in_full_and_never_say_why_somebody_is_assisted(house: House, visit: Visit) -> None:
    family = house.family()
    payer = visit(Size.PHONE)
    told: list[str] = []

    def read(visitor: Visitor) -> None:
        told.append(visitor.page.content())

    for language in ("zh-Hans", "zh-Hant", "en"):
        payer.open(f"/?lang={language}")
        for person in family.members():
            payer.look_up(person)
            read(payer)
    payer.open("/?lang=zh-Hans")
    payer.go_to_pay(*family.members())
    read(payer)
    payer.page.check("#agree")
    payer.press("form.cb-card button[type=submit]")
    order = payer.page.url
    relative = visit(Size.PHONE)
    relative.look_up(family.grandmother)
    read(relative)
    payer.press("a:has-text('打开微信付款')")
    read(payer)
    payer.act_in_wallet()
    read(payer)
    payer.settled(order)
    payer.context.request.get(f"{order}/voucher.pdf")
    payer.page.reload()
    share = payer.page.locator("a:has-text('发给家人')").get_attribute("href")
    outsider = visit(Size.PHONE)
    for path in ("/", "/basket", "/help", "/privacy", order.removeprefix(payer.pages), str(share)):
        for language in ("zh-Hans", "zh-Hant", "en"):
            outsider.open(f"{path}?lang={language}")
            read(outsider)
    assert len(told) > 30
    for page in told:
        assert named(page, family.members()) == []
        assert identities(page) == []
    assert f"{family.grandmother.id_no[:3]}***********{family.grandmother.id_no[-4:]}" in told[2]
    for page in told[-3:]:
        assert family.grandmother.id_no[-4:] not in page, "on a public page two digits are enough"


def test_nothing_that_was_left_behind_names_anybody(house: House, visit: Visit) -> None:
    broken = visit(Size.PHONE)
    person = house.family().payer
    house.rows("ALTER TABLE registry_directory RENAME TO registry_directory_away")
    try:
        broken.look_up(person)
        assert broken.heading() == "现在办不了，不是您的错"
    finally:
        house.rows("ALTER TABLE registry_directory_away RENAME TO registry_directory")
    broken.look_up(person)
    assert broken.heading() == "缴费详情", "what was broken is whole again"

    everybody = cast()
    addresses = "\n".join([*house.asked, *broken.asked])
    assert named(addresses, everybody) == []
    logs = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in house.logs.iterdir()}
    assert {"serve.log", "intake.log", "work.log", "sandbox.log"} <= set(logs)
    assert logs["serve.log"], "a fault of our own is in the log"
    channel = str(house.sandbox.get("/log")) + str(house.sandbox.get("/orders"))
    for name, text in {**logs, "what the channel was sent": channel}.items():
        assert named(text, everybody) == [], name
        assert identities(text) == [], name
