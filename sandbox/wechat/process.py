"""The sandbox as a process: two loopback ports over one gateway, a postman, and files that say where everything is."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO

from sandbox.clock import VirtualClock, machine_now, shift_of
from sandbox.exchange import Answer, Request, TransportAct
from sandbox.server import LOOPBACK, HttpServer
from sandbox.wechat.control import ControlPlane
from sandbox.wechat.delivery import Delivery
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import Keys, load_or_make_keys, write_merchant_file
from sandbox.wechat.limits import BODY_BYTES_MAX, CONTROL_BODY_BYTES_MAX, Limits
from sandbox.wechat.wishes import json_answer

BULK_PATH = "/_sandbox/bulk_notices"


class StartRefused(Exception):
    """The sandbox cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: ports (0 chooses), where to keep state, the seed (None keeps the directory's own), limits."""

    state_directory: Path
    port: int = 0
    control_port: int = 0
    seed: int | None = None
    clock_setting: str = ""
    limits: Limits = field(default_factory=Limits)


class SandboxProcess:
    """A gateway with its servers and postman, inside a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        directory = settings.state_directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        self._lock_file = _lock(directory)
        real_now = machine_now()
        clock = VirtualClock(shift=shift_of(settings.clock_setting, real_now))
        # Certificates are judged by the machine's clock wherever they are loaded, so they are made by it too.
        keys = _keys_of(directory, real_now)
        self.gateway = WeChatGateway(
            keys=keys,
            clock=clock,
            state_path=directory / "book.sqlite3",
            keys_directory=directory,
            seed=_seed_of(directory, settings.seed),
            limits=settings.limits,
        )
        self._control = ControlPlane(self.gateway)
        self._server = HttpServer(self._answer, body_bytes_max=BODY_BYTES_MAX)
        self._control_server = HttpServer(self._answer_control, body_bytes_max=CONTROL_BODY_BYTES_MAX)
        self._delivery: Delivery | None = None
        self._postman: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, object]:
        """Bind, write `merchant.json` and `addresses.json`, begin to deliver; what `addresses.json` says."""
        self._delivery = Delivery(self.gateway)
        self.gateway.on_change = self._delivery.wake
        try:
            port = await self._server.listen(self._settings.port)
            control_port = await self._control_server.listen(self._settings.control_port)
        except OSError as error:
            await self.stop()
            message = f"Cannot listen on {LOOPBACK}: {error.strerror or error}. Choose other ports, or 0 for free ones."
            raise StartRefused(message) from error
        self.gateway.base_url = f"http://{LOOPBACK}:{port}"
        control_url = f"http://{LOOPBACK}:{control_port}/_sandbox"
        directory = self._settings.state_directory
        merchant_path = write_merchant_file(
            self.gateway.keys, directory, base_url=self.gateway.base_url, control_url=control_url
        )
        addresses: dict[str, object] = {
            "base_url": self.gateway.base_url,
            "control_url": control_url,
            "merchant_path": str(merchant_path.resolve()),
            "pid": os.getpid(),
            "shift_seconds": self.gateway.clock.shift_seconds(),
        }
        # Written aside and moved, so that whoever waits for the file never reads half of it.
        aside = directory / "addresses.json.new"
        aside.write_text(json.dumps(addresses, indent=2) + "\n")
        aside.replace(directory / "addresses.json")
        self._postman = asyncio.get_running_loop().create_task(self._delivery.run())
        return addresses

    async def stop(self) -> None:
        """Close ports, connections and book; `addresses.json` goes, since it is no longer true."""
        (self._settings.state_directory / "addresses.json").unlink(missing_ok=True)
        if self._postman is not None:
            self._postman.cancel()
            await asyncio.gather(self._postman, return_exceptions=True)
        await self._server.stop()
        await self._control_server.stop()
        if self._delivery is not None:
            await self._delivery.stop()
        self.gateway.close()
        self._lock_file.close()

    async def _answer(self, request: Request) -> Answer:
        answer = self.gateway.exchange(request)
        if answer.act is TransportAct.AFTER_NOTICE and self._delivery is not None:
            await self._delivery.drain()
        return answer

    async def _answer_control(self, request: Request) -> Answer:
        if request.path == BULK_PATH:
            # Thousands of signatures: off the loop, so that the other port goes on answering.
            return json_answer(await asyncio.to_thread(self._control.handle, request))
        reply = self._control.handle(request)
        assert self._delivery is not None
        if reply.messages:
            reply.content["outcomes"] = await self._delivery.send(reply.messages)
        if reply.is_draining:
            reply.content["sent_count"] = await self._delivery.drain()
        return json_answer(reply)


async def serve(settings: Settings) -> None:
    """Run until told to stop (SIGTERM, SIGINT) or until the limit of run time."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    process = SandboxProcess(settings)
    addresses = await process.start()
    print(json.dumps(addresses), flush=True)
    try:
        async with asyncio.timeout(settings.limits.run_s or None):
            await stopped.wait()
    except TimeoutError:
        print(f"The sandbox ran for {settings.limits.run_s} seconds, its limit, and stops.", flush=True)
    finally:
        await process.stop()


def _lock(directory: Path) -> TextIO:
    """Hold the directory for this process alone; two would write one book."""
    file = (directory / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        message = f"Another sandbox runs on {directory}. Stop it, or give another --state-dir."
        raise StartRefused(message) from None
    return file


def _keys_of(directory: Path, now: datetime) -> Keys:
    try:
        return load_or_make_keys(directory, now)
    except (KeyError, TypeError, ValueError, FileNotFoundError):
        message = f"The keys in {directory} cannot be read. Remove it to begin anew, or give another --state-dir."
        raise StartRefused(message) from None


def _seed_of(directory: Path, wanted: int | None) -> int:
    """The seed to run with: the directory keeps the one it began with, since ids already given depend on it."""
    path = directory / "seed"
    if not path.exists():
        path.write_text(f"{1 if wanted is None else wanted}\n")
    try:
        kept = int(path.read_text())
    except ValueError:
        message = f"{path} holds no number. Remove {directory} to begin anew, or give another --state-dir."
        raise StartRefused(message) from None
    if wanted is not None and wanted != kept:
        message = f"{directory} began with seed {kept}, not {wanted}. Leave --seed out, or give another --state-dir."
        raise StartRefused(message)
    return kept
