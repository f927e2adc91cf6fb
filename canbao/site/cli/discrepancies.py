"""`canbao discrepancies`: what does not fit, who looks after it, and what became of it.

One list has everything that stands before people: what statements and fund bills showed, what auditors found, and what
channels said that fits no order. Whoever acts says so with `--by`; above the region's amount another person approves. A
refusal is one sentence and exit status 2, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.clock import BEIJING, Instant
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode, region_code
from canbao.site.cli.refunds import DAY_MALFORMED, WORD_UNKNOWN
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.reconciliation.public import Discrepancy

app = typer.Typer(help="Discrepancies: list, take, propose, approve.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="CASE_NO", help="The discrepancy's number, with or without blanks.")]
By = Annotated[str, typer.Option("--by", help="Who does this.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command("list")
def list_all(
    region: Annotated[str, typer.Option("--region", help="This region only.", show_default="every region")] = "",
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these; those that stand if none.")] = None,
    day: Annotated[str, typer.Option("--day", help="Of this day's statements only.")] = "",
    as_json: AsJson = False,
) -> None:
    """What stands before people, oldest first, with what to do about it."""
    prepare()
    from canbao.journeys.resolve_discrepancy import rules_of
    from canbao.kernel.environment import process_clock
    from canbao.reconciliation import public as reconciliation
    from canbao.reconciliation.public import DiscrepancyState

    states = [DiscrepancyState(word(one, list(DiscrepancyState))) for one in state or []]
    day_on = a_day(day) if day else None
    found = [
        one
        for place in of_regions(region)
        for one in reconciliation.discrepancies(place, states or reconciliation.STANDING, day_on=day_on)
    ]
    now = process_clock().now()
    if as_json:
        typer.echo(json.dumps([document(one, now) for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("Nothing stands before anybody.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Number", "At stake", "Age"):
        table.add_column(heading, no_wrap=True)
    for heading in ("State", "What"):
        table.add_column(heading, overflow="fold")
    for one in found:
        what = [one.detail or str(one.kind), one.order_no or one.trade_ref, f"{one.ours} | {one.theirs}"]
        table.add_row(
            group_no(one.case_no),
            _yuan(one),
            age(one.opened_at, one.ended_at or now),
            f"{one.state} {one.owner}".rstrip(),
            "\n".join(line for line in what if line),
        )
    Console().print(table)
    limits = {place: rules_of(place).two_people_above_fen for place in {one.region_code for one in found}}
    for place, limit in sorted(limits.items()):
        typer.echo(f"{place}: above {format_yuan(limit)} yuan, resolving takes two people.")


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """One discrepancy: both sides' evidence, the next step, and its history."""
    prepare()
    from canbao.reconciliation import public as reconciliation

    _tell(reconciliation.discrepancy_by_no(number), as_json)


@app.command()
def take(
    number: Number,
    by: By,
    cause: Annotated[str, typer.Option("--cause", help="Why, when it is taken over from somebody.")] = "",
    as_json: AsJson = False,
) -> None:
    """Look after a discrepancy, or take it over from a colleague."""
    prepare()
    from canbao.journeys.resolve_discrepancy import take_discrepancy
    from canbao.kernel.environment import process_clock

    _tell(take_discrepancy(number, by=by, cause=cause, clock=process_clock()), as_json)


@app.command()
def propose(
    number: Number,
    by: By,
    act: Annotated[str, typer.Option("--act", help="refunded, credited, channel_corrects, booked_again, explained.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence.")],
    as_json: AsJson = False,
) -> None:
    """Say what became of it. A small amount is resolved with that; above the region's amount somebody approves."""
    prepare()
    from canbao.journeys.resolve_discrepancy import propose_resolution
    from canbao.kernel.environment import process_clock
    from canbao.reconciliation.public import Act

    said = Act(word(act, list(Act)))
    _tell(propose_resolution(number, by=by, act=said, reason=reason, clock=process_clock()), as_json)


@app.command()
def approve(number: Number, by: By, as_json: AsJson = False) -> None:
    """Approve what somebody else proposed."""
    prepare()
    from canbao.journeys.resolve_discrepancy import approve_resolution
    from canbao.kernel.environment import process_clock

    _tell(approve_resolution(number, by=by, clock=process_clock()), as_json)


@app.command("send-back")
def send_back(
    number: Number, by: By, cause: Annotated[str, typer.Option("--cause", help="Why.")], as_json: AsJson = False
) -> None:
    """Turn a proposal down; its owner looks again."""
    prepare()
    from canbao.journeys.resolve_discrepancy import send_back_resolution
    from canbao.kernel.environment import process_clock

    _tell(send_back_resolution(number, by=by, cause=cause, clock=process_clock()), as_json)


def word(text: str, words: Sequence[str]) -> str:
    """A word of a closed list. Errors: `site.word_unknown`."""
    if text not in list(map(str, words)):
        raise WORD_UNKNOWN(word=text[:40], words=", ".join(map(str, words)))
    return text


def a_day(text: str) -> date:
    """A civil day as typed. Errors: `site.day_malformed`."""
    try:
        return date.fromisoformat(text)
    except ValueError as malformed:
        raise DAY_MALFORMED(found=text[:20]) from malformed


def age(since: Instant, until: Instant) -> str:
    """How old something is, in its largest two units.

    >>> from datetime import UTC, datetime
    >>> age(datetime(2024, 11, 15, 1, tzinfo=UTC), datetime(2024, 11, 17, 4, tzinfo=UTC))
    '2 d 3 h'
    """
    minutes = max(0, int((until - since).total_seconds()) // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, days = minutes // 60, minutes // (60 * 24)
    return f"{hours} h" if hours < 24 else f"{days} d {hours % 24} h"


def beijing(at: Instant) -> str:
    """An instant in Beijing time, to the second."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def document(found: Discrepancy, now: Instant) -> dict[str, object]:
    """A discrepancy as JSON."""
    return {
        "case_no": found.case_no,
        "region_code": int(found.region_code),
        "kind": str(found.kind),
        "detail": found.detail,
        "state": str(found.state),
        "owner": found.owner,
        "channel": found.channel_code,
        "day": found.day_on.isoformat() if found.day_on else None,
        "order_no": found.order_no,
        "trade_ref": found.trade_ref,
        "refund_no": found.refund_no,
        "amount_fen": found.amount_fen,
        "ours": found.ours,
        "theirs": found.theirs,
        "line_no": found.line_no,
        "opened_at": found.opened_at.isoformat(),
        "age_s": int(((found.ended_at or now) - found.opened_at).total_seconds()),
        "suggested_act": str(found.suggestion.act),
        "next_step": found.suggestion.en,
        "act": found.act,
        "reason": found.reason,
        "proposed_by": found.proposed_by,
        "approved_by": found.approved_by,
    }


def _yuan(found: Discrepancy) -> str:
    return format_yuan(found.amount_fen) if found.amount_fen is not None else "unknown"


def _tell(found: Discrepancy, as_json: bool) -> None:
    from canbao.journeys.tell_discrepancy import tell_discrepancy
    from canbao.kernel.environment import process_clock

    about = tell_discrepancy(found)
    moves, text = about.moves, about.line
    if as_json:
        told = document(found, process_clock().now())
        told["line"] = text
        told["history"] = [
            {
                "event": one.event,
                "state": one.target,
                "by": one.actor,
                "cause": one.cause,
                "at": beijing(one.recorded_at),
            }
            for one in moves
        ]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    rows = [
        ("Discrepancy", group_no(found.case_no)),
        ("What", f"{found.kind} {found.detail}".rstrip()),
        ("State", f"{found.state}{f', with {found.owner}' if found.owner else ''}"),
        ("Order", found.order_no),
        ("Transaction", found.trade_ref),
        ("Refund", found.refund_no),
        ("Of", f"{found.channel_code} {found.day_on or ''}".strip()),
        ("At stake", _yuan(found)),
        ("We say", found.ours),
        ("They say", found.theirs),
        (f"Line {found.line_no}" if text else "", text),
        ("Next step" if found.stands else "", found.suggestion.en),
        ("Became", f"{found.act}: {found.reason}" if found.act else ""),
        ("Proposed by", found.proposed_by),
        ("Approved by", found.approved_by),
    ]
    for name, value in rows:
        if name and value:
            table.add_row(name, value)
    for one in moves:
        table.add_row(beijing(one.recorded_at), f"{one.event} → {one.target} by {one.actor} {one.cause}".rstrip())
    Console().print(table)


def of_regions(region: str) -> list[RegionCode]:
    """The region that is named, or every one."""
    from canbao.site.schedule import regions

    return [region_code(region)] if region else regions()
