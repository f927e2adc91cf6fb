"""What channels say of refunds becomes moves of refunds and transfers in the books.

Both ways of learning of it come through here: a notice, and an answer to our own question. A word that does not fit our
books moves nothing and is put before a person; nothing that was told is dropped, and nothing here raises for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from canbao.channels import catalogue
from canbao.channels.interface import Payment
from canbao.kernel.clock import Instant, civil_date, start_of_day
from canbao.kernel.sql import Tx
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.payments.public import OwedRefund, Refund, RefundHeard, RefundSeen, RefundVerdict
from canbao.rulebook.refund import RefundFacts, RefundReason, RefundStep, decide, national_rules


def settle_refunds(tx: Tx, seen: Sequence[RefundSeen], *, now: Instant) -> list[RefundHeard]:
    """Judge what channels said of refunds, in the order given, and book what went back; one verdict per word."""
    if not seen:
        return []
    accounts = {code: catalogue.connector(code).account for code in {item.channel_code for item in seen}}
    heard = payments.hear_refunds(tx, seen, accounts, now=now)
    facts = [
        paid(item.refund, at=item.seen.told.happened_at)
        for item in heard
        if item.refund is not None and item.verdict is RefundVerdict.SUCCEEDED
    ]
    ledger.post(tx, facts, now=now)
    return heard


def owed_refund(capture_id: UUID, payment: Payment, reason: RefundReason, *, now: Instant) -> OwedRefund:
    """What goes back whole without anybody asking, and by when: by the national rules, which every region's follow."""
    on = civil_date(now)
    facts = RefundFacts(
        reason=reason,
        on=on,
        paid_on=min(civil_date(payment.happened_at), on),
        amount_fen=payment.amount_fen,
        paid_fen=payment.amount_fen,
    )
    decision = decide(facts, national_rules())
    assert decision.is_allowed, "money that paid no bill goes back whatever the day"
    assert decision.deadline_on is not None, "an allowed refund has a last day"
    return OwedRefund(
        capture_id=capture_id,
        reason=str(reason),
        steps=[step_document(step) for step in decision.steps],
        deadline_at=start_of_day(decision.deadline_on + timedelta(days=1)),
    )


def step_document(step: RefundStep) -> dict[str, str]:
    """A step of a decision as it is kept."""
    return {
        "label_zh": step.label_zh,
        "label_en": step.label_en,
        "reference": step.source.reference,
        "reference_en": step.source.reference_en,
        "reliability": str(step.source.reliability),
    }


def released(refund: Refund, *, now: Instant) -> ledger.SuspenseReleased:
    """What the accountant is told when a refund of suspended money is approved: it is owed to its payer."""
    return ledger.SuspenseReleased(
        refund_id=refund.refund_id,
        capture_id=refund.capture_id,
        order_id=refund.order_id,
        channel_code=refund.channel_code,
        amount_fen=refund.amount_fen,
        happened_at=now,
    )


def paid(refund: Refund, *, at: Instant) -> ledger.RefundPaid:
    """What the accountant is told when the channel says that a refund succeeded: the money is with its payer again."""
    return ledger.RefundPaid(
        refund_id=refund.refund_id,
        capture_id=refund.capture_id,
        order_id=refund.order_id,
        channel_code=refund.channel_code,
        amount_fen=refund.amount_fen,
        happened_at=at,
    )
