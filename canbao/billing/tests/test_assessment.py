"""The yearly assessment at billing's front door, against a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canbao.billing import public as billing
from canbao.billing.checks import AUDITORS
from canbao.billing.public import AssessmentCounts, Bill, BillKind, BillState, LockStatus, OrderBills
from canbao.billing.rules import bill_id_of, bill_key, births_of_cuts
from canbao.billing.tests.conftest import VERSION, Assess
from canbao.billing.tests.register import Enrolled, Register
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.rulebook.calendar_days import age_in_years
from canbao.rulebook.contribution import Facts, person_class, price
from canbao.rulebook.parameters import RegionYear
from tests.owner import as_owner

BillOf = Callable[[UUID], Bill]
ORDER = derived_id("test.order", 1)

FAMILY = (
    Enrolled(name="payer"),
    Enrolled(name="child", born_on=date(2015, 6, 1), category_code="1403"),
    Enrolled(name="grandmother", born_on=date(1957, 3, 3), identity_codes=("minimum_living",)),
    Enrolled(name="newborn", born_on=date(2024, 11, 1), category_code="1401"),
)


def no_findings(region: RegionCode) -> bool:
    """Whether all of billing's auditors are silent."""
    return not [finding for auditor in AUDITORS for finding in auditor(region)]


def everything(region: RegionCode) -> list[tuple[object, ...]]:
    """Every bill and move of a region, to see that nothing changed."""
    with as_owner() as session:
        bills = session.execute("SELECT * FROM billing_bill WHERE region_code = %s ORDER BY id", [region]).fetchall()
        moves = session.execute(
            "SELECT * FROM billing_bill_history WHERE region_code = %s ORDER BY bill_id, move_no", [region]
        ).fetchall()
    return [*bills, *moves]


def pay(region: RegionCode, bill_id: UUID, clock: FixedClock) -> None:
    """Lock and pay a bill."""
    with region_tx(region) as tx:
        billing.lock(tx, [bill_id], order_id=ORDER, locked_until=clock.now(), now=clock.now())
        billing.mark_paid(tx, [OrderBills(order_id=ORDER, bill_ids=(bill_id,), paid_at=clock.now())], now=clock.now())


def test_family_is_billed_by_class(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode, parameters: RegionYear
) -> None:
    payer, child, grandmother, newborn = register.put(*FAMILY)
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=4, made_count=4)
    amounts = {
        person_id: (found.total_fen, found.government_fen, found.assistance_fen, found.personal_fen)
        for person_id in (payer, child, grandmother, newborn)
        for found in [bill_of(person_id)]
    }
    assert amounts == {
        payer: (107000, 67000, 0, 40000),
        child: (107000, 67000, 0, 40000),
        grandmother: (107000, 67000, 32000, 8000),
        newborn: (107000, 67000, 0, 40000),
    }
    found = bill_of(grandmother)
    assert (found.state, found.kind, found.insured_year) == (BillState.DUE, BillKind.NORMAL, 2025)
    assert (found.due_from, found.due_until, found.assessed_on) == (202501, 202512, date(2024, 11, 15))
    assert found.policy_version_id == VERSION
    expected = price(
        person_class(
            Facts(born_on=date(1957, 3, 3), category_code="1501", identity_codes=frozenset({"minimum_living"})),
            parameters,
        ),
        parameters,
    )
    assert found.steps == expected.steps
    assert any(step.private for step in found.steps)
    assert no_findings(region)


def test_id_and_number_are_functions_of_the_key(register: Register, assess: Assess, bill_of: BillOf) -> None:
    payer, *_ = register.put(*FAMILY)
    assess()
    expected = bill_id_of(payer, bill_key(BillKind.NORMAL, "390", 202501, 202512), 1)
    assert bill_of(payer).bill_id == expected
    assert bill_of(payer).bill_no == make_no(register.region, Kind.BILL, expected)
    assert expected.version == payer.version


def test_second_assessment_makes_nothing_new(register: Register, assess: Assess, region: RegionCode) -> None:
    register.put(*FAMILY)
    assess()
    before = everything(region)
    again = assess()
    assert again.counts == AssessmentCounts(person_count=4, unchanged_count=4)
    assert everything(region) == before


def test_whoever_owes_nothing_to_pay_is_met_by_the_subsidy(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode
) -> None:
    (elder,) = register.put(Enrolled(name="elder", born_on=date(1955, 1, 1)))
    assessed = assess()
    found = bill_of(elder)
    assert (found.state, found.personal_fen, found.assistance_fen) == (BillState.MET_BY_SUBSIDY, 0, 40000)
    assert assessed.pages[0].met_bill_ids == (found.bill_id,)
    assert assessed.counts.met_by_subsidy_count == 1
    with as_owner() as session:
        moves = session.execute(
            "SELECT bill_id, move_no, event, state_from, state_to FROM billing_bill_history"
        ).fetchall()
    assert moves == [(found.bill_id, 1, "meet", "due", "met_by_subsidy")]
    assert no_findings(region)


def test_age_is_counted_on_the_files_day(register: Register, assess: Assess, bill_of: BillOf) -> None:
    seventy, not_yet = register.put(
        Enrolled(name="seventy", born_on=date(1955, 1, 1)), Enrolled(name="not yet", born_on=date(1955, 1, 2))
    )
    assess()
    assert (bill_of(seventy).personal_fen, bill_of(not_yet).personal_fen) == (0, 40000)


@pytest.mark.parametrize(
    "person",
    [
        Enrolled(name="dead", died_on=date(2024, 10, 1)),
        Enrolled(name="ended", until_on=date(2024, 11, 1)),
        Enrolled(name="ends with the year before", until_on=date(2025, 1, 1)),
        Enrolled(name="not born in the year", born_on=date(2026, 1, 1), category_code="1401"),
        Enrolled(name="enrolled after the year", enrolled_on=date(2026, 1, 1)),
    ],
    ids=lambda person: person.name,
)
def test_who_owes_nothing_is_not_billed(
    register: Register, assess: Assess, region: RegionCode, person: Enrolled
) -> None:
    register.put(person)
    assert assess().counts == AssessmentCounts(person_count=1, not_owed_count=1)
    assert everything(region) == []


def test_identity_counts_on_the_day_of_assessment(register: Register, assess: Assess, bill_of: BillOf) -> None:
    former, present = register.put(
        Enrolled(name="former", identity_codes=("minimum_living",), identities_until_on=date(2024, 11, 15)),
        Enrolled(name="present", identity_codes=("minimum_living",), identities_until_on=date(2024, 11, 16)),
    )
    assess()
    assert (bill_of(former).personal_fen, bill_of(present).personal_fen) == (40000, 8000)


def test_best_of_several_identities_wins(register: Register, assess: Assess, bill_of: BillOf) -> None:
    (person,) = register.put(Enrolled(name="both", identity_codes=("minimum_living", "destitute")))
    assess()
    assert (bill_of(person).personal_fen, bill_of(person).state) == (0, BillState.MET_BY_SUBSIDY)


def test_person_of_two_regions_is_flagged_and_cannot_be_locked(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode, clock: FixedClock
) -> None:
    payer, elder = register.put(
        Enrolled(name="payer", elsewhere=True), Enrolled(name="elder", born_on=date(1940, 1, 1), elsewhere=True)
    )
    assessed = assess()
    assert assessed.counts.registered_elsewhere_count == 2
    assert assessed.counts.met_by_subsidy_count == 0
    assert [bill_of(person).state for person in (payer, elder)] == [BillState.DUE, BillState.DUE]
    assert bill_of(payer).registered_elsewhere
    before = everything(region)
    with region_tx(region) as tx:
        statuses = billing.lock(tx, [bill_of(payer).bill_id], order_id=ORDER, locked_until=clock.now(), now=clock.now())
    assert statuses == [LockStatus.REGISTERED_ELSEWHERE]
    assert everything(region) == before


def test_class_without_standard_is_reported_and_not_billed(
    register: Register, assess: Assess, region: RegionCode
) -> None:
    register.put(Enrolled(name="employee", category_code="1101"), Enrolled(name="payer"))
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=2, made_count=1, not_priced_count=1)
    (refused,) = assessed.pages[0].refused_classes
    assert refused.category_code == "1101"
    assert "rulebook.no_standard" in refused.reason


def test_changed_facts_give_a_negative_record_and_a_new_bill(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode
) -> None:
    payer, other = register.put(Enrolled(name="payer"), Enrolled(name="other"))
    assess()
    original, untouched = bill_of(payer), bill_of(other)
    register.grant(payer, ["minimum_living"])
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=2, made_count=1, reassessed_count=1, unchanged_count=1)
    assert billing.bill(region, original.bill_id).state is BillState.REVERSED
    assert bill_of(payer).personal_fen == 8000
    assert bill_of(payer).bill_id == bill_id_of(payer, bill_key(BillKind.NORMAL, "390", 202501, 202512), 2)
    assert bill_of(other) == untouched
    reversal = billing.bill(region, bill_id_of(payer, bill_key(BillKind.REVERSAL, "390", 202501, 202512), 1))
    assert (reversal.kind, reversal.state, reversal.reverses_id) == (
        BillKind.REVERSAL,
        BillState.REVERSED,
        original.bill_id,
    )
    assert (reversal.total_fen, reversal.government_fen, reversal.assistance_fen, reversal.personal_fen) == (
        -107000,
        -67000,
        0,
        -40000,
    )
    assert no_findings(region)


def test_change_there_and_back_gives_three_bills(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    for elsewhere in (False, True, False):
        register.change(payer, column="elsewhere", value=elsewhere)
        assess()
    found = bill_of(payer)
    assert found.bill_id == bill_id_of(payer, bill_key(BillKind.NORMAL, "390", 202501, 202512), 3)
    assert not found.registered_elsewhere
    assert no_findings(region)


def test_bill_of_someone_who_died_is_voided_by_a_negative_record(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode, clock: FixedClock
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    assess()
    original = bill_of(payer)
    register.change(payer, column="died_on", value=date(2024, 11, 10))
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=1, voided_count=1, not_owed_count=1)
    assert billing.bills_of(region, [payer], clock.today()) == []
    assert billing.bill(region, original.bill_id).state is BillState.VOIDED
    assert no_findings(region)


def test_paid_bill_whose_facts_changed_is_reported_and_left(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode, clock: FixedClock
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    assess()
    pay(region, bill_of(payer).bill_id, clock)
    register.grant(payer, ["minimum_living"])
    before = everything(region)
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=1, changed_after_payment_count=1)
    assert assessed.pages[-2].changed_after_payment_bill_ids == (bill_of(payer).bill_id,)
    assert everything(region) == before


def test_bill_met_by_the_subsidy_is_settled_and_left_too(
    register: Register, assess: Assess, region: RegionCode
) -> None:
    (person,) = register.put(Enrolled(name="person", identity_codes=("destitute",)))
    assess()
    register.change(person, column="until_on", value=date(2024, 11, 1), table="registry_identity")
    before = everything(region)
    assert assess().counts == AssessmentCounts(person_count=1, changed_after_payment_count=1)
    assert everything(region) == before


def test_locked_bill_waits_for_the_next_run(
    register: Register, assess: Assess, bill_of: BillOf, region: RegionCode, clock: FixedClock
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    assess()
    with region_tx(region) as tx:
        billing.lock(tx, [bill_of(payer).bill_id], order_id=ORDER, locked_until=clock.now(), now=clock.now())
    register.grant(payer, ["minimum_living"])
    before = everything(region)
    assessed = assess()
    assert assessed.counts == AssessmentCounts(person_count=1, left_locked_count=1)
    assert assessed.pages[0].left_locked_bill_ids == (bill_of(payer).bill_id,)
    assert everything(region) == before
    with region_tx(region) as tx:
        billing.free(tx, [ORDER], now=clock.now())
    assert assess().counts == AssessmentCounts(person_count=1, made_count=1, reassessed_count=1)
    assert bill_of(payer).personal_fen == 8000


def test_new_version_with_the_same_amounts_leaves_bills_alone(
    register: Register, assess: Assess, bill_of: BillOf
) -> None:
    (payer,) = register.put(Enrolled(name="payer"))
    assess()
    before = bill_of(payer)
    assert assess(version_id=derived_id("test.version", 2)).counts.unchanged_count == 1
    assert bill_of(payer) == before


def test_other_regions_are_not_seen(
    register: Register, assess: Assess, region: RegionCode, other_region: RegionCode
) -> None:
    register.put(Enrolled(name="payer"))
    Register(other_region).put(Enrolled(name="payer"), Enrolled(name="stranger"))
    assert assess().counts == AssessmentCounts(person_count=1, made_count=1)
    assert everything(other_region) == []


def test_killed_run_goes_on_from_its_last_whole_page(
    register: Register, assess: Assess, region: RegionCode, parameters: RegionYear, clock: FixedClock
) -> None:
    register.put(*(Enrolled(name=f"person {number}") for number in range(10)))
    with region_tx(region) as tx:
        plan = billing.assessment_plan(tx, parameters, VERSION, assessed_on=clock.today(), now=clock.now())
    with region_tx(region) as tx:
        billing.assess_page(tx, plan, now=clock.now(), limit=4)
    with pytest.raises(KeyboardInterrupt), region_tx(region) as tx:
        billing.assess_page(tx, plan, now=clock.now(), limit=4)
        raise KeyboardInterrupt
    clock.advance(timedelta(minutes=5))
    assessed = assess(limit=4)
    assert assessed.plan.is_resumed
    assert assessed.plan.assessment_id == plan.assessment_id
    assert assessed.plan.enrolled_left_count == 6
    assert [page.counts.made_count for page in assessed.pages] == [4, 2, 0]
    assert assessed.counts == AssessmentCounts(person_count=10, made_count=10)


def test_run_of_another_day_supersedes_the_one_left(
    register: Register, assess: Assess, region: RegionCode, parameters: RegionYear, clock: FixedClock
) -> None:
    register.put(*(Enrolled(name=f"person {number}") for number in range(5)))
    with region_tx(region) as tx:
        plan = billing.assessment_plan(tx, parameters, VERSION, assessed_on=clock.today(), now=clock.now())
        billing.assess_page(tx, plan, now=clock.now(), limit=2)
    clock.advance(timedelta(days=1))
    assessed = assess()
    assert not assessed.plan.is_resumed
    assert assessed.counts == AssessmentCounts(person_count=5, made_count=3, unchanged_count=2)
    with region_tx(region) as tx:
        assert billing.assess_page(tx, plan, now=clock.now()).is_done
    with as_owner() as session:
        states = session.execute("SELECT state FROM billing_assessment ORDER BY started_at").fetchall()
    assert states == [("superseded",), ("finished",)]


def test_database_refuses_a_second_live_bill(register: Register, assess: Assess) -> None:
    register.put(Enrolled(name="payer"))
    assess()
    with as_owner() as session, pytest.raises(psycopg.errors.UniqueViolation) as refused:
        session.execute(
            "INSERT INTO billing_bill (region_code, id, person_id, scheme_code, insured_year, "
            "due_from, due_until, kind, "
            "generation, state, move_count, price_id, total_fen, government_fen, assistance_fen, personal_fen, "
            "registered_elsewhere, assessed_on, recorded_at) "
            "SELECT region_code, gen_random_uuid(), person_id, scheme_code, insured_year, due_from, "
            "due_until, kind, 9, "
            "state, 0, price_id, total_fen, government_fen, assistance_fen, personal_fen, false, "
            "assessed_on, recorded_at "
            "FROM billing_bill"
        )
    assert refused.value.diag.constraint_name == "billing_bill_one_live"


PERSON = st.builds(
    Enrolled,
    name=st.uuids(version=4).map(str),
    born_on=st.dates(min_value=date(1930, 1, 1), max_value=date(2025, 6, 1)),
    category_code=st.sampled_from(["1401", "1402", "1403", "1404", "1405", "1501", "1101"]),
    identity_codes=st.sets(st.sampled_from(["destitute", "minimum_living", "preferential"])).map(
        lambda codes: tuple(sorted(codes))
    ),
    died_on=st.none(),
    until_on=st.sampled_from([None, None, date(2024, 10, 1), date(2025, 7, 1)]),
    elsewhere=st.booleans(),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(persons=st.lists(PERSON, min_size=1, max_size=12, unique_by=lambda person: person.name))
def test_assessing_twice_is_assessing_once(
    register: Register, assess: Assess, region: RegionCode, parameters: RegionYear, persons: list[Enrolled]
) -> None:
    with as_owner() as session:
        session.execute(
            "TRUNCATE registry_person, registry_enrolment, registry_identity, billing_bill, "
            "billing_bill_history CASCADE"
        )
    ids = register.put(*persons)
    once = assess()
    before = everything(region)
    twice = assess()
    assert everything(region) == before
    assert twice.counts == replace(
        once.counts,
        made_count=0,
        met_by_subsidy_count=0,
        registered_elsewhere_count=0,
        unchanged_count=once.counts.made_count,
    )
    for found in billing.bills_of(region, ids, date(2025, 1, 1)):
        person = persons[ids.index(found.person_id)]
        expected = price(
            person_class(
                Facts(
                    born_on=person.born_on,
                    category_code=person.category_code,
                    identity_codes=frozenset(person.identity_codes),
                ),
                parameters,
            ),
            parameters,
        )
        assert (found.total_fen, found.assistance_fen, found.personal_fen, found.is_final) == (
            expected.total_fen,
            expected.assistance_fen,
            expected.personal_fen,
            expected.is_final,
        )
    assert no_findings(region)


@given(
    born_on=st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 1, 1)),
    on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_births_of_cuts_say_what_the_rulebook_counts(born_on: date, on: date) -> None:
    cuts = [18, 60, 70]
    band = sum(born_on <= last for last in births_of_cuts(cuts, on))
    assert band == sum(cut <= age_in_years(born_on, on) for cut in cuts)


def test_births_of_cuts_on_a_leap_day() -> None:
    assert births_of_cuts([1, 4], date(2024, 2, 29)) == [date(2020, 2, 29), date(2023, 2, 28)]
