"""The town and the played channel in one process, and how time passes: everything real but the sockets.

What our connector signs is what the channel checks, notices go through the real intake, and workers run the loops of
the real worker whenever something is due. Time jumps from one thing that is due to the next, so that two days pass in
the time that the work in them takes.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest

from canbao.channels import catalogue
from canbao.channels.interface import Device, Mode
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.transport import RawAnswer, StreamedAnswer
from canbao.journeys.pay_bills import Addresses, Payer, open_wallet, pay_bills
from canbao.journeys.reconcile_day import alarm_missing, reconcile_due
from canbao.journeys.resolve_discrepancy import close_cases_gone
from canbao.journeys.seal_ledger import seal_ledger
from canbao.kernel.clock import FixedClock, Instant
from canbao.kernel.findings import Finding
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.site.worker import LOOPS
from sandbox.clock import VirtualClock
from sandbox.exchange import Answer, TransportAct, request_of
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.faults import Rule
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import Keys, make_keys, save_keys, write_merchant_file
from sandbox.wechat.limits import Limits
from simulation.wire import Postman
from tests.owner import as_owner
from tests.world import AGREEMENT, BEGINNING, NANCHANG, Resident, World, audit

BASE_URL = "http://127.0.0.1:1"
NOTIFY_URL = "http://127.0.0.1:8001/notices/wechat"
ADDRESSES = Addresses(notify_url=NOTIFY_URL, order_page="http://127.0.0.1:8000/back")
PASSES_MAX = 2_000
"""How often anything may fall due in a run."""

STATEMENT_BYTES_MAX = 8 << 20
"""The bound on a statement here, so that a bomb need not be a gigabyte."""

FETCH_DEFAULTS: dict[str, Any] = WeChatConnector.fetch_statement.__kwdefaults__ or {}

TURNS_MAX = 40
"""How often a worker's loop is run at one instant before it is believed that it will never be done."""

BREAKS: Mapping[TransportAct, Exception] = {
    TransportAct.REFUSE: httpcore.ConnectError("refused"),
    TransportAct.RESET: httpcore.ReadError("reset"),
    TransportAct.HANG: httpcore.ReadTimeout("silence"),
    TransportAct.RESET_IN_BODY: httpcore.ReadError("reset in the body"),
    TransportAct.TRUNCATE: httpcore.RemoteProtocolError("cut short"),
    TransportAct.DRIP: httpcore.ReadTimeout("byte by byte"),
}
"""What the connector's HTTP layer raises where the channel breaks the connection so."""

IN_THE_BODY = {TransportAct.RESET_IN_BODY, TransportAct.TRUNCATE, TransportAct.DRIP}

NEXT_WORK = """
SELECT min(due_at) FROM (
    SELECT min(next_ask_at) AS due_at FROM payments_order WHERE next_ask_at IS NOT NULL
    UNION ALL SELECT min(next_ask_at) FROM payments_refund WHERE next_ask_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM kernel_outbox_event WHERE delivered_at IS NULL
    UNION ALL SELECT min(received_at) FROM payments_notice WHERE judged_at IS NULL
) AS waiting
"""


class Line:
    """Stands where the connector's HTTP transport stands, and leads to the gateway; keeps what was asked."""

    def __init__(self, gateway: WeChatGateway, postman: Postman) -> None:
        self._gateway = gateway
        self._postman = postman
        self.asked: list[str] = []

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawAnswer:
        """One exchange. Raises httpcore's errors where the fault in force breaks the connection."""
        answer = self._exchange(method, url, headers, body)
        if answer.act is TransportAct.AFTER_NOTICE:
            self._postman.deliver()
        elif answer.act is not None:
            raise BREAKS[answer.act]
        return RawAnswer(status=answer.status, headers=_told(answer), content=answer.content())

    @contextlib.contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Iterator[StreamedAnswer]:
        """The same for an answer whose body comes piece by piece."""
        answer = self._exchange(method, url, headers, body)
        if answer.act is not None and answer.act not in IN_THE_BODY:
            raise BREAKS[answer.act]
        yield StreamedAnswer(status=answer.status, headers=_told(answer), chunks=_pieces(answer))

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        target = url.removeprefix(BASE_URL)
        self.asked.append(f"{method} {target} {body.decode()}")
        return self._gateway.exchange(request_of(method, target, dict(headers), body))

    def close(self) -> None:
        """There is nothing to close."""


def _told(answer: Answer) -> dict[str, str]:
    told = {name.lower(): value for name, value in answer.headers.items()}
    if int(told.get("content-length", answer.size)) != answer.size:
        raise httpcore.RemoteProtocolError("another length than announced")
    return told


def _pieces(answer: Answer) -> Iterator[bytes]:
    if answer.act in IN_THE_BODY:
        yield from answer.pieces(answer.size // 2)
        raise BREAKS[answer.act]
    yield from answer.pieces()


@dataclass(slots=True)
class Played:
    """A run: the clocks, the channel, the wire, and what the schedule has done so far."""

    clock: FixedClock
    gateway: WeChatGateway
    postman: Postman
    line: Line
    openid: str
    scheduled_until: Instant = BEGINNING
    troubles: list[str] = field(default_factory=list)

    @property
    def now(self) -> Instant:
        """The present instant, the channel's and ours."""
        return self.clock.now()

    def put_in_force(self, rule: Rule) -> int:
        """Put a fault in force; its number."""
        with self.gateway.lock:
            return self.gateway.faults.add(rule)

    def press(self, resident: Resident) -> Order:
        """Press pay for one resident's bill."""
        (bill,) = self._people().bills(resident)
        return pay_bills(
            NANCHANG,
            [bill.bill_id],
            payer=Payer(channel_code="wechat", mode=Mode.H5, device=Device.IOS, address="203.0.113.7"),
            addresses=ADDRESSES,
            agreement_version=AGREEMENT,
            expected_fen=Fen(bill.personal_fen),
            idempotency_key=f"press-{secrets.token_hex(8)}",
            clock=self.clock,
        )

    def bill_state(self, resident: Resident) -> str:
        """The state of a resident's bill."""
        (bill,) = self._people().bills(resident)
        return str(bill.state)

    def press_again(self, order: Order) -> None:
        """The tab has no address that opens the wallet: press again, under the same number."""
        known = payments.order(NANCHANG, order.order_id)
        if known is not None and known.is_live and not known.opens:
            open_wallet(known, addresses=ADDRESSES, clock=self.clock)

    def pay(self, order: Order) -> None:
        """Pay in the wallet, where the channel lets it be paid."""
        with self.gateway.lock, contextlib.suppress(SandboxRefusal):
            known = self.gateway.orders.named(out_trade_no=order.order_no)
            self.gateway.orders.pay(known, self.openid, self.now)

    def pass_until(self, until: Instant) -> None:
        """Let time pass: notices go out when they are due, workers look when something is due, jobs run by the clock.

        Nothing ever happens twice at one instant: what is due in the past is done a second later.
        """
        self.serve()
        passes = 0
        while (due := self._next_due_at()) is not None and due < until:
            self.clock.advance(max(due - self.now, timedelta(seconds=1)))
            self.gateway.sweep(self.now)
            self.serve()
            self._run_jobs()
            passes += 1
            assert passes < PASSES_MAX, "something is due for ever and never done"
        self.clock.advance(max(until - self.now, timedelta(0)))

    def serve(self) -> None:
        """The channel delivers, and a worker does all there is to do."""
        self.postman.deliver()
        for loop in LOOPS:
            for _ in range(TURNS_MAX):
                if not loop.once(self.clock):
                    break
            else:
                self.troubles.append(f"{loop.name} is never done")

    def _run_jobs(self) -> None:
        """What runs by the clock on the wall, whose time has come."""
        while (job_at := self._next_job_at()) <= self.now:
            self.scheduled_until = job_at
            for region in (NATION, NANCHANG):
                reconcile_due(region, clock=self.clock)
                if job_at.hour == 4:
                    alarm_missing(region, clock=self.clock)
                close_cases_gone(region, clock=self.clock)

    def audit(self) -> list[Finding]:
        """Seal the books and ask every auditor."""
        for region in (NATION, NANCHANG):
            seal_ledger(region, clock=self.clock)
        return audit()

    def requests(self, *numbers: str) -> int:
        """How often the channel was asked anything that names one of these numbers."""
        return sum(any(number in asked for number in numbers) for asked in self.line.asked)

    def verbs(self) -> Counter[str]:
        """Everything that was asked, by path."""
        return Counter(asked.split("?")[0] for asked in self.line.asked)

    def _next_due_at(self) -> Instant | None:
        with as_owner() as session:
            row = session.execute(NEXT_WORK.encode()).fetchone()
        assert row is not None, "a smallest instant is one row"
        found: Sequence[datetime | None] = (
            row[0],
            self.gateway.notices.next_due_at(),
            self.gateway.refunds.next_due_at(),
            self._next_job_at(),
        )
        return min((at for at in found if at is not None), default=None)

    def _next_job_at(self) -> Instant:
        """The next of ten o'clock, half past ten and noon in Beijing."""
        after = self.scheduled_until
        day = after.replace(hour=0, minute=0, second=0, microsecond=0)
        times = [
            day + timedelta(days=days, minutes=minutes) for days in (0, 1) for minutes in (2 * 60, 2 * 60 + 30, 4 * 60)
        ]
        return min(at for at in times if at > after)

    def _people(self) -> World:
        # Only its clock and region are asked for.
        unused: Any = None
        return World(clock=self.clock, sandbox=unused, letterbox=unused)


@pytest.fixture(scope="session")
def keys_of_the_channel() -> Keys:
    """The channel's keys: making them is the slowest thing a sandbox does."""
    return make_keys(BEGINNING)


@pytest.fixture
def played(
    town: FixedClock, keys_of_the_channel: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Played]:
    """The town at ten in the morning of 15 November 2024, and a channel without memory whose payer is rich."""
    save_keys(keys_of_the_channel, tmp_path)
    merchant = write_merchant_file(keys_of_the_channel, tmp_path, base_url=BASE_URL, control_url=BASE_URL)
    monkeypatch.setenv("CANBAO_WECHAT_FILE", str(merchant))
    monkeypatch.setitem(FETCH_DEFAULTS, "bytes_max", STATEMENT_BYTES_MAX)
    catalogue.forget()
    gateway = WeChatGateway(
        keys=keys_of_the_channel,
        clock=VirtualClock(real_now=town.now),
        limits=Limits(rate_per_s=0, requests_max=0, run_s=0),
    )
    gateway.base_url = BASE_URL
    for name in gateway.rates.listed():
        # Hundreds of orders live through the same second here.
        gateway.rates.set(name, 0)
    postman = Postman(gateway, town)
    line = Line(gateway, postman)
    place: Any = catalogue.connector("wechat")
    place._adapter._transport.close()
    place._adapter._transport = line
    payer = gateway.ledger.create_payer(name="payer", balance_fen=1_000_000_000, openid=None, now=town.now())
    yield Played(clock=town, gateway=gateway, postman=postman, line=line, openid=payer.openid)
    postman.close()
    gateway.close()
    catalogue.forget()
