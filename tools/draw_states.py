"""Draws every state machine of the rooms into docs/states.md, from the same tables that guard the database.

`python -m tools.draw_states` writes the page; a test compares it with what this would write.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from canbao.kernel.states import StateMachine

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/states.md"

HEAD = """# The lives of things

Each drawing is made from the table in the room's `states.py` by `python -m tools.draw_states`. That table is also the
guard in the database (a statement moves a row only where its state is one of the event's sources) and the list that the
tests go through.
"""


def machines() -> list[tuple[str, StateMachine]]:
    """Every state machine with the file it is written in, by room, in the order of the file."""
    found: list[tuple[str, StateMachine]] = []
    for file in sorted(ROOT.glob("canbao/*/states.py")):
        if file.parent.name == "kernel":
            continue
        module = import_module(f"canbao.{file.parent.name}.states")
        place = file.relative_to(ROOT).as_posix()
        found += [(place, value) for value in vars(module).values() if isinstance(value, StateMachine)]
    return found


def drawing(machine: StateMachine) -> str:
    """A machine as a mermaid diagram: where it begins, each edge, where it ends."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in machine.initial]
    lines += [f"    {source} --> {edge.target}: {edge.event}" for edge in machine.edges for source in edge.sources]
    lines += [f"    {state} --> [*]" for state in machine.states if str(state) in machine.terminal]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for place, machine in machines():
        title = machine.name[0].upper() + machine.name[1:]
        said = import_module(place.removesuffix(".py").replace("/", ".")).__doc__ or ""
        told = said.strip() if machine is _first_of(place) else ""
        parts.append(
            f"## {title}\n\nFrom [{place}](../{place}).{_paragraphs(told)}\n\n```mermaid\n{drawing(machine)}\n```\n"
        )
    return "\n".join(parts)


def _first_of(place: str) -> StateMachine:
    return next(machine for found, machine in machines() if found == place)


def _paragraphs(docstring: str) -> str:
    return f"\n\n{docstring}" if docstring else ""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(machines())} machines")


if __name__ == "__main__":
    main()
