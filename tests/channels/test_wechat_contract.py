"""The WeChat connector against the WeChat sandbox: two programs that share no code, over real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from canbao.channels.contract import Accident, BadNotice, ChannelContract, FarSide, Oddity, SentNotice, WrongNotice
from canbao.channels.interface import Connector, Mode, Outcome, PlaceOrder, RefundFate, RequestRefund
from canbao.channels.refund_contract import RefundContract, RefundingFarSide
from canbao.channels.wechat import transport
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.settings import from_environment
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from sandbox.wechat.client import SandboxClient

ROOT = Path(__file__).resolve().parents[2]

ACCIDENTS = {
    Accident.SILENCE: "hang",
    Accident.SILENCE_AFTER_PROCESSING: "process_then_hang",
    Accident.RESET: "reset_before_processing",
    Accident.RESET_AFTER_PROCESSING: "reset_after_processing",
    Accident.DRIP: "slow_drip",
    Accident.TRUNCATED: "truncated_body",
    Accident.PAGE_OF_A_PROXY: "html_502",
    Accident.REDIRECT: "redirect",
    Accident.TOO_BUSY: "error_code",
    Accident.BROKEN: "error_code",
    Accident.BROKEN_AFTER_PROCESSING: "error_code_after_processing",
    Accident.WRONG_KEY: "bad_signature",
    Accident.UNKNOWN_KEY: "unknown_serial",
    Accident.PROBE: "probe_signature",
    Accident.STALE: "stale_timestamp",
    Accident.FUTURE: "future_timestamp",
    Accident.OTHER_BYTES: "signed_other_bytes",
    Accident.UNSIGNED: "missing_headers",
}
ODDITIES = {
    Oddity.OTHER_ORDER_OF_FIELDS: "reordered_fields",
    Oddity.FIELDS_NOBODY_KNOWS: "unknown_extra_fields",
    Oddity.OPTIONAL_FIELDS_MISSING: "missing_optional_fields",
}
NOTICES = {
    BadNotice.FORGED: "notice_forged",
    BadNotice.UNKNOWN_KEY: "notice_unknown_serial",
    BadNotice.PROBE: "notice_probe_signature",
    BadNotice.STALE: "notice_stale",
    BadNotice.FUTURE: "notice_future",
    BadNotice.OTHER_BYTES: "notice_signed_other_bytes",
    BadNotice.UNSIGNED: "notice_missing_headers",
    BadNotice.TAMPERED: "notice_tampered_resource",
    BadNotice.IN_THE_CLEAR: "notice_plain_text",
    BadNotice.ANOTHER_FORM: "notice_xml",
    WrongNotice.AMOUNT: "notice_wrong_amount",
    WrongNotice.CURRENCY: "notice_wrong_currency",
    WrongNotice.MERCHANT: "notice_wrong_merchant",
    WrongNotice.APP: "notice_wrong_app",
    WrongNotice.ORDER: "notice_wrong_order",
}

FATES = {
    RefundFate.SUCCEEDED: "SUCCESS",
    RefundFate.CLOSED: "CLOSED",
    RefundFate.ABNORMAL: "ABNORMAL",
}


class Listener:
    """Takes notices on a loopback port and acknowledges each."""

    def __init__(self) -> None:
        self.received: defaultdict[str, list[SentNotice]] = defaultdict(list)
        listener = self

        class Listening(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                order_no = self.path.rsplit("/", 1)[-1]
                listener.received[order_no].append(SentNotice(headers=dict(self.headers.items()), body=body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def url(self, order_no: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/notices/{order_no}"


class WeChatSandbox:
    """The sandbox as the contract's far side."""

    def __init__(self, connector: Connector, control: SandboxClient, listener: Listener) -> None:
        self._connector = connector
        self._control = control
        self._listener = listener
        self._shift = timedelta(seconds=control.shift_seconds())
        self._count = 0

    @property
    def connector(self) -> Connector:
        return self._connector

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def order(self, mode: Mode) -> PlaceOrder:
        self._count += 1
        order_id = derived_id("test order", os.getpid(), id(self), self._count)
        order_no = make_no(RegionCode(360100), Kind.ORDER, order_id)
        return PlaceOrder(
            order_no=order_no,
            amount_fen=Fen(40000 + self._count),
            description="2025年度城乡居民医保 1人",
            expires_at=self.now() + timedelta(minutes=30),
            payer_address="203.0.113.7",
            mode=mode,
            notify_url=self._listener.url(order_no),
            return_url="http://127.0.0.1:8000/o/360100-A" if mode is Mode.H5 else None,
        )

    def pay(self, order_no: str) -> None:
        self._control.pay(out_trade_no=order_no)

    def befall(self, mishap: Accident | Oddity, order_no: str) -> None:
        fault = ACCIDENTS[mishap] if isinstance(mishap, Accident) else ODDITIES[mishap]
        code = "FREQUENCY_LIMITED" if mishap is Accident.TOO_BUSY else "SYSTEM_ERROR"
        self._control.add_fault(fault, endpoint="any", out_trade_no=order_no, seconds=1.5, code=code)

    def spoil_notice(self, how: BadNotice | WrongNotice, order_no: str) -> None:
        self._control.add_fault(NOTICES[how], out_trade_no=order_no)

    def notices(self, order_no: str) -> list[SentNotice]:
        self._control.deliver_notices()
        return list(self._listener.received[order_no])

    def heard_count(self) -> int:
        return len(self._control.log())

    def refund_of(self, order_no: str, trade_ref: str, captured_fen: Fen, amount_fen: Fen) -> RequestRefund:
        self._count += 1
        refund_id = derived_id("test refund", os.getpid(), id(self), self._count)
        refund_no = make_no(RegionCode(360100), Kind.REFUND, refund_id)
        return RequestRefund(
            refund_no=refund_no,
            order_no=order_no,
            trade_ref=trade_ref,
            amount_fen=amount_fen,
            captured_fen=captured_fen,
            reason="重复缴费退回",
            notify_url=self._listener.url(refund_no),
        )

    def finish_refund(self, refund_no: str, fate: RefundFate) -> None:
        self._control.finish_refund(refund_no, state=FATES[fate])

    def refund_count(self, order_no: str) -> int:
        return len(self._control.refunds(order_no))

    def refund_notices(self, refund_no: str) -> list[SentNotice]:
        return self.notices(refund_no)

    def spoil_refund_notice(self, how: BadNotice | WrongNotice, order_no: str) -> None:
        self._control.add_fault(NOTICES[how], endpoint="refund_notice", out_trade_no=order_no)

    def set_means(self, *, is_short: bool) -> None:
        if is_short:
            self._control.withdraw()
        else:
            self._control.deposit(100_000_00)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox process on the demonstration's business date; the path of its merchant.json."""
    directory = tmp_path_factory.mktemp("wechat-sandbox")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(directory), "--rate", "0"],
        cwd=ROOT,
        env={**os.environ, "CANBAO_CLOCK": "2024-11-15"},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            if (directory / "addresses.json").exists():
                break
            assert process.poll() is None, "the sandbox did not start"
            time.sleep(0.05)
        yield directory / "merchant.json"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def far_side(sandbox: Path) -> Iterator[RefundingFarSide]:
    patch = pytest.MonkeyPatch()
    patch.setattr(transport, "READ_TIMEOUT_S", 0.6)
    patch.setattr(transport, "CALL_TIMEOUT_S", 0.8)
    connector = WeChatConnector(from_environment({"CANBAO_WECHAT_FILE": str(sandbox)}))
    listener = Listener()
    with SandboxClient(json.loads(sandbox.read_text())["control_url"]) as control:
        yield WeChatSandbox(connector, control, listener)
    listener.close()
    patch.undo()


class TestWeChat(ChannelContract):
    """Every line of the contract, on the business date of the demonstration."""


class TestWeChatRefunds(RefundContract):
    """Every line of the contract of refunds, against the sandbox's own rules and money."""


def test_every_mishap_of_the_contract_is_one_that_the_sandbox_can_cause() -> None:
    assert set(ACCIDENTS) == set(Accident)
    assert set(ODDITIES) == set(Oddity)
    assert set(NOTICES) == {*BadNotice, *WrongNotice}


def test_h5_order_leads_back_to_our_page(far_side: FarSide) -> None:
    placed = far_side.connector.place(far_side.order(Mode.H5), now=far_side.now())
    assert placed.opens is not None
    assert placed.opens.endswith("&redirect_url=http%3A%2F%2F127.0.0.1%3A8000%2Fo%2F360100-A")


def test_call_by_another_clock_is_refused_for_its_signature(far_side: FarSide) -> None:
    """The sandbox follows the business date, so a call stamped by the machine's clock does not pass."""
    order = far_side.order(Mode.NATIVE)
    placed = far_side.connector.place(order, now=datetime.now(UTC))
    assert (placed.outcome, placed.foreign_code) == (Outcome.REFUSED, "SIGN_ERROR")
    answer = far_side.connector.ask(order.order_no, now=datetime.now(UTC))
    assert (answer.outcome, answer.foreign_code) == (Outcome.UNKNOWN, "SIGN_ERROR")
