"""Every way in which a channel's statement can be wrong, fetched from the played channel: the promised end state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypedDict

import pytest

from canbao.channels.wechat.connector import WeChatConnector
from canbao.journeys.reconcile_day import DayRun, reconcile_day
from canbao.kernel.errors import CanbaoError
from canbao.payments import public as payments
from canbao.reconciliation import public as reconciliation
from tests.world import CHILD, PAYER, RELATIVE, World, rows

DAY = date(2024, 11, 15)


class Wish(TypedDict, total=False):
    """What a fault is asked to do."""

    count: int
    delta_fen: int
    times: int


def counts(done: DayRun) -> dict[str, tuple[int, int]]:
    """How often each verdict was given, and how many of them mended themselves."""
    assert done.trades is not None
    return {str(item.verdict): (item.count, item.healed_count) for item in done.trades.counts}


def standing() -> dict[str, int]:
    """What stands before people, by its kind."""
    found = rows("SELECT kind, count(*) FROM reconciliation_discrepancy WHERE state = 'open' GROUP BY kind")
    return {str(kind): int(str(count)) for kind, count in found}


@pytest.fixture
def day(world: World) -> World:
    """Ten in the morning after a day with two payments."""
    for one in (PAYER, CHILD):
        world.tell_notice(world.open_an_order(one))
    world.advance(hours=24)
    world.letters()
    return world


def compare(world: World, on: date = DAY) -> DayRun:
    """Compare the day with what the channel has."""
    return reconcile_day(world.region, "wechat", on, clock=world.clock)


TOLD: list[tuple[str, Wish, dict[str, tuple[int, int]]]] = [
    ("statement_missing_day", {}, {"only_ours_settled": (2, 0)}),
    ("statement_empty_day", {}, {"only_ours_settled": (2, 0)}),
    ("statement_missing_row", {}, {"matched": (1, 0), "only_ours_settled": (1, 0)}),
    ("statement_extra_row", {"count": 2}, {"only_theirs": (2, 0), "matched": (2, 0)}),
    ("statement_wrong_amount", {"delta_fen": 1}, {"amount_differs": (1, 0), "matched": (1, 0)}),
    ("statement_wrong_amount", {"delta_fen": -1}, {"amount_differs": (1, 0), "matched": (1, 0)}),
    ("statement_duplicate_row", {}, {"duplicate_line": (1, 0), "matched": (2, 0)}),
    ("statement_foreign_row", {"count": 3}, {"foreign": (3, 0), "matched": (2, 0)}),
    ("statement_comma_in_text", {"count": 2}, {"matched": (2, 0)}),
    ("statement_reordered_columns", {}, {"matched": (2, 0)}),
    ("statement_crlf", {}, {"matched": (2, 0)}),
    ("statement_bom", {}, {"matched": (2, 0)}),
    ("statement_many_rows", {"count": 1}, {"only_theirs": (1000, 0), "matched": (2, 0)}),
]


@pytest.mark.parametrize(("fault", "wish", "wanted"), TOLD, ids=[f"{name} {wish}" for name, wish, _ in TOLD])
def test_what_a_statement_tells_wrongly_stands_before_people_until_it_is_told_rightly(
    day: World, fault: str, wish: Wish, wanted: dict[str, tuple[int, int]]
) -> None:
    balances = day.balances()
    day.sandbox.add_fault(fault, endpoint="trade_bill", **wish)
    assert counts(compare(day)) == wanted
    stands = {kind: count for kind, (count, _) in wanted.items() if kind != "matched"}
    assert standing() == stands
    assert day.balances() == balances
    assert day.finish() == []
    day.sandbox.clear_faults()
    assert counts(compare(day)) == {"matched": (2, 0)}
    assert standing() == {}
    assert day.balances() == balances


NOT_HAD = [
    ("statement_late", "reconciliation.statement_not_ready"),
    ("statement_wrong_hash", "reconciliation.statement_not_fetched"),
    ("statement_corrupt_file", "reconciliation.statement_not_fetched"),
    ("statement_foreign_token", "reconciliation.statement_not_fetched"),
    ("statement_foreign_address", "reconciliation.statement_not_fetched"),
]


@pytest.mark.parametrize(("fault", "code"), NOT_HAD, ids=[name for name, _ in NOT_HAD])
def test_statement_that_cannot_be_had_changes_nothing_and_is_had_the_next_time(
    day: World, fault: str, code: str
) -> None:
    day.sandbox.add_fault(fault, endpoint="trade_bill")
    with pytest.raises(CanbaoError) as refused:
        compare(day)
    assert refused.value.code == code
    assert reconciliation.statements_of(day.region, "wechat", DAY) == []
    assert counts(compare(day)) == {"matched": (2, 0)}


def test_bomb_of_a_statement_is_refused_and_nothing_of_it_is_kept(day: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WeChatConnector.fetch_statement.__kwdefaults__ is not None
    monkeypatch.setitem(WeChatConnector.fetch_statement.__kwdefaults__, "bytes_max", 4 << 20)
    balances = day.balances()
    day.sandbox.add_fault("statement_zip_bomb", endpoint="trade_bill", count=2)
    with pytest.raises(CanbaoError) as refused:
        compare(day)
    assert refused.value.code == "reconciliation.statement_not_fetched"
    assert refused.value.params["reason"] == "too_large"
    for table in ("statement", "statement_part", "line", "difference", "discrepancy"):
        assert rows(f"SELECT count(*) FROM reconciliation_{table}") == [(0,)], table
    assert day.balances() == balances
    assert counts(compare(day)) == {"matched": (2, 0)}


UNREADABLE = [
    ("statement_gbk", "channels.statement_not_utf8"),
    ("statement_wrong_sums", "channels.statement_summary_differs"),
    ("statement_truncated", "channels.statement_truncated"),
]


@pytest.mark.parametrize(("fault", "code"), UNREADABLE, ids=[name for name, _ in UNREADABLE])
def test_statement_that_cannot_be_read_is_kept_with_its_reason_and_the_next_version_counts(
    day: World, fault: str, code: str
) -> None:
    day.sandbox.add_fault(fault, endpoint="trade_bill")
    with pytest.raises(CanbaoError) as refused:
        compare(day)
    assert refused.value.code == code
    (kept,) = reconciliation.statements_of(day.region, "wechat", DAY)
    assert (kept.state, kept.failure_code, kept.size_bytes > 0) == ("failed", code, True)
    assert rows("SELECT count(*) FROM reconciliation_line") == [(0,)]
    done = compare(day)
    assert done.trades is not None
    assert (counts(done), done.trades.statement.version_no) == ({"matched": (2, 0)}, 2)


def test_row_in_the_next_days_file_is_carried_when_that_day_comes(day: World) -> None:
    day.sandbox.add_fault("statement_neighbour_day", endpoint="trade_bill", times=0)
    assert counts(compare(day)) == {"matched": (1, 0), "only_ours_settled": (1, 0)}
    assert standing() == {"only_ours_settled": 1}
    day.tell_notice(day.open_an_order(RELATIVE))
    day.advance(hours=24)
    # The fault carries a line of this day on as well: what is left is the one that came from the day before.
    done = compare(day, DAY + timedelta(days=1))
    assert counts(done) == {"other_day": (1, 1), "only_ours_settled": (1, 0)}
    assert standing() == {"only_ours_settled": 1}
    day.sandbox.clear_faults()


def test_extra_row_of_an_order_that_is_paid_goes_to_suspense_and_to_a_person(day: World) -> None:
    ((order_no,),) = rows("SELECT order_no FROM payments_order ORDER BY order_no LIMIT 1")
    day.sandbox.add_fault("statement_extra_row", endpoint="trade_bill", out_trade_no=str(order_no))
    assert counts(compare(day)) == {"only_theirs": (1, 1), "matched": (2, 0)}
    found = payments.captures_of(day.region, str(order_no))
    assert [(item.amount_fen, item.disposition, item.reason) for item in found] == [
        (40_000, "credited", ""), (38_000, "suspended", "amount_differs"),
    ]  # fmt: skip
    assert [case.kind for case in payments.open_cases(day.region)] == ["amount_differs"]
    assert day.finish() == []
