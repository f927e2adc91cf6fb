"""Arrays on their way to PostgreSQL, written as text in one go.

Statements take a batch as arrays, one per column, and cast each (`%(ids)s::uuid[]`). The driver adapts a list element
by element, which took a third of this side's work in settling; a list of one kind is written faster here. Kinds that do
not stand here are left to the driver, and so is what a statement wants in binary (`%(ids)b::uuid[]`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID


def _quoted(text: str) -> str:
    """Any text as an element: between quotes nothing is special but the quote and the backslash."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _instant(at: datetime | date) -> str:
    return f'"{at.isoformat()}"'


def _hexadecimal(value: UUID) -> str:
    return value.hex


_WRITERS: dict[type, Callable[[Any], str]] = {
    UUID: _hexadecimal,
    int: str,
    str: _quoted,
    datetime: _instant,
    date: _instant,
}


def written(values: list[Any]) -> str | list[Any]:
    """The array literal of a list of one kind, `None` as NULL; the list itself where the driver must write it.

    >>> written([1, None, 3]), written(["a", 'b "c"']), written([])
    ('{1,NULL,3}', '{"a","b \\\\"c\\\\""}', '{}')
    >>> written([b"x"]), written([[1], [2]])
    ([b'x'], [[1], [2]])
    """
    kinds = {type(value) for value in values} - {type(None)}
    if len(kinds) > 1:
        return values
    if not kinds:
        return "{" + ",".join("NULL" for _ in values) + "}"
    kind = kinds.pop()
    writer = _quoted if issubclass(kind, str) else _WRITERS.get(kind)
    if writer is None:
        return values
    return "{" + ",".join(["NULL" if value is None else writer(value) for value in values]) + "}"
