"""State machines as tables of edges.

A room's `states.py` lists its edges once. SQL receives `machine.sources(event)` and moves a row only where its state is
one of them, so the table in Python is the guard in the database; the tests and the drawings in the docs come from the
same table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Edge:
    """An event, the states it may happen in, and the state it leads to."""

    event: str
    sources: Sequence[StrEnum]
    target: StrEnum


class StateMachine:
    """A named machine. Raises ValueError when the table is not a machine: an event twice, a state nobody reaches, a
    foreign state.
    """

    def __init__(self, name: str, states: type[StrEnum], *, initial: Sequence[StrEnum], edges: Sequence[Edge]) -> None:
        self.name = name
        self.states = states
        self.initial = tuple(initial)
        self.edges = tuple(edges)
        self._by_event = {edge.event: edge for edge in self.edges}
        self._refuse_a_broken_table()

    def sources(self, event: str) -> list[str]:
        """The states in which the event may happen, for `WHERE state = ANY(...)`."""
        return [str(state) for state in self._by_event[event].sources]

    def target(self, event: str) -> str:
        """The state that the event leads to."""
        return str(self._by_event[event].target)

    @property
    def events(self) -> tuple[str, ...]:
        """Every event, in the order of the table."""
        return tuple(edge.event for edge in self.edges)

    @property
    def terminal(self) -> frozenset[str]:
        """States that nothing leaves."""
        left = {source for edge in self.edges for source in edge.sources}
        return frozenset(str(state) for state in self.states if state not in left)

    def _refuse_a_broken_table(self) -> None:
        if len(self._by_event) != len(self.edges):
            message = f"{self.name}: an event stands twice; give the second edge its own verb"
            raise ValueError(message)
        named = {state for edge in self.edges for state in (*edge.sources, edge.target)} | set(self.initial)
        foreign = [state for state in named if not isinstance(state, self.states)]
        if foreign:
            message = f"{self.name}: {foreign} are not states of {self.states.__name__}"
            raise ValueError(message)
        reached = set(self.initial)
        for _ in self.edges:
            reached |= {edge.target for edge in self.edges if reached.intersection(edge.sources)}
        unreached = set(self.states) - reached
        if unreached:
            message = f"{self.name}: nothing leads to {sorted(unreached)}"
            raise ValueError(message)
