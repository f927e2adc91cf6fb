"""Both directions of the wire without a socket: the connector's bytes go to the played channel, its notices to the
real intake.

What the SDK signed is what the channel checks, and what the channel signed is what the connector checks: only the
socket between them is missing. Where a fault would reset, hang or cut a connection, the connector meets the very
error that its HTTP layer would raise.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpcore

from canbao.channels import catalogue
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.transport import CALL_TIMEOUT_S, RawAnswer, StreamedAnswer, whole_body
from canbao.doors.callbacks.notices import Intake
from canbao.kernel.clock import Clock
from sandbox.exchange import TransportAct, request_of
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.notices import OutgoingNotice
from simulation.fate import Fate

Answer = TypeVar("Answer")

TURNS_MAX = 60
"""Turns of the event loop after which a notice without an answer will get none: whoever kept it has died."""

ROUNDS_MAX = 20
ACKNOWLEDGING = (200, 204)

_BREAKS: dict[TransportAct, Exception] = {
    TransportAct.REFUSE: httpcore.ConnectError("refused"),
    TransportAct.RESET: httpcore.ReadError("reset"),
    TransportAct.HANG: httpcore.ReadTimeout("silence"),
    TransportAct.RESET_IN_BODY: httpcore.ReadError("reset in the body"),
    TransportAct.TRUNCATE: httpcore.RemoteProtocolError("cut short"),
    TransportAct.DRIP: httpcore.ReadTimeout("byte by byte"),
}


class Line:
    """Stands where the connector's HTTP transport stands, and leads to a gateway in this process."""

    def __init__(self, gateway: WeChatGateway, fate: Fate, before_answer: Callable[[], object]) -> None:
        self._gateway = gateway
        self._fate = fate
        self._before_answer = before_answer

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawAnswer:
        """One exchange, read whole. Raises httpcore's errors where the fault in force breaks the connection."""
        with self.stream(method, url, headers, body, timeout_s=CALL_TIMEOUT_S) as answer:
            return RawAnswer(status=answer.status, headers=answer.headers, content=whole_body(answer.chunks))

    @contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Iterator[StreamedAnswer]:
        """One exchange whose answer is read while it comes. Raises what `send` raises."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._fate.moment()
        answer = self._gateway.exchange(request_of(method, target, dict(headers), body))
        if answer.act is TransportAct.AFTER_NOTICE:
            self._before_answer()
        elif answer.act is not None:
            raise _BREAKS[answer.act]
        self._fate.moment()
        told = {name.lower(): value for name, value in answer.headers.items()}
        if int(told.get("content-length", answer.size)) != answer.size:
            raise httpcore.RemoteProtocolError("another length than announced")
        yield StreamedAnswer(status=answer.status, headers=told, chunks=answer.pieces())

    def close(self) -> None:
        """There is nothing to close."""


def lay(gateway: WeChatGateway, fate: Fate, before_answer: Callable[[], object]) -> None:
    """Lead this process's WeChat connector to the gateway, until another is laid or the catalogue forgets it."""
    connector = catalogue.connector("wechat")
    assert isinstance(connector, WeChatConnector), "the catalogue builds it"
    place: Any = connector._adapter
    place._transport.close()
    place._transport = Line(gateway, fate, before_answer)


class _Here(Executor):
    """Runs what is submitted at once and in this thread, so that a run has one order."""

    def submit(
        self, act: Callable[..., Answer], /, *given: object, **named: object
    ) -> Future[Answer]:  # tidy: py-kwargs (an Executor's)
        """Run it now; a death is carried to whoever waits."""
        done: Future[Answer] = Future()
        try:
            done.set_result(act(*given, **named))
        except BaseException as raised:
            done.set_exception(raised)
        return done


class Postman:
    """Carries the channel's notices to the intake and the intake's answers back."""

    def __init__(self, gateway: WeChatGateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        # A future that dies with its reader is what a death looks like, and nothing to be told of.
        self._loop.set_exception_handler(lambda _loop, _what: None)
        self._intake = self._begin()
        self.is_deaf = False
        self.acknowledged: set[str] = set()

    def _begin(self) -> Intake:
        intake = Intake(self._clock)
        place: Any = intake
        place._thread.shutdown(wait=False)
        place._thread = _Here()
        return intake

    def deliver(self) -> int:
        """Deliver all that is due and what becomes due by it; how many messages went out."""
        count = 0
        for _ in range(ROUNDS_MAX):
            messages = self._gateway.due_notices()
            if not messages:
                break
            count += len(messages)
            self.post(messages)
        return count

    def post(self, messages: Sequence[OutgoingNotice]) -> None:
        """Deliver these, those of one burst at the same moment where the channel does so."""
        for _, burst in groupby(messages, key=lambda message: message.burst):
            of_burst = list(burst)
            together = [of_burst] if of_burst[0].is_concurrent else [[one] for one in of_burst]
            for group in together:
                bodies = [(message.headers, message.body) for message in group]
                for message, outcome in zip(group, self.hand_in(bodies), strict=True):
                    self._gateway.record_notice(message, outcome)

    def hand_in(self, bodies: Sequence[tuple[Mapping[str, str], bytes]]) -> list[int | str]:
        """Post these to the intake at the same moment; what it answered to each."""
        if self.is_deaf:
            return ["timeout"] * len(bodies)
        outcomes = self._loop.run_until_complete(self._all(bodies))
        for (_, body), outcome in zip(bodies, outcomes, strict=True):
            if outcome in ACKNOWLEDGING:
                self.acknowledged.add(json.loads(body)["id"])
        if "timeout" in outcomes:
            # The process is gone with all it held in memory; another takes its place.
            self._intake = self._begin()
        return outcomes

    async def _all(self, bodies: Sequence[tuple[Mapping[str, str], bytes]]) -> list[int | str]:
        posts = [asyncio.ensure_future(self._one(headers, body)) for headers, body in bodies]
        for _ in range(TURNS_MAX):
            if all(post.done() for post in posts):
                break
            await asyncio.sleep(0)
        outcomes: list[int | str] = []
        for post in posts:
            if post.done() and post.exception() is None:
                outcomes.append(post.result())
                continue
            post.cancel()
            outcomes.append("timeout")
        await asyncio.gather(*posts, return_exceptions=True)
        return outcomes

    async def _one(self, headers: Mapping[str, str], body: bytes) -> int:
        """One request to the intake, as its server would hand it over; the status answered."""
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/notices/wechat",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
        }
        told: list[int] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told.append(int(message["status"]))

        await self._intake(scope, receive, send)
        return told[0]

    def close(self) -> None:
        """Go home; whoever still waits for an answer gets none."""
        waiting = asyncio.all_tasks(self._loop)
        for task in waiting:
            task.cancel()
        if waiting:
            self._loop.run_until_complete(asyncio.wait(waiting))
        self._loop.close()


__all__ = ["Line", "Postman", "lay"]
