"""What came of an import: counts, and for each refused row where it stands, why, and what to do.

The same report is printed by the command line and written as a workbook for the clerk who mends the file. Nothing in
it is personal data; texts that come from the file (column titles) are written as text, never as formulas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from canbao.kernel.regions import RegionCode
from canbao.registry.register_files import Encoding, FileKind
from canbao.registry.rows import RowProblem

PROBLEMS_MAX = 100_000
"""Most problems kept: a file that is wrong in every line is mended by its maker, not line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The outcome of one run over one file. `seconds` is wall time; `is_dry_run` means nothing was written."""

    region_code: RegionCode
    file_name: str
    kind: FileKind
    encoding: Encoding
    is_dry_run: bool
    line_count: int
    new_count: int
    changed_count: int
    unchanged_count: int
    refused_count: int
    warning_count: int
    elsewhere_count: int
    problems: tuple[RowProblem, ...]
    unlisted_problem_count: int
    seconds: float

    @property
    def refusals(self) -> tuple[RowProblem, ...]:
        """Why rows were refused."""
        return tuple(problem for problem in self.problems if not problem.is_warning)

    @property
    def warnings(self) -> tuple[RowProblem, ...]:
        """What was taken and should be looked at."""
        return tuple(problem for problem in self.problems if problem.is_warning)

    def summary(self) -> list[tuple[str, str]]:
        """The counts in words, for a table."""
        kind = "xlsx" if self.kind is FileKind.XLSX else f"csv（{self.encoding.value}）"
        return [
            ("文件", self.file_name),
            ("格式和编码", kind),
            ("统筹区", str(self.region_code)),
            ("方式", "试导入，没有写入" if self.is_dry_run else "正式导入"),
            ("读了（行）", str(self.line_count)),
            ("新登记", str(self.new_count)),
            ("有变更", str(self.changed_count)),
            ("没有变化", str(self.unchanged_count)),
            ("没有收（行）", str(self.refused_count)),
            ("提醒（条）", str(self.warning_count)),
            ("同时在别处参保（人）", str(self.elsewhere_count)),
            ("没有列出的问题（条）", str(self.unlisted_problem_count)),
            ("用时（秒）", f"{self.seconds:.1f}"),
        ]


def write_report(report: ImportReport, path: Path) -> None:
    """Write the report as a workbook with three sheets: summary, refused rows, warnings."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as workbook:
        bold = workbook.add_format({"bold": True})
        _sheet(
            workbook, bold, "结果", ("项目", "内容"), ((name, plain_text(value)) for name, value in report.summary())
        )
        for title, problems in (("没有收的行", report.refusals), ("提醒", report.warnings)):
            rows = ((str(row.line), plain_text(row.column), row.sentence_zh, row.code) for row in problems)
            _sheet(workbook, bold, title, ("行", "列", "原因和办法", "编号"), rows)


def plain_text(text: str) -> str:
    """A text that no spreadsheet program takes for a formula, also when the sheet is saved as CSV and opened again."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _sheet(
    workbook: xlsxwriter.Workbook, bold: object, title: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    sheet = workbook.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    for place, width in enumerate((10, 16, 90, 34)[: len(header)] if len(header) > 2 else (24, 40)):
        sheet.set_column(place, place, width)
    for line, cells in enumerate((header, *rows)):
        for place, cell in enumerate(cells):
            sheet.write_string(line, place, cell, bold if line == 0 else None)
