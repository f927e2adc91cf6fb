"""What every command does first: find or start the database, then set Django up.

`DATABASE_URL` wins. Without it the embedded PostgreSQL is started (or found running) and its address put into the
environment, so that this process and its children speak to the same database.
"""

from __future__ import annotations

import os

from canbao.kernel.environment import is_production


def prepare(*, database: bool = True) -> None:
    """Make this process ready to run Canbao. With `database`, PostgreSQL answers afterwards."""
    if database and not os.environ.get("DATABASE_URL") and not is_production():
        from canbao.site import postgres

        os.environ["DATABASE_URL"] = postgres.start().url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
    import django

    from canbao.site.logs import configure

    configure()
    django.setup()
