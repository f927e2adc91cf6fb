"""The postman: takes finished notices from the gateway and posts them for real.

Only to loopback, at most five seconds for an answer, no redirects, no proxies. Different notices travel at the same
time, as the channel's do; copies of one burst travel together or one after the other, as their fault says.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence

import httpx

from sandbox.wechat.fields import loopback_refusal
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.notices import ANSWER_WITHIN_S, NoticeBook, OutgoingNotice

CONCURRENT_MAX = 64
# The clock may be moved by hand, so the line is looked at this often even when nothing is announced.
LOOK_EVERY_S = 0.5
DRAIN_ROUNDS_MAX = 200


class Delivery:
    """One background task over one gateway, inside a running event loop."""

    def __init__(self, gateway: WeChatGateway) -> None:
        self._gateway = gateway
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(CONCURRENT_MAX)
        self._travelling: set[asyncio.Task[list[int | str]]] = set()
        limits = httpx.Limits(max_connections=CONCURRENT_MAX, max_keepalive_connections=16)
        self._client = httpx.AsyncClient(
            timeout=ANSWER_WITHIN_S, trust_env=False, follow_redirects=False, limits=limits
        )

    def wake(self) -> None:
        """Something may have become due."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            self._start(self._gateway.due_notices())
            # Not `wait_for`: Python 3.11's loses a cancellation that meets the waking, and this loop would never end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()

    async def drain(self) -> int:
        """Deliver all that is due, and what becomes due by it, and wait for every answer; how many were sent."""
        sent_count = 0
        for _ in range(DRAIN_ROUNDS_MAX):
            messages = self._gateway.due_notices()
            self._start(messages)
            sent_count += len(messages)
            if not self._travelling:
                break
            await asyncio.wait(self._travelling)
        return sent_count

    async def send(self, messages: Sequence[OutgoingNotice]) -> list[int | str]:
        """Deliver these now, bursts in order, and return what was answered to each."""
        outcomes: list[int | str] = []
        for _, burst in itertools.groupby(messages, key=lambda message: message.burst):
            outcomes += await self._send_burst(list(burst), self._gateway.notices)
        return outcomes

    async def stop(self) -> None:
        """Let go of what is travelling and close the connections."""
        for task in self._travelling:
            task.cancel()
        await asyncio.gather(*self._travelling, return_exceptions=True)
        await self._client.aclose()

    def _start(self, messages: Sequence[OutgoingNotice]) -> None:
        for _, burst in itertools.groupby(messages, key=lambda message: message.burst):
            task = asyncio.get_running_loop().create_task(self._send_burst(list(burst), self._gateway.notices))
            self._travelling.add(task)
            task.add_done_callback(self._travelling.discard)

    async def _send_burst(self, burst: Sequence[OutgoingNotice], book: NoticeBook) -> list[int | str]:
        if any(message.is_concurrent for message in burst):
            outcomes = list(await asyncio.gather(*(self._post(message) for message in burst)))
        else:
            outcomes = [await self._post(message) for message in burst]
        # A reset forgets what was travelling, and the new book may give the same numbers to other notices.
        if self._gateway.notices is book:
            for message, outcome in zip(burst, outcomes, strict=True):
                self._gateway.record_notice(message, outcome)
        self.wake()
        return outcomes

    async def _post(self, message: OutgoingNotice) -> int | str:
        # Checked when the order was placed; checked again because this is the only place that calls out.
        if loopback_refusal(message.url):
            return "refused_target"
        async with self._places:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    answer = await self._client.post(message.url, content=message.body, headers=message.headers)
            except (httpx.TimeoutException, TimeoutError):
                return "timeout"
            except httpx.HTTPError as error:
                return type(error).__name__
        return answer.status_code
