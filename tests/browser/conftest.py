"""One real stack for all browser tests, and browsers to visit it with.

The stack has a database, state, logs and ports of its own and runs on the demonstration's date. It is shared by all
tests of this folder that a process runs; those of a file stay together (`xdist_group`). Where no Chromium can be had
every test is skipped with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, StorageState, ViewportSize, sync_playwright

from canbao.kernel.clock import clock_from
from canbao.site import postgres
from canbao.site.stack import Addresses, Stack
from sandbox.wechat.client import SandboxClient
from tests.browser import town
from tests.browser.town import Family
from tests.browser.visitor import PHONE_AGENT, Size, Visitor
from tools import browser as machine

ROOT = Path(__file__).resolve().parents[2]
ADDRESS_HEADER = "X-Caller-Address"

Visit = Callable[..., Visitor]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process; each process has one stack for all the files it gets.

    First of all hooks, because pytest-xdist reads the groups in its own.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group(f"browser_{item.path.stem}"))
            item.add_marker(pytest.mark.browser)


@dataclass(slots=True)
class House:
    """The running stack, and what a test needs to know of it."""

    addresses: Addresses
    logs: Path
    database: str
    sandbox: SandboxClient
    asked: list[str] = field(default_factory=list)
    _families: Iterator[int] = field(default_factory=count)
    _callers: Iterator[int] = field(default_factory=lambda: count(1))

    def family(self) -> Family:
        """A family that no other test has touched."""
        number = next(self._families)
        assert number < town.FAMILIES, "the town has run out of families"
        return town.family(number)

    def caller(self) -> str:
        """An internet address that nobody has called from yet."""
        number = next(self._callers)
        return f"198.51.{number // 250}.{1 + number % 250}"

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """Ask the database, as its owner."""
        with psycopg.connect(self.database, autocommit=True) as session:
            done = session.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def order_count(self) -> int:
        """How many orders there are."""
        return int(str(self.rows("SELECT count(*) FROM payments_order")[0][0]))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where the browser is."""
    found = machine.find()
    if found.path is None:
        pytest.skip(found.reason)
    return str(found.path)


@pytest.fixture(scope="session")
def house(chromium_path: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The stack, started once. Its database is a copy of the empty migrated one, filled by a process of its own."""
    folder = tmp_path_factory.mktemp("browser")
    server = postgres.start(ROOT / ".local" / "postgres-test", durable=False)
    name = f"test_{os.getpid()}_browser"
    postgres.create_database(server, name, template=_template_of(server))
    environment = {
        "DATABASE_URL": server.url(name),
        "CANBAO_STATE_DIR": str(folder / "state"),
        "CANBAO_ADDRESS_HEADER": ADDRESS_HEADER,
        "CANBAO_DATABASE_CONNECTIONS": "8",
    }
    command = [sys.executable, "-m", "tests.browser.town", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **environment, "CANBAO_CLOCK": town.BUSINESS_DATE})
    stack = Stack(
        clock=clock_from(town.BUSINESS_DATE),
        logs=folder / "log",
        sandbox_state=folder / "wechat",
        environment=environment,
    )
    try:
        addresses = stack.start()
        with SandboxClient(addresses.sandbox_control) as sandbox:
            yield House(addresses=addresses, logs=folder / "log", database=server.url(name), sandbox=sandbox)
    finally:
        stack.stop()
        postgres.drop_database(server, name)


def _template_of(server: postgres.Address) -> str:
    """The migrated, empty database that the tests' own databases are copied from."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        found = session.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'template\_%'").fetchall()
    named = [str(row[0]) for row in found]
    assert len(named) == 1, f"one template is kept, not {named}"
    return named[0]


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser for one file's tests. It is closed before another folder's asynchronous tests want a loop."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, house: House) -> Iterator[Visit]:
    """Make visitors; at the end nothing may stand on any console, and their addresses are kept for the last test."""
    visitors: list[Visitor] = []

    def make(
        size: Size = Size.PHONE, *, scripts: bool = True, agent: str = "", dark: bool = False, caller: str = ""
    ) -> Visitor:
        visitor = new_visitor(chromium, house, size, scripts=scripts, agent=agent, dark=dark, caller=caller)
        visitors.append(visitor)
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
        house.asked += visitor.asked
    assert [line for visitor in visitors for line in visitor.heard] == []


def new_visitor(
    browser: Browser,
    house: House,
    size: Size = Size.PHONE,
    *,
    scripts: bool = True,
    agent: str = "",
    dark: bool = False,
    caller: str = "",
    cookies: StorageState | None = None,
) -> Visitor:
    """A visitor with a browser of her own on a screen of this size, fresh unless cookies are given."""
    width, height = size.pixels
    is_phone = size is not Size.DESKTOP
    context = browser.new_context(
        viewport=ViewportSize(width=width, height=height),
        is_mobile=is_phone,
        has_touch=is_phone,
        user_agent=agent or (PHONE_AGENT if is_phone else None),
        java_script_enabled=scripts,
        color_scheme="dark" if dark else "light",
        locale="zh-CN",
        storage_state=cookies,
        extra_http_headers={ADDRESS_HEADER: caller or house.caller()},
    )
    context.set_default_timeout(15_000)
    visitor = Visitor(context=context, page=context.new_page(), pages=house.addresses.pages, agent=agent)
    visitor.listen()
    return visitor
