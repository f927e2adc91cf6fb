"""The sandbox's own time follows `CANBAO_CLOCK` and moves only forward by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import VirtualClock, from_ms, parse_rfc3339, rfc3339, shift_of, to_ms

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "setting,real,seconds",
    [
        ("", NOON, 0),
        ("2024-11-15", NOON, -736 * 86400),
        # 20:00 UTC is already the next day in Beijing.
        ("2026-11-22", datetime(2026, 11, 21, 20, 0, tzinfo=UTC), 0),
        ("shift:-90", NOON, -90),
        ("shift:3600", NOON, 3600),
    ],
)
def test_setting_becomes_a_shift(setting: str, real: datetime, seconds: int) -> None:
    assert shift_of(setting, real) == timedelta(seconds=seconds)


@pytest.mark.parametrize("setting", ["tomorrow", "2024-13-01", "shift:", "shift:1.5", "2024-11-15T00:00:00"])
def test_unreadable_setting_is_refused_with_what_to_write(setting: str) -> None:
    with pytest.raises(ValueError, match="write a date like 2024-11-15, or shift:SECONDS"):
        shift_of(setting, NOON)


def test_moves_add_to_the_shift_and_can_be_forgotten() -> None:
    clock = VirtualClock(shift=timedelta(days=-1), real_now=lambda: NOON)
    assert clock.advance(90) == NOON - timedelta(days=1) + timedelta(seconds=90)
    wanted = datetime(2024, 11, 15, 1, 0, tzinfo=UTC)
    assert clock.set(wanted) == wanted
    assert clock.shift_seconds() == (wanted - NOON).total_seconds()
    clock.forget_moves()
    assert clock.now() == NOON - timedelta(days=1)


def test_backward_and_zoneless_moves_change_nothing() -> None:
    clock = VirtualClock(real_now=lambda: NOON)
    with pytest.raises(ValueError, match="cannot be advanced by -1"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="carries no offset"):
        clock.set(NOON.replace(tzinfo=None))
    assert clock.now() == NOON


def test_instants_survive_storing_and_printing() -> None:
    instant = datetime(2024, 11, 15, 1, 2, 3, tzinfo=UTC)
    assert from_ms(to_ms(instant)) == instant
    assert parse_rfc3339(rfc3339(instant)) == instant
    with pytest.raises(ValueError, match="not RFC 3339"):
        parse_rfc3339("2024-11-15 09:00:00")
