"""A file's lines, prepared in runs by several processes and handed back in the file's order.

Sealing and checking cost more than the database does, and neither needs the other, so processes prepare while the
caller writes. A short file is prepared in this process: starting another would take longer.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from itertools import islice

from canbao.kernel.regions import RegionCode
from canbao.registry.prepared import PreparedChunk, prepare
from canbao.registry.register_files import Line, RegisterFile

CHUNK_LINES = 2_000
"""Lines prepared and written together: a batch of this size is one transaction."""

_SHORT_FILE_CHUNKS = 3
_PROCESSES_MAX = 8


def prepared_chunks(
    region: RegionCode, file: RegisterFile, *, today: date, processes: int | None = None
) -> Iterator[PreparedChunk]:
    """Every line of an open file, prepared, in order. `processes` is at most the machine's; 1 means this process
    alone.

    At most two chunks per process wait at any time, so memory does not grow with the file.
    """
    chunks = _chunks(file)
    first = list(islice(chunks, _SHORT_FILE_CHUNKS))
    count = min(processes or os.cpu_count() or 1, _PROCESSES_MAX)
    if count == 1 or len(first) < _SHORT_FILE_CHUNKS:
        for lines in (*first, *chunks):
            yield prepare(region, lines, file.layout, today)
        return
    # A fresh interpreter per process: a fork would share the parent's database connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_leave_stopping_to_the_caller) as pool:
        waiting: deque[Future[PreparedChunk]] = deque()
        try:
            for lines in _chained(first, chunks):
                waiting.append(pool.submit(prepare, region, lines, file.layout, today))
                if len(waiting) > 2 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _leave_stopping_to_the_caller() -> None:
    """Ctrl-C reaches every process of the terminal; the caller alone answers it, between two batches. When the caller
    is killed, nobody waits for this process's work, and it ends too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_caller, daemon=True).start()


def _end_with_the_caller() -> None:
    caller = multiprocessing.parent_process()
    assert caller is not None, "this runs in a process that the caller started"
    caller.join()
    os._exit(1)


def _chained(first: list[list[Line]], rest: Iterator[list[Line]]) -> Iterator[list[Line]]:
    yield from first
    yield from rest


def _chunks(file: RegisterFile) -> Iterator[list[Line]]:
    while lines := list(islice(file.lines, CHUNK_LINES)):
        yield lines
