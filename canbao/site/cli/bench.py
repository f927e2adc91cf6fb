"""`canbao bench`: each number we quote, measured beside its floor on this machine, in this run."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

Name = Annotated[str, typer.Argument(help="Which benchmark; `all` runs every one.", show_default=False)]
Size = Annotated[int | None, typer.Option(min=1, help="How many items; a tenth is run as well, for the growth.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per benchmark, and nothing else.")]


def bench(name: Name, size: Size = None, as_json: AsJson = False) -> None:
    """Measure a benchmark beside its floor. Figures are ratios of one run on one machine, never promises."""
    from bench.catalogue import BENCHMARKS, run
    from bench.ground import BenchFailed, BenchUnavailable

    names = list(BENCHMARKS) if name == "all" else [name]
    if name != "all" and name not in BENCHMARKS:
        typer.secho(f"There is no benchmark {name}; there are: {', '.join(BENCHMARKS)}, and all.", fg="red", err=True)
        raise typer.Exit(2)
    table = Table("benchmark", "size", "rate/s", "floor/s", "ratio", "CPU µs/item", "exponent", "peak MiB")
    for each in names:
        if sys.stderr.isatty():
            typer.echo(f"Measuring {each} ...", err=True)
        try:
            found = run(each, size)
        except BenchFailed as failed:
            typer.secho(str(failed), fg="red", err=True)
            if name == "all" and isinstance(failed, BenchUnavailable):
                continue
            raise typer.Exit(1) from failed
        if as_json:
            typer.echo(json.dumps({key: value for key, value in asdict(found).items() if value is not None}))
            continue
        table.add_row(
            found.name,
            f"{found.size:,}",
            _rate(found.rate_per_s),
            _rate(found.floor_per_s),
            f"{found.ratio:.2f}",
            f"{found.cpu_us_per_item:,.0f}",
            f"{found.exponent:.2f}",
            f"{found.peak_mib:,.0f}" if found.peak_mib is not None else "",
        )
    if not as_json:
        # A file gets whole names too, not what fits into the eighty columns of a terminal that is not there.
        Console(width=None if sys.stdout.isatty() else 120).print(table)


def _rate(per_s: float) -> str:
    return f"{per_s:,.0f}" if per_s >= 100 else f"{per_s:.2f}"
