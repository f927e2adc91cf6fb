"""Orders: what is written down, found again, asked about, and put to the channel the same way every time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest

from canbao.channels.interface import Device, Evidence, Mode, Outcome, PlaceOrder
from canbao.kernel import sealing
from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import Kind, make_no, parse_no, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import BILLS_MOST, OrderState
from canbao.payments.tests.desk import RETURN_URL, Desk
from tests.owner import as_owner

NOTIFY_URL = "http://127.0.0.1:8001/notices/wechat"


def order_count() -> int:
    """How many orders, lines and events there are together."""
    with as_owner() as session:
        found = session.execute(
            "SELECT (SELECT count(*) FROM payments_order) + (SELECT count(*) FROM payments_order_line) "
            "+ (SELECT count(*) FROM payments_order_event)"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_order_is_written_down_whole_before_anyone_hears_of_it(desk: Desk) -> None:
    order = desk.open(40_000, 8_000)
    now = desk.clock.now()
    assert (order.state, order.amount_fen, order.trade_ref, order.opens) == (OrderState.OPEN, 48_000, "", "")
    assert (order.opened_at, order.expires_at, order.next_ask_at) == (
        now,
        now + timedelta(minutes=15),
        now + timedelta(seconds=5),
    )
    assert parse_no(order.order_no, Kind.ORDER).region_code == desk.region
    assert order.bill_ids == (desk.line(1).bill_id, desk.line(2).bill_id)
    lines = payments.lines_of(desk.region, [order.order_id])
    assert [(line.bill_id, line.amount_fen, line.due_from) for line in lines] == [
        (desk.line(1).bill_id, 40_000, 202501),
        (desk.line(2).bill_id, 8_000, 202501),
    ]
    (opened,) = payments.events_of(desk.region, order.order_id)
    assert (opened.event, opened.target, opened.cause) == ("open", "", "payer")


@pytest.mark.parametrize("lines", [0, BILLS_MOST + 1])
def test_order_over_no_bill_or_over_twenty_one_is_refused_and_nothing_is_written(desk: Desk, lines: int) -> None:
    now = desk.clock.now()
    with pytest.raises(CanbaoError, match="payments.bills_count") as refused, region_tx(desk.region) as tx:
        payments.open_order(
            tx, desk.request([desk.line(number) for number in range(lines)]), order_id=uuid7(now), now=now
        )
    assert refused.value.params == {"most": 20, "found": lines}
    assert order_count() == 0


def test_order_over_twenty_bills_keeps_their_order(desk: Desk) -> None:
    amounts = [40_000 - number for number in range(20)]
    order = desk.open(*amounts)
    assert [line.amount_fen for line in payments.lines_of(desk.region, [order.order_id])] == amounts
    assert order.amount_fen == sum(amounts)


def test_order_is_found_by_its_id_its_number_as_typed_and_its_token(desk: Desk) -> None:
    order = desk.open()
    typed = f" {order.order_no[:6]} {order.order_no[6:].lower()}"
    assert payments.order(desk.region, order.order_id) == order
    assert payments.order_by_no(typed) == order
    assert payments.order_by_token(order.token) == order
    assert payments.order_by_no(make_no(desk.region, Kind.ORDER, uuid7(desk.clock.now()))) is None
    assert payments.order(desk.region, uuid7(desk.clock.now())) is None


def test_token_is_region_and_secret_and_leaves_no_trace_in_the_table(desk: Desk) -> None:
    order = desk.open()
    region, _, secret = order.token.partition("-")
    assert (region, len(secret), secret.islower() or secret.isalnum()) == ("360100", 26, True)
    assert payments.order_token(desk.region, order.order_id) == order.token
    with as_owner() as session:
        (row,) = session.execute("SELECT row_to_json(o)::text FROM payments_order AS o").fetchall()
    assert secret not in row[0]
    assert "203.0.113.7" not in row[0]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "360100",
        "360100-",
        "360100-short",
        "12-aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "360100-aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "130100-{secret}",
        "360100-{secret}a",
        "360100-éaaaaaaaaaaaaaaaaaaaaaaaaa",
        "360100-{upper}",
        "０60100-{secret}",
    ],
)
def test_token_that_is_not_exactly_an_orders_finds_nothing(desk: Desk, token: str) -> None:
    secret = desk.open().token.partition("-")[2]
    with pytest.raises(CanbaoError, match="payments.order_not_found"):
        payments.order_by_token(token.format(secret=secret, upper=secret.upper()))


def test_request_is_the_same_to_the_byte_at_every_call(desk: Desk) -> None:
    order = desk.open(40_000, 8_000)
    first = payments.request_of(order, notify_url=NOTIFY_URL)
    assert first == PlaceOrder(
        order_no=order.order_no,
        amount_fen=Fen(48_000),
        description="城乡居民基本医疗保险费 2025年",
        expires_at=order.expires_at,
        payer_address="203.0.113.7",
        mode=Mode.H5,
        notify_url=NOTIFY_URL,
        return_url=RETURN_URL,
        device=Device.IOS,
    )
    desk.move(order, "place")
    desk.move(order, "lose")
    desk.clock.advance(timedelta(minutes=4))
    assert repr(payments.request_of(desk.again(order), notify_url=NOTIFY_URL)) == repr(first)
    assert first.expires_at.microsecond == 0


def test_due_orders_are_taken_by_one_worker_and_left_to_it_for_a_minute(desk: Desk) -> None:
    orders = [desk.open() for _ in range(3)]
    now = desk.clock.now()
    with region_tx(desk.region) as tx:
        assert payments.claim_to_ask(tx, now=now, limit=10) == []
    assert payments.regions_to_ask(now) == []
    desk.clock.advance(timedelta(seconds=5))
    now = desk.clock.now()
    assert payments.regions_to_ask(now) == [desk.region]
    with region_tx(desk.region) as tx:
        first = payments.claim_to_ask(tx, now=now, limit=2)
    with region_tx(desk.region) as tx:
        second = payments.claim_to_ask(tx, now=now, limit=10)
    assert sorted([*first, *second]) == sorted(order.order_id for order in orders)
    assert (len(first), len(second)) == (2, 1)
    desk.clock.advance(timedelta(seconds=59))
    with region_tx(desk.region) as tx:
        assert payments.claim_to_ask(tx, now=desk.clock.now(), limit=10) == []
    desk.clock.advance(timedelta(seconds=1))
    with region_tx(desk.region) as tx:
        assert len(payments.claim_to_ask(tx, now=desk.clock.now(), limit=10)) == 3
    assert {desk.again(order).asked_count for order in orders} == {2}


def test_orders_due_at_one_instant_are_claimed_in_the_order_of_their_ids(desk: Desk) -> None:
    ids = sorted((desk.open().order_id for _ in range(6)), reverse=True)
    with as_owner() as session:
        # Each is written anew, the last first, so that they lie the other way round.
        for order_id in ids:
            session.execute(
                "UPDATE payments_order SET next_ask_at = %s, description = description || ' ' WHERE id = %s",
                (desk.clock.now(), order_id),
            )
    with region_tx(desk.region) as tx:
        assert payments.claim_to_ask(tx, now=desk.clock.now(), limit=10) == sorted(ids)


def test_order_that_another_worker_holds_is_passed_over(desk: Desk) -> None:
    held, free = desk.open(), desk.open()
    desk.clock.advance(timedelta(seconds=5))
    with as_owner() as session, session.transaction():
        session.execute("SELECT id FROM payments_order WHERE id = %s FOR UPDATE", [held.order_id])
        with region_tx(desk.region) as tx:
            assert payments.claim_to_ask(tx, now=desk.clock.now(), limit=10) == [free.order_id]
            assert payments.claim_one_to_ask(tx, held.order_id, now=desk.clock.now()) is False


def test_payer_makes_us_ask_at_most_every_two_seconds_and_never_after_the_last_look(desk: Desk) -> None:
    order = desk.open()
    answers = []
    for _ in range(5):
        with region_tx(desk.region) as tx:
            answers.append(payments.claim_one_to_ask(tx, order.order_id, now=desk.clock.now()))
        desk.clock.advance(timedelta(seconds=1))
    assert answers == [True, False, True, False, True]
    closed = desk.move(order, "close")
    desk.clock.advance(timedelta(hours=25, seconds=10))
    with region_tx(desk.region) as tx:
        assert payments.claim_one_to_ask(tx, order.order_id, now=desk.clock.now()) is True
        payments.schedule_look(tx, closed, was_answered=True, now=desk.clock.now())
    desk.clock.advance(timedelta(seconds=10))
    with region_tx(desk.region) as tx:
        assert payments.claim_one_to_ask(tx, order.order_id, now=desk.clock.now()) is False


@pytest.mark.parametrize("event", ["refuse", "close", "expire"])
def test_order_that_ended_unpaid_is_looked_at_twice_and_then_left_alone(desk: Desk, event: str) -> None:
    order = desk.open()
    ended_at = desk.clock.now()
    ended = desk.move(order, event)
    assert ended.next_ask_at == ended_at + timedelta(minutes=30)
    for later, was_answered, expected in [
        (timedelta(minutes=30), False, timedelta(minutes=60)),
        (timedelta(minutes=60), True, timedelta(hours=25)),
        (timedelta(hours=25), False, timedelta(hours=25, minutes=30)),
        (timedelta(hours=25, minutes=30), True, None),
    ]:
        with region_tx(desk.region) as tx:
            payments.schedule_look(tx, ended, was_answered=was_answered, now=ended_at + later)
        assert desk.again(order).next_ask_at == (ended_at + expected if expected else None)
    with region_tx(desk.region) as tx:
        payments.schedule(tx, order, now=desk.clock.now())
    assert desk.again(order).next_ask_at is None


def test_what_was_said_is_kept_and_cut_to_size(desk: Desk) -> None:
    order = desk.open()
    evidence = Evidence(request="POST /v3/pay", answer="没有回音", status=None)
    with region_tx(desk.region) as tx:
        payments.note_exchange(
            tx,
            order.order_id,
            "place",
            Outcome.UNKNOWN,
            "X" * 100,
            evidence,
            asked_at=desk.clock.now(),
            now=desk.clock.now(),
        )
    with as_owner() as session:
        (row,) = session.execute(
            "SELECT verb, outcome, foreign_code, request, answer, status FROM payments_exchange"
        ).fetchall()
    assert row == ("place", "unknown", "X" * 64, "POST /v3/pay", "没有回音", None)


@pytest.fixture
def two_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A key ring with one key, and a second one ready to be added."""
    pairs = [f"{number}:{secrets.token_hex(16)}" for number in (1, 2)]
    monkeypatch.setenv("CANBAO_DIGEST_KEY", secrets.token_hex(32))
    monkeypatch.setenv("CANBAO_SEAL_KEYS", pairs[0])
    sealing.ring.cache_clear()
    yield pairs
    sealing.ring.cache_clear()


def test_resealing_changes_the_key_and_not_what_is_sealed(
    desk: Desk, two_keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [desk.open() for _ in range(5)]
    before = [payments.request_of(order, notify_url=NOTIFY_URL) for order in orders]
    monkeypatch.setenv("CANBAO_SEAL_KEYS", ",".join(two_keys))
    sealing.ring.cache_clear()
    done = []
    for _ in range(4):
        with region_tx(desk.region) as tx:
            done.append(payments.reseal(tx, limit=2))
    assert done == [2, 2, 1, 0]
    monkeypatch.setenv("CANBAO_SEAL_KEYS", two_keys[1])
    sealing.ring.cache_clear()
    assert [payments.request_of(order, notify_url=NOTIFY_URL) for order in orders] == before
    with as_owner() as session:
        assert session.execute("SELECT DISTINCT sealed_key FROM payments_order").fetchall() == [(2,)]
