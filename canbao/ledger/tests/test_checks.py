"""The auditors find what the owner of the database changes behind the ledger's back, and name the place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from canbao.journeys.seal_ledger import seal_ledger
from canbao.kernel.clock import FixedClock
from canbao.kernel.regions import RegionCode
from canbao.ledger import checks
from canbao.ledger.checks import AUDITORS
from canbao.ledger.tests.test_ledger import collected, met, post, suspended
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("db")

AT = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
FIFTH = "(SELECT transfer_id FROM ledger_link WHERE region_code = 360100 AND place = 5)"


@pytest.fixture
def books(region: RegionCode, other_region: RegionCode) -> RegionCode:
    """Two sealed days, one open day with a sealed part, and two postings that wait; a second region beside it."""
    clock = FixedClock(AT)
    for turn in range(3):
        post(region, [collected(turn * 10 + 1), collected(turn * 10 + 2, 777), met(turn * 10 + 2)], clock.now())
        seal_ledger(region, clock=clock)
        clock.advance(timedelta(days=1) if turn < 2 else timedelta(minutes=1))
    seal_ledger(region, clock=clock)
    post(region, [collected(91), suspended(92)], clock.now())
    post(region, [collected(93)], clock.now() + timedelta(seconds=1))
    post(other_region, [collected(1)])
    seal_ledger(other_region, clock=clock)
    return region


def tamper(*statements: str) -> None:
    """Change rows as the owner, foreign keys looking away."""
    with as_owner() as session:
        session.execute("SET session_replication_role = replica")
        for statement in statements:
            touched = session.execute(statement).rowcount
            assert touched >= 1, "the test changed nothing"


def findings(region: RegionCode) -> dict[str, list[str]]:
    """What each auditor found, by its name without the room; silent ones left out."""
    found = {auditor.__name__: [finding.subject for finding in auditor(region)] for auditor in AUDITORS}
    return {name: subjects for name, subjects in found.items() if subjects}


def test_untouched_books_have_no_findings(books: RegionCode, other_region: RegionCode) -> None:
    assert findings(books) == {}
    assert findings(other_region) == {}
    assert len(AUDITORS) == 8


@pytest.mark.parametrize(
    "column",
    [
        "reason = 'x'",
        "happened_at = happened_at - interval '1 microsecond'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "order_id = gen_random_uuid()",
        "bill_id = NULL",
        "capture_id = gen_random_uuid()",
    ],
)
def test_changed_row_is_found_at_its_place_and_only_there(books: RegionCode, column: str) -> None:
    tamper(f"UPDATE ledger_transfer SET {column} WHERE region_code = 360100 AND id = {FIFTH}")
    found = findings(books)
    assert set(found) == {"chain_is_intact"}
    assert [subject.split(" (")[0] for subject in found["chain_is_intact"]] == ["link 5"]


def test_changed_amount_is_found_in_chain_day_and_balances(books: RegionCode, other_region: RegionCode) -> None:
    tamper(f"UPDATE ledger_transfer SET amount_fen = amount_fen + 1 WHERE region_code = 360100 AND id = {FIFTH}")
    found = findings(books)
    assert set(found) == {
        "chain_is_intact",
        "days_are_what_was_sealed",
        "balances_equal_their_history",
        "snapshots_equal_their_past",
    }
    assert found["days_are_what_was_sealed"] == ["day 2024-11-16"]
    assert len(found["balances_equal_their_history"]) == 2
    assert findings(other_region) == {}


def test_removed_row_is_found(books: RegionCode) -> None:
    tamper(f"DELETE FROM ledger_transfer WHERE region_code = 360100 AND id = {FIFTH}")
    found = findings(books)
    assert [subject.split(" (")[0] for subject in found["chain_is_intact"]] == ["link 5"]
    assert "balances_equal_their_history" in found
    assert "days_are_what_was_sealed" in found


def test_removed_row_and_link_are_found_by_the_gap(books: RegionCode) -> None:
    tamper(
        f"DELETE FROM ledger_transfer WHERE region_code = 360100 AND id = {FIFTH}",
        "DELETE FROM ledger_link WHERE region_code = 360100 AND place = 5",
    )
    [finding] = checks.chain_is_intact(books)
    assert (finding.expected, finding.found) == ("place 5", "place 6")
    assert finding.subject.startswith("link 6 ")


def test_rewritten_link_is_found_there_and_at_the_next(books: RegionCode) -> None:
    tamper("UPDATE ledger_link SET link_hash = sha256('x') WHERE region_code = 360100 AND place = 5")
    found = findings(books)
    assert [subject.split(" (")[0] for subject in found["chain_is_intact"]] == ["link 5", "link 6"]


def test_links_exchanged_are_found(books: RegionCode) -> None:
    tamper(
        "UPDATE ledger_link SET place = 1000 WHERE region_code = 360100 AND place = 5",
        "UPDATE ledger_link SET place = 5 WHERE region_code = 360100 AND place = 4",
        "UPDATE ledger_link SET place = 4 WHERE region_code = 360100 AND place = 1000",
    )
    assert [f.subject.split(" (")[0] for f in checks.chain_is_intact(books)] == ["link 4", "link 5", "link 6"]


def test_row_slipped_in_is_found(books: RegionCode) -> None:
    tamper(
        "INSERT INTO ledger_transfer SELECT region_code, gen_random_uuid(), gen_random_uuid(), kind, debit_account_id, "
        "credit_account_id, 1, order_id, bill_id, capture_id, reason, happened_at, recorded_at "
        f"FROM ledger_transfer WHERE region_code = 360100 AND id = {FIFTH}"
    )
    found = findings(books)
    assert set(found) == {"transfers_are_bound", "balances_equal_their_history"}
    assert len(found["transfers_are_bound"]) == 1


def test_row_slipped_into_a_waiting_posting_is_found(books: RegionCode) -> None:
    tamper(
        "INSERT INTO ledger_transfer SELECT t.region_code, gen_random_uuid(), t.posting_id, t.kind, "
        "t.debit_account_id, t.credit_account_id, 1, NULL, NULL, NULL, '', t.happened_at, t.recorded_at "
        "FROM ledger_transfer t JOIN ledger_unsealed u USING (region_code, posting_id) "
        "WHERE t.region_code = 360100 AND u.transfer_count = 1"
    )
    [finding] = checks.transfers_are_bound(books)
    assert (finding.expected, finding.found) == ("1 transfers", "2 transfers")


def test_waiting_row_removed_is_found(books: RegionCode) -> None:
    tamper(
        "DELETE FROM ledger_transfer t USING ledger_unsealed u WHERE t.region_code = u.region_code "
        "AND t.posting_id = u.posting_id AND u.region_code = 360100 AND t.kind = 'capture_suspended'"
    )
    [finding] = checks.transfers_are_bound(books)
    assert (finding.expected, finding.found) == ("2 transfers", "1 transfers")


def test_list_of_waiting_postings_emptied_is_found(books: RegionCode) -> None:
    tamper("DELETE FROM ledger_unsealed WHERE region_code = 360100")
    found = findings(books)
    assert len(found["transfers_are_bound"]) == 3
    assert "balances_equal_their_history" in found


def test_changed_snapshot_is_found_also_an_old_one(books: RegionCode) -> None:
    tamper(
        "UPDATE ledger_balance SET debit_fen = debit_fen + 1 WHERE region_code = 360100 AND through_place = 3 "
        "AND account_id = (SELECT id FROM ledger_account WHERE region_code = 360100 AND account_code = 'clearing')"
    )
    found = findings(books)
    assert set(found) == {"snapshots_equal_their_past"}
    assert found["snapshots_equal_their_past"][0].endswith(" through 3")


def test_changed_last_snapshot_unbalances_the_books(books: RegionCode) -> None:
    tamper("UPDATE ledger_balance SET debit_fen = debit_fen + 1 WHERE region_code = 360100 AND debit_fen > 0")
    found = findings(books)
    assert set(found) == {"balances_equal_their_history", "snapshots_equal_their_past", "debits_equal_credits"}


def test_snapshot_removed_is_found(books: RegionCode) -> None:
    tamper("DELETE FROM ledger_balance WHERE region_code = 360100 AND through_place = 9")
    assert "balances_equal_their_history" in findings(books)


def test_changed_or_removed_account_is_found(books: RegionCode) -> None:
    tamper(
        "UPDATE ledger_account SET due_from = 202601 WHERE region_code = 360100 AND account_code LIKE 'contribution%'"
    )
    assert set(findings(books)) == {"accounts_are_what_their_ids_say"}
    tamper("DELETE FROM ledger_account WHERE region_code = 360100 AND account_code LIKE 'contribution%'")
    assert set(findings(books)) == {"transfers_name_known_accounts"}


@pytest.mark.parametrize(
    "change",
    [
        "transfer_count = transfer_count",
        "amount_fen = amount_fen + 1",
        "last_hash = sha256('x')",
        "day_hash = sha256('x')",
    ],
)
def test_changed_day_is_found(books: RegionCode, change: str) -> None:
    if change.startswith("transfer_count"):
        change = "transfer_count = transfer_count + 1, last_place = last_place + 1"
    tamper(f"UPDATE ledger_day SET {change} WHERE region_code = 360100 AND chained_on = '2024-11-15'")
    found = findings(books)
    assert set(found) == {"days_are_what_was_sealed"}
    assert found["days_are_what_was_sealed"][0] == "day 2024-11-15"


def test_links_added_to_a_sealed_day_are_found(books: RegionCode) -> None:
    tamper("UPDATE ledger_link SET chained_on = '2024-11-16' WHERE region_code = 360100 AND place = 7")
    found = findings(books)
    assert found["days_are_what_was_sealed"] == ["day 2024-11-16"]
    assert [subject.split(" (")[0] for subject in found["chain_is_intact"]] == ["link 7"]


def test_auditor_pages_through_a_chain_longer_than_a_page(books: RegionCode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAGE", 2)
    assert checks.chain_is_intact(books) == []
    tamper("DELETE FROM ledger_link WHERE region_code = 360100 AND place = 9")
    assert checks.chain_is_intact(books) == []
    assert [finding.found for finding in checks.transfers_are_bound(books)] == ["neither"]
