"""The pages for what cannot be answered: not found, not allowed, too large, and our own faults.

Each says what happened, that no money moved where that is certain, and what to do. None tells a stranger more than
that. The page for our own faults must come even when the templates or the cookies are what broke, so it has a last
resort in plain text.
"""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from canbao.doors.frame.reader import reader_of
from canbao.doors.frame.words import say

logger = logging.getLogger(__name__)

LAST_RESORT = (
    "现在办不了，不是您的错。请过几分钟再试。刚才在付款的，先看订单，不要再付。也可以打 12393。\n"
    "We cannot do this now; it is our fault. Try again in a few minutes. "
    "If you were paying, look at the order first, do not pay again.\n"
)


def refusal_page(request: HttpRequest, word: str, status: int, *, mark: str = "closed") -> HttpResponse:
    """A page of the `refusal` words: its heading, its explanation and the way back to look-up."""
    language = reader_of(request).language
    context = {
        "heading": say(f"refusal.{word}", language),
        "lines": [say(f"refusal.{word}_what", language)],
        "mark": mark,
        "again": "/",
        "again_label": say("refusal.again", language),
    }
    return render(request, "frame/message.html", context, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: also the answer wherever saying more would tell a stranger something."""
    return refusal_page(request, "not_found", 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return refusal_page(request, "forbidden", 403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where more was sent than any form of ours holds."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return refusal_page(request, "too_large", 413)
    return refusal_page(request, "bad_request", 400)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token: nearly always a page left open too long."""
    return refusal_page(request, "csrf", 403, mark="owed")


def broken(request: HttpRequest) -> HttpResponse:
    """500, with a last resort that needs no template, cookie or database."""
    try:
        return refusal_page(request, "broken", 500, mark="unknown")
    except Exception:
        # Whatever broke the page may have broken this one too; the reader still gets a sentence, the log the cause.
        logger.exception("the page for our own faults could not be rendered")
        return HttpResponse(LAST_RESORT, status=500, content_type="text/plain; charset=utf-8")
