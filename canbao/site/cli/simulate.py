"""`canbao simulate`: days of payers, channel and workers that misbehave, played by one seed, with proof that no fen is
lost.

It makes a database of its own on the scratch server that the tests use and drops it at the end; what `DATABASE_URL`
names is never touched.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canbao.kernel.environment import is_production
from canbao.site.start import prepare

if TYPE_CHECKING:
    from simulation.runs import Simulator

SEEDS_MOST = 1_000_000

Seed = Annotated[
    int | None, typer.Option(min=0, help="The seed; the same one plays the same days.", show_default="any")
]
Days = Annotated[int, typer.Option(min=1, max=90, help="How many days are played.")]
Payers = Annotated[int, typer.Option(min=1, max=200, help="How many households begin a story every day.")]
Faults = Annotated[str, typer.Option(help="all, none, or names with commas; a wrong name lists them.")]
Only = Annotated[str, typer.Option(help="Play only these steps of the seed's history, as a failure names them.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds are played, one after the other.")]
Forever = Annotated[bool, typer.Option("--forever", help="Go on to the next seed until stopped.")]
TraceTo = Annotated[Path | None, typer.Option(help="Write what happened to this file, a line for each thing.")]


def simulate(
    seed: Seed = None,
    days: Days = 10,
    payers: Payers = 3,
    faults: Faults = "all",
    only: Only = "",
    seeds: Seeds = 1,
    forever: Forever = False,
    trace: TraceTo = None,
) -> None:
    """Simulate days by a seed. Exit status 0 when every rule held, 1 with the shortest history that breaks one."""
    if is_production():
        typer.secho("The simulator does not run in production.", fg="red", err=True)
        raise typer.Exit(2)
    prepare(database=False)
    from canbao.site.postgres import PostgresUnavailable
    from simulation.ground import held
    from simulation.plan import Shape, faults_of
    from simulation.runs import Simulator

    steps = _numbers(only)
    try:
        shape = Shape(days=days, payers=payers, faults=faults_of(faults))
    except ValueError as wrong:
        typer.secho(str(wrong), fg="red", err=True)
        raise typer.Exit(2) from wrong
    first = secrets.randbelow(SEEDS_MOST) if seed is None else seed
    try:
        with held() as folder:
            _play(Simulator(shape, folder), first, None if forever else seeds, only=steps, faults=faults, trace=trace)
    except PostgresUnavailable as unavailable:
        typer.secho(str(unavailable), fg="red", err=True)
        raise typer.Exit(2) from unavailable


def _numbers(only: str) -> tuple[int, ...]:
    """The numbers of steps in a list with commas."""
    words = [word.strip() for word in only.split(",") if word.strip()]
    if not all(word.isascii() and word.isdigit() for word in words):
        typer.secho("--only takes numbers of steps with commas, such as 3,17,22.", fg="red", err=True)
        raise typer.Exit(2)
    return tuple(int(word) for word in words)


def _play(
    simulator: Simulator, first: int, count: int | None, *, only: tuple[int, ...], faults: str, trace: Path | None
) -> None:
    """Play seed after seed, so many or without end; the first that breaks a rule is shortened, told, and ends it."""
    from simulation.plan import draw_history
    from simulation.runs import report

    began_at, seed = time.monotonic(), first
    while count is None or seed < first + count:
        played = simulator.run(seed, only=only)
        if trace is not None:
            trace.write_text("\n".join(played.trace) + "\n", encoding="utf-8")
        if played.broken:
            typer.echo(f"Seed {seed}: broken. Looking for a shorter history ...", err=True)
            history = draw_history(seed, simulator.shape)
            steps = [step for step in history if not only or step.no in only]
            typer.echo(report(simulator.shorten(played, steps), faults=faults))
            raise typer.Exit(1)
        seed += 1
        rate = (seed - first) * 60 / (time.monotonic() - began_at)
        typer.echo(
            f"Seed {played.seed}: {played.days} days, every rule held, trace {played.digest}; {rate:.1f} seeds/min"
        )
