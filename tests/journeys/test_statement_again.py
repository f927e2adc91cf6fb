"""A file that comes again after another took its place counts again: a wrong file given by hand can be put right."""

from __future__ import annotations

from pathlib import Path

from canbao.channels.interface import StatementKind
from canbao.journeys.reconcile_day import reconcile_day
from canbao.kernel.regions import NATION
from canbao.reconciliation import public as reconciliation
from tests.journeys.test_reconcile_day import compare, counts, discrepancies, everything, next_morning, row_of, settled
from tests.journeys.test_shared_statements import FIRST, asked, read_by, run
from tests.journeys.test_shared_statements import week as week  # the fixture
from tests.world import NANCHANG, SHIJIAZHUANG, World, rows


def test_right_file_again_takes_back_the_place_of_a_wrong_one(world: World, tmp_path: Path) -> None:
    line = row_of(world, settled(world))
    next_morning(world)
    compare(world, tmp_path, [line])
    world.advance(minutes=5)
    assert counts(compare(world, tmp_path, [line.but(amount_fen=1)])) == {"amount_differs": (1, 0)}
    world.advance(minutes=5)
    done = compare(world, tmp_path, [line])
    assert counts(done) == {"matched": (1, 0)}
    assert discrepancies() == [("amount_differs", line.order_no, "healed")]
    assert done.trades is not None
    kept = done.trades.statement
    assert (kept.version_no, kept.is_current, kept.received_at, done.trades.was_known) == (
        3, True, world.clock.now(), True,
    )  # fmt: skip
    moves = rows(
        "SELECT event, target, cause FROM reconciliation_statement_event WHERE statement_id = %s ORDER BY move_no",
        kept.statement_id,
    )
    assert moves == [
        ("receive", "received", "by_hand"), ("load", "loaded", "1 lines"), ("match", "matched", ""),
        ("again", "matched", "version 1 came again"),
    ]  # fmt: skip
    before = everything()
    assert counts(compare(world, tmp_path, [line])) == {"matched": (1, 0)}
    assert (everything(), world.finish()) == (before, [])
    # The wrong one may come again too, and says the same as the first time.
    assert counts(compare(world, tmp_path, [line.but(amount_fen=1)])) == {"amount_differs": (1, 0)}
    assert discrepancies() == [("amount_differs", line.order_no, "open")]


def test_whoever_asks_the_channel_again_has_its_word_in_place_of_a_file_given_by_hand(
    week: World, tmp_path: Path
) -> None:
    run(week)
    file = tmp_path / "mistaken.csv"
    text = week.sandbox.bill(FIRST.isoformat())
    file.write_text(text.replace("\r\n", "\n") + "\n", encoding="utf-8", newline="")
    for region in (NATION, NANCHANG):
        week.advance(minutes=5)
        reconcile_day(region, "wechat", FIRST, clock=week.clock, file=file)
        assert read_by(region)[0] == ("matched", 2, "by_hand", True)
    week.advance(minutes=5)
    reconcile_day(NATION, "wechat", FIRST, clock=week.clock)
    assert read_by(NATION) == [("matched", 3, "fetched", True), ("matched", 2, "by_hand", False)]
    # What the nation has anew is news for a region that read the other.
    week.advance(minutes=30)
    run(week)
    assert read_by(NANCHANG) == [("matched", 3, "fetched", True), ("matched", 2, "by_hand", False)]
    assert read_by(SHIJIAZHUANG) == [("matched", 1, "fetched", True)]
    told = asked(week)
    run(week)
    assert (asked(week), week.finish()) == (told, [])


def test_fund_file_again_takes_back_its_place(week: World, tmp_path: Path) -> None:
    run(week)

    def funds() -> list[tuple[object, ...]]:
        return rows(
            "SELECT source, version_no, state, is_current FROM reconciliation_statement "
            "WHERE region_code = %s AND kind = 'funds' AND day_on = %s ORDER BY version_no DESC",
            NANCHANG, FIRST,
        )  # fmt: skip

    file = tmp_path / "funds.csv"
    kept = next(one for one in reconciliation.statements_of(NATION, "wechat", FIRST) if one.kind is StatementKind.FUNDS)
    with file.open("w+b") as into:
        reconciliation.spool_file(kept, into)
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n") + b"\n")
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock, funds_file=file)
    assert funds() == [("by_hand", 2, "loaded", True), ("fetched", 1, "loaded", False)]
    reconcile_day(NANCHANG, "wechat", FIRST, clock=week.clock)
    assert funds() == [("fetched", 3, "loaded", True), ("by_hand", 2, "loaded", False)]
    assert week.finish() == []
