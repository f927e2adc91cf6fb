"""Rules for how statements and Python meet: each file is used, each name used is a file, migrations make what shards.

These look at a room as a whole, not at one file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.tidy.findings import Finding, line_of
from tools.tidy.python_files import nodes

_NAMES_A_STATEMENT = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_SCHEMA_BANS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:Big|Small)?AutoField\("), "make the id before the insert: no counted keys"),
    (re.compile(r"\bPositive\w*IntegerField\("), "use an integer field and a named CHECK"),
    (
        re.compile(r"\b(?:ForeignKey|OneToOneField|ManyToManyField)\("),
        "write a composite foreign key, region first, by RunSQL",
    ),
    (re.compile(r"\bunique=True"), "write a named UniqueConstraint with the region first"),
    (re.compile(r"\bdeferrable=|(?<!NOT )\bDEFERRABLE\b"), "constraints are checked at once: NOT DEFERRABLE"),
    (
        re.compile(r"\bON\s+DELETE\s+(?:CASCADE|SET)\b", re.I),
        "a row that is referred to stays: no cascade, no SET NULL",
    ),
    (
        re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:TRIGGER|RULE)\b", re.I),
        "no triggers and no rules on tables that shard",
    ),
    (re.compile(r"\b(?:BIG|SMALL)?SERIAL\b|\bGENERATED\s+\w+(?:\s+\w+)?\s+AS\s+IDENTITY\b", re.I), "no counted keys"),
)


def room_findings(root: Path, room: Path) -> Iterator[Finding]:
    """What is amiss between a room's statements, its Python and its migrations."""
    yield from statements_and_names_agree(root, room)
    for file in [*sorted((room / "migrations").glob("*.py")), room / "models.py"]:
        if file.exists():
            yield from makes_what_shards(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))


def statements_and_names_agree(root: Path, room: Path) -> Iterator[Finding]:
    """Every statement is used by its room, and every `statements["..."]` is a file."""
    files = {file.stem: file for file in (room / "sql").glob("*.sql")}
    used: set[str] = set()
    for file in sorted(room.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in nodes(text):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and _NAMES_A_STATEMENT.fullmatch(node.value)
            ):
                used.add(node.value)
            if isinstance(node, ast.Subscript) and _is_statements(node.value) and isinstance(node.slice, ast.Constant):
                name = str(node.slice.value)
                if name not in files:
                    yield Finding(
                        file.relative_to(root).as_posix(), node.lineno, "sql-missing", f"there is no sql/{name}.sql"
                    )
    for name in sorted(set(files) - used):
        yield Finding(
            files[name].relative_to(root).as_posix(), 1, "sql-unused", "nothing in the room names it; delete the file"
        )


def _is_statements(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.lower().strip("_") == "statements"


def makes_what_shards(path: str, text: str) -> Iterator[Finding]:
    """A room's tables have no counted keys, no references that act by themselves, no triggers."""
    for pattern, advice in _SCHEMA_BANS:
        for match in pattern.finditer(text):
            yield Finding(path, line_of(text, match.start()), "schema", advice)
