"""One row of a file: what is taken, what is refused and why, what is only warned of."""

from __future__ import annotations

from datetime import date

import pytest

from canbao.kernel.errors import CanbaoError
from canbao.registry.columns import Column, read_header
from canbao.registry.rows import Held, NumericCell, RegisterRow, RowProblem, read_row
from canbao.registry.rules import LineInForce, line_begins_on

TODAY = date(2024, 11, 15)
HEADER = (*Column,)
GOOD = {
    Column.ID_NO: "11010519491231002X",
    Column.NAME: "李秀英",
    Column.CATEGORY: "1501",
    Column.ENROLLED_ON: "2020-09-01",
}


def _read(**changed: str) -> tuple[RegisterRow | None, list[RowProblem]]:
    cells = {**GOOD, **{Column[name]: text for name, text in changed.items()}}
    return read_row(7, [cells.get(column, "") for column in HEADER], read_header(HEADER, file="a.csv"), today=TODAY)


def test_a_plain_row_is_taken_with_its_defaults() -> None:
    row, problems = _read()
    assert problems == []
    assert row is not None
    assert (row.line, row.name, row.scheme_code, row.category_code) == (7, "李秀英", "390", "1501")
    assert (row.born_on, row.enrolled_on, row.until_on) == (date(1949, 12, 31), date(2020, 9, 1), None)
    assert (row.identities, row.family_no, row.last_insured_year) == ((), None, None)


def test_a_full_row_is_taken_whole() -> None:
    row, problems = _read(
        DOCUMENT_TYPE="居民身份证",
        FAMILY_NO="H1",
        IDENTITIES="低保:2024-01-01:;特困人员：2023-01-01：2023-12-31",
        SCHEME="城乡居民基本医疗保险",
        TIER="一档",
        BORN_ON="1949年12月31日",
        LAST_INSURED_YEAR="2023",
        PLACE="青云社区",
        UNTIL_ON="9999-12-31",
    )
    assert problems == []
    assert row is not None
    assert row.identities == (
        Held(identity_code="destitute", from_on=date(2023, 1, 1), until_on=date(2023, 12, 31)),
        Held(identity_code="minimum_living", from_on=date(2024, 1, 1), until_on=None),
    )
    assert (row.family_no, row.tier, row.place, row.last_insured_year) == ("H1", "一档", "青云社区", 2023)
    assert row.until_on is None


@pytest.mark.parametrize(
    "written", ["2020-09-01", "20200901", "2020/9/1", "2020.09.01", "2020年9月1日", "2020-09-01 00:00:00"]
)
def test_a_date_is_read_in_every_usual_form(written: str) -> None:
    row, _ = _read(ENROLLED_ON=written)
    assert row is not None
    assert row.enrolled_on == date(2020, 9, 1)


def test_a_spreadsheet_date_is_a_count_of_days() -> None:
    row, _ = _read(ENROLLED_ON=NumericCell("44075"))
    assert row is not None
    assert row.enrolled_on == date(2020, 9, 1)


def test_a_code_kept_as_a_quantity_is_read() -> None:
    row, _ = _read(CATEGORY=NumericCell("1501.0"), SCHEME=NumericCell("390"), LAST_INSURED_YEAR=NumericCell("2023"))
    assert row is not None
    assert (row.category_code, row.scheme_code, row.last_insured_year) == ("1501", "390", 2023)


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("ID_NO", "", "registry.id_number_missing"),
        ("ID_NO", "110105194912310021", "registry.id_number_checksum"),
        ("ID_NO", NumericCell("1.10105194912310E17"), "registry.row_number_rounded"),
        ("ID_NO", NumericCell("110105194912310000"), "registry.row_number_rounded"),
        ("DOCUMENT_TYPE", "饭卡", "registry.document_type_unknown"),
        ("NAME", "", "registry.name_missing"),
        ("NAME", "李\ufffd", "registry.name_unreadable"),
        ("CATEGORY", "", "registry.row_cell_missing"),
        ("CATEGORY", "9999", "registry.row_code_unknown"),
        ("CATEGORY", "1101", "registry.row_code_unknown"),
        ("SCHEME", "777", "registry.row_code_unknown"),
        ("ENROLLED_ON", "", "registry.row_cell_missing"),
        ("ENROLLED_ON", "昨天", "registry.row_date_malformed"),
        ("ENROLLED_ON", "2023-02-29", "registry.row_date_malformed"),
        ("ENROLLED_ON", "20230229", "registry.row_date_malformed"),
        ("ENROLLED_ON", "2030-01-01", "registry.row_date_implausible"),
        ("BORN_ON", "2024-11-16", "registry.row_date_implausible"),
        ("BORN_ON", "1899-12-31", "registry.row_date_implausible"),
        ("UNTIL_ON", "2020-08-31", "registry.row_dates_reversed"),
        ("DIED_ON", "1949-12-30", "registry.row_dates_reversed"),
        ("LAST_INSURED_YEAR", "23", "registry.row_year_malformed"),
        ("LAST_INSURED_YEAR", "2026", "registry.row_year_malformed"),
        ("IDENTITIES", "nobility:2024-01-01", "registry.row_code_unknown"),
        ("IDENTITIES", "低保", "registry.row_identity_malformed"),
        ("IDENTITIES", "低保:2024-01-01:x", "registry.row_identity_malformed"),
        ("IDENTITIES", "低保:2024-01-01:2023-01-01", "registry.row_dates_reversed"),
        ("PLACE", "村" * 101, "registry.row_cell_too_long"),
        ("PLACE", "村\ufffd", "registry.row_cell_unreadable"),
    ],
)
def test_a_bad_cell_refuses_the_row_with_column_and_reason(column: str, text: str, code: str) -> None:
    row, problems = _read(**{column: text})
    assert row is None
    assert [(found.line, found.column, found.code) for found in problems] == [(7, Column[column].value, code)]
    assert (
        problems[0].sentence_zh.endswith(("。", "核对", "输入", "姓名", "号", "位", "一样")) or problems[0].sentence_zh
    )
    assert not problems[0].is_warning


def test_every_fault_of_a_row_is_told_at_once() -> None:
    row, problems = _read(ID_NO="", NAME="", CATEGORY="x", ENROLLED_ON="y")
    assert row is None
    assert [found.column for found in problems] == ["证件号码", "姓名", "人员类别", "参保日期"]


def test_no_problem_repeats_what_the_row_said() -> None:
    for column, text in (
        ("ID_NO", "110105194912310021"),
        ("NAME", "李\ufffd秀英"),
        ("IDENTITIES", "nobility:2024-01-01"),
    ):
        _, problems = _read(**{column: text})
        assert all(text not in found.sentence_zh + found.sentence_en for found in problems)


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("ID_NO", "369999195001010014", "registry.warn_county_unknown"),
        ("BORN_ON", "1949-12-30", "registry.warn_birth_date_differs"),
        ("NAME", "刘\ue863", "registry.warn_name_private_use"),
        ("NAME", "李?", "registry.warn_name_question_mark"),
    ],
)
def test_a_doubt_is_a_warning_and_the_row_is_taken(column: str, text: str, code: str) -> None:
    from canbao.registry.id_documents import check_character

    text = text[:17] + check_character(text[:17]) if column == "ID_NO" else text
    row, problems = _read(**{column: text})
    assert row is not None
    assert [(found.code, found.is_warning) for found in problems] == [(code, True)]


def test_a_passport_needs_its_date_of_birth_beside_it() -> None:
    row, problems = _read(ID_NO="E12345678", DOCUMENT_TYPE="护照")
    assert row is None
    assert [found.code for found in problems] == ["registry.row_birth_date_needed"]
    row, problems = _read(ID_NO="E12345678", DOCUMENT_TYPE="护照", BORN_ON="1990-02-03")
    assert problems == []
    assert row is not None
    assert (row.born_on, row.sex) == (date(1990, 2, 3), None)


def test_a_separator_too_many_refuses_the_row() -> None:
    cells = ["11010519491231002X", "李", "丽", "1501", "2020-09-01"]
    layout = read_header(["证件号码", "姓名", "人员类别", "参保日期"], file="a.csv")
    row, problems = read_row(2, cells, layout, today=TODAY)
    assert row is None
    assert [found.code for found in problems] == ["registry.row_too_many_cells"]


def test_a_short_row_lacks_what_is_missing() -> None:
    layout = read_header(["证件号码", "姓名", "人员类别", "参保日期"], file="a.csv")
    row, problems = read_row(2, ["11010519491231002X"], layout, today=TODAY)
    assert row is None
    assert [found.column for found in problems] == ["姓名", "人员类别", "参保日期"]


def test_columns_are_known_by_other_names_and_unknown_ones_are_told() -> None:
    layout = read_header(["*身份证号", " PSN_NAME ", "人员类别", "enrolled_on", "备注", ""], file="a.csv")
    assert layout.places == {Column.ID_NO: 0, Column.NAME: 1, Column.CATEGORY: 2, Column.ENROLLED_ON: 3}
    assert layout.unknown == ("备注",)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ([], "registry.file_empty"),
        (["", " "], "registry.file_empty"),
        (["姓名", "证件号码"], "registry.column_missing"),
        (["姓名", "证件号码", "身份证号", "人员类别", "参保日期"], "registry.column_twice"),
    ],
)
def test_a_header_that_will_not_do_refuses_the_file(header: list[str], code: str) -> None:
    with pytest.raises(CanbaoError) as refused:
        read_header(header, file="a.csv")
    assert refused.value.code == code


def _line(from_on: date, *, same: bool) -> LineInForce:
    return LineInForce(from_on=from_on, is_same_but_for_its_end=same)


@pytest.mark.parametrize(
    ("before", "until_on", "begins"),
    [
        (None, None, date(2020, 9, 1)),
        (_line(date(2020, 9, 1), same=True), date(2024, 6, 30), date(2020, 9, 1)),
        (_line(date(2022, 1, 1), same=True), None, date(2022, 1, 1)),
        (_line(date(2020, 9, 1), same=False), None, TODAY),
        (_line(date(2025, 1, 1), same=False), None, date(2025, 1, 1)),
        (_line(date(2020, 9, 1), same=False), date(2024, 6, 30), date(2020, 9, 1)),
        (_line(date(2022, 1, 1), same=True), date(2021, 6, 30), date(2021, 6, 30)),
    ],
)
def test_a_changed_line_begins_when_it_was_told(
    before: LineInForce | None, until_on: date | None, begins: date
) -> None:
    assert line_begins_on(before, enrolled_on=date(2020, 9, 1), until_on=until_on, today=TODAY) == begins
