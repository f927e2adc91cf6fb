"""How this reader wants to read: language, the large-type mode and light or dark.

The three choices live in three cookies of their own, so that they need no session and say nothing about a person. A
link with `?lang=` or `?view=` changes a choice and keeps the page; it works for the page at hand even where cookies
are refused. Simplified Chinese is the default whatever the browser claims: shared and imported phones often claim
English to people who read Chinese.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Choice = TypeVar("Choice", bound=StrEnum)

COOKIE_LIFE_S = 365 * 24 * 3600
LANGUAGE_COOKIE = "canbao_lang"
VIEW_COOKIE = "canbao_view"
THEME_COOKIE = "canbao_theme"


class Language(StrEnum):
    """The languages of every page, as their `lang` attribute says them."""

    SIMPLIFIED = "zh-Hans"
    TRADITIONAL = "zh-Hant"
    ENGLISH = "en"


class View(StrEnum):
    """Ordinary pages, or 长辈版: one and a half times the type, larger targets, WeUI's care palette."""

    ORDINARY = "ordinary"
    ELDER = "elder"


class Theme(StrEnum):
    """Follow the device, or stay light or dark."""

    DEVICE = "device"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One reader's choices."""

    language: Language = Language.SIMPLIFIED
    view: View = View.ORDINARY
    theme: Theme = Theme.DEVICE

    @property
    def is_elder(self) -> bool:
        """True in the large-type mode."""
        return self.view is View.ELDER

    @property
    def is_english(self) -> bool:
        """True when the page speaks English."""
        return self.language is Language.ENGLISH


def reader_of(request: HttpRequest) -> Reader:
    """The reader's choices: the address first, then the cookie, then the default. A value nobody offers counts as
    none.
    """
    return Reader(
        language=_chosen(Language, request.GET.get("lang"), request.COOKIES.get(LANGUAGE_COOKIE), Language.SIMPLIFIED),
        view=_chosen(View, request.GET.get("view"), request.COOKIES.get(VIEW_COOKIE), View.ORDINARY),
        theme=_chosen(Theme, None, request.COOKIES.get(THEME_COOKIE), Theme.DEVICE),
    )


def _chosen(choices: type[Choice], asked: str | None, kept: str | None, default: Choice) -> Choice:
    offered = _offered(choices)
    return offered.get(asked or "") or offered.get(kept or "") or default


@cache
def _offered(choices: type[Choice]) -> dict[str, Choice]:
    return {str(choice): choice for choice in choices}


def keep_choice(response: HttpResponse, cookie: str, value: str) -> None:
    """Keep one choice for a year, readable by this site alone."""
    response.set_cookie(
        cookie, value, max_age=COOKIE_LIFE_S, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def remember_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: keep a choice made by `?lang=` or `?view=`, and say that pages differ by cookie."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.GET:
            reader = reader_of(request)
            if request.GET.get("lang") == reader.language:
                keep_choice(response, LANGUAGE_COOKIE, reader.language)
            if request.GET.get("view") == reader.view:
                keep_choice(response, VIEW_COOKIE, reader.view)
        patch_vary_headers(response, ("Cookie",))
        return response

    return answer
