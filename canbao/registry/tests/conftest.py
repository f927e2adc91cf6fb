"""Rows and what the register holds, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import national_tx, region_tx
from canbao.registry import public as registry
from canbao.registry.columns import Column, read_header
from canbao.registry.public import PreparedRows, RowStatus
from tests.owner import as_owner

HEADER = (*Column,)
LAYOUT = read_header(HEADER, file="a.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A clerk's desk in one region: rows go in, statuses come out."""

    region: RegionCode
    clock: FixedClock

    def prepared(self, *rows: dict[str, str]) -> PreparedRows:
        """Rows as the import prepares them, from line 2 on."""
        lines = [
            (line, [{Column[key]: text for key, text in row.items()}.get(column, "") for column in HEADER])
            for line, row in enumerate(rows, start=2)
        ]
        chunk = registry.prepare(self.region, lines, LAYOUT, self.clock.today())
        assert [problem for problem in chunk.problems if not problem.is_warning] == []
        return chunk.rows

    def take(self, *rows: dict[str, str]) -> list[RowStatus]:
        """Import rows as one batch and name them in the directory."""
        prepared = self.prepared(*rows)
        with region_tx(self.region) as tx:
            statuses = registry.import_rows(
                tx, prepared, import_id=uuid7(self.clock.now()), now=self.clock.now(), today=self.clock.today()
            )
        with national_tx() as tx:
            registry.record_in_directory(tx, self.region, prepared, statuses)
        return statuses

    def person_id(self, row: dict[str, str]) -> UUID:
        """The id that a row's person has here."""
        return self.prepared(row).person_id[0]

    def person(self, row: dict[str, str]) -> registry.Person:
        """The person of a row, as the register opens her."""
        return registry.person(self.region, self.person_id(row))


@pytest.fixture
def desk(db: None, region: RegionCode) -> Desk:
    """The desk in Nanchang, on a clock of its own that may be moved."""
    return Desk(region=region, clock=FixedClock(datetime(2024, 11, 15, 2, 0, tzinfo=UTC)))


@pytest.fixture
def other_desk(db: None, other_region: RegionCode) -> Desk:
    """The desk in the other region."""
    return Desk(region=other_region, clock=FixedClock(datetime(2024, 11, 15, 2, 0, tzinfo=UTC) + timedelta(hours=1)))


@pytest.fixture
def asked(db: None) -> Callable[[str], Sequence[tuple[Any, ...]]]:
    """Ask the database as its owner."""

    def ask(query: str) -> Sequence[tuple[Any, ...]]:
        with as_owner() as session:
            return session.execute(query).fetchall()

    return ask


@pytest.fixture
def everything(asked: Callable[[str], Sequence[tuple[Any, ...]]]) -> Callable[[], str]:
    """A digest of every row of the register, to show that nothing changed."""
    tables = ("person", "person_history", "family", "enrolment", "identity", "directory")

    def digest() -> str:
        content = "count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        return " ".join(str(asked(f"SELECT {content} FROM registry_{table} t")[0]) for table in tables)

    return digest
