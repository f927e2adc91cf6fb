"""What the running programs may do to the database, and that they need no more of it than that."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import close_pool, connection
from canbao.site.start import prepare
from canbao.site.worker import deliver_once, settle_once
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE registry_person",
        "TRUNCATE kernel_throttle",
        "ALTER TABLE ledger_transfer DISABLE TRIGGER ALL",
        "ALTER TABLE registry_person ADD COLUMN name text",
        "CREATE TABLE kept_aside (name text)",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE canbao_other",
        "COPY registry_person TO PROGRAM 'cat'",
        "COPY registry_person TO '/tmp/canbao_register'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_the_application_may_not_change_the_schema_or_reach_the_machine(statement: str) -> None:
    with connection() as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement.encode())


@pytest.fixture
def lesser_login(monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[str]:
    """The database's address for a login that is a member of `canbao_app` and nothing else."""
    login = "canbao_" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    with as_owner() as session:
        session.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE canbao_app").format(sql.Identifier(login)))
    monkeypatch.setenv("DATABASE_URL", make_conninfo(database, user=login))
    close_pool()
    yield login
    close_pool()
    monkeypatch.setenv("DATABASE_URL", database)
    with as_owner() as session:
        session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


def test_processes_run_with_a_login_that_cannot_become_the_owner(
    lesser_login: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canbao.site.logs.configure", lambda: None)
    prepare()

    assert (settle_once(clock), deliver_once(clock)) == (0, 0)
    with connection() as session:
        assert session.execute("SELECT session_user, current_user").fetchone() == (lesser_login, "canbao_app")
        session.execute("SET ROLE NONE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("UPDATE ledger_transfer SET amount_fen = 1")
        session.execute("RESET ROLE")
