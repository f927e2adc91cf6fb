"""Look-up: from an ID number and a name to the bill, without signing in and without telling a stranger anything.

The region is found in the register, never typed. Whoever is absent, was given a wrong name or has asked too often
gets one and the same page: same words, same status, same size, and the same work behind it, because the register is
asked and the limits are counted in every case. The page does not repeat what was typed, so that it says nothing and
leaves nothing on a shared screen.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from canbao.billing import public as billing
from canbao.doors.callers import client_address, counted_address
from canbao.doors.citizen import basket
from canbao.doors.citizen.problems import ERRORS, Problem, problem
from canbao.doors.frame.reader import reader_of
from canbao.doors.frame.views import PUBLIC
from canbao.kernel import throttle
from canbao.kernel.clock import Clock
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import NATION
from canbao.kernel.sharing import one_connection
from canbao.kernel.throttle import Limit
from canbao.registry import public as registry
from canbao.registry.public import Registered

DAY_S, HOUR_S = 24 * 3600, 3600
PER_NUMBER_A_DAY = 20
"""Look-ups of one number in a day: a family corrects itself well within it; guessing a name needs thousands."""

PER_ADDRESS_AN_HOUR = 240
"""Look-ups from one address in an hour.

A village office or a mobile network's gateway stands behind one address, so this bounds harvesting and nothing
smaller. `LOOKUPS_PER_ADDRESS` in the settings overrides it.
"""

_NOBODY = Registered(region_code=NATION, person_id=derived_id("nobody", "lookup"), has_several_regions=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stood in the two fields."""

    id_no: str = ""
    name: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """The look-up page, and the answer to it."""
    if request.method != "POST":
        response = _form(request, Typed())
        response.headers["X-Robots-Tag"] = PUBLIC
        return response
    clock = process_clock()
    typed = Typed(id_no=request.POST.get("id_no", "")[:200], name=request.POST.get("name", "")[:400])
    number, name, problems = _checked(request, typed, clock)
    if problems:
        return _form(request, typed, problems)
    known = _find(request, number, name, clock)
    if known is None:
        return none_found(request)
    key = basket.see(request, known.region_code, known.person_id)
    return see_other(reverse("citizen:bill", args=(key,)))


def _checked(request: HttpRequest, typed: Typed, clock: Clock) -> tuple[str, str, list[Problem]]:
    """The number and name made plain, and what is wrong with them."""
    language = reader_of(request).language
    problems: list[Problem] = []
    number = name = ""
    try:
        number = registry.checked_number(typed.id_no, today=clock.today()).number
    except CanbaoError as refused:
        problems.append(problem("id_no", refused, language))
    try:
        name = registry.checked_name(typed.name)
    except CanbaoError as refused:
        problems.append(problem("name", refused, language))
    return number, name, problems


def _find(request: HttpRequest, number: str, name: str, clock: Clock) -> Registered | None:
    """Who this is, if the caller may know it and there is a bill to show.

    Every step runs whatever the outcome of the one before: limits, register, bills.
    """
    address = counted_address(client_address(request))
    per_address = int(getattr(settings, "LOOKUPS_PER_ADDRESS", PER_ADDRESS_AN_HOUR))
    with one_connection():
        is_within_limits = throttle.allow_both(
            Limit(bucket="lookup.address", subject=address, at_most=per_address, per_s=HOUR_S),
            Limit(bucket="lookup.number", subject=number, at_most=PER_NUMBER_A_DAY, per_s=DAY_S),
            now=clock.now(),
        )
        found = registry.find(number, name)
        may_know = found if is_within_limits else []
        with_bills = [
            known
            for known in (may_know or [_NOBODY])
            if billing.has_bill(known.region_code, known.person_id, clock.today())
        ]
    return with_bills[0] if with_bills else None


def _form(request: HttpRequest, typed: Typed, problems: list[Problem] | None = None) -> HttpResponse:
    by_field = {found.field: found.text for found in problems or ()}
    context = {
        "id_no": typed.id_no,
        "name": typed.name,
        "failed": bool(problems),
        "problems": problems,
        "id_no_problem": by_field.get("id_no"),
        "name_problem": by_field.get("name"),
        "in_list": len(basket.listed_bills(request)),
    }
    return render(request, "citizen/lookup.html", context, status=ERRORS if problems else 200)


def none_found(request: HttpRequest) -> HttpResponse:
    """The one page for everybody about whom nothing is said."""
    return render(request, "citizen/none_found.html", {"failed": True}, status=ERRORS)


def see_other(address: str) -> HttpResponseRedirect:
    """Post, then redirect: 303, so that a reload never sends a form again."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
