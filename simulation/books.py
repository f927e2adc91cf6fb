"""After every simulated day: all auditors, conservation, and our books beside the channel's own.

Nothing here believes a room: sums and states are read from the tables as the owner, and the channel's truth from its
own book. A finding names the rule that was broken, what about, and what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from canbao.journeys.audit_night import audit_night
from canbao.kernel.clock import civil_date
from canbao.kernel.regions import NATION
from sandbox.clock import from_ms, to_ms
from sandbox.wechat.bill_rows import bounds_of
from sandbox.wechat.ledger import merchant_account
from simulation.channel import BEGINNING
from simulation.town import NANCHANG
from simulation.world import World

PATIENCE = timedelta(hours=4)
"""What a platform may take longer than it promises when its workers were away for two hours."""

FOUND_WITHIN = timedelta(hours=27) + PATIENCE
"""Money that the channel took is known so long after: the second look at an order that ended, and its patience."""

REFUND_KNOWN_WITHIN = timedelta(hours=25) + PATIENCE
"""A refund that succeeded is known so long after: one that waits by hand is asked about once a day."""

TWO_PEOPLE_ABOVE_FEN = 40_000
"""What Nanchang publishes no amount of its own for: the national reading, `national_reconciliation.yaml`."""

INVENTED_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that does not hold."""

    rule: str
    subject: str
    found: str

    def told(self) -> str:
        """The finding in one line."""
        return f"{self.rule}: {self.subject}: {self.found}"


def broken_rules(world: World, *, is_end: bool = False) -> list[Broken]:
    """Every rule that is broken now; at the end of all days the channel's book and ours are equal to the fen."""
    return [
        *(Broken(rule="nothing fails", subject=trouble, found="failed") for trouble in world.troubles),
        *(
            Broken(rule="the channel's own book holds", subject="channel", found=one)
            for one in world.gateway.findings()
        ),
        *(
            Broken(rule=finding.auditor, subject=finding.subject, found=f"{finding.found}, expected {finding.expected}")
            for region in (NANCHANG, NATION)
            for finding in audit_night(region, clock=world.clock)
        ),
        *_of_tables(world),
        *_of_closed_days(world),
        *_of_what_is_past(world),
        *_of_finished_days(world),
        *_of_captures(world, is_end=is_end),
        *_of_refunds(world, is_end=is_end),
    ]


def rules_broken_in_passing(world: World) -> list[Broken]:
    """The rules that hold at every instant, asked in one statement: what every night asks, without auditors.

    Not asked where nothing was written or acknowledged since they were asked last: what was true then is true now.
    """
    troubles = [Broken(rule="nothing fails", subject=trouble, found="failed") for trouble in world.troubles]
    written = (world.fate.begun, len(world.postman.acknowledged))
    if written == world.asked_at:
        return troubles
    world.asked_at = written
    return [*troubles, *_of_tables(world)]


def _of_tables(world: World) -> Iterator[Broken]:
    acknowledged = sorted(world.postman.acknowledged)
    rows = world.asked(
        "broken_rules",
        now=world.now,
        began_on=civil_date(BEGINNING),
        alarmed_on=world.alarmed_on,
        patience=PATIENCE,
        acknowledged=acknowledged,
    )
    for rule, subject, found in rows:
        yield Broken(rule=rule, subject=subject, found=found)


def _of_closed_days(world: World) -> Iterator[Broken]:
    """Discrepancies, closed days and treasury bookings, in one statement."""
    for rule, subject, found in world.asked("broken_days", limit_fen=TWO_PEOPLE_ABOVE_FEN):
        yield Broken(rule=rule, subject=subject, found=found)


def _of_what_is_past(world: World) -> Iterator[Broken]:
    """What was closed and what was resolved is what it was on the nights before: history is added to, never changed."""
    for name, rule, width in (("days", "a closed day never changes", 3), ("resolved", "what is resolved stays so", 1)):
        now = {row[:width]: row[width:] for row in world.asked(name)}
        known = world.past.get(name, {})
        for key, row in known.items():
            if now.get(key) != row:
                yield Broken(rule=rule, subject=" ".join(map(str, key)), found=str(now.get(key, "gone")))
        world.past[name] = now


def _of_finished_days(world: World) -> Iterator[Broken]:
    """A day closed when the channel was mended says of the account there what the channel's own book says."""
    if not world.finished:
        return
    days = sorted(world.finished)
    own = {ref for (ref,) in world.asked("own_refs", region=int(NANCHANG))}
    account = merchant_account(world.gateway.keys.mchid)
    for day_on, in_fen, out_fen, fee_fen in world.asked("finished_days", region=int(NANCHANG), days=days):
        since, until = bounds_of(day_on)
        moved = world.gateway.store.rows(
            "SELECT kind, amount_fen, credit_account = ? AS is_income, coalesce(transaction_id, refund_id) AS ref "
            "FROM transfer WHERE made_at >= ? AND made_at < ? AND ? IN (credit_account, debit_account)",
            (account, since, until, account),
        )
        fees = [row for row in moved if row["kind"] in ("fee", "fee_return") and row["ref"] in own]
        theirs = (
            sum(row["amount_fen"] for row in moved if row["is_income"]),
            sum(row["amount_fen"] for row in moved if not row["is_income"]),
            sum(-row["amount_fen"] if row["is_income"] else row["amount_fen"] for row in fees),
        )
        if (in_fen, out_fen, fee_fen) != theirs:
            found = f"in {in_fen}, out {out_fen}, fees {fee_fen} where the channel has {theirs}"
            yield Broken(rule="a closed day is what the channel's book says", subject=str(day_on), found=found)


def _of_captures(world: World, *, is_end: bool) -> Iterator[Broken]:
    """What the channel took and what we have recorded, transaction by transaction."""
    known = {row[0]: row[1:] for row in world.asked("captures")}
    cases = dict(world.asked("cases"))
    taken = {
        row["transaction_id"]: row
        for row in world.gateway.store.rows(
            "SELECT transaction_id, out_trade_no, total_fen, paid_at FROM trade_order "
            "WHERE transaction_id IS NOT NULL ORDER BY transaction_id"
        )
    }
    for trade_ref, (order_no, amount_fen, _, _, has_case) in known.items():
        row = taken.get(trade_ref)
        if row is None:
            if world.invented.get(trade_ref[-INVENTED_DIGITS:]) != amount_fen:
                yield Broken(rule="what we recorded was told", subject=trade_ref, found=f"{amount_fen} from nowhere")
        elif (row["out_trade_no"], row["total_fen"]) != (order_no, amount_fen) and not has_case:
            found = f"{amount_fen} where the channel took {row['total_fen']}"
            yield Broken(rule="another amount than was taken is before a person", subject=trade_ref, found=found)
    until_ms = to_ms(world.now if is_end else world.now - FOUND_WITHIN)
    for trade_ref, row in taken.items():
        is_due = is_end or row["paid_at"] <= until_ms or civil_date(from_ms(row["paid_at"])) in world.days_told
        if is_due and trade_ref not in known and row["out_trade_no"] not in cases:
            found = f"{row['total_fen']} unknown to us"
            yield Broken(rule="all that the channel took is known", subject=row["out_trade_no"], found=found)


def _of_refunds(world: World, *, is_end: bool) -> Iterator[Broken]:
    """What the channel sent back and what we believe it did, refund by refund."""
    ours = {row[0]: row[1:] for row in world.asked("refunds")}
    cases = dict(world.asked("cases"))
    theirs = {
        row["out_refund_no"]: row
        for row in world.gateway.store.rows(
            "SELECT out_refund_no, out_trade_no, amount_fen, state, success_at, source FROM refund "
            "ORDER BY out_refund_no"
        )
    }
    for refund_no, (_, amount_fen, state, _) in ours.items():
        row = theirs.get(refund_no)
        is_true = row is not None and (row["state"], row["amount_fen"]) == ("SUCCESS", amount_fen)
        if state == "succeeded" and not is_true:
            yield Broken(rule="what we call refunded was refunded", subject=refund_no, found="not at the channel")
    until_ms = to_ms(world.now - REFUND_KNOWN_WITHIN)
    for refund_no, row in theirs.items():
        if row["source"] == "clerk":
            continue
        known = ours.get(refund_no)
        if known is None:
            yield Broken(rule="the channel was asked for refunds of ours", subject=refund_no, found="no such refund")
            continue
        is_due = row["success_at"] is not None and (is_end or row["success_at"] <= until_ms)
        if is_due and known[2] != "succeeded" and row["out_trade_no"] not in cases:
            yield Broken(rule="what was refunded is known", subject=refund_no, found=known[2])
