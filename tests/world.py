"""The world that journeys are tested in: a town with its people and bills, and the played WeChat channel.

Everything is real but the wallet: the register is imported from a file, the values are published, the year is assessed,
and the channel is the sandbox in a process of its own. Its notices are posted to a letterbox, so that a test decides
when, in which order and how often each is handed to us. Two clocks stand side by side, the journeys' and the channel's,
and are moved together.

A test asks for `town` (people and bills) or `world` (the town, the channel, and what a test does to both); a conftest
beside it imports the fixtures it needs from here.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from canbao.billing import public as billing
from canbao.billing.public import Bill
from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode, Connector, Device, Mode
from canbao.journeys.assess_year import assess_year
from canbao.journeys.audit_books import audit_books
from canbao.journeys.chase_orders import chase_orders
from canbao.journeys.deliver_events import deliver_events
from canbao.journeys.import_register import import_register
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.pay_bills import Addresses, Payer, pay_bills
from canbao.journeys.publish_policy import publish_policy
from canbao.journeys.seal_ledger import seal_ledger
from canbao.journeys.settle_orders import Tally, settle_orders
from canbao.kernel.clock import FixedClock, Instant
from canbao.kernel.findings import Finding
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.ledger import public as ledger
from canbao.ledger.public import AccountCode
from canbao.payments import public as payments
from canbao.payments.public import NoticeToKeep, Order
from canbao.policy import public as policy
from canbao.registry import public as registry
from sandbox.wechat.client import SandboxClient
from tests.emptied import empty_database
from tests.letterbox import Letterbox
from tests.owner import as_owner

ROOT = Path(__file__).resolve().parents[1]
NANCHANG = RegionCode(360100)
SHIJIAZHUANG = RegionCode(130100)
AGREEMENT = "2024-09-01"
BEGINNING = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
"""Ten in the morning in Beijing, inside Nanchang's window for 2025."""

START_S_MAX = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One of the cast, as a line of the register. `born` is yyyymmdd, `place` the number's three digits of order."""

    name: str
    born: str
    place: str
    county: str = "360102"
    category: str = "1501"
    identities: str = ""
    family_no: str = "H1"

    @property
    def id_no(self) -> str:
        """Her valid number."""
        return with_check(f"{self.county}{self.born}{self.place}")


def with_check(first_seventeen: str) -> str:
    """A number of seventeen digits with its check character (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first_seventeen + "10X98765432"[sum(w * int(d) for w, d in zip(weights, first_seventeen, strict=True)) % 11]


PAYER = Resident(name="林小丽", born="19860312", place="002")
CHILD = Resident(name="林明", born="20160405", place="001", category="1403")
GRANDMOTHER = Resident(name="王秀英", born="19570308", place="004", identities="minimum_living:2020-01-01:")
"""She is assisted, so she pays a part of the amount."""
NEWBORN = Resident(name="林安", born="20241002", place="001", category="1401")
RELATIVE = Resident(name="林国强", born="19830909", place="003", family_no="H5")
ELDER = Resident(name="赵德福", born="19480506", place="001", family_no="H2")
"""Over seventy: the subsidy meets the whole bill."""
TWICE = Resident(name="孙两地", born="19900101", place="003", family_no="H3")
"""Registered in two regions."""
OUTSIDER = Resident(name="钱无名", born="19770707", place="001", family_no="H4")
"""A sound number in no register."""
FAMILY = (PAYER, CHILD, GRANDMOTHER, NEWBORN)
CAST = (*FAMILY, RELATIVE, ELDER, TWICE)
CROWD = tuple(
    Resident(
        name=f"陈{'一二三四五六七八九十'[n % 10]}", born=f"19{70 + n % 25}0{1 + n // 25}15", place="011", family_no="C"
    )
    for n in range(125)
)
"""Adults who owe the full amount, each for herself: enough for a hundred payments at once."""

FULL_FEN = Fen(40_000)
"""What an adult pays in Nanchang for 2025 (the shipped values)."""

HEAD = ["证件类型", "证件号码", "姓名", "户编号", "人员类别", "人员身份", "险种", "参保日期", "上一参保年度", "村社区"]


def write_register(path: Path, residents: Sequence[Resident]) -> Path:
    """A register file of these residents."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for one in residents:
            last = "" if one.category == "1401" else "2024"
            row = ["居民身份证", one.id_no, one.name, one.family_no, one.category, one.identities]
            writer.writerow([*row, "390", "2024-10-10", last, "青云社区"])
    return path


def found_town(folder: Path, *, clock: FixedClock) -> None:
    """Publish the values of two regions, import their people, and assess Nanchang's year; what follows is delivered."""
    files = [file for file in policy.shipped_files() if file.parent.name in {"360100", "130100"}]
    publish_policy(files, by="a clerk", clock=clock)
    import_register(NANCHANG, write_register(folder / "n.csv", (*CAST, *CROWD)), clock=clock, processes=1)
    import_register(SHIJIAZHUANG, write_register(folder / "s.csv", [TWICE]), clock=clock, processes=1)
    assess_year(NANCHANG, policy.RESIDENT_MEDICAL, 2025, clock=clock)
    deliver_events(NANCHANG, clock=clock)
    seal_ledger(NANCHANG, clock=clock)


EMPTY_COPY_BYTES = 21
"""The length of a binary copy without a row: its head and its end."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of the founded town, table by table, to be put back before the next test."""

    tables: dict[str, bytes]

    @classmethod
    def of_database(cls) -> Kept:
        """The rows of every table of ours that has any."""
        tables: dict[str, bytes] = {}
        with as_owner() as session, session.cursor() as cursor:
            names = cursor.execute(
                "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' "
                "AND tablename NOT LIKE 'django\\_%' AND tablename NOT LIKE 'procrastinate\\_%'"
            ).fetchall()
            for (name,) in names:
                with cursor.copy(f"COPY {name} TO STDOUT (FORMAT binary)") as copy:
                    found = b"".join(bytes(block) for block in copy)
                if len(found) > EMPTY_COPY_BYTES:
                    tables[name] = found
        return cls(tables)

    def put_back(self) -> None:
        """Fill the emptied database; keys between tables were satisfied when the rows were taken."""
        with as_owner() as session, session.transaction(), session.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name, rows in self.tables.items():
                with cursor.copy(f"COPY {name} FROM STDIN (FORMAT binary)") as copy:
                    copy.write(rows)


_kept: list[Kept] = []


@pytest.fixture
def town(db: None, clock: FixedClock, tmp_path: Path) -> FixedClock:
    """Nanchang on 15 November 2024: values in force, people registered, bills made. Answers the clock."""
    if _kept:
        _kept[0].put_back()
    else:
        found_town(tmp_path, clock=clock)
        _kept.append(Kept.of_database())
    return clock


@pytest.fixture(scope="session")
def letterbox() -> Iterator[Letterbox]:
    """The address that every order names for its notices."""
    found = Letterbox(FixedClock(BEGINNING))
    yield found
    found.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedChannel:
    """The running sandbox: where its merchant's file lies and where its control plane listens."""

    merchant_file: Path
    control_url: str


@pytest.fixture(scope="session")
def played_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedChannel]:
    """The played WeChat channel in a process of its own, for the whole run."""
    state = tmp_path_factory.mktemp("wechat") / "state"
    command = [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(state), "--rate", "0"]
    running = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "CANBAO_CLOCK": ""}, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: (state / "addresses.json").exists() or running.poll() is not None, "the played channel")
        assert running.poll() is None, "the played channel did not start"
        told = json.loads((state / "addresses.json").read_text())
        yield PlayedChannel(merchant_file=state / "merchant.json", control_url=told["control_url"])
    finally:
        running.terminate()
        running.wait(10)


Maker = Callable[[Mapping[str, str]], Connector]
_made: dict[tuple[tuple[str, str], ...], Connector] = {}


def made_once(make: Maker) -> Maker:
    """Makes the connector of the same settings once for all tests: reading keys takes longer than most tests."""

    def made(environment: Mapping[str, str]) -> Connector:
        settings = tuple(sorted(item for item in environment.items() if item[0].startswith("CANBAO_WECHAT")))
        if settings not in _made:
            _made[settings] = make(environment)
        return _made[settings]

    return made


@pytest.fixture
def sandbox(played_channel: PlayedChannel, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxClient]:
    """The control plane of a channel without memory, and this process configured as its merchant."""
    monkeypatch.setenv("CANBAO_WECHAT_FILE", str(played_channel.merchant_file))
    monkeypatch.setitem(catalogue._MAKERS, ChannelCode.WECHAT, made_once(catalogue._MAKERS[ChannelCode.WECHAT]))
    catalogue.forget()
    with SandboxClient(played_channel.control_url) as found:
        found.reset()
        yield found
    catalogue.forget()


def wait_until(is_so: Callable[[], bool], what: str, *, seconds: float = START_S_MAX) -> None:
    """Wait for something to come true, with a time limit."""
    pause = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if is_so():
            return
        pause.wait(0.02)
    message = f"{what} did not come about within {seconds:.0f} s"
    raise AssertionError(message)


Answer = TypeVar("Answer")


def at_once(*calls: Callable[[], Answer]) -> list[Answer | Exception]:
    """Run calls in threads of their own that start together; what each answered or raised, in order."""
    ready = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer | Exception:
        ready.wait(10)
        try:
            return call()
        except Exception as raised:
            return raised

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@dataclass(slots=True)
class World:
    """The town, the channel, and what a test does to both."""

    clock: FixedClock
    sandbox: SandboxClient
    letterbox: Letterbox
    region: RegionCode = NANCHANG
    notify_url: str = ""

    @property
    def addresses(self) -> Addresses:
        """Where notices go, and where the wallet leads back to."""
        return Addresses(notify_url=self.notify_url or self.letterbox.url, order_page="http://127.0.0.1:8000/back")

    def payer(self, mode: Mode = Mode.H5) -> Payer:
        """An anonymous payer on a phone."""
        return Payer(channel_code="wechat", mode=mode, device=Device.IOS, address="203.0.113.7")

    def bills(self, *residents: Resident) -> list[Bill]:
        """The bills of residents, one each, in their order."""
        found = []
        for one in residents:
            (registered,) = [known for known in registry.find(one.id_no, one.name) if known.region_code == self.region]
            found += billing.bills_of(self.region, [registered.person_id], self.clock.today())
        assert len(found) == len(residents)
        return found

    def open_an_order(
        self,
        *residents: Resident,
        bills: Sequence[Bill] | None = None,
        key: str | None = None,
        expected_fen: int | None = None,
        mode: Mode = Mode.H5,
    ) -> Order:
        """One order over the residents' bills, as the pay page makes it: a fresh key unless one is given."""
        chosen = list(bills) if bills is not None else self.bills(*residents or (PAYER,))
        return pay_bills(
            self.region,
            [bill.bill_id for bill in chosen],
            payer=self.payer(mode),
            addresses=self.addresses,
            agreement_version=AGREEMENT,
            expected_fen=Fen(expected_fen if expected_fen is not None else sum(bill.personal_fen for bill in chosen)),
            idempotency_key=key if key is not None else f"press-{secrets.token_hex(8)}",
            clock=self.clock,
        )

    def order(self, known: Order) -> Order:
        """The order as it is now."""
        found = payments.order(self.region, known.order_id)
        assert found is not None
        return found

    def advance(self, **by: float) -> None:
        """Move both clocks on, and let the channel do what is due."""
        step = timedelta(**by)
        self.clock.advance(step)
        self.set_channel_clock()

    def set_channel_clock(self) -> None:
        """Set the channel's clock to the journeys'."""
        self.sandbox.set_clock(self.clock.now().isoformat())

    def pay(self, known: Order) -> None:
        """The payer pays in the wallet; the notice lies in the letterbox afterwards."""
        self.sandbox.pay(out_trade_no=known.order_no)
        self.sandbox.deliver_notices()

    def letters(self) -> list[NoticeToKeep]:
        """What lies in the letterbox, verified as the intake verifies it when it comes; raises NoticeRefused for a
        false one.
        """
        return [
            self.verified(headers, body, came_at=came_at) for headers, body, came_at in self.letterbox.take_stamped()
        ]

    def verified(self, headers: dict[str, str], body: bytes, *, came_at: Instant | None = None) -> NoticeToKeep:
        """A notice as the intake hands it over."""
        now = came_at or self.clock.now()
        notice = catalogue.connector("wechat").read_notice(headers, body, now=now)
        return NoticeToKeep(channel_code="wechat", notice=notice, headers=headers, body=body, received_at=now)

    def forged(self, orders: Sequence[tuple[str, int]]) -> list[NoticeToKeep]:
        """Signed notices over payments that the channel never booked: another amount, another order, a second one."""
        return [self.verified(headers, body) for headers, body in self.sandbox.bulk_notices(orders)]

    def tell_notice(self, known: Order) -> Tally:
        """The payer pays, the notice arrives and is kept, and the worker settles."""
        self.pay(known)
        keep_notices(self.letters())
        return self.settle()

    def settle(self) -> Tally:
        """What the worker does with kept notices."""
        return settle_orders(self.region, clock=self.clock)

    def chase(self) -> int:
        """What the worker does about silence."""
        return chase_orders(self.region, clock=self.clock)

    def finish(self) -> list[Finding]:
        """Let everything that follows the money happen, seal the books, and ask every auditor."""
        while deliver_events(self.region, clock=self.clock):
            pass
        seal_ledger(self.region, clock=self.clock)
        return audit()

    def balances(self) -> dict[str, int]:
        """The balance of each kind of account, in fen, those that stand at zero left out."""
        found: dict[str, int] = {}
        for balance in ledger.balances(self.region):
            found[str(balance.account_code)] = found.get(str(balance.account_code), 0) + balance.balance_fen
        return {code: fen for code, fen in found.items() if fen}


def audit() -> list[Finding]:
    """Every auditor, in both regions and for what has none."""
    return [finding for region in (NANCHANG, SHIJIAZHUANG, NATION) for finding in audit_books(region)]


def rows(query: str, *params: object) -> list[tuple[object, ...]]:
    """What a statement finds, asked as the owner."""
    with as_owner() as session:
        return session.execute(query.encode(), params).fetchall()


def tamper(statement: str, *params: object) -> int:
    """Change rows behind the rooms' back, as the owner with every guard off; how many were changed."""
    with as_owner() as session, session.transaction():
        session.execute("SET LOCAL session_replication_role = replica")
        return session.execute(statement.encode(), params).rowcount


def count(table: str) -> int:
    """How many rows a table has."""
    return int(str(rows(f"SELECT count(*) FROM {table}")[0][0]))


TABLES_OF_MONEY = (
    "payments_order",
    "payments_order_line",
    "payments_order_event",
    "payments_exchange",
    "payments_notice",
    "payments_capture",
    "payments_discrepancy",
    "ledger_transfer",
    "billing_bill_history",
    "kernel_outbox_event",
    "kernel_idempotency_answer",
)


def counts() -> dict[str, int]:
    """How many rows each table of money has: equal before and after a refusal."""
    return {table: count(table) for table in TABLES_OF_MONEY}


def begin_again() -> None:
    """The founded town as it was in the beginning, for a test that plays many stories."""
    empty_database()
    _kept[0].put_back()


def set_up_channel(world: World) -> None:
    """A channel without memory whose payer is rich, both clocks at the beginning, and an empty letterbox."""
    world.clock = world.letterbox.clock = FixedClock(BEGINNING)
    world.sandbox.reset()
    world.sandbox.create_payer(name="payer", balance_fen=1_000_000_000)
    world.set_channel_clock()
    world.letterbox.take()


@pytest.fixture
def world(town: FixedClock, sandbox: SandboxClient, letterbox: Letterbox) -> Iterator[World]:
    """The town with its channel, both clocks at ten in the morning of 15 November 2024."""
    letterbox.status = 204
    found = World(clock=town, sandbox=sandbox, letterbox=letterbox)
    set_up_channel(found)
    yield found
    letterbox.take()


def stranger_id(number: int) -> UUID:
    """An id that nothing of ours has."""
    return derived_id("test.stranger", number)


__all__ = ["AccountCode", "letterbox", "played_channel", "sandbox", "town", "world"]
