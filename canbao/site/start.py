"""What every command does first: find or start the database, set Django up, and see that programs and database agree.

`DATABASE_URL` wins. Without it the embedded PostgreSQL is started (or found running) and its address put into the
environment, so that this process and its children speak to the same database.
"""

from __future__ import annotations

import os

import psycopg

from canbao.kernel.connections import owner_connection
from canbao.kernel.environment import is_production
from canbao.kernel.errors import Retry, declare

DATABASE_AWAY = declare(
    "site.database_away",
    Retry.LATER,
    "连不上数据库，请检查 DATABASE_URL，或看数据库是否在运行",
    "The database cannot be reached; check DATABASE_URL, and whether the database runs",
)
SCHEMA_BEHIND = declare(
    "site.schema_behind",
    Retry.NEVER,
    "数据库比程序旧，缺 {missing} 步，请先运行 canbao migrate",
    "The database is older than the programs: {missing} steps are missing; run canbao migrate first",
)


def prepare(*, database: bool = True, migrated: bool = True) -> None:
    """Make this process ready to run Canbao. With `database`, PostgreSQL answers afterwards.

    Errors: `site.database_away`; with `migrated`, `site.schema_behind` when a migration of ours has not been applied.
    """
    if database and not os.environ.get("DATABASE_URL") and not is_production():
        from canbao.site import postgres

        os.environ["DATABASE_URL"] = postgres.start().url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
    import django

    from canbao.site.logs import configure

    configure()
    django.setup()
    if database and migrated:
        _refuse_an_older_schema()


def _refuse_an_older_schema() -> None:
    from django.db.migrations.loader import MigrationLoader

    wanted = set(MigrationLoader(None).disk_migrations)
    try:
        with owner_connection() as session:
            known = session.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
            applied = set(session.execute("SELECT app, name FROM django_migrations")) if known == (True,) else set()
    except psycopg.OperationalError as away:
        raise DATABASE_AWAY() from away
    missing = wanted - applied
    if missing:
        raise SCHEMA_BEHIND(missing=len(missing))
