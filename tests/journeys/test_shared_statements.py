"""Regions that share a merchant read one file, for which the channel is asked once; a channel's limit delays and alarms
nobody.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from canbao.channels import catalogue
from canbao.channels.interface import StatementKind
from canbao.journeys.fetch_statements import Asking
from canbao.journeys.reconcile_day import DayRun, alarm_missing, reconcile_day, reconcile_due
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import NATION, RegionCode
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import AUDITORS
from canbao.site.schedule import patiently
from tests.world import CROWD, NANCHANG, SHIJIAZHUANG, World, rows, tamper

FIRST = date(2024, 11, 15)
REGIONS = (NATION, NANCHANG, SHIJIAZHUANG)
WEEK = [FIRST + timedelta(days=day) for day in range(7)]
BILLS = ("trade_bill", "fund_bill")
(FILES_AUDITOR,) = [auditor for auditor in AUDITORS if auditor.__name__ == "statements_have_their_files"]


@pytest.fixture
def week(world: World) -> World:
    """The morning after a week with one payment a day, of which nothing was compared; the channel has no limit."""
    for name in BILLS:
        world.sandbox.set_rate(name, 0)
    for one in CROWD[:7]:
        world.tell_notice(world.open_an_order(one))
        world.advance(hours=24)
    return world


def asked(world: World) -> Counter[tuple[str, int]]:
    """How often the channel was asked for a statement, by kind and by the status of its answer."""
    told: Counter[tuple[str, int]] = Counter()
    for line in world.sandbox.log():
        kind = str(line["path"]).partition("?")[0].rpartition("/")[2]
        if kind in {"tradebill", "fundflowbill"}:
            told[kind, int(str(line["status"]))] += 1
    return told


def run(world: World, asking: Asking | None = None, regions: tuple[RegionCode, ...] = REGIONS) -> list[DayRun]:
    """What the schedule does each half hour."""
    questions = asking or Asking()
    return [done for region in regions for done in reconcile_due(region, clock=world.clock, asking=questions)]


def compared(region: RegionCode) -> list[date]:
    """The days of the week whose trades were matched and whose funds were loaded."""
    done = reconciliation.statements_that_count(region, "wechat", WEEK)
    return [day_on for day_on in WEEK if len([key for key in done if key[0] == day_on]) == 2]


def kinds_standing() -> list[object]:
    """What stands before people anywhere."""
    return [kind for (kind,) in rows("SELECT kind FROM reconciliation_discrepancy WHERE state = 'open' ORDER BY kind")]


def read_by(region: RegionCode, day_on: date = FIRST) -> list[tuple[str, int, str, bool]]:
    """The statements of trades that a region has of a day: state, version, source, which counts."""
    found = reconciliation.statements_of(region, "wechat", day_on)
    return [(one.state, one.version_no, one.source, one.is_current) for one in found if one.kind == "trades"]


def test_channel_is_asked_once_for_every_region_of_the_merchant(week: World) -> None:
    done = run(week)
    assert asked(week) == {("tradebill", 200): 7, ("fundflowbill", 200): 7}
    assert [compared(region) for region in REGIONS] == [WEEK] * 3
    assert len(done) == 21
    assert run(week) == []
    assert sum(asked(week).values()) == 14
    assert kinds_standing() == []


def test_one_file_is_kept_and_every_region_reads_its_own_lines_of_it(week: World) -> None:
    run(week)
    assert rows("SELECT DISTINCT region_code FROM reconciliation_statement_part") == [(NATION,)]
    digests = [
        {bytes(one.digest) for one in reconciliation.statements_of(region, "wechat", FIRST) if one.kind == "trades"}
        for region in REGIONS
    ]
    assert len(digests[0]) == 1
    assert digests[0] == digests[1] == digests[2]
    verdicts = []
    for region in REGIONS:
        (kept,) = [one for one in reconciliation.statements_of(region, "wechat", FIRST) if one.kind == "trades"]
        counts = reconciliation.verdict_counts(kept)
        verdicts.append([(str(one.verdict), one.count, one.healed_count) for one in counts])
        text = reconciliation.statement_text(region, kept.statement_id, 2)
        assert text.startswith("`2024-11-15 10:00:0")
    assert verdicts == [[("foreign", 1, 1)], [("matched", 1, 0)], [("foreign", 1, 1)]]
    assert week.finish() == []


def test_second_region_by_hand_reads_what_was_fetched_for_the_first(week: World) -> None:
    for region in (NANCHANG, SHIJIAZHUANG):
        reconcile_day(region, "wechat", FIRST, clock=week.clock)
    assert asked(week) == {("tradebill", 200): 1, ("fundflowbill", 200): 1}
    assert read_by(NANCHANG) == read_by(SHIJIAZHUANG) == [("matched", 1, "fetched", True)]
    assert read_by(NATION) == [("received", 1, "fetched", False)]
    # Who asks once more wants to know whether there is another file by now. It is the same, and changes nothing.
    before = rows("SELECT * FROM reconciliation_statement ORDER BY 1, 2")
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert asked(week) == {("tradebill", 200): 2, ("fundflowbill", 200): 2}
    assert rows("SELECT * FROM reconciliation_statement ORDER BY 1, 2") == before


def test_corrected_file_that_one_region_asked_for_reaches_all_without_another_question(week: World) -> None:
    week.sandbox.add_fault("statement_wrong_amount", endpoint="trade_bill", times=7)
    run(week)
    assert kinds_standing().count("amount_differs") == 7
    week.advance(minutes=10)
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert read_by(NANCHANG) == [("matched", 2, "fetched", True), ("matched", 1, "fetched", False)]
    asked_before = asked(week)
    week.advance(minutes=30)
    run(week)
    assert asked(week) == asked_before
    for region in REGIONS:
        assert read_by(region) == [("matched", 2, "fetched", True), ("matched", 1, "fetched", False)]


def test_file_given_by_hand_later_is_not_pushed_aside_by_what_was_fetched_before(week: World, tmp_path: Path) -> None:
    run(week)
    file = tmp_path / "corrected.csv"
    text = week.sandbox.bill(FIRST.isoformat())
    file.write_text(text.replace("\r\n", "\n") + "\n", encoding="utf-8", newline="")
    week.advance(minutes=30)
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock, file=file)
    run(week)
    assert read_by(NANCHANG)[0] == ("matched", 2, "by_hand", True)
    assert read_by(SHIJIAZHUANG) == [("matched", 1, "fetched", True)]
    assert FILES_AUDITOR(NANCHANG) == []


def test_file_given_for_the_nation_is_everybodys(week: World, tmp_path: Path) -> None:
    file = tmp_path / "from_the_platform.csv"
    file.write_text(week.sandbox.bill(FIRST.isoformat()), encoding="utf-8", newline="")
    reconcile_day(NATION, "wechat", FIRST, clock=week.clock, file=file)
    run(week)
    assert asked(week) == {("tradebill", 200): 6, ("fundflowbill", 200): 7}
    assert read_by(NATION) == read_by(NANCHANG) == [("matched", 1, "by_hand", True)]
    assert ([compared(region) for region in REGIONS], week.finish()) == ([WEEK] * 3, [])


def test_file_that_cannot_be_read_is_asked_for_once_in_a_run_and_again_in_the_next(week: World) -> None:
    week.sandbox.add_fault("statement_truncated", endpoint="trade_bill", nth=7)
    run(week)
    assert asked(week)["tradebill", 200] == 7
    for region in REGIONS:
        assert read_by(region) == [("failed", 1, "fetched", False)]
        assert compared(region) == WEEK[1:]
    run(week)
    assert asked(week) == {("tradebill", 200): 8, ("fundflowbill", 200): 7}
    for region in REGIONS:
        assert read_by(region) == [("matched", 2, "fetched", True), ("failed", 1, "fetched", False)]
    assert (compared(NANCHANG), kinds_standing()) == (WEEK, [])


def test_statement_that_is_not_made_yet_is_asked_for_once_in_a_run(week: World) -> None:
    week.sandbox.add_fault("statement_late", endpoint="trade_bill", times=1)
    asking = Asking()
    run(week, asking)
    assert asked(week) == {("tradebill", 400): 1, ("tradebill", 200): 6, ("fundflowbill", 200): 7}
    assert compared(SHIJIAZHUANG) == WEEK[:-1]
    # That is late and not paced: yesterday stands before people at noon.
    assert [alarm_missing(region, clock=week.clock, asking=asking) for region in REGIONS] == [1, 1, 1]
    run(week)
    assert asked(week)["tradebill", 200] == 7
    assert (compared(SHIJIAZHUANG), kinds_standing()) == (WEEK, [])


def test_run_stops_at_the_first_too_often_goes_on_in_the_next_and_alarms_nobody(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="trade_bill", code="FREQUENCY_LIMITED", nth=3)
    asking = Asking()
    run(week, asking)
    # Yesterday and the day before were had; the third question was one too many, and nothing was asked after it.
    assert asked(week) == {("tradebill", 200): 2, ("tradebill", 429): 1, ("fundflowbill", 200): 2}
    assert [compared(region) for region in REGIONS] == [WEEK[-2:]] * 3
    assert [alarm_missing(region, clock=week.clock, asking=asking) for region in REGIONS] == [0, 0, 0]
    assert kinds_standing() == []
    assert rows("SELECT count(*) FROM reconciliation_statement WHERE state = 'failed'") == [(0,)]
    week.advance(minutes=30)
    run(week)
    assert asked(week) == {("tradebill", 200): 7, ("tradebill", 429): 1, ("fundflowbill", 200): 7}
    assert [compared(region) for region in REGIONS] == [WEEK] * 3
    assert kinds_standing() == []


def test_fund_statement_that_was_one_too_many_is_had_in_the_next_run(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="fund_bill", code="FREQUENCY_LIMITED", nth=1)
    run(week)
    assert asked(week) == {("tradebill", 200): 1, ("fundflowbill", 429): 1}
    assert (read_by(NANCHANG, WEEK[-1]), compared(NANCHANG)) == ([("matched", 1, "fetched", True)], [])
    run(week)
    # The trades of yesterday were done with: they are not asked for again.
    assert asked(week) == {("tradebill", 200): 7, ("fundflowbill", 200): 7, ("fundflowbill", 429): 1}
    assert compared(NANCHANG) == WEEK


def test_short_rests_bring_a_whole_week_within_the_channels_own_limit(week: World) -> None:
    for name in BILLS:
        week.sandbox.set_rate(name, 3)
    rests = []

    def rest() -> None:
        rests.append(True)
        week.sandbox.advance(1)

    asking = Asking(rest=rest)
    run(week, asking)
    told = asked(week)
    assert (told["tradebill", 200], told["fundflowbill", 200]) == (7, 7)
    assert told["tradebill", 429] + told["fundflowbill", 429] == len(rests)
    assert [compared(region) for region in REGIONS] == [WEEK] * 3
    assert (asking.held_back, kinds_standing()) == (set(), [])


def test_rests_end(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="trade_bill", code="FREQUENCY_LIMITED", times=0)
    rests = []
    asking = Asking(rest=lambda: rests.append(True), rests_left=4)
    run(week, asking)
    assert (len(rests), asked(week)) == (4, {("tradebill", 429): 5})
    # Nothing was answered at all: that is no pace of ours, and yesterday's statement is missing.
    assert [alarm_missing(region, clock=week.clock, asking=asking) for region in REGIONS] == [1, 1, 1]


def test_rest_that_is_told_to_stop_asks_no_more(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="trade_bill", code="FREQUENCY_LIMITED", times=0)
    stopping = threading.Event()
    stopping.set()
    run(week, patiently(stopping))
    assert asked(week) == {("tradebill", 429): 1}


def test_yesterday_that_waits_behind_our_own_questions_alarms_nobody(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="trade_bill", code="FREQUENCY_LIMITED", nth=2)
    connector = catalogue.connector("wechat")
    asking = Asking()
    asking.ask(connector, StatementKind.TRADES, FIRST, clock=week.clock)
    run(week, asking)
    assert compared(NANCHANG) == []
    assert [alarm_missing(region, clock=week.clock, asking=asking) for region in REGIONS] == [0, 0, 0]
    assert kinds_standing() == []


def test_by_hand_too_often_is_said_and_changes_nothing(week: World) -> None:
    week.sandbox.add_fault("error_code", endpoint="trade_bill", code="FREQUENCY_LIMITED")
    with pytest.raises(CanbaoError, match="asked too often") as refused:
        reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert refused.value.code == "reconciliation.statement_too_often"
    assert rows("SELECT count(*) FROM reconciliation_statement") == [(0,)]
    assert asked(week) == {("tradebill", 429): 1}


def test_kept_file_that_was_changed_is_not_believed_and_a_lost_one_is_found(week: World) -> None:
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert [FILES_AUDITOR(region) for region in REGIONS] == [[], [], []]
    before = rows("SELECT count(*) FROM reconciliation_line")
    tamper(
        "UPDATE reconciliation_statement_part SET packed = (SELECT other.packed FROM reconciliation_statement_part "
        "AS other WHERE other.statement_id <> reconciliation_statement_part.statement_id LIMIT 1)"
    )
    with pytest.raises(CanbaoError) as refused:
        reconcile_day(SHIJIAZHUANG, "wechat", FIRST, clock=week.clock)
    assert refused.value.code == "reconciliation.kept_file_differs"
    assert rows("SELECT count(*) FROM reconciliation_line") == before
    tamper("DELETE FROM reconciliation_statement_part")
    assert [len(FILES_AUDITOR(region)) for region in REGIONS] == [2, 2, 0]
    assert {found.found for found in FILES_AUDITOR(NANCHANG)} == {"0 bytes, and none with the nation"}


def test_another_merchants_files_are_not_read(week: World) -> None:
    run(week, regions=(NATION,))
    tamper("UPDATE reconciliation_statement SET merchant_ref = '1999999999'")
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert asked(week) == {("tradebill", 200): 8, ("fundflowbill", 200): 8}
