"""What was recorded of a day after it was closed: a payment or refund learned of late, a corrected statement.

A closed day is never changed, so its figures then and its figures now stand beside each other, before an operator,
until the day is closed again or somebody says why it stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from canbao.kernel.clock import Instant, start_of_day
from canbao.kernel.ids import derived_id
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, reading
from canbao.reconciliation.days import DAYS_LOCK
from canbao.reconciliation.discrepancies import Raised, heal_discrepancies, raise_discrepancies
from canbao.reconciliation.discrepancy_rules import DiscrepancyKind
from canbao.reconciliation.resolving import discrepancies

statements = Statements(__package__)

DAYS_MAX = 1000
RECORDED_MAX = 100

FIGURES = ("collected", "suspended", "refunded", "refund_paid", "fee", "booked")
"""The figures of a day that are compared, as its paper has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceClosed:
    """A closed day of which something was recorded since: each figure as it was closed and as it is now, in fen, and
    whether other statements count now.
    """

    channel_code: str
    day_on: date
    version_no: int
    closed_at: Instant
    collected_fen: int
    collected_now_fen: int
    suspended_fen: int
    suspended_now_fen: int
    refunded_fen: int
    refunded_now_fen: int
    refund_paid_fen: int
    refund_paid_now_fen: int
    fee_fen: int
    fee_now_fen: int
    booked_fen: int
    booked_now_fen: int
    is_other_trades: bool
    is_other_funds: bool

    @property
    def figures(self) -> tuple[tuple[str, int, int], ...]:
        """The figures that differ: which, as it was closed, as it is now."""
        beside = [(name, getattr(self, f"{name}_fen"), getattr(self, f"{name}_now_fen")) for name in FIGURES]
        return tuple((name, then, now) for name, then, now in beside if then != now)

    @property
    def matter_id(self) -> UUID:
        """The matter of this day, the same however often something is recorded of it."""
        return after_close_id(self.channel_code, self.day_on)

    def told(self) -> Raised:
        """The day as it is put before people. What is at stake is what the figures differ by, all together; where only
        a statement is another, nobody can say.
        """
        words = [("another trade statement", self.is_other_trades), ("another fund statement", self.is_other_funds)]
        now = [f"{name} {format_yuan(fen)}" for name, _, fen in self.figures] + [word for word, is_so in words if is_so]
        then = [f"{name} {format_yuan(fen)}" for name, fen, _ in self.figures]
        return Raised(
            matter_id=self.matter_id,
            kind=DiscrepancyKind.AFTER_CLOSE,
            ours=", ".join([f"closed as version {self.version_no}", *then]),
            theirs=", ".join(["now", *now]),
            amount_fen=Fen(sum(abs(fen - was) for _, was, fen in self.figures)) if self.figures else None,
            channel_code=self.channel_code,
            day_on=self.day_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSince:
    """A movement of the books that was posted of a day after it was closed. `ref` is the channel's transaction or our
    refund's number, empty where it is about neither.
    """

    kind: str
    amount_fen: Fen
    recorded_at: Instant
    order_no: str
    ref: str


def after_close_id(channel_code: str, day_on: date) -> UUID:
    """The matter of something recorded of a closed day."""
    return derived_id("after_close", channel_code, day_on.isoformat())


def since_closed(region: RegionCode, channel_code: str, day_on: date) -> SinceClosed | None:
    """What of a closed day is otherwise than it was closed; None where nothing is, or the day is open."""
    found = _read(region, day_on, day_on + timedelta(days=1), channel_code=channel_code, day_on=day_on)
    return found[0] if found else None


def recorded_since(region: RegionCode, found: SinceClosed) -> list[RecordedSince]:
    """The first hundred movements that were posted of the day after its closing, oldest first."""
    with reading(region) as reader:
        return reader.rows(
            statements["list_recorded_since"],
            RecordedSince,
            channel_code=found.channel_code,
            day_from=start_of_day(found.day_on),
            day_until=start_of_day(found.day_on + timedelta(days=1)),
            after=found.closed_at,
            limit=RECORDED_MAX,
        )


def tell_since_closed(tx: Tx, *, from_on: date, until_on: date, now: Instant) -> list[SinceClosed]:
    """Put before people the closed days of `from_on` until before `until_on` of which something was recorded since, and
    end what is told of one that is as it was closed; answers the days that differ.
    """
    region = tx.region
    assert region is not None, "days are regional"
    # A day that is being closed just now is looked at when it is.
    tx.scalars(statements["hold_days"], lock_key=DAYS_LOCK)
    found = _read(region, from_on, until_on)
    matters = {one.matter_id for one in found}
    gone = [
        one.matter_id
        for one in discrepancies(region, limit=10_000)
        if one.kind is DiscrepancyKind.AFTER_CLOSE
        and one.day_on is not None
        and from_on <= one.day_on < until_on
        and one.matter_id not in matters
    ]
    if len(found) < DAYS_MAX:
        heal_discrepancies(tx, gone, cause="the day is as it was closed", now=now)
    raise_discrepancies(tx, [one.told() for one in found], now=now)
    return found


def end_since_closed(tx: Tx, channel_code: str, day_on: date, *, now: Instant) -> None:
    """The day was closed as it is now: nothing of it was recorded since."""
    heal_discrepancies(tx, [after_close_id(channel_code, day_on)], cause="closed again", now=now)


def _read(
    region: RegionCode, from_on: date, until_on: date, *, channel_code: str = "", day_on: date | None = None
) -> list[SinceClosed]:
    with reading(region) as reader:
        return reader.rows(
            statements["find_days_since_closed"],
            SinceClosed,
            from_on=from_on,
            until_on=until_on,
            from_at=start_of_day(from_on),
            until_at=start_of_day(until_on),
            channel_code=channel_code,
            day_on=day_on,
            limit=DAYS_MAX,
        )
