"""Workbooks made or broken to hurt: each ends in its sentence, in bounded memory, before anything is taken."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from canbao.kernel.errors import CanbaoError
from canbao.registry.register_files import open_register

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A workbook with a header and one row."""
    path = tmp_path / "register.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["证件号码", "姓名", "人员类别", "参保日期"])
        sheet.write_row(1, 0, ["11010519491231002X", "李丽", "1501", "2020-09-01"])
    return path


def refusal(path: Path) -> str:
    """The code with which reading the whole file ends."""
    with pytest.raises(CanbaoError) as refused, open_register(path) as file:
        list(file.lines)
    return refused.value.code


def repacked(path: Path, part: str, content: bytes) -> Path:
    """The workbook with one part replaced."""
    out = path.with_name("repacked.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == part else source.read(name))
    return out


def test_a_part_whose_packing_is_broken_is_refused(sound: Path) -> None:
    with zipfile.ZipFile(sound) as archive:
        begins = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    spoiled = bytearray(sound.read_bytes())
    spoiled[begins : begins + 4] = b"\xff\xff\xff\xff"
    sound.write_bytes(spoiled)

    assert refusal(sound) == "registry.workbook_damaged"


def test_a_workbook_under_a_password_is_refused(sound: Path) -> None:
    marked = bytearray(sound.read_bytes())
    for sign, flags_at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = marked.find(sign)
        while place >= 0:
            marked[place + flags_at] |= 1
            place = marked.find(sign, place + 4)
    sound.write_bytes(marked)

    assert refusal(sound) == "registry.workbook_damaged"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"])
def test_a_part_that_unpacks_a_thousandfold_is_refused_before_it_is_read(sound: Path, part: str) -> None:
    assert refusal(repacked(sound, part, b"<a>" + b" " * (40 * 1024**2))) == "registry.workbook_too_large"


def test_a_row_without_end_is_refused_in_little_memory(sound: Path) -> None:
    cells = b'<c t="str"><v>a</v></c>' * 100_000
    path = repacked(sound, SHEET, b"<worksheet><sheetData><row>" + cells + b"</row></sheetData></worksheet>")

    tracemalloc.start()
    assert refusal(path) == "registry.workbook_damaged"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * 1024**2


def test_a_cell_without_end_is_refused_in_little_memory(sound: Path) -> None:
    text = b"".join(b"%08d" % number for number in range(2_000_000))
    path = repacked(
        sound,
        SHEET,
        b'<worksheet><sheetData><row><c r="A1" t="str"><v>' + text + b"</v></c></row></sheetData></worksheet>",
    )

    tracemalloc.start()
    assert refusal(path) == "registry.workbook_damaged"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * 1024**2


def test_a_string_counted_from_the_end_is_refused(sound: Path) -> None:
    row = b'<worksheet><sheetData><row><c r="A1" t="s"><v>-2</v></c></row></sheetData></worksheet>'

    assert refusal(repacked(sound, SHEET, row)) == "registry.workbook_damaged"
