"""A town, its values in force, a played channel and a browser: what the citizen door's tests stand on.

Everything is real but the wallet: the register is imported from a file, the year assessed, and the channel is the
sandbox in a process of its own, reached over its wire.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.test import Client

from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode
from canbao.journeys.assess_year import assess_year
from canbao.journeys.import_register import import_register
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import ShiftedClock
from canbao.kernel.environment import process_clock
from canbao.kernel.regions import RegionCode
from canbao.policy import public as policy
from tests.world import made_once

ROOT = Path(__file__).resolve().parents[4]
BUSINESS_DATE = "2024-11-15"
NANCHANG = RegionCode(360100)
SHIJIAZHUANG = RegionCode(130100)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One of the cast."""

    name: str
    id_no: str
    category: str = "1501"
    identities: str = ""
    family_no: str = "H1"


LIN = Resident(name="林小丽", id_no="360102198603120026")
"""The payer."""
CHILD = Resident(name="林明", id_no="360102201604050019", category="1403")
GRANDMOTHER = Resident(name="王秀英", id_no="360102195703080041", identities="minimum_living:2020-01-01:")
NEWBORN = Resident(name="林安", id_no="360102202410020011", category="1401")
ELDER = Resident(name="赵德福", id_no="360102194805060015", family_no="H2")
"""Over seventy: the subsidy meets the whole bill."""
TWICE = Resident(name="孙两地", id_no="360102199001010031", family_no="H3")
"""Registered in two regions."""
OUTSIDER = Resident(name="钱无名", id_no="360102197707070017", family_no="H4")
"""Sound number, in no register."""

REGISTERED = (LIN, CHILD, GRANDMOTHER, NEWBORN, ELDER, TWICE)


def with_check(first_seventeen: str) -> str:
    """The whole number of seventeen digits."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first_seventeen + "10X98765432"[sum(w * int(d) for w, d in zip(weights, first_seventeen, strict=True)) % 11]


def sound(resident: Resident) -> Resident:
    """The resident with the right check character."""
    return Resident(
        name=resident.name,
        id_no=with_check(resident.id_no[:17]),
        category=resident.category,
        identities=resident.identities,
        family_no=resident.family_no,
    )


@pytest.fixture
def business_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[ShiftedClock]:
    """The process on the business date of the demonstration."""
    monkeypatch.setenv("CANBAO_CLOCK", BUSINESS_DATE)
    process_clock.cache_clear()
    yield process_clock()
    process_clock.cache_clear()


@pytest.fixture
def move_clock(business_clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Move the process's clock by seconds, as a new business date would."""

    def move(seconds: int) -> None:
        moved = round(process_clock().shift.total_seconds()) + seconds
        monkeypatch.setenv("CANBAO_CLOCK", f"shift:{moved}")
        process_clock.cache_clear()

    return move


def write_register(path: Path, residents: tuple[Resident, ...]) -> Path:
    """A register file of these residents."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "证件类型",
                "证件号码",
                "姓名",
                "户编号",
                "人员类别",
                "人员身份",
                "险种",
                "参保日期",
                "上一参保年度",
                "村社区",
            ]
        )
        for one in map(sound, residents):
            last = "" if one.category == "1401" else "2024"
            row = ["居民身份证", one.id_no, one.name, one.family_no, one.category, one.identities]
            writer.writerow([*row, "390", "2024-10-10", last, "青云社区"])
    return path


@pytest.fixture
def town(db: None, business_clock: ShiftedClock, tmp_path: Path) -> ShiftedClock:
    """Nanchang on 15 November 2024: values in force, people registered, bills made."""
    files = [file for file in policy.shipped_files() if file.parent.name in {"360100", "130100"}]
    publish_policy(files, by="test", clock=business_clock)
    import_register(NANCHANG, write_register(tmp_path / "n.csv", REGISTERED), clock=business_clock, processes=1)
    import_register(SHIJIAZHUANG, write_register(tmp_path / "s.csv", (TWICE,)), clock=business_clock, processes=1)
    assess_year(NANCHANG, "390", 2025, clock=business_clock)
    return business_clock


@pytest.fixture(scope="session")
def channel_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The played channel in its own process, for the whole run."""
    state = tmp_path_factory.mktemp("wechat") / "state"
    command = [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(state), "--rate", "0"]
    running = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "CANBAO_CLOCK": BUSINESS_DATE}, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            if (state / "addresses.json").exists():
                break
            assert running.poll() is None, "the played channel did not start"
            time.sleep(0.05)
        yield state
    finally:
        running.terminate()
        running.wait(10)


class Channel:
    """The payer's side of the played channel."""

    def __init__(self, state: Path) -> None:
        merchant = json.loads((state / "merchant.json").read_text())
        address = merchant["control_url"].rstrip("/")
        self._http = httpx.Client(base_url=address, trust_env=False, verify=False, timeout=20)
        self._http.post("/payers", json={"name": "payer", "balance_fen": 10_000_000, "openid": ""})

    def pay(self, order_no: str) -> None:
        """Pay as the payer does in the wallet."""
        self._http.post("/pay", json={"out_trade_no": order_no, "openid": ""}).raise_for_status()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def add_fault(self, fault: str, endpoint: str) -> None:
        """Make the channel misbehave once."""
        self._http.post("/faults", json={"fault": fault, "endpoint": endpoint}).raise_for_status()

    def clear_faults(self) -> None:
        """Behave again."""
        self._http.post("/faults/clear", json={})

    def finish_refund(self, refund_no: str) -> None:
        """Let a refund in work succeed now."""
        self._http.post("/refunds/finish", json={"out_refund_no": refund_no, "state": "SUCCESS"}).raise_for_status()

    def order_count(self) -> int:
        """Orders that the channel has heard of."""
        return len(self._http.get("/orders").json()["orders"])


@pytest.fixture
def channel(channel_files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """The channel, configured for this process."""
    monkeypatch.setenv("CANBAO_WECHAT_FILE", str(channel_files / "merchant.json"))
    monkeypatch.setitem(catalogue._MAKERS, ChannelCode.WECHAT, made_once(catalogue._MAKERS[ChannelCode.WECHAT]))
    catalogue.forget()
    found = Channel(channel_files)
    yield found
    found.clear_faults()
    found.close()
    catalogue.forget()


@pytest.fixture
def phone() -> Client:
    """A phone's browser, from an address of its own, that obeys CSRF as browsers do."""
    return Client(HTTP_USER_AGENT=PHONE, REMOTE_ADDR="203.0.113.7")


@pytest.fixture
def desktop() -> Client:
    """A desktop browser."""
    return Client(HTTP_USER_AGENT=DESKTOP, REMOTE_ADDR="203.0.113.8")


def look_up(browser: Client, resident: Resident) -> str:
    """Look a resident up; answers the address of her page."""
    answer = browser.post("/", {"id_no": sound(resident).id_no, "name": resident.name})
    assert answer.status_code == 303, answer.content.decode()[-900:]
    return str(answer["Location"])
