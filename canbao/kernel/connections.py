"""The process's connections to PostgreSQL: one pool, opened at first use, as a role that cannot rewrite history.

The web, the worker and the command line share this. Every connection runs as `canbao_app`, which may append to the
books but not change them; only migrations connect as the owner. The address comes from `DATABASE_URL`, which the site
sets to the embedded database when nobody gave one.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg._preparing import PrepareManager
from psycopg_pool import ConnectionPool

from canbao.kernel.errors import Retry, declare

APP_ROLE = "canbao_app"

NO_DATABASE = declare(
    "kernel.no_database",
    Retry.NEVER,
    "没有数据库地址，请设置 DATABASE_URL，或用 make up 启动",
    "There is no database address; set DATABASE_URL or start with make up",
)

Connection = psycopg.Connection[tuple[Any, ...]]

PREPARED_MAX = 300
"""How many statements a connection keeps prepared: more than one process of ours ever asks."""

held_connection: ContextVar[Connection | None] = ContextVar("held_connection", default=None)
"""The connection that `kernel.sharing` holds for this thread, if it does."""

_lock = threading.Lock()
_pool: ConnectionPool[Connection] | None = None


def database_url() -> str:
    """The address of the database. Errors: `kernel.no_database`."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise NO_DATABASE()
    return url


def connection_options(*, role: str | None = APP_ROLE) -> dict[str, Any]:
    """Options of every connection: UTC, the role, and server-side limits so that no statement hangs for ever."""
    timeout = os.environ.get("CANBAO_STATEMENT_TIMEOUT", "60s")
    settings = ["-c timezone=UTC", f"-c statement_timeout={timeout}", "-c idle_in_transaction_session_timeout=300s"]
    if role is not None:
        settings.append(f"-c role={role}")
    return {"options": " ".join(settings), "application_name": "canbao", "connect_timeout": 10}


@contextmanager
def connection() -> Iterator[Connection]:
    """A connection of the pool, given back afterwards: committed when the block ends, rolled back when it raises."""
    pool = _the_pool()
    found = _living(pool)
    try:
        # Commits or rolls back; what belongs to a pool is not closed by it.
        with found:
            yield found
    except psycopg.errors.FeatureNotSupported:
        # A migration has changed what a prepared statement answers. The next one prepares it anew.
        found.close()
        raise
    finally:
        pool.putconn(found)


@contextmanager
def asking() -> Iterator[Connection]:
    """The connection held by `kernel.sharing`, or one of the pool as `connection` gives it."""
    held = held_connection.get()
    if held is not None:
        yield held
        return
    with connection() as found:
        yield found


@contextmanager
def owner_connection() -> Iterator[Connection]:
    """A connection of its own as the owner of the tables, in autocommit: for migrations and set-up only."""
    with psycopg.connect(database_url(), autocommit=True, **connection_options(role=None)) as found:
        yield found


def close_pool() -> None:
    """Close this process's connections;

    the next use opens new ones. For shutdown and for tests that change the address.
    """
    global _pool
    with _lock:
        closing, _pool = _pool, None
    if closing is not None:
        closing.close()


def _the_pool() -> ConnectionPool[Connection]:
    global _pool
    if _pool is None:
        with _lock:
            if _pool is None:
                _pool = _open_pool()
    return _pool


def _open_pool() -> ConnectionPool[Connection]:
    return ConnectionPool(
        database_url(),
        kwargs={**connection_options(), "prepare_threshold": 3, "autocommit": True},
        configure=_keep_what_is_prepared,
        min_size=0,
        max_size=int(os.environ.get("CANBAO_DATABASE_CONNECTIONS", "10")),
        timeout=30,
        max_idle=300,
        open=True,
    )


class _Prepared(PrepareManager):
    """The statements that a connection has prepared, kept when a transaction is rolled back.

    psycopg throws them all away then, because what a transaction had made (a table) may be gone. Nothing of ours makes
    or changes a table on these connections: a refusal would cost the next request every plan it needs.
    """

    prepared_max = PREPARED_MAX

    def clear(self) -> bool:
        """Keep them."""
        return False


def _keep_what_is_prepared(session: Connection) -> None:
    kept = _Prepared()
    kept.prepare_threshold = session.prepare_threshold
    session._prepared = kept


def _living(pool: ConnectionPool[Connection]) -> Connection:
    """A connection of the pool that is not dead. Dead ones are thrown away, all that lie in front of it, at once.

    The pool's own check would rest a second after the second, then two, then four: after a restart of the server a
    pool of ten would be idle for longer than anybody waits.
    """
    found = pool.getconn()
    while _is_dead(found):
        found.close()
        pool.putconn(found)
        found = pool.getconn()
    return found


def _is_dead(session: Connection) -> bool:
    """Whether the server has ended this connection while it lay in the pool.

    A server that restarts or ends a session says so on the line, so a line on which nothing lies is taken for sound:
    one look at the socket, no word to the server. A server that vanished without a word is met by the timeouts.
    """
    line = select.poll()
    try:
        line.register(session.fileno(), select.POLLIN)
        # A living server may have said something too (a setting reloaded); it is taken in, and the line is empty then.
        while line.poll(0):
            session.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return False


def _forget_pool() -> None:
    """After a fork the child must not speak on its parent's connections."""
    global _pool, _lock
    _pool = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_pool)
