-- When each refund is asked about next; an empty code leaves the one that is known.
-- Writes payments_refund by primary key: at most one row per input, none that has ended.
UPDATE payments_refund AS refund
SET next_ask_at = due.at,
    ask_count = least(refund.ask_count + %(count)s, 30000),
    next_step = coalesce(nullif(due.next_step, ''), refund.next_step),
    foreign_code = coalesce(nullif(due.foreign_code, ''), refund.foreign_code),
    refund_ref = coalesce(nullif(due.refund_ref, ''), refund.refund_ref)
FROM unnest(
    %(refund_ids)s::uuid[], %(ats)s::timestamptz[], %(next_steps)s::text[], %(foreign_codes)s::text[],
    %(refund_refs)s::text[]
) AS due (refund_id, at, next_step, foreign_code, refund_ref)
WHERE refund.region_code = %(region_code)s AND refund.id = due.refund_id AND refund.state = ANY(%(states)s::text[])
