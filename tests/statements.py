"""Trade statements as WeChat writes them, made by hand: every value behind a back-tick, a summary at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from canbao.kernel.clock import BEIJING

HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a statement: a payment, or a refund where `refund_no` is set."""

    at: datetime
    order_no: str
    trade_ref: str
    amount_fen: int
    merchant_ref: str
    app_ref: str
    state: str = "SUCCESS"
    refund_no: str = ""
    refund_fen: int = 0
    refund_state: str = ""

    def but(self, *, amount_fen: int | None = None, at: datetime | None = None, merchant_ref: str | None = None) -> Row:
        """The same line with something else in it."""
        return replace(
            self,
            amount_fen=self.amount_fen if amount_fen is None else amount_fen,
            at=at or self.at,
            merchant_ref=merchant_ref or self.merchant_ref,
        )

    def text(self) -> str:
        """The line as it stands in the file."""
        is_refund = bool(self.refund_no)
        values = (
            self.at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"), self.app_ref, self.merchant_ref, "0", "",
            self.trade_ref, self.order_no, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "MWEB", self.state, "OTHERS", "CNY",
            yuan(0 if is_refund else self.amount_fen), "0.00", f"5{self.refund_no}" if is_refund else "0",
            self.refund_no or "0", yuan(self.refund_fen), "0.00", "ORIGINAL" if is_refund else "", self.refund_state,
            "城乡居民基本医疗保险费\\ 2025年度", "", "0.00000", "0.60%", yuan(0 if is_refund else self.amount_fen),
            yuan(self.refund_fen), "",
        )  # fmt: skip
        return ",".join(f"`{value}" for value in values)


def yuan(fen: int) -> str:
    """An amount as the file writes it."""
    return f"{fen // 100}.{fen % 100:02d}"


def content(rows: Sequence[Row]) -> bytes:
    """The whole file."""
    paid = sum(row.amount_fen for row in rows if not row.refund_no)
    back = sum(row.refund_fen for row in rows)
    sums = (str(len(rows)), yuan(paid), yuan(back), "0.00", "0.00000", yuan(paid), yuan(back))
    lines = [HEAD, *(row.text() for row in rows), SUMMARY, ",".join(f"`{value}" for value in sums)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def write(path: Path, rows: Sequence[Row]) -> Path:
    """The file on disk."""
    path.write_bytes(content(rows))
    return path
