"""Every statement of every room, against a real, empty schema: PostgreSQL understands it, and its parameters are used.

House rules about the text of a statement are tested in `test_tidy.py`; here each is prepared, which finds a misspelt
column, a missing cast or a table that is gone before any page does.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import psycopg
import pytest

from canbao.kernel.connections import connection
from tools.tidy import sql_files

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("canbao/*/sql/*.sql"))
PARAMETER = re.compile(r"%\((\w+)\)[sbt]")


def identity(path: Path) -> str:
    """How a statement is called in the report."""
    return f"{path.parts[-3]}.{path.stem}"


def numbered(text: str) -> str:
    """The statement with `$1`, `$2` for its named parameters, as the driver sends it."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match.group(1) not in names:
            names.append(match.group(1))
        return f"${names.index(match.group(1)) + 1}"

    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return PARAMETER.sub(number, bare).replace("%%", "%")


def test_every_room_with_tables_has_statements() -> None:
    assert {path.parts[-3] for path in FILES} >= {
        "kernel", "policy", "registry", "ledger", "billing", "payments", "coverage", "documents",
    }  # fmt: skip
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_statement_keeps_the_rules_and_postgresql_understands_it(path: Path, database: str) -> None:
    text = path.read_text(encoding="utf-8")
    below = PurePosixPath(path.relative_to(ROOT).as_posix())
    assert [str(finding) for rule in sql_files.RULES for finding in rule(below, text)] == []
    if "Citus only" in sql_files.header(text):
        return
    with connection() as session:
        session.execute(b"PREPARE asked AS " + numbered(text).encode())
        try:
            (names,) = session.execute(
                "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'"
            ).fetchone() or ([],)
        finally:
            session.execute("DEALLOCATE asked")
    assert len(names) == len(set(PARAMETER.findall(text)))


def test_what_postgresql_does_not_understand_fails(database: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedColumn), connection() as session:
        session.execute(b"PREPARE asked AS " + numbered("SELECT gone FROM billing_bill WHERE id = %(id)s").encode())
