"""The same document number twice in one file.

A second line that says the same is nothing new; one that says otherwise is refused with the number of the first. A
person may have one line per scheme, as long as the lines agree on the person. What a file said before is kept in a
private temporary database that spills to disk, so that a file of any size can be checked; it holds digests alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from canbao.registry.prepared import PreparedRows

_CACHE_KIB = 16 * 1024
_ASKED_AT_ONCE = 500

Said = tuple[int, bytes, bytes]
"""What a line said: its number, a digest of the person and one of the enrolment."""

Known = dict[bytes, dict[str, Said]]
"""What earlier lines said, by number and scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A row whose number came before: on which line, and whether it says the same."""

    place: int
    first_line: int
    is_same: bool


def repeats_among(rows: PreparedRows, known: Known) -> list[Repeat]:
    """The rows that repeat an earlier one, of this batch or known before; what the others say is added to `known`."""
    found: list[Repeat] = []
    for place, number in enumerate(rows.id_digest):
        schemes = known.setdefault(number, {})
        scheme, said = rows.scheme_code[place], (rows.line[place], rows.person_digest[place], rows.line_digest[place])
        earlier = schemes.get(scheme) or next(iter(schemes.values()), None)
        if earlier is None or (scheme not in schemes and earlier[1] == said[1]):
            schemes[scheme] = said
        else:
            is_same = scheme in schemes and earlier[1:] == said[1:]
            found.append(Repeat(place=place, first_line=earlier[0], is_same=is_same))
    return found


class SeenRows:
    """Remembers every number and scheme of a file."""

    def __init__(self, memory: sqlite3.Connection) -> None:
        self._memory = memory

    def repeats(self, rows: PreparedRows) -> list[Repeat]:
        """The rows of this batch that repeat an earlier one, in the batch or before it; the others are remembered."""
        repeats = repeats_among(rows, self._known(rows))
        repeated = {repeat.place for repeat in repeats}
        self._memory.execute("BEGIN")
        self._memory.executemany(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?)",
            (
                (number, rows.scheme_code[place], rows.line[place], rows.person_digest[place], rows.line_digest[place])
                for place, number in enumerate(rows.id_digest)
                if place not in repeated
            ),
        )
        self._memory.execute("COMMIT")
        return repeats

    def _known(self, rows: PreparedRows) -> Known:
        known: Known = {}
        for start in range(0, len(rows), _ASKED_AT_ONCE):
            some = rows.id_digest[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            for number, scheme, *said in self._memory.execute(
                f"SELECT number, scheme, line, person, digest FROM seen WHERE number IN ({marks}) ORDER BY line", some
            ):
                known.setdefault(number, {})[scheme] = (said[0], said[1], said[2])
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
