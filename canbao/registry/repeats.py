"""The same document number twice in one file.

A second line that says the same is nothing new; one that says otherwise is refused with the number of the first. A
person may have one line per scheme, as long as the lines agree on the person. What was seen is kept in a private
temporary database that spills to disk, so that a file of any size can be checked; it holds digests alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from canbao.registry.prepared import PreparedRows

_CACHE_KIB = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A row whose number came before: on which line, and whether it says the same."""

    place: int
    first_line: int
    is_same: bool


class SeenRows:
    """Remembers every number and scheme of a file."""

    def __init__(self, memory: sqlite3.Connection) -> None:
        self._memory = memory

    def repeats(self, rows: PreparedRows) -> list[Repeat]:
        """The rows of this batch that repeat an earlier one, in the batch or before it; the others are remembered."""
        known = self._known(rows)
        found: list[Repeat] = []
        new: list[tuple[bytes, str, int, bytes, bytes]] = []
        for place, number in enumerate(rows.id_digest):
            key, scheme = number[:16], rows.scheme_code[place]
            person, line = rows.person_digest[place][:8], rows.line_digest[place][:8]
            schemes = known.setdefault(key, {})
            earlier = schemes.get(scheme) or next(iter(schemes.values()), None)
            is_same_person = earlier is None or earlier[1] == person
            if earlier is not None and (scheme in schemes or not is_same_person):
                is_same = is_same_person and scheme in schemes and earlier[2] == line
                found.append(Repeat(place=place, first_line=earlier[0], is_same=is_same))
                continue
            schemes[scheme] = (rows.line[place], person, line)
            new.append((key, scheme, rows.line[place], person, line))
        self._memory.executemany("INSERT INTO seen VALUES (?, ?, ?, ?, ?)", new)
        return found

    def _known(self, rows: PreparedRows) -> dict[bytes, dict[str, tuple[int, bytes, bytes]]]:
        known: dict[bytes, dict[str, tuple[int, bytes, bytes]]] = {}
        keys = list({number[:16] for number in rows.id_digest})
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ",".join("?" * len(some))
            for key, scheme, line, person, digest in self._memory.execute(
                f"SELECT number, scheme, line, person, digest FROM seen WHERE number IN ({marks}) ORDER BY line", some
            ):
                known.setdefault(key, {})[scheme] = (line, person, digest)
        return known


@contextmanager
def seen_rows() -> Iterator[SeenRows]:
    """A memory for one file, gone afterwards."""
    with closing(sqlite3.connect("", isolation_level=None)) as memory:
        memory.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        memory.execute("PRAGMA journal_mode = OFF")
        memory.execute(
            "CREATE TABLE seen (number BLOB, scheme TEXT, line INTEGER, person BLOB, digest BLOB, "
            "PRIMARY KEY (number, scheme)) WITHOUT ROWID"
        )
        yield SeenRows(memory)
