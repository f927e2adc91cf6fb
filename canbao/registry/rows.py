"""One row of a register file, read and checked: a `RegisterRow`, or the list of what a clerk has to mend.

Every fault of a row is reported at once, each with its column, a reason and what to do; a warning never keeps a row
out. Pure: today's date is handed in. Identities are written `code:from:until` parted by semicolons; the code is ours
or its official Chinese name, the end may be left out, and an end in 2099 or later is no end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from canbao.kernel.errors import ALL_CODES, CanbaoError, ErrorCode, Parameter
from canbao.registry import errors
from canbao.registry.codes import IDENTITY_CODES, category_code, scheme_code
from canbao.registry.columns import REQUIRED, Column, Layout
from canbao.registry.id_documents import IdDocument, Sex, document_types, read_number
from canbao.registry.names import checked_name, private_use_place

EPOCH = date(1899, 12, 30)
"""Day zero of a spreadsheet's dates."""

EARLIEST = date(1900, 1, 1)
OPEN_ENDED_YEAR = 2099
"""Registers write a far end for no end: 2099-12-31, 9999-12-31."""

_LENGTHS = {Column.FAMILY_NO: 40, Column.TIER: 20, Column.PLACE: 100}
_DATE = re.compile(r"(\d{4})(?:[-/.年]?)(\d{1,2})(?:[-/.月]?)(\d{1,2})日?(?:[ T]00:00(?::00)?)?", re.ASCII)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_WHOLE = re.compile(r"(\d+)(?:\.0+)?", re.ASCII)


class NumericCell(str):
    """A cell that a spreadsheet keeps as a quantity: a date may be a count of days, a long number has lost digits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A special identity as a row states it."""

    identity_code: str
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """A row that may be taken: a person, her family, her enrolment and her identities."""

    line: int
    document: IdDocument
    name: str
    born_on: date
    sex: Sex | None
    died_on: date | None
    family_no: str | None
    last_insured_year: int | None
    identities: tuple[Held, ...]
    scheme_code: str
    category_code: str
    tier: str | None
    place: str | None
    enrolled_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing said of one row: where, what, and what to do. Holds no personal data."""

    line: int
    column: str
    code: str
    params: dict[str, Parameter] = field(default_factory=dict)
    is_warning: bool = False

    @property
    def sentence_zh(self) -> str:
        """The sentence a clerk reads."""
        return ALL_CODES[self.code].sentence_zh.format(**self.params)

    @property
    def sentence_en(self) -> str:
        """The same in English."""
        return ALL_CODES[self.code].sentence_en.format(**self.params)


def read_row(
    line: int, cells: Sequence[str], layout: Layout, *, today: date
) -> tuple[RegisterRow | None, list[RowProblem]]:
    """Read one row. The row is None when it is refused; the problems say why, or warn of what was taken."""
    reader = _RowReader(line, cells, layout, today)
    row = reader.row()
    return row, reader.problems


class _RowReader:
    """Reads the cells of one row and gathers what is wrong with them."""

    __slots__ = ("_cells", "_is_refused", "_layout", "_line", "_today", "problems")

    def __init__(self, line: int, cells: Sequence[str], layout: Layout, today: date) -> None:
        self._line, self._cells, self._layout, self._today = line, cells, layout, today
        self._is_refused = False
        self.problems: list[RowProblem] = []

    def row(self) -> RegisterRow | None:
        if len(self._cells) > self._layout.width and any(cell.strip() for cell in self._cells[self._layout.width :]):
            self._refuse(Column.ID_NO, errors.ROW_TOO_MANY_CELLS(n=len(self._cells), most=self._layout.width))
            return None
        document, name = self._document(), self._name()
        scheme, category = self._codes()
        enrolled_on = self._date(Column.ENROLLED_ON, latest=self._today + timedelta(days=731))
        until_on = self._end(self._date(Column.UNTIL_ON, latest=date.max))
        if enrolled_on is not None and until_on is not None and until_on < enrolled_on:
            self._refuse(Column.UNTIL_ON, errors.ROW_DATES_REVERSED())
        died_on = self._date(Column.DIED_ON, latest=self._today)
        born_on = self._born_on(document)
        if born_on is not None and died_on is not None and died_on < born_on:
            self._refuse(Column.DIED_ON, errors.ROW_DATES_REVERSED())
        family_no, tier, place = self._text(Column.FAMILY_NO), self._text(Column.TIER), self._text(Column.PLACE)
        last_year, identities = self._last_insured_year(), self._identities()
        if self._is_refused or document is None or name is None or born_on is None or enrolled_on is None:
            return None
        return RegisterRow(
            line=self._line, document=document, name=name, born_on=born_on, sex=document.sex, died_on=died_on,
            family_no=family_no, last_insured_year=last_year, identities=identities, scheme_code=scheme,
            category_code=category, tier=tier, place=place, enrolled_on=enrolled_on, until_on=until_on,
        )  # fmt: skip

    def _cell(self, column: Column) -> str:
        place = self._layout.places.get(column)
        if place is None or place >= len(self._cells):
            return ""
        return self._cells[place]

    def _document(self) -> IdDocument | None:
        among = document_types(self._cell(Column.DOCUMENT_TYPE))
        if among is None:
            self._refuse(Column.DOCUMENT_TYPE, errors.DOCUMENT_TYPE_UNKNOWN())
            return None
        cell = self._cell(Column.ID_NO)
        if isinstance(cell, NumericCell) and (len(cell) > 15 or not cell.isdigit()):
            self._refuse(Column.ID_NO, errors.ROW_NUMBER_ROUNDED())
            return None
        try:
            document = read_number(cell, today=self._today, among=among)
        except CanbaoError as refused:
            self._refuse(Column.ID_NO, refused)
            return None
        if not document.is_county_known:
            self._warn(Column.ID_NO, errors.WARN_COUNTY_UNKNOWN)
        return document

    def _name(self) -> str | None:
        try:
            name = checked_name(self._cell(Column.NAME))
        except CanbaoError as refused:
            self._refuse(Column.NAME, refused)
            return None
        if not name.isascii():
            private = private_use_place(name)
            if private is not None:
                self._warn(Column.NAME, errors.WARN_NAME_PRIVATE_USE, n=private)
        if "?" in name or "？" in name:
            self._warn(Column.NAME, errors.WARN_NAME_QUESTION_MARK)
        return name

    def _codes(self) -> tuple[str, str]:
        scheme = scheme_code(_whole(self._cell(Column.SCHEME)))
        if scheme is None:
            self._refuse(Column.SCHEME, errors.ROW_CODE_UNKNOWN(list="310、390 等险种类型"))
        written = _whole(self._cell(Column.CATEGORY))
        if not written:
            self._refuse(Column.CATEGORY, errors.ROW_CELL_MISSING())
            return scheme or "", ""
        category = category_code(written, scheme or "")
        if category is None:
            self._refuse(Column.CATEGORY, errors.ROW_CODE_UNKNOWN(list="1401 至 1405、1501 等人员类别"))
        return scheme or "", category or ""

    def _born_on(self, document: IdDocument | None) -> date | None:
        written = self._date(Column.BORN_ON, latest=self._today)
        inside = document.born_on if document is not None else None
        if written is None:
            if inside is None and document is not None and not self._cell(Column.BORN_ON).strip():
                self._refuse(Column.BORN_ON, errors.ROW_BIRTH_DATE_NEEDED())
            return inside
        if inside is not None and inside != written:
            self._warn(Column.BORN_ON, errors.WARN_BIRTH_DATE_DIFFERS)
        return written

    def _last_insured_year(self) -> int | None:
        written = _whole(self._cell(Column.LAST_INSURED_YEAR))
        if not written:
            return None
        if _YEAR.fullmatch(written) is None or int(written) > self._today.year + 1:
            self._refuse(Column.LAST_INSURED_YEAR, errors.ROW_YEAR_MALFORMED())
            return None
        return int(written)

    def _identities(self) -> tuple[Held, ...]:
        written = self._cell(Column.IDENTITIES).strip()
        if not written:
            return ()
        found: dict[tuple[str, date], Held] = {}
        for entry in re.split(r"[;；|]", written):
            if not entry.strip():
                continue
            held = self._identity(entry)
            if held is None:
                return ()
            found[held.identity_code, held.from_on] = held
        return tuple(found[key] for key in sorted(found))

    def _identity(self, entry: str) -> Held | None:
        word, *dates = (part.strip() for part in re.split(r"[:：]", entry))
        code = IDENTITY_CODES.get(word)
        if code is None:
            self._refuse(Column.IDENTITIES, errors.ROW_CODE_UNKNOWN(list="特困供养人员、低保对象 等人员身份"))
            return None
        from_on = _parse_date(dates[0]) if dates else None
        until_on = _parse_date(dates[1]) if len(dates) > 1 and dates[1] else None
        if from_on is None or len(dates) > 2 or (len(dates) == 2 and dates[1] and until_on is None):
            self._refuse(Column.IDENTITIES, errors.ROW_IDENTITY_MALFORMED())
            return None
        until_on = self._end(until_on)
        if until_on is not None and until_on < from_on:
            self._refuse(Column.IDENTITIES, errors.ROW_DATES_REVERSED())
            return None
        return Held(identity_code=code, from_on=from_on, until_on=until_on)

    def _text(self, column: Column) -> str | None:
        text = self._cell(column).strip()
        if "\ufffd" in text:
            self._refuse(column, errors.ROW_CELL_UNREADABLE())
        if len(text) > _LENGTHS[column]:
            self._refuse(column, errors.ROW_CELL_TOO_LONG(n=len(text), most=_LENGTHS[column]))
        return text or None

    def _date(self, column: Column, *, latest: date) -> date | None:
        cell = self._cell(column)
        if not cell.strip():
            if column in REQUIRED:
                self._refuse(column, errors.ROW_CELL_MISSING())
            return None
        found = _parse_date(cell)
        if found is None:
            self._refuse(column, errors.ROW_DATE_MALFORMED())
        elif not EARLIEST <= found <= latest:
            self._refuse(column, errors.ROW_DATE_IMPLAUSIBLE(latest=latest.isoformat()))
            return None
        return found

    @staticmethod
    def _end(until_on: date | None) -> date | None:
        return None if until_on is not None and until_on.year >= OPEN_ENDED_YEAR else until_on

    def _refuse(self, column: Column, refused: CanbaoError) -> None:
        self._is_refused = True
        self.problems.append(
            RowProblem(line=self._line, column=self._title(column), code=refused.code, params=dict(refused.params))
        )

    def _warn(self, column: Column, code: ErrorCode, **params: Parameter) -> None:
        self.problems.append(
            RowProblem(line=self._line, column=self._title(column), code=code.code, params=params, is_warning=True)
        )

    def _title(self, column: Column) -> str:
        return self._layout.titles.get(column, column.value)


def _whole(cell: str) -> str:
    """A code as text: a spreadsheet may keep 1501 as 1501.0."""
    text = cell.strip()
    if text.isdigit() or not text:
        return text
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole is not None else text


def _parse_date(cell: str) -> date | None:
    text = cell.strip()
    if isinstance(cell, NumericCell):
        days = _WHOLE.fullmatch(text)
        if days is not None and len(days.group(1)) <= 6:
            return EPOCH + timedelta(days=int(days.group(1)))
        text = _whole(text)
    if len(text) == 10 and text[4] == "-":
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    parts = _DATE.fullmatch(text)
    if parts is None:
        return None
    try:
        return date(int(parts.group(1)), int(parts.group(2)), int(parts.group(3)))
    except ValueError:
        return None
