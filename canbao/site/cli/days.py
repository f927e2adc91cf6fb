"""`canbao day`: close a day of a channel, look at it, and take its signed paper out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.errors import Retry, declare
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import region_code
from canbao.site.cli.discrepancies import a_day, beijing
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.reconciliation.public import ClosedDay, RecordedSince, SinceClosed

app = typer.Typer(help="Days: close one, or look at one that was closed.", no_args_is_help=True)

FILE_EXISTS = declare(
    "site.file_exists",
    Retry.NEVER,
    "{file} 已经有了，没有动它，请换一个文件名",
    "{file} exists already and was left alone; name another file",
)

Region = Annotated[str, typer.Option("--region", help="The region, six digits.")]
Channel = Annotated[str, typer.Option("--channel", help="The channel.")]
Day = Annotated[str, typer.Option("--day", help="The day, such as 2024-11-15.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the signed PDF here; an existing file is left alone.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command()
def close(
    region: Region,
    day: Day,
    by: Annotated[str, typer.Option("--by", help="Who closes it.")],
    channel: Channel = "wechat",
    reason: Annotated[str, typer.Option("--reason", help="Why, when a closed day is corrected.")] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Close a day: everything of it must fit, or be resolved. Closed again with the same figures, nothing changes."""
    _refuse_an_existing(out)
    prepare()
    from canbao.journeys.close_day import close_day
    from canbao.kernel.environment import process_clock

    _tell(
        close_day(region_code(region), channel, a_day(day), by=by, reason=reason, clock=process_clock()), out, as_json
    )


@app.command()
def show(region: Region, day: Day, channel: Channel = "wechat", out: Out = None, as_json: AsJson = False) -> None:
    """A closed day, in its newest version, and what was recorded of it since."""
    _refuse_an_existing(out)
    prepare()
    from canbao.reconciliation import public as reconciliation

    _tell(reconciliation.closed_day(region_code(region), channel, a_day(day)), out, as_json)


def _refuse_an_existing(out: Path | None) -> None:
    if out is not None and out.exists():
        raise FILE_EXISTS(file=str(out))


def _tell(closed: ClosedDay, out: Path | None, as_json: bool) -> None:
    from canbao.reconciliation import public as reconciliation

    pdf = reconciliation.day_paper(closed)
    if out is not None:
        with out.open("xb") as file:
            file.write(pdf)
    since = reconciliation.since_closed(closed.region_code, closed.row.channel_code, closed.row.day_on)
    recorded = reconciliation.recorded_since(closed.region_code, since) if since is not None else []
    if as_json:
        said = None if since is None else _since_document(since, recorded)
        typer.echo(json.dumps(document(closed) | {"since": said}, ensure_ascii=False))
        return
    row = closed.row
    console = Console()
    console.print(
        f"[bold]{row.day_on} {row.channel_code}[/bold], version {row.version_no}, closed by {row.closed_by} at "
        f"{beijing(row.closed_at)}{f': {row.reason}' if row.reason else ''}"
    )
    totals = Table("Scheme", "Due period", "Collected", "", "Refunded", "", "Net", box=None, pad_edge=False)
    for one in closed.totals:
        totals.add_row(
            one.scheme_code,
            f"{one.due_from}-{one.due_until}",
            str(one.collected_count),
            format_yuan(one.collected_fen),
            str(one.refunded_count),
            format_yuan(one.refunded_fen),
            format_yuan(one.net_fen),
        )
    console.print(totals)
    sums = Table(show_header=False, box=None, pad_edge=False)
    sums.add_row("Clearing account", format_yuan(row.clearing_in_fen - row.clearing_out_fen))
    sums.add_row("Fund statement", format_yuan(row.funds_in_fen - row.funds_out_fen))
    sums.add_row("Explained", format_yuan(row.explained_fen))
    for line in closed.explanations:
        ref = group_no(line.case_no) if line.case_no else line.ref
        sums.add_row(f"  {line.kind} ({line.item_count}) {ref}", format_yuan(line.theirs_fen - line.ours_fen))
    console.print(sums)
    if since is not None:
        _tell_since(console, since, recorded)
    typer.echo(f"SM3 at place {row.place}:\n{closed.link_hash}")
    if out is not None:
        console.print(f"→ {out}, {len(pdf)} bytes")


def _tell_since(console: Console, since: SinceClosed, recorded: list[RecordedSince]) -> None:
    """What is otherwise than it was closed, and the movements that were posted after that."""
    console.print("[bold yellow]Recorded since it was closed[/bold yellow]: close it again with --reason")
    beside = Table("", "Closed", "Now", box=None, pad_edge=False)
    for name, then_fen, now_fen in since.figures:
        beside.add_row(name.replace("_", " ").capitalize(), format_yuan(then_fen), format_yuan(now_fen))
    for name, is_other in (("Trade statement", since.is_other_trades), ("Fund statement", since.is_other_funds)):
        if is_other:
            beside.add_row(name, "", "another one counts")
    console.print(beside)
    for one in recorded:
        console.print(
            f"  {beijing(one.recorded_at)} {one.kind} {format_yuan(one.amount_fen)} {one.order_no} {one.ref}".rstrip(),
            highlight=False,
            soft_wrap=True,
        )


def _since_document(since: SinceClosed, recorded: list[RecordedSince]) -> dict[str, object]:
    return {
        "figures": {name: {"closed_fen": then_fen, "now_fen": now_fen} for name, then_fen, now_fen in since.figures},
        "is_other_trades": since.is_other_trades,
        "is_other_funds": since.is_other_funds,
        "recorded": [
            {
                "kind": one.kind,
                "amount_fen": one.amount_fen,
                "recorded_at": one.recorded_at.isoformat(),
                "order_no": one.order_no,
                "ref": one.ref,
            }
            for one in recorded
        ],
    }


def document(closed: ClosedDay) -> dict[str, object]:
    """A closed day as JSON; amounts in fen."""
    row = closed.row
    return {
        "region_code": int(closed.region_code),
        "channel": row.channel_code,
        "day": row.day_on.isoformat(),
        "version": row.version_no,
        "place": row.place,
        "is_new": closed.is_new,
        "closed_by": row.closed_by,
        "closed_at": row.closed_at.isoformat(),
        "reason": row.reason,
        "payment_count": row.payment_count,
        "payment_fen": row.payment_fen,
        "refund_count": row.refund_count,
        "refund_fen": row.refund_fen,
        "collected_fen": row.collected_fen,
        "suspended_fen": row.suspended_fen,
        "refund_paid_fen": row.refund_paid_fen,
        "fee_fen": row.fee_fen,
        "booked_fen": row.booked_fen,
        "clearing_fen": row.clearing_in_fen - row.clearing_out_fen,
        "funds_fen": row.funds_in_fen - row.funds_out_fen,
        "explained_fen": row.explained_fen,
        "balance_fen": row.balance_fen,
        "totals": [
            {
                "scheme_code": one.scheme_code,
                "due_from": one.due_from,
                "due_until": one.due_until,
                "collected_count": one.collected_count,
                "collected_fen": one.collected_fen,
                "refunded_count": one.refunded_count,
                "refunded_fen": one.refunded_fen,
            }
            for one in closed.totals
        ],
        "explanations": [
            {
                "kind": line.kind,
                "ref": line.ref,
                "count": line.item_count,
                "ours_fen": line.ours_fen,
                "theirs_fen": line.theirs_fen,
                "case_no": line.case_no,
            }
            for line in closed.explanations
        ],
        "link_hash": closed.link_hash,
    }
