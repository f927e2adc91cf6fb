"""Bills byte for byte: what stands in them, on which day, from which hour, and who may take them."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import tracemalloc
from datetime import timedelta
from fractions import Fraction

import pytest

from sandbox.clock import BEIJING
from sandbox.exchange import Answer
from sandbox.wechat.errors import ErrorCode, SandboxRefusal
from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.ledger import merchant_account
from sandbox.wechat.refund_record import RefundState
from sandbox.wechat.tests.merchant import (
    FUND_BILL,
    ORDERS,
    REFUND_S,
    Merchant,
    code_of,
    content_of,
    whole_book,
)
from sandbox.wechat.tests.shown import put

DAY, NEXT_DAY = "2024-11-15", "2024-11-16"
MADE_AT = f"{NEXT_DAY} 10:00:00"
ALL_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注\n"
)
SUCCESS_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注\n"
)
REFUND_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,"
    "退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n"
)
GOODS = "城乡居民基本医疗保险费"
SUMS_HEADER = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n"


def _refunded(merchant: Merchant) -> tuple[str, str]:
    """A payment with its fee and two refunds of it, one of them done; the numbers that stand in the lines."""
    merchant.gateway.ledger.set_fee_per_million(6000)
    order = merchant.paid("ORDER0001", changes={"attach": "bill-1"})
    merchant.pass_time(3600)
    assert merchant.refund(order, "REFUND0001", 8000).status == 200
    merchant.pass_time(REFUND_S)
    put(merchant, Fault.REFUND_STUCK)
    assert merchant.refund(order, "REFUND0002", 1000).status == 200
    first, second = (merchant.gateway.refunds.named(f"REFUND000{place}").refund_id for place in (1, 2))
    return first, second


def _line_begin(merchant: Merchant, at: str, state: str) -> str:
    order = merchant.gateway.orders.named(out_trade_no="ORDER0001")
    keys = merchant.gateway.keys
    return (
        f"`{at},`{keys.appid},`{keys.mchid},`0,`,`{order.transaction_id},`ORDER0001,`{order.openid},"
        f"`MWEB,`{state},`OTHERS,`CNY,"
    )


def test_bill_of_all_trade_byte_for_byte(merchant: Merchant) -> None:
    first, second = _refunded(merchant)
    merchant.set_time(MADE_AT)
    payment = _line_begin(merchant, "2024-11-15 09:00:00", "SUCCESS")
    begins = [_line_begin(merchant, f"2024-11-15 10:0{time}", "REFUND") for time in ("0:00", "5:01")]
    assert merchant.bill(DAY).decode() == (
        ALL_HEADER
        + f"{payment}`380.00,`0.00,`0,`0,`0.00,`0.00,`,`,`{GOODS},`bill-1,`2.28000,`0.60%,`380.00,`0.00,`\n"
        + f"{begins[0]}`0.00,`0.00,`{first},`REFUND0001,`80.00,`0.00,`ORIGINAL,`SUCCESS,`{GOODS},`bill-1,"
        "`-0.48000,`0.60%,`0.00,`80.00,`\n"
        + f"{begins[1]}`0.00,`0.00,`{second},`REFUND0002,`10.00,`0.00,`ORIGINAL,`PROCESSING,`{GOODS},"
        "`bill-1,`-0.06000,`0.60%,`0.00,`10.00,`\n" + SUMS_HEADER + "`3,`380.00,`90.00,`0.00,`1.74000,`380.00,`90.00\n"
    )


def test_bill_of_payments_alone_byte_for_byte(merchant: Merchant) -> None:
    _refunded(merchant)
    merchant.set_time(MADE_AT)
    payment = _line_begin(merchant, "2024-11-15 09:00:00", "SUCCESS")
    assert merchant.bill(DAY, "&bill_type=SUCCESS").decode() == (
        SUCCESS_HEADER
        + f"{payment}`380.00,`0.00,`{GOODS},`bill-1,`2.28000,`0.60%,`380.00,`\n"
        + SUMS_HEADER
        + "`1,`380.00,`0.00,`0.00,`2.28000,`380.00,`0.00\n"
    )


def test_bill_of_refunds_alone_byte_for_byte(merchant: Merchant) -> None:
    first, second = _refunded(merchant)
    done_at = merchant.gateway.refunds.named(first).success_at
    assert done_at is not None
    merchant.set_time(MADE_AT)
    begin = _line_begin(merchant, "2024-11-15 09:00:00", "REFUND")
    assert merchant.bill(DAY, "&bill_type=REFUND").decode() == (
        REFUND_HEADER
        + f"{begin}`0.00,`0.00,`2024-11-15 10:00:00,`{done_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S},`{first},"
        f"`REFUND0001,`80.00,`0.00,`ORIGINAL,`SUCCESS,`{GOODS},`bill-1,`-0.48000,`0.60%,`0.00,`80.00,`\n"
        + f"{begin}`0.00,`0.00,`2024-11-15 10:05:01,`,`{second},`REFUND0002,`10.00,`0.00,`ORIGINAL,`PROCESSING,"
        f"`{GOODS},`bill-1,`-0.06000,`0.60%,`0.00,`10.00,`\n"
        + SUMS_HEADER
        + "`2,`0.00,`90.00,`0.00,`-0.54000,`0.00,`90.00\n"
    )


def test_fund_bill_byte_for_byte(merchant: Merchant) -> None:
    gateway, mchid = merchant.gateway, merchant.gateway.keys.mchid
    gateway.ledger.deposit(mchid, 1000, merchant.now() - timedelta(days=1))
    first, _ = _refunded(merchant)
    gateway.ledger.withdraw(mchid, 20000, merchant.now())
    done_at = gateway.refunds.named(first).success_at
    transaction_id = gateway.orders.named(out_trade_no="ORDER0001").transaction_id
    assert done_at is not None
    done = f"{done_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    kinds = ("payment", "fee", "fee_return", "refund", "withdrawal")
    ids = [gateway.store.number("SELECT transfer_id FROM transfer WHERE kind = ?", (kind,)) for kind in kinds]
    flows = [f"190020241115{one:016d}" for one in ids]
    merchant.set_time(MADE_AT)
    assert merchant.bill(DAY, "&account_type=BASIC", FUND_BILL).decode() == (
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,"
        "备注,业务凭证号\n"
        f"`2024-11-15 09:00:00,`{transaction_id},`{flows[0]},`交易,`交易,`收入,`380.00,`390.00,`system,"
        "`结算总金额380.00元;含手续费0.00元,`ORDER0001\n"
        f"`2024-11-15 09:00:00,`{transaction_id},`{flows[1]},`交易,`扣除交易手续费,`支出,`2.28,`387.72,`system,`,"
        "`ORDER0001\n"
        f"`{done},`{first},`{flows[2]},`退款,`退还交易手续费,`收入,`0.48,`388.20,`system,`,`REFUND0001\n"
        f"`{done},`{first},`{flows[3]},`退款,`退款,`支出,`80.00,`308.20,`{mchid}API,"
        "`退款总金额80.00元;含手续费0.00元,`REFUND0001\n"
        f"`2024-11-15 10:05:01,`200020241115{ids[4]:016d},`{flows[4]},`提现,`提现,`支出,`200.00,`108.20,`system,`,`\n"
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n"
        "`5,`2,`380.48,`3,`282.28\n"
    )


def test_other_accounts_moved_nothing(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    for account in ("OPERATION", "FEES"):
        asked = merchant.ask_bill(DAY, f"&account_type={account}", FUND_BILL)
        assert code_of(asked) is ErrorCode.NO_STATEMENT_EXIST


def test_bill_is_there_from_ten_the_next_morning(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.gateway.rates.set("trade_bill", 0)
    for moment in (f"{DAY} 12:00:00", f"{NEXT_DAY} 00:00:00", f"{NEXT_DAY} 09:59:59"):
        merchant.set_time(moment)
        asked = merchant.ask_bill(DAY)
        assert (asked.status, code_of(asked)) == (400, ErrorCode.STATEMENT_CREATING)
    merchant.set_time(MADE_AT)
    assert merchant.ask_bill(DAY).status == 200


def test_day_without_trade_has_no_bill(merchant: Merchant) -> None:
    merchant.placed("ORDER0001")
    merchant.set_time(MADE_AT)
    for query in ("", "&bill_type=SUCCESS", "&bill_type=REFUND"):
        asked = merchant.ask_bill(DAY, query)
        assert (asked.status, code_of(asked)) == (400, ErrorCode.NO_STATEMENT_EXIST)
    assert code_of(merchant.ask_bill(DAY, "", FUND_BILL)) is ErrorCode.NO_STATEMENT_EXIST


def test_payment_belongs_to_the_day_it_was_paid(merchant: Merchant) -> None:
    merchant.set_time(f"{DAY} 23:59:00")
    merchant.paid("ORDER0001")
    merchant.placed("ORDER0002")
    merchant.set_time(f"{NEXT_DAY} 00:01:00")
    merchant.pay("ORDER0002")
    merchant.set_time("2024-11-17 10:00:00")
    assert [_numbers(merchant.bill(day)) for day in (DAY, NEXT_DAY)] == [["ORDER0001"], ["ORDER0002"]]


def test_refund_is_frozen_as_its_day_left_it(merchant: Merchant) -> None:
    merchant.set_time(f"{DAY} 23:00:00")
    orders = [merchant.paid(f"ORDER000{place}") for place in range(4)]
    for place, order in enumerate(orders):
        put(merchant, Fault.REFUND_STUCK)
        merchant.refund(order, f"REFUND000{place}", 38000)
    refunds = merchant.gateway.refunds
    for place, state in ((1, RefundState.SUCCESS), (2, RefundState.CLOSED), (3, RefundState.ABNORMAL)):
        refunds.finish(refunds.named(f"REFUND000{place}"), state, merchant.now())
    merchant.set_time(MADE_AT)
    before = merchant.bill(DAY, "&bill_type=REFUND")
    words = [line.split(",`")[21] for line in before.decode().split("\n")[1:5]]
    assert words == ["PROCESSING", "SUCCESS", "FAIL", "CHANGE"]
    refunds.finish(refunds.named("REFUND0000"), RefundState.SUCCESS, merchant.now())
    way = f"/v3/refund/domestic/refunds/{refunds.named('REFUND0003').refund_id}/apply-abnormal-refund"
    assert merchant.call("POST", way, {"out_refund_no": "REFUND0003", "type": "MERCHANT_BANK_CARD"}).status == 200
    merchant.set_time("2024-11-17 10:00:00")
    assert merchant.status_of("REFUND0003") == "SUCCESS"
    assert merchant.bill(DAY, "&bill_type=REFUND") == before
    assert code_of(merchant.ask_bill(NEXT_DAY, "&bill_type=REFUND")) is ErrorCode.NO_STATEMENT_EXIST
    moved = merchant.bill(NEXT_DAY, "", FUND_BILL).decode()
    assert [number in moved for number in ("REFUND0000", "REFUND0001", "REFUND0003")] == [True, False, True]


def test_bill_waits_for_every_refund_of_its_day(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.wechat.refunds.SWEEP_ROWS_MAX", 2)
    for place in range(9):
        order = merchant.paid(f"ORDER{place:04d}")
        assert merchant.refund(order, f"REFUND{place:04d}", 38000).status == 200
    merchant.set_time(MADE_AT)
    lines = merchant.bill(DAY, "&bill_type=REFUND").decode().split("\n")[1:10]
    assert {line.split(",`")[21] for line in lines} == {"SUCCESS"}
    assert merchant.bill(DAY, "", FUND_BILL).decode().count("`支出") == 9


def test_packed_bill_unpacks_to_the_hashed_text(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    plain = merchant.bill(DAY)
    asked = content_of(merchant.ask_bill(DAY, "&tar_type=GZIP"))
    packed = merchant.bill(DAY, "&tar_type=GZIP")
    assert packed[:2] == b"\x1f\x8b"
    assert gzip.decompress(packed) == plain
    assert asked["hash_type"] == "SHA1"
    assert asked["hash_value"] == hashlib.sha1(plain, usedforsecurity=False).hexdigest()
    assert str(asked["download_url"]).endswith("&tartype=gzip")


def test_only_the_file_is_unsigned(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    asked = merchant.ask_bill(DAY)
    assert merchant.believes(asked.headers, asked.body)
    taken = merchant.take_bill(asked)
    assert taken.status == 200
    assert [name for name in taken.headers if name.startswith("Wechatpay")] == []
    assert "Request-ID" in taken.headers


def test_file_is_taken_by_signed_request_alone(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    address = str(content_of(merchant.ask_bill(DAY))["download_url"]).removeprefix(merchant.gateway.base_url)
    request = merchant.request("GET", address)
    headers = {**request.headers, "authorization": ""}
    assert merchant.gateway.handle("GET", request.path, request.query, headers, b"")[0] == 401


def test_address_lives_five_minutes(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    asked = merchant.ask_bill(DAY)
    merchant.pass_time(299)
    assert merchant.take_bill(asked).status == 200
    merchant.pass_time(1)
    late = merchant.take_bill(asked)
    assert (late.status, code_of(late)) == (400, ErrorCode.INVALID_REQUEST)
    unknown = merchant.call("GET", "/v3/billdownload/file?token=0")
    assert (unknown.status, code_of(unknown)) == (400, ErrorCode.INVALID_REQUEST)
    assert code_of(merchant.call("GET", "/v3/billdownload/file")) is ErrorCode.PARAM_ERROR


def test_few_files_are_kept(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    merchant.gateway.rates.set("trade_bill", 0)
    asked = [merchant.ask_bill(DAY) for _ in range(65)]
    assert code_of(merchant.take_bill(asked[0])) is ErrorCode.INVALID_REQUEST
    assert merchant.take_bill(asked[1]).status == merchant.take_bill(asked[64]).status == 200


def test_three_asks_a_second(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    for path in ("/v3/bill/tradebill", FUND_BILL):
        assert [merchant.ask_bill(DAY, "", path).status for _ in range(4)] == [200, 200, 200, 429]
    merchant.pass_time(1)
    assert merchant.ask_bill(DAY).status == 200


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v3/bill/tradebill", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=20241115", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-31", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-15&bill_date=2024-11-15", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-15&bill_type=all", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-15&tar_type=ZIP", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-15&sub_mchid=1", ErrorCode.MCH_NOT_EXISTS),
        ("/v3/bill/fundflowbill?bill_date=2024-11-15&account_type=OTHER", ErrorCode.PARAM_ERROR),
        ("/v3/bill/tradebill?bill_date=2024-11-18", ErrorCode.INVALID_REQUEST),
        ("/v3/bill/tradebill?bill_date=2024-08-15", ErrorCode.INVALID_REQUEST),
        ("/v3/bill/tradebill?bill_date=2024-08-16", ErrorCode.NO_STATEMENT_EXIST),
    ],
)
def test_unsound_asks_are_refused(merchant: Merchant, target: str, code: ErrorCode) -> None:
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    before = whole_book(merchant.gateway)
    assert code_of(merchant.call("GET", target)) is code
    assert whole_book(merchant.gateway) == before


def test_partner_is_told_of_its_sub_merchant(merchant: Merchant) -> None:
    keys = merchant.gateway.keys
    merchant.paid("ORDER0001")
    partners: Body = {"appid": None, "mchid": None, "sp_appid": keys.appid, "sp_mchid": keys.mchid}
    body = merchant.body("ORDER0002", 500, partners | {"sub_mchid": keys.sub_mchid})
    assert merchant.call("POST", f"{ORDERS.replace('/pay/', '/pay/partner/')}/h5", body).status == 200
    merchant.pay("ORDER0002")
    merchant.set_time(MADE_AT)
    (line,) = merchant.bill(DAY, f"&sub_mchid={keys.sub_mchid}").decode().split("\n")[1:2]
    assert line.split(",`")[1:7:1][:3] == [keys.appid, keys.mchid, keys.sub_mchid]
    assert _numbers(merchant.bill(DAY, f"&sub_mchid={keys.sub_mchid}")) == ["ORDER0002"]
    assert _numbers(merchant.bill(DAY)) == ["ORDER0001", "ORDER0002"]
    merchant.pass_time(1)
    assert "ORDER0002" not in merchant.bill(DAY, "", FUND_BILL).decode()


def test_merchants_text_is_escaped(merchant: Merchant) -> None:
    merchant.paid("ORDER0001", changes={"description": "医保,2025`年\n代缴", "attach": "a,`b"})
    merchant.set_time(MADE_AT)
    assert (
        b"`\xe5\x8c\xbb\xe4\xbf\x9d\\ 2025`\xe5\xb9\xb4\\n\xe4\xbb\xa3\xe7\xbc\xb4,`a\\ `b,`0.00000"
        in merchant.bill(DAY)
    )


def test_sums_are_what_the_lines_make(merchant: Merchant) -> None:
    merchant.gateway.ledger.set_fee_per_million(3800)
    for place in range(1, 8):
        order = merchant.paid(f"ORDER{place:04d}", place * 137)
        if place % 2:
            assert merchant.refund(order, f"REFUND{place:04d}", place * 41).status == 200
    merchant.set_time(MADE_AT)
    header, *lines, _, sums, _ = merchant.bill(DAY).decode().split("\n")
    rows = [dict(zip(header.split(","), line.removeprefix("`").split(",`"), strict=True)) for line in lines]
    names = ("应结订单金额", "退款金额", "充值券退款金额", "手续费", "订单金额", "申请退款金额")
    told = [Fraction(one) for one in sums.removeprefix("`").split(",`")]
    assert told == [len(rows), *(sum(Fraction(row[name]) for row in rows) for name in names)]


def _many(merchant: Merchant, thousands: int) -> tuple[Answer, Answer]:
    """A bill of so many thousand lines and one, asked for and taken."""
    merchant.paid("ORDER0001")
    merchant.set_time(MADE_AT)
    put(merchant, Rule(fault=Fault.STATEMENT_MANY_ROWS, endpoint=Endpoint.TRADE_BILL, count=thousands))
    asked = merchant.ask_bill(DAY)
    return asked, merchant.take_bill(asked)


def test_hundred_thousand_lines_arrive_whole(merchant: Merchant) -> None:
    asked, taken = _many(merchant, 100)
    content = taken.content()
    assert hashlib.sha1(content, usedforsecurity=False).hexdigest() == content_of(asked)["hash_value"]
    assert content.count(b"\n") == 100_004
    assert content.endswith(b"`100001,`38000380.00,`0.00,`0.00,`0.00000,`38000380.00,`0.00\n")


def test_long_bill_is_never_held_in_memory(merchant: Merchant) -> None:
    tracemalloc.start()
    _, taken = _many(merchant, 20)
    size = sum(map(len, taken.pieces()))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == taken.size > 4_500_000
    assert peak_bytes < 2_500_000


def test_same_book_makes_the_same_bill(merchant: Merchant) -> None:
    _refunded(merchant)
    merchant.set_time(MADE_AT)
    first, again = (json.loads(merchant.ask_bill(DAY).body)["hash_value"] for _ in range(2))
    assert first == again


def _numbers(bill: bytes) -> list[str]:
    """The order numbers of a bill's lines."""
    lines = [line for line in bill.decode().split("\n")[1:] if line.startswith("`")]
    return [line.split(",`")[6] for line in lines[:-1]]


def test_fault_waits_for_an_ask_that_would_bring_a_file(merchant: Merchant) -> None:
    merchant.paid("ORDER0001")
    put(merchant, Fault.STATEMENT_EMPTY_DAY)
    assert code_of(merchant.ask_bill(DAY)) is ErrorCode.STATEMENT_CREATING
    merchant.set_time(MADE_AT)
    assert _numbers(merchant.bill(DAY)) == []


def test_days_tell_of_everything_once_and_their_balances_meet(merchant: Merchant) -> None:
    chance, gateway = random.Random(5), merchant.gateway
    gateway.ledger.set_fee_per_million(6000)
    merchant.set_time(f"{DAY} 20:00:00")
    paid, refunded = set(), set()
    for place in range(60):
        order = merchant.paid(f"ORDER{place:04d}", chance.randint(1000, 90000))
        paid.add(order.out_trade_no)
        if chance.random() < 0.5:
            refunded.add(f"REFUND{place:04d}")
            assert merchant.refund(order, f"REFUND{place:04d}", chance.randint(1, 1000)).status == 200
        merchant.pass_time(chance.randint(0, 1200))
    days = [DAY, NEXT_DAY]
    merchant.set_time("2024-11-17 10:00:00")
    rows = [row for day in days for row in _rows(merchant, merchant.ask_bill(day))]
    assert sorted(row["商户订单号"] for row in rows if row["交易状态"] == "SUCCESS") == sorted(paid)
    assert sorted(row["商户退款单号"] for row in rows if row["交易状态"] == "REFUND") == sorted(refunded)
    balance = Fraction(0)
    for day in days:
        for row in _rows(merchant, merchant.ask_bill(day, "", FUND_BILL)):
            balance += Fraction(row["收支金额(元)"]) * (1 if row["收支类型"] == "收入" else -1)
            assert Fraction(row["账户结余(元)"]) == balance
    assert balance * 100 == gateway.ledger.balance_fen(merchant_account(gateway.keys.mchid))


def _rows(merchant: Merchant, asked: Answer) -> list[dict[str, str]]:
    """The lines of an announced bill by the names of their columns."""
    header, *lines, _, _, _ = merchant.take_bill(asked).content().decode().split("\n")
    names = header.split(",")
    return [dict(zip(names, line.removeprefix("`").split(",`"), strict=True)) for line in lines]


def test_only_lines_may_be_many(merchant: Merchant) -> None:
    for fault, count_max in ((Fault.STATEMENT_MANY_ROWS, 1000), (Fault.STATEMENT_ZIP_BOMB, 100)):
        put(merchant, Rule(fault=fault, endpoint=Endpoint.TRADE_BILL, count=count_max))
        with pytest.raises(SandboxRefusal, match=f"between 1 and {count_max}"):
            put(merchant, Rule(fault=fault, endpoint=Endpoint.TRADE_BILL, count=count_max + 1))
    assert len(merchant.gateway.faults.rules()) == 2
