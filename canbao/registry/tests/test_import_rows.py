"""Taking batches of rows into the register: every status, every change, and two writers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from canbao.kernel.ids import uuid7
from canbao.kernel.sealing import KeyRing, ring
from canbao.kernel.transactions import region_tx
from canbao.registry import public as registry
from canbao.registry.public import AUDITORS, Enrolment, HeldIdentity, RowStatus

if TYPE_CHECKING:
    from canbao.registry.tests.conftest import Desk

Asked = Callable[[str], Sequence[tuple[Any, ...]]]

WEI = {"ID_NO": "11010519491231002X", "NAME": "李伟", "CATEGORY": "1501", "ENROLLED_ON": "2020-09-01"}
MEI = {"ID_NO": "650102190001010016", "NAME": "迪丽娜·买买提江", "CATEGORY": "1501", "ENROLLED_ON": "2021-01-01"}
STRANGER = {
    "DOCUMENT_TYPE": "护照",
    "ID_NO": "E12345678",
    "NAME": "John Smith",
    "BORN_ON": "1990-02-03",
    "CATEGORY": "1501",
    "ENROLLED_ON": "2022-01-01",
}
TODAY = date(2024, 11, 15)


def _silent(desk: Desk) -> None:
    assert [finding for auditor in AUDITORS for finding in auditor(desk.region)] == []


def test_a_new_row_becomes_a_person_with_family_enrolment_and_identity(desk: Desk) -> None:
    row = {**WEI, "FAMILY_NO": "H7", "PLACE": "青云社区", "IDENTITIES": "低保:2024-01-01:", "LAST_INSURED_YEAR": "2023"}
    assert desk.take(row) == [RowStatus.NEW]
    person = desk.person(row)
    assert (person.name, person.id_no, person.born_on) == ("李伟", "11010519491231002X", date(1949, 12, 31))
    assert (person.family_no, person.last_insured_year, person.has_several_regions) == ("H7", 2023, False)
    assert person.enrolments == (
        Enrolment(
            scheme_code="390",
            category_code="1501",
            tier=None,
            place="青云社区",
            enrolled_on=date(2020, 9, 1),
            until_on=None,
        ),
    )
    assert person.identities == (HeldIdentity(identity_code="minimum_living", from_on=date(2024, 1, 1), until_on=None),)
    assert registry.identity_on(desk.region, person.person_id, date(2023, 12, 31)) == frozenset()
    assert registry.identity_on(desk.region, person.person_id, TODAY) == {"minimum_living"}
    _silent(desk)


def test_the_same_rows_again_change_nothing(desk: Desk, everything: Callable[[], str]) -> None:
    rows = ({**WEI, "IDENTITIES": "低保:2024-01-01:"}, MEI, STRANGER)
    assert desk.take(*rows) == [RowStatus.NEW] * 3
    before = everything()
    desk.clock.advance(timedelta(days=40))
    assert desk.take(*rows) == [RowStatus.UNCHANGED] * 3
    assert everything() == before


def test_every_status_comes_in_its_order_from_one_batch(desk: Desk) -> None:
    desk.take(WEI, STRANGER)
    batch = (
        {**WEI, "NAME": "李建伟"},
        {**WEI, "NAME": "李建军"},
        {**STRANGER, "NAME": "Jane Doe", "BORN_ON": "1991-01-01"},
        MEI,
        MEI,
        {**MEI, "PLACE": "别处"},
        {**MEI, "SCHEME": "392"},
        {**MEI, "SCHEME": "410", "NAME": "别人"},
    )
    assert desk.take(*batch) == [
        RowStatus.CHANGED,
        RowStatus.REFUSED_REPEATS_OTHERWISE,
        RowStatus.REFUSED_OTHER_PERSON,
        RowStatus.NEW,
        RowStatus.UNCHANGED,
        RowStatus.REFUSED_REPEATS_OTHERWISE,
        RowStatus.NEW,
        RowStatus.REFUSED_REPEATS_OTHERWISE,
    ]
    assert desk.person(WEI).name == "李建伟"
    assert desk.person(STRANGER).name == "John Smith"
    assert [line.scheme_code for line in desk.person(MEI).enrolments] == ["390", "392"]
    assert desk.person(MEI).enrolments[0].place is None
    _silent(desk)


def test_match_says_what_an_import_would_do_and_writes_nothing(desk: Desk, everything: Callable[[], str]) -> None:
    desk.take(WEI)
    before = everything()
    rows = desk.prepared(WEI, MEI, {**MEI, "PLACE": "别处"})
    assert registry.match_rows(desk.region, rows) == [
        RowStatus.UNCHANGED,
        RowStatus.NEW,
        RowStatus.REFUSED_REPEATS_OTHERWISE,
    ]
    assert everything() == before


def test_a_changed_name_keeps_the_former_one_in_the_history(desk: Desk, asked: Asked) -> None:
    from canbao.kernel.sealing import row_context, unseal

    desk.take({**WEI, "IDENTITIES": "低保:2024-01-01:"})
    desk.clock.advance(timedelta(days=1))
    assert desk.take({**WEI, "NAME": "李建伟", "IDENTITIES": "低保:2024-01-01:"}) == [RowStatus.CHANGED]
    assert desk.person(WEI).name == "李建伟"
    ((history_id, person_id, sealed, identities, is_later),) = asked(
        "SELECT id, person_id, sealed, identities, replaced_at > recorded_at FROM registry_person_history"
    )
    assert person_id == desk.person_id(WEI)
    assert (identities, is_later) == ("minimum_living:2024-01-01:", True)
    former = unseal(sealed, context=row_context("registry_person_history", desk.region, history_id))
    assert former == {"id_no": "11010519491231002X", "name": "李伟", "doc_type": "resident_id"}
    assert asked("SELECT count(*) FROM registry_enrolment") == [(1,)]
    _silent(desk)


def test_a_changed_category_ends_the_line_today_and_begins_another(desk: Desk, asked: Asked) -> None:
    desk.take(WEI)
    assert desk.take({**WEI, "CATEGORY": "1560"}) == [RowStatus.CHANGED]
    assert asked(
        "SELECT category_code, enrolled_on, from_on, until_on, replaced_at IS NULL "
        "FROM registry_enrolment ORDER BY from_on"
    ) == [
        ("1501", date(2020, 9, 1), date(2020, 9, 1), TODAY, False),
        ("1560", date(2020, 9, 1), TODAY, None, True),
    ]
    assert desk.person(WEI).category_code == "1560"
    _silent(desk)


def test_going_back_and_forth_on_one_day_leaves_one_line_in_force(desk: Desk, asked: Asked) -> None:
    for category in ("1501", "1560", "1501", "1560", "1501"):
        desk.take({**WEI, "CATEGORY": category})
    assert asked("SELECT count(*), count(*) FILTER (WHERE replaced_at IS NULL) FROM registry_enrolment") == [(5, 1)]
    assert desk.person(WEI).category_code == "1501"
    _silent(desk)


def test_an_end_restates_the_line_and_keeps_the_former_one(desk: Desk, asked: Asked) -> None:
    desk.take(WEI)
    assert desk.take({**WEI, "UNTIL_ON": "2024-07-01"}) == [RowStatus.CHANGED]
    assert asked("SELECT from_on, until_on, replaced_at IS NULL FROM registry_enrolment ORDER BY replaced_at") == [
        (date(2020, 9, 1), date(2020, 9, 1), False),
        (date(2020, 9, 1), date(2024, 7, 1), True),
    ]
    assert desk.take(WEI) == [RowStatus.CHANGED]
    assert desk.person(WEI).enrolments[0].until_on is None
    _silent(desk)


def test_an_identity_no_longer_stated_ends_today_and_comes_back_when_stated(desk: Desk) -> None:
    held = {**WEI, "IDENTITIES": "低保:2024-01-01:;重残:2023-01-01:"}
    desk.take(held)
    assert desk.take({**WEI, "IDENTITIES": "低保:2024-01-01:"}) == [RowStatus.CHANGED]
    assert desk.person(WEI).identities == (
        HeldIdentity(identity_code="minimum_living", from_on=date(2024, 1, 1), until_on=None),
        HeldIdentity(identity_code="severely_disabled", from_on=date(2023, 1, 1), until_on=TODAY),
    )
    assert desk.take(held) == [RowStatus.CHANGED]
    assert desk.person(WEI).identity_codes_on(TODAY) == {"minimum_living", "severely_disabled"}


def test_an_old_number_is_the_same_person_under_its_successor(desk: Desk) -> None:
    assert desk.take({**WEI, "ID_NO": "110105491231002"}) == [RowStatus.NEW]
    assert desk.person(WEI).id_doc_type is registry.DocumentType.RESIDENT_ID_15
    assert desk.take(WEI) == [RowStatus.CHANGED]
    assert desk.person(WEI).id_no == "11010519491231002X"


def test_one_bad_batch_changes_nothing(desk: Desk, everything: Callable[[], str]) -> None:
    desk.take(WEI)
    before = everything()
    rows = desk.prepared(MEI, {**WEI, "NAME": "李建伟"})
    with pytest.raises(RuntimeError), region_tx(desk.region) as tx:
        registry.import_rows(tx, rows, import_id=uuid7(desk.clock.now()), now=desk.clock.now(), today=TODAY)
        raise RuntimeError
    assert everything() == before


def test_two_imports_of_one_person_at_once_leave_her_once(desk: Desk, asked: Asked) -> None:
    from canbao.kernel.errors import CanbaoError

    rows = desk.prepared(WEI, MEI)
    both_matched = threading.Barrier(2, timeout=20)
    outcomes: list[str] = []

    def write() -> None:
        try:
            with region_tx(desk.region) as tx:
                registry.match_rows(desk.region, rows)
                both_matched.wait()
                registry.import_rows(tx, rows, import_id=uuid7(desk.clock.now()), now=desk.clock.now(), today=TODAY)
            outcomes.append("written")
        except CanbaoError as raced:
            outcomes.append(raced.code)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # The loser either met the winner's rows (written: all unchanged) or raced with them; never twice.
    assert sorted(outcomes) in (["registry.import_raced", "written"], ["written", "written"])
    assert asked("SELECT count(*) FROM registry_person") == [(2,)]
    assert asked("SELECT count(*) FROM registry_enrolment") == [(2,)]
    assert desk.take(WEI, MEI) == [RowStatus.UNCHANGED] * 2


def test_the_views_show_the_line_in_force_and_identities_that_held(desk: Desk, asked: Asked) -> None:
    desk.take({**WEI, "IDENTITIES": "低保:2024-01-01:2024-06-01"}, MEI)
    desk.take({**WEI, "CATEGORY": "1560", "IDENTITIES": "低保:2024-01-01:2024-06-01"})
    assert asked(
        "SELECT region_code, category_code, born_on, enrolled_from_on, enrolled_until_on, elsewhere "
        "FROM registry_public_enrolled ORDER BY category_code"
    ) == [
        (360100, "1501", date(1900, 1, 1), date(2021, 1, 1), None, False),
        (360100, "1560", date(1949, 12, 31), date(2020, 9, 1), None, False),
    ]
    assert asked("SELECT identity_code, from_on, until_on FROM registry_public_identity") == [
        ("minimum_living", date(2024, 1, 1), date(2024, 6, 1))
    ]


def test_nothing_personal_lies_open(desk: Desk, asked: Asked) -> None:
    desk.take(WEI, {**WEI, "SCHEME": "392"})
    desk.take({**WEI, "NAME": "李建伟"})
    for table in ("person", "person_history", "enrolment", "directory", "import"):
        for (row,) in asked(f"SELECT t::text FROM registry_{table} t"):
            assert "李" not in row
            assert "110105" not in row
            assert "李".encode().hex() not in row
            assert b"11010519491231002X".hex() not in row


def test_old_keys_are_replaced_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    desk.take(WEI, MEI)
    desk.take({**WEI, "NAME": "李建伟"})
    old = ring()
    both = KeyRing({1: bytes(16), 2: bytes(range(16))}, bytes(32))
    both._keys = {**both._keys, old.current_id: old._keys[old.current_id], 9: both._keys[2]}
    both.current_id = 9
    monkeypatch.setattr("canbao.kernel.sealing.ring", lambda: both)
    monkeypatch.setattr("canbao.registry.store.ring", lambda: both)
    pages: list[int] = []
    while not pages or pages[-1]:
        with region_tx(desk.region) as tx:
            pages.append(registry.reseal(tx, limit=1))
    assert pages == [1, 1, 1, 0]
    assert asked("SELECT DISTINCT sealed_key FROM registry_person") == [(9,)]
    assert asked("SELECT DISTINCT sealed_key FROM registry_person_history") == [(9,)]
    del both._keys[old.current_id]
    assert registry.people(desk.region, [row[0] for row in asked("SELECT id FROM registry_person")])[0].name


def test_auditors_tell_what_is_wrong(desk: Desk) -> None:
    from tests.owner import as_owner

    desk.take(WEI, MEI)
    with as_owner() as session:
        session.execute("DELETE FROM registry_directory")
        session.execute("UPDATE registry_enrolment SET replaced_at = recorded_at")
        session.execute(
            "INSERT INTO registry_enrolment "
            "SELECT region_code, gen_random_uuid(), person_id, scheme_code, category_code, tier, "
            "place, enrolled_on, from_on, until_on, content_digest, import_id, recorded_at, replaced_at "
            "FROM registry_enrolment"
        )
    found = [finding.auditor for auditor in AUDITORS for finding in auditor(desk.region)]
    assert found == [
        *["registry.enrolments_do_not_overlap"] * 2,
        *["registry.persons_are_enrolled"] * 2,
        *["registry.directory_names_everyone"] * 2,
    ]
