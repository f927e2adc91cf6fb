"""What the faults of group `statement` do to the lines of a bill: some are left out, some made up, some changed.

Each fault takes the lines that the ones before it left, one by one, so that a bill of any length is spoiled without
being held. Which lines are meant, a rule's `out_trade_no` and `count` say: the first so many whose order fits.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import chain

from sandbox.wechat.bill_lines import FundLine, Line, RefundWord, TradeLine, yuan
from sandbox.wechat.bill_rows import bounds_of
from sandbox.wechat.faults import Fault, Rule

FOREIGN_MERCHANT = "1900000109"
FOREIGN_APP = "wxd678efh567hg6787"
MADE_UP_FEN = 38000
NOON_MS = 12 * 3600 * 1000
MANY = 1000
HARD_TEXT = "城乡居民医保,2025年度\n代缴,第二人"

LinesOf = Callable[[date], Iterator[Line]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day a bill is of, how any day's true lines are read, and whose lines are made up."""

    on: date
    lines_of: LinesOf
    is_trade: bool
    app_ref: str
    merchant_ref: str


def spoiled(day: Day, rules: Sequence[Rule]) -> Iterator[Line]:
    """The day's lines as these rules leave them, in the rules' order."""
    lines = day.lines_of(day.on)
    for rule in rules:
        spoil = _SPOILS.get(rule.fault)
        if spoil is not None:
            lines = spoil(day, lines, rule)
    return lines


class _Chosen:
    """Says of each line in turn whether a rule means it."""

    def __init__(self, rule: Rule) -> None:
        self._pattern, self._left = rule.out_trade_no, rule.count

    def __call__(self, line: Line) -> bool:
        is_meant = self._left > 0 and fnmatch.fnmatchcase(line.out_trade_no, self._pattern)
        self._left -= is_meant
        return is_meant


def _none(_day: Day, _lines: Iterator[Line], _rule: Rule) -> Iterator[Line]:
    return iter(())


def _without(_day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_meant = _Chosen(rule)
    return (line for line in lines if not is_meant(line))


def _twice(_day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_meant = _Chosen(rule)
    for line in lines:
        yield line
        if is_meant(line):
            yield line


def _carried(day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    was_meant = _Chosen(rule)
    before = (line for line in day.lines_of(day.on - timedelta(days=1)) if was_meant(line))
    return chain(before, _without(day, lines, rule))


def _off_by(_day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_meant = _Chosen(rule)
    for line in lines:
        yield _with_amount(line, rule.delta_fen) if is_meant(line) else line


def _with_amount(line: Line, delta_fen: int) -> Line:
    if isinstance(line, TradeLine) and line.refund is not None:
        refund = dataclasses.replace(line.refund, amount_fen=max(0, line.refund.amount_fen + delta_fen))
        return dataclasses.replace(line, refund=refund)
    return dataclasses.replace(line, amount_fen=max(0, line.amount_fen + delta_fen))


def _ahead(day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_meant = _Chosen(rule)
    last_ms = bounds_of(day.on)[1] - 1
    for line in lines:
        refund = line.refund if isinstance(line, TradeLine) else None
        if refund is None or refund.word is not RefundWord.PROCESSING or not is_meant(line):
            yield line
            continue
        assert isinstance(line, TradeLine)
        done = dataclasses.replace(refund, word=RefundWord.SUCCESS, success_ms=last_ms)
        yield dataclasses.replace(line, refund=done)


def _hard_to_read(_day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_meant = _Chosen(rule)
    for line in lines:
        if not is_meant(line):
            yield line
        elif isinstance(line, TradeLine):
            yield dataclasses.replace(line, description=HARD_TEXT, attach=HARD_TEXT)
        else:
            yield dataclasses.replace(line, remark=HARD_TEXT)


def _extra(day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    is_named = rule.count == 1 and not set("*?[") & set(rule.out_trade_no)
    number = (lambda _place: rule.out_trade_no) if is_named else _numbered("EXTRA", day)
    return chain(lines, _made_up(day, number, rule.count, "4201"))


def _many(day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    return chain(lines, _made_up(day, _numbered("MANY", day), rule.count * MANY, "4202"))


def _foreign(day: Day, lines: Iterator[Line], rule: Rule) -> Iterator[Line]:
    if not day.is_trade:
        return lines
    there = dataclasses.replace(day, app_ref=FOREIGN_APP, merchant_ref=FOREIGN_MERCHANT)
    return chain(lines, _made_up(there, _numbered("FOREIGN", day), rule.count, "4203"))


def _numbered(word: str, day: Day) -> Callable[[int], str]:
    return lambda place: f"{word}{day.on:%Y%m%d}{place:07d}"


def _made_up(day: Day, number: Callable[[int], str], count: int, prefix: str) -> Iterator[Line]:
    """Payments at noon that no order is behind."""
    at_ms = bounds_of(day.on)[0] + NOON_MS
    for place in range(1, count + 1):
        transaction_id = f"{prefix}{day.on:%Y%m%d}{place:016d}"
        if day.is_trade:
            yield TradeLine(
                at_ms=at_ms,
                app_ref=day.app_ref,
                merchant_ref=day.merchant_ref,
                transaction_id=transaction_id,
                out_trade_no=number(place),
                openid="oSandboxNobody00000000000000",
                trade_type="MWEB",
                description="城乡居民基本医疗保险费",
                attach="",
                amount_fen=MADE_UP_FEN,
                fee_fen=0,
                fee_per_million=0,
            )
        else:
            yield FundLine(
                at_ms=at_ms,
                business_ref=transaction_id,
                flow_ref=f"19{transaction_id[2:]}",
                business_name="交易",
                business_kind="交易",
                is_income=True,
                amount_fen=MADE_UP_FEN,
                balance_fen=MADE_UP_FEN,
                actor="system",
                remark=f"结算总金额{yuan(MADE_UP_FEN)}元;含手续费0.00元",
                voucher_ref=number(place),
                out_trade_no=number(place),
            )


_SPOILS: dict[Fault, Callable[[Day, Iterator[Line], Rule], Iterator[Line]]] = {
    Fault.STATEMENT_EMPTY_DAY: _none,
    Fault.STATEMENT_MISSING_ROW: _without,
    Fault.STATEMENT_EXTRA_ROW: _extra,
    Fault.STATEMENT_WRONG_AMOUNT: _off_by,
    Fault.STATEMENT_DUPLICATE_ROW: _twice,
    Fault.STATEMENT_NEIGHBOUR_DAY: _carried,
    Fault.STATEMENT_REFUND_AHEAD: _ahead,
    Fault.STATEMENT_FOREIGN_ROW: _foreign,
    Fault.STATEMENT_COMMA_IN_TEXT: _hard_to_read,
    Fault.STATEMENT_MANY_ROWS: _many,
}
