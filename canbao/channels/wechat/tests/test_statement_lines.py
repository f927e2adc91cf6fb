"""A statement is read by its header, to the fen and to the thousandth of a fen, or it is refused in a sentence."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from canbao.channels.errors import STATEMENT_UNREADABLE
from canbao.channels.interface import FundLine, LineKind, LineState, StatementKind, StatementLine
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.statement_lines import masked_line, read_funds, read_trades
from canbao.channels.wechat.tests.statements import (
    ALL_HEADER,
    ALL_LINES,
    FUND_IN,
    FUND_LINES,
    PAID,
    REFUNDED,
    SUCCESS_HEADER,
    SUMMARY,
    SUMMARY_HEADER,
    changed,
    file_of,
    reordered,
)
from canbao.kernel.errors import ALL_CODES, CanbaoError
from canbao.kernel.money import Fen

PAID_LINE = StatementLine(
    line_no=2,
    kind=LineKind.PAYMENT,
    happened_at=datetime(2024, 11, 15, 2, 0, 41, tzinfo=UTC),
    merchant_ref="1900000109",
    app_ref="wxd678efh567hg6787",
    order_no="360100P4M82ZT7K3QX",
    trade_ref="4200002400202411150000000001",
    refund_no="",
    refund_ref="",
    amount_fen=Fen(40000),
    fee_milli_fen=240000,
    state=LineState.SUCCESS,
    text=PAID.replace("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUp***"),
)
REFUNDED_LINE = StatementLine(
    line_no=3,
    kind=LineKind.REFUND,
    happened_at=datetime(2024, 11, 15, 7, 30, 0, tzinfo=UTC),
    merchant_ref="1900000109",
    app_ref="wxd678efh567hg6787",
    order_no="360100P0000000009A",
    trade_ref="4200002400202411140000000009",
    refund_no="360100R0000000001B",
    refund_ref="50300002400202411150000000002",
    amount_fen=Fen(38005),
    fee_milli_fen=-228030,
    state=LineState.REFUND_SUCCESS,
    text=REFUNDED.replace("oUpF8uMuAJO_M2pxb1Q9zNjWeS6p", "oUp***"),
)


@pytest.mark.parametrize(
    ("head", "line", "shown"),
    [
        (ALL_HEADER, PAID, PAID_LINE.text),
        (f"\ufeff{ALL_HEADER}", REFUNDED, REFUNDED_LINE.text),
        (SUMMARY_HEADER, SUMMARY, SUMMARY),
        ("用户标识,交易状态", "`oUpF8uMuAJO,`SUCCESS", "`oUp***,`SUCCESS"),
        ("交易状态,用户标识", "`SUCCESS,`oUpF8uMuAJO", "`SUCCESS,`oUp***"),
        ("交易状态,用户标识", "`SUCCESS,`", "`SUCCESS,`"),
        ("交易状态,用户标识", "`SUCCESS", "`SUCCESS"),
        (ALL_HEADER, "", ""),
    ],
)
def test_line_for_a_persons_eyes_masks_the_payer_alone(head: str, line: str, shown: str) -> None:
    assert masked_line(head.strip(), line) == shown


def trades(content: bytes) -> list[StatementLine]:
    return list(read_trades(io.BytesIO(content)))


def refusal(read: Iterator[StatementLine] | Iterator[FundLine]) -> CanbaoError:
    with pytest.raises(CanbaoError) as refused:
        list(read)
    return refused.value


def trade_refusal(content: bytes) -> tuple[str, dict[str, object]]:
    refused = refusal(read_trades(io.BytesIO(content)))
    return refused.code, dict(refused.params)


def test_every_value_of_a_payment_and_a_refund_is_told_exactly() -> None:
    lines = trades(file_of(ALL_LINES))
    assert lines == [PAID_LINE, REFUNDED_LINE]
    assert [line.text for line in lines] == [PAID_LINE.text, REFUNDED_LINE.text]


def test_line_is_a_frozen_line_like_any_other() -> None:
    """The reader makes its objects by a shortcut; what comes out must not be told from the ordinary."""
    line = trades(file_of(ALL_LINES))[0]
    assert type(line) is StatementLine
    assert (repr(line), hash(line)) == (repr(PAID_LINE), hash(PAID_LINE))
    with pytest.raises(AttributeError):
        line.amount_fen = Fen(1)  # type: ignore[misc]  # frozen: that is what is tried here


def test_payer_stays_out_of_the_evidence_and_the_evidence_out_of_logs() -> None:
    [line, *_] = trades(file_of(ALL_LINES))
    assert "oUpF8uMuAJO" not in line.text
    assert line.text not in repr(line)
    short = changed(PAID, {"用户标识": "0"})
    [line, *_] = trades(file_of([ALL_HEADER, short, REFUNDED, SUMMARY_HEADER, SUMMARY]))
    assert line.text == changed(PAID, {"用户标识": "0***"})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n\r\n"])
def test_line_ends_mark_and_blank_lines_change_nothing(end: str, bom: bytes, tail: bytes) -> None:
    assert trades(bom + file_of(ALL_LINES, end=end) + tail) == [PAID_LINE, REFUNDED_LINE]


def test_last_line_needs_no_end() -> None:
    assert trades(file_of(ALL_LINES).removesuffix(b"\n")) == [PAID_LINE, REFUNDED_LINE]
    assert trades(file_of(ALL_LINES, end="\r\n").removesuffix(b"\n")) == [PAID_LINE, REFUNDED_LINE]


@pytest.mark.parametrize("turn", [1, 5, 13, 26])
def test_columns_may_stand_in_any_order(turn: int) -> None:
    order = [*range(turn, 27), *range(turn)]
    for columns in (order, order[::-1]):
        lines = trades(file_of(reordered(ALL_LINES, columns)))
        assert [(line.order_no, line.amount_fen, line.fee_milli_fen) for line in lines] == [
            ("360100P4M82ZT7K3QX", 40000, 240000),
            ("360100P0000000009A", 38005, -228030),
        ]
        assert lines[1].refund_ref == "50300002400202411150000000002"
        assert not any("oUpF8uMuAJO" in line.text for line in lines)


def test_summary_may_stand_in_another_order() -> None:
    header = ",".join(SUMMARY_HEADER.split(",")[::-1])
    summary = "`" + ",`".join(SUMMARY.removeprefix("`").split(",`")[::-1])
    assert len(trades(file_of([*ALL_LINES[:3], header, summary]))) == 2


def test_columns_nobody_described_are_passed_over() -> None:
    lines = [ALL_HEADER + ",新列", PAID + ",`x", REFUNDED + ",`y", SUMMARY_HEADER + ",新列", SUMMARY + ",`z"]
    assert [line.amount_fen for line in trades(file_of(lines))] == [40000, 38005]


def test_statement_of_payments_alone_has_no_refund_columns() -> None:
    named = dict(zip(ALL_HEADER.split(","), PAID.removeprefix("`").split(",`"), strict=True))
    paid = "`" + ",`".join(named[name] for name in SUCCESS_HEADER.split(","))
    summary = "`1,`400.00,`0.00,`0.00,`2.40000,`400.00,`0.00"
    [line] = trades(file_of([SUCCESS_HEADER, paid, SUMMARY_HEADER, summary]))
    assert (line.amount_fen, line.refund_no, line.state) == (40000, "", LineState.SUCCESS)
    refunded = paid.replace("`SUCCESS", "`REFUND")
    assert trade_refusal(file_of([SUCCESS_HEADER, refunded, SUMMARY_HEADER, summary])) == (
        "channels.statement_column_missing",
        {"line": 1, "column": "商户退款单号"},
    )


def test_statement_of_refunds_alone_tells_when_they_succeeded() -> None:
    header = ALL_HEADER.replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号")
    names = header.split(",")
    named = dict(zip(ALL_HEADER.split(","), REFUNDED.removeprefix("`").split(",`"), strict=True))
    summary = "`1,`0.00,`380.05,`0.00,`-2.28030,`0.00,`380.05"

    def read(asked: str, succeeded: str) -> datetime:
        named.update({"退款申请时间": asked, "退款成功时间": succeeded})
        line = "`" + ",`".join(named[name] for name in names)
        [told] = trades(file_of([header, line, SUMMARY_HEADER, summary]))
        return told.happened_at

    assert read("2024-11-15 16:00:00", "2024-11-15 17:00:00") == datetime(2024, 11, 15, 9, tzinfo=UTC)
    assert read("2024-11-15 16:00:00", "") == datetime(2024, 11, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "refund_word", "kind", "state"),
    [
        ("SUCCESS", "", LineKind.PAYMENT, LineState.SUCCESS),
        ("REFUND", "SUCCESS", LineKind.REFUND, LineState.REFUND_SUCCESS),
        ("REFUND", "PROCESSING", LineKind.REFUND, LineState.REFUND_PROCESSING),
        ("REFUND", "FAIL", LineKind.REFUND, LineState.REFUND_FAILED),
        ("REFUND", "CHANGE", LineKind.REFUND, LineState.REFUND_FAILED),
        ("REFUND", "", LineKind.REFUND, LineState.OTHER),
        ("REFUND", "CLOSED", LineKind.REFUND, LineState.OTHER),
        ("REVOKED", "", LineKind.PAYMENT, LineState.REVOKED),
        ("SOMETHING", "", LineKind.PAYMENT, LineState.OTHER),
        ("SOMETHING", "SUCCESS", LineKind.REFUND, LineState.OTHER),
    ],
)
def test_words_of_a_statement_have_one_meaning(word: str, refund_word: str, kind: LineKind, state: LineState) -> None:
    line = changed(PAID, {"交易状态": word, "退款状态": refund_word})
    [told, _] = trades(file_of([ALL_HEADER, line, REFUNDED, SUMMARY_HEADER, SUMMARY]))
    assert (told.kind, told.state) == (kind, state)
    assert told.amount_fen == (40000 if kind is LineKind.PAYMENT else 0)


def test_line_of_another_merchant_is_told_as_it_is() -> None:
    foreign = changed(PAID, {"商户号": "1900009999", "公众账号ID": "wx0000000000000001"})
    [told, _] = trades(file_of([ALL_HEADER, foreign, REFUNDED, SUMMARY_HEADER, SUMMARY]))
    assert (told.merchant_ref, told.app_ref) == ("1900009999", "wx0000000000000001")


def test_comma_before_anything_but_a_back_tick_is_part_of_a_value() -> None:
    line = changed(PAID, {"商品名称": "医保, 2025"})
    assert len(trades(file_of([ALL_HEADER, line, REFUNDED, SUMMARY_HEADER, SUMMARY]))) == 2


def test_long_line_is_cut_as_evidence_and_read_whole() -> None:
    line = changed(PAID, {"商户数据包": "x" * 3000})
    [told, _] = trades(file_of([ALL_HEADER, line, REFUNDED, SUMMARY_HEADER, SUMMARY]))
    assert (len(told.text), told.amount_fen) == (1000, 40000)


def test_every_movement_of_funds_is_told_exactly(wechat: WeChatConnector) -> None:
    lines = list(wechat.read_statement(StatementKind.FUNDS, io.BytesIO(file_of(FUND_LINES))))
    assert lines == [
        FundLine(
            line_no=2,
            happened_at=datetime(2024, 11, 15, 2, 0, 42, tzinfo=UTC),
            business_ref="4200002400202411150000000001",
            flow_ref="1900000109001",
            business_kind="交易",
            is_income=True,
            amount_fen=Fen(40000),
            balance_fen=Fen(140000),
            remark="结算总金额 400.00 元,含手续费 2.40 元",
            voucher_ref="360100P4M82ZT7K3QX",
        ),
        FundLine(
            line_no=3,
            happened_at=datetime(2024, 11, 15, 7, 30, 1, tzinfo=UTC),
            business_ref="50300002400202411150000000002",
            flow_ref="1900000109002",
            business_kind="退款",
            is_income=False,
            amount_fen=Fen(150000),
            balance_fen=Fen(-10000),
            remark="退款总金额1500.00元",
            voucher_ref="360100R0000000001B",
        ),
    ]


def test_brackets_of_either_script_name_the_same_column() -> None:
    lines = [FUND_LINES[0].replace("(元)", "（元）"), *FUND_LINES[1:]]
    assert len(list(read_funds(io.BytesIO(file_of(lines))))) == 2


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("交易时间", "2024-11-15T10:00:41"),
        ("交易时间", "2024-02-30 10:00:41"),
        ("交易时间", ""),
        ("订单金额", "400"),
        ("订单金额", "4e2"),
        ("订单金额", "-400.00"),
        ("订单金额", "400.001"),
        ("订单金额", "４00.00"),
        ("申请退款金额", ""),
        ("手续费", "2"),
        ("手续费", "2.400001"),
        ("商户订单号", "x" * 65),
        ("商户号", "9" * 65),
        ("微信订单号", "4" * 65),
    ],
)
def test_value_that_cannot_be_read_is_named_by_line_and_column(column: str, text: str) -> None:
    line = changed(PAID, {column: text})
    assert trade_refusal(file_of([ALL_HEADER, REFUNDED, line, SUMMARY_HEADER, SUMMARY])) == (
        "channels.statement_unreadable",
        {"line": 3, "column": column},
    )


@pytest.mark.parametrize(("column", "text"), [("商户退款单号", "x" * 65), ("微信退款单号", "x" * 65)])
def test_refund_number_longer_than_any_is_named(column: str, text: str) -> None:
    line = changed(REFUNDED, {column: text})
    assert trade_refusal(file_of([ALL_HEADER, line])) == (
        "channels.statement_unreadable",
        {"line": 2, "column": column},
    )


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("收支类型", "其他"),
        ("收支金额(元)", "-1.00"),
        ("账户结余(元)", "--1.00"),
        ("记账时间", "x"),
        ("资金流水单号", "1" * 65),
    ],
)
def test_movement_that_cannot_be_read_is_named(column: str, text: str) -> None:
    line = changed(FUND_IN, {column: text}, header=FUND_LINES[0])
    refused = refusal(read_funds(io.BytesIO(file_of([FUND_LINES[0], line, *FUND_LINES[2:]]))))
    assert (refused.code, refused.params) == ("channels.statement_unreadable", {"line": 2, "column": column})


@pytest.mark.parametrize(
    "column", ["交易时间", "商户订单号", "用户标识", "订单金额", "手续费", "商户退款单号", "申请退款金额"]
)
def test_missing_column_is_named(column: str) -> None:
    lines = [ALL_HEADER.replace(column, "别的"), *ALL_LINES[1:]]
    assert trade_refusal(file_of(lines)) == ("channels.statement_column_missing", {"line": 1, "column": column})


def test_fund_statement_taken_for_a_trade_statement_is_refused_and_the_other_way_round() -> None:
    assert trade_refusal(file_of(FUND_LINES)) == (
        "channels.statement_column_missing",
        {"line": 1, "column": "交易时间"},
    )
    refused = refusal(read_funds(io.BytesIO(file_of(ALL_LINES))))
    assert (refused.code, refused.params["column"]) == ("channels.statement_column_missing", "记账时间")


@pytest.mark.parametrize(
    ("column", "told", "counted"),
    [
        ("总交易单数", "3", "2"),
        ("应结订单总金额", "400.01", "400.00"),
        ("退款总金额", "380.04", "380.05"),
        ("充值券退款总金额", "0.01", "0.00"),
        ("手续费总金额", "0.11971", "0.11970"),
        ("手续费总金额", "-0.11970", "0.11970"),
        ("订单总金额", "399.99", "400.00"),
        ("申请退款总金额", "0.00", "380.05"),
    ],
)
def test_summary_that_differs_in_one_figure_is_refused(column: str, told: str, counted: str) -> None:
    summary = changed(SUMMARY, {column: told}, header=SUMMARY_HEADER)
    read = read_trades(io.BytesIO(file_of([*ALL_LINES[:4], summary])))
    assert [next(read), next(read)] == [PAID_LINE, REFUNDED_LINE]
    refused = refusal(read)
    assert (refused.code, refused.params) == (
        "channels.statement_summary_differs",
        {"column": column, "told": told, "counted": counted},
    )


@pytest.mark.parametrize(
    "summary",
    [
        "`3,`1,`400.00,`1,`1500.00",
        "`2,`2,`400.00,`1,`1500.00",
        "`2,`1,`400.01,`1,`1500.00",
        "`2,`1,`400.00,`0,`1500.00",
        "`2,`1,`400.00,`1,`1500.01",
    ],
)
def test_fund_summary_that_differs_is_refused(summary: str) -> None:
    refused = refusal(read_funds(io.BytesIO(file_of([*FUND_LINES[:4], summary]))))
    assert refused.code == "channels.statement_summary_differs"


def test_missing_and_doubled_lines_are_found_by_the_summary() -> None:
    for lines in (
        [ALL_HEADER, PAID, SUMMARY_HEADER, SUMMARY],
        [ALL_HEADER, PAID, PAID, REFUNDED, SUMMARY_HEADER, SUMMARY],
    ):
        assert trade_refusal(file_of(lines))[0] == "channels.statement_summary_differs"


def test_day_of_no_lines_is_read_as_none() -> None:
    summary = "`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"
    assert trades(file_of([ALL_HEADER, SUMMARY_HEADER, summary])) == []


def test_wherever_the_file_breaks_off_it_is_refused() -> None:
    """Cut at every byte: only cuts behind the last value leave a whole statement."""
    content = file_of(ALL_LINES)
    allowed = {
        "channels.statement_truncated",
        "channels.statement_empty",
        # Broken off inside the summary's last value.
        "channels.statement_unreadable",
    }
    for length in range(len(content) - 1):
        assert trade_refusal(content[:length])[0] in allowed, length
    assert trade_refusal(file_of(ALL_LINES[:3])) == ("channels.statement_truncated", {"line": 3})


def test_what_follows_the_summary_is_refused() -> None:
    assert trade_refusal(file_of([*ALL_LINES, *ALL_LINES]))[0] == "channels.statement_line_malformed"


def test_line_of_another_width_is_refused() -> None:
    for line, found in ((PAID + ",`x", 28), (PAID.rpartition(",`")[0], 26), (PAID.partition(",`")[2], 26)):
        code, told = trade_refusal(file_of([ALL_HEADER, line if line[0] == "`" else "`" + line, *ALL_LINES[2:]]))
        assert (code, told) == ("channels.statement_line_malformed", {"line": 2, "found": found, "expected": 27})


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "channels.statement_empty", {}),
        (gzip.compress(file_of(ALL_LINES)), "channels.statement_packed", {"form": "gzip"}),
        (b"PK\x03\x04rest", "channels.statement_packed", {"form": "zip"}),
        ("\n".join(ALL_LINES).encode("gbk"), "channels.statement_not_utf8", {"line": 1}),
        ("\n".join(ALL_LINES).encode("utf-16"), "channels.statement_not_utf8", {"line": 1}),
        (file_of(ALL_LINES[:2]) + b"\xff\n", "channels.statement_not_utf8", {"line": 3}),
        (
            file_of([ALL_HEADER, PAID.replace("MWEB", "\0")]),
            "channels.statement_unreadable",
            {"line": 2, "column": "-"},
        ),
        (b"x" * 200_000, "channels.statement_unreadable", {"line": 1, "column": "-"}),
        (b"\n\n", "channels.statement_truncated", {"line": 1}),
        (b"<html><body>502</body></html>\n\n", "channels.statement_column_missing", {"line": 1, "column": "交易时间"}),
    ],
    # Named, because the bytes of a packed file hold the time at which it was packed.
    ids=["empty", "gzip", "zip", "gbk", "utf-16", "no text", "zero byte", "endless line", "blank", "web page"],
)
def test_file_of_another_form_is_refused_in_a_sentence(content: bytes, code: str, told: dict[str, object]) -> None:
    assert trade_refusal(content) == (code, told)


def test_refusal_reads_well_in_both_languages() -> None:
    refused = STATEMENT_UNREADABLE(line=7, column="订单金额")
    assert str(refused).startswith("“订单金额” in line 7 of the statement cannot be read.")
    zh = ALL_CODES[refused.code].sentence_zh.format(**refused.params)
    assert zh.startswith("对账文件第 7 行“订单金额”的内容读不懂。")
