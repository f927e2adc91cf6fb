"""Moments: the places between any two things a process does, where it may die or something else may happen first.

A moment comes before every statement, before and after every commit, and before and after every word on the wire. A
step of a run may name one: there the process dies (`Died` is no `Exception`, so nothing catches it, as nothing catches
a lost machine; what was not committed is rolled back), or somebody else acts in between, on a connection of his own.
Whoever acts in between and meets a lock does not wait for it, for in one thread it would never be released: he is told
so after a few milliseconds, and comes again later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context
from typing import Any

import canbao.kernel.connections as connections
import canbao.kernel.transactions as transactions
from canbao.kernel.connections import Connection

LOCK_WAIT = "40ms"
"""How long somebody in between waits for a lock before he is told that he would wait for ever."""


class Died(BaseException):
    """The process that was doing this is gone."""


class Fate:
    """What shall happen at which moment of the present step."""

    def __init__(self) -> None:
        self.depth = 0
        self.begun = 0
        """How many transactions were begun: while it stays the same, nothing in the database can have changed."""

        self._passed = 0
        self._die_at = 0
        self._meanwhile_at = 0
        self._meanwhile: Callable[[], None] | None = None

    def decide(self, *, die_at: int = 0, meanwhile_at: int = 0, meanwhile: Callable[[], None] | None = None) -> None:
        """Count moments anew; at the named ones (from 1, 0 for never) the process dies, or something happens first."""
        self._passed = 0
        self._die_at, self._meanwhile_at, self._meanwhile = die_at, meanwhile_at, meanwhile

    def spare(self) -> int:
        """Nothing more happens; answers how many moments have passed."""
        passed = self._passed
        self.decide()
        return passed

    def moment(self) -> None:
        """A moment passes. Raises Died where the step says so."""
        if self.depth:
            return
        self._passed += 1
        if self._meanwhile is not None and self._passed == self._meanwhile_at:
            act, self._meanwhile = self._meanwhile, None
            self.depth += 1
            try:
                # A context of its own: no transaction of the one in the middle is open there.
                Context().run(act)
            finally:
                self.depth -= 1
        if self._passed == self._die_at:
            raise Died


class _Watched:
    """A connection that tells when a moment passes."""

    def __init__(self, inner: Connection, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement, a moment before it."""
        self._fate.moment()
        return self._inner.execute(query, params)

    def cursor(self, **options: Any) -> Any:
        """A cursor for one statement, a moment before it."""
        self._fate.moment()
        return self._inner.cursor(**options)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction, with a moment before its commit and one after."""
        self._fate.begun += 1
        with self._inner.transaction():
            yield
            self._fate.moment()
        self._fate.moment()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def plan_once(found: Connection) -> None:
    """Plan each statement once per connection: a run asks thousands of times, of tables so small that no plan is slow.

    What a statement answers does not hang on its plan.
    """
    found.prepare_threshold = 0
    found.prepared_max = None
    found.execute("SET plan_cache_mode = force_generic_plan")


@contextmanager
def watched(fate: Fate) -> Iterator[None]:
    """Until the block ends, whatever the platform does in the database passes through moments."""
    original = connections.connection

    @contextmanager
    def connection() -> Iterator[Any]:
        with original() as found:
            if found.prepare_threshold != 0:
                plan_once(found)
            if fate.depth:
                found.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
            try:
                yield _Watched(found, fate)
            finally:
                if fate.depth and not found.closed:
                    found.execute("SET lock_timeout = 0")

    stand_in: Callable[[], AbstractContextManager[Any]] = connection
    places: tuple[Any, ...] = (connections, transactions)
    for place in places:
        place.connection = stand_in
    try:
        yield
    finally:
        for place in places:
            place.connection = original
