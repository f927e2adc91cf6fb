"""`canbao refunds`: money that goes back, from the asking to the account that paid.

One person asks and another approves; whoever acts says so with `--by`. What nobody has to ask for is in the list too. A
refusal is one sentence and exit status 2, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.errors import Retry, declare
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan, parse_yuan
from canbao.kernel.regions import RegionCode, region_code
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.payments.public import Refund, Refundable

app = typer.Typer(help="Refunds: ask, check, approve, and see what has become of them.", no_args_is_help=True)

WORD_UNKNOWN = declare(
    "site.word_unknown",
    Retry.NEVER,
    "没有“{word}”，可以用：{words}",
    "There is no “{word}”; use one of: {words}",
)
DAY_MALFORMED = declare(
    "site.day_malformed",
    Retry.NEVER,
    "日期应写成 2024-11-15 这样，“{found}”不是",
    "A day is written like 2024-11-15, and “{found}” is not",
)

Number = Annotated[str, typer.Argument(metavar="REFUND_NO", help="The refund's number, with or without blanks.")]
OrderNo = Annotated[str, typer.Argument(metavar="ORDER_NO", help="The order's number, as the payment named it.")]
By = Annotated[str, typer.Option("--by", help="Who does this.")]
Cause = Annotated[str, typer.Option("--cause", help="Why.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Region = Annotated[
    str, typer.Option("--region", help="Six digits; for an order number that is none of ours, and for lists.")
]


@app.command()
def left(order_no: OrderNo, region: Region = "", as_json: AsJson = False) -> None:
    """What came under an order's number, and how much of it can still go back: the quote that `ask` takes."""
    prepare()
    from canbao.payments import public as payments

    place, number = _place(order_no, region)
    found = payments.refundables_of(place, number)
    if not found:
        raise payments.CAPTURE_NOT_FOUND()
    if as_json:
        _json([_refundable(one) for one in found])
        return
    table = Table("Payment", "Taken", "Spoken for", "Left", "Stands", box=None, pad_edge=False)
    for one in found:
        amounts = [format_yuan(fen) for fen in (one.captured_fen, one.claimed_fen, one.left_fen)]
        table.add_row(one.trade_ref, *amounts, one.reason or one.disposition)
    Console().print(table)
    _print_bills(number, place)


@app.command("ask")
def ask_for(
    order_no: OrderNo,
    reason: Annotated[str, typer.Option("--reason", help="Why money goes back, such as wrong_year or death.")],
    quoted: Annotated[str, typer.Option("--left", help="What `refunds left` showed as left, in yuan.")],
    by: By,
    bill: Annotated[list[str] | None, typer.Option("--bill", help="A bill of the order; all of them if none.")] = None,
    payment: Annotated[str, typer.Option("--payment", help="The transaction, where there are several.")] = "",
    amount: Annotated[str, typer.Option("--amount", help="In yuan, for a part of money that paid nothing.")] = "",
    event_on: Annotated[str, typer.Option("--event-on", help="The day of death, employment or recognition.")] = "",
    note: Annotated[str, typer.Option("--note", help="Words for the colleague who approves.")] = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a refund. The rules say how much of each bill goes back, and refuse what they do not allow."""
    prepare()
    from canbao.journeys.refund_order import ask_refund
    from canbao.kernel.environment import process_clock
    from canbao.rulebook.refund import RefundReason

    place, number = _place(order_no, region)
    asked = ask_refund(
        place,
        number,
        reason=RefundReason(_word(reason, list(RefundReason))),
        quoted_left_fen=parse_yuan(quoted),
        by=by,
        note=note,
        bill_ids=_bill_ids(number, place, bill or []),
        trade_ref=payment,
        amount_fen=parse_yuan(amount) if amount else None,
        event_on=_day(event_on) if event_on else None,
        clock=process_clock(),
    )
    _tell(asked, as_json)


@app.command()
def check(number: Number, by: By, cause: Cause = "", as_json: AsJson = False) -> None:
    """Say that a refund was looked at; the rules are asked once more."""
    prepare()
    from canbao.journeys.refund_order import check_refund
    from canbao.kernel.environment import process_clock

    _tell(check_refund(number, by=by, cause=cause, clock=process_clock()), as_json)


@app.command()
def approve(number: Number, by: By, as_json: AsJson = False) -> None:
    """Approve a refund that somebody else asked for: what followed the payment is undone, and the money is sent."""
    prepare()
    from canbao.journeys.refund_order import approve_refund
    from canbao.kernel.environment import process_clock

    _tell(approve_refund(number, by=by, notify_url=_notify_url(), clock=process_clock()), as_json)


@app.command()
def reject(number: Number, by: By, cause: Cause, as_json: AsJson = False) -> None:
    """Turn a refund down before anything is sent."""
    prepare()
    from canbao.journeys.refund_order import reject_refund
    from canbao.kernel.environment import process_clock

    _tell(reject_refund(number, by=by, cause=cause, clock=process_clock()), as_json)


@app.command()
def again(number: Number, by: By, cause: Cause, as_json: AsJson = False) -> None:
    """Send a refund that waits by hand once more: the same number, or a new one where the channel closed it."""
    prepare()
    from canbao.journeys.refund_order import send_refund_again
    from canbao.kernel.environment import process_clock

    _tell(send_refund_again(number, by=by, cause=cause, notify_url=_notify_url(), clock=process_clock()), as_json)


@app.command("give-up")
def give_up(number: Number, by: By, cause: Cause, as_json: AsJson = False) -> None:
    """Give up a refund that waits by hand; its money waits in suspense. The channel is asked first."""
    prepare()
    from canbao.journeys.refund_order import give_up_refund
    from canbao.kernel.environment import process_clock

    _tell(give_up_refund(number, by=by, cause=cause, notify_url=_notify_url(), clock=process_clock()), as_json)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """One refund with its rules, its bills and its history."""
    prepare()
    from canbao.payments import public as payments

    _tell(payments.refund_by_no(number), as_json)


@app.command("list")
def list_all(
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these states; open ones if none.")] = None,
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Refunds, the nearest deadline first: those that are open, or those of some states."""
    prepare()
    from canbao.kernel.environment import process_clock
    from canbao.payments import public as payments

    states = [payments.RefundState(_word(one, list(payments.RefundState))) for one in state or []]
    ever = process_clock().now() + timedelta(days=36_500)
    found = [
        refund
        for place in _regions(region)
        for refund in payments.refunds_in(place, states or payments.OPEN_REFUNDS, before=ever)
    ]
    _print_list(found, as_json)


@app.command()
def overdue(region: Region = "", as_json: AsJson = False) -> None:
    """Refunds that should be with their payers by now and are not, the longest overdue first."""
    prepare()
    from canbao.kernel.environment import process_clock
    from canbao.payments import public as payments

    now = process_clock().now()
    _print_list([one for place in _regions(region) for one in payments.overdue_refunds(place, now=now)], as_json)


def _place(order_no: str, region: str) -> tuple[RegionCode, str]:
    """Where an order's number belongs and how it is written: ours by itself, another by the region that is named."""
    from canbao.kernel.ids import Kind, parse_no

    if region:
        return region_code(region), order_no
    parsed = parse_no(order_no, Kind.ORDER)
    return parsed.region_code, parsed.text


def _regions(region: str) -> Sequence[RegionCode]:
    from canbao.site.schedule import regions

    return [region_code(region)] if region else regions()


def _notify_url() -> str:
    from django.conf import settings

    from canbao.channels.interface import ChannelCode

    return f"{settings.NOTICE_URL}/notices/{ChannelCode.WECHAT}"


def _word(word: str, words: Sequence[str]) -> str:
    if word not in list(map(str, words)):
        raise WORD_UNKNOWN(word=word[:40], words=", ".join(map(str, words)))
    return word


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as malformed:
        raise DAY_MALFORMED(found=text[:20]) from malformed


def _bill_ids(order_no: str, place: RegionCode, wanted: Sequence[str]) -> list[Any]:
    """The ids of bills of an order, by their numbers as typed."""
    from canbao.kernel.ids import Kind, parse_no
    from canbao.payments import public as payments

    known = _bills(order_no, place)
    numbers = [parse_no(text, Kind.BILL).text for text in wanted]
    if any(number not in known for number in numbers):
        raise payments.REFUND_BILL_NOT_PAID()
    return [known[number].bill_id for number in numbers]


def _bills(order_no: str, place: RegionCode) -> dict[str, Any]:
    from canbao.billing import public as billing
    from canbao.kernel.errors import CanbaoError
    from canbao.payments import public as payments

    try:
        order = payments.order_by_no(order_no)
    except CanbaoError:
        return {}
    return {bill.bill_no: bill for bill in billing.bills(place, order.bill_ids)} if order is not None else {}


def _print_bills(order_no: str, place: RegionCode) -> None:
    bills = _bills(order_no, place)
    if bills:
        table = Table("Bill", "Year", "Amount", "State", box=None, pad_edge=False)
        for number, bill in bills.items():
            table.add_row(group_no(number), str(bill.insured_year), format_yuan(bill.personal_fen), bill.state)
        Console().print(table)


def _tell(refund: Refund, as_json: bool) -> None:
    """A refund in full."""
    from canbao.payments import public as payments

    events = payments.refund_events_of(refund.region_code, refund.refund_id)
    lines = payments.lines_of_refund(refund.region_code, refund.refund_id)
    if as_json:
        told = _refund(refund)
        told["steps"] = refund.steps
        told["bills"] = [{"bill_id": str(line.bill_id), "amount_fen": line.amount_fen} for line in lines]
        told["history"] = [
            {
                "event": move.event,
                "state": move.target,
                "by": move.actor,
                "cause": move.cause,
                "at": move.recorded_at.isoformat(),
            }
            for move in events
        ]
        _json(told)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _in_words(refund):
        table.add_row(name, value)
    for step in refund.steps:
        table.add_row("Rule", f"{step['label_en']} ({step['reference_en']}, {step['reliability']})")
    for move in events:
        table.add_row(_instant(move.recorded_at), f"{move.event} → {move.target} by {move.actor} {move.cause}".rstrip())
    Console().print(table)


def _in_words(refund: Refund) -> list[tuple[str, str]]:
    from canbao.payments import public as payments

    asked_by = " (nobody had to ask)" if refund.is_automatic else f", asked by {refund.asked_by}"
    told = [
        ("Refund", group_no(refund.refund_no)),
        ("State", str(refund.state)),
        ("Amount", f"{format_yuan(refund.amount_fen)} of {format_yuan(refund.captured_fen)} yuan"),
        ("Order", refund.order_no),
        (
            "Reason",
            refund.reason + asked_by,
        ),
        ("Back by", _instant(refund.deadline_at)),
    ]
    if refund.approved_by:
        told.append(("Approved by", refund.approved_by))
    if refund.note:
        told.append(("Note", refund.note))
    if refund.next_step:
        told.append(("Next step", payments.STEP_WORDS[payments.NextStep(refund.next_step)][1]))
        told.append(("Its code", refund.foreign_code))
    if refund.succeeded_at is not None:
        told.append(("With the payer", _instant(refund.succeeded_at)))
    return told


def _print_list(found: Sequence[Refund], as_json: bool) -> None:
    from canbao.payments import public as payments

    if as_json:
        _json([_refund(one) for one in found])
        return
    if not found:
        typer.echo("None.")
        return
    table = Table("Refund", "State", "Yuan", "Reason", "Back by", "Next step", box=None, pad_edge=False)
    for one in found:
        step = payments.STEP_WORDS[payments.NextStep(one.next_step)][1] if one.next_step else ""
        amount = format_yuan(one.amount_fen)
        table.add_row(group_no(one.refund_no), one.state, amount, one.reason, _instant(one.deadline_at), step)
    Console().print(table)


def _refund(refund: Refund) -> dict[str, Any]:
    from canbao.payments import public as payments

    step = payments.STEP_WORDS[payments.NextStep(refund.next_step)] if refund.next_step else ("", "")
    return {
        "refund_no": refund.refund_no,
        "state": refund.state,
        "amount_fen": refund.amount_fen,
        "captured_fen": refund.captured_fen,
        "order_no": refund.order_no,
        "trade_ref": refund.trade_ref,
        "reason": refund.reason,
        "is_automatic": refund.is_automatic,
        "asked_by": refund.asked_by,
        "checked_by": refund.checked_by,
        "approved_by": refund.approved_by,
        "asked_at": refund.asked_at.isoformat(),
        "deadline_at": refund.deadline_at.isoformat(),
        "succeeded_at": refund.succeeded_at.isoformat() if refund.succeeded_at is not None else None,
        "next_step": refund.next_step,
        "next_step_zh": step[0],
        "next_step_en": step[1],
        "foreign_code": refund.foreign_code,
    }


def _refundable(one: Refundable) -> dict[str, Any]:
    return {
        "trade_ref": one.trade_ref,
        "captured_fen": one.captured_fen,
        "claimed_fen": one.claimed_fen,
        "left_fen": one.left_fen,
        "disposition": one.disposition,
        "reason": one.reason,
    }


def _instant(at: datetime) -> str:
    from canbao.kernel.clock import BEIJING

    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _json(told: object) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False))
