"""One request over HTTPS within all limits: time, size, form. It follows nothing, and repeats nothing.

The whole call has one deadline, and every read from the socket gets what is left of it: a far side that sends its
answer, or only its headers, byte by byte cannot hold a thread. Built on `httpcore`, the layer under `httpx`, because
only there can the socket's reads be given that deadline; and because it reads no proxy, no password file and no
certificate store that the environment may name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import Any

import httpcore

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 8.0
CALL_TIMEOUT_S = 12.0
"""From the first byte sent to the last byte read."""

FILE_TIMEOUT_S = 300.0
"""The same for a statement's file, which may have hundreds of megabytes."""

ANSWER_BYTES_MAX = 64 * 1024

_deadline: ContextVar[float] = ContextVar("wechat_deadline")


class AnswerRefused(Exception):
    """An answer that is not to be believed or read; its text says why, in our words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it came. A header sent twice is joined by a comma, and so fits no form that is checked later."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedAnswer:
    """An answer whose body is still coming."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes] = field(repr=False)


class Transport:
    """A pool of connections to one host; safe in several threads."""

    def __init__(self, proxy_url: str | None = None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted_authorities(),
            proxy=httpcore.Proxy(proxy_url) if proxy_url else None,
            max_connections=50,
            max_keepalive_connections=20,
            keepalive_expiry=15.0,
            network_backend=_HurriedBackend(),
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawAnswer:
        """Send and read whole. Raises httpcore's errors, TimeoutError ones among them, and AnswerRefused."""
        with self.stream(method, url, headers, body, timeout_s=CALL_TIMEOUT_S) as answer:
            return RawAnswer(status=answer.status, headers=answer.headers, content=whole_body(answer.chunks))

    @contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Iterator[StreamedAnswer]:
        """Send and hand over the answer while it comes; who reads its chunks bounds them.

        Raises what `send` raises, the errors of reading out of the chunks.
        """
        mark = _deadline.set(time.monotonic() + timeout_s)
        # `identity`: a packed answer could be short on the wire and endless in memory.
        to_send = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        to_send.append((b"Accept-Encoding", b"identity"))
        try:
            with self._pool.stream(
                method,
                url,
                headers=to_send,
                content=body or None,
                extensions={"timeout": _timeouts()},
            ) as response:
                told = _headers(response.headers)
                if told.get("content-encoding", "identity").strip().lower() != "identity":
                    raise AnswerRefused("the answer is packed")
                yield StreamedAnswer(status=response.status, headers=told, chunks=iter(response.iter_stream()))
        finally:
            _deadline.reset(mark)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _HurriedStream(httpcore.NetworkStream):
    """A socket whose reads and writes end with the call they serve."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _HurriedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _HurriedBackend(httpcore.NetworkBackend):
    """Opens such sockets."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _HurriedStream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """What the call still has, at most `timeout`; raises when nothing is left."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise late("the call's time is over")
    return left if timeout is None else min(timeout, left)


def _timeouts() -> dict[str, float]:
    return {"connect": CONNECT_TIMEOUT_S, "read": READ_TIMEOUT_S, "write": READ_TIMEOUT_S, "pool": CONNECT_TIMEOUT_S}


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def whole_body(chunks: Iterable[bytes]) -> bytes:
    """The whole body, or AnswerRefused; one shorter than announced makes httpcore raise."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            raise AnswerRefused("the answer is too long")
    return bytes(content)


@cache
def _trusted_authorities() -> SSLContext:
    """The certificate authorities that may vouch for the channel; reading them takes tens of milliseconds, so once."""
    return httpcore.default_ssl_context()
