"""Where channels tell us what happened: verify, keep, acknowledge, nothing else.

A small ASGI application outside Django's request machinery. A notice is verified without a word to anyone, handed over
in a batch with whatever else came meanwhile, and acknowledged only after the batch is committed. What it means is
settled by the worker. A forged, stale or malformed notice is counted and refused; it reaches neither disk nor database.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from canbao.channels import catalogue
from canbao.channels.interface import NoticeRefusal, NoticeRefused
from canbao.journeys.keep_notices import keep_notices
from canbao.kernel.clock import Clock
from canbao.kernel.errors import CanbaoError
from canbao.payments.public import NoticeToKeep

log = structlog.get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_BYTES_MAX = 64 * 1024
"""A real notice is about two kilobytes; a stranger's larger one is not read."""

BODY_S_MAX = 10.0
"""How long a notice may take to arrive; whoever sends byte by byte holds no memory longer."""

FORWARDED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"})
"""Headers of a request that came through a proxy: it is not from this machine, though its connection is."""

BATCH_MAX = 500
WAITING_MAX = 5_000
"""Notices in memory, at most. Beyond it we answer failure, and the channel repeats itself."""

KEPT_HEADERS = (
    "wechatpay-serial",
    "wechatpay-signature",
    "wechatpay-signature-type",
    "wechatpay-timestamp",
    "wechatpay-nonce",
)
"""What of the headers is evidence: what the signature covers, and the signature."""

STATUS = {NoticeRefusal.MALFORMED: 400, NoticeRefusal.UNDECIPHERABLE: 500}
"""The answer to a refused notice;

401 for all that is not believed. An undecipherable one is our fault: it shall come again.
"""

notices_seen = Counter("canbao_notices_total", "Notices by channel and what became of them", ["channel", "result"])
batch_size = Histogram(
    "canbao_notice_batch_size", "Notices kept in one transaction", buckets=(1, 2, 5, 10, 50, 100, 500)
)


class Intake:
    """The application. `clock` decides how fresh a notice must be; one batch is written at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[NoticeToKeep, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keep-notices")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            try:
                status, content, media = await self._answer(scope, receive)
            except Exception as failure:
                # The server would write the failure's text down, and it may quote what was sent.
                log.error("notice_broke_us", error=type(failure).__name__)
                status, content, media = _failed(500, "not kept")
            headers = [
                (b"content-type", media),
                (b"content-length", str(len(content)).encode()),
                (b"cache-control", b"no-store"),
            ]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, bytes, bytes]:
        path, method = scope["path"], scope["method"]
        if method == "GET" and path == "/health":
            return 200, b"ok", b"text/plain"
        if method == "GET" and path == "/metrics" and _is_local(scope):
            return 200, generate_latest(), CONTENT_TYPE_LATEST.encode()
        head, _, channel = path.removeprefix("/").partition("/")
        if method != "POST" or head != "notices" or not channel:
            return 404, b"", b"text/plain"
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body = await _body(receive)
        except TimeoutError:
            return _failed(408, "too slow")
        if body is None:
            return _failed(413, "too large")
        return await self._take(channel, scope["headers"], body)

    async def _take(
        self, channel: str, raw_headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes, bytes]:
        headers = _read_headers(raw_headers)
        now = self._clock.now()
        try:
            connector = catalogue.connector(channel)
        except CanbaoError:
            return 404, b"", b"text/plain"
        try:
            notice = connector.read_notice(headers, body, now=now)
        except NoticeRefused as refused:
            notices_seen.labels(connector.code, refused.reason).inc()
            return _failed(STATUS.get(refused.reason, 401), refused.reason)
        kept = NoticeToKeep(
            channel_code=str(connector.code),
            notice=notice,
            headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
            body=body,
            received_at=now,
        )
        return await self._keep(kept)

    async def _keep(self, kept: NoticeToKeep) -> tuple[int, bytes, bytes]:
        """Wait until the notice is durable, then acknowledge it."""
        if len(self._waiting) >= WAITING_MAX:
            notices_seen.labels(kept.channel_code, "too_many").inc()
            return _failed(503, "busy")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((kept, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            await done
        except Exception as failure:
            log.error("notice_not_kept", channel=kept.channel_code, error=type(failure).__name__)
            notices_seen.labels(kept.channel_code, "not_kept").inc()
            return _failed(500, "not kept")
        notices_seen.labels(kept.channel_code, "kept").inc()
        return 204, b"", b"application/json"

    async def _write(self) -> None:
        """Write what waits, batch after batch; what comes while one is written makes up the next."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
            batch_size.observe(len(batch))
            try:
                await loop.run_in_executor(self._thread, keep_notices, [kept for kept, _ in batch])
            except Exception as failure:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(failure)
            else:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _body(receive: Receive) -> bytes | None:
    """The request's body, or None when it is larger than any notice; not more than that is ever held."""
    held = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk: bytes = message.get("body", b"")
        held += chunk
        if len(held) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body"):
            return held


def _read_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name. A name that stands twice is left out: nobody signed two."""
    found: dict[str, str] = {}
    twice = set()
    for name, value in raw:
        key = name.decode("latin-1").lower()
        if key in found:
            twice.add(key)
        found[key] = value.decode("latin-1")
    return {name: value for name, value in found.items() if name not in twice}


def _failed(status: int, why: str) -> tuple[int, bytes, bytes]:
    """A refusal in the form that WeChat documents; it says no more than a stranger may know."""
    return (
        status,
        json.dumps({"code": "FAIL", "message": "失败" if status >= 500 else str(why)}, ensure_ascii=False).encode(),
        b"application/json",
    )


def _is_local(scope: Message) -> bool:
    client = scope.get("client")
    is_forwarded = any(name.lower() in FORWARDED for name, _ in scope["headers"])
    return client is not None and client[0] in {"127.0.0.1", "::1"} and not is_forwarded
