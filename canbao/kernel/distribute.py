"""Sharding by region, on Citus; on any other PostgreSQL there is nothing to do.

The schema obeys the rules of sharding from its first migration (`tests/project/test_catalogue.py` reads the catalogue
and proves it), so this is the one extra step. Small national tables are copied to every node; the directory of persons
is spread by its own key; every regional table is spread by `region_code` and lies beside the others, so that a
region's transaction stays on one node. A table is given its place once: running this again finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from psycopg.rows import class_row

from canbao.kernel.connections import owner_connection
from canbao.kernel.errors import Retry, declare
from canbao.kernel.regions import LOCAL_PREFIXES, LOCAL_TABLES, NATIONAL_TABLES, REFERENCE_TABLES
from canbao.kernel.sql import Statements

statements = Statements(__package__)

SHARD_COUNT = 64
"""Computed for 403 regions of very different size: the heaviest of four nodes carries 1.12 times the mean."""

TABLES_IN_A_RING = declare(
    "kernel.tables_in_a_ring",
    Retry.NEVER,
    "这些表互相引用，无法决定先后：{tables}",
    "These tables refer to each other in a ring, so none can be distributed first: {tables}",
)


class Place(StrEnum):
    """Where a table's rows lie."""

    LOCAL = "local"
    REFERENCE = "reference"
    NATIONAL = "national"
    REGIONAL = "regional"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the database: its name, the first column of its primary key, and the tables its rows refer to."""

    name: str
    first_key_column: str
    parents: Sequence[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One table's place, and the statement that gives it to it; none for a table that stays where it is."""

    table: str
    place: Place
    statement: str | None


def place_of(table: str) -> Place:
    """Where a table belongs, by the lists of `kernel.regions`: what is on none of them is regional."""
    if table in REFERENCE_TABLES:
        return Place.REFERENCE
    if table in NATIONAL_TABLES:
        return Place.NATIONAL
    if table in LOCAL_TABLES or table.startswith(LOCAL_PREFIXES):
        return Place.LOCAL
    return Place.REGIONAL


def plan(tables: Collection[Table]) -> tuple[Step, ...]:
    """Every table once, parents before children. Pure. Errors: `kernel.tables_in_a_ring`."""
    steps: list[Step] = []
    first_regional: str | None = None
    for table in _parents_first({table.name: table for table in tables}):
        place = place_of(table.name)
        statement: str | None = None
        if place is Place.REFERENCE:
            statement = f"SELECT create_reference_table('{table.name}')"
        elif place is Place.NATIONAL:
            statement = _spread(table.name, table.first_key_column, beside=None)
        elif place is Place.REGIONAL:
            statement = _spread(table.name, "region_code", beside=first_regional)
            first_regional = first_regional or table.name
        steps.append(Step(table.name, place, statement))
    return tuple(steps)


def distribute() -> list[str]:
    """Give every table its place on Citus, and answer what was done, one line a table. Repeatable.

    Empty where there is nothing to do: on a PostgreSQL without Citus, and where every table has its place already.
    """
    done: list[str] = []
    with owner_connection() as session:
        if session.execute(_text("find_citus")).fetchone() is None:
            return done
        session.execute(f"SET citus.shard_count TO {SHARD_COUNT}")
        session.execute("SET citus.enable_local_reference_table_foreign_keys TO off")
        placed = {row[0] for row in session.execute(_text("list_sharded_tables")).fetchall()}
        with session.cursor(row_factory=class_row(Table)) as cursor:
            tables = cursor.execute(_text("list_tables_with_parents")).fetchall()
        for step in plan(tables):
            if step.statement is not None and step.table not in placed:
                session.execute(step.statement.encode())
                done.append(f"{step.table}: {step.place}")
    return done


def _spread(table: str, column: str, *, beside: str | None) -> str:
    return f"SELECT create_distributed_table('{table}', '{column}', colocate_with => '{beside or 'none'}')"


def _parents_first(tables: Mapping[str, Table]) -> list[Table]:
    ordered: list[Table] = []
    left = dict(sorted(tables.items()))
    while left:
        ready = [table for table in left.values() if not (set(table.parents) - {table.name}).intersection(left)]
        if not ready:
            raise TABLES_IN_A_RING(tables=", ".join(left))
        ordered += ready
        for table in ready:
            del left[table.name]
    return ordered


def _text(name: str) -> bytes:
    return statements[name].text.encode()
