"""What the room's tests stand on: orders and captures written through payments' front door, and statements of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from canbao.channels.interface import (
    FundLine,
    LineKind,
    LineState,
    StatementKind,
    StatementLine,
)
from canbao.kernel.clock import FixedClock, start_of_day
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments.public import Order
from canbao.payments.tests.desk import OURS, Desk
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import Difference, Statement, StatementSource
from tests.owner import as_owner

DAY = date(2024, 11, 15)
NOON = start_of_day(DAY) + timedelta(hours=12)


@dataclass(slots=True)
class Clerk:
    """Writes what a channel says of a day, and compares it."""

    desk: Desk
    clock: FixedClock
    _written: int = field(default=0)

    @property
    def region(self) -> RegionCode:
        """The desk's region."""
        return self.desk.region

    def paid(
        self,
        amount_fen: int = 40_000,
        *,
        at: datetime = NOON,
        trade_ref: str | None = None,
        told_fen: int | None = None,
    ) -> StatementLine:
        """An order, its payment as we learned of it, and the line that a statement has of it."""
        order = self.desk.open(amount_fen)
        return self.captured(order.order_no, told_fen or amount_fen, at=at, trade_ref=trade_ref)

    def captured(
        self, order_no: str, amount_fen: int = 40_000, *, at: datetime = NOON, trade_ref: str | None = None
    ) -> StatementLine:
        """A payment as we learned of it, whatever its order; and the line that a statement has of it."""
        seen = self.desk.seen(order_no, amount_fen, trade_ref=trade_ref)
        self.desk.judge(replace(seen, payment=replace(seen.payment, happened_at=at)))
        return self.line(order_no, amount_fen, trade_ref=seen.payment.trade_ref, at=at)

    def expired(self, on: date = DAY) -> Order:
        """An order that could last be paid on a day, and that has no outcome."""
        order = self.desk.open()
        change("UPDATE payments_order SET expires_at = %s WHERE id = %s", start_of_day(on), order.order_id)
        return order

    def line(
        self,
        order_no: str,
        amount_fen: int = 40_000,
        *,
        trade_ref: str = "",
        at: datetime = NOON,
        state: LineState = LineState.SUCCESS,
        merchant_ref: str = OURS.merchant_ref,
        app_ref: str = OURS.app_ref,
        line_no: int = 0,
    ) -> StatementLine:
        """A line of a payment."""
        self._written += 1
        return StatementLine(
            line_no=line_no,
            kind=LineKind.PAYMENT,
            happened_at=at,
            merchant_ref=merchant_ref,
            app_ref=app_ref,
            order_no=order_no,
            trade_ref=trade_ref or f"42009{self._written:05d}",
            refund_no="",
            refund_ref="",
            amount_fen=Fen(amount_fen),
            fee_milli_fen=amount_fen * 6,
            state=state,
            text="",
        )

    def refund_line(
        self,
        of: StatementLine,
        refund_no: str,
        amount_fen: int,
        *,
        state: LineState = LineState.REFUND_SUCCESS,
        refund_ref: str | None = None,
        at: datetime = NOON,
    ) -> StatementLine:
        """A line of a refund of a payment."""
        return replace(
            of,
            kind=LineKind.REFUND,
            refund_no=refund_no,
            refund_ref=refund_ref if refund_ref is not None else f"50{refund_no}",
            amount_fen=Fen(amount_fen),
            fee_milli_fen=-amount_fen * 6,
            state=state,
            happened_at=at,
        )

    def keep(self, lines: Sequence[StatementLine | FundLine], *, on: date = DAY, kind: StatementKind) -> Statement:
        """Keep a file that stands for these lines: others have other bytes."""
        text = "the head\n" + "".join(f"{line}\n" for line in lines)
        with region_tx(self.region) as tx:
            return reconciliation.keep_statement(
                tx,
                channel_code="wechat",
                kind=kind,
                day_on=on,
                source=StatementSource.BY_HAND,
                file=io.BytesIO(text.encode()),
                now=self.clock.now(),
            )

    def load(self, lines: Sequence[StatementLine], *, on: date = DAY, error: CanbaoError | None = None) -> Statement:
        """Keep and load lines, numbered as they stand from line 2 on; the reader ends with `error` if one is given."""
        numbered = [replace(line, line_no=number) for number, line in enumerate(lines, start=2)]
        kept = self.keep(numbered, on=on, kind=StatementKind.TRADES)

        def read() -> object:
            yield from numbered
            if error is not None:
                raise error

        with region_tx(self.region) as tx:
            return reconciliation.load_lines(tx, kept, read(), OURS, now=self.clock.now())  # type: ignore[arg-type]  # a generator of lines

    def match(self, kept: Statement) -> Statement:
        """Match a statement; the other region takes part."""
        with region_tx(self.region) as tx:
            return reconciliation.match_statement(
                tx, kept, regions=[self.region, RegionCode(130100)], now=self.clock.now()
            )

    def compare(self, *lines: StatementLine, on: date = DAY) -> Statement:
        """Keep, load and match a day's lines."""
        return self.match(self.load(lines, on=on))

    def differences(self, kept: Statement) -> list[Difference]:
        """Every difference, healed or not."""
        return list(reconciliation.differences_of(self.region, kept.statement_id))

    def verdicts(self, kept: Statement) -> list[tuple[str, str, str]]:
        """What differs: the subject's kind and line, its verdict, and how it was healed."""
        return [
            (f"line {found.line_no}" if found.line_no else found.subject.partition(":")[0], found.verdict, found.heal)
            for found in self.differences(kept)
        ]

    def counts(self, kept: Statement) -> dict[str, int]:
        """How often each verdict was given."""
        return {str(item.verdict): item.count for item in reconciliation.verdict_counts(kept)}


def change(statement: str, *params: object) -> None:
    """Change rows behind the rooms' back, as the owner."""
    with as_owner() as session:
        session.execute(statement.encode(), params)


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the room's tables."""
    tables = ("statement", "statement_event", "statement_part", "line", "fund_line", "difference")
    with as_owner() as session:
        return {
            table: session.execute(f"SELECT * FROM reconciliation_{table} ORDER BY 1, 2, 3".encode()).fetchall()
            for table in tables
        }
