"""Amounts, dates and times as people read them: the one place where fen become yuan and instants become a Chinese
clock's time.

Every page goes through the template tags built on these functions; a test refuses templates that format for
themselves.
"""

from __future__ import annotations

from datetime import date

from django.utils.html import format_html
from django.utils.safestring import SafeString

from canbao.doors.frame.reader import Language
from canbao.kernel.clock import BEIJING, Instant
from canbao.kernel.money import format_yuan

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MINUS = "\u2212"


def amount_text(amount_fen: int, language: Language) -> str:
    """An amount with its sign and unit in front.

    >>> amount_text(136000, Language.SIMPLIFIED), amount_text(-24000, Language.ENGLISH)
    ('￥1,360.00', '−¥240.00')
    """
    unit = "¥" if language is Language.ENGLISH else "￥"
    figure = format_yuan(amount_fen)
    return f"{MINUS}{unit}{figure[1:]}" if figure.startswith(MINUS) else unit + figure


def spoken_amount(amount_fen: int, language: Language) -> str:
    """An amount inside a sentence: whole yuan without places.

    >>> spoken_amount(16000, Language.SIMPLIFIED), spoken_amount(16050, Language.ENGLISH)
    ('160 元', '¥160.50')
    """
    figure = format_yuan(amount_fen)
    figure = figure.removesuffix(".00")
    return f"¥{figure}" if language is Language.ENGLISH else f"{figure} 元"


def date_text(on: date, language: Language, *, weekday: bool = False) -> str:
    """A civil date written out whole; a deadline adds the weekday.

    >>> date_text(date(2025, 12, 31), Language.SIMPLIFIED, weekday=True)
    '2025年12月31日（星期三）'
    """
    if not weekday:
        return _day_text(on, language)
    gap = " " if language is Language.ENGLISH else ""
    return f"{_day_text(on, language)}{gap}{_weekday_text(on, language)}"


def _day_text(on: date, language: Language) -> str:
    if language is Language.ENGLISH:
        return f"{on.day} {_MONTHS_EN[on.month - 1]} {on.year}"
    return f"{on.year}年{on.month}月{on.day}日"


def _weekday_text(on: date, language: Language) -> str:
    if language is Language.ENGLISH:
        return f"({_WEEKDAYS_EN[on.weekday()]})"
    return f"（星期{_WEEKDAYS_ZH[on.weekday()]}）"


def time_text(at: Instant) -> str:
    """The time of day in China, twenty-four hours."""
    return f"{at.astimezone(BEIJING):%H:%M}"


def instant_text(at: Instant, language: Language) -> str:
    """Date and time in China.

    >>> from datetime import UTC, datetime
    >>> instant_text(datetime(2025, 11, 21, 6, 48, tzinfo=UTC), Language.SIMPLIFIED)
    '2025年11月21日 14:48'
    """
    return f"{date_text(at.astimezone(BEIJING).date(), language)} {time_text(at)}"


def amount_markup(amount_fen: int, language: Language) -> SafeString:
    """An amount that does not break across lines."""
    return format_html('<span class="cb-nb">{}</span>', amount_text(amount_fen, language))


def date_markup(on: date, language: Language, *, weekday: bool = False) -> SafeString:
    """A date that does not break across lines and says itself to machines; its weekday may stand on the next line."""
    day = _day_text(on, language)
    if not weekday:
        return format_html('<time class="cb-nb" datetime="{}">{}</time>', on.isoformat(), day)
    gap = " " if language is Language.ENGLISH else ""
    return format_html(
        '<time datetime="{}"><span class="cb-nb">{}</span>{}<span class="cb-nb">{}</span></time>',
        on.isoformat(),
        day,
        gap,
        _weekday_text(on, language),
    )


def instant_markup(at: Instant, language: Language) -> SafeString:
    """Date and time of an instant, unbroken each."""
    local = at.astimezone(BEIJING)
    return format_html(
        '<time datetime="{}"><span class="cb-nb">{}</span> <span class="cb-nb">{}</span></time>',
        local.isoformat(timespec="seconds"),
        date_text(local.date(), language),
        time_text(at),
    )
