"""From an error's code to what a page or an API answers: HTTP status and sentence, mapped once for every door.

The sentence is the one declared beside the code, in the reader's language; the code follows it, small, for whoever
helps. A fault of our own (the database away, a bug) answers 503 or 500 with the same calm words and leaves the cause
in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import psycopg
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from canbao.doors.frame.reader import Language, reader_of
from canbao.doors.frame.refusals import not_found, refusal_page
from canbao.doors.frame.words import in_language, say
from canbao.kernel.errors import ALL_CODES, TRY_LATER, CanbaoError, Retry

logger = logging.getLogger(__name__)

STATUS_BY_RETRY = {Retry.NEVER: 422, Retry.LATER: 409, Retry.ASK: 409}
"""What a code answers where the table below says nothing: the request as it stands cannot be done, now or at all."""

STATUS_BY_CODE = {
    "payments.order_not_found": 404,
    "policy.not_published": 404,
    "policy.region_unknown": 404,
    "kernel.region_malformed": 404,
    "documents.code_unknown": 404,
    "kernel.try_later": 503,
    "channels.not_configured": 503,
    "payments.channel_refused": 503,
}


def status_of(error: CanbaoError) -> int:
    """The HTTP status of an error."""
    return STATUS_BY_CODE.get(error.code, STATUS_BY_RETRY[error.retry])


def sentence_of(error: CanbaoError, language: Language) -> str:
    """The error's sentence in the reader's language. A code nobody declared gets the sentence for our own faults."""
    declared = ALL_CODES.get(error.code)
    if declared is None:
        return in_language(TRY_LATER.sentence_zh, TRY_LATER.sentence_en, language)
    places = dict(error.params)
    return in_language(declared.sentence_zh, declared.sentence_en, language).format(**places)


def refusal(request: HttpRequest, error: CanbaoError) -> HttpResponse:
    """The page for an error that belongs to no form: its sentence, the way back and the code."""
    status = status_of(error)
    if status == 404:
        return not_found(request, error)
    language = reader_of(request).language
    context = {
        "heading": sentence_of(error, language),
        "lines": [],
        "mark": "unknown" if status == 503 else "closed",
        "again": "/",
        "again_label": say("refusal.again", language),
        "code": error.code,
    }
    return render(request, "frame/message.html", context, status=status)


class AnswerRefusals:
    """Middleware: an error with a code that left a view becomes its page; a database that is away becomes 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised. None leaves it to the page for our own faults."""
        if isinstance(exception, CanbaoError):
            if status_of(exception) >= 500:
                logger.warning("a request was refused", extra={"code": exception.code})
            return refusal(request, exception)
        if isinstance(exception, psycopg.OperationalError | OperationalError):
            logger.error("the database did not answer", exc_info=exception)
            response = refusal_page(request, "broken", 503, mark="unknown")
            response.headers["Retry-After"] = "60"
            return response
        return None
