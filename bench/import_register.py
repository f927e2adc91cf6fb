"""A register file into the register: read, checked, digested, sealed, written, and named in the directory.

The floor is told the answer: the rows that the import wrote are copied out as PostgreSQL's own COPY format, the tables
are emptied, and COPY takes the same bytes back into them, into the same indexes and constraints.
"""

from __future__ import annotations

import time
from pathlib import Path

from psycopg import sql

from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, INSURED_YEAR, NANCHANG, BenchFailed, Cluster, Ground, ground
from canbao.journeys.import_register import import_register
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.connections import owner_connection
from canbao.policy import public as policy
from canbao.registry import public as registry

SEED = 7
ROUNDS = 3
WRITTEN = ("registry_family", "registry_person", "registry_enrolment", "registry_identity", "registry_directory")
"""What an import writes, those referred to first."""

_COPY_BYTES = 1 << 20


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Import a made-up register of `size` persons, and let the floor copy the same rows; several times, each anew."""
    with ground("import_register", cluster) as found:
        path = write_register(found, size)
        return measured(size, [_round(found, path, size) for _ in range(ROUNDS)])


def _round(ground: Ground, path: Path, size: int) -> Round:
    ground.empty(*WRITTEN)
    ground.settle_down(*WRITTEN)
    cpu_before, before = ground.cpu_seconds(), time.perf_counter()
    report = import_register(NANCHANG, path, clock=ground.clock)
    seconds, cpu_seconds = time.perf_counter() - before, ground.cpu_seconds() - cpu_before
    if (report.new_count, report.refused_count) != (size, 0):
        message = f"{size} new persons stand in the file; {report.new_count} were taken as new"
        raise BenchFailed(message)
    return Round(item_count=size, seconds=seconds, floor_seconds=_floor(ground), cpu_seconds=cpu_seconds)


def write_register(ground: Ground, persons: int) -> Path:
    """Publish Nanchang's values and make up a register file of so many persons."""
    publish_policy([policy.VALUES / str(NANCHANG) / f"{INSURED_YEAR}.yaml"], by="bench", clock=ground.clock)
    path = ground.folder / "register.csv"
    registry.write_made_up_register(path, NANCHANG, persons=persons, seed=SEED, on=ground.clock.today())
    return path


def _floor(ground: Ground) -> float:
    """Copy the rows out, empty the tables, copy them in; answers the seconds of the latter."""
    counts = {table: _copy_out(ground, table) for table in WRITTEN}
    ground.empty(*WRITTEN)
    ground.settle_down(*WRITTEN)
    before = time.perf_counter()
    copied = {table: _copy_in(ground, table) for table in WRITTEN}
    seconds = time.perf_counter() - before
    if copied != counts:
        message = f"COPY took back {copied} of {counts}"
        raise BenchFailed(message)
    return seconds


def _copy_out(ground: Ground, table: str) -> int:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with owner_connection() as session, session.cursor() as cursor, _file(ground, table).open("wb") as file:
        with cursor.copy(statement) as copy:
            for piece in copy:
                file.write(piece)
        return cursor.rowcount


def _copy_in(ground: Ground, table: str) -> int:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with owner_connection() as session, session.cursor() as cursor, _file(ground, table).open("rb") as file:
        with cursor.copy(statement) as copy:
            while piece := file.read(_COPY_BYTES):
                copy.write(piece)
        return cursor.rowcount


def _file(ground: Ground, table: str) -> Path:
    return ground.folder / f"{table}.copy"
