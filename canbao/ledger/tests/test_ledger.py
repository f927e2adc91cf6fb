"""The books on a real PostgreSQL: posting once, balances, sealing, and two at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from canbao.journeys.seal_ledger import seal_ledger
from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import connection
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.ledger.checks import AUDITORS
from canbao.ledger.models import APPEND_ONLY
from canbao.ledger.public import (
    AccountCode,
    AssistanceMet,
    BillCollected,
    CaptureSuspended,
    Fact,
    PostStatus,
    TransferKind,
)
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("db")

AT = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
POSTED, EXISTS = PostStatus.POSTED, PostStatus.EXISTS
DIFFERENT, NOTHING = PostStatus.EXISTS_WITH_DIFFERENT_CONTENT, PostStatus.NOTHING_TO_POST


def collected(number: int, amount: int = 40000, *, order: int = 0, due_from: int = 202501) -> BillCollected:
    return BillCollected(
        capture_id=UUID(int=1_000 + (order or number)),
        order_id=UUID(int=2_000 + (order or number)),
        bill_id=UUID(int=number),
        scheme_code="390",
        due_from=due_from,
        due_until=due_from + 11,
        channel_code="wechat",
        amount_fen=Fen(amount),
        happened_at=AT,
    )


def met(number: int, amount: int = 36000) -> AssistanceMet:
    return AssistanceMet(
        bill_id=UUID(int=number),
        scheme_code="390",
        due_from=202501,
        due_until=202512,
        amount_fen=Fen(amount),
        happened_at=AT,
    )


def suspended(number: int, amount: int = 40000) -> CaptureSuspended:
    return CaptureSuspended(
        capture_id=UUID(int=5_000 + number),
        order_id=UUID(int=2_000 + number),
        channel_code="wechat",
        amount_fen=Fen(amount),
        happened_at=AT,
        reason="second_capture",
    )


def post(region: RegionCode, facts: Sequence[Fact], now: datetime = AT) -> list[PostStatus]:
    with region_tx(region) as tx:
        return ledger.post(tx, facts, now=now)


def counts() -> dict[str, int]:
    tables = [*APPEND_ONLY, "ledger_unsealed"]
    with connection() as session:
        return {table: session.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # type: ignore[index]  # count(*) always gives a row


def standing(region: RegionCode) -> dict[tuple[str, int], int]:
    return {(str(row.account_code), row.due_from): int(row.balance_fen) for row in ledger.balances(region)}


def findings(region: RegionCode) -> list[str]:
    return [f"{finding.auditor}: {finding.subject}" for auditor in AUDITORS for finding in auditor(region)]


def test_facts_are_booked_and_balances_follow_at_once(region: RegionCode, other_region: RegionCode) -> None:
    assert post(region, [collected(1), collected(2, 20000), met(2, 20000), suspended(3, 500)]) == [POSTED] * 4
    assert standing(region) == {
        ("clearing", 0): 60500,
        ("assistance_receivable", 202501): 20000,
        ("contribution_income", 202501): 80000,
        ("suspense", 0): 500,
    }
    assert ledger.balances(other_region) == []
    assert findings(region) == []


def test_balances_come_in_the_order_of_the_chart_with_both_sides(region: RegionCode) -> None:
    post(region, [suspended(1), met(1), collected(1), collected(2, 7, due_from=202601)])
    rows = ledger.balances(region)
    assert [(row.account_code, row.due_from) for row in rows] == [
        (AccountCode.CLEARING, 0),
        (AccountCode.ASSISTANCE_RECEIVABLE, 202501),
        (AccountCode.CONTRIBUTION_INCOME, 202501),
        (AccountCode.CONTRIBUTION_INCOME, 202601),
        (AccountCode.SUSPENSE, 0),
    ]
    assert (rows[0].name_zh, rows[0].channel_code, rows[0].scheme_code) == ("渠道待清算款", "wechat", "")
    assert (rows[0].debit_fen, rows[0].credit_fen, rows[0].balance_fen) == (80007, 0, 80007)
    assert (rows[3].debit_fen, rows[3].credit_fen, rows[3].balance_fen) == (0, 7, 7)
    assert set(ledger.accounts(region)) == {row.account_id for row in rows}


def test_statuses_come_in_order_with_repetitions_inside_the_batch(region: RegionCode) -> None:
    post(region, [collected(1), collected(2)])
    batch: list[Fact] = [
        collected(2),
        collected(1, 39999),
        collected(3),
        collected(3),
        collected(3, 1),
        met(9, 0),
        met(3),
        collected(3),
    ]
    assert post(region, batch) == [EXISTS, DIFFERENT, POSTED, EXISTS, DIFFERENT, NOTHING, POSTED, EXISTS]
    assert standing(region) == {
        ("clearing", 0): 120000,
        ("assistance_receivable", 202501): 36000,
        ("contribution_income", 202501): 156000,
    }
    assert counts()["ledger_transfer"] == 4
    assert findings(region) == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (replace(collected(1), happened_at=AT + timedelta(hours=1)), EXISTS),
        (replace(collected(1), due_until=202506), EXISTS),
        (replace(collected(1), amount_fen=Fen(39999)), DIFFERENT),
        (replace(collected(1), channel_code="alipay"), DIFFERENT),
        (replace(collected(1), scheme_code="310"), DIFFERENT),
        (replace(collected(1), due_from=202601), DIFFERENT),
        (replace(collected(1), order_id=UUID(int=77)), DIFFERENT),
    ],
)
def test_fact_told_again_is_compared_by_amount_account_and_subject(
    region: RegionCode, told: BillCollected, status: PostStatus
) -> None:
    post(region, [collected(1)])
    before = standing(region)
    assert post(region, [told]) == [status]
    assert {key: value for key, value in standing(region).items() if value} == before


def test_posting_again_writes_nothing_at_all(region: RegionCode) -> None:
    facts: list[Fact] = [collected(1), met(1), suspended(2)]
    post(region, facts)
    before = counts()
    assert post(region, facts, AT + timedelta(hours=1)) == [EXISTS] * 3
    assert counts() == before


def test_same_fact_in_another_region_is_another_transfer(region: RegionCode, other_region: RegionCode) -> None:
    assert post(region, [collected(1)]) == [POSTED]
    assert post(other_region, [collected(1)]) == [POSTED]
    assert standing(region) == standing(other_region)


def test_nothing_and_only_zeros_post_nothing(region: RegionCode) -> None:
    assert post(region, []) == []
    assert post(region, [met(1, 0), met(2, 0)]) == [NOTHING, NOTHING]
    assert set(counts().values()) == {0}


def test_bad_amount_and_oversized_batch_are_refused_whole(region: RegionCode) -> None:
    with pytest.raises(ValueError, match="zero or more"):
        post(region, [collected(1), collected(2, -1)])
    with pytest.raises(AssertionError, match="are allowed"):
        post(region, [met(1)] * (ledger.FACTS_MAX + 1))
    assert set(counts().values()) == {0}


def test_rolled_back_posting_leaves_no_account_believed_to_stand(region: RegionCode) -> None:
    with pytest.raises(RuntimeError), region_tx(region) as tx:
        ledger.post(tx, [collected(1)], now=AT)
        raise RuntimeError
    assert set(counts().values()) == {0}
    assert post(region, [collected(1)]) == [POSTED]
    assert counts()["ledger_account"] == 2
    assert findings(region) == []


def test_two_postings_in_one_transaction_see_each_other(region: RegionCode) -> None:
    with region_tx(region) as tx:
        assert ledger.post(tx, [collected(1)], now=AT) == [POSTED]
        assert ledger.post(tx, [collected(1), collected(2)], now=AT) == [EXISTS, POSTED]
    assert findings(region) == []


def test_two_workers_posting_the_same_facts_at_once_book_them_once(region: RegionCode) -> None:
    facts = [collected(number) for number in range(1, 101)]
    gate = threading.Barrier(4)

    def work(turn: int) -> list[PostStatus]:
        mine = facts if turn % 2 else list(reversed(facts))
        gate.wait(10)
        return post(region, mine)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(work, range(4)))
    assert sum(statuses.count(POSTED) for statuses in told) == 100
    assert sum(statuses.count(EXISTS) for statuses in told) == 300
    assert standing(region) == {("clearing", 0): 4_000_000, ("contribution_income", 202501): 4_000_000}
    assert findings(region) == []


@pytest.mark.parametrize(("amount", "status"), [(40000, EXISTS), (1, DIFFERENT)])
def test_fact_committed_by_another_while_we_wait_is_compared_too(
    region: RegionCode, amount: int, status: PostStatus
) -> None:
    """Our statement began before the other's commit and cannot see its row; the answer must be right all the same."""
    told: list[list[PostStatus]] = []
    with region_tx(region) as tx:
        ledger.post(tx, [collected(1)], now=AT)
        waiter = threading.Thread(target=lambda: told.append(post(region, [collected(1, amount), collected(2)])))
        waiter.start()
        _wait_until_someone_waits()
    waiter.join(10)
    assert told == [[status, POSTED]]
    assert standing(region) == {("clearing", 0): 80000, ("contribution_income", 202501): 80000}


def _wait_until_someone_waits() -> None:
    pause = threading.Event()
    for _ in range(500):
        with as_owner() as session:
            waiting = session.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone()
        if waiting is not None and waiting[0]:
            return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


def test_transfers_of_an_order_are_told_with_their_accounts(region: RegionCode) -> None:
    post(region, [collected(1, 100, order=7), collected(2, 200, order=7), met(2), collected(3)])
    found = ledger.transfers_of_order(region, UUID(int=2_007))
    assert {(row.kind, row.bill_id, int(row.amount_fen)) for row in found} == {
        (TransferKind.BILL_COLLECTED, UUID(int=1), 100),
        (TransferKind.BILL_COLLECTED, UUID(int=2), 200),
    }
    assert {(row.debit_account_code, row.credit_account_code) for row in found} == {
        (AccountCode.CLEARING, AccountCode.CONTRIBUTION_INCOME)
    }
    assert {(row.happened_at, row.recorded_at) for row in found} == {(AT, AT)}
    assert ledger.transfers_of_order(region, UUID(int=99)) == []


@pytest.mark.parametrize("reason", ["", 'a "quoted" \\ word', "NULL", "{1,2}", "金额不符, 待核", "two\nlines"])
def test_reason_is_kept_letter_for_letter(region: RegionCode, reason: str) -> None:
    post(region, [replace(suspended(1), reason=reason, order_id=None), replace(suspended(2), reason=reason)])
    [found] = ledger.transfers_of_order(region, UUID(int=2_002))
    assert found.reason == reason


def test_sealing_changes_no_balance_and_leaves_nothing_waiting(region: RegionCode, clock: FixedClock) -> None:
    post(region, [collected(1), met(1)])
    before = ledger.balances(region)
    tally = seal_ledger(region, clock=clock)
    assert (tally.transfer_count, tally.day_count, tally.is_busy) == (2, 0, False)
    assert ledger.balances(region) == before
    assert counts() == {
        "ledger_account": 3,
        "ledger_transfer": 2,
        "ledger_link": 2,
        "ledger_day": 0,
        "ledger_balance": 3,
        "ledger_unsealed": 0,
    }
    assert findings(region) == []
    assert seal_ledger(region, clock=clock).transfer_count == 0


def test_balance_is_the_last_snapshot_plus_what_waits(region: RegionCode, clock: FixedClock) -> None:
    for number in range(1, 6):
        post(region, [collected(number, number * 100)])
        if number % 2:
            seal_ledger(region, clock=clock)
        assert standing(region)["clearing", 0] == sum(range(1, number + 1)) * 100
        assert findings(region) == []
    assert counts()["ledger_balance"] == 6
    assert counts()["ledger_unsealed"] == 0


def test_seal_takes_whole_postings_up_to_its_limit(region: RegionCode) -> None:
    for start in (1, 11, 21):
        post(region, [collected(number) for number in range(start, start + 10)], AT + timedelta(seconds=start))
    told = []
    for limit in (1, 15, 100):
        with region_tx(region) as tx:
            sealed = ledger.seal(tx, now=AT, limit=limit)
        told.append((sealed.transfer_count, sealed.has_more))
        assert findings(region) == []
    assert told == [(10, True), (10, True), (10, False)]


def test_days_are_sealed_when_they_are_over_and_never_added_to(region: RegionCode, clock: FixedClock) -> None:
    post(region, [collected(1), met(1)])
    seal_ledger(region, clock=clock)
    clock.advance(timedelta(hours=14))
    assert seal_ledger(region, clock=clock).day_count == 1
    [day] = ledger.days(region)
    assert (day.chained_on, day.transfer_count, int(day.amount_fen)) == (date(2024, 11, 15), 2, 76000)
    assert len(day.day_hash) == 64
    # The clock is set back into the sealed day, as when a demonstration runs again on the same database.
    post(region, [collected(2)])
    assert seal_ledger(region, clock=FixedClock(AT)).day_count == 0
    clock.advance(timedelta(days=1))
    assert seal_ledger(region, clock=clock).day_count == 1
    assert [(day.chained_on, day.transfer_count) for day in ledger.days(region)] == [
        (date(2024, 11, 15), 2),
        (date(2024, 11, 16), 1),
    ]
    assert findings(region) == []


def test_second_sealer_leaves_the_chain_to_the_first(region: RegionCode, other_region: RegionCode) -> None:
    post(region, [collected(1)])
    post(other_region, [collected(1)])
    told: list[ledger.Sealed] = []

    def seal_too(which: RegionCode) -> None:
        with region_tx(which) as tx:
            told.append(ledger.seal(tx, now=AT, limit=10))

    with region_tx(region) as tx:
        assert ledger.seal(tx, now=AT, limit=10).transfer_count == 1
        for which in (region, other_region):
            thread = threading.Thread(target=seal_too, args=(which,))
            thread.start()
            thread.join(10)
    assert [(sealed.is_busy, sealed.transfer_count) for sealed in told] == [(True, 0), (False, 1)]
    assert findings(region) == findings(other_region) == []


def test_sealing_that_is_broken_off_leaves_everything_waiting(region: RegionCode, clock: FixedClock) -> None:
    post(region, [collected(1)])
    with pytest.raises(RuntimeError), region_tx(region) as tx:
        ledger.seal(tx, now=AT, limit=10)
        raise RuntimeError
    assert (counts()["ledger_link"], counts()["ledger_unsealed"]) == (0, 1)
    assert seal_ledger(region, clock=clock).transfer_count == 1
    assert findings(region) == []


def test_posting_and_sealing_at_once_lose_nothing(region: RegionCode, clock: FixedClock) -> None:
    stop = threading.Event()

    def keep_sealing() -> int:
        sealed = 0
        while not stop.is_set():
            sealed += seal_ledger(region, clock=clock).transfer_count
        return sealed

    def keep_posting(worker: int) -> None:
        for turn in range(10):
            first = 1 + worker * 1_000 + turn * 20
            post(region, [collected(number, 1) for number in range(first, first + 20)])

    with ThreadPoolExecutor(4) as pool:
        sealers = [pool.submit(keep_sealing) for _ in range(2)]
        list(pool.map(keep_posting, range(2)))
        stop.set()
        sealed = sum(sealer.result(30) for sealer in sealers)
    sealed += seal_ledger(region, clock=clock).transfer_count
    assert sealed == counts()["ledger_transfer"] == counts()["ledger_link"] == 400
    assert standing(region)["clearing", 0] == 400
    assert findings(region) == []


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET region_code = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_may_not_rewrite_the_books(
    region: RegionCode, clock: FixedClock, table: str, verb: str
) -> None:
    post(region, [collected(1)])
    seal_ledger(region, clock=clock)
    before = counts()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connection() as session:
        session.execute(verb.format(table))
    assert counts() == before


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("gen_random_uuid(), gen_random_uuid(), 0", "ledger_transfer_amount_positive"),
        ("gen_random_uuid(), gen_random_uuid(), -1", "ledger_transfer_amount_positive"),
        (
            "'00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', 5",
            "ledger_transfer_two_accounts",
        ),
    ],
)
def test_the_database_refuses_a_transfer_that_is_none(region: RegionCode, values: str, constraint: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused, connection() as session:
        session.execute(
            "INSERT INTO ledger_transfer (debit_account_id, credit_account_id, amount_fen, region_code, id, "
            "posting_id, kind, reason, happened_at, recorded_at) "
            f"VALUES ({values}, {region}, gen_random_uuid(), gen_random_uuid(), 'bill_collected', '', now(), now())"
        )
    assert refused.value.diag.constraint_name == constraint
    assert set(counts().values()) == {0}
