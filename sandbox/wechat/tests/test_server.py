"""The sandbox over real sockets: what transport faults do to a connection, how notices travel, how a process ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sandbox.clock import VirtualClock, shift_of
from sandbox.exchange import request_of
from sandbox.wechat.client import SandboxClient, SandboxError
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import load_keys
from sandbox.wechat.limits import Limits
from sandbox.wechat.process import Settings
from sandbox.wechat.tests.loopback import Receiver, running
from sandbox.wechat.tests.merchant import ORDERS, Merchant


class Caller:
    """A merchant that signs by its keys and calls over HTTP."""

    def __init__(self, merchant: dict[str, str], clock: VirtualClock | None = None) -> None:
        keys = load_keys(Path(merchant["merchant_private_key_path"]).parent)
        self.signer = Merchant(gateway=WeChatGateway(keys=keys, clock=clock or VirtualClock()))
        # Other calls of the same process may have used low numbers: each caller has its own stretch of nonces.
        self.signer.nonce_count = time.monotonic_ns()
        self.base_url = merchant["base_url"]
        self.http = httpx.Client(timeout=3, trust_env=False, verify=False)

    def close(self) -> None:
        self.http.close()
        self.signer.gateway.close()

    def send(self, method: str, target: str, content: Body | None = None) -> httpx.Response:
        request = self.signer.request(method, target, content)
        return self.http.request(method, self.base_url + target, content=request.body, headers=request.headers)

    def place(self, out_trade_no: str, notify_url: str = "http://127.0.0.1:9/notices") -> httpx.Response:
        body = self.signer.body(out_trade_no, changes={"notify_url": notify_url})
        return self.send("POST", f"{ORDERS}/h5", body)

    def state(self, out_trade_no: str) -> str:
        mchid = self.signer.gateway.keys.mchid
        answer = self.send("GET", f"{ORDERS}/out-trade-no/{out_trade_no}?mchid={mchid}")
        content: dict[str, str] = answer.json()
        return content.get("trade_state") or content["code"]


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running(Settings(state_directory=tmp_path_factory.mktemp("wechat"))) as content:
        yield content


@pytest.fixture
def caller(merchant: dict[str, str]) -> Iterator[Caller]:
    made = Caller(merchant)
    yield made
    made.close()


@pytest.fixture
def sandbox(merchant: dict[str, str]) -> Iterator[SandboxClient]:
    with SandboxClient(merchant["control_url"]) as client:
        client.reset()
        yield client
        assert client.findings() == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.mark.parametrize(
    "fault,error,state",
    [
        ("reset_before_processing", (httpx.ReadError, httpx.RemoteProtocolError), "ORDER_NOT_EXIST"),
        ("reset_after_processing", (httpx.ReadError, httpx.RemoteProtocolError), "NOTPAY"),
        ("hang", httpx.RemoteProtocolError, "ORDER_NOT_EXIST"),
        ("process_then_hang", httpx.RemoteProtocolError, "NOTPAY"),
        ("reset_in_body", (httpx.ReadError, httpx.RemoteProtocolError), "NOTPAY"),
        ("truncated_body", httpx.RemoteProtocolError, "NOTPAY"),
    ],
)
def test_caller_hears_no_whole_answer(
    caller: Caller,
    sandbox: SandboxClient,
    fault: str,
    error: type[Exception] | tuple[type[Exception], ...],
    state: str,
) -> None:
    sandbox.add_fault(fault, endpoint="order", seconds=0.2)
    with pytest.raises(error):
        caller.place("ORDER0001")
    assert caller.state("ORDER0001") == state


def test_hanging_call_times_out_and_the_rest_goes_on(caller: Caller, sandbox: SandboxClient) -> None:
    caller.http.timeout = httpx.Timeout(0.3)
    sandbox.add_fault("process_then_hang", endpoint="order", seconds=60)
    with pytest.raises(httpx.ReadTimeout):
        caller.place("ORDER0001")
    assert caller.state("ORDER0001") == "NOTPAY"


def test_refused_connection_and_the_port_comes_back(caller: Caller, sandbox: SandboxClient) -> None:
    sandbox.add_fault("refuse_connection", endpoint="order", seconds=0.5)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.place("ORDER0001")
    with pytest.raises(httpx.ConnectError):
        caller.place("ORDER0001")
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            assert caller.state("ORDER0001") == "ORDER_NOT_EXIST"
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    pytest.fail("the port did not open again")


def test_dripping_answer_arrives_whole_in_the_end(caller: Caller, sandbox: SandboxClient) -> None:
    sandbox.add_fault("slow_drip", endpoint="order", seconds=0.5)
    begun = time.monotonic()
    answer = caller.place("ORDER0001")
    assert time.monotonic() - begun > 0.4
    assert caller.signer.believes({name.title(): value for name, value in answer.headers.items()}, answer.content)


def test_wrong_content_length_cuts_the_answer(caller: Caller, sandbox: SandboxClient) -> None:
    sandbox.add_fault("wrong_content_length", endpoint="order")
    answer = caller.place("ORDER0001")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_notice_travels_before_the_create_answer(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    sandbox.add_fault("before_create_answer")
    assert caller.place("ORDER0001", receiver.url).status_code == 200
    assert len(receiver.received) == 1
    assert sandbox.notices("ORDER0001")[0]["state"] == "acknowledged"


def test_concurrent_duplicates_arrive_at_once(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    all_eight = threading.Barrier(8, timeout=4)

    def together(_count: int) -> int:
        # Passes only when all eight are being answered at the same moment.
        all_eight.wait()
        return 200

    receiver.answer = together
    sandbox.add_fault("notice_duplicate_concurrent", count=7)
    caller.place("ORDER0001", receiver.url)
    sandbox.pay(out_trade_no="ORDER0001")
    sandbox.deliver_notices()
    assert len({body for _, body in receiver.wait_for(8)}) == 1
    assert receiver.in_flight_max == 8
    assert sandbox.notices("ORDER0001")[0]["state"] == "acknowledged"


def test_sequential_duplicates_arrive_one_by_one(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    sandbox.add_fault("notice_duplicate", count=3)
    caller.place("ORDER0001", receiver.url)
    sandbox.pay(out_trade_no="ORDER0001")
    sandbox.deliver_notices()
    assert len(receiver.wait_for(4)) == 4
    assert receiver.in_flight_max == 1


def test_replay_reports_what_was_answered(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    receiver.answer = lambda count: 204 if count == 1 else 409
    caller.place("ORDER0001", receiver.url)
    sandbox.pay(out_trade_no="ORDER0001")
    receiver.wait_for(1)
    sandbox.deliver_notices()
    notice_id = str(sandbox.notices("ORDER0001")[0]["notice_id"])
    assert sandbox.replay_notice(notice_id, copies=2)["outcomes"] == [409, 409]
    assert sandbox.replay_notice(notice_id, is_original=True)["outcomes"] == [409]
    first, *_, last = receiver.received
    assert first[1] == last[1]


def test_a_days_ladder_is_played_by_moving_the_clock(
    caller: Caller, sandbox: SandboxClient, receiver: Receiver
) -> None:
    receiver.answer = lambda _count: 500
    caller.place("ORDER0001", receiver.url)
    sandbox.pay(out_trade_no="ORDER0001")
    sandbox.deliver_notices()
    sandbox.advance(24 * 3600 + 4 * 60)
    sandbox.deliver_notices()
    assert len(receiver.wait_for(16)) == 16
    assert sandbox.notices("ORDER0001")[0]["state"] == "exhausted"


def test_nobody_listening_and_redirects_are_failures(
    caller: Caller, sandbox: SandboxClient, receiver: Receiver
) -> None:
    receiver.answer = lambda _count: 302
    caller.place("ORDER0001", receiver.url)
    caller.place("ORDER0002", "http://127.0.0.1:9/notices")
    outcomes = []
    for number in ("ORDER0001", "ORDER0002"):
        sandbox.pay(out_trade_no=number)
        sandbox.deliver_notices()
        (notice,) = sandbox.notices(number)
        attempts = notice["attempts"]
        assert isinstance(attempts, list)
        outcomes.append((notice["state"], attempts[0]["outcome"]))
    assert outcomes == [("waiting", "302"), ("waiting", "ConnectError")]
    assert len(receiver.received) == 1


def test_reordered_notices_arrive_in_that_order(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    sandbox.hold_notices()
    for number in ("ORDER0001", "ORDER0002", "ORDER0003"):
        caller.place(number, receiver.url)
        sandbox.pay(out_trade_no=number)
    ids = [str(one["notice_id"]) for one in sandbox.notices()]
    assert receiver.received == []
    assert sandbox.reorder_notices([ids[2], ids[0], ids[1]])["outcomes"] == [204, 204, 204]
    heard = [caller.signer.opened(body) for _, body in receiver.received]
    assert [one and one["out_trade_no"] for one in heard] == ["ORDER0003", "ORDER0001", "ORDER0002"]
    sandbox.release_notices()


def test_connection_is_kept_for_further_calls(merchant: dict[str, str]) -> None:
    host, port = merchant["base_url"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(b"GET /cashier/style.css HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while b"outline-offset" not in received:
                received += connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200 OK")
        connection.sendall(b"this is no HTTP\r\n\r\n")
        assert connection.recv(65536) == b""


def test_body_of_more_than_a_mebibyte_is_413(merchant: dict[str, str]) -> None:
    answer = httpx.post(merchant["base_url"] + f"{ORDERS}/h5", content=b"x" * ((1 << 20) + 1), trust_env=False)
    assert answer.status_code == 413


def test_client_raises_with_the_sandboxs_sentence(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="order_unknown: 0 orders match") as caught:
        sandbox.pay(out_trade_no="ORDER0009")
    assert caught.value.status == 404


def test_bulk_notices_reach_a_receiver(caller: Caller, sandbox: SandboxClient, receiver: Receiver) -> None:
    messages = sandbox.bulk_notices([(f"BULK{place:04d}", 100 + place) for place in range(50)])
    assert all(caller.signer.believes(headers, body) for headers, body in messages)
    path = sandbox.write_bulk_notices([("BULK0001", 5)], "one")
    assert len(Path(path).read_text().splitlines()) == 1
    for headers, body in messages[:3]:
        assert caller.http.post(receiver.url, content=body, headers=headers).status_code == 204
    told = caller.signer.opened(receiver.received[2][1])
    assert told is not None
    assert told["out_trade_no"] == "BULK0002"


def _start(state: Path, clock: str = "", arguments: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(state), *arguments],
        env=os.environ | {"CANBAO_CLOCK": clock},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors


def test_process_keeps_its_book_follows_the_clock_and_guards_its_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    process = _start(state, "2024-11-15")
    assert process.stdout is not None
    addresses = json.loads(process.stdout.readline())
    assert json.loads((state / "addresses.json").read_text()) == addresses
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in state.glob("*.pem")} == {0o600}
    assert stat.S_IMODE((state / "merchant.json").stat().st_mode) == 0o600
    merchant = json.loads((state / "merchant.json").read_text())
    clock = VirtualClock(shift=shift_of("2024-11-15", datetime.now(UTC)))
    caller = Caller(merchant, clock)
    with SandboxClient(addresses["control_url"]) as sandbox:
        assert sandbox.now().startswith("2024-11-15T")
        assert caller.place("ORDER0001").status_code == 200
        sandbox.pay(out_trade_no="ORDER0001")
    second = _start(state)
    _, errors = second.communicate(timeout=20)
    assert second.returncode == 2
    assert "Another sandbox runs on" in errors
    assert _end(process) == (0, "")
    assert not (state / "addresses.json").exists()
    caller.close()
    again = _start(state, "2024-11-15")
    assert again.stdout is not None
    control_url = json.loads(again.stdout.readline())["control_url"]
    with SandboxClient(control_url) as sandbox:
        assert sandbox.order("ORDER0001")["state"] == "SUCCESS"
        assert sandbox.findings() == []
    assert json.loads((state / "merchant.json").read_text())["mchid"] == merchant["mchid"]
    assert _end(again) == (0, "")


@pytest.mark.parametrize(
    "clock,arguments,sentence",
    [
        ("tomorrow", (), "CANBAO_CLOCK is 'tomorrow'"),
        ("", ("--seed", "2"), "began with seed 1, not 2"),
        ("", ("--port", "1"), "Choose other ports, or 0"),
    ],
)
def test_process_that_cannot_start_says_why(
    tmp_path: Path, clock: str, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "seed").write_text("1\n")
    if "--port" in arguments:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            process = _start(tmp_path, clock, ("--port", str(taken.getsockname()[1])))
            _, errors = process.communicate(timeout=20)
    else:
        process = _start(tmp_path, clock, arguments)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert sentence in errors
    assert "Traceback" not in errors


def test_limits_of_rate_total_and_size_hold(merchant: dict[str, str]) -> None:
    keys = load_keys(Path(merchant["merchant_private_key_path"]).parent)
    gateway = WeChatGateway(keys=keys, clock=VirtualClock(), limits=Limits(rate_per_s=5, requests_max=30))
    request = request_of("GET", "/v3/certificates", {}, b"")
    answers = [gateway.exchange(request) for _ in range(40)]
    assert 429 in [answer.status for answer in answers[:30]]
    limited = next(answer for answer in answers if answer.status == 429)
    assert json.loads(limited.body)["code"] == ErrorCode.FREQUENCY_LIMITED
    assert [answer.status for answer in answers[30:]] == [503] * 10
    gateway.close()
