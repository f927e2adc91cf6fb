"""Loading a statement: every line of the file into the table, in one transaction and in bounded memory.

Lines stream from the channel's reader into COPY. The reader raises where it cannot go on, and at the end when the
file's own summary says otherwise than its lines: then nothing of the file is there. A file given by hand without one
line of the day, and any without one line of ours, is the wrong file and is refused whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from typing import cast

from canbao.channels.interface import Account, FundLine, StatementKind, StatementLine
from canbao.kernel.clock import Instant, civil_date, start_of_day
from canbao.kernel.sql import Tx
from canbao.reconciliation import store
from canbao.reconciliation.errors import LINE_UNKEEPABLE, STATEMENT_OF_ANOTHER_DAY, STATEMENT_OF_ANOTHER_MERCHANT
from canbao.reconciliation.statement_files import Statement, told
from canbao.reconciliation.states import STATEMENT, StatementSource, StatementState

BLOCK_LINES = 400
"""Lines written and handed to the driver at once: as many as stay in the processor's nearest memory meanwhile."""

COPY_BLOCKS = 250
"""Blocks of one COPY: a statement of its own for the database, far from its time limit."""

REF_LENGTH_MAX = 64

INSTANTS_MAX, SHARED_MAX = 90_000, 10_000
"""Texts that are remembered while a file is read: of a day's seconds, and of what lines share."""

LINE_COLUMNS = (
    "region_code", "statement_id", "line_no", "happened_at", "trade_ref", "order_no", "kind", "state", "amount_fen",
    "fee_milli_fen", "refund_ref", "refund_no", "merchant_ref", "app_ref",
)  # fmt: skip
"""A line's own columns stand before those that it shares with many."""
FUND_COLUMNS = (
    "region_code", "statement_id", "line_no", "happened_at", "business_ref", "flow_ref", "business_kind", "is_income",
    "amount_fen", "balance_fen", "remark", "voucher_ref",
)  # fmt: skip

Progress = Callable[[int], None]
"""Told how many lines were read so far."""


@dataclass(slots=True)
class _Seen:
    """What the lines of a file were about so far."""

    count: int = 0
    any_on_day: bool = False
    any_of_us: bool = False
    first_on: date | None = None
    first_merchant: str = ""


def load_lines(
    tx: Tx,
    kept: Statement,
    lines: Iterable[StatementLine | FundLine],
    account: Account,
    *,
    now: Instant,
    progress: Progress | None = None,
) -> Statement:
    """Load a kept statement; answers it as it is then. One that is loaded already is left as it is, its lines unread.

    `account` is who we are at the channel. Errors: those of the channel's reader, `reconciliation.line_unkeepable`,
    `reconciliation.statement_of_another_day`, `reconciliation.statement_of_another_merchant`; nothing is loaded then.
    """
    store.hold_statements(tx)
    row = store.lock_statement(tx, kept.statement_id)
    if row.state not in STATEMENT.sources("load"):
        return told(kept.region_code, row)
    seen = _Seen()
    if kept.kind is StatementKind.TRADES:
        _copy(tx, "reconciliation_line", LINE_COLUMNS, _trade_blocks(kept, lines, account, seen, progress))
    else:
        _copy(tx, "reconciliation_fund_line", FUND_COLUMNS, _fund_blocks(kept, lines, seen, progress))
    _refuse_the_wrong_file(kept, seen, account)
    move_no = store.note_loaded(
        tx, kept.statement_id, merchant_ref=account.merchant_ref, app_ref=account.app_ref, now=now
    )
    store.record_move(
        tx, kept.statement_id, move_no, event="load", target=StatementState.LOADED, cause=f"{seen.count} lines", now=now
    )
    if kept.kind is StatementKind.FUNDS:
        store.supersede(tx, row, now=now)
    return told(kept.region_code, store.lock_statement(tx, kept.statement_id))


def _copy(tx: Tx, into: str, columns: tuple[str, ...], blocks: Iterator[str]) -> None:
    for first in blocks:
        tx.copy_text(into, columns, chain([first], islice(blocks, COPY_BLOCKS - 1)))


def _trade_blocks(
    kept: Statement,
    lines: Iterable[StatementLine | FundLine],
    account: Account,
    seen: _Seen,
    progress: Progress | None,
) -> Iterator[str]:
    """Lines in COPY's text form, a block at a time: a million of them are ordinary, and whatever is done for each costs
    a second of the run.
    """
    text = _TradeText(kept, account, seen)
    feed = cast("Iterator[StatementLine]", iter(lines))
    while block := list(islice(feed, BLOCK_LINES)):
        if seen.first_on is None:
            seen.first_on, seen.first_merchant = civil_date(block[0].happened_at), block[0].merchant_ref
        seen.count += len(block)
        if progress is not None:
            progress(seen.count)
        yield text.of(block)


class _TradeText:
    """Trade lines as COPY wants them. A day knows few prices, merchants and seconds: what lines share is looked at and
    written once and remembered, and what is said of it in `seen` with it.
    """

    __slots__ = ("_day", "_head", "_ours", "_seen", "_shared", "_times")

    def __init__(self, kept: Statement, account: Account, seen: _Seen) -> None:
        self._head = f"{int(kept.region_code)}\t{kept.statement_id}\t"
        self._day = start_of_day(kept.day_on), start_of_day(kept.day_on + timedelta(days=1))
        self._ours = account.merchant_ref, account.app_ref
        self._seen = seen
        self._times: dict[Instant, str] = {}
        self._shared: dict[tuple[object, ...], str] = {}

    def of(self, block: list[StatementLine]) -> str:
        """The rows of a block. Errors: `reconciliation.line_unkeepable`."""
        head, time, shared = self._head, self._time, self._shared_by
        if _are_plain([line.trade_ref for line in block]) and _are_plain([line.order_no for line in block]):
            return "".join(
                [
                    f"{head}{line.line_no}\t{time(line.happened_at)}\t{line.trade_ref}\t{line.order_no}\t{shared(line)}\n"
                    for line in block
                ]
            )
        own = ["\t".join(_escaped(line.line_no, line.trade_ref, line.order_no)) for line in block]
        return "".join(
            f"{head}{line.line_no}\t{time(line.happened_at)}\t{refs}\t{shared(line)}\n"
            for line, refs in zip(block, own, strict=True)
        )

    def _time(self, at: Instant) -> str:
        known = self._times.get(at)
        if known is None:
            if len(self._times) >= INSTANTS_MAX:
                self._times.clear()
            # "+00" instead of "+00:00": the server reads it in two thirds of the time.
            known = self._times[at] = at.isoformat(" ").removesuffix(":00")
            day_from, day_until = self._day
            self._seen.any_on_day = self._seen.any_on_day or day_from <= at < day_until
        return known

    def _shared_by(self, line: StatementLine) -> str:
        values = (
            line.kind, line.state, line.amount_fen, line.fee_milli_fen, line.refund_ref, line.refund_no,
            line.merchant_ref, line.app_ref,
        )  # fmt: skip
        known = self._shared.get(values)
        if known is None:
            if len(self._shared) >= SHARED_MAX:
                self._shared.clear()
            kind, state, amount, fee, *refs = values
            said = "\t".join(_escaped(line.line_no, *map(str, refs)))
            known = self._shared[values] = f"{kind}\t{state}\t{amount}\t{fee}\t{said}"
            self._seen.any_of_us = self._seen.any_of_us or values[-2:] == self._ours
        return known


def _are_plain(values: list[str]) -> bool:
    """Whether nothing of these has to be escaped or is too long: nearly always."""
    said = "".join(values)
    return said.isprintable() and "\\" not in said and max(map(len, values)) <= REF_LENGTH_MAX


def _fund_blocks(
    kept: Statement, lines: Iterable[StatementLine | FundLine], seen: _Seen, progress: Progress | None
) -> Iterator[str]:
    head = f"{int(kept.region_code)}\t{kept.statement_id}\t"
    day_from, day_until = start_of_day(kept.day_on), start_of_day(kept.day_on + timedelta(days=1))
    block: list[str] = []
    for line in lines:
        assert isinstance(line, FundLine), "a fund statement has fund lines"
        if day_from <= line.happened_at < day_until:
            seen.any_on_day = True
        if seen.first_on is None:
            seen.first_on = civil_date(line.happened_at)
        refs = "\t".join(_escaped(line.line_no, line.business_ref, line.flow_ref, line.business_kind))
        said = "\t".join(_escaped(line.line_no, _one_line(line.remark), line.voucher_ref))
        block.append(
            f"{head}{line.line_no}\t{line.happened_at.isoformat()}\t{refs}\t{'t' if line.is_income else 'f'}\t"
            f"{line.amount_fen}\t{line.balance_fen}\t{said}\n"
        )
        if len(block) == BLOCK_LINES:
            yield _taken(block, seen, progress)
    if block:
        yield _taken(block, seen, progress)


def _taken(block: list[str], seen: _Seen, progress: Progress | None) -> str:
    text = "".join(block)
    seen.count += len(block)
    block.clear()
    if progress is not None:
        progress(seen.count)
    return text


def _one_line(remark: str) -> str:
    """A remark is prose: what cannot be kept of it is left out."""
    return "".join(sign for sign in remark if sign.isprintable())[:REF_LENGTH_MAX]


def _escaped(line_no: int, *values: str) -> tuple[str, ...]:
    """Values that are not plain, for COPY. Errors: `reconciliation.line_unkeepable`."""
    for value in values:
        if len(value) > REF_LENGTH_MAX or not value.isprintable():
            raise LINE_UNKEEPABLE(line=line_no)
    return tuple(value.replace("\\", "\\\\") for value in values)


def _refuse_the_wrong_file(kept: Statement, seen: _Seen, account: Account) -> None:
    if not seen.count:
        return
    assert seen.first_on is not None, "the first line was seen"
    # Whoever gives a file may take the wrong one; a file that the channel named for the day is of that day, and a line
    # of a neighbour day in it is judged by itself.
    if not seen.any_on_day and kept.source is StatementSource.BY_HAND:
        raise STATEMENT_OF_ANOTHER_DAY(day=kept.day_on.isoformat(), found=seen.first_on.isoformat())
    if kept.kind is StatementKind.TRADES and not seen.any_of_us:
        raise STATEMENT_OF_ANOTHER_MERCHANT(found=seen.first_merchant[:REF_LENGTH_MAX], ours=account.merchant_ref)
