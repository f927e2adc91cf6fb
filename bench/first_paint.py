"""How soon the first page shows something on a slow line, against a bare page.

An item is one load of the look-up page by a browser that has been nowhere yet, on a line of 400 ms and 400 kbit/s; its
time is that of the first contentful paint, as the browser tells it. The floor is a static page of the same words
(`bench/bare_page.py`) behind the same server on the same line. So one over the rate is a paint's seconds, and one over
the floor those of the bare page.
"""

from __future__ import annotations

import httpx

from bench.chromium import Chromium, browser_path, chromium
from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, BenchFailed, Cluster, Ground, ground
from canbao.site.stack import free_port

ROUNDS = 3


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Load the look-up page and the bare page `size` times each, in rounds.

    Raises BenchUnavailable where no browser can be had.
    """
    browser_path()
    with ground("first_paint", cluster) as found, chromium(found.folder) as browser:
        page, bare = _start(found)
        for url in (page, bare):
            browser.first_paint_s(url)
        in_round = max(1, size // ROUNDS)
        rounds = []
        for _ in range(ROUNDS):
            cpu_before = found.cpu_seconds()
            seconds = _paint(browser, page, in_round)
            cpu_seconds = found.cpu_seconds() - cpu_before
            rounds.append(
                Round(
                    item_count=in_round,
                    seconds=seconds,
                    floor_seconds=_paint(browser, bare, in_round),
                    cpu_seconds=cpu_seconds,
                )
            )
        return measured(size, rounds)


def _start(ground: Ground) -> tuple[str, str]:
    """Start the pages and the bare page; answers their addresses."""
    pages, bare = free_port(), free_port()
    page, floor = f"http://127.0.0.1:{pages}/", f"http://127.0.0.1:{bare}/"
    ground.spawn(
        "serve",
        ["-m", "canbao.site.cli.main", "serve", "--port", str(pages)],
        {"CANBAO_PUBLIC_URL": f"http://127.0.0.1:{pages}"},
    )
    ground.spawn("bare", ["-m", "bench.bare_page", str(bare)])
    ground.wait_for(f"{page}health")
    ground.wait_for(floor)
    if 'rel="stylesheet"' not in httpx.get(page, trust_env=False).text:
        message = "the pages have no WeUI, so they would be painted too soon; `make` fetches it"
        raise BenchFailed(message)
    return page, floor


def _paint(browser: Chromium, url: str, count: int) -> float:
    return sum(browser.first_paint_s(url) for _ in range(count))
