"""`canbao reconcile`: compare a day with what a channel says of it.

Exit status: 0 when everything agrees or mended itself, 1 when something stands before people, 2 when the statement
could not be had or read, with a sentence, and nothing of it was taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from canbao.kernel.environment import process_clock
from canbao.kernel.regions import region_code
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.channels.interface import StatementKind
    from canbao.journeys.reconcile_day import DayRun, StatementRun

KINDS = {"trades": "trade bill", "funds": "fund bill"}

PathOption = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="A file instead of the channel's.")
]


def reconcile(
    region: Annotated[str, typer.Option("--region", help="The region's six digits, such as 360100.")],
    day: Annotated[str, typer.Option("--day", help="The day to compare (YYYY-MM-DD), yesterday or before.")],
    channel: Annotated[str, typer.Option("--channel", help="The channel's code.")] = "wechat",
    file: PathOption = None,
    funds_file: PathOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Compare a day with a channel's statements of it: the files given, or fetched; one that was fetched for another
    region of the merchant is read first, and run once more the channel is asked again. The same file changes nothing.
    """
    code = region_code(region)
    day_on = _day(day)
    prepare()
    from canbao.journeys.reconcile_day import reconcile_day

    with _bar(is_quiet=as_json) as progress:
        done = reconcile_day(
            code, channel, day_on, clock=process_clock(), file=file, funds_file=funds_file, progress=progress
        )
    if as_json:
        typer.echo(json.dumps(as_object(done), ensure_ascii=False))
    else:
        _print(done)
    raise typer.Exit(1 if _standing(done.trades) else 0)


def as_object(done: DayRun) -> dict[str, object]:
    """A day's run as `--json` prints it."""
    return {
        "region_code": int(done.region_code),
        "channel_code": done.channel_code,
        "day_on": done.day_on.isoformat(),
        "trades": _run_as_object(done.trades),
        "funds": _run_as_object(done.funds),
    }


def _run_as_object(run: StatementRun | None) -> dict[str, object] | None:
    if run is None:
        return None
    found = run.statement
    return {
        "statement_id": str(found.statement_id),
        "version_no": found.version_no,
        "state": str(found.state),
        "is_current": found.is_current,
        "was_known": run.was_known,
        "source": str(found.source),
        "sha256": found.digest.hex(),
        "size_bytes": found.size_bytes,
        "lines": found.line_count,
        "payment_count": found.payment_count,
        "payment_fen": found.payment_fen,
        "refund_count": found.refund_count,
        "refund_fen": found.refund_fen,
        "fee_milli_fen": found.fee_milli_fen,
        "verdicts": {str(item.verdict): {"count": item.count, "healed": item.healed_count} for item in run.counts},
    }


def _standing(run: StatementRun | None) -> int:
    """How many differences stand: those that are no match and did not mend themselves."""
    if run is None:
        return 0
    return sum(item.count - item.healed_count for item in run.counts if not item.verdict.is_match)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        typer.secho(f"--day is a date such as 2024-11-15, not {text[:20]}; nothing was compared", fg="red", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _bar(*, is_quiet: bool) -> Iterator[Callable[[StatementKind, int], None]]:
    """How many lines were read, on the error stream, so that what is printed can be piped."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet) as bar:
        task = bar.add_task("comparing", total=None)
        yield lambda kind, count: bar.update(task, description=f"{KINDS[kind]}, {count:,} lines")


def _print(done: DayRun) -> None:
    from canbao.kernel.money import format_yuan

    console = Console()
    for run in filter(None, (done.trades, done.funds)):
        found = run.statement
        which = f"version {found.version_no}{', known before' if run.was_known else ''}"
        console.print(
            f"{done.region_code} {done.channel_code} {done.day_on} {KINDS[found.kind]}, {which}: "
            f"{found.line_count:,} line{'' if found.line_count == 1 else 's'}, SHA-256 {found.digest.hex()[:16]}…",
            highlight=False,
            soft_wrap=True,
        )
        if found.kind == "funds":
            console.print("It is held against the clearing account when the day is closed: canbao day close")
            continue
        console.print(
            f"{format_yuan(found.payment_fen)} yuan in, {format_yuan(found.refund_fen)} yuan back", highlight=False
        )
        table = Table("Verdict", "Lines", "Mended", box=None, pad_edge=False)
        for item in run.counts:
            table.add_row(str(item.verdict), f"{item.count:,}", f"{item.healed_count:,}" if item.healed_count else "")
        console.print(table)
        if not found.is_current:
            console.print(
                "A corrected bill has taken the place of this version; it was not compared again", style="yellow"
            )
    if _standing(done.trades):
        console.print(
            f"{_standing(done.trades):,} before people: canbao discrepancies list --region {done.region_code}"
        )
