"""The tests' connections as the owner of the tables: kept and lent, not opened anew for every look.

A new session costs the server a process and a catalogue read from nothing, and a test looks many times. What one look
sets is reset before the next gets the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

from canbao.kernel.connections import Connection, connection_options, database_url

_kept: dict[str, list[Connection]] = {}


@contextmanager
def as_owner() -> Iterator[Connection]:
    """A session of the test database's owner, in autocommit, as `canbao.kernel.connections.owner_connection` opens."""
    url = database_url()
    session = _taken(url)
    try:
        yield session
    except BaseException:
        # Whatever state it was left in, nobody meets it again.
        session.close()
        raise
    if session.info.transaction_status is TransactionStatus.IDLE:
        _kept.setdefault(url, []).append(session)
    else:
        session.close()


def _taken(url: str) -> Connection:
    """A kept session that still answers, with its settings as they were, or a new one."""
    while kept := _kept.get(url):
        session = kept.pop()
        try:
            session.execute("RESET ALL")
        except psycopg.OperationalError:
            session.close()
        else:
            return session
    return psycopg.connect(url, autocommit=True, **connection_options(role=None))


def close_kept() -> None:
    """End what is kept: before its database is dropped."""
    while _kept:
        for session in _kept.popitem()[1]:
            session.close()
