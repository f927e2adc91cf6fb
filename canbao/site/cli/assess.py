"""`canbao assess`: make a year's bills for everybody enrolled in a region.

Exit status: 0 when the run finished; 2 when it was refused with a sentence and no bill was made. Stopped with Ctrl-C
or killed, the same command goes on from the last whole page; run again after it finished, it makes nothing new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from canbao.kernel.environment import process_clock
from canbao.kernel.regions import region_code
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.journeys.assess_year import AssessmentProgress, AssessmentTally

WORDS = {
    "person_count": "看过的参保人",
    "made_count": "新生成的应缴单",
    "met_by_subsidy_count": "其中个人不用缴（政府全额资助）",
    "registered_elsewhere_count": "其中在别处也有登记，暂不能缴",
    "reassessed_count": "情况变了，冲销后重新核定",
    "voided_count": "不再应缴，已冲销",
    "unchanged_count": "没有变化",
    "not_owed_count": "不应缴（去世、终止、不在参保年度）",
    "not_priced_count": "没有公布缴费标准，未核定",
    "left_locked_count": "情况变了但有人正在付，留到下次",
    "changed_after_payment_count": "缴费后情况变了，请人工处理",
}
"""What each count says, in the order shown."""


def assess(
    region: Annotated[str, typer.Option("--region", help="The region's six digits, such as 360100.")],
    year: Annotated[int, typer.Option("--year", min=2000, max=2999, help="The insured year, such as 2025.")],
    scheme: Annotated[str, typer.Option("--scheme", help="The scheme's code; 390 is resident medical.")] = "390",
    on: Annotated[str, typer.Option("--on", help="As of which day (YYYY-MM-DD); today unless given.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Make the bills of a scheme and year; running it again makes nothing new and reports what changed since."""
    code = region_code(region)
    day = _day(on)
    prepare()
    from canbao.journeys.assess_year import assess_year

    with _bar(is_quiet=as_json) as progress:
        tally = assess_year(code, scheme, year, clock=process_clock(), on=day, progress=progress)
    if as_json:
        typer.echo(json.dumps(as_object(tally), ensure_ascii=False))
    else:
        _print(tally)


def as_object(tally: AssessmentTally) -> dict[str, object]:
    """A tally as `--json` prints it."""
    return {
        "region_code": int(tally.region_code),
        "scheme_code": tally.scheme_code,
        "insured_year": tally.insured_year,
        "assessed_on": tally.assessed_on.isoformat(),
        "policy_version_no": tally.policy_version_no,
        "is_resumed": tally.is_resumed,
        **tally.counts.document(),
        "left_locked_nos": list(tally.left_locked_nos),
        "changed_after_payment_nos": list(tally.changed_after_payment_nos),
        "refused_classes": [
            {"category_code": refused.category_code, "tier": refused.tier, "reason": refused.reason}
            for refused in tally.refused_classes
        ],
    }


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        typer.secho(f"--on is a date such as 2024-11-15, not {text[:20]}; no bill was made", fg="red", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _bar(*, is_quiet: bool) -> Iterator[Callable[[AssessmentProgress], None]]:
    """A progress bar on the error stream, so that what is printed can be piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet) as bar:
        task = bar.add_task("核定应缴", total=None)

        def show(progress: AssessmentProgress) -> None:
            bar.update(task, completed=progress.done_count, total=progress.left_count)

        yield show


def _print(tally: AssessmentTally) -> None:
    resumed = "，接着上次中断的" if tally.is_resumed else ""
    whose = f"{tally.region_code} 险种 {tally.scheme_code} {tally.insured_year} 年度"
    title = f"{whose}，按 {tally.assessed_on} 的情况{resumed}"
    table = Table("", "人数", title=title, title_justify="left")
    for name, words in WORDS.items():
        count = tally.counts.document()[name]
        if count or name in ("person_count", "made_count", "unchanged_count"):
            table.add_row(words, f"{count:,}")
    console = Console()
    console.print(table)
    for refused in tally.refused_classes:
        console.print(f"未核定：人员类别 {refused.category_code} {refused.tier}：{refused.reason}", markup=False)
    for words, numbers in (
        ("正在付，留到下次", tally.left_locked_nos),
        ("缴费后情况变了", tally.changed_after_payment_nos),
    ):
        if numbers:
            console.print(f"{words}：{'、'.join(numbers)}", markup=False)
