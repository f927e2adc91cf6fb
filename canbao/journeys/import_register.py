"""Take a register file into the register of a region: good rows in, bad rows reported, nothing twice.

The file is read line by line; runs of lines are checked and sealed by several processes and written here, one region
transaction per run. The national directory follows each run in a transaction of its own, and persons whom another
region registers too are flagged in both. Stopped half-way, the same command continues: rows already taken are
`unchanged`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

from canbao.kernel.clock import Clock
from canbao.kernel.errors import CanbaoError, Retry
from canbao.kernel.ids import uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import national_tx, region_tx
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.registry.public import ImportReport, PreparedChunk, PreparedRows, RegisterFile, RowProblem, RowStatus

RACES_MAX = 5
"""How often a batch is run again when another import writes the same persons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import has come: `done` of `size` in the file's own unit, and the lines read."""

    done: int
    size: int
    line_count: int


Progress = Callable[[ImportProgress], None]


@dataclass(slots=True, kw_only=True)
class _Run:
    """One import under way."""

    region: RegionCode
    clock: Clock
    import_id: UUID
    is_dry_run: bool
    counts: Counter[RowStatus] = field(default_factory=Counter)
    refused_count: int = 0
    line_count: int = 0
    elsewhere_count: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    warning_count: int = 0
    unlisted_count: int = 0

    def report(self, problems: list[RowProblem]) -> None:
        """Keep problems up to the bound, counting all."""
        self.warning_count += sum(problem.is_warning for problem in problems)
        room = registry.PROBLEMS_MAX - len(self.problems)
        self.problems += problems[:room]
        self.unlisted_count += len(problems[room:])


def import_register(
    region: RegionCode,
    path: Path,
    *,
    clock: Clock,
    dry_run: bool = False,
    progress: Progress | None = None,
    processes: int | None = None,
) -> ImportReport:
    """Import a register file (.csv or .xlsx) and report what became of every row. With `dry_run` nothing is written.

    Errors: `policy.region_unknown`, and every `registry.file_*`, `_column_*`, `_workbook_*`, before anything is
    written; `registry.line_too_long`, `_workbook_damaged` and `_import_raced` may come later: what was taken until
    then stays, and the same command continues.
    """
    policy.region(region)
    started = time.perf_counter()
    with registry.open_register(path) as file, registry.seen_rows() as seen:
        run = _Run(region=region, clock=clock, import_id=uuid7(clock.now()), is_dry_run=dry_run)
        run.report(registry.file_problems(file))
        if not dry_run:
            _start(run, file)
        for chunk in registry.prepared_chunks(region, file, today=clock.today(), processes=processes):
            _take(run, chunk, seen)
            if progress is not None:
                progress(ImportProgress(done=file.progress(), size=file.size, line_count=run.line_count))
        if not dry_run:
            _finish(run)
        return _report(run, file, seconds=time.perf_counter() - started)


def _start(run: _Run, file: RegisterFile) -> None:
    with region_tx(run.region) as tx:
        registry.start_import(
            tx,
            import_id=run.import_id,
            file_digest=file.digest,
            file_kind=file.kind.value,
            encoding=file.encoding.value,
            now=run.clock.now(),
        )


def _finish(run: _Run) -> None:
    with region_tx(run.region) as tx:
        registry.count_import(tx, import_id=run.import_id, statuses=[], finished_at=run.clock.now())


def _take(run: _Run, chunk: PreparedChunk, seen: registry.SeenRows) -> None:
    repeats = seen.repeats(chunk.rows)
    problems = chunk.problems + registry.repeat_problems(chunk.rows, repeats)
    rows = chunk.rows.without({repeat.place for repeat in repeats})
    refused = chunk.line_count - len(chunk.rows) + sum(not repeat.is_same for repeat in repeats)
    today = run.clock.today()
    if run.is_dry_run:
        statuses = registry.match_rows(run.region, rows)
    else:
        statuses = _write(run, rows, refused_count=refused, today=today)
        problems += _claim(run, rows, statuses, today=today)
    problems += registry.status_problems(rows, statuses)
    run.line_count += chunk.line_count
    run.refused_count += refused + sum(status in registry.REFUSED for status in statuses)
    run.counts.update(statuses)
    run.counts[RowStatus.UNCHANGED] += sum(repeat.is_same for repeat in repeats)
    run.report(sorted(problems, key=lambda problem: problem.line))


def _write(run: _Run, rows: PreparedRows, *, refused_count: int, today: date) -> list[RowStatus]:
    """Write a batch. A batch that raced with another import is run again: it then meets what the other one wrote."""
    for attempt in range(1, RACES_MAX + 1):
        try:
            with region_tx(run.region) as tx:
                now = run.clock.now()
                statuses = registry.import_rows(tx, rows, import_id=run.import_id, now=now, today=today)
                registry.count_import(tx, import_id=run.import_id, statuses=statuses, refused_count=refused_count)
                return statuses
        except CanbaoError as raced:
            if raced.retry is not Retry.LATER or attempt == RACES_MAX:
                raise
    message = "the last attempt returns or raises"
    raise AssertionError(message)


def _claim(run: _Run, rows: PreparedRows, statuses: list[RowStatus], *, today: date) -> list[RowProblem]:
    """Name the batch in the directory, then flag whom several regions claim: each region in a transaction of its own.

    The directory is read after it was written, so of two imports at once at least the later one sees both entries.
    """
    with national_tx() as tx:
        registry.record_in_directory(tx, run.region, rows, statuses)
    found = registry.claims_of_several_regions(rows, statuses, today=today)
    for region, flags in sorted(found.flags.items()):
        with region_tx(region) as tx:
            registry.flag_several_regions(tx, flags)
    problems = registry.elsewhere_problems(rows, found.claims, run.region)
    run.elsewhere_count += len(problems)
    return problems


def _report(run: _Run, file: RegisterFile, *, seconds: float) -> ImportReport:
    return ImportReport(
        region_code=run.region,
        file_name=file.name,
        kind=file.kind,
        encoding=file.encoding,
        is_dry_run=run.is_dry_run,
        line_count=run.line_count,
        new_count=run.counts[RowStatus.NEW],
        changed_count=run.counts[RowStatus.CHANGED],
        unchanged_count=run.counts[RowStatus.UNCHANGED],
        refused_count=run.refused_count,
        warning_count=run.warning_count,
        elsewhere_count=run.elsewhere_count,
        problems=tuple(run.problems),
        unlisted_problem_count=run.unlisted_count,
        seconds=seconds,
    )
