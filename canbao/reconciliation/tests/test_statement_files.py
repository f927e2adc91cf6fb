"""Files are kept byte for byte, loaded whole or not at all, and found again."""

from __future__ import annotations

import gzip
import hashlib
import io
import tempfile
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from canbao.channels.interface import FundLine, LineState, StatementKind, StatementLine
from canbao.kernel.errors import CanbaoError, Retry
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION
from canbao.kernel.transactions import region_tx
from canbao.payments.tests.desk import OURS
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation import statement_files
from canbao.reconciliation.public import Statement, StatementSource
from canbao.reconciliation.tests.clerk import DAY, NOON, Clerk, everything
from tests.owner import as_owner
from tests.world import at_once

TORN = CanbaoError("channels.statement_truncated", Retry.NEVER, {"line": 3})


def keep(clerk: Clerk, content: bytes, kind: StatementKind = StatementKind.TRADES) -> Statement:
    """Keep bytes as a day's statement."""
    with region_tx(clerk.region) as tx:
        return reconciliation.keep_statement(
            tx,
            channel_code="wechat",
            kind=kind,
            day_on=DAY,
            source=StatementSource.FETCHED,
            file=io.BytesIO(content),
            now=clerk.clock.now(),
        )


def kept_bytes(kept: Statement) -> bytes:
    """The file as the database has it."""
    with as_owner() as session:
        rows = session.execute(
            "SELECT packed FROM reconciliation_statement_part WHERE statement_id = %s ORDER BY part_no",
            [kept.statement_id],
        ).fetchall()
    return b"".join(gzip.decompress(packed) for (packed,) in rows)


def events(kept: Statement) -> list[tuple[object, ...]]:
    """The moves of a statement."""
    with as_owner() as session:
        return session.execute(
            "SELECT move_no, event, target, cause FROM reconciliation_statement_event "
            "WHERE statement_id = %s ORDER BY move_no",
            [kept.statement_id],
        ).fetchall()


@pytest.mark.parametrize(
    "content",
    [b"one line", b"a\r\nb\r\n", b"\xff\x00broken", b"x" * 3_000_000, b"line\n" * 900_000],
    ids=["no line end", "crlf", "not text", "one long line", "many lines"],
)
def test_file_is_kept_byte_for_byte_with_its_digest(clerk: Clerk, content: bytes) -> None:
    kept = keep(clerk, content)
    assert kept_bytes(kept) == content
    assert (kept.digest, kept.size_bytes) == (hashlib.sha256(content).digest(), len(content))
    assert (kept.state, kept.version_no, kept.source) == ("received", 1, "fetched")
    assert events(kept) == [(1, "receive", "received", "fetched")]


def test_same_bytes_are_one_statement_and_others_the_next_version(clerk: Clerk) -> None:
    first, again, other = keep(clerk, b"a"), keep(clerk, b"a"), keep(clerk, b"b")
    assert first == again
    assert (other.version_no, other.statement_id != first.statement_id) == (2, True)
    assert keep(clerk, b"a", StatementKind.FUNDS).version_no == 1


def test_two_workers_with_the_same_file_keep_it_once(clerk: Clerk) -> None:
    kept = at_once(*[lambda: keep(clerk, b"line\n" * 300_000)] * 2)
    assert kept[0] == kept[1]
    assert len(everything()["statement"]) == 1


def test_two_workers_with_other_files_make_two_versions(clerk: Clerk) -> None:
    kept = at_once(lambda: keep(clerk, b"a"), lambda: keep(clerk, b"b"))
    assert sorted(found.version_no for found in kept if isinstance(found, Statement)) == [1, 2]


def test_silence_of_a_channel_is_kept_without_a_file(clerk: Clerk) -> None:
    with region_tx(clerk.region) as tx:
        kept = reconciliation.keep_statement(
            tx,
            channel_code="wechat",
            kind=StatementKind.TRADES,
            day_on=DAY,
            source=StatementSource.SILENT,
            file=None,
            now=clerk.clock.now(),
        )
    assert (kept.digest, kept.source, kept_bytes(kept)) == (b"", "silent", b"")
    assert keep(clerk, b"").version_no == 2


@pytest.mark.parametrize("line_no", [1, 2, 39_999, 40_000, 40_001, 120_000])
def test_raw_text_of_a_line_is_read_from_what_was_kept(
    clerk: Clerk, line_no: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "PIECE_BYTES", 100_000)
    kept = keep(clerk, "\ufeff".encode() + b"".join(b"`line %d\r\n" % number for number in range(1, 120_001)))
    assert reconciliation.statement_text(clerk.region, kept.statement_id, line_no) == f"`line {line_no}"
    for missing in (0, 120_001):
        assert reconciliation.statement_text(clerk.region, kept.statement_id, missing) == ""


def kept_with_nation(clerk: Clerk, content: bytes) -> tuple[Statement, Statement]:
    """A file that the nation keeps, and a region's statement of it."""
    found = []
    for region, lies_with_nation in ((NATION, False), (clerk.region, True)):
        with region_tx(region) as tx:
            kept = reconciliation.keep_statement(
                tx,
                channel_code="wechat",
                kind=StatementKind.TRADES,
                day_on=DAY,
                source=StatementSource.FETCHED,
                file=io.BytesIO(content),
                lies_with_nation=lies_with_nation,
                now=clerk.clock.now(),
            )
        found.append(kept)
    return found[0], found[1]


def test_file_that_lies_with_the_nation_is_kept_once_and_its_lines_are_found_there(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "PIECE_BYTES", 100_000)
    content = b"".join(b"`line %d\r\n" % number for number in range(1, 120_001))
    home, own = kept_with_nation(clerk, content)
    assert (own.digest, own.size_bytes) == (home.digest, len(content))
    assert (kept_bytes(home), kept_bytes(own)) == (content, b"")
    assert reconciliation.statement_text(clerk.region, own.statement_id, 40_001) == "`line 40001"
    assert reconciliation.statement_text(clerk.region, own.statement_id, 120_001) == ""
    assert reconciliation.statement_of_digest(clerk.region, home) == own
    assert reconciliation.merchants_statements("wechat", [DAY], OURS) == {(DAY, StatementKind.TRADES): home}


@pytest.mark.parametrize("pieces", [0, 1, 7, 8, 9, 17])
def test_kept_file_is_read_back_whole_a_few_pieces_at_a_time(
    clerk: Clerk, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "PIECE_BYTES", 1000)
    content = (b"x" * 999 + b"\n") * pieces
    home, _ = kept_with_nation(clerk, content)
    into = io.BytesIO()
    reconciliation.spool_file(home, into)
    assert (into.getvalue(), into.tell()) == (content, 0)


def test_reading_back_a_long_file_stays_in_bounded_memory(clerk: Clerk) -> None:
    content = b"".join(b"%032d\n" % (number * 7919) for number in range(1_200_000))
    home, _ = kept_with_nation(clerk, content)
    size = len(content)
    digest = hashlib.sha256(content).hexdigest()
    del content
    with tempfile.TemporaryFile() as into:
        tracemalloc.start()
        reconciliation.spool_file(home, into)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert hashlib.file_digest(into, "sha256").hexdigest() == digest
    assert (size > 39_000_000, peak < 16 << 20) == (True, True), (size, peak)


def test_lines_are_loaded_as_the_reader_tells_them(clerk: Clerk) -> None:
    line = replace(clerk.line("360100PA-_1"), fee_milli_fen=-24_001, state=LineState.OTHER)
    odd = clerk.line("a\\b", merchant_ref="1\\2")
    kept = clerk.load([line, odd])
    assert (kept.state, kept.line_count, kept.payment_count, kept.payment_fen) == ("loaded", 2, 2, 80_000)
    rows = everything()["line"]
    assert [row[2:] for row in rows] == [
        (2, "payment", "other", NOON, 40_000, -24_001, line.trade_ref, "360100PA-_1", "", "", *_ours()),
        (3, "payment", "success", NOON, 40_000, 240_000, odd.trade_ref, "a\\b", "", "", "1\\2", OURS.app_ref),
    ]
    assert [row[1:] for row in events(kept)] == [("receive", "received", "by_hand"), ("load", "loaded", "2 lines")]


def _ours() -> tuple[str, str]:
    return OURS.merchant_ref, OURS.app_ref


def test_reader_that_gives_up_leaves_nothing_but_the_reason_and_may_be_run_again(clerk: Clerk) -> None:
    lines = [clerk.paid() for _ in range(5)]
    with pytest.raises(CanbaoError) as refused:
        clerk.load(lines, error=TORN)
    assert refused.value is TORN
    (kept,) = reconciliation.statements_of(clerk.region, "wechat", DAY)
    assert (kept.state, everything()["line"]) == ("received", [])
    for _ in range(2):
        with region_tx(clerk.region) as tx:
            kept = reconciliation.fail_statement(tx, kept.statement_id, TORN, now=clerk.clock.now())
        assert (kept.state, kept.failure_code, kept.failure_params) == (
            "failed", "channels.statement_truncated", {"line": 3},
        )  # fmt: skip
    assert clerk.match(kept) == kept
    loaded = clerk.load(lines)
    assert (loaded.state, loaded.failure_code, loaded.line_count) == ("loaded", "", 5)
    assert [row[1] for row in events(loaded)] == ["receive", "fail", "fail", "load"]


def test_reader_that_gives_up_after_many_lines_leaves_none(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canbao.reconciliation.loading.BLOCK_LINES", 2)
    monkeypatch.setattr("canbao.reconciliation.loading.COPY_BLOCKS", 2)
    lines = [clerk.line(f"A{number}") for number in range(11)]
    with pytest.raises(CanbaoError):
        clerk.load(lines, error=TORN)
    assert everything()["line"] == []
    assert clerk.load(lines).line_count == 11


def test_failure_that_comes_late_does_not_undo_what_was_loaded(clerk: Clerk) -> None:
    kept = clerk.load([clerk.paid()])
    with region_tx(clerk.region) as tx:
        assert reconciliation.fail_statement(tx, kept.statement_id, TORN, now=clerk.clock.now()) == kept


def test_file_of_another_day_is_refused_whole(clerk: Clerk) -> None:
    with pytest.raises(CanbaoError, match="first is of 2024-11-14") as refused:
        clerk.load([clerk.paid(at=NOON - timedelta(days=1)), clerk.paid(at=NOON + timedelta(days=1))])
    assert refused.value.code == "reconciliation.statement_of_another_day"
    assert everything()["line"] == []


def test_file_of_another_merchant_is_refused_whole(clerk: Clerk) -> None:
    with pytest.raises(CanbaoError, match="1900000009") as refused:
        clerk.load([clerk.line("A", merchant_ref="1900000009"), clerk.line("B", app_ref="wx9")])
    assert refused.value.code == "reconciliation.statement_of_another_merchant"
    assert everything()["line"] == []


@pytest.mark.parametrize("number", ["9" * 65, "a\tb", "a\nb", "a\x00b", "\x1b[2J"])
def test_number_that_cannot_be_kept_refuses_the_file(clerk: Clerk, number: str) -> None:
    good = clerk.paid()
    for bad in (replace(good, order_no=number), replace(good, trade_ref=number), replace(good, merchant_ref=number)):
        with pytest.raises(CanbaoError, match="Line 3 ") as refused:
            clerk.load([good, bad])
        assert refused.value.code == "reconciliation.line_unkeepable"
        assert everything()["line"] == []


def test_statement_is_loaded_once_by_two_workers(clerk: Clerk) -> None:
    lines = [clerk.line(f"A{number}") for number in range(3_000)]

    def load() -> Statement:
        return clerk.load(lines)

    calls: list[Callable[[], Statement]] = [load, load]
    first, second = at_once(*calls)
    assert first == second
    assert len(everything()["line"]) == 3_000
    assert [row[1] for row in events(clerk.load(lines))] == ["receive", "load"]


def test_two_workers_that_match_at_once_write_one_set_of_verdicts(clerk: Clerk) -> None:
    kept = clerk.load([clerk.paid(), clerk.line("nobody"), clerk.line("nobody")])
    first, second = at_once(lambda: clerk.match(kept), lambda: clerk.match(kept))
    assert first == second
    assert [verdict for _, verdict, _ in clerk.verdicts(kept)] == ["only_theirs", "only_theirs"]
    assert [row[1] for row in events(kept)] == ["receive", "load", "match"]


def test_progress_tells_how_many_lines_were_read(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canbao.reconciliation.loading.BLOCK_LINES", 2)
    lines: list[StatementLine | FundLine] = [replace(clerk.line(f"A{n}"), line_no=n) for n in range(2, 7)]
    kept = clerk.keep(lines, kind=StatementKind.TRADES)
    counted: list[int] = []
    with region_tx(clerk.region) as tx:
        reconciliation.load_lines(tx, kept, lines, OURS, now=clerk.clock.now(), progress=counted.append)
    assert counted == [2, 4, 5]


def fund_line(line_no: int, amount_fen: int, *, remark: str = "") -> FundLine:
    """A movement of our account."""
    return FundLine(
        line_no=line_no,
        happened_at=NOON,
        business_ref="4200000001",
        flow_ref=f"F{line_no}",
        business_kind="交易",
        is_income=amount_fen > 0,
        amount_fen=Fen(abs(amount_fen)),
        balance_fen=Fen(100_000),
        remark=remark,
        voucher_ref="V\\1",
    )


def test_fund_lines_are_loaded_and_the_newest_version_counts(clerk: Clerk) -> None:
    loaded = []
    for lines in ([fund_line(2, 40_000)], [fund_line(2, 40_000), fund_line(3, -240, remark="结算\t手续\n费" * 30)]):
        kept = clerk.keep(lines, kind=StatementKind.FUNDS)
        with region_tx(clerk.region) as tx:
            loaded.append(reconciliation.load_lines(tx, kept, lines, OURS, now=clerk.clock.now()))
    assert [(found.state, found.is_current, found.line_count) for found in loaded] == [
        ("loaded", True, 1), ("loaded", True, 2),
    ]  # fmt: skip
    former, current = sorted(reconciliation.statements_of(clerk.region, "wechat", DAY), key=lambda f: f.version_no)
    assert (former.is_current, current.is_current) == (False, True)
    rows = [row[2:] for row in everything()["fund_line"] if row[1] == current.statement_id]
    assert rows == [
        (2, NOON, "4200000001", "F2", "交易", True, 40_000, 100_000, "", "V\\1"),
        (3, NOON, "4200000001", "F3", "交易", False, 240, 100_000, ("结算手续费" * 30)[:64], "V\\1"),
    ]
