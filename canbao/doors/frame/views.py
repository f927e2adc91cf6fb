"""The pages that belong to no audience: help, privacy, accessibility, the choice of light or dark, and what robots
may read.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from canbao.doors.frame.reader import THEME_COOKIE, Language, Theme, keep_choice, reader_of
from canbao.doors.frame.words import catalogue, say

PUBLIC = "all"
"""The X-Robots-Tag of the few pages that anybody may find by searching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading of an article and the paragraphs under it."""

    heading: SafeString
    lines: tuple[SafeString, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeShown:
    """One radio of the light-or-dark form."""

    value: Theme
    label: SafeString
    chosen: bool


def _parts(area: str, language: Language) -> tuple[Part, ...]:
    """The numbered parts of an article in the catalogue: `help.h1`, `help.p1_1`, `help.p1_2`, `help.h2` …"""
    said = catalogue()
    parts: list[Part] = []
    number = 1
    while f"{area}.h{number}" in said:
        lines: list[SafeString] = []
        while (key := f"{area}.p{number}_{len(lines) + 1}") in said:
            lines.append(say(key, language))
        parts.append(Part(heading=say(f"{area}.h{number}", language), lines=tuple(lines)))
        number += 1
    return tuple(parts)


def _article(request: HttpRequest, area: str, themes: tuple[ThemeShown, ...] = ()) -> HttpResponse:
    language = reader_of(request).language
    response = render(
        request,
        "frame/article.html",
        {"heading": say(f"{area}.title", language), "parts": _parts(area, language), "themes": themes},
    )
    response.headers["X-Robots-Tag"] = PUBLIC
    return response


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How paying works, and what to do when it does not."""
    return _article(request, "help")


@require_safe
def privacy_page(request: HttpRequest) -> HttpResponse:
    """Which data are used, for what, and what is never shown."""
    return _article(request, "privacy")


@require_safe
def accessibility_page(request: HttpRequest) -> HttpResponse:
    """What the pages do for people who see, hear or move otherwise, and the form for light or dark."""
    reader = reader_of(request)
    themes = tuple(
        ThemeShown(
            value=theme, label=say(f"accessibility.theme_{theme}", reader.language), chosen=theme is reader.theme
        )
        for theme in Theme
    )
    return _article(request, "accessibility", themes)


@require_POST
def keep_appearance(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light or dark. A value nobody offers changes nothing."""
    response = HttpResponseRedirect(reverse("frame:accessibility") + "#theme")
    response.status_code = 303
    asked = request.POST.get("theme", "")
    if asked in set(Theme):
        keep_choice(response, THEME_COOKIE, asked)
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Robots may read the look-up page and the three articles; everything else is personal."""
    lines = (
        "User-agent: *",
        "Allow: /$",
        "Allow: /help",
        "Allow: /privacy",
        "Allow: /accessibility",
        "Disallow: /",
        "",
    )
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
