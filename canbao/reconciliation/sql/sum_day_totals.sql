-- What a day brought for each scheme and due period through a channel, and what refunds approved that day took out.
-- Reads ledger_public_transfer of a day (ledger_transfer_days) and billing_public_bill by primary key.
SELECT
    moved.scheme_code, moved.due_from, max(coalesce(bill.due_until, moved.due_from)) AS due_until,
    (count(*) FILTER (WHERE moved.kind = 'bill_collected'))::integer AS collected_count,
    coalesce(sum(moved.amount_fen) FILTER (WHERE moved.kind = 'bill_collected'), 0)::bigint AS collected_fen,
    (count(*) FILTER (WHERE moved.kind = 'bill_refunded'))::integer AS refunded_count,
    coalesce(sum(moved.amount_fen) FILTER (WHERE moved.kind = 'bill_refunded'), 0)::bigint AS refunded_fen
FROM ledger_public_transfer AS moved
LEFT JOIN billing_public_bill AS bill ON bill.region_code = %(region_code)s AND bill.bill_id = moved.bill_id
WHERE moved.region_code = %(region_code)s
    AND moved.channel_code = %(channel_code)s
    AND moved.happened_at >= %(day_from)s
    AND moved.happened_at < %(day_until)s
    AND moved.kind IN ('bill_collected', 'bill_refunded')
GROUP BY moved.scheme_code, moved.due_from
ORDER BY moved.scheme_code, moved.due_from
