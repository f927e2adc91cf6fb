"""The bill's page: is this the right person, and why this amount? And the act of putting it on the list."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from canbao.doors.citizen import basket
from canbao.doors.citizen.bill_reading import bills_of_person
from canbao.doors.citizen.bill_shown import BillShown
from canbao.doors.citizen.lookup import none_found, see_other
from canbao.doors.citizen.problems import ERRORS, Problem
from canbao.doors.frame.reader import reader_of
from canbao.doors.frame.words import say
from canbao.journeys.issue_voucher import issue_voucher_of_bill
from canbao.kernel.environment import process_clock
from canbao.registry import public as registry


@require_safe
def bill_page(request: HttpRequest, key: str) -> HttpResponse:
    """The person's live bills, what can be paid first. A key of another browser is not found."""
    bills = _bills(request, key)
    return _page(request, bills) if bills else none_found(request)


@require_POST
def take(request: HttpRequest, key: str) -> HttpResponse:
    """Put a bill on the list; then pay it, or look up the next person. What cannot be paid is shown as it is, and
    nothing changes.
    """
    bills = _bills(request, key)
    wanted = next((bill for bill in bills if bill.bill_no == request.POST.get("bill")), None)
    if wanted is None:
        raise Http404
    if not wanted.is_payable:
        return _page(request, bills, status=ERRORS)
    listed = basket.ListedBill(key=key, region_code=wanted.region_code, bill_id=wanted.bill_id)
    if not basket.put(request, listed):
        full = say("basket.full", reader_of(request).language, {"n": basket.LINES_MOST})
        return _page(request, bills, [Problem(field="", text=full)], status=ERRORS)
    if request.POST.get("then") == "add":
        return see_other(reverse("citizen:look_up"))
    alone = len(basket.listed_bills(request)) == 1
    return see_other(f"{reverse('citizen:pay')}?region={wanted.region_code}" if alone else reverse("citizen:basket"))


@require_safe
def bill_voucher(request: HttpRequest, key: str, bill_no: str) -> HttpResponse:
    """The voucher of a bill that the subsidy met alone: it says who paid instead."""
    wanted = next((bill for bill in _bills(request, key) if bill.bill_no == bill_no and bill.has_voucher), None)
    if wanted is None:
        raise Http404
    voucher = issue_voucher_of_bill(wanted.region_code, wanted.bill_id, clock=process_clock())
    return pdf(voucher.pdf, voucher.file_name)


def pdf(content: bytes, file_name: str) -> HttpResponse:
    """A PDF to keep. `file_name` is ours and tells nothing about a person."""
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _bills(request: HttpRequest, key: str) -> list[BillShown]:
    known = basket.seen(request, key)
    if known is None:
        raise Http404
    person = registry.person(known.region_code, known.person_id)
    return bills_of_person(known.region_code, person, key, language=reader_of(request).language, clock=process_clock())


def _page(
    request: HttpRequest, bills: list[BillShown], problems: list[Problem] | None = None, *, status: int = 200
) -> HttpResponse:
    listed = basket.listed_bills(request)
    on_list = {line.bill_id for line in listed}
    own = basket.own_orders(request)
    context = {
        "bills": bills,
        "in_list": len(listed),
        "already": any(bill.bill_id in on_list for bill in bills),
        "own_order": next((bill.holding_token for bill in bills if bill.holding_token in own), ""),
        "back": reverse("citizen:basket") if listed else reverse("citizen:look_up"),
        "failed": bool(problems),
        "problems": problems,
    }
    return render(request, "citizen/bill.html", context, status=status)
