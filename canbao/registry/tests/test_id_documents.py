"""Which numbers are sound, and what they say. Vectors are made up or the standard's own sample."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canbao.kernel.errors import CanbaoError
from canbao.registry.id_documents import (
    DocumentType,
    Sex,
    check_character,
    document_types,
    matching_number,
    normalised_number,
    read_number,
)

TODAY = date(2024, 11, 15)


@pytest.mark.parametrize(
    ("text", "document_type", "born_on", "sex"),
    [
        ("650102190001010016", DocumentType.RESIDENT_ID, date(1900, 1, 1), Sex.MALE),
        ("11010519491231002X", DocumentType.RESIDENT_ID, date(1949, 12, 31), Sex.FEMALE),
        ("810000199001010019", DocumentType.RESIDENCE_PERMIT, date(1990, 1, 1), Sex.MALE),
        ("830000199001010020", DocumentType.RESIDENCE_PERMIT, date(1990, 1, 1), Sex.FEMALE),
        ("915630199001010018", DocumentType.PERMANENT_RESIDENT_CARD, date(1990, 1, 1), Sex.MALE),
        ("110105491231002", DocumentType.RESIDENT_ID_15, date(1949, 12, 31), Sex.FEMALE),
        ("ABC123456789012", DocumentType.PERMANENT_RESIDENT_CARD_15, None, None),
        ("E12345678", DocumentType.PASSPORT, None, None),
    ],
)
def test_every_kind_of_document_is_read(
    text: str, document_type: DocumentType, born_on: date | None, sex: Sex | None
) -> None:
    document = read_number(text, today=TODAY)
    assert (document.document_type, document.number) == (document_type, text)
    assert (document.born_on, document.sex, document.is_county_known) == (born_on, sex, True)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (" 11010519491231 002x ", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        ("110105-19491231-002X", "11010519491231002X"),
        ("\u300011010519491231002Ｘ\ufeff", "11010519491231002X"),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str) -> None:
    assert normalised_number(typed) == number
    assert read_number(typed, today=TODAY).number == number


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        ("", "registry.id_number_missing", {}),
        ("   ", "registry.id_number_missing", {}),
        ("1101051949123100", "registry.id_number_length", {"n": 16}),
        ("1101051949123100210", "registry.id_number_length", {"n": 19}),
        ("110105194912310021", "registry.id_number_checksum", {}),
        ("110105194912310X21", "registry.id_number_checksum", {}),
        ("110105194913310025", "registry.id_number_date", {}),
        ("110105209001010018", "registry.id_number_date", {}),
        ("110105189901010014", "registry.id_number_date", {}),
        ("990105194912310020", "registry.id_number_area", {}),
        ("160105194912310020", "registry.id_number_area", {}),
        ("810001199001010019", "registry.id_number_area", {}),
        ("110105493131002", "registry.id_number_date", {}),
    ],
)
def test_a_wrong_number_is_refused_with_its_reason(text: str, code: str, params: dict[str, int]) -> None:
    with pytest.raises(CanbaoError) as refused:
        read_number(text, today=TODAY)
    assert (refused.value.code, refused.value.params) == (code, params)


def test_a_birth_tomorrow_is_refused_and_a_birth_today_is_not() -> None:
    first = "36010120241115001"
    assert read_number(first + check_character(first), today=TODAY).born_on == TODAY
    with pytest.raises(CanbaoError, match="id_number_date"):
        read_number(first + check_character(first), today=date(2024, 11, 14))


@pytest.mark.parametrize("county", ["430223", "360111", "130123"])
def test_an_old_county_is_known_whatever_the_year_of_birth(county: str) -> None:
    first = f"{county}19500101001"
    assert read_number(first + check_character(first), today=TODAY).is_county_known


def test_an_unknown_county_is_read_and_marked() -> None:
    first = "36999919500101001"
    assert not read_number(first + check_character(first), today=TODAY).is_county_known


def test_an_old_number_and_its_successor_are_one_person() -> None:
    assert matching_number("110105491231002") == matching_number("11010519491231002x") == "11010519491231002X"


@pytest.mark.parametrize(
    ("word", "number", "document_type"),
    [
        ("居民身份证", "11010519491231002X", DocumentType.RESIDENT_ID),
        ("居民身份证(户口簿)", "110105491231002", DocumentType.RESIDENT_ID_15),
        ("01", "11010519491231002X", DocumentType.RESIDENT_ID),
        ("港澳居民来往内地通行证", "H12345678", DocumentType.HONG_KONG_MACAO_PERMIT),
        ("台湾居民来往大陆通行证", "12345678", DocumentType.TAIWAN_PERMIT),
        ("43", "A123456789", DocumentType.BIRTH_CERTIFICATE),
        ("08", "1234567", DocumentType.PASSPORT),
        ("外国人永久居留身份证", "ABC123456789012", DocumentType.PERMANENT_RESIDENT_CARD_15),
        ("", "810000199001010019", DocumentType.RESIDENCE_PERMIT),
    ],
)
def test_a_named_document_is_read_as_what_it_is(word: str, number: str, document_type: DocumentType) -> None:
    among = document_types(word)
    assert among is not None
    assert read_number(number, today=TODAY, among=among).document_type is document_type


@pytest.mark.parametrize(
    ("word", "number", "code"),
    [
        ("居民身份证", "810000199001010019", "registry.id_number_form"),
        ("港澳台居民居住证", "11010519491231002X", "registry.id_number_form"),
        ("护照", "12", "registry.id_number_form"),
        ("居民身份证", "E12345678", "registry.id_number_length"),
    ],
)
def test_a_number_of_another_document_is_refused(word: str, number: str, code: str) -> None:
    with pytest.raises(CanbaoError) as refused:
        read_number(number, today=TODAY, among=document_types(word) or ())
    assert refused.value.code == code
    assert number not in str(refused.value)


def test_an_unknown_document_has_no_types() -> None:
    assert document_types("饭卡") is None


@given(
    first=st.from_regex(r"36010[1-4]19[5-9][0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True),
    place=st.integers(0, 17),
    other=st.sampled_from("0123456789X"),
)
def test_any_single_wrong_character_is_refused(first: str, place: int, other: str) -> None:
    number = first + check_character(first)
    assert read_number(number, today=TODAY).number == number
    changed = number[:place] + other + number[place + 1 :]
    if changed != number:
        with pytest.raises(CanbaoError):
            read_number(changed, today=TODAY)
