"""A Chromium to measure pages with: one process, spoken to over a pipe, one load at a time on a slow line.

It is spoken to in the browser's own debugging protocol over two file descriptors, so measuring needs nothing that
running does not need. Which browser it is, `tools/browser.py` says.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any

from bench.ground import BenchFailed, BenchUnavailable
from tools import browser as machine

LATENCY_MS = 400
BYTES_PER_S = 400_000 // 8
"""The slow line: 400 ms and 400 kbit/s both ways, a bad day in a village."""

SCREEN = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
ANSWER_S_MAX = 60.0
STOP_S_MAX = 10.0
_READ, _WRITE = 3, 4
"""Where Chromium expects its pipe."""

_FIRST_PAINT = """new Promise((done) => new PerformanceObserver((list) => {
  const found = list.getEntriesByName("first-contentful-paint")[0];
  if (found) done(found.startTime);
}).observe({ type: "paint", buffered: true }))"""


@dataclass(slots=True)
class Chromium:
    """A running browser. `log` is where it complains."""

    process_id: int
    to_browser: int
    from_browser: int
    log: Path
    _held: bytes = b""
    _asked: int = 0
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)

    def first_paint_s(self, url: str) -> float:
        """Seconds from asking for a page to its first contentful paint, on the slow line, with an empty cache.

        Raises BenchFailed when the page cannot be had or the browser does not answer.
        """
        context = str(self._ask("Target.createBrowserContext")["browserContextId"])
        target = str(self._ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"])
        session = str(self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        self._ask("Network.enable", session)
        self._ask(
            "Network.emulateNetworkConditions",
            session,
            offline=False,
            latency=LATENCY_MS,
            downloadThroughput=BYTES_PER_S,
            uploadThroughput=BYTES_PER_S,
        )
        self._ask("Emulation.setDeviceMetricsOverride", session, **SCREEN)
        problem = self._ask("Page.navigate", session, url=url).get("errorText")
        if problem:
            message = f"{url} could not be had: {problem}"
            raise BenchFailed(message)
        found = self._ask("Runtime.evaluate", session, expression=_FIRST_PAINT, awaitPromise=True)
        self._ask("Target.disposeBrowserContext", browserContextId=context)
        painted_ms = found.get("result", {}).get("value")
        if not isinstance(painted_ms, int | float):
            message = f"{url} was not painted: {found}"
            raise BenchFailed(message)
        return painted_ms / 1000

    def close(self) -> None:
        """End the browser, gently and then not."""
        try:
            self._ask("Browser.close")
        except BenchFailed:
            os.kill(self.process_id, signal.SIGTERM)
        os.close(self.to_browser)
        until = time.monotonic() + STOP_S_MAX
        while os.waitpid(self.process_id, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                os.kill(self.process_id, signal.SIGKILL)
            threading.Event().wait(0.02)
        os.close(self.from_browser)

    def _ask(self, method: str, session: str = "", **params: object) -> dict[str, Any]:
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": params}
        message = json.dumps(asked | ({"sessionId": session} if session else {})).encode() + b"\0"
        try:
            while message:
                message = message[os.write(self.to_browser, message) :]
        except BrokenPipeError as gone:
            raise self._gone() from gone
        until = time.monotonic() + ANSWER_S_MAX
        while self._asked not in self._answers:
            self._read(until)
        answer = self._answers.pop(self._asked)
        if "error" in answer:
            told = f"the browser refused {method}: {answer['error']}"
            raise BenchFailed(told)
        result: dict[str, Any] = answer["result"]
        return result

    def _read(self, until: float) -> None:
        """Read what has come; what nobody asked for is passed over."""
        ready, _, _ = select([self.from_browser], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            message = f"the browser did not answer within {ANSWER_S_MAX:.0f} s"
            raise BenchFailed(message)
        came = os.read(self.from_browser, 1 << 16)
        if not came:
            raise self._gone()
        *whole, self._held = (self._held + came).split(b"\0")
        for text in whole:
            told = json.loads(text)
            if "id" in told:
                self._answers[told["id"]] = told

    def _gone(self) -> BenchFailed:
        return BenchFailed(f"the browser ended by itself:\n{self.log.read_text(errors='replace')[-2000:]}")


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """A browser with a profile of its own in `folder`, closed at the end.

    Raises BenchUnavailable where no browser can be had.
    """
    path = browser_path()
    opened = _open(path, folder)
    try:
        yield opened
    finally:
        opened.close()


def browser_path() -> Path:
    """Where the browser is. Raises BenchUnavailable, with the reason, where there is none."""
    found = machine.find()
    if found.path is None:
        message = f"first_paint was not measured: {found.reason}"
        raise BenchUnavailable(message)
    return found.path


def _open(path: Path, folder: Path) -> Chromium:
    log = folder / "chromium.log"
    arguments = [
        str(path), "--headless", "--remote-debugging-pipe", f"--user-data-dir={folder / 'chromium'}", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-gpu",
        "--no-proxy-server", "--mute-audio", *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    # High numbers first: either end may have been given the very number that the other is wanted under.
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    child_reads, child_writes = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 64) for one in (to_read, from_write))
    os.close(to_read)
    os.close(from_write)
    try:
        process_id = os.posix_spawn(
            path,
            arguments,
            dict(os.environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, child_reads, _READ),
                (os.POSIX_SPAWN_DUP2, child_writes, _WRITE),
            ],
        )
    except BaseException:
        os.close(to_write)
        os.close(from_read)
        raise
    finally:
        os.close(child_reads)
        os.close(child_writes)
    return Chromium(process_id=process_id, to_browser=to_write, from_browser=from_read, log=log)
