"""The money moves here: what channels told us becomes settled orders, paid bills and transfers in the books.

One batch is one transaction on one region: everything in it happens, or nothing. It is safe to run twice and in several
workers at once: a notice gets one verdict, a transaction of the channel one capture, an order settles once. Money that
does not fit is booked into suspense with its reason and put before a person; nothing that was told is dropped. Where it
is plain that the money belongs to nobody but its payer, its refund is opened in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from canbao.billing import public as billing
from canbao.channels import catalogue
from canbao.journeys.settle_refunds import owed_refund, released, settle_refunds
from canbao.kernel import outbox
from canbao.kernel.clock import Clock, Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import Judged, Verdict
from canbao.rulebook.refund import RefundReason

OTHER_EVENT = "other_event"
"""The verdict on a genuine notice that tells of no payment and no refund."""

OWED_BACK = {
    Verdict.SECOND_CAPTURE: RefundReason.SECOND_PAYMENT,
    Verdict.LATE_CAPTURE: RefundReason.PAID_AFTER_CLOSE,
    Verdict.BILL_NOT_PAYABLE: RefundReason.PAID_AFTER_CLOSE,
}
"""Money that goes back without anybody asking, and why. The rest of what is suspended (another amount, no such order)
may be a mistake of ours, and waits for two people."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many notices a run took, and the verdicts it gave."""

    taken: int
    verdicts: Counter[str] = field(default_factory=Counter)


def settle_orders(region: RegionCode, *, clock: Clock, limit: int = 500) -> Tally:
    """Give the region's kept notices their verdicts, oldest first, at most `limit` of them, all in one transaction."""
    now = clock.now()
    with region_tx(region) as tx:
        notices = payments.claim_notices(tx, limit=limit)
        told = {notice.notice_id: notice.seen for notice in notices if notice.seen is not None}
        refunds = {notice.notice_id: notice.refund for notice in notices if notice.refund is not None}
        judged = settle_captures(tx, list(told.values()), now=now)
        heard = settle_refunds(tx, list(refunds.values()), now=now)
        verdicts = {notice.notice_id: OTHER_EVENT for notice in notices}
        verdicts |= {notice_id: str(item.verdict) for notice_id, item in zip(told, judged, strict=True)}
        verdicts |= {notice_id: str(item.verdict) for notice_id, item in zip(refunds, heard, strict=True)}
        payments.close_notices(tx, verdicts, now=now)
    return Tally(len(notices), Counter(verdicts.values()))


def settle_captures(tx: Tx, seen: Sequence[payments.Seen], *, now: Instant) -> list[Judged]:
    """Judge payments seen, pay the bills they pay, open the refunds that are owed, write the books, and leave the
    events that follow.

    Every way of learning of a payment comes through here: a notice, an answer to our own question, a statement.
    """
    if not seen:
        return []
    accounts = {code: catalogue.connector(code).account for code in {item.channel_code for item in seen}}
    judged = payments.judge_captures(tx, seen, accounts)
    lines = _lines(tx, judged)
    judged = _pay_bills(tx, judged, lines, now=now)
    payments.record(tx, judged, now=now)
    _end_unpayable(tx, judged, now=now)
    owed = payments.open_owed(tx, _owed(judged, now=now), now=now)
    ledger.post(tx, [*_facts(judged, lines), *(released(refund, now=now) for refund in owed)], now=now)
    outbox.append(tx, "order.settled", [_settled_event(item, lines) for item in _settled(judged)], now=now)
    return judged


def _end_unpayable(tx: Tx, judged: Sequence[Judged], *, now: Instant) -> None:
    """An order that the channel was paid for and whose bills cannot all be paid is over: its money goes back, and the
    bills that it still holds are free.
    """
    unpayable = [_order_id(item) for item in judged if item.verdict is Verdict.BILL_NOT_PAYABLE]
    billing.free(tx, payments.move(tx, "close", unpayable, cause="bill not payable", now=now), now=now)


def _owed(judged: Sequence[Judged], *, now: Instant) -> list[payments.OwedRefund]:
    return [
        owed_refund(item.capture_id, item.seen.payment, OWED_BACK[item.verdict], now=now)
        for item in judged
        if item.verdict in OWED_BACK
    ]


Lines = dict[UUID, list[payments.OrderLine]]


def _settled(judged: Sequence[Judged]) -> list[Judged]:
    return [item for item in judged if item.verdict is Verdict.SETTLED]


def _order_id(item: Judged) -> UUID:
    assert item.order_id is not None, "a settled capture names an order of ours"
    return item.order_id


def _lines(tx: Tx, judged: Sequence[Judged]) -> Lines:
    assert tx.region is not None, "orders are regional"
    found: Lines = {}
    for line in payments.lines_of(tx.region, [_order_id(item) for item in _settled(judged)]):
        found.setdefault(line.order_id, []).append(line)
    return found


def _pay_bills(tx: Tx, judged: list[Judged], lines: Lines, *, now: Instant) -> list[Judged]:
    """Pay the bills of every order that settles; an order whose bills cannot all be paid goes to suspense instead."""
    paid_at = {_order_id(item): item.seen.payment.happened_at for item in _settled(judged)}
    orders = [
        billing.OrderBills(
            order_id=order_id, bill_ids=tuple(line.bill_id for line in of_order), paid_at=paid_at[order_id]
        )
        for order_id, of_order in lines.items()
    ]
    if not orders:
        return judged
    statuses = billing.mark_paid(tx, orders, now=now)
    refused = {
        order.order_id
        for order, status in zip(orders, statuses, strict=True)
        if status is billing.PaidStatus.NOT_PAYABLE
    }
    return [
        item.suspended(Verdict.BILL_NOT_PAYABLE)
        if item.verdict is Verdict.SETTLED and item.order_id in refused
        else item
        for item in judged
    ]


def _facts(judged: Sequence[Judged], lines: Lines) -> list[ledger.Fact]:
    """What the accountant is told: each bill collected and its assistance met, or the money in suspense."""
    facts: list[ledger.Fact] = []
    for item in judged:
        if item.verdict is Verdict.SETTLED:
            facts += _facts_of_settled(item, lines[_order_id(item)])
        elif item.verdict in payments.SUSPENDED:
            payment = item.seen.payment
            facts.append(
                ledger.CaptureSuspended(
                    capture_id=item.capture_id,
                    order_id=item.order_id,
                    channel_code=item.seen.channel_code,
                    amount_fen=payment.amount_fen,
                    happened_at=payment.happened_at,
                    reason=str(item.verdict),
                )
            )
    return facts


def _facts_of_settled(item: Judged, lines: Sequence[payments.OrderLine]) -> list[ledger.Fact]:
    facts: list[ledger.Fact] = []
    for line in lines:
        facts.append(
            ledger.BillCollected(
                capture_id=item.capture_id,
                order_id=line.order_id,
                bill_id=line.bill_id,
                scheme_code=line.scheme_code,
                due_from=line.due_from,
                due_until=line.due_until,
                channel_code=item.seen.channel_code,
                amount_fen=line.amount_fen,
                happened_at=item.seen.payment.happened_at,
            )
        )
        if line.assistance_fen:
            facts.append(
                ledger.AssistanceMet(
                    bill_id=line.bill_id,
                    scheme_code=line.scheme_code,
                    due_from=line.due_from,
                    due_until=line.due_until,
                    amount_fen=line.assistance_fen,
                    happened_at=item.seen.payment.happened_at,
                )
            )
    return facts


def _settled_event(item: Judged, lines: Lines) -> dict[str, object]:
    return {
        "order_id": str(_order_id(item)),
        "bill_ids": [str(line.bill_id) for line in lines[_order_id(item)]],
        "paid_at": item.seen.payment.happened_at.isoformat(),
    }
