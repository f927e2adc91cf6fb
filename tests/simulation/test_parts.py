"""The simulator's own parts: what is decided by a seed, what a fate does, and how a history is shortened."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pytest
from typer.testing import CliRunner

from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statement
from canbao.kernel.transactions import region_tx
from canbao.site.cli.main import app
from simulation.chance import decided_by
from simulation.fate import Died, Fate, watched
from simulation.shrink import shortest
from simulation.steps import Act, Step

NANCHANG = RegionCode(360100)
MOMENTS_OF_ONE_WRITE = 3
"""Before its statement, before its commit, after its commit."""


def _steps(count: int) -> list[Step]:
    return [Step(no=number, day=0, at_s=number, act=Act.OPEN) for number in range(1, count + 1)]


def test_what_is_secret_is_decided_by_the_seed_while_it_is_asked_for() -> None:
    original = secrets.randbits
    with decided_by("1"):
        first = (secrets.randbits(64), secrets.token_hex(4), secrets.choice("abcdef"), secrets.randbelow(9))
    with decided_by("1"):
        second = (secrets.randbits(64), secrets.token_hex(4), secrets.choice("abcdef"), secrets.randbelow(9))
    with decided_by("2"):
        third = (secrets.randbits(64), secrets.token_hex(4), secrets.choice("abcdef"), secrets.randbelow(9))
    assert first == second != third
    assert secrets.randbits is original


def _write(value: int) -> None:
    insert = Statement(
        "insert_throttle",
        "INSERT INTO kernel_throttle (bucket, subject, window_starts_at, count) "
        "VALUES ('fate', '\\x00', '2024-11-15', %(value)s)",
        writes=True,
    )
    with region_tx(NANCHANG) as tx:
        tx.run(insert, value=value)


def _written() -> list[int]:
    count = Statement("count_throttle", "SELECT count FROM kernel_throttle WHERE bucket = 'fate'", writes=False)
    with region_tx(NANCHANG) as tx:
        found: list[int] = tx.scalars(count)
        return found


@pytest.mark.parametrize(("moment", "kept"), [(1, []), (2, []), (3, [7])])
def test_who_dies_before_the_commit_has_done_nothing_and_after_it_everything(
    db: None, moment: int, kept: list[int]
) -> None:
    fate = Fate()
    with watched(fate):
        fate.decide(die_at=moment)
        with pytest.raises(Died):
            _write(7)
        fate.spare()
        assert _written() == kept


def test_who_outlives_his_moment_is_spared(db: None) -> None:
    fate = Fate()
    with watched(fate):
        fate.decide(die_at=MOMENTS_OF_ONE_WRITE + 1)
        _write(7)
        assert fate.spare() == MOMENTS_OF_ONE_WRITE
        assert _written() == [7]


def test_somebody_acts_in_the_middle_and_sees_only_what_is_committed(db: None) -> None:
    fate, seen = Fate(), []
    with watched(fate):
        fate.decide(meanwhile_at=2, meanwhile=lambda: seen.extend([_written()]))
        _write(7)
        fate.spare()
        assert seen == [[]]
        assert _written() == [7]


def test_a_history_is_shortened_to_the_steps_that_matter() -> None:
    asked: list[int] = []

    def is_still_broken(fewer: Sequence[Step]) -> bool:
        asked.append(len(fewer))
        return {3, 40, 41} <= {step.no for step in fewer}

    kept = shortest(_steps(64), is_still_broken, has_time=lambda: True)
    assert [step.no for step in kept] == [3, 40, 41]
    assert len(asked) < 100


def test_a_history_is_as_short_as_the_time_allows() -> None:
    turns = iter([True] * 5 + [False] * 1000)
    kept = shortest(_steps(64), lambda fewer: 1 in {step.no for step in fewer}, has_time=lambda: next(turns))
    assert 1 < len(kept) < 64
    assert kept[0].no == 1


def test_the_command_refuses_what_it_does_not_know_in_a_sentence() -> None:
    strange = CliRunner().invoke(app, ["simulate", "--faults", "sunspots"])
    assert strange.exit_code == 2
    assert "There is no fault sunspots; there are:" in strange.output
    malformed = CliRunner().invoke(app, ["simulate", "--only", "1;2"])
    assert malformed.exit_code == 2
    assert "--only takes numbers of steps with commas" in malformed.output
