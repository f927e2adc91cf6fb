"""Paying: how, with what accepted, and then one order.

The form carries the amount that was shown and a random key made with the page. Another amount is refused before any
money moves; the same key gives the first answer, so a double press, two tabs and the back button make one order. The
answer leads to the order's page, never to a wallet: the wallet is opened there, by a link.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from canbao.channels import catalogue
from canbao.channels.interface import Capability, ChannelCode, Mode
from canbao.doors.callers import client_address, counted_address, device_of, is_phone, payer_address
from canbao.doors.citizen import basket
from canbao.doors.citizen.agreement import version_for
from canbao.doors.citizen.listing import Part, parts_of
from canbao.doors.citizen.lookup import see_other
from canbao.doors.citizen.problems import ERRORS, Problem, problem
from canbao.doors.frame.reader import Language, reader_of
from canbao.doors.frame.words import say
from canbao.journeys.pay_bills import Addresses, Payer, pay_bills
from canbao.kernel import throttle
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.payments.public import AGREEMENT_NOT_ACCEPTED, TOO_MANY_ORDERS

PER_ADDRESS_AN_HOUR = 240
"""Orders from one address in an hour, as many as look-ups: each is a call to a channel and rows kept for ever, and one
that the channel refuses at once holds its bills for nobody. `ORDERS_PER_ADDRESS` in the settings overrides it.
"""

_FORM_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to pay: a channel and how its wallet is reached."""

    channel_code: ChannelCode
    mode: Mode

    @property
    def value(self) -> str:
        """Its name in the form."""
        return f"{self.channel_code}-{self.mode}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayShown:
    """A way to pay as one radio of the form."""

    value: str
    label: SafeString
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a pay form said. An amount that cannot be read is nought: nobody was shown that, so it is refused."""

    form_key: str
    how: str
    agreed: bool
    amount_fen: int


def addresses() -> Addresses:
    """Where the channel sends its notice and where the wallet leads back to: a page that asks and concludes nothing."""
    return Addresses(
        notify_url=f"{settings.NOTICE_URL}/notices/{ChannelCode.WECHAT}", order_page=f"{settings.PUBLIC_URL}/back"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def pay_page(request: HttpRequest) -> HttpResponse:
    """The pay page of one region's part of the list, and the order it makes."""
    sent = _sent(request) if request.method == "POST" else None
    made = basket.order_of_form(request, sent.form_key) if sent is not None else None
    if made is not None:
        return see_other(reverse("citizen:order", args=(made,)))
    part = _part(request)
    if part is None or (sent is None and not part.is_payable):
        return see_other(reverse("citizen:basket"))
    if sent is None:
        return _form(request, part)
    # A second press may come while the first still makes its order: its own lock must not turn it away here.
    problems = _problems(sent, reader_of(request).language)
    return _form(request, part, sent, problems) if problems else _order(request, part, sent)


def _sent(request: HttpRequest) -> Sent:
    key, amount = request.POST.get("key", ""), request.POST.get("amount", "")
    return Sent(
        # A key that is not one of ours is replaced: the press then stands for itself.
        form_key=key if _FORM_KEY.fullmatch(key) else _new_key(),
        how=request.POST.get("how", ""),
        agreed=request.POST.get("agree") == "yes",
        amount_fen=int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 12 else 0,
    )


def _new_key() -> str:
    return secrets.token_hex(16)


def _part(request: HttpRequest) -> Part | None:
    """The part of the list that is paid here: the region in the address, or the only one."""
    parts = parts_of(request)
    asked = request.GET.get("region", "")
    if not asked:
        return parts[0] if len(parts) == 1 else None
    return next((part for part in parts if str(part.region_code) == asked), None)


def ways(request: HttpRequest) -> list[Way]:
    """The ways that are switched on, the one that fits this device first."""
    fitting = Mode.H5 if is_phone(request) else Mode.NATIVE
    found = [
        Way(channel_code=channel, mode=mode)
        for channel in catalogue.configured()
        for mode, capability in ((Mode.H5, Capability.H5), (Mode.NATIVE, Capability.NATIVE))
        if capability in catalogue.connector(channel).capabilities
    ]
    return sorted(found, key=lambda way: way.mode is not fitting)


def _problems(sent: Sent, language: Language) -> list[Problem]:
    problems: list[Problem] = []
    if not re.fullmatch(r"[a-z0-9]+-[a-z0-9]+", sent.how):
        problems.append(Problem(field="how", text=say("pay.channel_missing", language)))
    if not sent.agreed:
        problems.append(problem("agree", AGREEMENT_NOT_ACCEPTED(), language))
    return problems


def _order(request: HttpRequest, part: Part, sent: Sent) -> HttpResponse:
    language = reader_of(request).language
    way = next((offered for offered in ways(request) if offered.value == sent.how), None)
    if way is None:
        return _form(request, part, sent, [Problem(field="how", text=say("pay.channel_missing", language))])
    if not _may_order(request):
        return _form(request, part, sent, [problem("", TOO_MANY_ORDERS(), language)])
    payer = Payer(
        channel_code=way.channel_code, mode=way.mode, device=device_of(request), address=payer_address(request)
    )
    try:
        made = pay_bills(
            part.region_code,
            [line.bill_id for line in part.lines],
            payer=payer,
            addresses=addresses(),
            agreement_version=version_for([line.insured_year for line in part.lines]),
            expected_fen=Fen(sent.amount_fen),
            idempotency_key=sent.form_key,
            clock=process_clock(),
        )
    except CanbaoError as refused:
        return _form(request, part, sent, [problem("", refused, language)])
    basket.note_order(request, sent.form_key, made.token)
    basket.take_off(request, frozenset(made.bill_ids))
    return see_other(reverse("citizen:order", args=(made.token,)))


def _may_order(request: HttpRequest) -> bool:
    address = counted_address(client_address(request))
    per_address = int(getattr(settings, "ORDERS_PER_ADDRESS", PER_ADDRESS_AN_HOUR))
    return throttle.allow("pay.address", address, limit=per_address, per_s=3600, now=process_clock().now())


def _form(
    request: HttpRequest, part: Part, sent: Sent | None = None, problems: list[Problem] | None = None
) -> HttpResponse:
    by_field = {found.field: found.text for found in problems or ()}
    offered = ways(request)
    chosen = sent.how if sent is not None else (offered[0].value if offered else "")
    years = sorted({line.insured_year for line in part.lines})
    starts = [line.cover_from_on for line in part.lines if line.cover_from_on is not None]
    several = len(basket.listed_bills(request)) > 1
    context = {
        "back": reverse("citizen:basket") if several else reverse("citizen:bill", args=(part.lines[0].key,)),
        "total_fen": part.total_fen,
        "amount_asked": int(part.total_fen),
        "people": [line.person for line in part.lines],
        "region_name": part.region_name,
        "region_code": part.region_code,
        "insured_year": "、".join(map(str, years)),
        "version": version_for(years),
        # After a refusal the next press is a new one: the facts have changed since the page was made.
        "form_key": sent.form_key if sent is not None and (by_field.keys() & {"how", "agree"}) else _new_key(),
        "ways": [_way_shown(way, chosen, request) for way in offered],
        "cover_from_on": min(starts) if starts else None,
        "agreed": sent.agreed if sent is not None else False,
        "failed": bool(problems),
        "problems": problems,
        "how_problem": by_field.get("how"),
        "agree_problem": by_field.get("agree"),
    }
    return render(request, "citizen/pay.html", context, status=ERRORS if problems else 200)


def _way_shown(way: Way, chosen: str, request: HttpRequest) -> WayShown:
    suffix = "" if is_phone(request) else "_desktop"
    label = say(f"pay.{way.channel_code}_{way.mode}{suffix}", reader_of(request).language)
    return WayShown(value=way.value, label=label, chosen=way.value == chosen)
