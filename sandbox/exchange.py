"""One exchange over HTTP as the played channels see it: the request, the answer, and what the transport does.

The server (`sandbox.server`) and every channel speak of exchanges in these words, so that neither knows the other.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

PIECE_BYTES = 1 << 18


class TransportAct(StrEnum):
    """What happens to the connection instead of, or around, a plain answer."""

    REFUSE = "refuse"
    RESET = "reset"
    HANG = "hang"
    RESET_IN_BODY = "reset_in_body"
    TRUNCATE = "truncate"
    DRIP = "drip"
    AFTER_NOTICE = "after_notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it came: `target` is the raw path with its query, exactly what the caller signed."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query, still encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark; empty where there is none."""
        return self.target.partition("?")[2]


class BodyFile:
    """A body too large for memory, in a file of its own that closes itself when nobody holds it any more.

    Several may read it at the same time: each reads by position and none moves the file's own.
    """

    def __init__(self, file: BinaryIO) -> None:
        file.flush()
        self._descriptor = file.fileno()
        self.size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, file.close)

    def pieces(self, until: int) -> Iterator[bytes]:
        """The first `until` bytes, piece by piece."""
        begin = 0
        while begin < until:
            piece = os.pread(self._descriptor, min(PIECE_BYTES, until - begin), begin)
            if not piece:
                return
            yield piece
            begin += len(piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, and what the transport does with it (`seconds` for acts that take time).

    Its body is `body`, or the content of `file` where there is one.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: BodyFile | None = None
    act: TransportAct | None = None
    seconds: float = 0.0
    is_processed: bool = True

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if self.file is None else self.file.size

    def pieces(self, until: int | None = None) -> Iterator[bytes]:
        """The body piece by piece, or so many bytes of it."""
        end = self.size if until is None else until
        if self.file is not None:
            yield from self.file.pieces(end)
        elif end:
            yield self.body[:end]

    def content(self) -> bytes:
        """The whole body, in memory."""
        return b"".join(self.pieces())


def request_of(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    """A request with its header names in lower case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(method=method.upper(), target=target, headers=lowered, body=body)
