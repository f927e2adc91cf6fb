"""Identity documents: which number is sound, what it says of its holder, and the one form by which it is found again.

Our own check, because the packages reject living people: the first six digits of a resident's number are the county
of the day it was given, so no list of today's counties can refuse one. Refused are a wrong check character (GB 11643,
ISO 7064 MOD 11-2), a date that never was, and a beginning that names no province; an unknown county is a warning.
Pure: no clock, no database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from operator import mul

from canbao.kernel.yaml_text import read_yaml
from canbao.registry import errors


class DocumentType(StrEnum):
    """The documents by which a person is known, as the register stores them."""

    RESIDENT_ID = "resident_id"
    RESIDENT_ID_15 = "resident_id_15"
    RESIDENCE_PERMIT = "residence_permit"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"
    PERMANENT_RESIDENT_CARD_15 = "permanent_resident_card_15"
    HONG_KONG_MACAO_PERMIT = "hong_kong_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PASSPORT = "passport"
    BIRTH_CERTIFICATE = "birth_certificate"


class Sex(StrEnum):
    """What the second last place of a number says; used for sanity alone."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdDocument:
    """A document number that was read and found sound.

    `number` is the number as it is printed, without blanks; `matching` is the form by which the person is found (a
    15-digit number and its 18-digit successor have the same). `born_on` and `sex` are None where the number does not
    hold them.
    """

    document_type: DocumentType
    number: str
    matching: str
    born_on: date | None
    sex: Sex | None
    is_county_known: bool


PRINTED_NAMES: Mapping[DocumentType, str] = {
    DocumentType.RESIDENT_ID: "居民身份证",
    DocumentType.RESIDENT_ID_15: "居民身份证（15 位旧号）",
    DocumentType.RESIDENCE_PERMIT: "港澳台居民居住证",
    DocumentType.PERMANENT_RESIDENT_CARD: "外国人永久居留身份证",
    DocumentType.PERMANENT_RESIDENT_CARD_15: "外国人永久居留身份证（15 位旧号）",
    DocumentType.HONG_KONG_MACAO_PERMIT: "港澳居民来往内地通行证",
    DocumentType.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    DocumentType.PASSPORT: "护照",
    DocumentType.BIRTH_CERTIFICATE: "出生医学证明",
}
"""The document's name on paper and in files."""

_FAMILIES: Mapping[str, tuple[DocumentType, ...]] = {
    "resident": (DocumentType.RESIDENT_ID, DocumentType.RESIDENT_ID_15),
    "settled": (DocumentType.PERMANENT_RESIDENT_CARD, DocumentType.PERMANENT_RESIDENT_CARD_15),
}

# Names as files write them; two-digit codes are `psn_cert_type` of the medical platform (01, 04-08, 16, 17) and the
# tax side's list (34, 38, 39, 43). Neither list uses a number that the other gives another meaning.
_NAMED: Mapping[str, tuple[DocumentType, ...]] = {
    **dict.fromkeys(
        ("居民身份证", "身份证", "二代身份证", "居民身份证（户口簿）", "户口簿", "01"), _FAMILIES["resident"]
    ),
    **dict.fromkeys(("港澳台居民居住证", "居住证", "17"), (DocumentType.RESIDENCE_PERMIT,)),
    **dict.fromkeys(("外国人永久居留身份证", "外国人永久居留证", "永久居留证", "07", "34"), _FAMILIES["settled"]),
    **dict.fromkeys(("港澳居民来往内地通行证", "回乡证", "04", "05", "38"), (DocumentType.HONG_KONG_MACAO_PERMIT,)),
    **dict.fromkeys(("台湾居民来往大陆通行证", "台胞证", "06", "39"), (DocumentType.TAIWAN_PERMIT,)),
    **dict.fromkeys(("护照", "外国护照", "中国护照", "08", "16"), (DocumentType.PASSPORT,)),
    **dict.fromkeys(("出生医学证明", "出生证", "43"), (DocumentType.BIRTH_CERTIFICATE,)),
    **{document.value: (document,) for document in DocumentType},
    **{name: (document,) for document, name in PRINTED_NAMES.items()},
    "居民身份证": _FAMILIES["resident"],
    "外国人永久居留身份证": _FAMILIES["settled"],
}

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_WEIGHTED_ZEROS = ord("0") * sum(_WEIGHTS)
"""What the digits' own codes add to a weighted sum of ASCII bytes: a register has a million numbers to check."""

_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_FIFTEEN = re.compile(r"[0-9]{15}")
_OLD_PERMIT = re.compile(r"[A-Z]{3}[0-9]{12}")
_FREE_FORM: Mapping[DocumentType, re.Pattern[str]] = {
    DocumentType.HONG_KONG_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),
    DocumentType.TAIWAN_PERMIT: re.compile(r"[0-9]{8}(?:[0-9]{2})?"),
    DocumentType.PASSPORT: re.compile(r"[0-9A-Z]{5,20}"),
    DocumentType.BIRTH_CERTIFICATE: re.compile(r"[A-Z][0-9]{9}"),
}
_BARE_LENGTH_MAX = 14
"""Longest passport typed without saying that it is one; what is longer is an ID number with a slip in it."""

_PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})
_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES = frozenset(str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1))
_DROPPED = str.maketrans("", "", " \t\r\n\u3000\u00a0\u200b\ufeff-－‐–—'’`")
_FULL_WIDTH = str.maketrans({0xFF01 + place: 0x21 + place for place in range(94)})


def normalised_number(text: str) -> str:
    """A number as typed, made plain: full-width signs become ASCII, blanks and hyphens go, letters become capitals.

    >>> normalised_number(" 11010519491231 ００２ｘ")
    '11010519491231002X'
    """
    return text.translate(_FULL_WIDTH).translate(_DROPPED).upper()


def check_character(first_seventeen: str) -> str:
    """The check character of GB 11643 (ISO 7064 MOD 11-2) for seventeen digits.

    >>> check_character("11010519491231002")
    'X'
    """
    return _CHECKS[(sum(map(mul, _WEIGHTS, first_seventeen.encode("ascii"))) - _WEIGHTED_ZEROS) % 11]


def matching_number(text: str) -> str:
    """The form by which a number is found: an old 15-digit number becomes its 18-digit successor.

    The conversion (the century 19 and the check character) is [unsourced] in writing and how every office does it.

    >>> matching_number("110105491231002")
    '11010519491231002X'
    """
    number = normalised_number(text)
    if _FIFTEEN.fullmatch(number) is None or _date_at(number, 6, short=True) is None:
        return number
    longer = f"{number[:6]}19{number[6:]}"
    return longer + check_character(longer)


@lru_cache(maxsize=64)
def document_types(text: str) -> tuple[DocumentType, ...] | None:
    """The types that a file's word or code may mean; an empty text means any. None when the word is not known."""
    word = "".join(text.split()).translate(_FULL_WIDTH).replace("(", "（").replace(")", "）")
    return tuple(DocumentType) if not word else _NAMED.get(word)


def read_number(text: str, *, today: date, among: tuple[DocumentType, ...] = tuple(DocumentType)) -> IdDocument:
    """Read and check a number. `among` limits the document types it may be; `today` bounds the date inside it.

    Errors: `registry.id_number_missing`, `_length`, `_area`, `_date`, `_checksum`, and `_form` for a document without
    a check.
    """
    number = normalised_number(text)
    if not number:
        raise errors.ID_NUMBER_MISSING()
    if _EIGHTEEN.fullmatch(number) is not None:
        eighteen = _read_eighteen(number, today)
        if eighteen.document_type in among:
            return eighteen
        raise errors.ID_NUMBER_FORM(document=_printed(among))
    if DocumentType.RESIDENT_ID_15 in among and _FIFTEEN.fullmatch(number) is not None:
        return _read_fifteen(number, today)
    if DocumentType.PERMANENT_RESIDENT_CARD_15 in among and _OLD_PERMIT.fullmatch(number) is not None:
        return _document(DocumentType.PERMANENT_RESIDENT_CARD_15, number)
    for document_type in _free_form_order(number, among):
        if _FREE_FORM[document_type].fullmatch(number) is not None:
            return _document(document_type, number)
    if DocumentType.RESIDENT_ID in among or set(among) <= {
        DocumentType.RESIDENCE_PERMIT,
        *_FAMILIES["settled"],
    }:
        raise errors.ID_NUMBER_LENGTH(n=len(number)) if len(number) != 18 else errors.ID_NUMBER_CHECKSUM()
    raise errors.ID_NUMBER_FORM(document=_printed(among))


def _free_form_order(number: str, among: tuple[DocumentType, ...]) -> list[DocumentType]:
    """Free forms to try. Digits alone are one only where the file says so: typed bare they are a mistyped ID number."""
    possible = [document_type for document_type in _FREE_FORM if document_type in among]
    is_bare = DocumentType.RESIDENT_ID in among
    return [] if is_bare and (number[:-1].isdigit() or len(number) > _BARE_LENGTH_MAX) else possible


def _read_eighteen(number: str, today: date) -> IdDocument:
    first = number[:6]
    is_settled = first[0] == "9"
    province = first[1:3] if is_settled else first[:2]
    if province not in _PROVINCES or (
        first[:2] in {"81", "82", "83"} and not is_settled and first not in _PERMIT_REGIONS
    ):
        raise errors.ID_NUMBER_AREA()
    born_on = _date_at(number, 6, short=False)
    if born_on is None or born_on > today or born_on.year < 1900:
        raise errors.ID_NUMBER_DATE()
    if check_character(number[:17]) != number[17]:
        raise errors.ID_NUMBER_CHECKSUM()
    if is_settled:
        document_type = DocumentType.PERMANENT_RESIDENT_CARD
    elif first in _PERMIT_REGIONS:
        document_type = DocumentType.RESIDENCE_PERMIT
    else:
        document_type = DocumentType.RESIDENT_ID
    return IdDocument(
        document_type=document_type,
        number=number,
        matching=number,
        born_on=born_on,
        sex=_sex(number[16]),
        is_county_known=document_type is not DocumentType.RESIDENT_ID or is_county(first),
    )


def _read_fifteen(number: str, today: date) -> IdDocument:
    if number[:2] not in _PROVINCES:
        raise errors.ID_NUMBER_AREA()
    born_on = _date_at(number, 6, short=True)
    if born_on is None or born_on > today:
        raise errors.ID_NUMBER_DATE()
    return IdDocument(
        document_type=DocumentType.RESIDENT_ID_15,
        number=number,
        matching=matching_number(number),
        born_on=born_on,
        sex=_sex(number[14]),
        is_county_known=is_county(number[:6]),
    )


def _document(document_type: DocumentType, number: str) -> IdDocument:
    return IdDocument(
        document_type=document_type, number=number, matching=number, born_on=None, sex=None, is_county_known=True
    )


def _date_at(number: str, place: int, *, short: bool) -> date | None:
    year = 1900 + int(number[place : place + 2]) if short else int(number[place : place + 4])
    rest = place + (2 if short else 4)
    try:
        return date(year, int(number[rest : rest + 2]), int(number[rest + 2 : rest + 4]))
    except ValueError:
        return None


def _sex(digit: str) -> Sex:
    return Sex.MALE if int(digit) % 2 else Sex.FEMALE


def _printed(among: tuple[DocumentType, ...]) -> str:
    return PRINTED_NAMES[among[0]]


def is_county(first_six: str) -> bool:
    """Whether an edition of GB/T 2260 has carried this county code; where not, a row earns a warning, nothing worse."""
    return first_six in _counties()


@lru_cache(maxsize=1)
def _counties() -> frozenset[str]:
    text = resources.files(__package__).joinpath("county_codes.yaml").read_text(encoding="utf-8")
    prefectures: dict[int, str] = read_yaml(text)
    return frozenset(
        f"{prefecture}{county}" for prefecture, counties in prefectures.items() for county in counties.split()
    )


@lru_cache(maxsize=64)
def counties_of(region: int) -> tuple[str, ...]:
    """The county codes within a region, in order: a city's own, or those of a city under the State Council (110000:
    1101xx).
    """
    prefix = f"{region // 10000}01" if region % 10000 == 0 else str(region // 100)
    return tuple(sorted(county for county in _counties() if county.startswith(prefix))) or (str(region),)
