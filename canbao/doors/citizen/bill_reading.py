"""Gathering what a bill's page shows: the rooms are read here, and only here, for bills.

Register, bill, policy in force and rulebook each say their part; the answer is `BillShown`, masked and in the
reader's language. The values shown are those of the policy version the bill was made by; the window is the newest
published one, because deadlines move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState
from canbao.documents import public as documents
from canbao.doors.citizen.bill_shown import PAYABLE, BillFace, BillShown, StepShown
from canbao.doors.frame.figures import date_text
from canbao.doors.frame.people import person_shown
from canbao.doors.frame.reader import Language
from canbao.doors.frame.words import in_language, say
from canbao.journeys.foresee_cover import foresee_cover
from canbao.kernel.clock import Clock, Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.payments import public as payments
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.registry.public import Person
from canbao.rulebook.contribution import Step
from canbao.rulebook.entitlement import Cover
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.sourced import FIRM, Source
from canbao.rulebook.window import WindowState, WindowVerdict, window_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose bill is to be shown, and under which key of this browser."""

    key: str
    bill: Bill
    person: Person


def shown(asked: Asked, *, language: Language, clock: Clock) -> BillShown:
    """A bill as its page shows it today."""
    bill, person = asked.bill, asked.person
    parameters = _parameters(bill)
    verdict = window_on(parameters, clock.today(), born_on=person.born_on)
    cover = _cover(bill, person, parameters, verdict, clock.today())
    face = face_of(bill, person, verdict)
    if face in PAYABLE and cover is not None and cover.is_empty:
        face = BillFace.NO_COVER
    region = policy.region(bill.region_code)
    enrolment = person.enrolment_in(bill.scheme_code)
    opened_at = _locked_since(bill) if face is BillFace.LOCKED else None
    is_held = bill.locked_until is not None and clock.now() < bill.locked_until and opened_at is not None
    return BillShown(
        key=asked.key,
        region_code=bill.region_code,
        bill_id=bill.bill_id,
        bill_no=bill.bill_no,
        person=person_shown(person.name, person.id_no),
        region_name=in_language(region.name_zh, region.name_en, language),
        place=(enrolment.place or "") if enrolment is not None else "",
        scheme_name=in_language(parameters.scheme.name.zh, parameters.scheme.name.en, language),
        # The hyphen that does not break: a number in two lines is read as two numbers.
        phone_prefix=f"{region.phone_area_code}\N{NON-BREAKING HYPHEN}" if region.phone_area_code else "",
        collected_year=parameters.collected_from.year if parameters.collected_from else parameters.notice_year.value,
        insured_year=bill.insured_year,
        personal_fen=bill.personal_fen,
        assistance_fen=bill.assistance_fen,
        assistance_rule=_rule(bill.steps, language),
        steps=tuple(step_shown(step, language) for step in bill.steps),
        face=face,
        cover_from_on=cover.from_on if cover is not None and not cover.is_empty else None,
        cover_last_on=cover.until_on - timedelta(days=1) if cover is not None else None,
        from_birth=cover is not None and cover.from_on == person.born_on,
        opens_on=verdict.opens_on,
        closes_on=verdict.closes_on,
        late_until_on=verdict.late_until_on,
        late_wait_months=verdict.late_wait_months,
        next_opens_on=_next_opens_on(bill) if face is BillFace.CLOSED else None,
        note=in_language(verdict.note.zh, verdict.note.en, language) if verdict.note is not None else "",
        locked_since_at=opened_at,
        locked_until_at=bill.locked_until if is_held else None,
        voucher_kb=_voucher_kb(bill) if face is BillFace.MET else 0,
        holding_token=payments.order_token(bill.region_code, bill.locked_by) if bill.locked_by is not None else "",
    )


def face_of(bill: Bill, person: Person, verdict: WindowVerdict) -> BillFace:
    """The one thing the page has to say first: what is done, then what stands in the way, then the calendar."""
    if bill.state is BillState.PAID:
        return BillFace.PAID
    if bill.state is BillState.MET_BY_SUBSIDY:
        return BillFace.MET
    if bill.registered_elsewhere or person.has_several_regions:
        return BillFace.TWO_PLACES
    if bill.state is BillState.LOCKED:
        return BillFace.LOCKED
    if not bill.is_final:
        return BillFace.NOT_FINAL
    return {
        WindowState.OPEN: BillFace.OPEN,
        WindowState.LATE: BillFace.LATE,
        WindowState.NOT_OPEN: BillFace.NOT_OPEN,
        WindowState.CLOSED: BillFace.CLOSED,
        WindowState.NOT_PUBLISHED: BillFace.NOT_PUBLISHED,
    }[verdict.state]


def bills_of_person(
    region: RegionCode, person: Person, key: str, *, language: Language, clock: Clock
) -> list[BillShown]:
    """Every live bill of a person, those that can be paid first."""
    found = billing.bills_of(region, [person.person_id], clock.today())
    pages = [shown(Asked(key=key, bill=bill, person=person), language=language, clock=clock) for bill in found]
    return sorted(pages, key=lambda page: (not page.is_payable, page.insured_year))


def bills_by_id(
    region: RegionCode, asked: Sequence[tuple[str, Bill]], *, language: Language, clock: Clock
) -> list[BillShown]:
    """Bills of one region with their people, in the order asked; one read of the register for all of them."""
    people = {found.person_id: found for found in registry.people(region, [bill.person_id for _, bill in asked])}
    return [
        shown(Asked(key=key, bill=bill, person=people[bill.person_id]), language=language, clock=clock)
        for key, bill in asked
        if bill.person_id in people
    ]


def step_shown(step: Step, language: Language) -> StepShown:
    """A line of the explanation in its public words; the private ones stay where they are."""
    return StepShown(
        label=in_language(step.label_zh, step.label_en, language),
        amount_fen=step.amount_fen,
        source=_source(step.source, language),
    )


def _source(source: Source, language: Language) -> str:
    text = in_language(source.reference, source.reference_en, language)
    if source.dated_on is not None:
        text = f"{text} · {date_text(source.dated_on, language)}"
    return text if source.reliability in FIRM else f"{text} · {say('bill.source_none', language)}"


def _rule(steps: Sequence[Step], language: Language) -> str:
    """The rule by which others pay: the document behind the last reduction."""
    reductions = [step for step in steps if step.amount_fen < 0]
    return (
        in_language(reductions[-1].source.reference, reductions[-1].source.reference_en, language) if reductions else ""
    )


def _parameters(bill: Bill) -> RegionYear:
    return policy.in_force(bill.region_code, bill.scheme_code, bill.insured_year).parameters


def _cover(bill: Bill, person: Person, parameters: RegionYear, verdict: WindowVerdict, on: date) -> Cover | None:
    """What paying today would buy. Before the window opens, what paying on its first day would."""
    paid_on = max(on, verdict.opens_on) if verdict.opens_on is not None else on
    return foresee_cover(bill, person, parameters, paid_on=paid_on)


def _locked_since(bill: Bill) -> Instant | None:
    order = payments.order(bill.region_code, bill.locked_by) if bill.locked_by is not None else None
    return order.opened_at if order is not None else None


def _voucher_kb(bill: Bill) -> int:
    voucher = documents.voucher_of(bill.region_code, bill.bill_id)
    return voucher.kilobytes if voucher is not None else 0


def _next_opens_on(bill: Bill) -> date | None:
    try:
        following = policy.in_force(bill.region_code, bill.scheme_code, bill.insured_year + 1)
    except CanbaoError:
        return None
    return following.parameters.collected_from
