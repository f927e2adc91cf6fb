"""The plans of coverage's statements name the index that their header promises."""

from __future__ import annotations

from datetime import date

import pytest

from canbao.coverage.store import statements
from canbao.kernel.ids import derived_id
from tests.owner import as_owner

SOME = [derived_id("test.some", number) for number in range(3)]
FILLED = """
    INSERT INTO coverage_period (region_code, id, bill_id, person_id, scheme_code, insured_year, from_on, until_on,
        wait_months, explanation_id, policy_version_id, state, move_count, recorded_at)
    SELECT 360100, id, id, id, '390', 2025, '2025-01-01', '2026-01-01', 0, id, id, 'in_force', 0, now()
    FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 5000)) AS made
"""
PROMISED: list[tuple[str, dict[str, object], str]] = [
    ("list_periods_of_bills", {"bill_ids": SOME}, "coverage_period_one_in_force"),
    ("list_periods_of_person", {"person_id": SOME[0]}, "coverage_period_of_person"),
    (
        "judge_ends",
        {"bill_ids": SOME, "untils_on": [date(2025, 5, 1)] * 3, "sources": ["in_force"]},
        "coverage_period_one_in_force",
    ),
]


@pytest.mark.parametrize("name, asked, index", PROMISED, ids=[name for name, _, _ in PROMISED])
def test_statement_uses_the_index_it_names(db: None, name: str, asked: dict[str, object], index: str) -> None:
    with as_owner() as session, session.transaction():
        session.execute(FILLED)
        session.execute("ANALYZE coverage_period")
        rows = session.execute("EXPLAIN (COSTS OFF) " + statements[name].text, {"region_code": 360100, **asked})
        plan = "\n".join(row[0] for row in rows.fetchall())
    assert index in plan, plan
