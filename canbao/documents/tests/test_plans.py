"""Each statement that finds rows uses the index its header names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from canbao.documents.store import statements
from canbao.kernel.ids import derived_id
from tests.owner import as_owner

PARAMETERS: dict[str, object] = {
    "region_code": 360100,
    "subject_id": derived_id("order", 1),
    "subject_ids": [derived_id("order", 1), derived_id("order", 2)],
    "voucher_ids": [derived_id("voucher", 1)],
    "voucher_no": "360100VQB4J9PR7TB1",
    # Nothing is old: how the statement is asked nearly always.
    "current": 1,
    "limit": 10,
    "sources": ["issued"],
    "target": "voided",
    "reason": "refunded",
    "ids": [derived_id("voucher", 1)],
    "seals": [b""],
    "now": datetime(2024, 11, 15, tzinfo=UTC),
}


FILLING = """
INSERT INTO documents_voucher (
    region_code, id, voucher_no, subject_kind, subject_id, state, sealed, sealed_key, pdf_sm3, total_fen, issued_at,
    void_reason, recorded_at
)
SELECT region, gen_random_uuid(), region || 'V' || lpad(nth::text, 11, '0'), 'order', gen_random_uuid(), 'issued',
    decode(repeat('00', 400), 'hex'), 1, decode(repeat('00', 32), 'hex'), 40000, now(), '', now()
FROM generate_series(1, 3000) AS nth, (VALUES (360100), (130100)) AS two (region);
INSERT INTO documents_voucher_pdf (region_code, id, sealed, sealed_key, recorded_at)
SELECT region_code, id, sealed, 1, recorded_at FROM documents_voucher;
INSERT INTO documents_voucher_line (region_code, voucher_id, place, bill_id, paid_fen)
SELECT region_code, id, 1, gen_random_uuid(), 40000 FROM documents_voucher;
ANALYZE documents_voucher;
ANALYZE documents_voucher_line;
ANALYZE documents_voucher_pdf;
"""

EXPECTED = {
    "find_paper_of_subject": "documents_voucher_by_subject",
    "list_vouchers_of_subject": "documents_voucher_by_subject",
    "find_paper_by_no": "documents_voucher_one_per_no",
    "find_facts_by_no": "documents_voucher_one_per_no",
    "hold_vouchers": "documents_voucher_by_subject",
    "move_vouchers": "documents_voucher_pkey",
    "reseal_facts": "documents_voucher_pkey",
    "reseal_papers": "documents_voucher_pdf_pkey",
    "hold_old_facts": "documents_voucher_by_key",
    "hold_old_papers": "documents_voucher_pdf_by_key",
    "list_newest_papers": "documents_voucher_pkey",
    "list_newest_facts": "documents_voucher_pkey",
}


def test_every_plan_uses_the_index_its_header_names(db: None) -> None:
    with as_owner() as session:
        session.execute(FILLING)
        for name, index in EXPECTED.items():
            lines = session.execute(f"EXPLAIN {statements[name].text}".encode(), PARAMETERS).fetchall()
            plan = "\n".join(row[0] for row in lines)
            assert re.search(rf"(using|on|Backward using) {index}\b", plan), f"{name}\n{plan}"
            assert "Seq Scan on documents" not in plan, f"{name}\n{plan}"
