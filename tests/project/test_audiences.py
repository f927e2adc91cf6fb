"""Deny by default: every address has an audience, written here, and a stranger gets nothing from what is not for him.

A new address fails the first test until somebody has decided who may open it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse


class Audience(StrEnum):
    """Who may open an address."""

    EVERYBODY = "everybody"
    ITS_BROWSER = "the browser that proved to know number and name"
    ITS_TOKEN = "whoever holds the order's 128 random bits"
    ITS_NUMBER = "whoever holds the voucher's number; masked, and limited per address"


AUDIENCES = {
    "frame:help": Audience.EVERYBODY,
    "frame:privacy": Audience.EVERYBODY,
    "frame:accessibility": Audience.EVERYBODY,
    "frame:appearance": Audience.EVERYBODY,
    "frame:robots": Audience.EVERYBODY,
    "frame:asset": Audience.EVERYBODY,
    "citizen:look_up": Audience.EVERYBODY,
    "citizen:agreement": Audience.EVERYBODY,
    "citizen:health": Audience.EVERYBODY,
    "citizen:bill": Audience.ITS_BROWSER,
    "citizen:take": Audience.ITS_BROWSER,
    "citizen:bill_voucher": Audience.ITS_BROWSER,
    "citizen:basket": Audience.ITS_BROWSER,
    "citizen:remove": Audience.ITS_BROWSER,
    "citizen:pay": Audience.ITS_BROWSER,
    "citizen:order": Audience.ITS_TOKEN,
    "citizen:back": Audience.ITS_TOKEN,
    "citizen:state": Audience.ITS_TOKEN,
    "citizen:paid": Audience.ITS_TOKEN,
    "citizen:continue": Audience.ITS_TOKEN,
    "citizen:voucher": Audience.ITS_TOKEN,
    "citizen:share": Audience.ITS_TOKEN,
    "verify:verdict": Audience.ITS_NUMBER,
    "verify:form": Audience.EVERYBODY,
    "verify:": Audience.EVERYBODY,
}
"""The audience of every address. `verify:` is the form without its last stroke."""

FORMS = {"look_up", "take", "remove", "pay", "paid", "continue", "share", "appearance"}
STRANGE = {"key": "0" * 12, "token": f"360100-{'a' * 26}", "bill_no": "360100B0000000000A"}


def names() -> Iterator[str]:
    """The name of every address there is."""

    def walk(patterns: list[URLPattern | URLResolver], space: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, f"{pattern.namespace or space}")
            else:
                yield f"{space}:{pattern.name or ''}"

    return walk(get_resolver().url_patterns, "")


def address_of(name: str) -> str:
    """An address of that name, with keys and tokens that nobody gave out."""
    wanted = {
        "citizen:bill": ("key",),
        "citizen:take": ("key",),
        "citizen:bill_voucher": ("key", "bill_no"),
        **{name: ("token",) for name, audience in AUDIENCES.items() if audience is Audience.ITS_TOKEN},
    }
    return reverse(name, kwargs={key: STRANGE[key] for key in wanted.get(name, ())})


def with_audience(*audiences: Audience) -> list[str]:
    return [name for name, audience in AUDIENCES.items() if audience in audiences]


def test_every_address_has_an_audience() -> None:
    assert sorted(names()) == sorted(AUDIENCES)


@pytest.mark.parametrize("name", with_audience(Audience.ITS_BROWSER, Audience.ITS_TOKEN))
def test_a_stranger_gets_nothing_from_what_is_somebody_elses(db: None, name: str) -> None:
    browser, address = Client(), address_of(name)
    answer = browser.post(address) if name.partition(":")[2] in FORMS else browser.get(address)

    assert isinstance(answer, HttpResponse)
    if name in {"citizen:basket", "citizen:remove", "citizen:pay"}:
        assert answer.status_code == (200 if name == "citizen:basket" else 303)
        assert "*" not in browser.get("/basket").content.decode().partition("<main")[2]
    else:
        assert answer.status_code == 404
    assert "sessionid" not in answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("name", [name for name in AUDIENCES if name.partition(":")[2] in FORMS])
def test_a_form_from_elsewhere_is_refused(db: None, name: str) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert browser.post(address_of(name), HTTP_ORIGIN="https://evil.example.org").status_code == 403


@pytest.mark.parametrize("name", [name for name in AUDIENCES if name.partition(":")[2] in FORMS - {"look_up", "pay"}])
def test_an_act_is_never_a_link(db: None, name: str) -> None:
    assert Client().get(address_of(name)).status_code == 405


@pytest.mark.parametrize(
    "path", ["//evil.example.org/", "/%2f%2fevil.example.org/help", "/help?next=//evil.example.org"]
)
def test_no_address_leads_elsewhere(db: None, path: str) -> None:
    answer = Client().get(path)

    assert "evil" not in answer.headers.get("Location", "")
    assert 'href="//evil' not in answer.content.decode()


def test_a_host_that_is_not_ours_is_answered_with_a_refusal_that_does_not_repeat_it(db: None) -> None:
    answer = Client().get("/", HTTP_HOST="evil.example.org")

    assert answer.status_code == 400
    assert "evil" not in answer.content.decode() + str(answer.headers)
