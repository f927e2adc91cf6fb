"""Send what is approved, and ask about silence, until the channel says what became of each refund.

A refund is written down as sent, and that is committed, before its channel hears of it. From then on its number never
changes: an answer that was lost is asked about, and what the channel has never heard of is sent again under the same
number. Only an explicit answer moves it; an explicit no puts it before a person, and it is asked about daily in case
that person acted at the channel itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from canbao.channels import catalogue
from canbao.channels.interface import Outcome, RefundAdvice, RefundAnswer
from canbao.journeys.settle_refunds import settle_refunds
from canbao.kernel.clock import Clock, Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import NextStep, Refund, RefundState

log = structlog.get_logger(__name__)

REASON_SHOWN = "城乡居民医保费退费"
"""What the payer reads in the wallet. Never why: a reason may tell of a person's circumstances."""


def chase_refunds(region: RegionCode, *, notify_url: str, clock: Clock, limit: int = 50) -> int:
    """Send the region's approved refunds and ask about those whose time has come; answers how many were taken.

    A refund that cannot be sent or asked about (its channel is no longer set up, say) holds up no other: it is told of
    in the log and taken again when its lease is over.
    """
    to_send = take_to_send(region, clock=clock, limit=limit)
    _each(region, to_send, lambda refund: send(refund, notify_url=notify_url, clock=clock))
    to_ask = take_to_ask(region, clock=clock, limit=limit)
    _each(region, to_ask, lambda refund: ask(refund, notify_url=notify_url, clock=clock))
    return len(to_send) + len(to_ask)


def send_refund(region: RegionCode, refund_id: UUID, *, notify_url: str, clock: Clock) -> None:
    """Send one approved refund now, if it is to be sent and nobody else has taken it."""
    with region_tx(region) as tx:
        taken = payments.claim_one_to_send(tx, refund_id, now=clock.now())
    if taken is not None:
        send(taken, notify_url=notify_url, clock=clock)


def take_to_send(region: RegionCode, *, clock: Clock, limit: int = 50) -> list[Refund]:
    """Write approved refunds down as sent, leased to the caller; they are asked about if it dies before it sends."""
    with region_tx(region) as tx:
        return payments.claim_to_send(tx, now=clock.now(), limit=limit)


def take_to_ask(region: RegionCode, *, clock: Clock, limit: int = 50) -> list[Refund]:
    """Refunds to ask about, leased to the caller."""
    with region_tx(region) as tx:
        return payments.claim_refunds_to_ask(tx, now=clock.now(), limit=limit)


def send(refund: Refund, *, notify_url: str, clock: Clock) -> None:
    """Put a refund that is written down as sent to its channel, and write down what it said."""
    asked_at = clock.now()
    request = payments.request_of_refund(refund, notify_url=notify_url, reason=REASON_SHOWN)
    try:
        answer = catalogue.connector(refund.channel_code).refund(request, now=asked_at)
    except CanbaoError as unsayable:
        if not unsayable.code.startswith("channels.refund_"):
            raise
        # It cannot be said in the channel's form: nothing was sent, and no repetition helps.
        with region_tx(refund.region_code) as tx:
            payments.put_refund_aside(
                tx, refund, advice=RefundAdvice.BY_HAND, foreign_code=unsayable.code, now=clock.now()
            )
        return
    _hear(refund, "refund", answer, asked_at=asked_at, now=clock.now())


def ask(refund: Refund, *, notify_url: str, clock: Clock) -> Outcome:
    """Ask a channel about a refund, write down what it said, and send it again if the channel never heard of it.

    Answers how explicit the channel was: `refused` is an explicit no.
    """
    asked_at = clock.now()
    answer = catalogue.connector(refund.channel_code).ask_refund(refund.refund_no, now=asked_at)
    again = _hear(refund, "ask_refund", answer, asked_at=asked_at, now=clock.now())
    if again is not None:
        send(again, notify_url=notify_url, clock=clock)
    return answer.outcome


def _each(region: RegionCode, refunds: Sequence[Refund], act: Callable[[Refund], object]) -> None:
    for refund in refunds:
        try:
            act(refund)
        except Exception as failure:
            log.error("refund_held_up", region_code=region, refund_no=refund.refund_no, error=type(failure).__name__)


def _hear(refund: Refund, verb: str, answer: RefundAnswer, *, asked_at: Instant, now: Instant) -> Refund | None:
    """Write down what a channel said of a refund and act on it; answers the refund when it is to be sent again."""
    with region_tx(refund.region_code) as tx:
        payments.note_refund_exchange(
            tx, refund, verb, answer.outcome, answer.foreign_code, answer.evidence, asked_at=asked_at, now=now
        )
        again = _act(tx, refund, verb, answer, now=now)
        if now >= refund.deadline_at:
            _tell_of_overdue(tx, refund, now=now)
    return again


def _act(tx: Tx, refund: Refund, verb: str, answer: RefundAnswer, *, now: Instant) -> Refund | None:
    if answer.told is not None:
        _believe(tx, refund, answer, now=now)
    elif answer.outcome is Outcome.WAITING:
        payments.schedule_refund(tx, refund, now=now)
    elif answer.outcome is not Outcome.REFUSED or answer.advice is None:
        payments.doubt_refund(tx, refund, cause=f"{verb}: {answer.foreign_code}", now=now)
    elif answer.advice is not RefundAdvice.NEVER_HEARD:
        payments.put_refund_aside(tx, refund, advice=answer.advice, foreign_code=answer.foreign_code, now=now)
    elif refund.state is not RefundState.BY_HAND or refund.next_step == NextStep.TOP_UP:
        return payments.send_again(tx, refund, cause=f"{verb}: {answer.foreign_code}", now=now)
    else:
        payments.schedule_refund(tx, refund, now=now)
    return None


def _believe(tx: Tx, refund: Refund, answer: RefundAnswer, *, now: Instant) -> None:
    """Judge what the channel told as a notice is judged. What is about another refund than we asked about is a case,
    and leaves ours in doubt.
    """
    assert answer.told is not None, "there is something to believe"
    seen = payments.RefundSeen(
        channel_code=refund.channel_code, told=answer.told, learned_from="ask", subject_id=refund.refund_id
    )
    (heard,) = settle_refunds(tx, [seen], now=now)
    is_ours = heard.refund is not None and heard.refund.refund_id == refund.refund_id
    if not is_ours or heard.verdict in payments.REFUND_TO_A_PERSON:
        payments.doubt_refund(tx, refund, cause=f"ask: {heard.verdict}", now=now)


def _tell_of_overdue(tx: Tx, refund: Refund, *, now: Instant) -> None:
    found = payments.refund(refund.region_code, refund.refund_id)
    if found.is_open:
        payments.open_overdue_refund_case(tx, found, now=now)
