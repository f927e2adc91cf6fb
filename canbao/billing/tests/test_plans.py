"""The plans of billing's statements name the index that their header promises."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from canbao.billing.store import statements
from canbao.kernel.ids import derived_id
from tests.owner import as_owner

SOME = [derived_id("test.some", number) for number in range(3)]
PAGE: dict[str, object] = {
    "scheme_code": "390",
    "insured_year": 2025,
    "due_from": 202501,
    "due_until": 202512,
    "policy_version_id": SOME[0],
    "assessed_on": date(2024, 11, 15),
    "enrolled_after": date(2025, 1, 1),
    "year_until": date(2026, 1, 1),
    "born_until": [date(1955, 1, 1)],
    "after_person_id": UUID(int=1 << 126),
    "last_person_id": UUID(int=1 << 127),
    "limit": 100,
    "bill_key": b"key",
    "now": date(2024, 11, 15),
}
# Enough rows that reading a table through is not the cheapest plan anyway.
FILLED = (
    """
    INSERT INTO registry_person (region_code, id, id_digest, name_digest, sealed, sealed_key, id_doc_type, born_on,
        elsewhere, content_digest, import_id, recorded_at)
    SELECT 360100, id, uuid_send(id), '', '', 1, 'resident_card', '1990-01-01', false, '', id, now()
    FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 5000)) AS made
    """,
    """
    INSERT INTO registry_enrolment (region_code, id, person_id, scheme_code, category_code, enrolled_on, from_on,
        content_digest, import_id, recorded_at)
    SELECT 360100, id, id, '390', '1501', '2024-01-01', '2024-01-01', '', id, now() FROM registry_person
    """,
    """
    INSERT INTO billing_bill (region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind,
        generation, state, move_count, price_id, total_fen, government_fen, assistance_fen, personal_fen,
        registered_elsewhere, assessed_on, order_id, recorded_at)
    SELECT region_code, id, id, '390', 2025, 202501, 202512, 'normal', 1, state, 0, id, 0, 0, 0, 0, false,
        '2024-11-15', CASE state WHEN 'locked' THEN gen_random_uuid() END, now()
    FROM (
        SELECT region_code, id,
            (ARRAY['due', 'due', 'due', 'locked', 'voided'])[1 + get_byte(id_digest, 0) % 5] AS state
        FROM registry_person
    ) AS person
    """,
    """
    INSERT INTO billing_price (region_code, id, policy_version_id, category_code, age_band, identity_codes, tier,
        total_fen, government_fen, assistance_fen, personal_fen, applied_identity, is_final, steps, recorded_at)
    SELECT region_code, id, id, '1501', 0, '{}', '', 0, 0, 0, 0, '', true, '[]', now() FROM registry_person
    """,
    "ANALYZE registry_person, registry_enrolment, billing_bill, billing_price",
)
PROMISED: list[tuple[str, dict[str, object], list[str]]] = [
    ("list_bills_by_id", {"bill_ids": SOME}, ["billing_bill_pkey"]),
    ("list_bills_of_persons", {"person_ids": SOME, "insured_year_from": 2025}, ["billing_bill_one_live"]),
    ("find_live_bill", {"person_id": SOME[0], "insured_year_from": 2025}, ["billing_bill_one_live"]),
    ("list_bills_of_orders", {"order_ids": SOME}, ["billing_bill_by_order"]),
    ("judge_locks", {"bill_ids": SOME, "order_id": SOME[0], "sources": ["due"]}, ["billing_bill_pkey"]),
    (
        "judge_payments",
        {"positions": [0, 1, 2], "order_ids": SOME, "bill_ids": SOME, "sources": ["locked"], "target": "paid"},
        ["billing_bill_pkey"],
    ),
    ("hold_bills_of_orders", {"order_ids": SOME, "sources": ["locked"]}, ["billing_bill_by_order"]),
    ("hold_due_bills", {"bill_ids": SOME, "sources": ["due"]}, ["billing_bill_pkey"]),
    ("hold_bills_to_undo", {"bill_ids": SOME}, ["billing_bill_pkey"]),
    ("share_bills", {"bill_ids": SOME}, ["billing_bill_pkey"]),
    ("list_undone", {"bill_ids": SOME}, ["billing_bill_refunded_once", "billing_bill_history_pkey"]),
    ("list_refund_records", {"bill_ids": SOME}, ["billing_bill_refunded_once"]),
    (
        "insert_refund_reversals",
        {"bill_ids": SOME, "refund_ids": SOME, "undone_on": date(2024, 11, 15), "now": date(2024, 11, 15)},
        ["billing_bill_pkey", "billing_bill_refunded_once"],
    ),
    (
        "insert_refund_records",
        {
            "bill_ids": SOME,
            "refund_ids": SOME,
            "amounts_fen": [1, 2, 3],
            "undone_on": date(2024, 11, 15),
            "now": date(2024, 11, 15),
        },
        ["billing_bill_pkey"],
    ),
    ("renew_bills", {"bill_ids": SOME, "now": date(2024, 11, 15)}, ["billing_bill_pkey"]),
    ("pay_bills", {"bill_ids": SOME, "sources": ["locked"], "target": "paid", "paid_ats": []}, ["billing_bill_pkey"]),
    (
        "move_bills",
        {"bill_ids": SOME, "sources": ["due"], "target": "locked", "order_id": SOME[0], "locked_until": None},
        ["billing_bill_pkey"],
    ),
    ("hold_running_assessment", {"scheme_code": "390", "insured_year": 2025}, ["billing_assessment_one_running"]),
    ("assess_page", PAGE, ["billing_bill_one_live", "billing_bill_cancelled", "registry_person_pkey"]),
]


@pytest.mark.parametrize("name, asked, indexes", PROMISED, ids=[name for name, _, _ in PROMISED])
def test_statement_uses_the_index_it_names(db: None, name: str, asked: dict[str, object], indexes: list[str]) -> None:
    with as_owner() as session, session.transaction():
        for statement in FILLED:
            session.execute(statement)
        if name == "assess_page":
            session.execute(statements["steer_to_indexes"].text)  # as the store does before each page
        query = "EXPLAIN (COSTS OFF) " + statements[name].text
        rows = session.execute(query, {"region_code": 360100, **asked}).fetchall()
    plan = "\n".join(row[0] for row in rows)
    missing = [index for index in indexes if index not in plan]
    assert missing == [], plan


def test_page_stays_linear_before_the_register_is_analysed(db: None) -> None:
    """Without statistics only the register's own view may loop over persons, each by its key."""
    with as_owner() as session, session.transaction():
        for statement in FILLED[:-1]:
            session.execute(statement)
        session.execute(statements["steer_to_indexes"].text)
        rows = session.execute(
            "EXPLAIN (COSTS OFF) " + statements["assess_page"].text, {"region_code": 360100, **PAGE}
        ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert plan.count("Full Join") == 4, plan
    assert plan.count("Nested Loop") <= 1, plan


def test_page_reads_nobody_before_it(db: None) -> None:
    """Both sides of the register's join are bounded; one alone would read every person before the page once more."""
    with as_owner() as session, session.transaction():
        for statement in FILLED:
            session.execute(statement)
        session.execute(statements["steer_to_indexes"].text)
        rows = session.execute("EXPLAIN " + statements["assess_page"].text, {"region_code": 360100, **PAGE}).fetchall()
    bounds = [row[0] for row in rows if "Index Cond" in row[0] and f"> '{PAGE['after_person_id']}'" in row[0]]
    assert any("(id >" in bound for bound in bounds), bounds
    assert any("(person_id >" in bound for bound in bounds), bounds
