"""The floor of looking up: a bare WSGI function that runs a look-up's statements and redirects.

It keeps what a look-up cannot do without (the digests, the two limits counted, the directory, as many names as the
pages read, the bill) and leaves out everything else: no framework, no checks, no session, no page.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from psycopg_pool import ConnectionPool

from bench.ground import INSURED_YEAR
from canbao.kernel.connections import Connection, connection_options, database_url
from canbao.kernel.environment import process_clock
from canbao.kernel.regions import NATION
from canbao.kernel.sealing import digest
from canbao.kernel.sql import Statements
from canbao.registry.prepared import name_digest, number_digest

KERNEL, REGISTRY, BILLING = (Statements(f"canbao.{room}") for room in ("kernel", "registry", "billing"))
POOL_SIZE = 10
AT_MOST = 240
"""As often as the pages let an address come."""
_NOBODY = UUID(int=0)

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer 200 to a GET, and to a POST of `id_no`, `name` and `address` 303, or 404 where nobody is found."""
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [("content-length", "2")])
        return [b"ok"]
    posted = dict(parse_qsl(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()))
    found = _look_up(number_digest(posted["id_no"]), name_digest(posted["name"]), posted["address"])
    start_response("303 See Other" if found else "404 Not Found", [("location", "/bill"), ("content-length", "0")])
    return []


def _look_up(number: bytes, name: bytes, address: str) -> bool:
    window = process_clock().now().replace(minute=0, second=0, microsecond=0)
    # Buckets of its own: what the floor counts must not use up the limits of the pages.
    _ask(
        KERNEL["count_both"].text,
        caller_bucket="floor.address",
        caller_subject=digest("throttle", address),
        caller_window_starts_at=window,
        caller_at_most=AT_MOST,
        asked_bucket="floor.number",
        asked_subject=number,
        asked_window_starts_at=window,
        instead_subject=number,
    )
    entries = _ask(REGISTRY["list_regions_of_number"].text, id_digest=number)
    asked = [*entries, *[(NATION, _NOBODY)] * (2 - len(entries))]
    rows = [
        row
        for region, person_id in asked
        for row in _ask(REGISTRY["read_name_digest"].text, region_code=int(region), id=person_id)
    ]
    if not any(row[1] == name for row in rows):
        return False
    return any(
        _ask(
            BILLING["find_live_bill"].text,
            region_code=int(region),
            person_id=person_id,
            insured_year_from=INSURED_YEAR,
        )
        for region, person_id in entries
    )


def _ask(text: str, **params: object) -> list[tuple[Any, ...]]:
    with _pool().connection() as session:
        return session.execute(text.encode(), params).fetchall()


@cache
def _pool() -> ConnectionPool[Connection]:
    options = {**connection_options(), "prepare_threshold": 0, "autocommit": True}
    return ConnectionPool(database_url(), kwargs=options, min_size=0, max_size=POOL_SIZE, open=True)


def serve(port: int, processes: int, threads: int) -> None:
    """Serve it as the pages are served."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "bench.bare_lookup:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
    serve(*map(int, sys.argv[1:]))
