"""The list before payment: is everybody in, is every line right? One block per region, because one payment has one
region.

Taking a bill off is a plain form. A browser with scripts sends the same form to the same address by htmx and gets the
list and its totals alone, to put in place of the old ones, and the word for whoever listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from canbao.billing import public as billing
from canbao.doors.citizen import basket
from canbao.doors.citizen.bill_reading import bills_by_id
from canbao.doors.citizen.bill_shown import BillShown
from canbao.doors.citizen.lookup import see_other
from canbao.doors.frame.people import PersonShown, person_shown
from canbao.doors.frame.reader import reader_of
from canbao.kernel.environment import process_clock
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.registry import public as registry

HEADING = "heading"
"""Where the focus goes when nobody is left on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The lines of one region: what one payment will take."""

    region_code: RegionCode
    lines: tuple[BillShown, ...]

    @property
    def region_name(self) -> str:
        """The region's name in the reader's language."""
        return self.lines[0].region_name

    @property
    def count(self) -> int:
        """How many people."""
        return len(self.lines)

    @property
    def total_fen(self) -> Fen:
        """What they come to."""
        return Fen(sum(line.personal_fen for line in self.lines))

    @property
    def is_payable(self) -> bool:
        """Whether every line can be paid now."""
        return all(line.is_payable for line in self.lines)


def parts_of(request: HttpRequest) -> list[Part]:
    """The list by region, in the order in which regions came onto it. A bill that no longer exists is left out."""
    language, clock = reader_of(request).language, process_clock()
    by_region: dict[RegionCode, list[basket.ListedBill]] = {}
    for line in basket.listed_bills(request):
        by_region.setdefault(line.region_code, []).append(line)
    parts: list[Part] = []
    for region, lines in by_region.items():
        found = {bill.bill_id: bill for bill in billing.bills(region, [line.bill_id for line in lines])}
        asked = [(line.key, found[line.bill_id]) for line in lines if line.bill_id in found]
        if asked:
            shown = bills_by_id(region, asked, language=language, clock=clock)
            parts.append(Part(region_code=region, lines=tuple(shown)))
    return parts


@require_safe
def basket_page(request: HttpRequest) -> HttpResponse:
    """The list, with totals per region."""
    return render(request, "citizen/basket.html", _context(request, parts_of(request), _removed(request)))


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Take a bill off the list. One that is not on it changes nothing.

    The answer leads to the list (303); to htmx it is what has changed on the page (200).
    """
    lines = [line for part in parts_of(request) for line in part.lines]
    place = next((at for at, line in enumerate(lines) if line.bill_no == request.POST.get("bill")), None)
    if place is not None:
        basket.take_off(request, frozenset[UUID]({lines[place].bill_id}))
    if request.headers.get("HX-Request") == "true":
        return _news(request, lines[place].person if place is not None else None, place)
    if place is not None:
        basket.leave_word(request, lines[place].key)
    response = see_other(reverse("citizen:basket"))
    patch_vary_headers(response, ("HX-Request",))
    return response


def _news(request: HttpRequest, removed: PersonShown | None, place: int | None) -> HttpResponse:
    """The list as it is now. The focus, whose button has gone, goes to whoever stands in that place now: to a name and
    not to the next button, which a second press would hit.
    """
    parts = parts_of(request)
    lines = [line for part in parts for line in part.lines]
    there = "" if place is None else lines[min(place, len(lines) - 1)].bill_no if lines else HEADING
    response = render(request, "citizen/basket_news.html", _context(request, parts, removed, focus_on=there))
    patch_vary_headers(response, ("HX-Request",))
    return response


def _context(
    request: HttpRequest, parts: list[Part], removed: PersonShown | None, *, focus_on: str = ""
) -> dict[str, object]:
    return {
        "parts": parts,
        "count": sum(part.count for part in parts),
        "total_fen": sum(part.total_fen for part in parts),
        "removed": removed,
        "last_order": _last_order(request),
        "focus_on": focus_on,
    }


def _removed(request: HttpRequest) -> PersonShown | None:
    """Whose bill was just taken off. The word left behind is a key of this browser, never a name."""
    known = basket.seen(request, basket.take_word(request))
    if known is None:
        return None
    person = registry.person(known.region_code, known.person_id)
    return person_shown(person.name, person.id_no)


def _last_order(request: HttpRequest) -> str:
    token = basket.latest_order(request)
    return reverse("citizen:order", args=(token,)) if token else ""
