"""Every verdict, exactly: what a statement says, what we have, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from canbao.channels.interface import LineState
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Heal, Verdict
from canbao.reconciliation.tests.clerk import DAY, NOON, Clerk, change, everything

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)


def number(region: int, which: int) -> str:
    """An order's number of a region, of no order."""
    return make_no(RegionCode(region), Kind.ORDER, derived_id("test.number", which))


def test_what_both_sides_have_matches_and_nothing_is_written_of_it(clerk: Clerk) -> None:
    kept = clerk.compare(clerk.paid(), clerk.paid(12_000))
    assert (kept.state, kept.is_current, kept.line_count) == ("matched", True, 2)
    assert (kept.payment_count, kept.payment_fen, kept.fee_milli_fen) == (2, 52_000, 312_000)
    assert (clerk.verdicts(kept), clerk.counts(kept)) == ([], {"matched": 2})


def test_suspended_money_matches_too(clerk: Clerk) -> None:
    line = clerk.paid(40_000, told_fen=100)
    assert line.amount_fen == 100
    assert clerk.counts(clerk.compare(line)) == {"matched": 1}


def test_line_said_twice_is_a_duplicate_the_second_time(clerk: Clerk) -> None:
    line = clerk.paid()
    kept = clerk.compare(line, line, line)
    assert clerk.verdicts(kept) == [("line 3", "duplicate_line", ""), ("line 4", "duplicate_line", "")]
    assert clerk.counts(kept) == {"duplicate_line": 2, "matched": 1}


def test_another_merchant_or_app_is_foreign(clerk: Clerk) -> None:
    line = clerk.paid()
    kept = clerk.compare(
        line, clerk.line("A1", merchant_ref="1900000009"), clerk.line("A2", app_ref="wx9999999999999999")
    )
    assert clerk.verdicts(kept) == [("line 3", "foreign", ""), ("line 4", "foreign", "")]


def test_number_of_another_region_is_foreign_and_left_to_it_if_it_takes_part(clerk: Clerk) -> None:
    kept = clerk.compare(clerk.paid(), clerk.line(number(130100, 1)), clerk.line(number(110000, 1)))
    assert clerk.verdicts(kept) == [("line 3", "foreign", "elsewhere"), ("line 4", "foreign", "")]


def test_foreign_merchant_with_a_number_of_a_region_that_takes_part_is_not_left_to_it(clerk: Clerk) -> None:
    kept = clerk.compare(clerk.paid(), clerk.line(number(130100, 1), merchant_ref="1900000009"))
    assert clerk.verdicts(kept) == [("line 3", "foreign", "")]


@pytest.mark.parametrize(("days", "heal"), [(-1, "carried"), (1, "carried"), (-2, ""), (2, "")])
def test_payment_of_another_day_is_carried_to_the_neighbour_only(clerk: Clerk, days: int, heal: str) -> None:
    moved = clerk.paid(at=NOON + timedelta(days=days))
    kept = clerk.compare(clerk.paid(), moved)
    assert clerk.verdicts(kept) == [("line 3", "other_day", heal)]
    (found,) = clerk.differences(kept)
    assert found.ours_on == DAY + timedelta(days=days)


def test_day_begins_and_ends_at_midnight_in_china(clerk: Clerk) -> None:
    first, last = NOON - timedelta(hours=12), NOON + timedelta(hours=12, microseconds=-1)
    kept = clerk.compare(clerk.paid(at=first), clerk.paid(at=last), clerk.paid(at=last + timedelta(microseconds=1)))
    assert clerk.verdicts(kept) == [("line 4", "other_day", "carried")]


def test_other_amount_on_another_day_is_another_amount(clerk: Clerk) -> None:
    moved = clerk.paid(at=NOON + timedelta(days=1))
    kept = clerk.compare(clerk.paid(), replace(moved, amount_fen=Fen(39_999)))
    assert clerk.verdicts(kept) == [("line 3", "amount_differs", "")]


def test_payment_that_we_know_nothing_of_is_only_theirs(clerk: Clerk) -> None:
    order = clerk.desk.open()
    kept = clerk.compare(clerk.line(order.order_no, trade_ref="4200000001"), clerk.line("nobody", 700))
    assert clerk.verdicts(kept) == [("line 2", "only_theirs", ""), ("line 3", "only_theirs", "")]
    known = reconciliation.to_settle(clerk.region, "wechat", kept.statement_id)
    assert [(found.order_no, found.trade_ref, found.theirs_fen) for found in known] == [
        (order.order_no, "4200000001", 40_000)
    ]


@pytest.mark.parametrize("amount_fen", [39_999, 40_001, 0])
def test_one_fen_more_or_less_is_another_amount(clerk: Clerk, amount_fen: int) -> None:
    kept = clerk.compare(replace(clerk.paid(), amount_fen=Fen(amount_fen)))
    (found,) = clerk.differences(kept)
    assert (found.verdict, found.ours_fen, found.theirs_fen) == (Verdict.AMOUNT_DIFFERS, 40_000, amount_fen)
    assert (found.ours_state, found.theirs_state) == ("credited", "success")


@pytest.mark.parametrize("state", [LineState.REVOKED, LineState.OTHER])
def test_payment_taken_back_there_or_told_in_unknown_words_differs(clerk: Clerk, state: LineState) -> None:
    kept = clerk.compare(replace(clerk.paid(), state=state), clerk.paid())
    assert clerk.verdicts(kept) == [("line 2", "state_differs", "")]


def test_payment_told_for_another_order_differs(clerk: Clerk) -> None:
    other = clerk.desk.open()
    kept = clerk.compare(replace(clerk.paid(), order_no=other.order_no))
    assert clerk.verdicts(kept) == [("line 2", "state_differs", "")]


def test_payment_taken_back_that_we_know_nothing_of_matches_and_unknown_words_do_not(clerk: Clerk) -> None:
    kept = clerk.compare(clerk.paid(), clerk.line("x", state=LineState.REVOKED), clerk.line("y", state=LineState.OTHER))
    assert clerk.verdicts(kept) == [("line 4", "state_differs", "")]


def test_what_we_have_and_no_line_tells_of_is_only_ours(clerk: Clerk) -> None:
    clerk.paid()
    clerk.paid(at=NOON + timedelta(days=1))
    kept = clerk.compare(clerk.paid())
    (found,) = clerk.differences(kept)
    assert (found.verdict, found.line_no, found.ours_fen, found.theirs_fen) == (
        Verdict.ONLY_OURS_SETTLED, None, 40_000, None,
    )  # fmt: skip
    assert clerk.counts(kept) == {"matched": 1, "only_ours_settled": 1}


def test_order_without_an_outcome_that_could_last_be_paid_that_day_is_only_ours(clerk: Clerk) -> None:
    order = clerk.expired(DAY)
    clerk.expired(TOMORROW)
    closed = clerk.expired(DAY)
    clerk.desk.move(closed, "expire")
    told = clerk.expired(DAY)
    kept = clerk.compare(clerk.paid(), clerk.line(told.order_no))
    assert clerk.verdicts(kept) == [("line 3", "only_theirs", ""), ("order", "only_ours_open", "")]
    assert [found.order_id for found in clerk.differences(kept)] == [None, order.order_id]


def test_day_without_any_line_is_compared_too(clerk: Clerk) -> None:
    clerk.paid()
    kept = clerk.compare()
    assert (kept.state, kept.line_count) == ("matched", 0)
    assert clerk.verdicts(kept) == [("capture", "only_ours_settled", "")]


def test_another_region_or_channel_is_not_looked_at(clerk: Clerk) -> None:
    line = clerk.paid()
    change("UPDATE payments_capture SET channel_code = 'other'")
    kept = clerk.compare(line)
    assert clerk.verdicts(kept) == [("line 2", "only_theirs", "")]


def test_matched_again_changes_nothing(clerk: Clerk) -> None:
    clerk.paid()
    clerk.expired()
    line, moved = clerk.paid(), clerk.paid(at=NOON + timedelta(days=1))
    kept = clerk.compare(line, line, moved, clerk.line("nobody"), replace(clerk.paid(), amount_fen=Fen(1)))
    before = everything()
    assert len(before["difference"]) == 6
    clerk.clock.advance(timedelta(minutes=5))
    assert clerk.match(kept) == kept
    assert everything() == before


def test_difference_that_is_none_any_more_is_healed_and_may_come_back(clerk: Clerk) -> None:
    order = clerk.desk.open()
    kept = clerk.compare(clerk.line(order.order_no, trade_ref="4200000001"))
    clerk.captured(order.order_no, trade_ref="4200000001")
    clerk.clock.advance(timedelta(minutes=5))
    clerk.match(kept)
    (found,) = clerk.differences(kept)
    assert (found.heal, found.healed_at) == ("agreed", clerk.clock.now())
    assert clerk.counts(kept) == {"matched": 1}
    change("UPDATE payments_capture SET amount_fen = 39999")
    clerk.match(kept)
    assert clerk.verdicts(kept) == [("line 2", "amount_differs", "")]


def test_corrected_file_takes_the_place_of_the_former(clerk: Clerk) -> None:
    line = clerk.paid()
    former = clerk.compare(replace(line, amount_fen=Fen(39_000)), clerk.line("nobody"))
    corrected = clerk.compare(line)
    assert (former.version_no, corrected.version_no) == (1, 2)
    again = {found.version_no: found for found in reconciliation.statements_of(clerk.region, "wechat", DAY)}
    assert (again[1].is_current, again[2].is_current) == (False, True)
    assert clerk.verdicts(former) == [
        ("line 2", "amount_differs", "superseded"), ("line 3", "only_theirs", "superseded"),
    ]  # fmt: skip
    assert clerk.verdicts(corrected) == []
    before = everything()
    assert clerk.match(former) == again[1]
    assert everything() == before


def test_difference_means_the_same_matter_in_a_corrected_file(clerk: Clerk) -> None:
    line, stranger = clerk.paid(), clerk.line("nobody")
    former = clerk.compare(stranger, line)
    corrected = clerk.compare(line, stranger, clerk.paid())
    (before,), (after,) = clerk.differences(former), clerk.differences(corrected)
    assert (before.line_no, after.line_no) == (2, 3)
    assert before.matter_id("wechat", DAY) == after.matter_id("wechat", DAY)
    assert before.matter_id("wechat", DAY) != before.matter_id("wechat", TOMORROW)


def test_row_told_on_the_neighbour_day_too_is_a_duplicate_whichever_day_comes_first(clerk: Clerk) -> None:
    line = clerk.paid()
    first = clerk.compare(line)
    second = clerk.compare(line, clerk.paid(at=NOON + timedelta(days=1)), on=TOMORROW)
    assert (clerk.verdicts(first), clerk.verdicts(second)) == ([], [("line 2", "duplicate_line", "")])
    before = everything()
    clerk.match(first)
    clerk.match(second)
    assert everything() == before


def test_row_told_first_on_the_neighbour_day_makes_its_own_day_the_duplicate(clerk: Clerk) -> None:
    line = clerk.paid()
    second = clerk.compare(line, clerk.paid(at=NOON + timedelta(days=1)), on=TOMORROW)
    first = clerk.compare(line)
    assert clerk.verdicts(second) == [("line 2", "other_day", "carried")]
    assert clerk.verdicts(first) == [("line 2", "duplicate_line", "")]
    before = everything()
    clerk.match(second)
    clerk.match(first)
    assert everything() == before


def test_unknown_payment_told_on_two_days_is_a_duplicate_on_the_second(clerk: Clerk) -> None:
    stranger = clerk.line("nobody")
    first = clerk.compare(stranger, clerk.paid())
    second = clerk.compare(stranger, clerk.paid(at=NOON + timedelta(days=1)), on=TOMORROW)
    assert clerk.verdicts(first) == [("line 2", "only_theirs", "")]
    assert clerk.verdicts(second) == [("line 2", "duplicate_line", "")]


def test_line_that_is_no_repetition_any_more_leaves_no_discrepancy_behind(clerk: Clerk) -> None:
    stranger = clerk.line("nobody")
    clerk.compare(stranger, clerk.paid())
    second = clerk.compare(stranger, clerk.paid(at=NOON + timedelta(days=1)), on=TOMORROW)
    put_before_people(clerk, second)
    assert open_kinds(clerk) == ["duplicate_line"]
    clerk.compare(clerk.paid())
    clerk.clock.advance(timedelta(minutes=5))
    clerk.match(second)
    assert clerk.verdicts(second) == [("line 2", "only_theirs", "")]
    put_before_people(clerk, second)
    assert open_kinds(clerk) == ["only_theirs"]


def put_before_people(clerk: Clerk, kept: reconciliation.Statement) -> None:
    """Whatever stands of a statement becomes a discrepancy."""
    with region_tx(clerk.region) as tx:
        reconciliation.raise_page(tx, kept, after="", now=clerk.clock.now())


def open_kinds(clerk: Clerk) -> list[str]:
    """What stands before people of the day after."""
    found = reconciliation.discrepancies(clerk.region, day_on=TOMORROW)
    return [str(one.kind) for one in found if one.state == "open"]


@pytest.mark.parametrize("many", [1, 1_000])
def test_long_statement_is_judged_as_a_short_one(clerk: Clerk, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    early, twice, late = clerk.paid(at=NOON - timedelta(days=1)), clerk.paid(), clerk.paid(at=NOON + timedelta(days=1))
    clerk.compare(early, clerk.line("nobody", trade_ref="42001"), on=YESTERDAY)
    clerk.paid()
    monkeypatch.setattr("canbao.reconciliation.matching.MANY_LINES", many)
    kept = clerk.compare(
        twice, early, twice, clerk.line("nobody", trade_ref="42001"), late, replace(clerk.paid(), amount_fen=Fen(1))
    )
    assert clerk.verdicts(kept) == [
        ("capture", "only_ours_settled", ""), ("line 3", "duplicate_line", ""), ("line 4", "duplicate_line", ""),
        ("line 5", "duplicate_line", ""), ("line 6", "other_day", "carried"), ("line 7", "amount_differs", ""),
    ]  # fmt: skip


def test_absence_is_carried_when_the_neighbour_day_tells_of_it(clerk: Clerk) -> None:
    late = clerk.paid(at=NOON)
    first = clerk.compare(clerk.paid())
    assert clerk.verdicts(first) == [("capture", "only_ours_settled", "")]
    second = clerk.compare(late, clerk.paid(at=NOON + timedelta(days=1)), on=TOMORROW)
    assert clerk.verdicts(first) == [("capture", "only_ours_settled", "carried")]
    assert clerk.verdicts(second) == [("line 2", "other_day", "carried")]
    before = everything()
    clerk.match(first)
    assert everything() == before


def test_what_the_neighbour_day_told_of_before_is_not_absent(clerk: Clerk) -> None:
    early = clerk.paid(at=NOON)
    clerk.compare(early, clerk.paid(at=NOON - timedelta(days=1)), on=YESTERDAY)
    assert clerk.verdicts(clerk.compare(clerk.paid())) == []


def test_healed_differences_are_told_once(clerk: Clerk) -> None:
    kept = clerk.compare(clerk.line(clerk.desk.open().order_no))
    (found,) = clerk.differences(kept)
    now = clerk.clock.now()
    with region_tx(clerk.region) as tx:
        assert reconciliation.heal(tx, kept.statement_id, [found.subject], Heal.SETTLED, now=now) == 1
        assert reconciliation.heal(tx, kept.statement_id, [found.subject], Heal.CLOSED, now=now) == 0
    assert clerk.verdicts(kept) == [("line 2", "only_theirs", "settled")]


def test_days_are_missing_since_the_first_that_was_matched(clerk: Clerk) -> None:
    def missing(last: date, *, since: date = YESTERDAY, region: RegionCode = clerk.region) -> list[date]:
        return reconciliation.days_missing(region, "wechat", since=since, last=last)

    later = TOMORROW + timedelta(days=1)
    # Where nothing was ever matched, the last day alone.
    assert missing(TOMORROW) == [TOMORROW]
    clerk.compare(clerk.paid())
    clerk.load([clerk.paid(at=NOON + timedelta(days=1))], on=TOMORROW)
    assert (missing(DAY), missing(TOMORROW), missing(later)) == ([], [TOMORROW], [TOMORROW, later])
    # No further back than is asked, and not before the first that was matched.
    assert (missing(later, since=later), missing(later, since=YESTERDAY)) == ([later], [TOMORROW, later])
    assert missing(later, region=RegionCode(130100)) == [later]
