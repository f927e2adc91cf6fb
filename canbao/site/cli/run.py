"""`canbao serve`, `intake`, `work`, `sandbox`, `up`: the processes, one by one or all together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Annotated

import typer

from canbao.site.logs import OF_THE_SERVER
from canbao.site.ports import refuse_an_unusable_port
from canbao.site.start import prepare, refuse_half_a_channel

HEADER_MS_MAX = 10_000
HEADER_BYTES_MAX = 64 * 1024
"""A caller has ten seconds to say what he wants, in at most so many bytes: a proxy has said it by then."""

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)]
AnyPort = Annotated[int, typer.Option(help="Port to listen on; 0 chooses a free one.", min=0, max=65535)]
Processes = Annotated[int, typer.Option(help="Processes that serve.", min=1, max=256)]
Threads = Annotated[int, typer.Option(help="Threads in each process.", min=1, max=1024)]


def serve(host: Host = "127.0.0.1", port: Port = 8000, processes: Processes = 1, threads: Threads = 4) -> None:
    """Serve the pages (Django behind granian)."""
    _prepare_to_listen(host, port)
    os.environ["CANBAO_PAGE_THREADS"] = str(threads)
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    Granian(
        "canbao.site.pages:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=processes,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS_MAX, max_buffer_size=HEADER_BYTES_MAX),
        websockets=False,
        log_access=False,
        log_dictconfig=OF_THE_SERVER,
    ).serve()


def intake(host: Host = "127.0.0.1", port: Port = 8001, processes: Processes = 1) -> None:
    """Take in channels' notices: verify, keep, acknowledge."""
    _prepare_to_listen(host, port)
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    Granian(
        "canbao.site.intake:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=processes,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS_MAX, max_buffer_size=HEADER_BYTES_MAX),
        websockets=False,
        log_access=False,
        log_dictconfig=OF_THE_SERVER,
    ).serve()


def work() -> None:
    """Run the worker: settle, deliver, ask about silence, and what is scheduled. Stops gently on Ctrl-C or SIGTERM."""
    prepare()
    refuse_half_a_channel()
    from canbao.kernel.environment import process_clock
    from canbao.site.worker import work as run_worker

    run_worker(process_clock())


def _prepare_to_listen(host: str, port: int) -> None:
    prepare()
    refuse_half_a_channel()
    refuse_an_unusable_port(host, port)
    # The server has its own way of stopping.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def sandbox(
    port: AnyPort = 0,
    control_port: Annotated[int, typer.Option(help="Port of the control plane; 0 chooses.", min=0, max=65535)] = 0,
    state_dir: Annotated[str, typer.Option(help="Where its keys and book are kept.")] = ".local/sandbox-wechat",
) -> None:
    """Play WeChat Pay on loopback: a development tool that takes no money."""
    arguments = ["--port", str(port), "--control-port", str(control_port), "--state-dir", state_dir]
    played = subprocess.Popen([sys.executable, "-m", "sandbox", "wechat", *arguments])
    try:
        status = played.wait()
    except KeyboardInterrupt:
        # It has a book to close, and stops by itself when it is told.
        played.terminate()
        status = played.wait()
    raise typer.Exit(max(status, 0))


def up(
    date: Annotated[str, typer.Option(help="Business date of the demonstration; empty for today.")] = "2024-11-15",
    port: AnyPort = 8000,
) -> None:
    """Run everything for development: database, pages, intake, worker, sandbox. Ctrl-C stops it all."""
    os.environ["CANBAO_CLOCK"] = date
    is_database_ours = not os.environ.get("DATABASE_URL")
    from canbao.site.stack import Stack, port_or_free, sole_stack

    with sole_stack():
        prepare(migrated=False)
        from canbao.site.demo.scene import set_the_scene, tell_what_to_type

        stack = None
        stopping = threading.Event()
        try:
            scene = set_the_scene(typer.echo)
            stack = Stack(clock=scene.clock, pages_port=port_or_free(port))
            addresses = stack.start()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stopping.set())
            tell_what_to_type(scene, addresses)
            ended = stack.wait(stopping)
        finally:
            if stack is not None:
                stack.stop()
            if is_database_ours:
                _stop_the_embedded_database()
    if ended is not None:
        typer.secho(f"{ended} ended by itself; look at {stack.logs / ended}.log", fg="red", err=True)
        raise typer.Exit(1)


def _stop_the_embedded_database() -> None:
    from canbao.kernel.connections import close_pool
    from canbao.site import postgres

    close_pool()
    postgres.stop()
