"""What every test may ask for: a clean database on a real PostgreSQL, a clock that stands still, two regions.

The test cluster is the embedded PostgreSQL with durability off. Migrations run once into a template named after their
content; each test process gets its own copy, and `db` empties it before a test. Tests therefore see real commits and
real locks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
STATE_DIR = tempfile.mkdtemp(prefix="canbao-test-state-")
os.environ["CANBAO_STATE_DIR"] = STATE_DIR
os.environ["CANBAO_DATABASE_CONNECTIONS"] = "40"
for outside in ("CANBAO_CLOCK", "CANBAO_ENVIRONMENT", "CANBAO_WECHAT_FILE", "CANBAO_SEAL_KEYS", "CANBAO_DIGEST_KEY"):
    os.environ.pop(outside, None)

import django  # noqa: E402  (the environment above must be set first)

django.setup()

from canbao.kernel.clock import FixedClock  # noqa: E402  (as above)
from canbao.kernel.connections import close_pool  # noqa: E402  (as above)
from canbao.kernel.regions import RegionCode  # noqa: E402  (as above)
from tests.emptied import empty_database  # noqa: E402  (it asks for settings when it is read)
from tests.owner import close_kept  # noqa: E402  (as above)

NANCHANG = RegionCode(360100)
SHIJIAZHUANG = RegionCode(130100)


def pytest_unconfigure() -> None:
    """Leave nothing in the temporary directory."""
    shutil.rmtree(STATE_DIR, ignore_errors=True)


def _schema_digest() -> str:
    """A name for the present schema: changes whenever a migration, a table's privileges or the grants do."""
    told = hashlib.sha256()
    for path in sorted(
        [*ROOT.glob("canbao/*/migrations/*.py"), *ROOT.glob("canbao/*/models.py"), ROOT / "canbao/site/migrate.py"]
    ):
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The address of this process's own test database, made from the migrated template."""
    from canbao.site import postgres

    given = os.environ.get("CANBAO_TEST_DATABASE_URL")
    address = postgres.start(ROOT / ".local" / "postgres-test", durable=False)
    template = f"template_{_schema_digest()}"
    with (ROOT / ".local" / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make_template(address, template)
    name = f"test_{os.getpid()}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    postgres.create_database(address, name, template=template)
    os.environ["DATABASE_URL"] = given or address.url(name)
    yield os.environ["DATABASE_URL"]
    close_pool()
    close_kept()
    postgres.drop_database(address, name)


def _make_template(address: object, name: str) -> None:
    from canbao.site import postgres

    assert isinstance(address, postgres.Address)
    import psycopg

    with psycopg.connect(address.url("postgres"), autocommit=True) as session:
        known = session.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%%' OR datname LIKE 'draft\\_%%'"
        )
        names = [row[0] for row in known.fetchall()]
    if name in names:
        return
    for old in names:
        postgres.drop_database(address, old)
    draft = f"draft_{name}"
    postgres.create_database(address, draft)
    script = (
        "from canbao.site.start import prepare; prepare(migrated=False); "
        "from canbao.site.migrate import migrate; migrate()"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, env={**os.environ, "DATABASE_URL": address.url(draft)}
    )
    with psycopg.connect(address.url("postgres"), autocommit=True) as session:
        session.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')


@pytest.fixture
def db(database: str) -> Iterator[None]:
    """An empty database, with the schema and nothing in it. What a process has cached of policies is forgotten too."""
    empty_database()
    yield
    _refuse_an_open_transaction()


def _refuse_an_open_transaction() -> None:
    from canbao.kernel.sql import open_tx

    assert open_tx.get() is None, "the test left a transaction open"


@pytest.fixture
def clock() -> FixedClock:
    """The fifteenth of November 2024, ten in the morning in Beijing: the demonstration's business date."""
    return FixedClock(datetime(2024, 11, 15, 2, 0, tzinfo=UTC))


@pytest.fixture
def region() -> RegionCode:
    """Nanchang."""
    return NANCHANG


@pytest.fixture
def other_region() -> RegionCode:
    """A second region, always there, so that a missing region filter shows."""
    return SHIJIAZHUANG
