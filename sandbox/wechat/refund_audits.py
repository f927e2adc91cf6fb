"""What must hold in the channel's book about refunds and fees, as statements that find what does not.

Each gives one sentence a finding; `ledger.findings()` runs them with its own.
"""

from __future__ import annotations

REFUND_AUDITS = (
    # A refund that succeeded moved its amount, once, from its merchant to where it goes.
    """
    SELECT 'refund ' || out_refund_no || ' is SUCCESS without a movement of its amount'
    FROM refund r WHERE state = 'SUCCESS' AND NOT EXISTS (
        SELECT 1 FROM transfer t
        WHERE t.kind = 'refund' AND t.refund_id = r.refund_id AND t.amount_fen = r.amount_fen
          AND t.debit_account = 'merchant:' || r.merchant_ref AND t.credit_account = r.credit_account)
    """,
    # Money goes back for a refund that succeeded and for nothing else.
    """
    SELECT 'movement ' || kind || ' of refund ' || refund_id || ' belongs to no refund that succeeded' FROM transfer t
    WHERE kind IN ('refund', 'fee_return') AND NOT EXISTS (
        SELECT 1 FROM refund r WHERE r.refund_id = t.refund_id AND r.state = 'SUCCESS')
    """,
    # It goes to the account that paid, or to the merchant's own bank to be handed over.
    """
    SELECT 'refund ' || r.out_refund_no || ' goes to ' || r.credit_account || ', which did not pay'
    FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
    WHERE r.credit_account NOT IN ('payer:' || o.openid, 'bank:' || r.merchant_ref)
    """,
    # Never more than was paid, in never more than fifty parts.
    """
    SELECT 'transaction ' || o.transaction_id || ' of ' || o.total_fen || ' fen has refunds of ' || sum(r.amount_fen)
    FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
    WHERE r.state <> 'CLOSED' GROUP BY o.transaction_id HAVING sum(r.amount_fen) > o.total_fen
    """,
    """
    SELECT 'transaction ' || transaction_id || ' has ' || count(*) || ' refunds, more than 50'
    FROM refund GROUP BY transaction_id HAVING count(*) > 50
    """,
    # A refund says of its order what the order says of itself.
    """
    SELECT 'refund ' || r.out_refund_no || ' contradicts its order ' || o.out_trade_no
    FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
    WHERE r.merchant_ref <> o.merchant_ref OR r.out_trade_no <> o.out_trade_no OR r.total_fen <> o.total_fen
    """,
    # Nothing happens before it began.
    """
    SELECT 'refund ' || r.out_refund_no || ' was asked before its payment, or ended before it was asked'
    FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
    WHERE r.asked_at < o.paid_at OR coalesce(r.success_at, r.closed_at, r.asked_at) < r.asked_at
    """,
    # The fee of a payment was taken as the order says, and comes back as its refunds say.
    """
    SELECT 'order ' || o.out_trade_no || ' says a fee of ' || o.fee_fen || ' fen, which was not what was taken'
    FROM trade_order o WHERE o.state = 'SUCCESS' AND o.fee_fen <> coalesce((
        SELECT sum(t.amount_fen) FROM transfer t WHERE t.kind = 'fee' AND t.transaction_id = o.transaction_id), 0)
    """,
    """
    SELECT 'refund ' || r.out_refund_no || ' says a fee return of ' || r.fee_return_fen || ' fen, which did not come'
    FROM refund r WHERE r.state = 'SUCCESS' AND r.fee_return_fen <> coalesce((
        SELECT sum(t.amount_fen) FROM transfer t WHERE t.kind = 'fee_return' AND t.refund_id = r.refund_id), 0)
    """,
    """
    SELECT 'order ' || o.out_trade_no || ' had more fee returned than was taken'
    FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
    WHERE r.state = 'SUCCESS' GROUP BY o.transaction_id HAVING sum(r.fee_return_fen) > o.fee_fen
    """,
)
