"""Running SQL: one statement per file, arrays in, rows out, the region supplied by the transaction.

A room's `store.py` names its statements and maps their rows to dataclasses; nothing else runs SQL. What writes takes a
`Tx`, which only a journey can obtain (`kernel.transactions`); what only reads may ask for a `Reader` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

from psycopg.copy import LibpqWriter
from psycopg.rows import class_row

from canbao.kernel.arrays import written
from canbao.kernel.connections import Connection, asking
from canbao.kernel.regions import RegionCode

Row = TypeVar("Row")

_WRITES = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE)\b|\b(INSERT\s+INTO|UPDATE\s+\w+|DELETE\s+FROM)\b|\bFOR\s+(NO\s+KEY\s+)?UPDATE\b",
    re.I,
)
_BINARY = re.compile(r"%\((\w+)\)b")
_COMMENT = re.compile(r"--[^\n]*")

COPY_AHEAD_BYTES = 4 << 20
"""How much of a COPY may wait in this process for a database that is slower than who writes it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a room, as its file says it."""

    name: str
    text: str
    writes: bool
    binary: frozenset[str] = frozenset()
    """Parameters that the text wants in binary (`%(ids)b`): the driver writes those."""


class Statements:
    """The statements in a room's `sql` folder, read once each: `statements["mark_bills_paid"]`."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._read: dict[str, Statement] = {}

    def __getitem__(self, name: str) -> Statement:
        found = self._read.get(name)
        if found is None:
            text = resources.files(self._package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
            bare = _COMMENT.sub("", text).strip()
            found = Statement(
                f"{self._package}.{name}",
                bare,
                writes=_WRITES.search(bare) is not None,
                binary=frozenset(_BINARY.findall(bare)),
            )
            self._read[name] = found
        return found


class Reader:
    """A place to run statements that only read, for one region (or for the nation, where `region` is None)."""

    def __init__(self, session: Connection, region: RegionCode | None) -> None:
        self._session = session
        self.region = region

    def rows(self, statement: Statement, row: type[Row], **params: object) -> list[Row]:
        """The rows as objects of `row`, whose fields are the result's columns."""
        self._refuse(statement)
        with self._session.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(statement.text, self._given(statement, params)).fetchall()

    def one(self, statement: Statement, row: type[Row], **params: object) -> Row | None:
        """The only row, or None. Raises AssertionError for more than one: the statement promised at most one."""
        found = self.rows(statement, row, **params)
        assert len(found) <= 1, f"{statement.name} gave {len(found)} rows where at most one was promised"
        return found[0] if found else None

    def tuples(self, statement: Statement, **params: object) -> list[tuple[Any, ...]]:
        """The rows as plain tuples: for the hot path."""
        self._refuse(statement)
        return self._session.execute(statement.text, self._given(statement, params)).fetchall()

    def scalars(self, statement: Statement, **params: object) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self.tuples(statement, **params)]

    def _refuse(self, statement: Statement) -> None:
        assert not statement.writes, f"{statement.name} writes, and this is a place to read"

    def _given(self, statement: Statement, params: dict[str, object]) -> dict[str, object]:
        """What the driver is given: the region, and every list as an array.

        Not those wanted in binary: their cast from text would be done once for every row of the table.
        """
        given = {
            name: written(value) if isinstance(value, list) and name not in statement.binary else value
            for name, value in params.items()
        }
        return given if self.region is None else {"region_code": int(self.region), **given}


class Tx(Reader):
    """An open transaction: the capability to write. Journeys obtain it; front doors take it as their first argument."""

    def run(self, statement: Statement, **params: object) -> int:
        """Run a statement that returns no rows; answers how many rows it touched."""
        with self._session.cursor() as cursor:
            return cursor.execute(statement.text, self._given(statement, params)).rowcount

    def copy(self, into: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Stream rows into a table with COPY; answers how many. `into` and `columns` are our own words, never input."""
        count = 0
        target = f"COPY {into} ({', '.join(columns)}) FROM STDIN"
        with self._session.cursor() as cursor, cursor.copy(target) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def copy_text(self, into: str, columns: Sequence[str], blocks: Iterable[str]) -> int:
        """Stream rows that the caller has written in COPY's text form (tabs, line ends, `\\N`); answers how many.

        For a million rows: the driver's own writing costs twice as much. The caller escapes what is not plain.
        """
        target = f"COPY {into} ({', '.join(columns)}) FROM STDIN"
        with self._session.cursor() as cursor:
            # The caller goes on with the next block while the database still reads this one.
            with cursor.copy(target, writer=LibpqWriter(cursor, flush_threshold=COPY_AHEAD_BYTES)) as copy:
                for block in blocks:
                    copy.write(block)
            return cursor.rowcount

    def _refuse(self, statement: Statement) -> None:
        """A transaction may read and write."""


open_tx: ContextVar[Tx | None] = ContextVar("open_tx", default=None)
"""The transaction this thread has open, if any: a read inside a journey sees what the journey wrote."""


@contextmanager
def reading(region: RegionCode) -> Iterator[Reader]:
    """A place to read one region. Inside a journey's transaction on that region it is that transaction."""
    with _reader(region) as found:
        yield found


@contextmanager
def national_reading() -> Iterator[Reader]:
    """A place to read what is not regional: reference tables and the directory."""
    with _reader(None) as found:
        yield found


@contextmanager
def _reader(region: RegionCode | None) -> Iterator[Reader]:
    current = open_tx.get()
    if current is not None and (region is None or current.region == region):
        yield current if current.region == region else Reader(current._session, region)
        return
    with asking() as session:
        yield Reader(session, region)
