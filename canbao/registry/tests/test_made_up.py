"""Made-up persons: sound, never twice, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from canbao.kernel.regions import RegionCode
from canbao.registry.id_documents import read_number
from canbao.registry.made_up import DEMO_FAMILIES, demo_family, made_up_persons
from canbao.registry.made_up_files import write_made_up_register
from canbao.registry.register_files import Encoding

NANCHANG = RegionCode(360100)
ON = date(2024, 11, 15)


def test_the_same_seed_makes_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    contents = []
    for number, seed in enumerate((1, 1, 2)):
        path = tmp_path / f"{number}.csv"
        write_made_up_register(path, NANCHANG, persons=200, seed=seed, on=ON)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize("region", [110000, 130100, 360100, 410100, 650100])
def test_every_person_is_sound_and_nobody_comes_twice(region: int) -> None:
    persons = list(made_up_persons(RegionCode(region), persons=4_000, seed=5, on=ON))
    assert len({person.id_no for person in persons}) == len(persons) == 4_000
    for person in persons:
        document = read_number(person.id_no, today=ON)
        assert document.is_county_known
        assert document.born_on == person.born_on
        assert person.born_on <= person.enrolled_on <= ON


def test_a_register_is_made_up_as_a_real_one_is() -> None:
    persons = list(made_up_persons(NANCHANG, persons=6_000, seed=1, on=ON))
    categories = Counter(person.category_code for person in persons)
    assert set(categories) == {"1401", "1402", "1403", "1404", "1405", "1501"}
    with_identity = sum(bool(person.identities) for person in persons)
    assert 0.06 < with_identity / len(persons) < 0.11
    assert sum("·" in person.name for person in persons) > 60
    assert any(ord(sign) > 0xFFFF for person in persons for sign in person.name)
    families = Counter(person.family_no for person in persons)
    assert 2 < len(persons) / len(families) < 4.5


def test_the_cast_leads_the_register() -> None:
    persons = list(made_up_persons(NANCHANG, persons=4 * DEMO_FAMILIES, seed=1, on=ON))
    for family in (0, 49, 99):
        cast = demo_family(NANCHANG, seed=1, family=family, on=ON)
        assert tuple(persons[4 * family : 4 * family + 4]) == cast.members()
        assert cast.grandmother.identities == "minimum_living:2020-01-01:"
        assert (cast.payer.category_code, cast.child.category_code, cast.newborn.category_code) == (
            "1501",
            "1403",
            "1401",
        )
        assert [member.last_insured_year for member in cast.members()] == [2024, 2024, 2024, None]


@pytest.mark.parametrize("family", [-1, 100])
def test_there_is_no_family_outside_the_cast(family: int) -> None:
    with pytest.raises(ValueError, match="families 0 to 99"):
        demo_family(NANCHANG, seed=1, family=family, on=ON)


def test_more_persons_than_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with pytest.raises(ValueError, match="at most"):
        write_made_up_register(path, NANCHANG, persons=10**9, seed=1, on=ON, encoding=Encoding.GB18030)
    assert not path.exists()
