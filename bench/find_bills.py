"""Looking bills up by ID number and name, over HTTP, against the pages as they are served.

The floor is a bare WSGI function behind the same server with as many threads, which runs the statements of a look-up
(limits, directory, names, bills) on a pool of the same size and answers with the same redirection. Every look-up is of
another person and comes from an address that has not used up its limit.
"""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import httpx

from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, INSURED_YEAR, NANCHANG, BenchFailed, Cluster, Ground, ground
from bench.import_register import write_register
from bench.load import request, send_all
from bench.orders import HOT_TABLES, REGISTER_TABLES
from canbao.journeys.assess_year import assess_year
from canbao.journeys.import_register import import_register
from canbao.kernel.connections import owner_connection
from canbao.policy import public as policy
from canbao.registry.prepared import number_digest
from canbao.site.stack import free_port

ROUNDS = 3
CONNECTIONS = 8
PROCESSES = min(4, os.cpu_count() or 1)
"""A process for each processor, on either side: the threads of one process share one interpreter."""

THREADS = 4
"""In each process, what `canbao serve` serves with."""

WARM_UP = 40
PER_ADDRESS = 100
"""Look-ups from one address, well within its limit."""

ADDRESS_HEADER = "x-bench-address"
LOOKUP = "/"
FORM = "application/x-www-form-urlencoded"


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Look up `size` persons of a register of as many, in rounds, by the pages and by the floor."""
    with ground("find_bills", cluster) as found:
        typed = _register(found, size)
        pages, floor = _start(found)
        headers = _browser(pages)
        by_pages = [_by_pages(one, place, headers) for place, one in enumerate(typed)]
        by_floor = [_by_floor(one, place) for place, one in enumerate(typed)]
        in_round = len(typed) // ROUNDS
        _send(pages, by_pages[:WARM_UP])
        _send(floor, by_floor[:WARM_UP])
        rounds = []
        for start in range(0, in_round * ROUNDS, in_round):
            cpu_before, before = found.cpu_seconds(), time.perf_counter()
            _send(pages, by_pages[start : start + in_round])
            between, cpu_seconds = time.perf_counter(), found.cpu_seconds() - cpu_before
            _send(floor, by_floor[start : start + in_round])
            floor_seconds = time.perf_counter() - between
            rounds.append(
                Round(
                    item_count=in_round, seconds=between - before, floor_seconds=floor_seconds, cpu_seconds=cpu_seconds
                )
            )
        return measured(size, rounds)


def _register(ground: Ground, size: int) -> list[tuple[str, str]]:
    """Import a register and assess the year; the numbers and names of those who have a bill."""
    path = write_register(ground, size)
    import_register(NANCHANG, path, clock=ground.clock)
    assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=ground.clock)
    ground.settle_down(*REGISTER_TABLES, *HOT_TABLES)
    with owner_connection() as session:
        rows = session.execute(
            "SELECT person.id_digest FROM registry_person AS person "
            "JOIN billing_bill AS bill ON bill.region_code = person.region_code AND bill.person_id = person.id"
        ).fetchall()
    billed = {bytes(row[0]) for row in rows}
    return [(number, name) for number, name in _persons(path) if number_digest(number) in billed]


def _persons(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        return [(line[1], line[2]) for line in lines]


def _start(ground: Ground) -> tuple[int, int]:
    """Start the pages and the floor; answers their ports."""
    pages, floor = free_port(), free_port()
    both = ["--processes", str(PROCESSES), "--threads", str(THREADS)]
    ground.spawn(
        "serve",
        ["-m", "canbao.site.cli.main", "serve", "--port", str(pages), *both],
        {"CANBAO_ADDRESS_HEADER": ADDRESS_HEADER, "CANBAO_PUBLIC_URL": f"http://127.0.0.1:{pages}"},
    )
    ground.spawn("floor", ["-m", "bench.bare_lookup", str(floor), str(PROCESSES), str(THREADS)])
    ground.wait_for(f"http://127.0.0.1:{pages}/health")
    ground.wait_for(f"http://127.0.0.1:{floor}/health")
    return pages, floor


def _browser(port: int) -> dict[str, str]:
    """The headers of a browser that has opened the page and holds its token."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        page = client.get(LOOKUP)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if page.status_code != 200 or found is None:
            message = f"the look-up page answered {page.status_code}, with no form in it"
            raise BenchFailed(message)
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return {"content-type": FORM, "cookie": cookies, "x-csrftoken": found.group(1)}


def _by_pages(typed: tuple[str, str], place: int, headers: dict[str, str]) -> bytes:
    body = urlencode({"id_no": typed[0], "name": typed[1]}).encode()
    return request(LOOKUP, {**headers, ADDRESS_HEADER: _address(place)}, body)


def _by_floor(typed: tuple[str, str], place: int) -> bytes:
    body = urlencode({"id_no": typed[0], "name": typed[1], "address": _address(place)}).encode()
    return request("/", {"content-type": FORM}, body)


def _address(place: int) -> str:
    number = place // PER_ADDRESS
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _send(port: int, requests: Sequence[bytes]) -> None:
    statuses = send_all(port, requests, connections=CONNECTIONS)
    if statuses != {303: len(requests)}:
        message = f"{len(requests)} persons with a bill were looked up and answered {dict(statuses)}"
        raise BenchFailed(message)
