"""Bills: what the channel tells a merchant about a day, from ten o'clock in the morning of the next.

Asking makes the file and answers where it lies and what its hash is; whoever has the address, and may, takes it
within five minutes. A day on which nothing happened has no file. Faults of group `statement` fire on the ask, so
that the next ask may bring the corrected file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain

from sandbox.clock import BEIJING
from sandbox.exchange import BodyFile
from sandbox.wechat.bill_file import MadeBill, make_bill
from sandbox.wechat.bill_lines import BillType, Form, Line, fund_form, trade_form
from sandbox.wechat.bill_rows import funds_of, trades_of
from sandbox.wechat.bill_spoils import Day, spoiled
from sandbox.wechat.errors import ChannelError, ErrorCode
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Rule, Stage
from sandbox.wechat.fields import Body
from sandbox.wechat.keys import Keys
from sandbox.wechat.store import Ids, Store

MADE_AT = time(10)
TOKEN_LIFE = timedelta(minutes=5)
MONTHS_BACK = 3
# More files than anybody takes in five minutes; the oldest goes.
KEPT_FILES_MAX = 64
FOREIGN_BASE = "http://127.0.0.2:9"


class FundAccount(StrEnum):
    """The merchant's accounts; this channel moves money on the first alone."""

    BASIC = "BASIC"
    OPERATION = "OPERATION"
    FEES = "FEES"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillWish:
    """A bill asked for: of trades (`bill_type` of `merchant_refs`) or of the funds in an account."""

    endpoint: Endpoint
    day: date
    merchant_refs: tuple[str, str]
    bill_type: BillType = BillType.ALL
    account: FundAccount = FundAccount.BASIC
    is_packed: bool = False

    @property
    def is_trade(self) -> bool:
        """Whether it is a trade bill."""
        return self.endpoint is Endpoint.TRADE_BILL

    def form(self) -> Form:
        """Its columns."""
        return trade_form(self.bill_type) if self.is_trade else fund_form()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    file: BodyFile
    expires_at: datetime
    is_foreign: bool


class BillBook:
    """Makes bills and keeps the files that may be taken."""

    def __init__(self, *, store: Store, ids: Ids, faults: FaultBook, keys: Keys) -> None:
        self._store = store
        self._ids = ids
        self._faults = faults
        self._keys = keys
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def ask(self, wish: BillWish, base_url: str, now: datetime) -> Body:
        """Make the bill; its hash, and the address to take it from. Refused where it is not there to be had."""
        _check_day(wish.day, now)
        rules = self._faults.take(Stage.STATEMENT, wish.endpoint, None)
        fired = {rule.fault for rule in rules}
        if Fault.STATEMENT_LATE in fired:
            raise ChannelError(ErrorCode.STATEMENT_CREATING)
        made = None if Fault.STATEMENT_MISSING_DAY in fired else self._make(wish, rules)
        if made is None:
            raise ChannelError(ErrorCode.NO_STATEMENT_EXIST)
        token = self._keep(made.file, now, is_foreign=Fault.STATEMENT_FOREIGN_TOKEN in fired)
        base = FOREIGN_BASE if Fault.STATEMENT_FOREIGN_ADDRESS in fired else base_url
        address = f"{base}/v3/billdownload/file?token={token}"
        return {
            "hash_type": "SHA1",
            "hash_value": made.sha1,
            "download_url": f"{address}&tartype=gzip" if wish.is_packed else address,
        }

    def file(self, token: str, now: datetime) -> BodyFile:
        """The file behind a token; refused where it is another merchant's, too old, or unknown."""
        kept = self._kept.get(token)
        if kept is None or now >= kept.expires_at:
            raise ChannelError(ErrorCode.INVALID_REQUEST, "下载地址已失效，请重新申请账单")
        if kept.is_foreign:
            raise ChannelError(ErrorCode.NO_AUTH, "该账单不属于当前商户")
        return kept.file

    def true_bill(self, wish: BillWish) -> MadeBill | None:
        """The bill as it would be made now, without the faults and at any hour; None where the day is empty."""
        return self._make(wish, ())

    def _make(self, wish: BillWish, rules: Sequence[Rule]) -> MadeBill | None:
        day = Day(
            on=wish.day,
            lines_of=lambda on: self._lines(wish, on),
            is_trade=wish.is_trade,
            app_ref=self._keys.appid,
            merchant_ref=self._keys.mchid,
        )
        lines = spoiled(day, rules)
        first = next(lines, None)
        if first is None and not any(rule.fault is Fault.STATEMENT_EMPTY_DAY for rule in rules):
            return None
        whole = lines if first is None else chain([first], lines)
        return make_bill(wish.form(), whole, rules, is_packed=wish.is_packed)

    def _lines(self, wish: BillWish, on: date) -> Iterator[Line]:
        if wish.is_trade:
            return trades_of(self._store, self._keys, wish.merchant_refs, wish.bill_type, on)
        if wish.account is not FundAccount.BASIC:
            return iter(())
        return funds_of(self._store, wish.merchant_refs[0], on)

    def _keep(self, file: BodyFile, now: datetime, *, is_foreign: bool) -> str:
        for token in [token for token, kept in self._kept.items() if now >= kept.expires_at]:
            del self._kept[token]
        if len(self._kept) >= KEPT_FILES_MAX:
            self._kept.popitem(last=False)
        token = self._ids.bill_token()
        self._kept[token] = _Kept(file=file, expires_at=now + TOKEN_LIFE, is_foreign=is_foreign)
        return token


def _check_day(day: date, now: datetime) -> None:
    today = now.astimezone(BEIJING).date()
    if day > today:
        raise ChannelError(ErrorCode.INVALID_REQUEST, "账单日期不能晚于今天")
    if day < _months_before(today, MONTHS_BACK):
        raise ChannelError(ErrorCode.INVALID_REQUEST, f"只能申请{MONTHS_BACK}个月内的账单")
    if now < datetime.combine(day + timedelta(days=1), MADE_AT, BEIJING):
        raise ChannelError(ErrorCode.STATEMENT_CREATING)


def _months_before(day: date, count: int) -> date:
    """The same day so many months earlier, or the month's last where it has no such day.

    >>> _months_before(date(2024, 5, 31), 3)
    datetime.date(2024, 2, 29)
    """
    months = day.year * 12 + day.month - 1 - count
    year, month = divmod(months, 12)
    first = date(year, month + 1, 1)
    after = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), after - timedelta(days=1))
