"""Money, ids, time, states, seals and masks: exact values, and properties over many."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.kernel import sealing
from canbao.kernel.clock import ShiftedClock, SystemClock, add_months, clock_from, shift_setting, start_of_day
from canbao.kernel.environment import state_dir
from canbao.kernel.errors import CanbaoError, Retry, declare
from canbao.kernel.ids import CROCKFORD, Kind, derived_id, group_no, make_no, parse_no, uuid7
from canbao.kernel.masks import mask_id_no, mask_name
from canbao.kernel.money import Fen, Rounding, format_yuan, parse_yuan, rate, split
from canbao.kernel.regions import RegionCode, region_code
from canbao.kernel.sealing import KeyRing
from canbao.kernel.states import Edge, StateMachine

UUIDS = st.integers(min_value=0, max_value=2**128 - 1).map(lambda value: UUID(int=value))
REGIONS = st.integers(min_value=100000, max_value=999999).map(RegionCode)


@pytest.mark.parametrize(
    ("text", "fen"), [("380", 38000), ("380.5", 38050), ("380.05", 38005), ("0.01", 1), (" 12 ", 1200), ("0", 0)]
)
def test_yuan_are_read(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", "3.999", "1,000", "١٢", "１２", "12.", ".5", "NaN", "1" * 14])
def test_what_is_not_yuan_is_refused(text: str) -> None:
    with pytest.raises(CanbaoError, match="kernel.amount_malformed"):
        parse_yuan(text)


@given(st.integers(min_value=0, max_value=10**14))
def test_yuan_written_are_read_back(amount: int) -> None:
    assert parse_yuan(format_yuan(amount).replace(",", "")) == amount


@given(
    st.integers(min_value=0, max_value=10**12),
    st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=20),
)
def test_split_hands_out_every_fen_fairly(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        with pytest.raises(ValueError, match="positive"):
            split(Fen(total), weights)
        return
    parts = split(Fen(total), weights)
    assert sum(parts) == total
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )


def test_a_rate_rounds_as_it_is_told() -> None:
    third = {rounding: rate(Fen(100), per_million=333_333, rounding=rounding) for rounding in Rounding}
    assert third == {Rounding.HALF_UP: 33, Rounding.DOWN: 33, Rounding.UP: 34}
    assert rate(Fen(1), per_million=500_000, rounding=Rounding.HALF_UP) == 1


@given(REGIONS, st.sampled_from(Kind), UUIDS)
def test_a_number_is_read_back_as_typed_by_a_person(region: RegionCode, kind: Kind, row_id: UUID) -> None:
    text = make_no(region, kind, row_id)
    for typed in (text, text.lower(), group_no(text), f" {text[:9]}-{text[9:]}"):
        found = parse_no(typed, kind)
        assert (found.region_code, found.kind, found.text) == (region, kind, text)


@given(REGIONS, UUIDS, st.integers(min_value=0, max_value=17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_single_wrong_character_is_refused(region: RegionCode, row_id: UUID, place: int, sign: str) -> None:
    text = make_no(region, Kind.ORDER, row_id)
    if text[place] == sign:
        return
    with pytest.raises(CanbaoError, match=r"kernel\.number_(malformed|mistyped)"):
        parse_no(text[:place] + sign + text[place + 1 :], Kind.ORDER)


@pytest.mark.parametrize("wrong", [kind for kind in Kind if kind is not Kind.ORDER])
def test_a_number_of_another_kind_is_refused(wrong: Kind) -> None:
    text = make_no(RegionCode(360100), wrong, derived_id("x", 1))
    with pytest.raises(CanbaoError, match="kernel.number_wrong_kind"):
        parse_no(text, Kind.ORDER)


def test_ids_are_what_they_say() -> None:
    now = datetime(2024, 11, 15, tzinfo=UTC)
    made = uuid7(now)
    assert (made.version, made.int >> 80) == (7, int(now.timestamp() * 1000))
    assert uuid7(now) != made
    assert derived_id("bill", 360100, "a") == derived_id("bill", 360100, "a")
    assert derived_id("bill", "1", "23") != derived_id("bill", "12", "3")
    assert derived_id("bill", 1).version == 8
    assert len(set(CROCKFORD)) == 32


def test_the_clock_can_be_set_to_a_business_date() -> None:
    shifted = clock_from("2024-11-15")
    assert shifted.today() == date(2024, 11, 15)
    again = clock_from(shift_setting(shifted))
    assert abs((again.now() - shifted.now()).total_seconds()) < 1
    assert clock_from("").shift == timedelta(0)
    assert isinstance(clock_from(None), SystemClock)
    assert shift_setting(ShiftedClock(timedelta(0))) == ""


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "shift:", "2024-11-15T00:00", "20241115"])
def test_a_malformed_clock_is_refused(text: str) -> None:
    with pytest.raises(CanbaoError, match="kernel.clock_malformed"):
        clock_from(text)


def test_civil_dates_are_chinas() -> None:
    assert start_of_day(date(2025, 1, 1)) == datetime(2024, 12, 31, 16, tzinfo=UTC)
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2024, 12, 15), 3) == date(2025, 3, 15)


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"


def test_a_state_machine_answers_from_its_table() -> None:
    door = StateMachine("door", Door, initial=[Door.OPEN], edges=[Edge("shut", [Door.OPEN], Door.SHUT)])
    assert (door.sources("shut"), door.target("shut"), door.terminal) == (["open"], "shut", frozenset({"shut"}))


def test_a_broken_table_is_no_machine() -> None:
    with pytest.raises(ValueError, match="nothing leads to"):
        StateMachine("door", Door, initial=[Door.OPEN], edges=[])
    with pytest.raises(ValueError, match="stands twice"):
        StateMachine("door", Door, initial=[Door.OPEN], edges=[Edge("shut", [Door.OPEN], Door.SHUT)] * 2)


RING = KeyRing({1: b"1" * 16}, b"d" * 32)
TWO_KEYS = KeyRing({1: b"1" * 16, 2: b"2" * 16}, b"d" * 32)


def test_a_sealed_document_opens_only_in_its_row() -> None:
    sealed = RING.seal_bytes("李小丽".encode(), context=b"registry_person:360100:a")
    assert "李小丽".encode() not in sealed
    assert RING.unseal_bytes(sealed, context=b"registry_person:360100:a").decode() == "李小丽"
    with pytest.raises(CanbaoError, match="kernel.seal_broken"):
        RING.unseal_bytes(sealed, context=b"registry_person:360100:b")


def test_any_flipped_bit_is_noticed() -> None:
    sealed = RING.seal_bytes(b"x", context=b"c")
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(CanbaoError, match=r"kernel\.(seal_broken|key_unknown)"):
            RING.unseal_bytes(broken, context=b"c")


def test_the_newest_key_seals_and_every_key_opens() -> None:
    old = RING.seal_bytes(b"x", context=b"c")
    assert (sealing.key_id_of(old), sealing.key_id_of(TWO_KEYS.seal_bytes(b"x", context=b"c"))) == (1, 2)
    assert TWO_KEYS.unseal_bytes(old, context=b"c") == b"x"
    with pytest.raises(CanbaoError, match="kernel.key_unknown"):
        RING.unseal_bytes(TWO_KEYS.seal_bytes(b"x", context=b"c"), context=b"c")


def test_digests_are_keyed_by_kind_and_ring() -> None:
    assert RING.digest("id_no", "x") == TWO_KEYS.digest("id_no", "x")
    assert RING.digest("id_no", "x") != RING.digest("name", "x")
    assert RING.digest("id_no", "x") != KeyRing({1: b"1" * 16}, b"e" * 32).digest("id_no", "x")
    assert len(RING.digest("id_no", "x")) == 32


def test_development_keys_are_private_and_stay(tmp_path: object) -> None:
    ring = sealing.ring()
    path = state_dir() / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"seal_keys", "digest_key"}
    added = sealing.add_development_key()
    assert sealing.ring().current_id == added == ring.current_id + 1
    assert sealing.ring().digest("id_no", "x") == ring.digest("id_no", "x")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("丽", "丽"),
        ("李丽", "*丽"),
        ("𠮷小安", "**安"),
        ("迪丽娜·买买提江", "**娜·***江"),
        ("John Smith", "J*** S****"),
    ],
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_id_numbers_never_show_the_birthday() -> None:
    assert mask_id_no("11010519491231002X") == "110***********002X"
    assert mask_id_no("E12345678") == "*******78"


def test_a_code_is_declared_once_with_its_words() -> None:
    code = declare("kernel.test_only", Retry.NEVER, "{thing}不对", "{thing} is wrong")
    assert str(code(thing="x")) == "x is wrong [kernel.test_only]"
    with pytest.raises(KeyError):
        code()
    with pytest.raises(ValueError, match="twice"):
        declare("kernel.test_only", Retry.NEVER, "不同", "different")
    with pytest.raises(ValueError, match="room.what_is_true"):
        declare("Nonsense", Retry.NEVER, "", "")


@pytest.mark.parametrize("text", ["", "36010", "3601000", "036010", "36010a", "３６０１００"])
def test_a_malformed_region_is_refused(text: str) -> None:
    with pytest.raises(CanbaoError, match="kernel.region_malformed"):
        region_code(text)
