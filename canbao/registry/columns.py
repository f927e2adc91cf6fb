"""The columns of a register file: what they are called, which must be there, and where each one stands.

Files come from many systems, so every column has its Chinese name, the English word for it, and the names that other
systems use. Blanks and the asterisk that forms put before a required column are ignored, as is the case of Latin
letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from canbao.registry import errors


class Column(StrEnum):
    """A column by the name it has in our own files."""

    # Columns are looked up a dozen times a row; an enumeration's own hash is a function in Python.
    __hash__ = str.__hash__

    DOCUMENT_TYPE = "证件类型"
    ID_NO = "证件号码"
    NAME = "姓名"
    FAMILY_NO = "户编号"
    CATEGORY = "人员类别"
    IDENTITIES = "人员身份"
    ENROLLED_ON = "参保日期"
    UNTIL_ON = "终止日期"
    SCHEME = "险种"
    TIER = "档次"
    BORN_ON = "出生日期"
    DIED_ON = "死亡日期"
    LAST_INSURED_YEAR = "上一参保年度"
    PLACE = "村社区"


REQUIRED = (Column.ID_NO, Column.NAME, Column.CATEGORY, Column.ENROLLED_ON)
"""Without these a file is refused before anything is written."""

_OTHER_NAMES: dict[Column, tuple[str, ...]] = {
    Column.DOCUMENT_TYPE: ("document_type", "id_doc_type", "psn_cert_type", "身份证件类型"),
    Column.ID_NO: ("id_no", "id_number", "certno", "身份证号", "身份证号码", "身份证件号码", "公民身份号码"),
    Column.NAME: ("name", "psn_name", "人员姓名"),
    Column.FAMILY_NO: ("family_no", "户号", "家庭编号"),
    Column.CATEGORY: ("category", "category_code", "psn_type"),
    Column.IDENTITIES: ("identities", "identity", "psn_idet_type", "人员身份类别"),
    Column.ENROLLED_ON: ("enrolled_on", "psn_insu_date", "参保登记日期"),
    Column.UNTIL_ON: ("until_on", "终止参保日期", "参保终止日期"),
    Column.SCHEME: ("scheme", "scheme_code", "insutype", "险种类型"),
    Column.TIER: ("tier", "缴费档次"),
    Column.BORN_ON: ("born_on", "brdy", "birth_date", "出生年月日"),
    Column.DIED_ON: ("died_on", "死亡时间"),
    Column.LAST_INSURED_YEAR: ("last_insured_year", "上次参保年度"),
    Column.PLACE: ("place", "村", "社区", "村（社区）", "村/社区"),
}


def _plain(title: str) -> str:
    return "".join(title.split()).strip("*＊\ufeff").replace("(", "（").replace(")", "）").casefold()


_BY_TITLE = {_plain(column.value): column for column in Column} | {
    _plain(name): column for column, names in _OTHER_NAMES.items() for name in names
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each column stands in a file. `titles` are the file's own words for them; `unknown` lists columns not
    read.
    """

    places: dict[Column, int]
    titles: dict[Column, str]
    unknown: tuple[str, ...]
    width: int


def read_header(cells: Sequence[str], *, file: str) -> Layout:
    """Understand the first line of a file. Errors: `registry.file_empty`, `_column_missing`, `_column_twice`."""
    titles = [cell.strip().strip("\ufeff") for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise errors.FILE_EMPTY(file=file)
    places: dict[Column, int] = {}
    unknown: list[str] = []
    for place, title in enumerate(titles):
        column = _BY_TITLE.get(_plain(title))
        if column is None:
            unknown.append(title[:40] or f"#{place + 1}")
        elif column in places:
            raise errors.COLUMN_TWICE(file=file, column=title)
        else:
            places[column] = place
    missing = [column.value for column in REQUIRED if column not in places]
    if missing:
        raise errors.COLUMN_MISSING(file=file, columns="、".join(missing))
    return Layout(
        places=places,
        titles={column: titles[place] for column, place in places.items()},
        unknown=tuple(unknown),
        width=len(titles),
    )
