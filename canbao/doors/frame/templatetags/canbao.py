"""The tags that templates use for everything that must look the same on every page: words, amounts, dates, states,
icons.

`{% load canbao %}`, then `{% say "pay.title" amount=total %}`. Every tag reads the language from the page's reader,
so a template names none. Markup made here is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from canbao.doors.frame.assets import asset_address
from canbao.doors.frame.figures import amount_markup, amount_text, date_markup, instant_markup, spoken_amount, time_text
from canbao.doors.frame.icons import icon_markup
from canbao.doors.frame.people import PersonShown, person_markup
from canbao.doors.frame.reader import Language, Reader
from canbao.doors.frame.words import in_language, say
from canbao.kernel.ids import group_no

if TYPE_CHECKING:
    from canbao.kernel.clock import Instant

register = template.Library()


def _language(context: Context) -> Language:
    reader = context["reader"]
    assert isinstance(reader, Reader), "the page frame's context processor is missing"
    return reader.language


@register.simple_tag(takes_context=True, name="say")
def say_words(context: Context, key: str, **places: object) -> SafeString:
    """A sentence of the catalogue in the reader's language, its places filled."""
    return say(key, _language(context), places)


@register.simple_tag(takes_context=True)
def both(context: Context, zh: str, en: str) -> str:
    """A text that a room gives in its two source languages."""
    return in_language(zh, en, _language(context))


@register.simple_tag(takes_context=True)
def money(context: Context, amount_fen: int) -> SafeString:
    """An amount with unit and two places: ￥1,360.00."""
    return amount_markup(amount_fen, _language(context))


@register.simple_tag(takes_context=True)
def spoken(context: Context, amount_fen: int) -> str:
    """An amount inside a sentence: 160 元."""
    return spoken_amount(amount_fen, _language(context))


@register.simple_tag(takes_context=True)
def on(context: Context, day: date, weekday: bool = False) -> SafeString:
    """A date written out whole; a deadline adds the weekday."""
    return date_markup(day, _language(context), weekday=weekday)


@register.simple_tag(takes_context=True)
def at(context: Context, instant: Instant) -> SafeString:
    """Date and time in China."""
    return instant_markup(instant, _language(context))


@register.simple_tag
def clock_time(instant: Instant) -> SafeString:
    """The time of day in China."""
    return format_html('<span class="cb-nb">{}</span>', time_text(instant))


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside a word."""
    return icon_markup(name)


@register.simple_tag(takes_context=True)
def state(context: Context, name: str) -> SafeString:
    """A state as word, icon and colour; the word alone is enough."""
    word = say("state." + name.replace("-", "_"), _language(context))
    return format_html('<span class="cb-tag cb-tag-{}">{}{}</span>', name, icon_markup(name), word)


@register.simple_tag(takes_context=True)
def person(context: Context, who: PersonShown) -> SafeString:
    """A person as strangers may see them, for the eye and for the ear."""
    return person_markup(who, _language(context))


@register.simple_tag(takes_context=True)
def people(context: Context, shown: Sequence[PersonShown]) -> SafeString:
    """Several persons in one line, parted as the page's language parts them."""
    comma = ", " if _language(context) is Language.ENGLISH else "、"
    return format_html_join(comma, "{}", ((person(context, who),) for who in shown))


@register.filter
def grouped(number: str) -> SafeString:
    """A printed number in its groups, each unbroken."""
    return format_html('<span class="cb-no">{}</span>', group_no(number))


@register.simple_tag
def asset(name: str) -> str:
    """The address of a style, script or picture; empty where there is none."""
    return asset_address(name)


@register.simple_tag(takes_context=True)
def money_text(context: Context, amount_fen: int) -> str:
    """An amount as plain text, for the page's title."""
    return amount_text(amount_fen, _language(context))
