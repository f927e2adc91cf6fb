"""A load generator: so many requests over so many kept-alive connections, each sending the next when it was answered.

It speaks just enough HTTP/1.1 for servers that say how long their answers are, so that it costs little: it shares the
machine with what it measures, and its processor time is counted with it.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

LOAD_S_MAX = 600
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> Counter[int]:
    """Send every request once to a loopback port; answers how often each status came back.

    Raises ConnectionError when a connection breaks and TimeoutError after `LOAD_S_MAX` seconds.
    """
    return asyncio.run(_send_all(port, requests, connections))


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> Counter[int]:
    loop = asyncio.get_running_loop()
    statuses: Counter[int] = Counter()
    left = iter(requests)
    senders = []
    async with asyncio.timeout(LOAD_S_MAX):
        for _ in range(min(connections, len(requests))):
            _, sender = await loop.create_connection(lambda: _Sender(left, statuses, loop), "127.0.0.1", port)
            senders.append(sender)
        await asyncio.gather(*(sender.done for sender in senders))
    return statuses


class _Sender(asyncio.Protocol):
    """One connection: sends, reads the whole answer, sends the next."""

    def __init__(self, left: Iterator[bytes], statuses: Counter[int], loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self._left = left
        self._statuses = statuses
        self._transport: asyncio.Transport | None = None
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport), "TCP can be written to"
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Count the answer once it is whole."""
        self._held += data
        head, blank, body = self._held.partition(b"\r\n\r\n")
        if not blank:
            return
        told = _LENGTH.search(head)
        if len(body) < (int(told.group(1)) if told is not None else 0):
            return
        self._held = b""
        self._statuses[int(head[9:12])] += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that breaks with requests left spoils the run."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        assert self._transport is not None, "a connection was made"
        try:
            self._transport.write(next(self._left))
        except StopIteration:
            self.done.set_result(None)
            self._transport.close()
