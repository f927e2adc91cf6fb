"""The bill calls of the API: asked for, and taken; from request to answer."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum

from sandbox.exchange import BodyFile
from sandbox.wechat.bill_lines import BillType
from sandbox.wechat.bills import BillBook, BillWish, FundAccount
from sandbox.wechat.errors import bad_field
from sandbox.wechat.faults import Endpoint
from sandbox.wechat.fields import Body, Scope, check_merchant, need_text
from sandbox.wechat.keys import Keys

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BillCalls:
    """What the channel answers to a bill call; refusals are `ChannelError`."""

    def __init__(self, bills: BillBook, keys: Keys) -> None:
        self._bills = bills
        self._keys = keys

    def ask(self, endpoint: Endpoint, parts: Body, base_url: str, now: datetime) -> Body:
        """Hash and address of a bill."""
        return self._bills.ask(check_bill(endpoint, parts, self._keys), base_url, now)

    def file(self, parts: Body, now: datetime) -> BodyFile:
        """The file that an address leads to."""
        return self._bills.file(need_text(parts, "token", 1, 128), now)


def check_bill(endpoint: Endpoint, parts: Body, keys: Keys) -> BillWish:
    """Check every part of a bill's address; the first that fails is refused by name.

    A partner who names no sub-merchant is told of its own trade and of its sub-merchants'.
    """
    day = _day(parts)
    is_trade = endpoint is Endpoint.TRADE_BILL
    merchant_refs = (keys.mchid, keys.sub_mchid if is_trade else keys.mchid)
    if is_trade and "sub_mchid" in parts:
        named: Body = {"sp_mchid": keys.mchid, "sub_mchid": parts["sub_mchid"]}
        sub_mchid = check_merchant(Scope.PARTNER, named, keys)
        merchant_refs = (sub_mchid, sub_mchid)
    return BillWish(
        endpoint=endpoint,
        day=day,
        merchant_refs=merchant_refs,
        bill_type=BillType(_word(parts, "bill_type", BillType)) if is_trade else BillType.ALL,
        account=FundAccount.BASIC if is_trade else FundAccount(_word(parts, "account_type", FundAccount)),
        is_packed=_is_packed(parts),
    )


def _day(parts: Body) -> date:
    value = need_text(parts, "bill_date", 1, 10)
    try:
        if DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise bad_field("/bill_date", value, "格式应为 yyyy-MM-dd", "query")


def _word(parts: Body, name: str, words: type[StrEnum]) -> str:
    """A word of a closed list; its first where it is left out."""
    listed = [one.value for one in words]
    value = parts.get(name, listed[0])
    if value not in listed:
        raise bad_field(f"/{name}", value, f"应为 {'、'.join(listed)} 之一", "query")
    return str(value)


def _is_packed(parts: Body) -> bool:
    value = parts.get("tar_type", "")
    if value not in ("", "GZIP"):
        raise bad_field("/tar_type", value, "应为 GZIP，不填则不压缩", "query")
    return value == "GZIP"
