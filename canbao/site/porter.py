"""The porter of the pages: takes each request in whole before a thread has to do with it.

Django answers a request in a thread of its own. A thread that reads a request straight from the line waits for as long
as its sender likes, and four slow senders would stop every page. So the porter reads on the event loop, within
`BODY_S_MAX`, and holds at most `BODY_BYTES_MAX`; a request that ends with its head goes on at once. What is longer is
heard out to `HEARD_BYTES_MAX` and handed on empty, with its true length, so that the application answers it with a page
of its own. The porter also leaves out headers whose names have an underscore: WSGI cannot tell them from those with a
hyphen, and a caller could pass his own for one that our proxy writes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # its stubs forget what it exports

BODY_BYTES_MAX = 256 * 1024
"""The largest form of ours has a few hundred bytes."""

HEARD_BYTES_MAX = 4 * 1024 * 1024
"""How much of a body is listened to. A browser that is answered while it still sends shows a fault of its own, not our
page; a photograph that was put into a form by mistake fits.
"""

BODY_S_MAX = 10.0
"""How long a form may take to arrive."""

Environment = dict[str, Any]
Answer = tuple[int, list[tuple[str, str]], bytes]
Application = Callable[[Environment, Callable[..., object]], Iterable[bytes]]


class Headers(Protocol):
    """Of granian's headers what is used here."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Every header, lower case, in the order in which they came."""

    def get(self, key: str) -> str | None:
        """The first header of a name."""


class Scope(Protocol):
    """Of granian's description of a request what is used here. `path` is unquoted already."""

    proto: str
    scheme: str
    method: str
    path: str
    query_string: str
    http_version: str
    client: str
    server: str
    headers: Headers


class Line(Protocol):
    """Of granian's connection what is used here: the body whole or in pieces, and one answer, from any thread."""

    def __call__(self) -> Awaitable[bytes]:
        """The whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces of the body."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""


class Porter:
    """Hands whole requests to a WSGI application, `threads` at a time."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="page")

    async def __rsgi__(self, scope: Scope, line: Line) -> None:
        """Serve one request."""
        if scope.proto != "http":
            return
        body: tuple[bytes, int] | None = (b"", 0)
        if not _has_no_body(scope):
            try:
                async with asyncio.timeout(BODY_S_MAX):
                    body = await _body(scope, line)
            except TimeoutError:
                line.response_bytes(408, [("connection", "close")], b"")
                return
            except ProtocolClosed:
                # The sender left before he had said everything: there is nothing to do and nobody to answer.
                return
        if body is None:
            line.response_bytes(413, [("connection", "close")], b"")
            return
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        self._pool.submit(self._serve, scope, line, body, loop, answered)
        # The server takes a request whose coroutine has ended for one that nobody answered.
        await answered

    def _serve(
        self,
        scope: Scope,
        line: Line,
        body: tuple[bytes, int],
        loop: asyncio.AbstractEventLoop,
        answered: asyncio.Future[None],
    ) -> None:
        """Answer a request in the thread of its page, and tell the event loop afterwards."""
        failure: BaseException | None = None
        try:
            line.response_bytes(*self._answer(_environment(scope, *body)))
        except BaseException as fault:
            failure = fault
        loop.call_soon_threadsafe(_tell, answered, failure)

    def _answer(self, environment: Environment) -> Answer:
        begun: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            begun.append((int(status[:3]), headers))

        pieces = self._application(environment, start)
        try:
            content = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        status, headers = begun[-1]
        return status, headers, content


def _tell(answered: asyncio.Future[None], failure: BaseException | None) -> None:
    if answered.done():
        return
    if failure is None:
        answered.set_result(None)
    else:
        answered.set_exception(failure)


def _has_no_body(scope: Scope) -> bool:
    """Whether a request ends with its head: in HTTP/1 a body is announced there (RFC 9112, section 6.3)."""
    announced = scope.headers.get("content-length") not in {None, "0"} or scope.headers.get("transfer-encoding")
    return not announced and scope.http_version.startswith("1")


async def _body(scope: Scope, line: Line) -> tuple[bytes, int] | None:
    """The whole body and its length; no body where it is longer than any form of ours, and None where it does not
    end. No more than a form is ever held.
    """
    said = scope.headers.get("content-length") or ""
    # As many digits as the bound has: a number of thousands of digits is not even read as one.
    is_number = said.isascii() and said.isdigit() and len(said) <= len(str(BODY_BYTES_MAX))
    if is_number and int(said) <= BODY_BYTES_MAX and not scope.headers.get("transfer-encoding"):
        # The server reads as much as was announced and no more: it may be taken at once.
        whole = await line()
        return whole, len(whole)
    held, length = bytearray(), 0
    async for piece in line:
        length += len(piece)
        if length > HEARD_BYTES_MAX:
            return None
        if length > BODY_BYTES_MAX:
            held.clear()
        else:
            held += piece
    return bytes(held), length


def _environment(scope: Scope, body: bytes, length: int) -> Environment:
    """The request in WSGI's words (PEP 3333). A header sent twice is joined as HTTP joins it."""
    server, _, port = scope.server.rpartition(":")
    environment: Environment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = f"HTTP_{name.upper().replace('-', '_')}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        environment[key] = f"{environment[key]}{joint}{value}" if key in environment else value
    environment["CONTENT_TYPE"] = environment.pop("HTTP_CONTENT_TYPE", "")
    environment.pop("HTTP_CONTENT_LENGTH", None)
    environment["CONTENT_LENGTH"] = str(length)
    return environment
