"""What cannot be answered is told on a page like any other: not found, too old, too much, our own fault.

Every one has its status, says whether money moved where that is certain, and leads on. How they look is asked in
`test_looks.py`.
"""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Route

from tests.browser.conftest import House, Visit
from tests.browser.gallery import Walk, break_and_mend, send_too_much, send_without_token
from tests.browser.visitor import Size


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
@pytest.mark.parametrize(
    "path,status,words",
    [
        ("/nothing-here", 404, "没有这一页"),
        ("/o/360100-aaaaaaaaaaaaaaaaaaaaaaaaaa", 404, "没有这一页"),
        ("/agreement/360100/2031-1", 404, "没有这一页"),
        ("/verify/360100V0000000000", 404, "没有这张凭证"),
    ],
)
def test_what_is_not_there_is_told_so(visit: Visit, path: str, status: int, words: str, scripts: bool) -> None:
    visitor = visit(Size.PHONE, scripts=scripts)
    answer = visitor.page.goto(visitor.pages + path)
    assert answer is not None
    assert answer.status == status
    assert visitor.heading().startswith(words)
    assert visitor.page.locator("main a.weui-btn_primary, main button").count() >= 1, "and where to go on"


@pytest.mark.parametrize(
    "walk,status,words",
    [
        (send_without_token, 403, "没有改动任何东西，也没有扣钱"),
        (send_too_much, 413, "没有收下，也没有改动任何东西"),
    ],
    ids=["form_too_old", "too_large"],
)
def test_a_form_that_cannot_be_taken_changes_nothing_and_says_so(
    house: House, visit: Visit, walk: Walk, status: int, words: str
) -> None:
    visitor, before = visit(Size.PHONE), house.rows("SELECT count(*) FROM kernel_throttle")
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        walk(visitor)
    assert answered.value.status == status
    assert words in visitor.words()
    assert house.rows("SELECT count(*) FROM kernel_throttle") == before


def test_a_fault_of_our_own_says_that_it_is_ours_and_not_to_pay_again(house: House, visit: Visit) -> None:
    visitor = visit(Size.PHONE)
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        break_and_mend(house)(visitor)
    assert answered.value.status == 500
    assert visitor.heading() == "现在办不了，不是您的错"
    assert "先看订单，不要再付" in visitor.words()


def test_a_look_that_fails_leaves_the_order_as_it_was_told_and_is_repeated(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    page = payer.go_to_pay(house.family().child)
    looked: list[str] = []

    def fail(route: Route) -> None:
        looked.append(route.request.url)
        route.fulfill(status=500 if len(looked) % 2 else 404, content_type="text/html", body="<main><h1>?</h1></main>")

    page.route("**/state?*", fail)
    page.check("#agree")
    payer.press("form.cb-card button[type=submit]")
    told = payer.words()
    page.wait_for_timeout(7_500)
    assert len(looked) >= 2
    assert payer.words() == told
    payer.heard[:] = [line for line in payer.heard if "status of" not in line and "htmx:response:error" not in line]


def test_the_refusal_of_a_large_upload_reaches_whoever_is_still_sending(house: House) -> None:
    with httpx.Client(trust_env=False, timeout=20) as sender:
        sender.get(f"{house.addresses.pages}/")
        for _ in range(8):
            answer = sender.post(f"{house.addresses.pages}/", content=b"name=" + b"x" * 3_000_000, headers=FORM)
            assert answer.status_code == 413
            assert "</html>" in answer.text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
