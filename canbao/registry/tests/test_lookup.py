"""Looking a person up: number and name must both match, and nobody learns anything from a miss."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from canbao.kernel.errors import CanbaoError
from canbao.kernel.sql import Statement
from canbao.kernel.transactions import region_tx
from canbao.registry import public as registry
from canbao.registry import store
from canbao.registry.public import Registered

if TYPE_CHECKING:
    from canbao.registry.tests.conftest import Desk

MEI = {"ID_NO": "650102190001010016", "NAME": "迪丽娜·买买提江", "CATEGORY": "1501", "ENROLLED_ON": "2021-01-01"}
WEI = {"ID_NO": "11010519491231002X", "NAME": "李伟", "CATEGORY": "1501", "ENROLLED_ON": "2020-09-01"}


def _claim(first: Desk, second: Desk, row: dict[str, str]) -> None:
    """Both desks register the person; the second import finds the first."""
    first.take(row)
    statuses = second.take(row)
    claims = registry.claims_of_several_regions(second.prepared(row), statuses, today=second.clock.today())
    for region, flags in claims.flags.items():
        with region_tx(region) as tx:
            registry.flag_several_regions(tx, flags)


def test_number_and_name_together_find_the_person(desk: Desk) -> None:
    desk.take(MEI, WEI)
    expected = [Registered(region_code=desk.region, person_id=desk.person_id(MEI), has_several_regions=False)]
    assert registry.find("650102190001010016", "迪丽娜·买买提江") == expected
    assert registry.find(" 650102 19000101 0016", "迪丽娜 • 买买提江") == expected


@pytest.mark.parametrize(
    ("id_no", "name"),
    [
        ("650102190001010016", "李伟"),
        ("650102190001010016", ""),
        ("11010519491231002X", "迪丽娜·买买提江"),
        ("110105194912310097", "李伟"),
        ("", ""),
        ("x" * 500, "y" * 500),
    ],
)
def test_anything_less_finds_nobody(desk: Desk, id_no: str, name: str) -> None:
    desk.take(MEI, WEI)
    assert registry.find(id_no, name) == []


def test_a_miss_costs_the_same_statements_as_a_hit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take(MEI)
    asked: list[str] = []

    class Recording:
        """The room's statements, each use noted."""

        def __getitem__(self, name: str) -> Statement:
            asked.append(name)
            return original[name]

    original = store.statements
    monkeypatch.setattr(store, "statements", Recording())
    costs = []
    for id_no, name in (
        ("650102190001010016", MEI["NAME"]),
        ("650102190001010016", "别人"),
        ("11010519491231002X", "李伟"),
    ):
        asked.clear()
        registry.find(id_no, name)
        costs.append(list(asked))
    assert costs[0] == costs[1] == costs[2]
    assert costs[0] == ["list_regions_of_number", "read_name_digest", "read_name_digest"]


def test_a_person_of_two_regions_is_found_in_both_and_flagged(desk: Desk, other_desk: Desk) -> None:
    _claim(desk, other_desk, WEI)
    found = registry.find(WEI["ID_NO"], WEI["NAME"])
    assert [(entry.region_code, entry.has_several_regions) for entry in found] == [(130100, True), (360100, True)]
    assert desk.person(WEI).has_several_regions


def test_a_person_who_left_the_other_region_is_not_claimed_twice(desk: Desk, other_desk: Desk) -> None:
    _claim(desk, other_desk, WEI)
    gone = {**WEI, "UNTIL_ON": "2024-01-01"}
    statuses = other_desk.take(gone)
    claims = registry.claims_of_several_regions(other_desk.prepared(gone), statuses, today=date(2024, 11, 15))
    moved = {}
    for region, flags in claims.flags.items():
        with region_tx(region) as tx:
            moved[region] = registry.flag_several_regions(tx, flags)
    # Whom she left sees that another region has her; where she lives now nothing stands in the way.
    assert moved == {desk.region: 1, other_desk.region: 0}
    assert not desk.person(WEI).has_several_regions
    assert other_desk.person(WEI).has_several_regions


def test_a_person_of_another_region_is_not_here(desk: Desk, other_desk: Desk) -> None:
    desk.take(WEI)
    with pytest.raises(CanbaoError) as refused:
        registry.person(other_desk.region, desk.person_id(WEI))
    assert refused.value.code == "registry.person_unknown"
    assert other_desk.person_id(WEI) != desk.person_id(WEI)


def test_people_come_in_the_order_asked_for(desk: Desk) -> None:
    desk.take(WEI, MEI)
    ids = [desk.person_id(MEI), uuid4(), desk.person_id(WEI), desk.person_id(MEI)]
    assert [person.name for person in registry.people(desk.region, ids)] == ["迪丽娜·买买提江", "李伟"]
    assert registry.people(desk.region, []) == []


def test_a_typed_number_is_checked_before_anyone_is_looked_for() -> None:
    assert registry.checked_number("11010519491231002x", today=date(2024, 11, 15)).number == "11010519491231002X"
    with pytest.raises(CanbaoError, match="One character of the ID number is wrong"):
        registry.checked_number("110105194912310021", today=date(2024, 11, 15))
