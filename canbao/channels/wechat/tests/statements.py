"""Statements written by hand for tests, and a writer of others: it shares nothing with the reader but the channel's
description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ALL_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUCCESS_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注"
)
SUMMARY_HEADER = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_HEADER = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMMARY_HEADER = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"

PAID = (
    "`2024-11-15 10:00:41,`wxd678efh567hg6787,`1900000109,`0,`,`4200002400202411150000000001,`360100P4M82ZT7K3QX,"
    "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`MWEB,`SUCCESS,`OTHERS,`CNY,`400.00,`0.00,`0,`0,`0.00,`0.00,`,`,"
    "`城乡居民医保\\ 1人\\n2025年度,`,`2.40000,`0.60%,`400.00,`0.00,`"
)
REFUNDED = (
    "`2024-11-15 15:30:00,`wxd678efh567hg6787,`1900000109,`0,`,`4200002400202411140000000009,`360100P0000000009A,"
    "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6p,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300002400202411150000000002,"
    "`360100R0000000001B,`380.05,`0.00,`ORIGINAL,`SUCCESS,`城乡居民医保,`,`-2.28030,`0.60%,`0.00,`380.05,`"
)
SUMMARY = "`2,`400.00,`380.05,`0.00,`0.11970,`400.00,`380.05"
ALL_LINES = [ALL_HEADER, PAID, REFUNDED, SUMMARY_HEADER, SUMMARY]

FUND_IN = (
    "`2024-11-15 10:00:42,`4200002400202411150000000001,`1900000109001,`交易,`交易,`收入,`400.00,`1400.00,`system,"
    "`结算总金额 400.00 元\\ 含手续费 2.40 元,`360100P4M82ZT7K3QX"
)
FUND_OUT = (
    "`2024-11-15 15:30:01,`50300002400202411150000000002,`1900000109002,`退款,`退款,`支出,`1500.00,`-100.00,`360100,"
    "`退款总金额1500.00元,`360100R0000000001B"
)
FUND_LINES = [FUND_HEADER, FUND_IN, FUND_OUT, FUND_SUMMARY_HEADER, "`2,`1,`400.00,`1,`1500.00"]


def file_of(lines: Sequence[str], *, end: str = "\n") -> bytes:
    """The lines as a file."""
    return "".join(line + end for line in lines).encode()


def changed(line: str, values: Mapping[str, str], *, header: str = ALL_HEADER) -> str:
    """A detail line with some columns' values replaced."""
    named = dict(zip(header.split(","), line.removeprefix("`").split(",`"), strict=True)) | dict(values)
    return "`" + ",`".join(named.values())


def reordered(lines: Sequence[str], order: Sequence[int]) -> list[str]:
    """A whole trade statement with its details' columns in another order."""
    header, *details, summary_header, summary = lines
    names = header.split(",")
    rows = [detail.removeprefix("`").split(",`") for detail in details]
    return [
        ",".join(names[place] for place in order),
        *("`" + ",`".join(row[place] for place in order) for row in rows),
        summary_header,
        summary,
    ]


def yuan(fen: int) -> str:
    """Fen as the channel writes them."""
    return f"{fen // 100}.{fen % 100:02d}"


def fee(milli_fen: int) -> str:
    """Thousandths of a fen as the channel writes a fee."""
    sign = "-" if milli_fen < 0 else ""
    return f"{sign}{abs(milli_fen) // 100000}.{abs(milli_fen) % 100000:05d}"
