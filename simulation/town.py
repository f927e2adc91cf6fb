"""The town that every run begins in, founded once per process by the real journeys and put back before each run.

Households of three, one for each payer and day: in the basket of one member may be what is in another's. The values
of the region are published, the register is imported from a file, the year is assessed. Who lives there hangs on the
numbers alone, never on the seed, so that a thousand runs share one founding.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from canbao.billing import public as billing
from canbao.channels.interface import ChannelCode
from canbao.journeys.assess_year import assess_year
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.import_register import import_register
from canbao.journeys.publish_policy import publish_policy
from canbao.journeys.reconcile_day import DAYS_BACK, reconcile_day
from canbao.journeys.seal_ledger import seal_ledger
from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import close_pool, owner_connection
from canbao.kernel.regions import NATION, RegionCode
from canbao.policy import public as policy
from canbao.registry import public as registry
from simulation.chance import decided_by
from simulation.channel import BEGINNING, gateway_of
from simulation.fate import Fate
from simulation.wire import lay

NANCHANG = RegionCode(360100)
INSURED_YEAR = 2025
DAYS_MAX = 90
"""The window closes at the end of February."""

HOUSE_SIZE = 3
BASKETS: tuple[tuple[int, ...], ...] = ((0, 1), (1, 2), (0,))
"""Whose bills each tab of a household wants; some want the same."""

_HEAD = ["证件类型", "证件号码", "姓名", "户编号", "人员类别", "人员身份", "险种", "参保日期", "上一参保年度", "村社区"]
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The founded town: the bills of each household, and every row to be put back."""

    houses: tuple[tuple[UUID, ...], ...]
    tables: dict[str, bytes]

    def put_back(self) -> None:
        """Make the database what it was when the town was founded.

        Rows are deleted, tables not truncated, and connections stay: what they have prepared they need not plan anew,
        which was a third of what the server did in a run.
        """
        with owner_connection() as session, session.transaction(), session.cursor() as cursor:
            # Keys between tables were satisfied when the rows were taken.
            cursor.execute("SET LOCAL session_replication_role = replica")
            _delete(cursor, _filled(cursor, list(self.tables)))
            for name, rows in self.tables.items():
                if rows:
                    with cursor.copy(
                        sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(name))
                    ) as copy:
                        copy.write(rows)


def found_town(folder: Path, *, houses_count: int) -> Town:
    """Found a town of so many households in the database of this process, whose rows are thrown away first."""
    clock = FixedClock(BEGINNING)
    close_pool()
    _empty()
    people = [[(house, member) for member in range(HOUSE_SIZE)] for house in range(houses_count)]
    with decided_by("the founding of the town"):
        publish_policy(
            [file for file in policy.shipped_files() if file.parent.name == str(NANCHANG)], by="a clerk", clock=clock
        )
        register = _write_register(folder / "register.csv", [one for house in people for one in house])
        import_register(NANCHANG, register, clock=clock, processes=1)
        assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=clock)
        while deliver_events(NANCHANG, clock=clock):
            pass
        seal_ledger(NANCHANG, clock=clock)
        with _silent_channel(folder, clock):
            # Of the days before nothing is told; to ask in every run would tell nothing new. Yesterday is not told yet.
            for region, back in product((NATION, NANCHANG), range(2, DAYS_BACK + 1)):
                reconcile_day(region, ChannelCode.WECHAT, clock.today() - timedelta(days=back), clock=clock)
    found = tuple(tuple(_bill(_id_no(*one), _name(*one), clock) for one in house) for house in people)
    return Town(houses=found, tables=_rows())


@contextmanager
def _silent_channel(folder: Path, clock: FixedClock) -> Iterator[None]:
    """A channel to whom nothing has happened yet."""
    gateway = gateway_of(clock, folder, seed=0)
    lay(gateway, Fate(), lambda: None)
    try:
        yield
    finally:
        gateway.close()


def _bill(id_no: str, name: str, clock: FixedClock) -> UUID:
    (registered,) = registry.find(id_no, name)
    (bill,) = billing.bills_of(NANCHANG, [registered.person_id], clock.today())
    return bill.bill_id


def _tables() -> list[str]:
    with owner_connection() as session:
        found = session.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django\\_%' "
            "AND tablename NOT LIKE 'procrastinate\\_%' ORDER BY tablename"
        ).fetchall()
    return [str(name) for (name,) in found]


def _empty() -> None:
    """No rows, and no vacuum of its own accord: it moves rows about, and what has no order would get another."""
    names = _tables()
    with owner_connection() as session, session.cursor() as cursor:
        _truncate(cursor, _filled(cursor, names))
        for name in names:
            session.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(sql.Identifier(name)))


def _filled(cursor: psycopg.Cursor[tuple[object, ...]], names: list[str]) -> list[str]:
    """Those of the tables that hold a row. To truncate one that holds none costs as much as one that does."""
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in names
    ]
    return [str(name) for (name,) in cursor.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()]


def _delete(cursor: psycopg.Cursor[tuple[object, ...]], names: list[str]) -> None:
    if names:
        cursor.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in names))


def _truncate(cursor: psycopg.Cursor[tuple[object, ...]], names: list[str]) -> None:
    if names:
        cursor.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, names))))


def _rows() -> dict[str, bytes]:
    with owner_connection() as session, session.cursor() as cursor:
        tables = dict.fromkeys(_tables(), b"")
        for name in _filled(cursor, list(tables)):
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(name))) as copy:
                tables[name] = b"".join(bytes(block) for block in copy)
    return tables


def _name(house: int, member: int) -> str:
    return f"陈{_NUMERALS[house % 10]}{_NUMERALS[member]}"


def _id_no(house: int, member: int) -> str:
    """A valid number of an adult (GB 11643)."""
    year, month, day = 1965 + house % 30, 1 + house // 30 % 12, 1 + house // 360 % 28
    first = f"360102{year}{month:02d}{day:02d}{2 * member + 1:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(w * int(d) for w, d in zip(weights, first, strict=True)) % 11]


def _write_register(path: Path, people: list[tuple[int, int]]) -> Path:
    """A register file; every seventh household's third member is assisted, and so pays a part."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for house, member in people:
            identity = "minimum_living:2020-01-01:" if house % 7 == 0 and member == HOUSE_SIZE - 1 else ""
            row = ["居民身份证", _id_no(house, member), _name(house, member), f"H{house}", "1501", identity]
            writer.writerow([*row, "390", "2024-10-10", "2024", "青云社区"])
    return path
