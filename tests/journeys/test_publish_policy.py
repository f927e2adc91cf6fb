"""Publishing files: all or none, and a refusal that changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.policy import public as policy

pytestmark = pytest.mark.usefixtures("db")

NANCHANG = policy.VALUES / "360100" / "2025.yaml"
BEIJING = policy.VALUES / "110000" / "2025.yaml"


def test_everything_shipped_is_published_and_a_second_time_changes_nothing(clock: FixedClock) -> None:
    first = publish_policy(policy.shipped_files(), by="jurist", clock=clock)
    assert [(one.parameters.region_code, one.parameters.insured_year, one.version_no, one.is_new) for one in first] == [
        (110000, 2025, 1, True),
        (110000, 2026, 1, True),
        (130100, 2026, 1, True),
        (360100, 2025, 1, True),
        (410100, 2026, 1, True),
        (650100, 2025, 1, True),
    ]
    again = publish_policy(policy.shipped_files(), by="jurist", clock=clock)
    assert [(one.version_id, one.is_new) for one in again] == [(one.version_id, False) for one in first]
    assert len(policy.versions()) == 6


def test_layout_and_comments_do_not_make_a_version(clock: FixedClock, tmp_path: Path) -> None:
    publish_policy([NANCHANG], by="jurist", clock=clock)
    rewritten = tmp_path / "again.yaml"
    text = NANCHANG.read_text(encoding="utf-8").replace("value: 400,", "value: '400.00',  ")
    rewritten.write_text("# another comment\n" + text, encoding="utf-8")
    (one,) = publish_policy([rewritten], by="jurist", clock=clock)
    assert (one.version_no, one.is_new) == (1, False)


def _missing(folder: Path) -> list[Path]:
    return [BEIJING, folder / "absent.yaml"]


def _unsourced(folder: Path) -> list[Path]:
    bad = folder / "bad.yaml"
    bad.write_text(
        NANCHANG.read_text(encoding="utf-8").replace("value: 400, source: l1", "value: 400"), encoding="utf-8"
    )
    return [BEIJING, bad]


def _not_text(folder: Path) -> list[Path]:
    bad = folder / "bad.yaml"
    bad.write_bytes(NANCHANG.read_text(encoding="utf-8").encode("gb18030"))
    return [BEIJING, bad]


def _twice(folder: Path) -> list[Path]:
    copy = folder / "copy.yaml"
    copy.write_bytes(BEIJING.read_bytes())
    return [BEIJING, copy]


def _too_large(folder: Path) -> list[Path]:
    bad = folder / "bad.yaml"
    bad.write_text("#" * 1_000_001, encoding="utf-8")
    return [BEIJING, bad]


@pytest.mark.parametrize(
    "files,code,words",
    [
        (_missing, "policy.file_missing", "There is no file absent.yaml; check the path"),
        (_unsourced, "rulebook.parameters_refused", "standards[1].yuan.source: has no source"),
        (_not_text, "policy.file_not_text", "bad.yaml is not UTF-8 text; save it as UTF-8"),
        (_twice, "policy.file_twice", "copy.yaml and 2025.yaml are both for region 110000 and year 2025"),
        (_too_large, "policy.file_too_large", "bad.yaml is too large to be a parameter file"),
    ],
)
def test_one_bad_file_publishes_none(
    clock: FixedClock, tmp_path: Path, files: Callable[[Path], list[Path]], code: str, words: str
) -> None:
    with pytest.raises(CanbaoError) as refusal:
        publish_policy(files(tmp_path), by="jurist", clock=clock)
    assert refusal.value.code == code
    assert words in str(refusal.value)
    assert policy.versions() == []
    assert policy.regions() == []


@pytest.mark.parametrize("by", ["", "   ", "x" * 81])
def test_nobody_publishes_without_a_name(clock: FixedClock, by: str) -> None:
    with pytest.raises(CanbaoError) as refusal:
        publish_policy([NANCHANG], by=by, clock=clock)
    assert refusal.value.code == "policy.publisher_unnamed"
    assert policy.versions() == []
