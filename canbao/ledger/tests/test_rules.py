"""The chain's hashes: fixed for ever by known values, and different for any field that differs."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import gmssl.sm3
import pytest

from canbao.kernel.regions import RegionCode
from canbao.ledger import rules
from canbao.ledger.rules import BookedTransfer, DayInNumbers

REGION = RegionCode(360100)
DAY = date(2024, 11, 15)
ROW = BookedTransfer(
    id=UUID(int=1),
    posting_id=UUID(int=2),
    kind="bill_collected",
    debit_account_id=UUID(int=3),
    credit_account_id=UUID(int=4),
    amount_fen=40000,
    order_id=UUID(int=5),
    bill_id=UUID(int=6),
    capture_id=UUID(int=7),
    cause_id=None,
    reason="",
    happened_at=datetime(2024, 11, 15, 2, 0, tzinfo=UTC),
    recorded_at=datetime(2024, 11, 15, 2, 0, 1, tzinfo=UTC),
)
NUMBERS = DayInNumbers(
    chained_on=DAY, first_place=1, last_place=2, transfer_count=2, amount_fen=5, last_hash=b"\x01" * 32
)


def test_row_has_the_bytes_it_will_have_in_ten_years() -> None:
    """Whoever changes this text breaks every chain that was ever written."""
    assert rules.row_bytes(REGION, ROW) == (
        b"6:360100"
        b"32:00000000000000000000000000000001"
        b"32:00000000000000000000000000000002"
        b"14:bill_collected"
        b"32:00000000000000000000000000000003"
        b"32:00000000000000000000000000000004"
        b"5:40000"
        b"32:00000000000000000000000000000005"
        b"32:00000000000000000000000000000006"
        b"32:00000000000000000000000000000007"
        b"0:"
        b"16:1731636000000000"
        b"16:1731636001000000"
    )


def test_row_with_a_cause_has_it_at_its_end() -> None:
    with_cause = rules.row_bytes(REGION, replace(ROW, cause_id=UUID(int=8)))
    assert with_cause == rules.row_bytes(REGION, ROW) + b"32:00000000000000000000000000000008"


def test_link_is_sm3_as_an_independent_implementation_computes_it() -> None:
    row = rules.row_bytes(REGION, ROW)
    text = rules.GENESIS + b"1:110:2024-11-15" + row
    assert rules.link_hash(rules.GENESIS, 1, DAY, row).hex() == gmssl.sm3.sm3_hash(list(text))


def test_every_field_of_a_row_changes_its_bytes() -> None:
    whole = rules.row_bytes(REGION, ROW)
    changed = {
        "id": UUID(int=9),
        "posting_id": UUID(int=9),
        "kind": "assistance_met",
        "debit_account_id": UUID(int=9),
        "credit_account_id": UUID(int=9),
        "amount_fen": 40001,
        "order_id": None,
        "bill_id": None,
        "capture_id": None,
        "cause_id": UUID(int=9),
        "reason": "x",
        "happened_at": ROW.happened_at + timedelta(microseconds=1),
        "recorded_at": ROW.recorded_at + timedelta(microseconds=1),
    }
    assert set(changed) == {field.name for field in fields(BookedTransfer)}
    for name, value in changed.items():
        assert rules.row_bytes(REGION, replace(ROW, **{name: value})) != whole, name  # type: ignore[arg-type]  # one field of each type in turn
    assert rules.row_bytes(RegionCode(130100), ROW) != whole


def test_neighbouring_fields_cannot_be_shifted_into_each_other() -> None:
    one = rules.row_bytes(REGION, replace(ROW, order_id=None, bill_id=UUID(int=5)))
    other = rules.row_bytes(REGION, replace(ROW, order_id=UUID(int=5), bill_id=None))
    assert one != other


def test_place_day_and_predecessor_are_bound() -> None:
    row = rules.row_bytes(REGION, ROW)
    made = rules.link_hash(rules.GENESIS, 1, DAY, row)
    assert rules.link_hash(rules.GENESIS, 2, DAY, row) != made
    assert rules.link_hash(rules.GENESIS, 1, date(2024, 11, 16), row) != made
    assert rules.link_hash(b"\x01" * 32, 1, DAY, row) != made


def test_chain_binds_each_row_to_the_one_before() -> None:
    second = replace(ROW, id=UUID(int=8))
    first_hash, second_hash = rules.chain(REGION, rules.GENESIS, 1, DAY, [ROW, second])
    assert rules.chain(REGION, rules.GENESIS, 1, DAY, [ROW]) == [first_hash]
    assert rules.chain(REGION, first_hash, 2, DAY, [second]) == [second_hash]


@pytest.mark.parametrize(
    "change",
    [
        {"first_place": 2},
        {"last_place": 3},
        {"transfer_count": 3},
        {"amount_fen": 6},
        {"last_hash": b"\x02" * 32},
        {"chained_on": date(2024, 11, 16)},
    ],
)
def test_day_seal_binds_its_numbers(change: dict[str, object]) -> None:
    made = rules.day_hash(rules.GENESIS, REGION, NUMBERS)
    assert rules.day_hash(rules.GENESIS, REGION, replace(NUMBERS, **change)) != made  # type: ignore[arg-type]  # one field of each type in turn
    assert rules.day_hash(b"\x01" * 32, REGION, NUMBERS) != made
    assert rules.day_hash(rules.GENESIS, RegionCode(130100), NUMBERS) != made


@pytest.mark.parametrize(
    ("today", "head_on", "sealed_on", "expected"),
    [
        (DAY, None, None, DAY),
        (DAY, DAY, None, DAY),
        (DAY, date(2024, 11, 14), date(2024, 11, 13), DAY),
        (DAY, date(2024, 11, 20), None, date(2024, 11, 20)),
        (DAY, date(2024, 11, 20), date(2024, 11, 20), date(2024, 11, 21)),
        (DAY, DAY, DAY, date(2024, 11, 16)),
    ],
)
def test_a_clock_set_back_adds_to_no_sealed_day(
    today: date, head_on: date | None, sealed_on: date | None, expected: date
) -> None:
    assert rules.chaining_day(today, head_on, sealed_on) == expected


def test_movements_are_sums_per_account_and_side() -> None:
    back = replace(ROW, debit_account_id=UUID(int=4), credit_account_id=UUID(int=3), amount_fen=10000)
    assert rules.movements([ROW, ROW, back]) == {UUID(int=3): (80000, 10000), UUID(int=4): (10000, 80000)}
