"""An emptied database between tests, in a fraction of the time that truncating every table takes.

Truncating gives a table and each of its indexes a new file, whether it held anything or not, and most tests write into
a few tables only: so the tables are asked first.
"""

from __future__ import annotations

from canbao.kernel.connections import owner_connection

_TABLES = (
    "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django\\_%' "
    "ORDER BY tablename"
)


def empty_database() -> None:
    """Empty every table of ours that holds a row."""
    with owner_connection() as session:
        names = [row[0] for row in session.execute(_TABLES).fetchall()]
        asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)
        filled = [row[0] for row in session.execute(asked.encode()).fetchall()]
        if filled:
            session.execute(f"TRUNCATE {', '.join(filled)} CASCADE".encode())
