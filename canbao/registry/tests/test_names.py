"""Names are kept exactly and compared forgivingly."""

from __future__ import annotations

import pytest

from canbao.kernel.errors import CanbaoError
from canbao.registry.names import NAME_LENGTH_MAX, checked_name, matching_form, private_use_place


@pytest.mark.parametrize("dot", list("·•・･‧∙⋅.．﹒"))
def test_every_dot_people_type_matches_the_middle_dot(dot: str) -> None:
    assert matching_form(f"迪丽娜{dot}买买提江") == matching_form("迪丽娜·买买提江")


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("阿依古丽 · 吐尔逊", "阿依古丽·吐尔逊"),
        ("李　丽", "李丽"),
        ("ＪＯＨＮ　Smith", "john smith"),
        ("刘\ue863", "刘䶮"),
        ("王\ue81e", "王\u9fb4"),
        ("\ue816", "\U00020087"),
        ("\uf9d1", "六"),
        ("葛\U000e0100", "葛"),
        ("李\u200b丽", "李丽"),
    ],
)
def test_two_writings_of_one_name_match(written: str, other: str) -> None:
    assert matching_form(written) == matching_form(other)


@pytest.mark.parametrize(
    ("written", "other"), [("李丽", "李莉"), ("陳伟", "陈伟"), ("吉田", "𠮷田"), ("阿依·古丽", "阿依古丽"), ("", "李")]
)
def test_different_names_stay_different(written: str, other: str) -> None:
    assert matching_form(written) != matching_form(other)


@pytest.mark.parametrize("name", ["𠮷野", "李𬎆", "刘䶮", "·".join(["木卡达斯"] * 12), "J. Smith", "刘\ue863"])
def test_a_name_is_kept_exactly(name: str) -> None:
    assert checked_name(f" {name}\u3000") == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "registry.name_missing"),
        (" \u3000", "registry.name_missing"),
        ("\u200b", "registry.name_missing"),
        ("李" * (NAME_LENGTH_MAX + 1), "registry.name_too_long"),
        ("李\ufffd", "registry.name_unreadable"),
        ("李\x00丽", "registry.name_unreadable"),
        ("李\ud842丽", "registry.name_unreadable"),
    ],
)
def test_what_is_no_name_is_refused(name: str, code: str) -> None:
    with pytest.raises(CanbaoError) as refused:
        checked_name(name)
    assert refused.value.code == code


def test_a_private_use_character_is_told_by_its_place() -> None:
    assert private_use_place("刘\ue863") == 2
    assert private_use_place("刘䶮") is None
