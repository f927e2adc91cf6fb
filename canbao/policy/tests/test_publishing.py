"""Publishing, on a real database: versions that never change, the same values once, and what is in force at an
instant.
"""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread
from uuid import UUID

import psycopg
import pytest

from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import national_tx, region_tx
from canbao.policy import public as policy
from canbao.policy.checks import AUDITORS
from canbao.policy.public import PublishedPolicy
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import from_document, read_region_year, to_document
from tests.owner import as_owner

NANCHANG = RegionCode(360100)
BEIJING = RegionCode(110000)

pytestmark = pytest.mark.usefixtures("db")


def shipped(name: str) -> RegionYear:
    return read_region_year((policy.VALUES / f"{name}.yaml").read_text(encoding="utf-8"), file=name)


def with_amount(parameters: RegionYear, yuan: str) -> RegionYear:
    document = to_document(parameters)
    document["standards"][0]["yuan"]["value"] = yuan
    return from_document(document, file="changed")


def published(parameters: RegionYear, clock: FixedClock, by: str = "jurist") -> PublishedPolicy:
    with national_tx() as tx:
        return policy.publish(tx, parameters, by=by, now=clock.now())


def count_versions() -> int:
    return len(policy.versions())


def test_a_published_year_is_in_force_with_all_its_values(clock: FixedClock) -> None:
    parameters = shipped("360100/2025")
    made = published(parameters, clock)
    assert (made.version_no, made.is_new, made.published_by, made.published_at) == (1, True, "jurist", clock.now())
    found = policy.in_force(NANCHANG, "390", 2025)
    assert found.version_id == made.version_id
    assert found.parameters == parameters
    assert found.digest == made.digest
    assert not found.is_new
    assert policy.version(made.version_id) == found


def test_the_same_values_twice_are_one_version(clock: FixedClock) -> None:
    first = published(shipped("360100/2025"), clock)
    clock.advance(timedelta(days=1))
    again = published(shipped("360100/2025"), clock, by="somebody else")
    assert (again.version_id, again.version_no, again.is_new) == (first.version_id, 1, False)
    assert again.published_at == first.published_at
    assert count_versions() == 1


def test_other_values_are_the_next_version_and_the_old_one_stays(clock: FixedClock) -> None:
    first = published(shipped("360100/2025"), clock)
    before = clock.now()
    clock.advance(timedelta(hours=1))
    second = published(with_amount(shipped("360100/2025"), "410.00"), clock)
    assert (second.version_no, second.is_new) == (2, True)
    assert policy.in_force(NANCHANG, "390", 2025).version_id == second.version_id
    assert policy.in_force(NANCHANG, "390", 2025, at=before).version_id == first.version_id
    assert policy.in_force(NANCHANG, "390", 2025, at=clock.now()).version_id == second.version_id
    assert policy.version(first.version_id).parameters.standards[0].yuan.value == 40000
    assert policy.version(second.version_id).parameters.standards[0].yuan.value == 41000


def test_going_back_to_old_values_is_a_publication_of_its_own(clock: FixedClock) -> None:
    first = published(shipped("360100/2025"), clock)
    published(with_amount(shipped("360100/2025"), "410.00"), clock)
    third = published(shipped("360100/2025"), clock)
    assert (third.version_no, third.is_new, third.digest) == (3, True, first.digest)
    assert policy.in_force(NANCHANG, "390", 2025).parameters.standards[0].yuan.value == 40000


def test_nothing_is_in_force_before_the_first_publication(clock: FixedClock) -> None:
    published(shipped("360100/2025"), clock)
    for region, scheme, year, at in (
        (NANCHANG, "390", 2025, clock.now() - timedelta(seconds=1)),
        (NANCHANG, "390", 2026, None),
        (NANCHANG, "310", 2025, None),
        (BEIJING, "390", 2025, None),
    ):
        with pytest.raises(CanbaoError) as refusal:
            policy.in_force(region, scheme, year, at=at)
        assert refusal.value.code == "policy.not_published"


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(CanbaoError) as refusal:
        policy.version(UUID(int=7))
    assert refusal.value.code == "policy.version_unknown"


def test_years_payable_are_those_whose_window_takes_money_on_the_day(clock: FixedClock) -> None:
    for name in ("110000/2025", "110000/2026", "360100/2025", "650100/2025"):
        published(shipped(name), clock)

    def years(region: RegionCode, on: date) -> list[int]:
        return [found.parameters.insured_year for found in policy.years_payable(region, "390", on)]

    assert years(NANCHANG, date(2024, 9, 14)) == []
    assert years(NANCHANG, date(2024, 11, 15)) == [2025]
    assert years(NANCHANG, date(2025, 9, 30)) == [2025]
    assert years(NANCHANG, date(2025, 10, 1)) == []
    assert years(BEIJING, date(2024, 12, 31)) == [2025]
    assert years(BEIJING, date(2025, 11, 1)) == []
    assert years(RegionCode(650100), date(2024, 11, 15)) == []


def test_regions_are_told_in_the_words_of_their_newest_publication(clock: FixedClock) -> None:
    assert policy.regions() == []
    published(shipped("360100/2025"), clock)
    published(shipped("110000/2025"), clock)
    assert [(found.region_code, found.name_zh, found.name_en, found.phone_area_code) for found in policy.regions()] == [
        (110000, "北京市", "Beijing", "010"),
        (360100, "南昌市", "Nanchang", "0791"),
    ]
    document = to_document(shipped("360100/2025"))
    document["region"]["name"]["en"] = "Nanchang City"
    published(from_document(document, file="changed"), clock)
    assert policy.region(NANCHANG).name_en == "Nanchang City"


def test_a_region_that_publishes_nothing_is_unknown() -> None:
    with pytest.raises(CanbaoError) as refusal:
        policy.region(NANCHANG)
    assert refusal.value.code == "policy.region_unknown"


def test_reading_works_inside_a_transaction_on_a_region(clock: FixedClock) -> None:
    made = published(shipped("360100/2025"), clock)
    with region_tx(NANCHANG):
        assert policy.in_force(NANCHANG, "390", 2025).version_id == made.version_id
        assert policy.region(NANCHANG).name_zh == "南昌市"


def test_two_publishers_at_once_of_the_same_values_make_one_version(clock: FixedClock) -> None:
    parameters, answers = shipped("360100/2025"), list[PublishedPolicy]()

    def run() -> None:
        answers.append(published(parameters, clock))

    publishers = [Thread(target=run) for _ in range(4)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join(timeout=30)
    assert [answer.version_no for answer in answers] == [1, 1, 1, 1]
    assert sum(answer.is_new for answer in answers) == 1
    assert count_versions() == 1


def test_two_publishers_at_once_of_different_values_make_two_versions(clock: FixedClock) -> None:
    parameters, answers = shipped("360100/2025"), list[PublishedPolicy]()

    def run(yuan: str) -> None:
        answers.append(published(with_amount(parameters, yuan), clock))

    publishers = [Thread(target=run, args=(f"4{number}0.00",)) for number in range(1, 5)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join(timeout=30)
    assert sorted(answer.version_no for answer in answers) == [1, 2, 3, 4]
    assert [found.version_no for found in policy.versions()] == [1, 2, 3, 4]


@pytest.mark.parametrize("statement", ["UPDATE policy_version SET published_by = 'x'", "DELETE FROM policy_version"])
def test_the_application_cannot_change_or_remove_a_version(clock: FixedClock, statement: str) -> None:
    published(shipped("360100/2025"), clock)
    before = policy.versions()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), national_tx() as tx:
        run_as_the_application(tx, statement)
    assert policy.versions() == before


def run_as_the_application(tx: Tx, statement: str) -> None:
    tx._session.execute(statement.encode())


def test_auditors_find_nothing_in_what_was_published(clock: FixedClock) -> None:
    published(shipped("360100/2025"), clock)
    published(with_amount(shipped("360100/2025"), "410.00"), clock)
    published(shipped("110000/2025"), clock)
    for region in (NANCHANG, BEIJING):
        assert [finding for auditor in AUDITORS for finding in auditor(region)] == []


def test_auditors_find_a_version_changed_behind_our_back(clock: FixedClock) -> None:
    made = published(shipped("360100/2025"), clock)
    with as_owner() as session:
        session.execute(
            "UPDATE policy_version SET document = jsonb_set(document, '{standards,0,yuan,value}', '\"1.00\"')"
        )
    (finding,) = [finding for auditor in AUDITORS for finding in auditor(NANCHANG)]
    assert finding.auditor == "policy.versions_match_their_digests"
    assert (finding.subject, finding.expected) == (str(made.version_id), made.digest)
    assert finding.found != made.digest


def test_auditors_find_a_version_that_was_removed(clock: FixedClock) -> None:
    published(shipped("360100/2025"), clock)
    second = published(with_amount(shipped("360100/2025"), "410.00"), clock)
    with as_owner() as session:
        session.execute("DELETE FROM policy_version WHERE version_no = 1")
    (finding,) = [finding for auditor in AUDITORS for finding in auditor(NANCHANG)]
    assert finding.auditor == "policy.versions_are_numbered_without_gap"
    assert (finding.subject, finding.expected, finding.found) == (str(second.version_id), "1", "2")
