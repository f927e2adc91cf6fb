"""Each of billing's auditors finds what it is there to find, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from canbao.billing import checks
from canbao.billing.tests.conftest import Assess
from canbao.billing.tests.register import Enrolled, Register
from canbao.kernel.findings import Auditor
from canbao.kernel.regions import RegionCode
from tests.owner import as_owner


@pytest.fixture
def books(register: Register, assess: Assess) -> None:
    """Bills in every born state, and a cancelled pair."""
    person, *_ = register.put(
        Enrolled(name="replaced"), Enrolled(name="payer"), Enrolled(name="met", identity_codes=("destitute",))
    )
    assess()
    register.grant(person, ["minimum_living"])
    assess()


def tamper(statement: str, *, drop: str = "") -> Callable[[], None]:
    """A change that only the owner of the tables can make, with a guard taken away first."""

    def run() -> None:
        with as_owner() as session, session.transaction():
            if drop:
                session.execute(f"ALTER TABLE billing_bill DROP CONSTRAINT {drop}")
            session.execute(statement)

    return run


def test_no_auditor_finds_anything_in_good_books(books: None, region: RegionCode) -> None:
    assert [finding for auditor in checks.AUDITORS for finding in auditor(region)] == []


TAMPERED: list[tuple[Auditor, str, str]] = [
    (
        checks.amounts_add_up,
        "UPDATE billing_bill SET personal_fen = personal_fen - 1, assistance_fen = assistance_fen + 1 "
        "WHERE state = 'due' AND personal_fen = 40000",
        "67000+0+40000",
    ),
    (
        checks.amounts_add_up,
        "UPDATE billing_bill SET price_id = gen_random_uuid() WHERE state = 'met_by_subsidy'",
        "a price",
    ),
    (
        checks.histories_end_in_the_state,
        "DELETE FROM billing_bill_history WHERE event = 'meet'",
        "due after 0 moves",
    ),
    (
        checks.histories_end_in_the_state,
        "UPDATE billing_bill SET state = 'due', move_count = 0 WHERE state = 'met_by_subsidy'",
        "met_by_subsidy after 1 moves",
    ),
    (
        checks.cancellations_sum_to_zero,
        "DELETE FROM billing_bill WHERE kind = 'reversal'",
        "a cancelled bill and one negative record, together zero",
    ),
    (
        checks.cancellations_sum_to_zero,
        "UPDATE billing_bill SET total_fen = total_fen + 1, government_fen = government_fen + 1 "
        "WHERE kind = 'reversal'",
        "a cancelled bill and one negative record, together zero",
    ),
]


@pytest.mark.parametrize("auditor, statement, expected", TAMPERED)
def test_what_was_tampered_with_is_found(
    books: None, region: RegionCode, other_region: RegionCode, auditor: Auditor, statement: str, expected: str
) -> None:
    tamper(statement)()
    (finding,) = auditor(region)
    assert finding.expected == expected
    assert finding.auditor == f"billing.{auditor.__name__}"
    assert auditor(other_region) == []


def test_lock_without_an_order_is_found_when_its_guard_is_gone(books: None, region: RegionCode) -> None:
    with as_owner() as session, session.transaction(force_rollback=False):
        session.execute("ALTER TABLE billing_bill DROP CONSTRAINT billing_bill_held_by_order")
        session.execute("UPDATE billing_bill SET state = 'locked' WHERE state = 'due' AND personal_fen = 40000")
    try:
        (finding,) = checks.locks_name_their_order(region)
        assert (finding.expected, finding.found) == ("an order", "locked by no order")
    finally:
        with as_owner() as session:
            session.execute("UPDATE billing_bill SET state = 'due' WHERE state = 'locked'")
            session.execute(
                "ALTER TABLE billing_bill ADD CONSTRAINT billing_bill_held_by_order CHECK ("
                "(order_id IS NOT NULL AND state IN ('locked', 'paid')) OR (state NOT IN ('locked', "
                "'paid') AND order_id IS NULL))"
            )


def test_doubled_bill_is_found_when_its_guard_is_gone(books: None, region: RegionCode) -> None:
    with as_owner() as session:
        definition = session.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'billing_bill_one_live'"
        ).fetchone()
        assert definition is not None
        session.execute("DROP INDEX billing_bill_one_live")
        session.execute(
            "INSERT INTO billing_bill (region_code, id, person_id, scheme_code, insured_year, "
            "due_from, due_until, kind, "
            "generation, state, move_count, price_id, total_fen, government_fen, assistance_fen, personal_fen, "
            "registered_elsewhere, assessed_on, recorded_at) "
            "SELECT region_code, gen_random_uuid(), person_id, scheme_code, insured_year, due_from, "
            "due_until, kind, 9, "
            "state, 0, price_id, total_fen, government_fen, assistance_fen, personal_fen, false, "
            "assessed_on, recorded_at "
            "FROM billing_bill WHERE state = 'due' AND personal_fen = 40000"
        )
        try:
            (finding,) = checks.one_live_bill(region)
            assert (finding.expected, finding.found) == ("one live bill", "2")
        finally:
            session.execute("DELETE FROM billing_bill WHERE generation = 9")
            session.execute(definition[0])
