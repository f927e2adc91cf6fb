"""The frame of every page: language, large type, light or dark, headers, assets, and the pages for what goes wrong."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
import tempfile
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings

from canbao.doors.frame import refusals
from canbao.doors.frame.headers import content_policy
from canbao.doors.frame.reader import Language, Reader, Theme, View, reader_of
from canbao.kernel.environment import process_clock

PAGES = ("/", "/help", "/privacy", "/accessibility")


@pytest.fixture
def browser() -> Client:
    return Client()


def test_chinese_is_the_default_whatever_the_browser_claims(browser: Client) -> None:
    answer = browser.get("/help", HTTP_ACCEPT_LANGUAGE="en-US")

    assert '<html lang="zh-Hans">' in answer.content.decode()
    assert "<title>帮助 - 参保</title>" in answer.content.decode()


@pytest.mark.parametrize(
    ("language", "title"), [("zh-Hans", "帮助 - 参保"), ("zh-Hant", "幫助 - 參保"), ("en", "Help - Canbao")]
)
def test_a_chosen_language_holds_for_this_page_and_the_next(browser: Client, language: str, title: str) -> None:
    first = browser.get(f"/help?lang={language}").content.decode()
    second = browser.get("/help").content.decode()

    assert f"<title>{title}</title>" in first
    assert f"<title>{title}</title>" in second
    assert f'<html lang="{language}">' in second


def test_the_larger_type_holds_too_and_can_be_left(browser: Client) -> None:
    large = browser.get("/help?view=elder").content.decode()
    kept = browser.get("/help").content.decode()
    left = browser.get("/help?view=ordinary").content.decode()

    assert 'class="elder"' in large
    assert 'data-weui-mode="care"' in large
    assert 'class="elder"' in kept
    assert 'class="elder"' not in left


def test_a_language_nobody_offers_changes_nothing(browser: Client) -> None:
    answer = browser.get("/help?lang=xx")

    assert '<html lang="zh-Hans">' in answer.content.decode()
    assert "canbao_lang" not in answer.cookies


def test_dark_is_kept_by_a_form(browser: Client) -> None:
    answer = browser.post("/appearance", {"theme": "dark"})

    assert (answer.status_code, answer["Location"]) == (303, "/accessibility#theme")
    assert 'data-weui-theme="dark"' in browser.get("/help").content.decode()


def test_a_theme_nobody_offers_changes_nothing(browser: Client) -> None:
    answer = browser.post("/appearance", {"theme": "<script>"})

    assert answer.status_code == 303
    assert not answer.cookies


def test_choices_are_read_from_address_then_cookie() -> None:
    request = RequestFactory().get("/", {"lang": "en"})
    request.COOKIES = {"canbao_lang": "zh-Hant", "canbao_view": "elder", "canbao_theme": "dark"}

    assert reader_of(request) == Reader(language=Language.ENGLISH, view=View.ELDER, theme=Theme.DARK)


def test_switches_keep_the_page_and_what_else_its_address_says(browser: Client) -> None:
    body = html.unescape(browser.get("/help?from=x&lang=en").content.decode())

    assert 'href="?from=x&lang=zh-Hans" lang="zh-Hans"' in body
    assert 'href="?from=x&view=elder" lang="en"' in body


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_title_skip_link_one_heading_and_zoom(browser: Client, page: str) -> None:
    body = browser.get(page).content.decode()

    assert body.index('class="cb-skip"') < body.index("<header") < body.index("<main") < body.index("<footer")
    assert len(re.findall(r"<h1[ >]", body)) == 1
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in body
    assert "user-scalable" not in body
    assert 'name="wechat-enable-text-zoom-em" content="true"' in body


@pytest.mark.parametrize("page", [*PAGES, "/robots.txt", "/nothing-here"])
def test_every_answer_carries_the_security_headers(browser: Client, page: str) -> None:
    answer = browser.get(page)

    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    for rule in (
        "default-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy
    assert answer["Referrer-Policy"] == "strict-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert "geolocation=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_the_only_inline_style_is_the_one_the_policy_names_and_there_is_no_inline_script(
    browser: Client, page: str
) -> None:
    body = browser.get(page).content.decode()
    styles = re.findall(r"<style>(.*?)</style>", body, re.S)
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]

    assert len(styles) == 1
    assert f"'sha256-{hashes[0]}'" in content_policy()
    assert re.findall(r"\sstyle=|\son[a-z]+=|<script(?![^>]* src=)|javascript:", body.replace(styles[0], "")) == []


def test_only_public_pages_may_be_indexed(browser: Client) -> None:
    assert browser.get("/help")["X-Robots-Tag"] == "all"
    assert browser.get("/basket")["X-Robots-Tag"] == "noindex, nofollow"
    assert "Disallow: /\n" in browser.get("/robots.txt").content.decode()


def test_hsts_is_said_in_production_only(browser: Client) -> None:
    with override_settings(PRODUCTION=True):
        assert browser.get("/help")["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in browser.get("/help", secure=True).headers


def test_a_form_from_our_own_public_address_is_taken_behind_a_proxy_and_from_elsewhere_refused() -> None:
    browser = Client(enforce_csrf_checks=True)
    token = re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get("/accessibility").content.decode())[0]
    sent = {"csrfmiddlewaretoken": token, "theme": "dark"}

    with override_settings(CSRF_TRUSTED_ORIGINS=["https://pay.example.org"]):
        ours = browser.post("/appearance", sent, HTTP_ORIGIN="https://pay.example.org")
        theirs = browser.post("/appearance", sent, HTTP_ORIGIN="https://evil.example.org")

    assert (ours.status_code, theirs.status_code) == (303, 403)
    assert settings.CSRF_TRUSTED_ORIGINS == [settings.PUBLIC_URL]


def test_an_asset_is_sent_compressed_under_its_own_digest_for_ever(browser: Client) -> None:
    address = re.findall(r'href="(/assets/[0-9a-f]{16}/favicon\.svg)"', browser.get("/help").content.decode())[0]
    answer = browser.get(address, HTTP_ACCEPT_ENCODING="gzip")

    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Type"] == "image/svg+xml"
    assert gzip.decompress(answer.content).startswith(b"<svg")


@pytest.mark.parametrize("address", ["/assets/0000000000000000/favicon.svg", "/assets/0000000000000000/settings.py"])
def test_any_other_asset_is_not_found(browser: Client, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_an_unknown_address_says_so_and_that_paid_money_is_safe(browser: Client) -> None:
    answer = browser.get("/nothing-here")

    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()
    assert "付过的钱不受影响" in answer.content.decode()


def test_a_form_without_its_token_is_refused_calmly() -> None:
    answer = Client(enforce_csrf_checks=True).post("/", {"id_no": "x", "name": "y"})

    assert answer.status_code == 403
    assert "没有改动任何东西，也没有扣钱" in answer.content.decode()
    assert "canbao_session" not in answer.cookies


def test_too_much_is_refused_as_too_large(browser: Client) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
        answer = browser.post("/", {"id_no": "1" * 200, "name": "y"})

    assert answer.status_code == 413
    assert "发来的内容太大" in answer.content.decode()


def test_a_wrong_method_changes_nothing(browser: Client) -> None:
    assert browser.post("/help").status_code == 405
    assert browser.get("/appearance").status_code == 405


def test_a_fault_of_ours_is_ours_and_says_so(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(area: str) -> None:
        raise RuntimeError(area)

    monkeypatch.setattr("canbao.doors.frame.views.catalogue", broken)
    browser.raise_request_exception = False
    answer = browser.get("/help")

    assert answer.status_code == 500
    assert "现在办不了，不是您的错" in answer.content.decode()
    assert "RuntimeError" not in answer.content.decode()


def test_the_page_for_our_faults_comes_even_when_pages_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object, **named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("canbao.doors.frame.refusals.render", broken)
    answer = refusals.broken(RequestFactory().get("/"))

    assert answer.status_code == 500
    assert "先看订单，不要再付" in answer.content.decode()


def test_a_database_that_is_away_is_503_with_the_same_calm_words(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(language: object) -> None:
        raise psycopg.OperationalError

    monkeypatch.setattr("canbao.doors.frame.views.catalogue", lambda: away(None))
    answer = browser.get("/help")

    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "刚才在付款的，先看订单，不要再付" in answer.content.decode()


def test_a_set_business_date_is_said_on_every_page(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "演示环境" not in browser.get("/help").content.decode()

    monkeypatch.setenv("CANBAO_CLOCK", "2024-11-15")
    process_clock.cache_clear()
    try:
        body = browser.get("/help").content.decode()
    finally:
        monkeypatch.delenv("CANBAO_CLOCK")
        process_clock.cache_clear()

    assert "演示环境" in body
    assert '日期设为 <time class="cb-nb" datetime="2024-11-15">2024年11月15日</time>' in body
    assert "不会扣钱" not in body


def test_a_file_is_refused_before_any_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    answer = browser.post("/appearance", {"theme": "dark", "file": BytesIO(b"x" * 4_000_000)})

    assert answer.status_code == 413
    assert "发来的内容太大" in answer.content.decode()
    assert list(tmp_path.iterdir()) == []
