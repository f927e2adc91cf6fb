"""A command that is stopped, gently or by force, leaves nothing behind that would have to be cleared by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from canbao.site import postgres
from tests.world import wait_until

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / ".local" / "postgres-test"

HOLDS_GROUND = """
from pathlib import Path
from threading import Event
from bench.ground import Cluster, ground
from canbao.site.cli import main

def holds() -> None:
    with ground("stopped", Cluster(root=Path({root!r}), durable=False)) as found:
        print(found.folder, found.database, flush=True)
        Event().wait(60)

main.app.command("holds")(holds)
main.app()
"""

SEALS = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from canbao.registry.chunks import _leave_stopping_to_the_caller

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_leave_stopping_to_the_caller) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


@contextmanager
def running(script: Path, text: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A script in a process of its own, and the words of its first line."""
    script.write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(script), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background has them ignore the keyboard's signal, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None, "its output is piped"
    try:
        yield process, process.stdout.readline().split()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_benchmark_takes_its_folder_and_database_along(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path / "holds.py", HOLDS_GROUND.format(root=str(CLUSTER)), "holds") as (process, (folder, name)):
        assert Path(folder).is_dir()
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.endswith("nothing is half done; the same command goes on from there.\n")
    assert "Traceback" not in error
    assert not Path(folder).exists()
    with psycopg.connect(postgres.start(CLUSTER, durable=False).url("postgres")) as session:
        assert session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None


def test_process_that_seals_ends_with_a_killed_caller(tmp_path: Path) -> None:
    with running(tmp_path / "seals.py", SEALS) as (process, (sealing,)):
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda: not _lives(int(sealing)), "the end of the process that seals")


def _lives(process_id: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
