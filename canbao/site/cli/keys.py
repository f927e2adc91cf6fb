"""`canbao keys`: the key ring that seals personal data."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from canbao.site.start import prepare

app = typer.Typer(help="The key ring that seals personal data.", no_args_is_help=True)

Add = Annotated[bool, typer.Option("--add", help="Add a new development key first (production: CANBAO_SEAL_KEYS).")]


@app.callback()
def keys() -> None:
    """The key ring that seals personal data."""


@app.command()
def rotate(add: Add = False) -> None:
    """Re-seal everything under the newest key. Stop it whenever you like; run again, it goes on with what is left.

    A running worker does the same in the background every half hour. When this says that nothing is left, the old key
    can be taken off the ring.
    """
    prepare()
    from canbao.journeys.rotate_keys import rotate_keys
    from canbao.kernel.sealing import add_development_key, ring
    from canbao.site.schedule import regions

    if add:
        typer.echo(f"Key {add_development_key()} was added and seals from now on.")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("re-sealed rows", total=None)
        done = rotate_keys(regions(), progress=lambda rows: progress.advance(task, rows))
    typer.echo(f"{done} rows were re-sealed under key {ring().current_id}; nothing is left under an older one.")
