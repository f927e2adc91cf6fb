r"""The lines of a bill file and how they are written: columns, money in yuan, back-ticks, and the sums at the end.

A trade bill has a line for each payment and for each refund, a fund bill one for each movement of the merchant's
account. Every value stands behind one back-tick and nothing is quoted: a comma inside a text is written as a
backslash and a blank, a line break as a backslash and an n. Amounts are yuan with two decimals, fees with five.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter

from sandbox.clock import BEIJING

# All columns there are, in the order of a bill of refunds, which has every one of them.
TRADE_COLUMNS = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "退款申请时间",
    "退款成功时间",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
)
REFUND_TIMES = frozenset({"退款申请时间", "退款成功时间"})
REFUND_COLUMNS = frozenset(
    {"微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额"}
)
TRADE_SUMS = (
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
)
FUND_COLUMNS = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
)
FUND_SUMS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
NO_SUB_MERCHANT = "0"
# A day repeats its prices, texts and seconds; what was written before is not worked out again.
REMEMBERED_MAX = 4096


class BillType(StrEnum):
    """Which trades a trade bill tells of."""

    ALL = "ALL"
    SUCCESS = "SUCCESS"
    REFUND = "REFUND"


class RefundWord(StrEnum):
    """A bill's words for the state a refund had when its day ended; a query calls the same things otherwise."""

    SUCCESS = "SUCCESS"
    PROCESSING = "PROCESSING"
    FAIL = "FAIL"
    CHANGE = "CHANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPart:
    """What a line has besides where it tells of a refund."""

    out_refund_no: str
    refund_id: str
    amount_fen: int
    asked_ms: int
    success_ms: int | None
    way: str
    word: RefundWord


@dataclass(slots=True, kw_only=True)
class TradeLine:
    """One payment, or one refund of it; `fee_fen` is negative where the fee comes back.

    Not frozen, though nobody changes one: a million are made in a run, and a frozen one takes twice as long to make.
    """

    at_ms: int
    app_ref: str
    merchant_ref: str
    sub_merchant_ref: str = NO_SUB_MERCHANT
    transaction_id: str
    out_trade_no: str
    openid: str
    trade_type: str
    description: str
    attach: str
    amount_fen: int
    fee_fen: int
    fee_per_million: int
    refund: RefundPart | None = None

    def cells(self) -> tuple[str, ...]:
        """The values of every column of `TRADE_COLUMNS`."""
        refund, ordered_fen = self.refund, self.amount_fen if self.refund is None else 0
        if refund is None:
            told = ("", "", "0", "0", "0.00", "0.00", "", "")
        else:
            told = (
                at_text(refund.asked_ms),
                "" if refund.success_ms is None else at_text(refund.success_ms),
                refund.refund_id,
                refund.out_refund_no,
                yuan(refund.amount_fen),
                "0.00",
                refund.way,
                refund.word.value,
            )
        return (
            at_text(self.at_ms),
            self.app_ref,
            self.merchant_ref,
            self.sub_merchant_ref,
            "",
            self.transaction_id,
            self.out_trade_no,
            self.openid,
            self.trade_type,
            "SUCCESS" if refund is None else "REFUND",
            "OTHERS",
            "CNY",
            yuan(ordered_fen),
            "0.00",
            *told,
            escaped(self.description),
            escaped(self.attach),
            yuan(self.fee_fen, "000"),
            rate_text(self.fee_per_million),
            yuan(ordered_fen),
            "0.00" if refund is None else yuan(refund.amount_fen),
            "",
        )


@dataclass(slots=True, kw_only=True)
class FundLine:
    """One movement of the merchant's account; `out_trade_no` is behind it, or empty, and is not written."""

    at_ms: int
    business_ref: str
    flow_ref: str
    business_name: str
    business_kind: str
    is_income: bool
    amount_fen: int
    balance_fen: int
    actor: str
    remark: str
    voucher_ref: str
    out_trade_no: str

    def cells(self) -> tuple[str, ...]:
        """The values of every column of `FUND_COLUMNS`."""
        return (
            at_text(self.at_ms),
            self.business_ref,
            self.flow_ref,
            self.business_name,
            self.business_kind,
            "收入" if self.is_income else "支出",
            yuan(self.amount_fen),
            yuan(self.balance_fen),
            self.actor,
            escaped(self.remark),
            self.voucher_ref,
        )


Line = TradeLine | FundLine


class Sums:
    """What the lines written so far make together."""

    def __init__(self) -> None:
        self.count = self.income_count = 0
        self.ordered_fen = self.refunded_fen = self.fee_fen = self.income_fen = self.outgo_fen = 0

    def add(self, line: Line) -> None:
        """Count one line in."""
        self.count += 1
        if isinstance(line, FundLine):
            self.income_count += line.is_income
            self.income_fen += line.amount_fen if line.is_income else 0
            self.outgo_fen += 0 if line.is_income else line.amount_fen
            return
        self.fee_fen += line.fee_fen
        if line.refund is None:
            self.ordered_fen += line.amount_fen
        else:
            self.refunded_fen += line.refund.amount_fen

    def trade_cells(self) -> tuple[str, ...]:
        """The values of `TRADE_SUMS`."""
        ordered, refunded = yuan(self.ordered_fen), yuan(self.refunded_fen)
        return (str(self.count), ordered, refunded, "0.00", yuan(self.fee_fen, "000"), ordered, refunded)

    def fund_cells(self) -> tuple[str, ...]:
        """The values of `FUND_SUMS`."""
        outgo_count = self.count - self.income_count
        incomes = (str(self.income_count), yuan(self.income_fen))
        return (str(self.count), *incomes, str(outgo_count), yuan(self.outgo_fen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Which columns a kind of bill has, and its sums; `pick` takes a line's values for these columns."""

    columns: tuple[str, ...]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    sums: tuple[str, ...]
    is_trade: bool

    def sum_cells(self, sums: Sums) -> tuple[str, ...]:
        """The values of the bill's last line."""
        return sums.trade_cells() if self.is_trade else sums.fund_cells()


def trade_form(bill_type: BillType) -> Form:
    """27 columns of all trades, 20 of payments alone, 29 of refunds alone."""
    left_out: frozenset[str] = frozenset()
    if bill_type is not BillType.REFUND:
        left_out |= REFUND_TIMES
    if bill_type is BillType.SUCCESS:
        left_out |= REFUND_COLUMNS
    places = [place for place, name in enumerate(TRADE_COLUMNS) if name not in left_out]
    pick: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*places)
    return Form(columns=pick(TRADE_COLUMNS), pick=pick, sums=TRADE_SUMS, is_trade=True)


def fund_form() -> Form:
    """Eleven columns."""
    return Form(columns=FUND_COLUMNS, pick=tuple, sums=FUND_SUMS, is_trade=False)


@lru_cache(REMEMBERED_MAX)
def yuan(fen: int, more: str = "") -> str:
    """Fen as yuan, with more decimals behind the two.

    >>> yuan(38000), yuan(5), yuan(-228, "000"), yuan(0, "000")
    ('380.00', '0.05', '-2.28000', '0.00000')
    """
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{part:02d}{more}"


@lru_cache(REMEMBERED_MAX)
def rate_text(per_million: int) -> str:
    """A fee's share as the bill prints it.

    >>> rate_text(6000), rate_text(0)
    ('0.60%', '0.00%')
    """
    return f"{per_million // 10_000}.{per_million % 10_000 // 100:02d}%"


@lru_cache(REMEMBERED_MAX)
def escaped(text: str) -> str:
    r"""A text as it stands in a bill.

    >>> escaped("医保,2025\n年度")
    '医保\\ 2025\\n年度'
    """
    if "," not in text and "\n" not in text and "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(",", "\\ ").replace("\n", "\\n")


def at_text(milliseconds: int) -> str:
    """An instant as the bill prints it: China's time, whole seconds.

    >>> at_text(1731632400999)
    '2024-11-15 09:00:00'
    """
    return _second_text(milliseconds // 1000)


@lru_cache(REMEMBERED_MAX)
def _second_text(second: int) -> str:
    return str(datetime.fromtimestamp(second, BEIJING).replace(tzinfo=None))


def line_text(cells: Sequence[str]) -> str:
    """A line of values, without its end."""
    return "`" + ",`".join(cells)
