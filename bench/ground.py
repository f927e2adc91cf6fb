"""The ground a benchmark stands on: a database of its own, processes of its own, and nothing left behind.

The database is made from the migrations on the embedded server, with every durability setting as in production, and
dropped at the end. Keys, sandbox and logs lie in a folder that goes with it. The environment of this process names them
while the ground is held, so that journeys called here and processes started from here meet the same database, and is
put back afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from bench.processor_time import seconds_of
from canbao.kernel.clock import ShiftedClock, clock_from, shift_setting
from canbao.kernel.connections import close_pool, owner_connection
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import ring
from canbao.site import postgres

ROOT = Path(__file__).resolve().parents[1]
SQL = Path(__file__).resolve().parent / "sql"
NANCHANG = RegionCode(360100)
INSURED_YEAR = 2025
BUSINESS_DATE = "2024-11-15"
"""A day on which Nanchang's window for the insured year is open."""

START_S_MAX = 60.0
STOP_S_MAX = 20.0
MIGRATE_S_MAX = 300


class BenchFailed(RuntimeError):
    """A benchmark could not be run or its outcome was wrong; the text says which and what was found."""


class BenchUnavailable(BenchFailed):
    """This machine lacks what the benchmark needs; the text says what. Running every benchmark passes over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which embedded server carries the database. Only a durable one gives figures worth telling."""

    root: Path | None = None
    durable: bool = True


DURABLE = Cluster()


@dataclass(slots=True, kw_only=True)
class Ground:
    """A migrated, empty database and what a benchmark needs around it. `clock` runs; it is only shifted."""

    address: postgres.Address
    database: str
    cluster: Cluster
    clock: ShiftedClock
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def execute(self, name: str, **params: object) -> int:
        """Run a statement of `bench/sql` as the owner; answers the rows touched."""
        text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        with owner_connection() as session:
            session.execute("SET statement_timeout = 0")
            return session.execute(text, {"region_code": int(NANCHANG), **params} if "%(" in text else None).rowcount

    def ask(self, question: str) -> int:
        """The one number that a question about the database answers."""
        with owner_connection() as session:
            found = session.execute(question.encode()).fetchone()
        assert found is not None, "a count answers with one row"
        return int(found[0])

    def settle_down(self, *tables: str) -> None:
        """Vacuum, analyse and checkpoint, as a server does by itself in time: neither side then pays for what came
        before it.
        """
        with owner_connection() as session:
            session.execute("SET statement_timeout = 0")
            names = sql.SQL(", ").join(map(sql.Identifier, tables))
            session.execute(sql.SQL("VACUUM (ANALYZE) {}").format(names))
            session.execute("CHECKPOINT")

    def empty(self, *tables: str) -> None:
        """Take every row of these tables away, and of those that refer to them: a round begins on empty tables."""
        with owner_connection() as session:
            session.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, tables))))

    def cpu_seconds(self) -> float:
        """Processor seconds used so far by this process, those it started, and the database server."""
        server = postgres.status(self.cluster.root).process_id
        assert server is not None, "the server that was started runs"
        return seconds_of([os.getpid(), server])

    def spawn(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a Python process that is stopped with the ground; its output goes to a log beside the database's."""
        with self.log(name).open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *arguments],
                    cwd=ROOT,
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def log(self, name: str) -> Path:
        """Where a process of this name writes."""
        return self.folder / f"{name}.log"

    def wait_for(self, url: str) -> None:
        """Wait until an address answers 200. Raises BenchFailed when a process ends or time runs out."""
        until = time.monotonic() + START_S_MAX
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < until:
                try:
                    if client.get(url).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                self.refuse_a_dead_process()
                threading.Event().wait(0.05)
        message = f"{url} did not answer within {START_S_MAX:.0f} s"
        raise BenchFailed(message)

    def refuse_a_dead_process(self) -> None:
        """Raises BenchFailed when a process that should run has ended, with the end of what it said."""
        for process in self.processes:
            if process.poll() is not None:
                said = "".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))
                message = f"{process.args!r} ended by itself:\n{said}"
                raise BenchFailed(message)

    def stop_processes(self) -> None:
        """Stop what was spawned, the last first; gently, and then not."""
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            try:
                process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def ground(name: str, cluster: Cluster = DURABLE) -> Iterator[Ground]:
    """A fresh ground for a benchmark; whatever happens, its processes are stopped and its database dropped."""
    clock = clock_from(BUSINESS_DATE)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="canbao-bench-")))
        address = postgres.start(cluster.root, durable=cluster.durable)
        _drop_what_was_left(address)
        database = f"bench_{name}_{os.getpid()}"
        stack.callback(postgres.drop_database, address, database)
        postgres.create_database(address, database)
        stack.enter_context(_environment(address.url(database), folder, clock))
        _migrate()
        found = Ground(address=address, database=database, cluster=cluster, clock=clock, folder=folder)
        stack.callback(found.stop_processes)
        yield found


def _drop_what_was_left(address: postgres.Address) -> None:
    """Drop the databases of benchmarks that were killed: each names the process that made it."""
    with psycopg.connect(address.url("postgres")) as session:
        names = [
            row[0] for row in session.execute("SELECT datname FROM pg_database WHERE datname ~ '^bench_.*_[0-9]+$'")
        ]
    for database in names:
        process_id = database.rpartition("_")[2]
        if process_id == str(os.getpid()) or not Path(f"/proc/{process_id}").exists():
            postgres.drop_database(address, database)


@contextmanager
def _environment(url: str, folder: Path, clock: ShiftedClock) -> Iterator[None]:
    """This process and its children speak to the ground's database, with keys and logs of the ground's own."""
    before = dict(os.environ)
    os.environ.update(
        DATABASE_URL=url,
        CANBAO_STATE_DIR=str(folder / "state"),
        CANBAO_CLOCK=shift_setting(clock),
        CANBAO_STATEMENT_TIMEOUT="600s",
        DJANGO_SETTINGS_MODULE="canbao.site.settings",
        PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT), before.get("PYTHONPATH")])),
    )
    for outside in ("CANBAO_ENVIRONMENT", "CANBAO_SEAL_KEYS", "CANBAO_DIGEST_KEY"):
        os.environ.pop(outside, None)
    _forget_what_was_read()
    try:
        yield
    finally:
        _forget_what_was_read()
        os.environ.clear()
        os.environ.update(before)


def _forget_what_was_read() -> None:
    from canbao.channels import catalogue

    close_pool()
    ring.cache_clear()
    catalogue.forget()


def _migrate() -> None:
    command = [sys.executable, "-m", "canbao.site.cli.main", "migrate"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=MIGRATE_S_MAX)
    if done.returncode:
        message = f"the database could not be migrated:\n{done.stdout}{done.stderr}"
        raise BenchFailed(message)
