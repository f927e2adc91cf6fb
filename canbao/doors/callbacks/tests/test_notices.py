"""The intake acknowledges what is committed and nothing else, and a stranger's request leaves no trace."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from psycopg import sql
from structlog.testing import capture_logs

from canbao.channels.interface import NoticeRefusal
from canbao.channels.wechat.connector import WeChatConnector
from canbao.doors.callbacks import notices as door
from canbao.doors.callbacks.notices import BODY_BYTES_MAX, Intake
from canbao.doors.callbacks.tests.caller import Said, call
from canbao.kernel.connections import owner_connection
from canbao.payments.public import OrderState
from tests.world import CROWD, PAYER, World, counts, rows

Letter = tuple[dict[str, str], bytes]


@pytest.fixture
def intake(world: World) -> Intake:
    """The application on the world's clock."""
    return Intake(world.clock)


@pytest.fixture
def letter(world: World) -> Letter:
    """One genuine notice of a payment, as the channel posted it."""
    world.pay(world.open_an_order(PAYER))
    (found,) = world.letterbox.take()
    return found


def many(world: World, number: int) -> list[Letter]:
    """Genuine notices of so many payments."""
    orders = [world.open_an_order(resident) for resident in CROWD[:number]]
    wanted = [(order.order_no, int(order.amount_fen)) for order in orders]
    return world.sandbox.bulk_notices(wanted, is_paid_here=True)


def kept() -> int:
    """How many notices are durable."""
    return int(str(rows("SELECT count(*) FROM payments_notice")[0][0]))


@contextmanager
def held_table() -> Iterator[Callable[[], None]]:
    """The table of notices held by another session; gives a way to kill whoever waits for it."""
    with owner_connection() as session, owner_connection() as killer, session.transaction():
        session.execute("LOCK TABLE payments_notice IN ACCESS EXCLUSIVE MODE")

        def kill() -> None:
            killed = killer.execute(
                sql.SQL(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
                )
            ).fetchall()
            assert killed == [(True,)]

        yield kill


async def somebody_waits() -> None:
    """Return when a session waits for the held table."""
    for _ in range(500):
        waiting = await asyncio.to_thread(
            rows,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        if waiting != [(0,)]:
            return
        await asyncio.sleep(0.01)
    message = "nobody came to write"
    raise AssertionError(message)


async def test_genuine_notice_is_acknowledged_with_nothing_and_is_durable(
    world: World, intake: Intake, letter: Letter
) -> None:
    headers, body = letter
    said = await call(intake, body, headers)
    assert (said.status, said.body, said.headers["cache-control"]) == (204, b"", "no-store")
    ((raw, names),) = rows(
        "SELECT body, (SELECT array_agg(name ORDER BY name) FROM jsonb_object_keys(headers) AS name) "
        "FROM payments_notice"
    )
    assert raw == body
    assert names == sorted(door.KEPT_HEADERS)
    assert world.settle().verdicts == {"settled": 1}
    assert world.finish() == []


async def test_notice_is_not_acknowledged_before_it_is_committed(intake: Intake, letter: Letter) -> None:
    headers, body = letter
    with held_table():
        answer = asyncio.create_task(call(intake, body, headers))
        await somebody_waits()
        await asyncio.sleep(0.1)
        assert not answer.done()
    assert (await answer).status == 204
    assert kept() == 1


async def test_lost_database_is_a_failure_that_the_channel_repeats_and_nothing_is_lost(
    world: World, intake: Intake
) -> None:
    letters = many(world, 3)
    with held_table() as kill:
        first = asyncio.create_task(call(intake, letters[0][1], letters[0][0]))
        await somebody_waits()
        rest = [asyncio.create_task(call(intake, body, headers)) for headers, body in letters[1:]]
        await asyncio.sleep(0.1)
        await asyncio.to_thread(kill)
        failed = await first
    assert (failed.status, failed.body) == (500, '{"code": "FAIL", "message": "失败"}'.encode())
    assert [(await one).status for one in rest] == [204, 204]
    assert kept() == 2
    again = [await call(intake, body, headers) for headers, body in letters]
    assert [said.status for said in again] == [204, 204, 204]
    assert kept() == 3
    assert world.settle().verdicts == {"settled": 3}
    assert world.finish() == []


async def test_idle_connections_that_died_cost_no_repetition(intake: Intake, letter: Letter) -> None:
    headers, body = letter
    died = rows(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert died
    assert (await call(intake, body, headers)).status == 204
    assert kept() == 1


REFUSED = {
    "notice_forged": (401, NoticeRefusal.BAD_SIGNATURE),
    "notice_signed_other_bytes": (401, NoticeRefusal.BAD_SIGNATURE),
    "notice_unknown_serial": (401, NoticeRefusal.UNKNOWN_SERIAL),
    "notice_probe_signature": (401, NoticeRefusal.PROBE),
    "notice_stale": (401, NoticeRefusal.STALE),
    "notice_future": (401, NoticeRefusal.STALE),
    "notice_missing_headers": (400, NoticeRefusal.MALFORMED),
    "notice_plain_text": (400, NoticeRefusal.MALFORMED),
    "notice_xml": (400, NoticeRefusal.MALFORMED),
}


@contextmanager
def no_call_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever opens a connection to a network address fails the test."""
    called: list[object] = []

    def connect(self: socket.socket, address: object) -> None:
        called.append(address)
        raise OSError("no connection is to be opened here")

    with monkeypatch.context() as watched:
        watched.setattr(socket.socket, "connect", connect)
        yield
    assert called == []


@pytest.mark.parametrize("fault", REFUSED)
async def test_notice_that_cannot_be_believed_leaves_no_trace_and_calls_nobody(
    world: World, intake: Intake, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    order = world.open_an_order(PAYER)
    world.sandbox.add_fault(fault)
    world.pay(order)
    ((headers, body),) = world.letterbox.take()
    before, heard = counts(), len(world.sandbox.log())
    with no_call_out(monkeypatch):
        said = await call(intake, body, headers)
    status, reason = REFUSED[fault]
    assert said.status == status
    assert said.body == f'{{"code": "FAIL", "message": "{reason}"}}'.encode()
    assert (counts(), len(world.sandbox.log())) == (before, heard)
    assert world.order(order).state is OrderState.PLACED


async def test_genuine_notice_that_our_key_does_not_open_is_asked_for_again(world: World, intake: Intake) -> None:
    world.sandbox.add_fault("notice_tampered_resource")
    world.pay(world.open_an_order(PAYER))
    ((headers, body),) = world.letterbox.take()
    said = await call(intake, body, headers)
    assert (said.status, kept()) == (500, 0)


@pytest.mark.parametrize("change", ["body", "twice", "twice in another case", "gone", "five minutes later"])
async def test_genuine_notice_changed_on_the_way_is_refused(
    world: World, intake: Intake, letter: Letter, change: str
) -> None:
    headers, body = letter
    pairs = list(headers.items())
    signature = headers["wechatpay-signature"]
    if change == "body":
        body = body.replace(b"TRANSACTION", b"transaction")
    elif change == "twice":
        pairs.append(("wechatpay-signature", signature))
    elif change == "twice in another case":
        pairs.append(("Wechatpay-Signature", signature))
    elif change == "gone":
        pairs = [pair for pair in pairs if pair[0] != "wechatpay-nonce"]
    else:
        world.advance(seconds=306)
    said = await call(intake, body, pairs)
    assert said.status in {400, 401}
    assert kept() == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"\xff\xfe", b'{"resource": 1}', b"[" * 5_000])
async def test_rubbish_is_refused(intake: Intake, body: bytes) -> None:
    assert (await call(intake, body)).status == 400
    assert kept() == 0


async def test_body_larger_than_any_notice_is_not_read_to_its_end(intake: Intake, letter: Letter) -> None:
    headers, _ = letter
    said = await call(intake, headers=headers, pieces=[b"x" * 16_384] * 100)
    assert said.status == 413
    assert said.pieces_read == BODY_BYTES_MAX // 16_384 + 1
    assert kept() == 0


async def test_notice_in_pieces_is_a_notice(intake: Intake, letter: Letter) -> None:
    headers, body = letter
    said = await call(intake, headers=headers, pieces=[body[:100], b"", body[100:]])
    assert (said.status, kept()) == (204, 1)


async def test_sender_who_goes_away_leaves_nothing(intake: Intake, letter: Letter) -> None:
    headers, _ = letter
    assert (await call(intake, headers=headers, pieces=[])).status == 413
    assert kept() == 0


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/notices/wechat"),
        ("PUT", "/notices/wechat"),
        ("POST", "/"),
        ("POST", "/notices"),
        ("POST", "/notices/"),
        ("POST", "/notices/cash"),
        ("POST", "/notices/wechat/"),
        ("POST", "/notices/wechat/../wechat"),
        ("POST", "/health"),
        ("GET", "/metrics"),
        ("POST", f"/notices/{'x' * 500}"),
    ],
)
async def test_other_paths_and_methods_are_not_here(intake: Intake, letter: Letter, method: str, path: str) -> None:
    headers, body = letter
    said = await call(intake, body, headers, method=method, path=path)
    assert (said.status, said.body, kept()) == (404, b"", 0)


async def test_health_is_for_everybody_and_figures_for_this_machine(intake: Intake, letter: Letter) -> None:
    assert (await call(intake, method="GET", path="/health")).body == b"ok"
    headers, body = letter
    await call(intake, body, headers)
    said = await call(intake, method="GET", path="/metrics", client="127.0.0.1")
    assert said.status == 200
    assert b'canbao_notices_total{channel="wechat",result="kept"}' in said.body


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-real-ip", "Forwarded", "via"])
async def test_figures_are_not_handed_on_through_a_proxy_on_this_machine(intake: Intake, header: str) -> None:
    said = await call(intake, headers={header: "203.0.113.9"}, method="GET", path="/metrics", client="127.0.0.1")
    assert (said.status, said.body) == (404, b"")


async def test_sender_who_is_too_slow_is_let_go(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BODY_S_MAX", 0.05)
    answers: list[object] = []

    async def receive() -> door.Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: door.Message) -> None:
        answers.append(message.get("status"))

    scope = {"type": "http", "method": "POST", "path": "/notices/wechat", "headers": [], "client": ("203.0.113.9", 1)}
    await asyncio.wait_for(intake(scope, receive, send), 2)
    assert answers == [408, None]
    assert kept() == 0


async def test_our_own_fault_is_answered_and_its_words_go_nowhere(
    intake: Intake, letter: Letter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_on(*_: object, **__: object) -> None:
        raise ValueError("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")

    monkeypatch.setattr(WeChatConnector, "read_notice", break_on)
    headers, body = letter
    with capture_logs() as logs:
        said = await call(intake, body, headers)
    assert (said.status, kept()) == (500, 0)
    assert [(entry["event"], entry["error"]) for entry in logs] == [("notice_broke_us", "ValueError")]
    assert "oUpF8" not in f"{said}{logs}{capsys.readouterr()}"


async def test_what_comes_while_one_batch_is_written_makes_up_the_next(world: World, intake: Intake) -> None:
    letters = many(world, 30)
    with held_table():
        first = asyncio.create_task(call(intake, letters[0][1], letters[0][0]))
        await somebody_waits()
        rest = [asyncio.create_task(call(intake, body, headers)) for headers, body in letters[1:]]
        await asyncio.sleep(0.1)
        assert not any(one.done() for one in rest)
        rest[0].cancel()
    assert (await first).status == 204
    answers = await asyncio.gather(*rest, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [said.status for said in answers[1:] if isinstance(said, Said)] == [204] * 28
    assert kept() == 30
    assert world.settle().verdicts == {"settled": 30}


async def test_beyond_five_thousand_waiting_we_say_busy_and_forget_nothing_that_waits(
    intake: Intake, letter: Letter
) -> None:
    headers, body = letter
    with held_table():
        first = asyncio.create_task(call(intake, body, headers))
        await somebody_waits()
        waiting = [asyncio.create_task(call(intake, body, headers)) for _ in range(door.WAITING_MAX)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        refused = await call(intake, body, headers)
        assert (refused.status, refused.body) == (503, '{"code": "FAIL", "message": "失败"}'.encode())
        assert not any(one.done() for one in waiting)
    assert {(await one).status for one in [first, *waiting]} == {204}
    assert kept() == 1
    assert (await call(intake, body, headers)).status == 204
