"""Processor time of whole families of processes, read from `/proc`: ours with its children, and the server's.

A process that has ended and was waited for counts in its parent, so nothing is lost between two readings. The server is
taken to serve nobody else meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)
"""Places after the closing parenthesis of `/proc/<pid>/stat`: the parent; user and system time, own and of the dead."""


def seconds_of(roots: Iterable[int]) -> float:
    """Processor seconds that these processes and all their descendants have used since they began."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        process_id = int(entry.name)
        parents[process_id] = int(words[_PARENT])
        seconds[process_id] = sum(map(int, words[_TIMES])) / _TICKS_PER_S
    wanted = set(roots)
    return sum(spent for process_id, spent in seconds.items() if _descends(process_id, wanted, parents))


def _descends(process_id: int, roots: set[int], parents: dict[int, int]) -> bool:
    while process_id not in roots:
        process_id = parents.get(process_id, 0)
        if process_id == 0:
            return False
    return True
