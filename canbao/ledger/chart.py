"""The chart of accounts: which kinds of account there are, and what the social insurance fund's accounting system
calls them.

The fund keeps its books after 社会保险基金会计制度 (财会〔2017〕28号). The names below are its headings as we know
them; they have not been compared with the printed text, so each carries `is_sourced = False` and no official number is
printed anywhere. An account is one kind, for one scheme, channel or due period where its kind asks for that; its id
follows from these, so that every process names the same account without asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode


class Side(StrEnum):
    """The side on which an account of a kind normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountCode(StrEnum):
    """The kinds of account, by our own words."""

    CLEARING = "clearing"
    ASSISTANCE_RECEIVABLE = "assistance_receivable"
    CONTRIBUTION_INCOME = "contribution_income"
    SUSPENSE = "suspense"
    REFUND_PAYABLE = "refund_payable"
    TREASURY = "treasury"
    CHANNEL_FEE = "channel_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A kind of account as an accountant reads it.

    `name_zh` is what we print; `official_zh` the heading of the accounting system under which it is reported;
    `is_sourced` whether that heading was compared with the published text."""

    account_code: AccountCode
    name_zh: str
    name_en: str
    official_zh: str
    side: Side
    is_sourced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """Which account: its kind, and what it is kept for. Empty text and zero mean: not kept by that."""

    account_code: AccountCode
    scheme_code: str = ""
    channel_code: str = ""
    due_from: int = 0


CHART: dict[AccountCode, Heading] = {
    heading.account_code: heading
    for heading in (
        Heading(
            account_code=AccountCode.CLEARING,
            name_zh="渠道待清算款",
            name_en="Taken by a channel, not yet paid over",
            official_zh="暂付款",
            side=Side.DEBIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.TREASURY,
            name_zh="已入国库款",
            name_en="Booked into the treasury",
            official_zh="国库存款",
            side=Side.DEBIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.CHANNEL_FEE,
            name_zh="渠道手续费",
            name_en="Kept by a channel as its fee",
            official_zh="暂付款",
            side=Side.DEBIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.ASSISTANCE_RECEIVABLE,
            name_zh="应收资助参保款",
            name_en="Owed by the fund that assists the insured",
            official_zh="暂付款",
            side=Side.DEBIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.CONTRIBUTION_INCOME,
            name_zh="社会保险费收入",
            name_en="Contribution income",
            official_zh="社会保险费收入",
            side=Side.CREDIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.SUSPENSE,
            name_zh="暂收款",
            name_en="Received, not yet attributed",
            official_zh="暂收款",
            side=Side.CREDIT,
            is_sourced=False,
        ),
        Heading(
            account_code=AccountCode.REFUND_PAYABLE,
            name_zh="应付退费款",
            name_en="Approved to go back, not yet with the payer",
            official_zh="暂收款",
            side=Side.CREDIT,
            is_sourced=False,
        ),
    )
}
"""Every kind of account, in the order of the books: what we have, what came in, what we owe."""


@lru_cache(maxsize=10_000)
def account_id(region: RegionCode, key: AccountKey) -> UUID:
    """The account's id: the same in every process, for ever."""
    return derived_id("account", region, key.account_code, key.scheme_code, key.channel_code, key.due_from)
