-- Post transfers: the hot path. One row out per transfer, in the order given, with its status. Writes
-- ledger_transfer; reads it again for what was there before. Relies on its primary key (region_code, id). Statuses:
-- `posted`; `exists` (the same content is there, or stands earlier in this batch); `exists_with_different_content`;
-- `raced` when another transaction wrote the id since this statement began: its content is read by compare_transfers.
-- Batch: up to 10,000 transfers. `accounts_known` says how many of the batch's accounts exist, so that missing ones
-- can be made.
WITH incoming AS (
    SELECT place, id, debit_account_id, credit_account_id, kind, amount_fen, order_id, bill_id, capture_id, cause_id,
           reason, happened_at,
           row_number() OVER (PARTITION BY id ORDER BY place) AS turn
    FROM unnest(%(ids)s::uuid[], %(debits)s::uuid[], %(credits)s::uuid[], %(kinds)s::text[], %(amounts)s::bigint[],
                %(orders)s::uuid[], %(bills)s::uuid[], %(captures)s::uuid[], %(causes)s::uuid[],
                %(reasons)s::text[], %(happened)s::timestamptz[])
         WITH ORDINALITY
         AS given (id, debit_account_id, credit_account_id, kind, amount_fen, order_id, bill_id, capture_id, cause_id,
                   reason, happened_at, place)
), posted AS (
    INSERT INTO ledger_transfer (region_code, id, posting_id, kind, debit_account_id, credit_account_id, amount_fen,
                                 order_id, bill_id, capture_id, cause_id, reason, happened_at, recorded_at)
    SELECT %(region_code)s, id, %(posting_id)s, kind, debit_account_id, credit_account_id, amount_fen,
           order_id, bill_id, capture_id, cause_id, reason, happened_at, %(now)s
    FROM incoming
    WHERE turn = 1
    ORDER BY id
    ON CONFLICT (region_code, id) DO NOTHING
    RETURNING id
)
SELECT CASE
           WHEN incoming.turn = 1 AND posted.id IS NOT NULL THEN 'posted'
           WHEN standing.id IS NULL THEN 'raced'
           WHEN (standing.kind, standing.debit_account_id, standing.credit_account_id, standing.amount_fen)
                = (incoming.kind, incoming.debit_account_id, incoming.credit_account_id, incoming.amount_fen)
                AND (standing.order_id, standing.bill_id, standing.capture_id, standing.cause_id)
                    IS NOT DISTINCT FROM (incoming.order_id, incoming.bill_id, incoming.capture_id, incoming.cause_id)
           THEN 'exists'
           ELSE 'exists_with_different_content'
       END AS status,
       (SELECT count(*)
        FROM ledger_account
        WHERE region_code = %(region_code)s AND id = ANY (%(account_ids)s::uuid[])) AS accounts_known
FROM incoming
LEFT JOIN posted ON posted.id = incoming.id
-- What stood there before this statement, or for a repetition inside the batch its first mention.
LEFT JOIN LATERAL (
    SELECT earlier.id, earlier.kind, earlier.debit_account_id, earlier.credit_account_id, earlier.amount_fen,
           earlier.order_id, earlier.bill_id, earlier.capture_id, earlier.cause_id
    FROM ledger_transfer AS earlier
    WHERE posted.id IS NULL AND earlier.region_code = %(region_code)s AND earlier.id = incoming.id
    UNION ALL
    SELECT first.id, first.kind, first.debit_account_id, first.credit_account_id, first.amount_fen,
           first.order_id, first.bill_id, first.capture_id, first.cause_id
    FROM incoming AS first
    WHERE posted.id IS NOT NULL AND incoming.turn > 1 AND first.id = incoming.id AND first.turn = 1
) AS standing ON true
ORDER BY incoming.place
