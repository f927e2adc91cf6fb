"""Where the played channel keeps its book: one SQLite file, or memory.

A thin layer over `sqlite3`: rows as `sqlite3.Row`, one explicit transaction at a time, and counters for
deterministic ids. The file is a development tool's memory: it is not synced to disk at each commit, which a real
book would do.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sandbox.clock import BEIJING

Value = str | int | bytes | None
Values = Sequence[Value] | Mapping[str, Value]
VERSION = 2
"""Of the schema; a book of another version is not opened."""
TABLES = (
    "counter",
    "setting",
    "transfer",
    "account",
    "payer",
    "refund",
    "trade_order",
    "seen_nonce",
    "notice",
    "attempt",
)


class Store:
    """One connection to the book. Not for use by two threads at once: the gateway holds the lock."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        if path is not None:
            self._check_version(path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript((Path(__file__).parent / "schema.sql").read_text())

    def _check_version(self, path: Path) -> None:
        is_begun = self.row("SELECT 1 FROM sqlite_master WHERE name = 'trade_order'") is not None
        version = self.number("PRAGMA user_version")
        if is_begun and version != VERSION:
            self._connection.close()
            message = (
                f"The book {path} is of version {version or 1}, and this sandbox writes version {VERSION}. "
                "Remove it to begin anew, or give another --state-dir."
            )
            raise ValueError(message)
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """All rows of a statement."""
        return self._connection.execute(statement, values).fetchall()

    def each(self, statement: str, values: Values = ()) -> Iterator[sqlite3.Row]:
        """The rows of a statement one by one; nothing may be written before the last."""
        return iter(self._connection.execute(statement, values))

    def row(self, statement: str, values: Sequence[Value] = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        found: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def number(self, statement: str, values: Sequence[Value] = ()) -> int:
        """The first column of the first row, which must be an integer."""
        found = self.row(statement, values)
        assert found is not None
        return int(found[0])

    def run(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Run a statement that changes; how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def insert(self, table: str, values: dict[str, Value]) -> int:
        """Insert one row; its row id."""
        assert table in TABLES
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        cursor = self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside together, or none; inside another transaction it is part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def wipe(self) -> None:
        """Forget everything: every table empty, every counter at its start."""
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")
            self.run("DELETE FROM sqlite_sequence")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Ids:
    """The channel's numbers, decided by seed and counter alone, so that the same seed and calls give the same ids."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed

    def _next(self, kind: str) -> tuple[int, str]:
        row = self._store.row(
            "INSERT INTO counter VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET last = last + 1 RETURNING last", (kind,)
        )
        assert row is not None
        count = int(row["last"])
        return count, hashlib.sha256(f"{self._seed}:{kind}:{count}".encode()).hexdigest()

    def prepay_id(self, now: datetime) -> str:
        """36 characters: `wx`, the second in Beijing, 20 more."""
        return f"wx{now.astimezone(BEIJING):%Y%m%d%H%M%S}{self._next('prepay')[1][:20]}"

    def page_code(self) -> str:
        """The secret part of `h5_url` and `code_url`."""
        return self._next("page")[1][:24]

    def transaction_id(self, now: datetime) -> str:
        """28 digits beginning with 4200, as the channel's numbers do."""
        count, digest = self._next("transaction")
        return f"4200{int(digest[:8], 16) % 1_000_000:06d}{now.astimezone(BEIJING):%Y%m%d}{count:010d}"

    def refund_id(self, now: datetime) -> str:
        """29 digits beginning with 5030, as the channel's numbers do."""
        count, digest = self._next("refund")
        return f"5030{int(digest[:8], 16) % 1_000_000:06d}{now.astimezone(BEIJING):%Y%m%d}{count:011d}"

    def bill_token(self) -> str:
        """The secret part of a bill's `download_url`."""
        return self._next("bill_token")[1]

    def drawn(self, kind: str, most: int) -> int:
        """A whole number from 0 to `most`, decided by the seed and by how many of this kind were drawn before."""
        return int(self._next(f"drawn {kind}")[1][:12], 16) % (most + 1)

    def notice_id(self) -> str:
        """In the form of a UUID, as the channel's are."""
        digest = self._next("notice")[1]
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))

    def openid(self) -> str:
        """28 characters beginning with `o`."""
        return "o" + self._next("openid")[1][:27]

    def request_id(self) -> str:
        """The id that every API answer carries."""
        count, digest = self._next("request")
        return f"08{digest[:30].upper()}-{count}"
