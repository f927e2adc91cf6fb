"""An emptied database between tests, in a fraction of the time that truncating every table takes.

Truncating gives a table and each of its indexes a new file, whether it held anything or not, and most tests write into
a few tables only. A table that nothing was written into since it was truncated has a file without a byte.
"""

from __future__ import annotations

from canbao.kernel.connections import owner_connection

_WRITTEN = (
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    "AND relname NOT LIKE 'django\\_%' AND pg_relation_size(oid) > 0 ORDER BY oid"
)


def empty_database() -> None:
    """Empty every table of ours that was written into."""
    with owner_connection() as session:
        written = [row[0] for row in session.execute(_WRITTEN).fetchall()]
        if written:
            session.execute(f"TRUNCATE {', '.join(written)} CASCADE".encode())
