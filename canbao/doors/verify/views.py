"""Is this paper genuine? A form to type a number into, and the verdict on a number typed or scanned.

The verdict page tells anyone what the paper must say, masked, and nothing about any other paper. A number that does
not exist, is mistyped or is of another kind gets one and the same answer. Asking is limited per address, so that
nobody walks through the numbers.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from canbao.documents import public as documents
from canbao.doors.callers import client_address, counted_address
from canbao.doors.frame.reader import reader_of
from canbao.doors.frame.words import say
from canbao.doors.http import sentence_of
from canbao.doors.verify.shown import verdict_shown
from canbao.kernel import throttle
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, parse_no

ASKS_MAX = 60
"""How many numbers one address may ask about in `ASKS_PER_S` seconds: a queue at a counter fits, walking through
numbers does not.
"""
ASKS_PER_S = 600

TYPED_MAX = 60
"""What a person may type: the number with blanks. More is cut before it is shown again."""


@require_safe
def form_page(request: HttpRequest) -> HttpResponse:
    """The form; with `?code=` it sends on to the verdict, or says beside the field what is wrong and keeps what was
    typed.
    """
    typed = request.GET.get("code")
    if typed is None:
        return _form(request)
    language = reader_of(request).language
    if not typed.strip():
        return _form(request, problem=say("verify.number_missing", language))
    try:
        number = parse_no(typed, Kind.VOUCHER)
    except CanbaoError:
        return _form(request, typed=typed, problem=sentence_of(documents.CODE_UNKNOWN(), language))
    response = HttpResponseRedirect(reverse("verify:verdict", args=(number.text,)))
    response.status_code = 303
    return _private(response)


@require_safe
def verdict_page(request: HttpRequest, code: str) -> HttpResponse:
    """The verdict on the number in the address: 200 for a voucher that exists, voided or not, 404 for anything
    else, 429 for too many.
    """
    now = process_clock().now()
    address = counted_address(client_address(request))
    if not throttle.allow("verify.address", address, limit=ASKS_MAX, per_s=ASKS_PER_S, now=now):
        return _throttled(request)
    verdict = documents.verify(code[:TYPED_MAX])
    context = {
        "shown": verdict_shown(verdict),
        "verdict": verdict,
        # Kept in the field where it led nowhere, so that one wrong character need not mean typing all eighteen.
        "typed": code[:TYPED_MAX] if verdict.state is documents.VerdictState.UNKNOWN else "",
        "unknown": sentence_of(documents.CODE_UNKNOWN(), reader_of(request).language),
    }
    status = 404 if verdict.state is documents.VerdictState.UNKNOWN else 200
    return _private(render(request, "verify/verdict.html", context, status=status))


def _form(request: HttpRequest, *, typed: str = "", problem: str = "") -> HttpResponse:
    problems = [{"field": "code", "text": problem}] if problem else []
    context = {"typed": typed[:TYPED_MAX], "problem": problem, "problems": problems, "failed": bool(problem)}
    return _private(render(request, "verify/form.html", context, status=422 if problem else 200))


def _throttled(request: HttpRequest) -> HttpResponse:
    language = reader_of(request).language
    context = {
        "heading": say("verify.throttled", language),
        "lines": [say("verify.throttled_what", language)],
        "mark": "waiting",
        "back": reverse("verify:form"),
    }
    response = _private(render(request, "frame/message.html", context, status=429))
    response.headers["Retry-After"] = str(ASKS_PER_S)
    return response


def _private(response: HttpResponse) -> HttpResponse:
    """Never kept by a browser or a proxy, never found by searching."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
