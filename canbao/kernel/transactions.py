"""Opening transactions: one transaction, one region. Journeys come here; nobody else may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canbao.kernel.connections import connection
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx, open_tx


@contextmanager
def region_tx(region: RegionCode) -> Iterator[Tx]:
    """A transaction on one region: everything in the block happens, or nothing.

    Raises AssertionError inside another transaction: a batch never spans regions, and a journey never nests.
    """
    with _tx(region) as tx:
        yield tx


@contextmanager
def national_tx() -> Iterator[Tx]:
    """A transaction on what is not regional: reference tables, the directory, limits. Never in the hot path."""
    with _tx(None) as tx:
        yield tx


@contextmanager
def _tx(region: RegionCode | None) -> Iterator[Tx]:
    assert open_tx.get() is None, "a transaction is already open in this thread"
    with connection() as session, session.transaction():
        tx = Tx(session, region)
        token = open_tx.set(tx)
        try:
            yield tx
        finally:
            open_tx.reset(token)
