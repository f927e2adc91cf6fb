"""The whole platform on one machine: database, pages, intake, worker, and the WeChat sandbox on the other side of the
wire.

For development and the demonstration. Every process gets the same clock, database and addresses through its
environment, listens on a free loopback port unless told otherwise, and writes to a log of its own. Stopping the stack
stops them all, the worker first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from canbao.kernel.clock import ShiftedClock, shift_setting
from canbao.kernel.environment import state_dir
from canbao.kernel.errors import Retry, declare

ROOT = Path(__file__).resolve().parents[2]
START_S_MAX = 30.0
STOP_S_MAX = 20.0

NOT_STARTED = declare(
    "site.not_started",
    Retry.LATER,
    "{process} 没有启动，请看日志 {log}",
    "{process} did not start; look at its log, {log}",
)

STACK_RUNS = declare(
    "site.stack_runs",
    Retry.LATER,
    "这里已经有一个 canbao up 或 demo 在运行（进程 {process}），请先停掉它；什么也没有改动",
    "Another canbao up or demo runs here (process {process}); stop it first. Nothing was changed",
)


SHARED_WITH_COMMANDS = (
    "CANBAO_CLOCK",
    "CANBAO_PUBLIC_URL",
    "CANBAO_NOTICE_URL",
    "CANBAO_WECHAT_FILE",
    "CANBAO_STATE_DIR",
)
"""Settings that a command beside the stack has to share with it. Where the database is, both know by themselves."""


@contextlib.contextmanager
def sole_stack() -> Iterator[None]:
    """Be the only one of this installation that runs a stack: two would share keys, a sandbox's book and a database.

    Errors: `site.stack_runs` naming the process that does.
    """
    with (state_dir() / "stack.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise STACK_RUNS(process=lock.read(20).strip() or "?") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the running stack can be reached. `settings` is a file that a shell reads with `.` to run commands beside
    it: on the same day, with the same sandbox.
    """

    pages: str
    intake: str
    sandbox: str
    sandbox_control: str
    database: str
    settings: Path


@dataclass(slots=True)
class Stack:
    """The processes of one running stack. `clock` is the clock that all of them follow."""

    clock: ShiftedClock
    pages_port: int = 0
    intake_port: int = 0
    logs: Path = ROOT / ".local" / "log"
    sandbox_state: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> Addresses:
        """Start every process and wait until each answers.

        Errors: `site.not_started`, after stopping what had started.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> Addresses:
        pages_port, intake_port = self.pages_port or free_port(), self.intake_port or free_port()
        pages, intake = f"http://127.0.0.1:{pages_port}", f"http://127.0.0.1:{intake_port}"
        sandbox_state = self.sandbox_state or state_dir() / "sandbox-wechat"
        (sandbox_state / "addresses.json").unlink(missing_ok=True)
        shared = {
            **os.environ,
            "CANBAO_CLOCK": shift_setting(self.clock),
            "CANBAO_PUBLIC_URL": pages,
            "CANBAO_NOTICE_URL": intake,
            "CANBAO_WECHAT_FILE": str(sandbox_state / "merchant.json"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
            **self.environment,
        }
        sandbox = ["-m", "sandbox", "wechat", "--state-dir", str(sandbox_state)]
        self._spawn("sandbox", sandbox, shared)
        told = self._addresses_of_the_sandbox(sandbox_state / "addresses.json")
        canbao = ["-m", "canbao.site.cli.main"]
        self._spawn("serve", [*canbao, "serve", "--port", str(pages_port)], shared)
        self._spawn("intake", [*canbao, "intake", "--port", str(intake_port)], shared)
        self._spawn("work", [*canbao, "work"], shared)
        self._wait_for("serve", f"{pages}/health")
        self._wait_for("intake", f"{intake}/health")
        return Addresses(
            pages=pages,
            intake=intake,
            sandbox=str(told["base_url"]),
            sandbox_control=str(told["control_url"]),
            database=shared["DATABASE_URL"],
            settings=_write_settings(sandbox_state.with_name("up.env"), shared),
        )

    def stop(self) -> None:
        """Stop every process, gently and then not; safe to call twice."""
        for name in ("work", "serve", "intake", "sandbox"):
            process = self.processes.pop(name, None)
            if process is not None:
                _end(process)

    def wait(self, stopping: threading.Event) -> str | None:
        """Wait until told to stop (answers None), or until a process ends by itself (answers its name)."""
        while not stopping.wait(0.5):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    return name
        return None

    def _spawn(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _addresses_of_the_sandbox(self, path: Path) -> dict[str, object]:
        until = time.monotonic() + START_S_MAX
        while not path.exists():
            self._refuse_if_gone("sandbox", until)
            threading.Event().wait(0.05)
        found: dict[str, object] = json.loads(path.read_text())
        return found

    def _wait_for(self, name: str, url: str) -> None:
        until = time.monotonic() + START_S_MAX
        with httpx.Client(trust_env=False, timeout=2) as client:
            while True:
                try:
                    if client.get(url).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                self._refuse_if_gone(name, until)
                threading.Event().wait(0.05)

    def _refuse_if_gone(self, name: str, until: float) -> None:
        if self.processes[name].poll() is not None or time.monotonic() > until:
            raise NOT_STARTED(process=name, log=str(self.logs / f"{name}.log"))


def _write_settings(path: Path, shared: Mapping[str, str]) -> Path:
    """Write down what a shell exports to run commands beside the stack. A path, no secret: keys lie in files."""
    lines = [f"export {name}={shlex.quote(shared[name])}\n" for name in SHARED_WITH_COMMANDS if name in shared]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_or_free(port: int) -> int:
    """The port asked for if nobody listens on it, else a free one; 0 asks for any."""
    with socket.socket() as probe:
        if port and probe.connect_ex(("127.0.0.1", port)) != 0:
            return port
    return free_port()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started: they share a session of their own."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S_MAX)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
