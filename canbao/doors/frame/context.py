"""What every page's frame needs to know: the reader, the style, and whether this is a demonstration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.safestring import mark_safe

from canbao.channels import catalogue
from canbao.doors.frame.reader import Language, Reader, View, reader_of
from canbao.doors.frame.style import sheet
from canbao.kernel.environment import is_production, process_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Why a page must say that it is none of the real thing: the business date that was set, or a sandbox behind it."""

    business_on: date | None
    takes_no_money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A link in the head that changes how this page is read and keeps the page."""

    language: Language
    label: str
    address: str


def demonstration() -> Demonstration | None:
    """None in production and wherever the real clock and a real channel are in use."""
    if is_production():
        return None
    clock = process_clock()
    sandbox = _is_played(os.environ.get("CANBAO_WECHAT_FILE", ""), os.environ.get("CANBAO_WECHAT_BASE_URL", ""))
    if not clock.shift and not sandbox:
        return None
    return Demonstration(business_on=clock.today() if clock.shift else None, takes_no_money=sandbox)


@lru_cache(maxsize=8)
def _is_played(file_name: str, base_url: str) -> bool:
    """Whether the channel is a sandbox on this machine: only then is it true that no money moves.

    The arguments are what the answer depends on, so that a changed environment counts.
    """
    return catalogue.moves_no_money()


def _address(request: HttpRequest, name: str, value: str) -> str:
    kept = {key: text for key, text in request.GET.items() if key not in {"lang", "view"}}
    return "?" + urlencode({**kept, name: value})


def switches(request: HttpRequest, reader: Reader) -> tuple[Switch, ...]:
    """The other two languages, each named in itself, then the other type size named in the page's language."""
    names = {Language.SIMPLIFIED: "简体", Language.TRADITIONAL: "繁體", Language.ENGLISH: "English"}
    view = View.ORDINARY if reader.is_elder else View.ELDER
    labels = {
        Language.SIMPLIFIED: ("标准版", "长辈版"),
        Language.TRADITIONAL: ("標準版", "長輩版"),
        Language.ENGLISH: ("Standard", "Larger text"),
    }
    languages = tuple(
        Switch(language=language, label=label, address=_address(request, "lang", language))
        for language, label in names.items()
        if language is not reader.language
    )
    size = Switch(
        language=reader.language,
        label=labels[reader.language][view is View.ELDER],
        address=_address(request, "view", view),
    )
    return (*languages, size)


def page_frame(request: HttpRequest) -> dict[str, object]:
    """Context processor of every page."""
    reader = reader_of(request)
    return {
        "reader": reader,
        "switches": switches(request, reader),
        # Our own file, whose hash the policy names.
        "sheet": mark_safe(sheet()),
        "demonstration": demonstration(),
        # What only some pages set. Said here, because Django logs the whole context of a page that lacks a variable,
        # and a page's context is nobody's business.
        "failed": False,
        "problems": None,
        "back": "",
        "code": "",
    }
