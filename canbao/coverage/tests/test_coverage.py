"""Coverage at its front door: every status of its batches, in order, with repeats and two workers at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from canbao.coverage import checks
from canbao.coverage import public as coverage
from canbao.coverage.public import CoverToEnd, CoverToWrite, EndStatus, PeriodState, WriteStatus
from canbao.coverage.states import PERIOD
from canbao.kernel.clock import FixedClock
from canbao.kernel.findings import Auditor
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.rulebook.entitlement import CoverStep
from canbao.rulebook.sourced import Reliability, Source
from tests.owner import as_owner

PERSON = derived_id("test.person", 1)
STEP = CoverStep(
    label_zh="按时缴费，2025-01-01 起",
    label_en="paid in time, from 2025-01-01",
    source=Source(
        key="l1", reference="某文件", reference_en="a document", dated_on=date(2024, 9, 1), reliability=Reliability.B
    ),
)


def cover(number: int) -> CoverToWrite:
    """The cover of bill so-and-so."""
    return CoverToWrite(
        bill_id=derived_id("test.bill", number),
        person_id=PERSON,
        scheme_code="390",
        insured_year=2025,
        from_on=date(2025, 1, 1),
        until_on=date(2026, 1, 1),
        wait_months=0,
        steps=(STEP,),
        policy_version_id=derived_id("test.version", 1),
    )


def write(region: RegionCode, clock: FixedClock, *covers: CoverToWrite) -> list[WriteStatus]:
    with region_tx(region) as tx:
        return coverage.write(tx, covers, now=clock.now())


def end(region: RegionCode, clock: FixedClock, *endings: tuple[UUID, date]) -> list[EndStatus]:
    with region_tx(region) as tx:
        asked = [CoverToEnd(bill_id=bill_id, until_on=on, reason="died") for bill_id, on in endings]
        return coverage.end(tx, asked, now=clock.now())


def test_every_write_status_in_one_batch(
    db: None, region: RegionCode, other_region: RegionCode, clock: FixedClock
) -> None:
    write(region, clock, cover(1), cover(2))
    write(other_region, clock, cover(3))
    later = replace(cover(2), from_on=date(2025, 4, 1), wait_months=3)
    assert write(region, clock, cover(1), later, cover(3), cover(3), replace(cover(3), wait_months=1)) == [
        WriteStatus.EXISTS,
        WriteStatus.EXISTS_WITH_DIFFERENT_CONTENT,
        WriteStatus.WRITTEN,
        WriteStatus.EXISTS,
        WriteStatus.EXISTS_WITH_DIFFERENT_CONTENT,
    ]
    found = coverage.of_bills(region, [cover(number).bill_id for number in (1, 2, 3, 4)])
    assert {(one.bill_id, one.from_on, one.wait_months) for one in found} == {
        (cover(number).bill_id, date(2025, 1, 1), 0) for number in (1, 2, 3)
    }
    assert found[0].steps == (STEP,)
    assert len(coverage.of_person(region, PERSON)) == 3
    assert write(region, clock) == []


def test_every_end_status_in_one_batch(db: None, region: RegionCode, clock: FixedClock) -> None:
    write(region, clock, cover(1), cover(2))
    first, second, unknown = (derived_id("test.bill", number) for number in (1, 2, 9))
    assert end(
        region,
        clock,
        (unknown, date(2025, 5, 1)),
        (first, date(2025, 5, 1)),
        (first, date(2025, 6, 1)),
        (second, date(2026, 1, 2)),
    ) == [EndStatus.NOT_IN_FORCE, EndStatus.ENDED, EndStatus.NOT_IN_FORCE, EndStatus.NOT_WITHIN]
    ended, standing = sorted(coverage.of_person(region, PERSON), key=lambda one: one.until_on)
    assert (ended.state, ended.until_on, ended.covers(date(2025, 5, 1))) == (PeriodState.ENDED, date(2025, 5, 1), False)
    assert (standing.state, standing.until_on) == (PeriodState.IN_FORCE, date(2026, 1, 1))
    with as_owner() as session:
        moves = session.execute(
            "SELECT period_id, move_no, event, state_from, state_to, until_on_from, until_on_to, reason "
            "FROM coverage_period_history"
        ).fetchall()
    assert moves == [(ended.period_id, 1, "end", "in_force", "ended", date(2026, 1, 1), date(2025, 5, 1), "died")]
    assert write(region, clock, cover(1)) == [WriteStatus.WRITTEN]
    assert [finding for auditor in checks.AUDITORS for finding in auditor(region)] == []


def test_cover_ends_on_its_first_day_when_it_never_begins(db: None, region: RegionCode, clock: FixedClock) -> None:
    first, never = cover(1), replace(cover(2), from_on=date(2026, 1, 1))
    write(region, clock, first, never)
    assert never.from_on == never.until_on

    assert end(region, clock, (first.bill_id, date(2024, 12, 31))) == [EndStatus.NOT_WITHIN]
    assert end(region, clock, (first.bill_id, first.from_on)) == [EndStatus.ENDED]
    assert end(region, clock, (never.bill_id, date(2025, 12, 31))) == [EndStatus.NOT_WITHIN]
    assert end(region, clock, (never.bill_id, date(2026, 1, 2))) == [EndStatus.NOT_WITHIN]
    assert end(region, clock, (never.bill_id, never.until_on)) == [EndStatus.ENDED]
    with as_owner() as session:
        found = session.execute(
            "SELECT bill_id, from_on, until_on_from, until_on, reason FROM coverage_public_ending ORDER BY from_on"
        ).fetchall()
    assert found == [
        (first.bill_id, first.from_on, first.until_on, first.from_on, "died"),
        (never.bill_id, never.from_on, never.until_on, never.until_on, "died"),
    ]
    assert [finding for auditor in checks.AUDITORS for finding in auditor(region)] == []


def test_two_workers_write_one_cover_each_bill(db: None, region: RegionCode, clock: FixedClock) -> None:
    covers = [cover(number) for number in range(40)]
    start = threading.Barrier(2)
    statuses: list[list[WriteStatus]] = []

    def work(mine: list[CoverToWrite]) -> None:
        start.wait(timeout=20)
        statuses.append(write(region, clock, *mine))

    workers = [threading.Thread(target=work, args=(mine,)) for mine in (covers, covers[::-1])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    told = [status for of_worker in statuses for status in of_worker]
    assert (told.count(WriteStatus.WRITTEN), told.count(WriteStatus.EXISTS)) == (40, 40)


def test_life_of_a_period_has_one_edge() -> None:
    assert (PERIOD.events, PERIOD.sources("end"), PERIOD.target("end")) == (("end",), ["in_force"], "ended")
    assert PERIOD.terminal == {PeriodState.ENDED}


@pytest.mark.parametrize(
    "statement, auditor, expected",
    [
        ("DELETE FROM coverage_explanation", checks.explanations_are_kept, "an explanation"),
        (
            "UPDATE coverage_period SET state = 'ended'",
            checks.histories_end_in_the_state,
            "in_force after 0 moves",
        ),
    ],
)
def test_what_was_tampered_with_is_found(
    db: None, region: RegionCode, clock: FixedClock, statement: str, auditor: Auditor, expected: str
) -> None:
    write(region, clock, cover(1))
    assert auditor(region) == []
    with as_owner() as session:
        session.execute(statement)
    (finding,) = auditor(region)
    assert finding.expected == expected


def test_doubled_cover_is_found_when_its_guard_is_gone(db: None, region: RegionCode, clock: FixedClock) -> None:
    write(region, clock, cover(1))
    with as_owner() as session:
        definition = session.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'coverage_period_one_in_force'"
        ).fetchone()
        assert definition is not None
        session.execute("DROP INDEX coverage_period_one_in_force")
        session.execute(
            "INSERT INTO coverage_period SELECT region_code, gen_random_uuid(), bill_id, person_id, scheme_code, "
            "insured_year, from_on, until_on, wait_months, explanation_id, policy_version_id, state, move_count, "
            "recorded_at FROM coverage_period"
        )
        try:
            (finding,) = checks.one_cover_per_bill(region)
            assert (finding.expected, finding.found) == ("one period in force", "2")
        finally:
            session.execute("DELETE FROM coverage_period")
            session.execute(definition[0])


def test_cover_that_has_run_out_ends_with_its_days_as_they_were(
    db: None, region: RegionCode, clock: FixedClock
) -> None:
    write(region, clock, cover(1))
    assert end(region, clock, (cover(1).bill_id, date(2026, 1, 1))) == [EndStatus.ENDED]
    [ended] = coverage.of_person(region, PERSON)
    assert (ended.state, ended.from_on, ended.until_on) == (PeriodState.ENDED, date(2025, 1, 1), date(2026, 1, 1))
    assert coverage.of_bills(region, [cover(1).bill_id]) == []
