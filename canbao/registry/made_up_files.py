"""Writes a made-up register as a file that the import takes: CSV in UTF-8 or GB18030, or a workbook."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import xlsxwriter

from canbao.kernel.regions import RegionCode
from canbao.registry.codes import RESIDENT_SCHEME
from canbao.registry.columns import Column
from canbao.registry.made_up import MadeUpPerson, made_up_persons
from canbao.registry.register_files import Encoding, FileKind

HEADER = (
    Column.DOCUMENT_TYPE,
    Column.ID_NO,
    Column.NAME,
    Column.FAMILY_NO,
    Column.CATEGORY,
    Column.IDENTITIES,
    Column.SCHEME,
    Column.ENROLLED_ON,
    Column.LAST_INSURED_YEAR,
    Column.PLACE,
)
_EVERY = 1_000


def write_made_up_register(
    path: Path,
    region: RegionCode,
    *,
    persons: int,
    seed: int,
    on: date,
    kind: FileKind = FileKind.CSV,
    encoding: Encoding = Encoding.UTF_8,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write so many made-up persons of a region and seed. The same arguments give the same rows."""
    rows = _counted(made_up_persons(region, persons=persons, seed=seed, on=on), progress)
    if kind is FileKind.XLSX:
        _write_workbook(path, rows)
        return
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(map(_cells, rows))


def _write_workbook(path: Path, rows: Iterator[MadeUpPerson]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet("参保登记")
        sheet.set_column(1, 1, 22)
        for line, cells in enumerate(_lines(rows)):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell)


def _lines(rows: Iterator[MadeUpPerson]) -> Iterator[tuple[str, ...]]:
    yield HEADER
    yield from map(_cells, rows)


def _cells(person: MadeUpPerson) -> tuple[str, ...]:
    return (
        "居民身份证",
        person.id_no,
        person.name,
        person.family_no,
        person.category_code,
        person.identities,
        RESIDENT_SCHEME,
        person.enrolled_on.isoformat(),
        str(person.last_insured_year or ""),
        person.place,
    )


def _counted(rows: Iterator[MadeUpPerson], progress: Callable[[int], None] | None) -> Iterator[MadeUpPerson]:
    for count, row in enumerate(rows, start=1):
        if progress is not None and count % _EVERY == 0:
            progress(count)
        yield row
