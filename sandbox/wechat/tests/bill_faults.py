"""Every fault of group statement shown in process: what the ask, the hash and the file then say, and that the next
ask brings the true file."""

from __future__ import annotations

import gzip
import hashlib
import zlib

import pytest

from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.tests.merchant import FUND_BILL, Merchant, code_of, content_of
from sandbox.wechat.tests.shown import Shown, put

BILL_FAULTS = Shown()
_shows = BILL_FAULTS.by
DAY, NEXT_DAY, MADE_AT = "2024-11-15", "2024-11-16", "2024-11-16 10:00:00"
ORDERS_PAID = ("ORDER0001", "ORDER0002", "ORDER0003")
Rows = list[dict[str, str]]


def _traded(merchant: Merchant) -> bytes:
    """Three payments, and it is ten the next morning; the day's true bill. Rates are lifted."""
    for place, number in enumerate(ORDERS_PAID):
        merchant.paid(number, 38000 + place)
    merchant.set_time(MADE_AT)
    for name in ("trade_bill", "fund_bill"):
        merchant.gateway.rates.set(name, 0)
    return merchant.bill(DAY)


def _rule(fault: Fault, endpoint: Endpoint = Endpoint.TRADE_BILL, **changes: int | str) -> Rule:
    return Rule(
        fault=fault,
        endpoint=endpoint,
        out_trade_no=str(changes.get("out_trade_no", "*")),
        times=int(changes.get("times", 1)),
        count=int(changes.get("count", 1)),
        delta_fen=int(changes.get("delta_fen", 1)),
    )


def _read(bill: bytes) -> tuple[Rows, dict[str, str]]:
    """The lines and the sums of a bill, by the names of their columns."""
    header, *lines, sums_header, sums, end = bill.decode().split("\n")
    assert end == ""
    names = header.split(",")
    rows = [dict(zip(names, line.removeprefix("`").split(",`"), strict=True)) for line in lines]
    return rows, dict(zip(sums_header.split(","), sums.removeprefix("`").split(",`"), strict=True))


def _numbers(bill: bytes) -> list[str]:
    return [row["商户订单号"] for row in _read(bill)[0]]


def _spoiled(merchant: Merchant, rule: Rule) -> tuple[bytes, bytes]:
    """The true bill and the one that the rule spoils, whose hash is true; the next ask brings the true one."""
    true = _traded(merchant)
    put(merchant, rule)
    spoiled = merchant.bill(DAY)
    assert merchant.bill(DAY) == true
    assert spoiled != true
    return true, spoiled


@_shows(Fault.STATEMENT_LATE)
def _late(merchant: Merchant) -> None:
    _traded(merchant)
    put(merchant, _rule(Fault.STATEMENT_LATE, times=2))
    for _ in range(2):
        assert code_of(merchant.ask_bill(DAY)) is ErrorCode.STATEMENT_CREATING
    assert merchant.ask_bill(DAY).status == 200


@_shows(Fault.STATEMENT_MISSING_DAY)
def _missing_day(merchant: Merchant) -> None:
    _traded(merchant)
    put(merchant, Fault.STATEMENT_MISSING_DAY)
    assert code_of(merchant.ask_bill(DAY)) is ErrorCode.NO_STATEMENT_EXIST
    assert merchant.ask_bill(DAY).status == 200


@_shows(Fault.STATEMENT_EMPTY_DAY)
def _empty_day(merchant: Merchant) -> None:
    _, empty = _spoiled(merchant, _rule(Fault.STATEMENT_EMPTY_DAY))
    rows, sums = _read(empty)
    assert rows == []
    assert list(sums.values()) == ["0", "0.00", "0.00", "0.00", "0.00000", "0.00", "0.00"]


@_shows(Fault.STATEMENT_MISSING_ROW)
def _missing_row(merchant: Merchant) -> None:
    _, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_MISSING_ROW, out_trade_no="*2"))
    assert _numbers(spoiled) == ["ORDER0001", "ORDER0003"]
    assert _read(spoiled)[1]["订单总金额"] == "760.02"
    put(merchant, _rule(Fault.STATEMENT_MISSING_ROW, Endpoint.FUND_BILL, count=2))
    assert [row["业务凭证号"] for row in _read(merchant.bill(DAY, "", FUND_BILL))[0]] == ["ORDER0003"]


@_shows(Fault.STATEMENT_EXTRA_ROW)
def _extra_row(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_EXTRA_ROW, count=2))
    rows, sums = _read(spoiled)
    assert rows[:3] == _read(true)[0]
    assert [row["商户订单号"] for row in rows[3:]] == ["EXTRA202411150000001", "EXTRA202411150000002"]
    assert len({row["微信订单号"] for row in rows}) == 5
    assert (sums["总交易单数"], sums["订单总金额"]) == ("5", "1900.03")
    put(merchant, _rule(Fault.STATEMENT_EXTRA_ROW, out_trade_no="ORDER0009"))
    assert _numbers(merchant.bill(DAY)) == [*ORDERS_PAID, "ORDER0009"]
    put(merchant, _rule(Fault.STATEMENT_EXTRA_ROW, Endpoint.FUND_BILL))
    assert _read(merchant.bill(DAY, "", FUND_BILL))[1]["收入金额"] == "1520.03"


@_shows(Fault.STATEMENT_WRONG_AMOUNT)
def _wrong_amount(merchant: Merchant) -> None:
    _, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_WRONG_AMOUNT, delta_fen=-1, count=2))
    rows, sums = _read(spoiled)
    assert [row["订单金额"] for row in rows] == ["379.99", "380.00", "380.02"]
    assert [row["应结订单金额"] for row in rows] == ["379.99", "380.00", "380.02"]
    assert sums["订单总金额"] == "1140.01"
    put(merchant, _rule(Fault.STATEMENT_WRONG_AMOUNT, Endpoint.FUND_BILL))
    assert [row["收支金额(元)"] for row in _read(merchant.bill(DAY, "", FUND_BILL))[0]] == [
        "380.01",
        "380.01",
        "380.02",
    ]


@_shows(Fault.STATEMENT_DUPLICATE_ROW)
def _duplicate_row(merchant: Merchant) -> None:
    _, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_DUPLICATE_ROW, out_trade_no="ORDER0002"))
    rows, sums = _read(spoiled)
    assert _numbers(spoiled) == ["ORDER0001", "ORDER0002", "ORDER0002", "ORDER0003"]
    assert rows[1] == rows[2]
    assert sums["总交易单数"] == "4"


@_shows(Fault.STATEMENT_NEIGHBOUR_DAY)
def _neighbour_day(merchant: Merchant) -> None:
    true = _traded(merchant)
    put(merchant, _rule(Fault.STATEMENT_NEIGHBOUR_DAY, out_trade_no="ORDER0003", times=0))
    merchant.paid("ORDER0004")
    merchant.set_time("2024-11-17 10:00:00")
    assert _numbers(merchant.bill(DAY)) == ["ORDER0001", "ORDER0002"]
    after = merchant.bill(NEXT_DAY)
    assert _numbers(after) == ["ORDER0003", "ORDER0004"]
    assert _read(after)[0][0] == _read(true)[0][2]


@_shows(Fault.STATEMENT_REFUND_AHEAD)
def _refund_ahead(merchant: Merchant) -> None:
    order = merchant.paid("ORDER0001")
    put(merchant, Fault.REFUND_STUCK)
    merchant.refund(order, "REFUND0001", 8000)
    merchant.set_time(MADE_AT)
    words = []
    for is_spoiled in (True, False):
        if is_spoiled:
            put(merchant, Fault.STATEMENT_REFUND_AHEAD)
        words.append([row["退款状态"] for row in _read(merchant.bill(DAY))[0]])
    assert words == [["", "SUCCESS"], ["", "PROCESSING"]]
    assert merchant.status_of("REFUND0001") == "PROCESSING"


@_shows(Fault.STATEMENT_FOREIGN_ROW)
def _foreign_row(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_FOREIGN_ROW))
    keys = merchant.gateway.keys
    (foreign,) = _read(spoiled)[0][3:]
    assert foreign["商户号"] != keys.mchid
    assert foreign["公众账号ID"] != keys.appid
    assert {row["商户号"] for row in _read(true)[0]} == {keys.mchid}


@_shows(Fault.STATEMENT_COMMA_IN_TEXT)
def _comma_in_text(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_COMMA_IN_TEXT, count=3))
    rows = _read(spoiled)[0]
    assert (
        {row["商品名称"] for row in rows}
        == {row["商户数据包"] for row in rows}
        == {"城乡居民医保\\ 2025年度\\n代缴\\ 第二人"}
    )
    assert _numbers(spoiled) == _numbers(true)
    put(merchant, _rule(Fault.STATEMENT_COMMA_IN_TEXT, Endpoint.FUND_BILL))
    assert "第二人" in _read(merchant.bill(DAY, "", FUND_BILL))[0][0]["备注"]


@_shows(Fault.STATEMENT_MANY_ROWS)
def _many_rows(merchant: Merchant) -> None:
    _, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_MANY_ROWS, count=2))
    rows, sums = _read(spoiled)
    assert (len(rows), sums["总交易单数"]) == (2003, "2003")
    assert len({row["微信订单号"] for row in rows}) == len({row["商户订单号"] for row in rows}) == 2003


@_shows(Fault.STATEMENT_REORDERED_COLUMNS)
def _reordered(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_REORDERED_COLUMNS))
    assert _read(spoiled) == _read(true)
    assert spoiled.decode().startswith("费率备注,申请退款金额,")
    assert spoiled.decode().split("\n")[-3].startswith("申请退款总金额,订单总金额,")


@_shows(Fault.STATEMENT_CRLF)
def _crlf(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_CRLF))
    assert spoiled == true.replace(b"\n", b"\r\n")
    assert b"\r" not in true


@_shows(Fault.STATEMENT_BOM)
def _bom(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_BOM))
    assert spoiled == b"\xef\xbb\xbf" + true


@_shows(Fault.STATEMENT_GBK)
def _gbk(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_GBK))
    assert spoiled.decode("gb18030") == true.decode()
    with pytest.raises(UnicodeDecodeError):
        spoiled.decode()


@_shows(Fault.STATEMENT_WRONG_SUMS)
def _wrong_sums(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_WRONG_SUMS, delta_fen=-3))
    assert _read(spoiled)[0] == _read(true)[0]
    assert (_read(true)[1]["订单总金额"], _read(spoiled)[1]["订单总金额"]) == ("1140.03", "1140.00")
    put(merchant, _rule(Fault.STATEMENT_WRONG_SUMS, Endpoint.FUND_BILL))
    assert _read(merchant.bill(DAY, "", FUND_BILL))[1]["收入金额"] == "1140.04"


@_shows(Fault.STATEMENT_TRUNCATED)
def _truncated(merchant: Merchant) -> None:
    true, spoiled = _spoiled(merchant, _rule(Fault.STATEMENT_TRUNCATED))
    assert spoiled == true[: len(true) // 2]


@_shows(Fault.STATEMENT_WRONG_HASH)
def _wrong_hash(merchant: Merchant) -> None:
    true = _traded(merchant)
    put(merchant, Fault.STATEMENT_WRONG_HASH)
    asked = merchant.ask_bill(DAY)
    assert merchant.take_bill(asked).content() == true
    assert content_of(asked)["hash_value"] != hashlib.sha1(true, usedforsecurity=False).hexdigest()


@_shows(Fault.STATEMENT_CORRUPT_FILE)
def _corrupt_file(merchant: Merchant) -> None:
    _traded(merchant)
    put(merchant, Fault.STATEMENT_CORRUPT_FILE)
    spoiled, true = (merchant.bill(DAY, "&tar_type=GZIP") for _ in range(2))
    assert len(spoiled) == len(true)
    with pytest.raises((zlib.error, gzip.BadGzipFile)):
        gzip.decompress(spoiled)


@_shows(Fault.STATEMENT_ZIP_BOMB)
def _zip_bomb(merchant: Merchant) -> None:
    true = _traded(merchant)
    put(merchant, _rule(Fault.STATEMENT_ZIP_BOMB, times=2))
    assert merchant.bill(DAY) == true
    asked = merchant.ask_bill(DAY, "&tar_type=GZIP")
    packed = merchant.take_bill(asked).content()
    assert len(packed) < 100_000
    unpacker, size, sha1, rest = zlib.decompressobj(31), 0, hashlib.sha1(usedforsecurity=False), packed
    while not unpacker.eof:
        piece = unpacker.decompress(rest, 1 << 20)
        rest = unpacker.unconsumed_tail
        size += len(piece)
        sha1.update(piece)
    assert size == 64 << 20
    assert content_of(asked)["hash_value"] == sha1.hexdigest()


@_shows(Fault.STATEMENT_FOREIGN_TOKEN)
def _foreign_token(merchant: Merchant) -> None:
    true = _traded(merchant)
    put(merchant, Fault.STATEMENT_FOREIGN_TOKEN)
    refused = merchant.take_bill(merchant.ask_bill(DAY))
    assert (refused.status, code_of(refused)) == (403, ErrorCode.NO_AUTH)
    assert merchant.bill(DAY) == true


@_shows(Fault.STATEMENT_FOREIGN_ADDRESS)
def _foreign_address(merchant: Merchant) -> None:
    _traded(merchant)
    put(merchant, Fault.STATEMENT_FOREIGN_ADDRESS)
    asked = merchant.ask_bill(DAY)
    assert merchant.believes(asked.headers, asked.body)
    assert not str(content_of(asked)["download_url"]).startswith(merchant.gateway.base_url)
