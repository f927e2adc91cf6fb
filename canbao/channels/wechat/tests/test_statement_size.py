"""Statements of any amounts and any length: read back as they were written, in little memory."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.channels.interface import LineKind, StatementLine
from canbao.channels.wechat import statement_text
from canbao.channels.wechat.statement_lines import read_trades
from canbao.channels.wechat.tests.statements import (
    ALL_HEADER,
    ALL_LINES,
    PAID,
    REFUNDED,
    SUMMARY_HEADER,
    changed,
    fee,
    file_of,
    yuan,
)


def trades(content: bytes) -> list[StatementLine]:
    return list(read_trades(io.BytesIO(content)))


AMOUNTS = st.integers(0, 10**13)
FEES = st.integers(-(10**12), 10**12)


@given(st.lists(st.tuples(AMOUNTS, FEES, st.booleans(), st.integers(0, 86399)), max_size=40))
def test_what_is_written_is_read(rows: list[tuple[int, int, bool, int]]) -> None:
    """Any amounts to the fen, any fees to the thousandth, payments and refunds mixed: read back as they were."""
    lines, begin = [ALL_HEADER], datetime(2024, 11, 14, 16, tzinfo=UTC)
    for number, (amount, milli_fen, is_refund, second) in enumerate(rows):
        at = begin + timedelta(seconds=second)
        values = {
            "交易时间": (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S"),
            "商户订单号": f"N{number}",
            "手续费": fee(milli_fen),
            "订单金额": "0.00" if is_refund else yuan(amount),
            "申请退款金额": yuan(amount) if is_refund else "0.00",
            "应结订单金额": "0.00" if is_refund else yuan(amount),
            "退款金额": yuan(amount) if is_refund else "0.00",
        }
        lines.append(changed(REFUNDED if is_refund else PAID, values))
    paid = sum(amount for amount, _, is_refund, _ in rows if not is_refund)
    back = sum(amount for amount, _, is_refund, _ in rows if is_refund)
    fees = sum(milli_fen for _, milli_fen, _, _ in rows)
    totals = (str(len(rows)), yuan(paid), yuan(back), "0.00", fee(fees), yuan(paid), yuan(back))
    lines += [SUMMARY_HEADER, "`" + ",`".join(totals)]
    if max((paid, back, abs(fees) // 1000), default=0) >= 10**13:
        return
    read = trades(file_of(lines))
    assert [(line.order_no, line.amount_fen, line.fee_milli_fen, line.kind) for line in read] == [
        (f"N{number}", amount, milli_fen, LineKind.REFUND if is_refund else LineKind.PAYMENT)
        for number, (amount, milli_fen, is_refund, _) in enumerate(rows)
    ]
    assert [line.happened_at for line in read] == [begin + timedelta(seconds=second) for *_, second in rows]


def test_piece_may_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trades(file_of(ALL_LINES))
    assert len(whole) == 2
    for size in range(1, 400, 7):
        monkeypatch.setattr(statement_text, "PIECE_BYTES", size)
        assert trades(file_of(ALL_LINES, end="\r\n")) == whole, size


def test_more_sorts_than_are_remembered_are_still_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canbao.channels.wechat.statement_lines.REMEMBERED_MAX", 3)
    monkeypatch.setattr(statement_text, "REMEMBERED_MAX", 3)
    amounts = [100 + 7 * number for number in range(50)] * 2
    rows = [changed(PAID, {"订单金额": yuan(amount), "应结订单金额": yuan(amount)}) for amount in amounts]
    total = yuan(sum(amounts))
    summary = f"`100,`{total},`0.00,`0.00,`240.00000,`{total},`0.00"
    read = trades(file_of([ALL_HEADER, *rows, SUMMARY_HEADER, summary]))
    assert [line.amount_fen for line in read] == amounts


class Endless(io.BytesIO):
    """A statement of a hundred thousand lines that is never held whole."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        super().__init__()
        self.lines = lines

    def read(self, size: int | None = -1, /) -> bytes:
        return b"".join(itertools.islice(self.lines, 500))


def test_long_file_is_read_in_little_memory() -> None:
    line = (PAID + "\n").encode()
    summary = "`100000,`40000000.00,`0.00,`0.00,`240000.00000,`40000000.00,`0.00\n"
    source = itertools.chain(
        [(ALL_HEADER + "\n").encode()], itertools.repeat(line, 100_000), [(SUMMARY_HEADER + "\n" + summary).encode()]
    )
    tracemalloc.start()
    try:
        count = len([0 for _ in read_trades(Endless(source))])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 4_000_000
