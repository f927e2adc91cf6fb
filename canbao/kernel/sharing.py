"""One connection for all that a request asks, so that a page that reads in several rooms takes one from the pool once.

Nothing is handed out: rooms and limits find the connection by themselves, and whoever holds it cannot speak on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canbao.kernel.connections import connection, held_connection


@contextmanager
def one_connection() -> Iterator[None]:
    """What the block reads and counts goes over one connection, taken once: for a request that asks several rooms.

    Every statement still commits by itself. A transaction opened in the block takes a connection of its own.
    """
    with connection() as found:
        token = held_connection.set(found)
        try:
            yield
        finally:
            held_connection.reset(token)
