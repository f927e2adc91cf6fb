"""Connections that die while they lie in the pool: whoever asks next meets a living one, and no request is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from canbao.kernel.connections import APP_ROLE, asking, close_pool, connection, owner_connection
from canbao.kernel.regions import RegionCode
from canbao.kernel.sharing import one_connection
from canbao.kernel.sql import Statement, reading
from canbao.kernel.transactions import region_tx
from canbao.site import postgres

BACKEND = Statement("which_backend", "SELECT pg_backend_pid()", False)


IDLE = 30
"""As many as would take a minute and more if each that is dead were waited for longer than the one before."""


def end_all(backends: set[int]) -> None:
    """The server ends these sessions."""
    with owner_connection() as owner:
        # With a timeout it answers once the backend is gone.
        ended = owner.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s::int[]) AS pid", [sorted(backends)]
        )
        assert ended.fetchall() == [(True,)] * len(backends)


def backends_of_threads(count: int) -> set[int]:
    """Take so many connections at once; answers which backends served them."""
    found: set[int] = set()
    all_there = threading.Barrier(count)

    def ask() -> None:
        with connection() as session:
            found.add(session.info.backend_pid)
            all_there.wait(20)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of its own that may be restarted, as this process's database."""
    root = tmp_path / "postgres"
    try:
        address = postgres.start(root, durable=False)
        with psycopg.connect(address.url(), autocommit=True) as session:
            session.execute(f"CREATE ROLE {APP_ROLE}".encode())
        close_pool()
        monkeypatch.setenv("DATABASE_URL", address.url())
        yield root
    finally:
        close_pool()
        postgres.destroy(root)


def test_nobody_notices_that_the_server_ended_every_idle_session(db: None) -> None:
    before = backends_of_threads(IDLE)
    end_all(before)

    after = backends_of_threads(4)

    assert (len(before), len(after)) == (IDLE, 4)
    assert before.isdisjoint(after)


def test_nobody_rests_between_one_dead_connection_and_the_next(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = backends_of_threads(IDLE)
    end_all(before)
    rests: list[float] = []
    monkeypatch.setattr("psycopg_pool.pool.sleep", rests.append)

    with connection() as session:
        assert session.info.backend_pid not in before

    assert rests == []


def test_nobody_notices_that_the_server_was_restarted(cluster: Path) -> None:
    before = backends_of_threads(3)
    assert postgres.stop(cluster) is True
    postgres.start(cluster, durable=False)

    with connection() as session:
        assert session.execute("SELECT 42").fetchone() == (42,)
        assert session.info.backend_pid not in before


def test_a_connection_on_which_the_server_only_told_something_is_kept(db: None) -> None:
    # One connection: a pool of several hands them out in turn.
    close_pool()
    with connection() as session:
        backend = session.info.backend_pid
        session.execute("LISTEN told")
    with owner_connection() as owner:
        owner.execute("NOTIFY told")

    with connection() as session:
        assert session.info.backend_pid == backend
        session.execute("UNLISTEN told")


def test_one_connection_serves_every_reader_and_never_a_transaction(db: None, region: RegionCode) -> None:
    with one_connection():
        with asking() as session:
            held = session.info.backend_pid
        with reading(region) as reader:
            assert reader.scalars(BACKEND) == [held]
        with region_tx(region) as tx:
            assert tx.scalars(BACKEND) != [held]
            with reading(region) as reader:
                assert reader.scalars(BACKEND) == tx.scalars(BACKEND)


def prepared() -> dict[str, int]:
    """The statements that the connection at hand has prepared, and how often their plan was used."""
    with connection() as session:
        told = session.execute(
            "SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements", prepare=False
        )
        return {str(text): int(count) for text, count in told.fetchall()}


def test_a_transaction_that_is_rolled_back_leaves_what_is_prepared(database: str, region: RegionCode) -> None:
    close_pool()
    statement = Statement("seven", "SELECT 7 AS rolled_back_or_not", False)
    for _ in range(5):
        with region_tx(region) as tx:
            tx.scalars(statement)
    before = prepared()["SELECT 7 AS rolled_back_or_not"]
    with pytest.raises(ZeroDivisionError), region_tx(region) as tx:
        tx.scalars(statement)
        raise ZeroDivisionError
    with region_tx(region) as tx:
        assert tx.scalars(statement) == [7]
    assert prepared()["SELECT 7 AS rolled_back_or_not"] == before + 2


def test_a_statement_whose_answer_a_migration_changed_fails_once(database: str, region: RegionCode) -> None:
    close_pool()
    statement = Statement("changing", "SELECT amount FROM changing_under_us", False)
    with owner_connection() as owner:
        owner.execute("CREATE TABLE changing_under_us AS SELECT 7 AS amount")
        owner.execute(f"GRANT SELECT ON changing_under_us TO {APP_ROLE}")
        try:
            for _ in range(5):
                with reading(region) as reader:
                    assert reader.scalars(statement) == [7]
            owner.execute("ALTER TABLE changing_under_us ALTER COLUMN amount TYPE text")
            with pytest.raises(psycopg.errors.FeatureNotSupported), region_tx(region) as tx:
                tx.scalars(statement)
            with region_tx(region) as tx:
                assert tx.scalars(statement) == ["7"]
        finally:
            owner.execute("DROP TABLE changing_under_us")
