"""Opening files: kinds, encodings, bounds, and spreadsheets read as another reader reads them."""

from __future__ import annotations

import tracemalloc
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.registry.made_up_files import write_made_up_register
from canbao.registry.register_files import LINE_BYTES_MAX, Encoding, FileKind, open_register
from canbao.registry.rows import NumericCell

HEADER = "证件号码,姓名,人员类别,参保日期"
ROW = "11010519491231002X,李𠮷·丽,1501,2020-09-01"
BOM = b"\xef\xbb\xbf"


def _read(path: Path) -> tuple[Encoding, list[tuple[int, list[str]]]]:
    with open_register(path) as file:
        return file.encoding, [(line, list(cells)) for line, cells in file.lines]


def _refusal(path: Path) -> str:
    with pytest.raises(CanbaoError) as refused:
        _read(path)
    return refused.value.code


def _workbook(path: Path, rows: list[list[object]], **options: bool) -> Path:
    with xlsxwriter.Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for line, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(line, place, cell, day)
                else:
                    sheet.write(line, place, cell)
    return path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (f"{HEADER}\n{ROW}\n".encode(), Encoding.UTF_8),
        (BOM + f"{HEADER}\r\n{ROW}\r\n".encode(), Encoding.UTF_8),
        (f"{HEADER}\r\n{ROW}".encode("gb18030"), Encoding.GB18030),
        (f"{HEADER}\n{ROW}\n".replace(",", "\t").encode(), Encoding.UTF_8),
    ],
)
def test_encodings_and_separators_are_told_apart(tmp_path: Path, content: bytes, encoding: Encoding) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert _read(path) == (encoding, [(2, ROW.split(","))])


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{HEADER}\n\n{ROW}\n"a\nb",c,d,e\n{ROW}\n', encoding="utf-8")
    assert [line for line, _ in _read(path)[1]] == [3, 4, 6]


def test_a_damaged_byte_spoils_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n".encode() + b"1,\xff\xfe,2,3\n" + f"{ROW}\n".encode())
    encoding, lines = _read(path)
    assert encoding is Encoding.UTF_8
    assert "\ufffd" in lines[0][1][1]
    assert lines[1] == (3, ROW.split(","))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "registry.file_empty"),
        ("a.csv", b"\n\n", "registry.file_empty"),
        ("a.csv", HEADER.encode("utf-16"), "registry.file_encoding_unknown"),
        ("a.csv", b"\xff\xff\xff\n", "registry.file_encoding_unknown"),
        ("a.csv", "姓名,备注\n李丽,1\n".encode(), "registry.column_missing"),
        ("a.pdf", b"%PDF-1.7", "registry.file_kind_unknown"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "registry.file_kind_unknown"),
        ("a.xlsx", b"PK\x03\x04 and no more", "registry.workbook_damaged"),
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert _refusal(path) == code


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "a.csv") == "registry.file_missing"


def test_a_line_without_end_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n{ROW}\n" + "x" * (2 * LINE_BYTES_MAX), encoding="utf-8")
    with pytest.raises(CanbaoError) as refused:
        _read(path)
    assert (refused.value.code, refused.value.params["line"]) == ("registry.line_too_long", 3)


def test_a_quote_that_never_closes_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{HEADER}\n{ROW}\n"' + f"{ROW}\n" * 5_000, encoding="utf-8")
    with pytest.raises(CanbaoError) as refused:
        _read(path)
    assert (refused.value.code, refused.value.params["line"]) == ("registry.line_too_long", 3)


def test_a_workbook_reads_as_another_reader_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    write_made_up_register(path, RegionCode(360100), persons=500, seed=3, on=date(2024, 11, 15), kind=FileKind.XLSX)
    expected = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    _, lines = _read(path)
    assert len(lines) == 500
    for (line, cells), other in zip(lines, expected[1:], strict=True):
        assert cells + [""] * (len(other) - len(cells)) == other
        assert [line for line, _ in lines] == list(range(2, 502))


@pytest.mark.parametrize("constant_memory", [True, False])
def test_a_workbook_keeps_texts_and_marks_quantities(tmp_path: Path, constant_memory: bool) -> None:
    header: list[object] = [*HEADER.split(",")]
    row: list[object] = ["11010519491231002X", "李𠮷·丽", 1501, date(2020, 9, 1)]
    path = _workbook(tmp_path / "r.xlsx", [header, [], row], constant_memory=constant_memory)
    _, lines = _read(path)
    assert lines == [(3, ["11010519491231002X", "李𠮷·丽", "1501", "44075"])]
    assert [isinstance(cell, NumericCell) for cell in lines[0][1]] == [False, False, True, True]


def _repacked(path: Path, part: str, content: bytes) -> Path:
    """The workbook with one part replaced."""
    out = path.with_name("repacked.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == part else source.read(name))
    return out


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A workbook with a header and one row."""
    return _workbook(tmp_path / "r.xlsx", [[*HEADER.split(",")], [*ROW.split(",")]])


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>", "registry.workbook_damaged"),
        (
            "xl/worksheets/sheet1.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData>'
            b"</worksheet>",
            "registry.workbook_damaged",
        ),
        (
            "xl/worksheets/sheet1.xml",
            b'<worksheet><sheetData><row><c r="A1" t="s"><v>999</v></c></row></sheetData></worksheet>',
            "registry.workbook_damaged",
        ),
        (
            "xl/worksheets/sheet1.xml",
            b'<worksheet><sheetData><row><c r="XFD1" t="str"><v>a</v></c></row></sheetData></worksheet>',
            "registry.workbook_damaged",
        ),
        pytest.param(
            "xl/worksheets/sheet1.xml",
            b"<worksheet>" + b" " * (20 * 1024**2),
            "registry.workbook_too_large",
            id="blanks without end",
        ),
        ("xl/_rels/workbook.xml.rels", b"<Relationships/>", "registry.workbook_damaged"),
    ],
)
def test_a_hostile_workbook_is_refused(sound: Path, part: str, content: bytes, code: str) -> None:
    assert _refusal(_repacked(sound, part, content)) == code


def test_a_workbook_of_1904_is_refused_rather_than_read_four_years_off(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as workbook:
        workbook.add_worksheet().write_row(0, 0, HEADER.split(","))
    assert _refusal(path) == "registry.workbook_damaged"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        path.write_text(f"{HEADER}\n" + f"{ROW}\n" * count, encoding="utf-8")
        tracemalloc.start()
        with open_register(path) as file:
            assert sum(1 for _ in file.lines) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # The first megabyte is read at once to tell the encoding; beyond it nothing grows.
    assert peak(40_000) < peak(25_000) + 64 * 1024


def test_a_workbook_needs_no_memory_for_its_strings(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"{number}", f"名{number}", "1501", "2020-09-01"] for number in range(3_000)]
    path = _workbook(tmp_path / "r.xlsx", [[*HEADER.split(",")], *rows])
    tracemalloc.start()
    with open_register(path) as file:
        assert sum(1 for _ in file.lines) == 3_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * 1024**2
