"""What anyone sees who checks a voucher: the verdict, the masked facts, and nothing else."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from canbao.documents import public as documents
from canbao.doors.verify.tests.conftest import CAST, issue
from canbao.doors.verify.views import ASKS_MAX, ASKS_PER_S
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, derived_id, group_no, make_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx

LANGUAGES = ("zh-Hans", "zh-Hant", "en")


def _text(content: bytes) -> str:
    """The words of a page's main part."""
    body = content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize(
    "language, said",
    [
        (
            "zh-Hans",
            (
                "真的，有效",
                "请和手里的凭证逐项对一对。",
                "合计 3 人 ￥1,200.00",
                "缴费日期 2024年11月15日",
                "开具日期 2024年11月15日",
                "参保地 江西省南昌市",
                "征收机关 国家税务总局南昌市税务局",
                "*丽 尾字丽，尾号 41 证件尾号 41",
                "**明 尾字明，尾号 3X",
                "J*** S**** 尾字J，尾号 78",
                "2024年征收 · 2025年1月1日 至 2025年12月31日 可以报销",
                "￥400.00",
            ),
        ),
        (
            "zh-Hant",
            ("真的，有效", "請和手裡的憑證逐項對一對。", "2024年徵收 · 2025年1月1日 至 2025年12月31日 可以報銷"),
        ),
        (
            "en",
            (
                "Genuine and valid",
                "Compare each item with the paper.",
                "Total for 3 people ¥1,200.00",
                "Paid on 15 November 2024",
                "Collected in 2024 · Treatment is covered from 1 January 2025 to 31 December 2025",
            ),
        ),
    ],
)
def test_genuine_voucher_says_what_the_paper_must_say(
    client: Client, voucher: documents.Voucher, language: str, said: tuple[str, ...]
) -> None:
    response = client.get(f"/verify/{voucher.voucher_no}", {"lang": language})
    assert response.status_code == 200
    words = _text(response.content)
    for expected in (*said, group_no(voucher.voucher_no)):
        assert expected in words, expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_full_name_or_number_is_on_any_page(client: Client, voucher: documents.Voucher, language: str) -> None:
    content = client.get(f"/verify/{voucher.voucher_no}", {"lang": language}).content.decode()
    for name, number in CAST:
        assert name not in content
        assert number not in content
        assert number[-4:] not in content


def test_typed_number_is_taken_with_blanks_and_in_lower_case(client: Client, voucher: documents.Voucher) -> None:
    typed = group_no(voucher.voucher_no).lower()
    response = client.get("/verify/", {"code": f"  {typed} "})
    assert response.status_code == 303
    assert response.headers["Location"] == f"/verify/{voucher.voucher_no}"
    assert client.get(f"/verify/{typed}").status_code == 200
    assert _text(client.get(f"/verify/{typed}").content) == _text(client.get(f"/verify/{voucher.voucher_no}").content)


def test_voided_voucher_is_genuine_but_not_to_be_trusted(
    client: Client, voucher: documents.Voucher, region: RegionCode, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [voucher.subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    response = client.get(f"/verify/{voucher.voucher_no}")
    assert response.status_code == 200
    words = _text(response.content)
    assert "凭证是真的，但 2024年11月15日 因退费作废" in words
    assert "不要相信这张凭证。有疑问请打 12393。" in words
    assert "真的，有效" not in words
    assert "<title>凭证是真的，但 2024年11月15日 因退费作废 - 参保</title>" in response.content.decode()


def test_demonstration_voucher_says_that_it_proves_nothing(
    client: Client, demonstration_voucher: documents.Voucher
) -> None:
    words = _text(client.get(f"/verify/{demonstration_voucher.voucher_no}").content)
    assert "这是演示环境开的凭证，不能当凭证用。" in words


def test_subsidy_voucher_says_that_nothing_was_paid(client: Client, met_voucher: documents.Voucher) -> None:
    words = _text(client.get(f"/verify/{met_voucher.voucher_no}").content)
    assert "合计 1 人 ￥0.00 · 个人不用缴，费用由政府资助缴清" in words
    assert "核定日期 2024年11月15日" in words
    assert "缴费日期" not in words


@pytest.mark.parametrize(
    "language, said",
    [
        ("zh-Hans", "代替的作废凭证 凭证号最后四位 {tail} 合计 3 人"),
        ("zh-Hant", "代替的作廢憑證 憑證號最後四位 {tail} 合計 3 人"),
        ("en", "Replaces a void voucher its number ends in {tail} Total for 3 people"),
    ],
)
def test_replacement_shows_the_end_of_the_void_number_and_the_void_one_nothing(
    client: Client, voucher: documents.Voucher, region: RegionCode, clock: FixedClock, language: str, said: str
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [voucher.subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    second = issue(region, clock, is_met=False, demonstration_on=None)
    new = client.get(f"/verify/{second.voucher_no}", {"lang": language}).content
    assert said.format(tail=voucher.voucher_no[-4:]) in _text(new)
    assert voucher.voucher_no not in new.decode()
    assert group_no(voucher.voucher_no) not in new.decode()
    old = client.get(f"/verify/{voucher.voucher_no}", {"lang": language}).content.decode()
    assert second.voucher_no not in old
    assert group_no(second.voucher_no) not in old


def _unknown_numbers(voucher: documents.Voucher, region: RegionCode) -> dict[str, str]:
    last = voucher.voucher_no[-1]
    return {
        "nobody's": make_no(region, Kind.VOUCHER, derived_id("voucher", "nobody's")),
        "another region's": make_no(RegionCode(999999), Kind.VOUCHER, derived_id("voucher", 1)),
        "an order's": make_no(region, Kind.ORDER, derived_id("order", 1)),
        "mistyped": voucher.voucher_no[:-1] + ("A" if last != "A" else "B"),
        "short": voucher.voucher_no[:-1],
        "junk": "x" * 500,
    }


@pytest.mark.parametrize(
    "language, said",
    [
        ("zh-Hans", "没有这张凭证，请核对凭证号 不要相信这张凭证。有疑问请打 12393。"),
        ("zh-Hant", "沒有這張憑證，請核對憑證號 不要相信這張憑證。有疑問請打 12393。"),
        ("en", "No such voucher; check the number Do not trust this voucher. If in doubt, call 12393."),
    ],
)
def test_every_unknown_number_gets_one_and_the_same_answer(
    client: Client, voucher: documents.Voucher, region: RegionCode, language: str, said: str
) -> None:
    pages = set()
    for number in _unknown_numbers(voucher, region).values():
        response = client.get(f"/verify/{number}", {"lang": language})
        assert response.status_code == 404
        words = _text(response.content)
        assert words.startswith(said)
        pages.add(words)
    assert len(pages) == 1


@pytest.mark.parametrize(
    "typed, said",
    [
        ("", "请输入凭证号"),
        ("   ", "请输入凭证号"),
        ("360100", "没有这张凭证，请核对凭证号"),
        ('"><script>alert(1)</script>', "没有这张凭证，请核对凭证号"),
    ],
)
def test_wrong_entry_is_said_at_the_field_and_kept(client: Client, db: None, typed: str, said: str) -> None:
    response = client.get("/verify/", {"code": typed})
    assert response.status_code == 422
    content = response.content.decode()
    assert "<title>错误：查凭证真假 - 参保</title>" in content
    assert f'<a href="#code">{said}</a>' in content
    assert f'<p class="cb-wrong" id="code-wrong">{said}</p>' in content
    assert f'value="{html.escape(typed.strip())}"' in content
    assert "<script>alert" not in content


def test_wrong_check_character_is_said_at_the_field(client: Client, voucher: documents.Voucher) -> None:
    wrong = voucher.voucher_no[:-1] + ("A" if voucher.voucher_no[-1] != "A" else "B")
    response = client.get("/verify/", {"code": wrong})
    assert response.status_code == 422
    assert '<a href="#code">没有这张凭证，请核对凭证号</a>' in response.content.decode()
    assert f'value="{wrong}"' in response.content.decode()


@pytest.mark.parametrize("address", ["/verify", "/verify/"])
def test_form_stands_at_both_addresses(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert 'name="code"' in response.content.decode()
    assert "Set-Cookie" not in response.headers


def test_nothing_is_kept_or_indexed(client: Client, voucher: documents.Voucher) -> None:
    for address in ("/verify/", "/verify/?code=", "/verify/360100", f"/verify/{voucher.voucher_no}"):
        response = client.get(address)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_only_reading_is_answered(client: Client, voucher: documents.Voucher) -> None:
    assert client.post(f"/verify/{voucher.voucher_no}").status_code == 405
    assert client.post("/verify/", {"code": voucher.voucher_no}).status_code == 405
    assert client.head(f"/verify/{voucher.voucher_no}").status_code == 200


def test_too_many_checks_from_one_address_are_stopped_and_others_go_on(
    client: Client, voucher: documents.Voucher, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canbao.doors.verify.views.process_clock", lambda: clock)
    address = f"/verify/{voucher.voucher_no}"
    seen = [client.get(address, REMOTE_ADDR="203.0.113.9").status_code for _ in range(ASKS_MAX + 1)]
    assert seen == [200] * ASKS_MAX + [429]
    stopped = client.get(address, REMOTE_ADDR="203.0.113.9")
    assert "查得太多了，请过 10 分钟再查" in _text(stopped.content)
    assert stopped.headers["Retry-After"] == "600"
    assert client.get(address, REMOTE_ADDR="203.0.113.10").status_code == 200
    clock.advance(timedelta(seconds=ASKS_PER_S))
    assert client.get(address, REMOTE_ADDR="203.0.113.9").status_code == 200
