"""Bringing the database to the present schema, as its owner, and giving the application its privileges.

Django applies the migrations; then the role `canbao_app` is made where it is missing and granted what it needs: rows
may be read, added, changed and removed everywhere but in append-only tables, where they may be read and added. Every
room lists its own append-only tables in `models.APPEND_ONLY`.
"""

from __future__ import annotations

import warnings
from importlib import import_module

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from canbao.kernel.connections import APP_ROLE, owner_connection


def migrate(*, verbosity: int = 0) -> None:
    """Apply every migration and grant. Repeatable; changes nothing when all is present."""
    call_command("migrate", verbosity=verbosity, interactive=False)
    connection.close()
    grant()


def missing_migrations() -> bool:
    """Whether a model has changed without a migration."""
    try:
        with warnings.catch_warnings():
            # Models and files are compared; the history in a database, which need not run, is not asked for.
            warnings.filterwarnings("ignore", "Got an error checking a consistent migration history", RuntimeWarning)
            call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    except SystemExit as told:
        return bool(told.code)
    return False


def append_only_tables() -> list[str]:
    """Every table whose rows are never changed or removed, as the rooms list them."""
    found: list[str] = []
    for app in apps.get_app_configs():
        if app.name.startswith("canbao.") and app.models_module is not None:
            found += getattr(import_module(f"{app.name}.models"), "APPEND_ONLY", ())
    return sorted(found)


def grant() -> None:
    """Make the application's role and give it exactly its privileges."""
    role = sql.Identifier(APP_ROLE)
    with owner_connection() as session, session.transaction():
        session.execute("SELECT pg_advisory_xact_lock(hashtext('canbao.grant'))")
        known = session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone()
        if known is None:
            session.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        session.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        session.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        session.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role)
        )
        session.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))
        present = {row[0] for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        for table in sorted(present.intersection(append_only_tables())):
            session.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), role)
            )
