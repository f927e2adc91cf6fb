"""`canbao register`: take a register file in, make one up, or tell a family of the demonstration's cast.

Exit status of an import: 0 when every row was taken, 1 when some rows were refused (the others were taken), 2 when
the file or the command could not be used and nothing was written, 130 when it was stopped with Ctrl-C: the same
command then continues.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from canbao.kernel.environment import process_clock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode, region_code
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.journeys.import_register import ImportProgress
    from canbao.registry.public import ImportReport, RowProblem

app = typer.Typer(help="The register: import files, make up persons.", no_args_is_help=True)

SHOWN_MAX = 20
"""Rows shown on the screen; the report has them all."""

_STOPPED = 130
"""The status that shells give a command stopped with Ctrl-C."""

Region = Annotated[str, typer.Option("--region", help="The region's six digits, such as 360100.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same persons.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A .csv (UTF-8 or GB18030) or .xlsx file.")],
    region: Region,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compare only; write nothing.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write what was refused, and why, as .xlsx.")] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="Processes that seal; all cores.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a register file in: good rows are taken, bad rows reported; the same file twice changes nothing."""
    with _refusals():
        code = region_code(region)
        _refuse_report(report)
        prepare()
        from canbao.journeys.import_register import import_register

        with _bar(as_json) as progress:
            found = import_register(
                code, file, clock=process_clock(), dry_run=dry_run, progress=progress, processes=processes
            )
        if report is not None:
            _write(found, report)
    if as_json:
        typer.echo(json.dumps(_as_object(found), ensure_ascii=False))
    else:
        _print(found, report)
    raise typer.Exit(1 if found.refused_count else 0)


@app.command()
def generate(
    region: Region,
    persons: Annotated[int, typer.Option("--persons", min=1, help="How many persons.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    seed: Seed = 1,
    kind: Annotated[str, typer.Option("--format", help="csv or xlsx.")] = "csv",
    encoding: Annotated[str, typer.Option("--encoding", help="utf-8 or gb18030, for csv.")] = "utf-8",
) -> None:
    """Make up a register file: persons in families with sound numbers, none of them real."""
    with _refusals():
        code = region_code(region)
        from canbao.registry import public as registry

        if kind not in set(registry.FileKind) or encoding not in set(registry.Encoding):
            _stop(f"--format is csv or xlsx, --encoding utf-8 or gb18030, not {kind}, {encoding}; nothing was written")
        if out.is_file():
            _stop(f"{out} exists already and was left alone; name another file")
        try:
            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("making up", total=persons)
                registry.write_made_up_register(
                    out,
                    code,
                    persons=persons,
                    seed=seed,
                    on=process_clock().today(),
                    kind=registry.FileKind(kind),
                    encoding=registry.Encoding(encoding),
                    progress=lambda count: bar.update(task, completed=count),
                )
        except OSError as impossible:
            _stop(f"{out} could not be written: {impossible.strerror or type(impossible).__name__}; name another file")
        except ValueError as impossible:
            _stop(f"{impossible}; {out} was not written")
    Console().print(f"{persons:,} made-up persons in [bold]{out}[/bold]")


@app.command("demo-family")
def demo_family(
    region: Region,
    family: Annotated[int, typer.Option("--family", help="Which family of the cast: 0 to 99.")] = 0,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Tell a family of the demonstration's cast: a payer, a child, a grandmother and a newborn."""
    with _refusals():
        code: RegionCode = region_code(region)
        from canbao.registry import public as registry

        try:
            found = registry.demo_family(code, seed=seed, family=family, on=process_clock().today())
        except ValueError as impossible:
            _stop(str(impossible))
    roles = dict(zip(("payer", "child", "grandmother", "newborn"), found.members(), strict=True))
    if as_json:
        members = {role: {"id_no": member.id_no, "name": member.name} for role, member in roles.items()}
        typer.echo(json.dumps(members, ensure_ascii=False))
        return
    table = Table("", "姓名", "证件号码", "人员类别", "出生日期", title=f"演示家庭 {family}（编造的人，没有真人）")
    for role, member in roles.items():
        table.add_row(role, member.name, member.id_no, member.category_code, member.born_on.isoformat())
    Console().print(table)


@contextmanager
def _bar(is_quiet: bool) -> Iterator[Callable[[ImportProgress], None]]:
    """A progress bar on the error stream, so that what is printed can be piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet) as bar:
        task = bar.add_task("导入")

        def show(progress: ImportProgress) -> None:
            description = f"导入 {progress.line_count:,} 行"
            bar.update(task, completed=progress.done, total=progress.size, description=description)

        yield show


def _refuse_report(report: Path | None) -> None:
    """A report that cannot be written is told before the import, not after an hour of it."""
    if report is not None and (report.suffix.lower() != ".xlsx" or not report.parent.is_dir()):
        _stop(f"the report is an .xlsx in a folder that exists, not {report}; nothing was imported")


def _write(found: ImportReport, report: Path) -> None:
    from canbao.registry import public as registry

    try:
        registry.write_report(found, report)
    except OSError as impossible:
        _stop(f"the import is done, but its report could not be written: {impossible}")


def _as_object(found: ImportReport) -> dict[str, object]:
    return {
        "region_code": int(found.region_code),
        "is_dry_run": found.is_dry_run,
        "kind": found.kind.value,
        "encoding": found.encoding.value,
        "lines": found.line_count,
        "new": found.new_count,
        "changed": found.changed_count,
        "unchanged": found.unchanged_count,
        "refused": found.refused_count,
        "warnings": found.warning_count,
        "elsewhere": found.elsewhere_count,
        "seconds": round(found.seconds, 2),
        "problems": [
            {"line": row.line, "column": row.column, "code": row.code, "reason": row.sentence_zh}
            for row in found.problems[:SHOWN_MAX]
        ],
    }


def _print(found: ImportReport, report: Path | None) -> None:
    console = Console()
    summary = Table(show_header=False)
    for name, value in found.summary():
        summary.add_row(name, value)
    console.print(summary)
    _print_problems(console, "没有收的行", found.refusals, report)
    _print_problems(console, "提醒", found.warnings, report)


def _print_problems(console: Console, title: str, problems: tuple[RowProblem, ...], report: Path | None) -> None:
    if not problems:
        return
    table = Table("行", "列", "原因和办法", title=f"{title}（{len(problems)}）")
    for row in problems[:SHOWN_MAX]:
        table.add_row(str(row.line), row.column, row.sentence_zh)
    console.print(table)
    if len(problems) > SHOWN_MAX:
        console.print(
            f"只列出前 {SHOWN_MAX} 条；" + (f"全部在 {report}" if report else "加 --report 文件.xlsx 得到全部")
        )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except CanbaoError as refused:
        _stop(str(refused))
    except KeyboardInterrupt:
        _stop("stopped; rows taken so far are kept, and the same command continues", status=_STOPPED)


def _stop(message: str, *, status: int = 2) -> NoReturn:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(status)
