"""What a payer accepts: five points on one screen, dated by edition and year.

The version an order keeps is `<insured year>-<edition>`, and its page can be opened for ever. The edition changes
when the words change; the days in it come from the region's published values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from canbao.doors.citizen import basket
from canbao.doors.frame.reader import reader_of
from canbao.doors.frame.words import in_language
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode, region_code
from canbao.policy import public as policy
from canbao.registry.public import RESIDENT_SCHEME
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.sourced import NotPublished

EDITION = 1
"""The edition of the five points, as `agreement.*` of the catalogue says them."""

_VERSION = re.compile(r"(20\d{2})-(\d{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The days in the text, as far as the region publishes them."""

    cover_from_on: date | None
    closes_on: date | None
    late_wait_months: int | None


def version_for(insured_years: Sequence[int]) -> str:
    """The version that a payment for these years accepts: the newest year's text."""
    return f"{max(insured_years)}-{EDITION}"


def dates_of(parameters: RegionYear) -> Dates:
    """The days of one region's year."""
    late, until = parameters.window.late, parameters.collected_until
    return Dates(
        cover_from_on=parameters.cover.first_on.value,
        closes_on=None if until is None else until - timedelta(days=1),
        late_wait_months=None if isinstance(late, NotPublished) else late.wait_months.value,
    )


@require_safe
def agreement_page(request: HttpRequest, region: int, version: str) -> HttpResponse:
    """The text of a version, with the region's days in it. A region, year or edition that never was is not found."""
    parsed = _VERSION.fullmatch(version)
    if parsed is None or int(parsed.group(2)) != EDITION:
        raise Http404
    code = region_code(region)
    try:
        parameters = policy.in_force(code, RESIDENT_SCHEME, int(parsed.group(1))).parameters
    except CanbaoError as unpublished:
        raise Http404 from unpublished
    dates = dates_of(parameters)
    name = parameters.region.name
    context = {
        "version": version,
        "region_name": in_language(name.zh, name.en, reader_of(request).language),
        "insured_year": parameters.insured_year,
        "cover_from_on": dates.cover_from_on,
        "closes_on": dates.closes_on,
        "late_wait_months": dates.late_wait_months if dates.closes_on is not None else None,
        "can_return": _has_list(request, code),
        "back": f"{reverse('citizen:pay')}?region={code}" if _has_list(request, code) else reverse("citizen:look_up"),
    }
    return render(request, "citizen/agreement.html", context)


def _has_list(request: HttpRequest, region: RegionCode) -> bool:
    return any(line.region_code == region for line in basket.listed_bills(request))
