"""Other rooms read the cases: what a channel said that does not fit our books, with what is at stake."""

from __future__ import annotations

from django.db import migrations

PUBLISH = """
CREATE VIEW payments_public_case AS
SELECT
    found.region_code, found.id AS case_id, found.case_no, found.kind, found.order_no, found.subject_id, found.expected,
    found.found, found.state, found.opened_at,
    coalesce(
        (
            SELECT refund.amount_fen FROM payments_refund AS refund
            WHERE refund.region_code = found.region_code AND refund.id = found.subject_id
        ),
        (
            SELECT max(capture.amount_fen) FROM payments_capture AS capture
            WHERE capture.region_code = found.region_code
                AND capture.order_no = found.order_no
                AND capture.reason = found.kind
        ),
        (
            SELECT awaited.amount_fen FROM payments_order AS awaited
            WHERE awaited.region_code = found.region_code AND awaited.id = found.subject_id
        )
    ) AS amount_fen
FROM payments_discrepancy AS found
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_days_of_captures")]

    operations = [migrations.RunSQL(PUBLISH, "DROP VIEW payments_public_case")]
