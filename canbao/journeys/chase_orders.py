"""Ask about silence: what became of orders that no notice settled.

An order is asked about on a schedule, and when its payer says she has paid. Only an explicit answer moves it: paid
settles it through the same door as a notice, closed ends it, and when its time is over it is asked about, then closed,
then asked about again if the closing did not take. No bill is freed by guess.

An order that ended unpaid is looked at twice more, the last time when no notice can come any more: whoever paid in the
moment of closing, and whose notices were all lost, has her money found.
"""

from __future__ import annotations

from uuid import UUID

import structlog

from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.channels.interface import Answer, Closed, Outcome
from canbao.journeys.settle_orders import settle_captures
from canbao.kernel.clock import Clock, Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Order

log = structlog.get_logger(__name__)


def chase_orders(region: RegionCode, *, clock: Clock, limit: int = 50) -> int:
    """Ask about the region's orders whose time has come, at most `limit`; answers how many were taken.

    An order that cannot be asked about (its channel is no longer set up, say) holds up no other: it is told of in the
    log and taken again when its lease is over.
    """
    with region_tx(region) as tx:
        due = payments.claim_to_ask(tx, now=clock.now(), limit=limit)
    for order_id in due:
        try:
            _ask(region, order_id, clock=clock)
        except Exception as failure:
            log.error("order_not_asked", region_code=region, order_id=str(order_id), error=type(failure).__name__)
    return len(due)


def ask_now(region: RegionCode, order_id: UUID, *, clock: Clock) -> Order:
    """Ask about one order because its payer wants to know; answers the order as it is afterwards.

    Asks no more often than every two seconds, whoever presses; an order settled, or ended unpaid more than a day ago,
    is not asked about.
    """
    with region_tx(region) as tx:
        claimed = payments.claim_one_to_ask(tx, order_id, now=clock.now())
    if claimed:
        _ask(region, order_id, clock=clock)
    found = payments.order(region, order_id)
    assert found is not None, "an order does not vanish"
    return found


def close_order(region: RegionCode, order_id: UUID, *, clock: Clock) -> Order:
    """Give an order up because its payer wants another way: ask, close, and free its bills if the channel agrees.

    Answers the order as it is afterwards: settled if it turns out paid, closed, or still live when the channel is
    silent.
    """
    found = ask_now(region, order_id, clock=clock)
    if found.is_live:
        _close(found, "close", cause="payer", clock=clock)
        found = payments.order(region, order_id) or found
    return found


def _ask(region: RegionCode, order_id: UUID, *, clock: Clock) -> None:
    """Ask the channel about one order and believe an explicit answer."""
    found = payments.order(region, order_id)
    if found is None or found.state is payments.OrderState.SETTLED:
        return
    asked_at = clock.now()
    answer = catalogue.connector(found.channel_code).ask(found.order_no, now=asked_at)
    if not found.is_live:
        _look_again(found, answer, asked_at=asked_at, clock=clock)
    elif _hear(found, answer, asked_at=asked_at, now=clock.now()):
        _close(found, "expire", cause="time over", clock=clock)


def _hear(found: Order, answer: Answer, *, asked_at: Instant, now: Instant) -> bool:
    """Write down what the channel said about an order and act on it; true when the order is to be closed next."""
    is_over = now >= found.expires_at + payments.CLOSE_GRACE
    with region_tx(found.region_code) as tx:
        _note_ask(tx, found, answer, asked_at=asked_at, now=now)
        match answer.outcome:
            case Outcome.CONFIRMED:
                _settle(tx, found, answer, now=now)
                if is_over:
                    # Paid, and yet not settled: its money waits in suspense, and nobody can pay this number again.
                    _end(tx, "expire", found, cause=f"ask: {answer.foreign_code}, not credited", now=now)
                return False
            case Outcome.REFUSED:
                _end_or_wait(tx, found, answer.foreign_code, is_over=is_over, now=now)
                return False
            case Outcome.WAITING:
                if found.state is not payments.OrderState.PLACED:
                    payments.move(tx, "place", [found.order_id], cause="ask", now=now)
                payments.schedule(tx, found, now=now)
                return is_over
            case Outcome.UNKNOWN:
                _doubt(tx, found, cause=f"ask: {answer.foreign_code}", now=now)
                return False


def _look_again(found: Order, answer: Answer, *, asked_at: Instant, clock: Clock) -> None:
    """Act on what the channel says of an order that ended unpaid: money found goes into suspense and to a person; an
    order that can still be paid there is closed there again.
    """
    now = clock.now()
    with region_tx(found.region_code) as tx:
        _note_ask(tx, found, answer, asked_at=asked_at, now=now)
        if answer.outcome is Outcome.CONFIRMED:
            _record(tx, found, answer, now=now)
        is_explicit = answer.outcome in {Outcome.CONFIRMED, Outcome.REFUSED}
        payments.schedule_look(tx, found, was_answered=is_explicit, now=now)
        if not is_explicit and found.ended_at is not None and now >= payments.looks_end_at(found.ended_at):
            payments.open_overdue_case(tx, order_id=found.order_id, order_no=found.order_no, now=now)
    if answer.outcome is Outcome.WAITING:
        asked_at = clock.now()
        closed = catalogue.connector(found.channel_code).close(found.order_no, now=asked_at)
        with region_tx(found.region_code) as tx:
            _note_close(tx, found, closed, asked_at=asked_at, now=clock.now())


def _note_ask(tx: Tx, found: Order, answer: Answer, *, asked_at: Instant, now: Instant) -> None:
    payments.note_exchange(
        tx, found.order_id, "ask", answer.outcome, answer.foreign_code, answer.evidence, asked_at=asked_at, now=now
    )


def _record(tx: Tx, found: Order, answer: Answer, *, now: Instant) -> None:
    assert answer.payment is not None, "a confirmed answer carries its payment"
    seen = payments.Seen(
        channel_code=found.channel_code, payment=answer.payment, learned_from="ask", subject_id=found.order_id
    )
    settle_captures(tx, [seen], now=now)


def _settle(tx: Tx, found: Order, answer: Answer, *, now: Instant) -> None:
    _record(tx, found, answer, now=now)
    payments.schedule(tx, found, now=now)


def _end_or_wait(tx: Tx, found: Order, foreign_code: str, *, is_over: bool, now: Instant) -> None:
    """The channel says the order cannot be paid: it is closed there, or was never known.

    Before its time is over, "never known" is not final for an order that the channel has not confirmed: our own request
    may still be on its way, and its payer may open the wallet again under the same number.
    """
    if is_over:
        _end(tx, "expire", found, cause=f"ask: {foreign_code}", now=now)
    elif found.state is payments.OrderState.PLACED:
        _end(tx, "close", found, cause=f"ask: {foreign_code}", now=now)
    else:
        _doubt(tx, found, cause=f"ask: {foreign_code}", now=now)


def _close(found: Order, event: str, *, cause: str, clock: Clock) -> None:
    """Have the channel close an order; only its explicit yes ends the order and frees the bills."""
    asked_at = clock.now()
    closed = catalogue.connector(found.channel_code).close(found.order_no, now=asked_at)
    now = clock.now()
    with region_tx(found.region_code) as tx:
        _note_close(tx, found, closed, asked_at=asked_at, now=now)
        if closed.outcome is Outcome.CONFIRMED:
            _end(tx, event, found, cause=cause, now=now)
        else:
            _doubt(tx, found, cause=f"close: {closed.foreign_code}", now=now)


def _note_close(tx: Tx, found: Order, closed: Closed, *, asked_at: Instant, now: Instant) -> None:
    payments.note_exchange(
        tx, found.order_id, "close", closed.outcome, closed.foreign_code, closed.evidence, asked_at=asked_at, now=now
    )


def _end(tx: Tx, event: str, found: Order, *, cause: str, now: Instant) -> None:
    """End an order and free its bills, if it is still live."""
    ended = payments.move(tx, event, [found.order_id], cause=cause, now=now)
    billing.free(tx, ended, now=now)


def _doubt(tx: Tx, found: Order, *, cause: str, now: Instant) -> None:
    """Nothing explicit was said: the order is unknown, asked about again, and after a while put before an operator."""
    if payments.move(tx, "lose", [found.order_id], cause=cause, now=now):
        payments.schedule(tx, found, now=now)
    if now >= found.expires_at + payments.OVERDUE:
        payments.open_overdue_case(tx, order_id=found.order_id, order_no=found.order_no, now=now)
