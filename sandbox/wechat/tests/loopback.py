"""A whole sandbox on real loopback ports in a thread of its own, and a receiver of notices that does as it is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.wechat.process import SandboxProcess, Settings


@contextmanager
def running(settings: Settings) -> Iterator[dict[str, str]]:
    """Run a sandbox; the content of its `merchant.json`."""
    is_up = threading.Event()
    stops: list[Callable[[], None]] = []
    failures: list[BaseException] = []

    async def live() -> None:
        process = SandboxProcess(settings)
        await process.start()
        wish_to_stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: _set_from_outside(loop, wish_to_stop))
        is_up.set()
        await wish_to_stop.wait()
        await process.stop()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            is_up.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_up.wait(20)
        assert not failures, failures
        yield json.loads((settings.state_directory / "merchant.json").read_text())
    finally:
        for stop in stops:
            stop()
        thread.join(20)
    assert not thread.is_alive()
    assert not failures, failures


Received = tuple[dict[str, str], bytes]


class Receiver:
    """Hears notices on a free loopback port; `answer` decides the status of each."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[int], int] = lambda _count: 204
        self.in_flight_count = 0
        self.in_flight_max = 0
        self._lock = threading.Lock()
        self._heard = threading.Condition(self._lock)
        receiver = self

        class Hearing(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.hear(dict(self.headers.items()), body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.done()

            def log_message(self, format: str, *args: object) -> None:
                """Tests print nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Hearing)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notices"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def hear(self, headers: dict[str, str], body: bytes) -> int:
        with self._heard:
            self.received.append((headers, body))
            self.in_flight_count += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight_count)
            count = len(self.received)
            self._heard.notify_all()
        return self.answer(count)

    def done(self) -> None:
        with self._heard:
            self.in_flight_count -= 1

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Received]:
        """Wait until so many notices were heard."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.received) >= count, timeout_s), len(self.received)
            return list(self.received)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def text_of(merchant: dict[str, str], name: str) -> str:
    """The text of a key file that `merchant.json` names."""
    return Path(merchant[name]).read_text()


def _set_from_outside(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)
