"""Pure decisions about a channel's fund statement: what its words mean, and how what we have not can be explained."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Explanation(StrEnum):
    """Why a movement is on one side and not on the other, or with another amount.

    other_day      both have it, with the same amount, on different days
    elsewhere      it is another region's, which shares our account at the channel: told as one sum
    paid_out       the channel paid our money over to the bank; it becomes ours to book when the treasury says so
    paid_in        money was put into the account so that refunds can be paid
    to_treasury    booked into the treasury that day: the channel had paid it out before
    resolved       a discrepancy, and people said what became of it
    """

    OTHER_DAY = "other_day"
    ELSEWHERE = "elsewhere"
    PAID_OUT = "paid_out"
    PAID_IN = "paid_in"
    TO_TREASURY = "to_treasury"
    RESOLVED = "resolved"


FEE_WORDS: Final = ("扣除交易手续费", "退还交易手续费")
"""Fund lines of fees: kept with a payment, given back with a refund. Source: WeChat Pay, page 下载资金账单."""

PAID_OUT_WORDS: Final = ("提现",)
"""Fund lines of money paid over to the bank."""

PAID_IN_WORDS: Final = ("充值",)
"""Fund lines of money put in."""
