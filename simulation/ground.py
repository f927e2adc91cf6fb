"""The ground of a simulation on the command line: a database of its own, made, used and dropped.

The simulator throws rows away by the thousand, so it never touches a database that was given: it makes one on the
embedded server that the tests use too, whose durability is off, as a copy of a template that is migrated once per
schema. Keys and the channel's files lie in a folder that goes with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

import canbao
from canbao.kernel.connections import close_pool
from canbao.site import postgres
from simulation.world import of_one_seed

ROOT = Path(canbao.__file__).resolve().parents[1]
SERVER = ROOT / ".local" / "postgres-test"
_TEMPLATE = "simulated_"
_MIGRATE = (
    "from canbao.site.start import prepare; prepare(migrated=False); from canbao.site.migrate import migrate; migrate()"
)


@contextmanager
def held() -> Iterator[Path]:
    """A migrated database in `DATABASE_URL` and the environment of one seed until the block ends; answers a folder."""
    address = postgres.start(SERVER, durable=False)
    name = f"simulation_{os.getpid()}"
    template = f"{_TEMPLATE}{_schema_digest()}"
    with (SERVER.parent / "simulation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make(address, template)
        postgres.create_database(address, name, template=template)
    kept = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = address.url(name)
    close_pool()
    try:
        with tempfile.TemporaryDirectory(prefix="canbao-simulation-") as folder, of_one_seed(Path(folder)):
            yield Path(folder)
    finally:
        close_pool()
        if kept is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = kept
        postgres.drop_database(address, name)


def _schema_digest() -> str:
    """A name for the present schema: another whenever a migration, a table's privileges or the grants change."""
    told = hashlib.sha256()
    paths = [*ROOT.glob("canbao/*/migrations/*.py"), *ROOT.glob("canbao/*/*models.py"), ROOT / "canbao/site/migrate.py"]
    for path in sorted(paths):
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


def _make(address: postgres.Address, template: str) -> None:
    """Migrate the template if it is not there yet; those of older schemas go."""
    with psycopg.connect(address.url("postgres"), autocommit=True) as session:
        rows = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_TEMPLATE]).fetchall()
    names = {str(name) for (name,) in rows}
    if template in names:
        return
    for old in names:
        postgres.drop_database(address, old)
    draft = f"{_TEMPLATE}draft"
    postgres.create_database(address, draft)
    subprocess.run(
        [sys.executable, "-c", _MIGRATE],
        cwd=ROOT,
        check=True,
        env={**os.environ, "DATABASE_URL": address.url(draft)},
        stdout=subprocess.DEVNULL,
    )
    with psycopg.connect(address.url("postgres"), autocommit=True) as session:
        session.execute(f'ALTER DATABASE "{draft}" RENAME TO "{template}"'.encode())
