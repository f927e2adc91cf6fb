"""What every command does first: find or start the database, set Django up, and see that programs and database agree.

`DATABASE_URL` wins. Without it the embedded PostgreSQL is started (or found running) and its address put into the
environment, so that this process and its children speak to the same database.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import psycopg
from psycopg.conninfo import conninfo_to_dict

from canbao.kernel import sealing
from canbao.kernel.clock import clock_from
from canbao.kernel.connections import owner_connection
from canbao.kernel.environment import is_production
from canbao.kernel.errors import CanbaoError, Retry, declare
from canbao.site import production
from canbao.site.settings_check import unreadable

DATABASE_AWAY = declare(
    "site.database_away",
    Retry.LATER,
    "连不上数据库（{where}），请检查 DATABASE_URL，或看数据库是否在运行",
    "The database cannot be reached ({where}); check DATABASE_URL, and whether the database runs",
)
SCHEMA_BEHIND = declare(
    "site.schema_behind",
    Retry.NEVER,
    "数据库比程序旧，缺 {missing} 步，请先运行 canbao migrate",
    "The database is older than the programs: {missing} steps are missing; run canbao migrate first",
)
SCHEMA_AHEAD = declare(
    "site.schema_ahead",
    Retry.NEVER,
    "数据库比程序新，多 {unknown} 步，请安装与数据库相配的版本；什么也没有改动",
    "The database is newer than the programs: {unknown} steps are unknown here; install the version that made it. "
    "Nothing was changed",
)
SETTINGS_UNREADABLE = declare(
    "site.settings_unreadable",
    Retry.NEVER,
    "环境变量不能用，请改正：{problems}",
    "The environment cannot be used; correct it: {problems}",
)
PRODUCTION_UNSAFE = declare(
    "site.production_unsafe",
    Retry.NEVER,
    "生产环境不能这样启动：{problems}",
    "Production does not start like this: {problems}",
)


def prepare(*, database: bool = True, migrated: bool = True) -> None:
    """Make this process ready to run Canbao. With `database`, PostgreSQL answers afterwards.

    Errors: `site.production_unsafe` naming everything that production is refused for; `site.settings_unreadable`
    naming every setting of a wrong form; `site.database_away`; `site.schema_ahead` when the database knows a
    migration of ours that we do not; with `migrated`, `site.schema_behind` when one of ours has not been applied.
    """
    if is_production():
        _refuse_an_unsafe_production()
    problems = unreadable(os.environ)
    if problems:
        raise SETTINGS_UNREADABLE(problems="; ".join(problems))
    clock_from(os.environ.get("CANBAO_CLOCK"))
    if database and not os.environ.get("DATABASE_URL") and not is_production():
        from canbao.site import postgres

        os.environ["DATABASE_URL"] = postgres.start().url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
    import django

    from canbao.site.logs import configure

    configure()
    django.setup()
    if database:
        _refuse_another_schema(is_older_good=not migrated)


def database_away() -> CanbaoError:
    """The refusal `site.database_away`, naming the database that was meant, never its password."""
    try:
        meant = conninfo_to_dict(os.environ.get("DATABASE_URL", ""))
    except psycopg.Error:
        meant = {}
    return DATABASE_AWAY(where=f"{meant.get('dbname') or '?'} at {meant.get('host') or '?'}")


def refuse_half_a_channel() -> None:
    """For whoever speaks to channels: one that is set up at all is set up rightly. Errors: those of its settings."""
    _channels()


def _refuse_an_unsafe_production() -> None:
    problems = production.problems(os.environ)
    if not problems:
        problems = [str(refused) for refused in map(_refusal_of, _NEEDED) if refused is not None]
    if problems:
        raise PRODUCTION_UNSAFE(problems="; ".join(problems))


def _refusal_of(needed: Callable[[], object]) -> CanbaoError | None:
    try:
        needed()
    except CanbaoError as refused:
        return refused
    return None


def _channels() -> None:
    """A channel that is set up at all is set up rightly, and is the real one; half a channel would never be offered
    and nobody would know why.
    """
    from canbao.channels import catalogue
    from canbao.channels.interface import ChannelCode

    for code in ChannelCode:
        if any(name.startswith(f"CANBAO_{code.upper()}_") for name in os.environ):
            catalogue.connector(code)


def _vouchers() -> None:
    from canbao.documents import public as documents

    documents.seal_in_force()


_NEEDED: tuple[Callable[[], object], ...] = (sealing.ring, _vouchers, _channels)
"""What production must be able to do: open and seal, sign vouchers, speak to its channels."""


def _refuse_another_schema(*, is_older_good: bool) -> None:
    from django.db.migrations.loader import MigrationLoader

    wanted = set(MigrationLoader(None).disk_migrations)
    try:
        with owner_connection() as session:
            known = session.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
            applied = set(session.execute("SELECT app, name FROM django_migrations")) if known == (True,) else set()
    except psycopg.OperationalError as away:
        raise database_away() from away
    apps = {app for app, _ in wanted}
    unknown = {(app, name) for app, name in applied if app in apps} - wanted
    if unknown:
        raise SCHEMA_AHEAD(unknown=len(unknown))
    missing = wanted - applied
    if missing and not is_older_good:
        raise SCHEMA_BEHIND(missing=len(missing))
