"""Transactions, kept answers, the outbox and the limits, on a real PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from canbao.kernel import idempotency, outbox, throttle
from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import connection
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statement, reading
from canbao.kernel.transactions import region_tx

pytestmark = pytest.mark.usefixtures("db")

COUNT = Statement(
    "count_answers", "SELECT count(*) FROM kernel_idempotency_answer WHERE region_code = %(region_code)s", False
)
ADD = Statement(
    "add_answer",
    "INSERT INTO kernel_idempotency_answer VALUES (%(region_code)s, 'test', %(key)s, ''::bytea, NULL, '2024-01-01')",
    True,
)


def test_everything_happens_or_nothing(region: RegionCode) -> None:
    with pytest.raises(RuntimeError), region_tx(region) as tx:
        tx.run(ADD, key="one")
        raise RuntimeError
    with reading(region) as reader:
        assert reader.scalars(COUNT) == [0]


def test_a_read_inside_a_transaction_sees_what_it_wrote(region: RegionCode, other_region: RegionCode) -> None:
    with region_tx(region) as tx:
        tx.run(ADD, key="one")
        with reading(region) as reader:
            assert reader.scalars(COUNT) == [1]
        with reading(other_region) as reader:
            assert reader.scalars(COUNT) == [0]


def test_a_transaction_does_not_nest(region: RegionCode) -> None:
    with region_tx(region), pytest.raises(AssertionError), region_tx(region):
        pass


def test_a_reader_refuses_to_write(region: RegionCode) -> None:
    with reading(region) as reader, pytest.raises(AssertionError, match="place to read"):
        reader.tuples(ADD, key="one")


def test_connections_run_as_the_application_and_in_utc() -> None:
    with connection() as session:
        assert session.execute("SELECT current_user, current_setting('timezone')").fetchone() == ("canbao_app", "UTC")


def test_same_request_gets_the_kept_answer(region: RegionCode, clock: FixedClock) -> None:
    with region_tx(region) as tx:
        assert idempotency.remember(tx, "pay", "k1", {"bills": [1, 2]}, now=clock.now()) is None
        idempotency.keep(tx, "pay", "k1", {"order": "A"})
    with region_tx(region) as tx:
        assert idempotency.remember(tx, "pay", "k1", {"bills": [1, 2]}, now=clock.now()) == {"order": "A"}


def test_another_request_under_the_key_is_refused_and_changes_nothing(region: RegionCode, clock: FixedClock) -> None:
    with region_tx(region) as tx:
        idempotency.remember(tx, "pay", "k1", {"bills": [1]}, now=clock.now())
        idempotency.keep(tx, "pay", "k1", {"order": "A"})
    with pytest.raises(CanbaoError, match="idempotency.key_reused"), region_tx(region) as tx:
        idempotency.remember(tx, "pay", "k1", {"bills": [2]}, now=clock.now())
    with region_tx(region) as tx:
        assert idempotency.remember(tx, "pay", "k1", {"bills": [1]}, now=clock.now()) == {"order": "A"}


@pytest.mark.parametrize("key", ["", "x" * 81, "号", "a\nb"])
def test_a_malformed_key_is_refused(region: RegionCode, clock: FixedClock, key: str) -> None:
    with pytest.raises(CanbaoError, match="idempotency.key_malformed"), region_tx(region) as tx:
        idempotency.remember(tx, "pay", key, {}, now=clock.now())


def test_two_at_once_are_one_first_and_one_kept_answer(region: RegionCode, clock: FixedClock) -> None:
    answers: list[dict[str, object] | None] = []
    both = threading.Barrier(2)

    def ask() -> None:
        both.wait()
        with region_tx(region) as tx:
            kept = idempotency.remember(tx, "pay", "k1", {"bills": [1]}, now=clock.now())
            if kept is None:
                idempotency.keep(tx, "pay", "k1", {"order": "A"})
            answers.append(kept)

    pair = [threading.Thread(target=ask) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert sorted(answers, key=str) == sorted([None, {"order": "A"}], key=str)


def test_events_are_delivered_once_marked_and_later_each_time_they_fail(region: RegionCode, clock: FixedClock) -> None:
    with region_tx(region) as tx:
        outbox.append(tx, "order.settled", [{"order_id": "a"}, {"order_id": "b"}], now=clock.now())
    assert outbox.regions_with_due_events(clock.now()) == [region]
    with region_tx(region) as tx:
        events = outbox.claim(tx, now=clock.now(), limit=10)
        assert [event.payload for event in events] == [{"order_id": "a"}, {"order_id": "b"}]
        outbox.mark_delivered(tx, [events[0].id], now=clock.now())
        outbox.mark_failed(tx, [events[1].id], error="the database was away", now=clock.now())
    assert outbox.undelivered_count(region) == 1
    with region_tx(region) as tx:
        assert outbox.claim(tx, now=clock.now(), limit=10) == []
    clock.advance(timedelta(seconds=1))
    for wait_s in outbox.RETRY_S[1:]:
        with region_tx(region) as tx:
            (again,) = outbox.claim(tx, now=clock.now(), limit=10)
            outbox.mark_failed(tx, [again.id], error="still away", now=clock.now())
        clock.advance(timedelta(seconds=wait_s - 1))
        assert outbox.regions_with_due_events(clock.now()) == []
        clock.advance(timedelta(seconds=1))
        assert outbox.regions_with_due_events(clock.now()) == [region]


def test_a_taken_event_is_left_to_its_taker_until_the_lease_ends(region: RegionCode, clock: FixedClock) -> None:
    with region_tx(region) as tx:
        outbox.append(tx, "order.settled", [{"order_id": "a"}], now=clock.now())
    with region_tx(region) as tx:
        assert len(outbox.claim(tx, now=clock.now(), limit=10)) == 1
    with region_tx(region) as tx:
        assert outbox.claim(tx, now=clock.now(), limit=10) == []
    clock.advance(timedelta(seconds=outbox.LEASE_S))
    with region_tx(region) as tx:
        assert len(outbox.claim(tx, now=clock.now(), limit=10)) == 1


def test_two_workers_never_take_the_same_event(region: RegionCode, clock: FixedClock) -> None:
    with region_tx(region) as tx:
        outbox.append(tx, "order.settled", [{"place": place} for place in range(40)], now=clock.now())
    taken: list[int] = []

    def work() -> None:
        for _ in range(4):
            with region_tx(region) as tx:
                taken.extend(event.payload["place"] for event in outbox.claim(tx, now=clock.now(), limit=7))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == list(range(40))


def test_the_limit_counts_over_all_and_starts_anew_with_the_window(clock: FixedClock) -> None:
    answers = [throttle.allow("lookup", "203.0.113.7", limit=3, per_s=600, now=clock.now()) for _ in range(5)]
    assert answers == [True, True, True, False, False]
    assert throttle.allow("lookup", "203.0.113.8", limit=3, per_s=600, now=clock.now())
    clock.advance(timedelta(seconds=600))
    assert throttle.allow("lookup", "203.0.113.7", limit=3, per_s=600, now=clock.now())
    assert throttle.sweep(before=clock.now()) == 2


def coming(
    asked: str, *, caller: str = "203.0.113.7", caller_at_most: int = 2, asked_at_most: int = 9
) -> tuple[throttle.Limit, throttle.Limit]:
    return (
        throttle.Limit(bucket="caller", subject=caller, at_most=caller_at_most, per_s=3600),
        throttle.Limit(bucket="asked", subject=asked, at_most=asked_at_most, per_s=86400),
    )


def test_both_limits_are_counted_and_either_refuses(clock: FixedClock) -> None:
    now = clock.now()
    assert throttle.allow_both(*coming("a", asked_at_most=1), now=now)
    assert not throttle.allow_both(*coming("a", asked_at_most=1), now=now), "asked for too often"
    assert not throttle.allow_both(*coming("b"), now=now), "the caller came too often"
    assert throttle.allow_both(*coming("b", caller="203.0.113.8"), now=now)
    # What was counted together is what each limit counts alone.
    assert not throttle.allow("caller", "203.0.113.7", limit=3, per_s=3600, now=now)
    assert throttle.allow("asked", "b", limit=2, per_s=86400, now=now)


def test_a_caller_beyond_his_limit_counts_against_himself_alone(clock: FixedClock) -> None:
    now = clock.now()
    for _ in range(2):
        throttle.allow_both(*coming("a"), now=now)
    for _ in range(5):
        assert not throttle.allow_both(*coming("b"), now=now)
    assert throttle.allow("asked", "b", limit=1, per_s=86400, now=now), "nobody had asked for it"
    assert not throttle.allow("asked", "beyond the limit: 203.0.113.7", limit=5, per_s=86400, now=now)


def test_callers_who_come_at_once_do_not_slip_by_their_limit(clock: FixedClock) -> None:
    """Each of them asks for something else; exactly as much is taken of others as the limit allows."""
    now = clock.now()
    assert throttle.allow_both(*coming("first", caller_at_most=10), now=now)
    answers: list[bool] = []
    together = threading.Barrier(8)

    def come(name: str) -> None:
        for turn in range(5):
            together.wait()
            answers.append(throttle.allow_both(*coming(f"{name} {turn}", caller_at_most=10), now=now))

    callers = [threading.Thread(target=come, args=(f"caller {number}",)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert (answers.count(True), answers.count(False)) == (9, 31)
    with connection() as session:
        counts = session.execute(
            "SELECT count FROM kernel_throttle WHERE bucket = 'asked' ORDER BY count DESC"
        ).fetchall()
    assert counts == [(31,), *[(1,)] * 10]
