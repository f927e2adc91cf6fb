"""Gathering what an order's page shows: orders, captures, bills, people, cover and voucher, each from its own room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from canbao.billing import public as billing
from canbao.billing.public import Bill
from canbao.channels.interface import Mode
from canbao.coverage import public as coverage
from canbao.documents import public as documents
from canbao.documents.public import VoucherState
from canbao.doors.citizen.order_refunds import refunds_shown, title_of
from canbao.doors.citizen.order_shown import (
    IN_DOUBT,
    TREASURY_DAYS_MOST,
    TREASURY_DAYS_USUAL,
    OrderFace,
    OrderShown,
    StageShown,
    WalletFacts,
    face_of,
    poll_every_s,
    tag_of,
    treasury_expected_on,
)
from canbao.doors.frame.figures import date_markup, instant_markup
from canbao.doors.frame.people import person_markup, person_shown
from canbao.doors.frame.reader import Language
from canbao.doors.frame.words import in_language, say
from canbao.kernel.clock import Clock, Instant, civil_date
from canbao.kernel.ids import group_no
from canbao.kernel.money import Fen
from canbao.payments import public as payments
from canbao.payments.public import CaptureRecord, Order, Refund
from canbao.policy import public as policy
from canbao.reconciliation import public as reconciliation
from canbao.registry import public as registry
from canbao.registry.public import Person


def order_shown(
    order: Order, *, came_back: bool, in_wechat: bool, said_unpaid: bool, language: Language, clock: Clock
) -> OrderShown:
    """An order as its page shows it now."""
    now = clock.now()
    facts = WalletFacts(
        state=order.state,
        is_native=order.mode is Mode.NATIVE,
        opens=order.opens,
        opens_until=order.opens_until,
        expires_at=order.expires_at,
        answer_by_at=order.expires_at + payments.OVERDUE,
        came_back=came_back,
        in_wechat=in_wechat,
        channel_says_unpaid=said_unpaid,
    )
    captures = payments.captures_of(order.region_code, order.order_no)
    refunds = payments.refunds_of(order.region_code, order.order_no)
    undone = {found.bill_id for found in billing.undone(order.region_code, order.bill_ids) if found.is_whole}
    face = _face(face_of(facts, now), order, captures, undone)
    by_id = {bill.bill_id: bill for bill in billing.bills(order.region_code, order.bill_ids)}
    bills = [by_id[bill_id] for bill_id in order.bill_ids]
    people = {
        found.person_id: found for found in registry.people(order.region_code, [bill.person_id for bill in bills])
    }
    paid_for = {bill.person_id for bill in bills if face is not OrderFace.SETTLED or bill.bill_id not in undone}
    region = policy.region(order.region_code)
    case = payments.case_of_order(order.region_code, order.order_no)
    voucher = documents.voucher_of(order.region_code, order.order_id)
    is_in_force = voucher is not None and voucher.state is VoucherState.ISSUED
    address = reverse("citizen:order", args=(order.token,))
    return OrderShown(
        face=face,
        address=address,
        full_address=f"{settings.PUBLIC_URL}{address}",
        order_no=order.order_no,
        order_no_text=group_no(order.order_no),
        case_no_text=group_no(case.case_no) if case is not None else "",
        amount_fen=order.amount_fen,
        people=tuple(person_shown(found.name, found.id_no) for found in people.values() if found.person_id in paid_for),
        region_name=in_language(region.name_zh, region.name_en, language),
        insured_years="、".join(str(year) for year in sorted({bill.insured_year for bill in bills})),
        opened_at=order.opened_at,
        expires_at=order.expires_at,
        answer_by_at=facts.answer_by_at,
        came_back=came_back,
        channel_says_unpaid=said_unpaid and face not in (OrderFace.SETTLED, OrderFace.CLOSED, OrderFace.EXPIRED),
        opens=order.opens if face is OrderFace.WALLET else "",
        wallet_until_at=order.opens_until or order.expires_at,
        wallet_is_stale=order.opens_until is not None and now >= order.opens_until,
        qr=_code(order.opens) if face is OrderFace.SCAN and order.opens else None,
        stages=_stages(order, [bill for bill in bills if bill.bill_id not in undone], people, captures, language, now)
        if face is OrderFace.SETTLED
        else _stages_ahead(face, language),
        extra_fen=_kept_apart(captures, refunds),
        refunds=refunds_shown(refunds, language, now),
        refund_title=title_of(refunds) if face is OrderFace.MONEY_BACK else "",
        has_voucher=face is OrderFace.SETTLED,
        cover_ends=bool(undone),
        former_voucher=_former_voucher(order, language, is_replaced=face is OrderFace.SETTLED),
        verify_address=f"/verify/{voucher.voucher_no}" if voucher is not None and is_in_force else "",
        voucher_kb=voucher.kilobytes if voucher is not None and is_in_force else 0,
        poll_s=poll_every_s(face, now - order.opened_at),
    )


def _former_voucher(order: Order, language: Language, *, is_replaced: bool) -> str:
    """Which voucher of the order is void, since when and why: the newest, where there are several; empty without."""
    void = [found for found in documents.vouchers_of(order.region_code, order.order_id) if found.voided_at is not None]
    if not void or void[-1].voided_at is None:
        return ""
    places = {"no": group_no(void[-1].voucher_no), "date": date_markup(civil_date(void[-1].voided_at), language)}
    return say("refund.voucher_replaced" if is_replaced else "refund.voucher_gone", language, places)


def _face(face: OrderFace, order: Order, captures: list[CaptureRecord], undone: set[UUID]) -> OrderFace:
    """An order all of whose money goes back, or was never credited, is neither paid nor simply closed: its page speaks
    of the money.
    """
    if face is OrderFace.SETTLED and undone >= set(order.bill_ids):
        return OrderFace.MONEY_BACK
    is_ended = face in (OrderFace.CLOSED, OrderFace.EXPIRED)
    return OrderFace.MONEY_BACK if is_ended and captures else face


def _kept_apart(captures: list[CaptureRecord], refunds: Sequence[Refund]) -> tuple[Fen, ...]:
    """Money that paid nothing and of which no refund speaks yet."""
    spoken_of = {found.capture_id for found in refunds if found.state is not payments.RefundState.REJECTED}
    return tuple(
        found.amount_fen for found in captures if found.disposition == "suspended" and found.capture_id not in spoken_of
    )


def _code(text: str) -> SafeString:
    # Drawn by segno from the channel's own answer: paths only, nothing of the text stands in the markup.
    return mark_safe(segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=0))


def _stages_ahead(face: OrderFace, language: Language) -> tuple[StageShown, ...]:
    """While nobody knows whether it went through: the payment in doubt, and what follows once it is known."""
    if face not in IN_DOUBT:
        return ()
    tag = tag_of(face)
    paying = StageShown(
        title=say("result.paid_ahead", language), mark=tag, lines=(say(f"state.{tag}", language),), is_current=True
    )
    ahead = (
        StageShown(title=say(word, language), mark="not-covered", lines=())
        for word in ("result.settled_ahead", "result.treasury", "result.covered")
    )
    return (paying, *ahead)


def _stages(
    order: Order,
    bills: list[Bill],
    people: dict[UUID, Person],
    captures: list[CaptureRecord],
    language: Language,
    now: Instant,
) -> tuple[StageShown, ...]:
    """Paid, recorded, treasury, cover: done where it is done, and an honest expectation where it is not."""
    settled_at = order.settled_at
    assert settled_at is not None, "a settled order has its time"
    credited = next((found.happened_at for found in captures if found.disposition == "credited"), settled_at)
    channel = say("order.wechat", language)
    paid = say("result.by", language, {"channel": channel, "at": instant_markup(credited, language)})
    return (
        StageShown(title=say("result.paid", language), mark="paid", lines=(paid,)),
        StageShown(title=say("result.settled", language), mark="paid", lines=(instant_markup(settled_at, language),)),
        _treasury(order, settled_at, language, now),
        _cover(order, bills, people, language, now),
    )


def _treasury(order: Order, settled_at: Instant, language: Language, now: Instant) -> StageShown:
    """In the treasury, with the day on which all of the order's money was there; until then the day expected, which is
    none while the money lies returned, and counts anew when it is handed over again.
    """
    way = reconciliation.way_to_treasury(order.region_code, order.order_id)
    if way.booked_on is not None:
        booked = say("result.treasury_booked", language, {"date": date_markup(way.booked_on, language)})
        return StageShown(title=say("result.treasury_done", language), mark="paid", lines=(booked,))
    if way.returned_at is not None:
        returned = say(
            "result.treasury_returned", language, {"date": date_markup(civil_date(way.returned_at), language)}
        )
        return StageShown(title=say("result.treasury", language), mark="unknown", lines=(returned,), is_current=True)
    expected = treasury_expected_on(settled_at, way.sent_again_at)
    is_late = civil_date(now) > expected
    return StageShown(
        title=say("result.treasury", language),
        mark="unknown" if is_late else "waiting",
        lines=(
            _treasury_line(expected, way.sent_again_at, language, is_late=is_late),
            say("result.treasury_source", language)
            if way.sent_again_at is None
            else say("result.treasury_again_source", language),
        ),
        is_current=True,
    )


def _treasury_line(expected: date, sent_again_at: Instant | None, language: Language, *, is_late: bool) -> SafeString:
    places = {
        "date": date_markup(expected, language),
        "from": TREASURY_DAYS_USUAL[0],
        "until": TREASURY_DAYS_USUAL[1],
        "most": TREASURY_DAYS_MOST,
    }
    if is_late:
        return say("result.treasury_late", language, {"date": places["date"]})
    if sent_again_at is None:
        return say("result.treasury_line", language, places)
    sent = date_markup(civil_date(sent_again_at), language)
    return say("result.treasury_again", language, {"sent": sent, "date": places["date"]})


def _cover(order: Order, bills: list[Bill], people: dict[UUID, Person], language: Language, now: Instant) -> StageShown:
    """From when each person is covered; people with the same day share a line."""
    covers = {cover.bill_id: cover for cover in coverage.of_bills(order.region_code, order.bill_ids)}
    if len(covers) < len(bills):
        return StageShown(
            title=say("result.covered", language), mark="waiting", lines=(say("result.cover_waiting", language),)
        )
    by_line: dict[SafeString, list[SafeString]] = {}
    for bill in bills:
        person = people[bill.person_id]
        from_on = covers[bill.bill_id].from_on
        word = "basket.cover_birth" if from_on == person.born_on else "result.cover_line"
        line = say(word, language, {"date": date_markup(from_on, language)})
        by_line.setdefault(line, []).append(person_markup(person_shown(person.name, person.id_no), language))
    today = civil_date(now)
    is_covered = all(cover.from_on <= today for cover in covers.values())
    comma, colon = (", ", ": ") if language is Language.ENGLISH else ("、", "：")
    lines = tuple(
        say(
            "result.whose", language, {"names": format_html_join(comma, "{}", zip(names)), "colon": colon, "line": line}
        )
        for line, names in by_line.items()
    )
    return StageShown(
        title=say("result.covered_done" if is_covered else "result.covered", language),
        mark="covered" if is_covered else "not-covered",
        lines=lines,
    )
