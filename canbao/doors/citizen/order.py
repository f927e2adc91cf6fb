"""The order's page: waiting, unknown, done.

Its address is 128 random bits; whoever has it may look, ask and pay, and sees only masks.

The page asks and never concludes: coming back from a wallet shows a question, silence shows "we do not know yet", and
only what the channel has said becomes a result. With scripts the page looks again by itself; without, a button does.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from canbao.doors.callers import in_wechat
from canbao.doors.citizen import basket
from canbao.doors.citizen.bill import pdf
from canbao.doors.citizen.lookup import see_other
from canbao.doors.citizen.order_reading import order_shown
from canbao.doors.citizen.order_shown import OrderShown
from canbao.doors.citizen.pay import addresses
from canbao.doors.frame.reader import reader_of
from canbao.journeys.chase_orders import ask_now
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.pay_bills import open_wallet
from canbao.kernel import throttle
from canbao.kernel.environment import process_clock
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState

_UNPAID = "unpaid:"

WALLETS_A_MINUTE = 6
"""Fresh addresses of the wallet for one order in a minute: each is a call to the channel and a row kept for ever."""


@require_safe
def order_page(request: HttpRequest, token: str) -> HttpResponse:
    """The order as it is now."""
    found = payments.order_by_token(token)
    return _page(request, found, came_back=False)


@require_safe
def back_page(request: HttpRequest, token: str) -> HttpResponse:
    """Where a wallet leads back to, sometimes while its payer is still paying: it asks whether she has paid."""
    found = payments.order_by_token(token)
    return _page(request, found, came_back=True)


@require_safe
def state_fragment(request: HttpRequest, token: str) -> HttpResponse:
    """What is new since the reader last heard: nothing (204), only another pace of looking, or the new state."""
    found = payments.order_by_token(token)
    shown = _shown(request, found, came_back=request.GET.get("back") == "1", said_unpaid=False)
    seen = request.GET.get("seen", "")
    if seen == shown.seen:
        return HttpResponse(status=204)
    if seen.partition(".")[0] == shown.told:
        # Nothing to read out: only the empty watcher is replaced, by a slower one or by one that has stopped.
        response = render(request, "citizen/order_poll.html", {"order": shown})
        response.headers["HX-Retarget"] = "#poll"
        response.headers["HX-Reswap"] = "outerHTML"
        return response
    return render(request, "citizen/order_news.html", {"order": shown})


@require_POST
def i_have_paid(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the channel now, because the payer says she has paid or wants to know.

    What it says is shown, whatever she said.
    """
    before = payments.order_by_token(token)
    after = ask_now(before.region_code, before.order_id, clock=process_clock())
    if after.state is OrderState.PLACED and after.asked_count > before.asked_count:
        basket.leave_word(request, _UNPAID + after.order_no)
    return see_other(reverse("citizen:order", args=(token,)))


@require_POST
def continue_paying(request: HttpRequest, token: str) -> HttpResponse:
    """A fresh address of the wallet for the same order: placed again under the same number, so it can be paid only
    once. Pressed too often it leads to the address that there is.
    """
    found, clock = payments.order_by_token(token), process_clock()
    if throttle.allow("order.wallet", found.order_no, limit=WALLETS_A_MINUTE, per_s=60, now=clock.now()):
        open_wallet(found, addresses=addresses(), clock=clock)
    return see_other(reverse("citizen:order", args=(token,)))


@require_safe
def voucher(request: HttpRequest, token: str) -> HttpResponse:
    """The voucher of a paid order, made at the first download and the same bytes ever after."""
    found = payments.order_by_token(token)
    if found.state is not OrderState.SETTLED:
        return see_other(reverse("citizen:order", args=(token,)))
    issued = issue_voucher_of_order(found.region_code, found.order_id, clock=process_clock())
    return pdf(issued.pdf, issued.file_name)


@require_POST
def share(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the page that can be sent to the family, which a voucher that was never downloaded does not have yet."""
    found = payments.order_by_token(token)
    if found.state is not OrderState.SETTLED:
        return see_other(reverse("citizen:order", args=(token,)))
    issued = issue_voucher_of_order(found.region_code, found.order_id, clock=process_clock())
    return see_other(f"/verify/{issued.voucher_no}")


def _page(request: HttpRequest, found: Order, *, came_back: bool) -> HttpResponse:
    said_unpaid = basket.take_word(request) == _UNPAID + found.order_no
    shown = _shown(request, found, came_back=came_back, said_unpaid=said_unpaid)
    return render(request, "citizen/order.html", {"order": shown})


def _shown(request: HttpRequest, found: Order, *, came_back: bool, said_unpaid: bool) -> OrderShown:
    return order_shown(
        found,
        came_back=came_back,
        in_wechat=in_wechat(request),
        said_unpaid=said_unpaid,
        language=reader_of(request).language,
        clock=process_clock(),
    )
