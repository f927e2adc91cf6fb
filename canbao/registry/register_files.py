"""Opening a register file: what kind it is, how it is encoded, its header, and its lines one after the other.

Nothing is held in memory beyond the line at hand, whatever the size of the file. The encoding of a CSV is told by a
mark at its start, else by whether the text is valid UTF-8 up to the first megabyte, else it is GB18030; which one was
chosen is said in the report, and a character that does not decode later on refuses its row alone.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from canbao.registry import errors
from canbao.registry.columns import Layout, read_header
from canbao.registry.workbooks import workbook_rows

LINE_BYTES_MAX = 64 * 1024
"""Longest line of a CSV. A register row has some two hundred bytes."""

_PROBE_BYTES = 1024 * 1024


class FileKind(StrEnum):
    """The kinds of file taken."""

    CSV = "csv"
    XLSX = "xlsx"


class Encoding(StrEnum):
    """How the text of a CSV is encoded; a workbook says it itself."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"


Line = tuple[int, Sequence[str]]
"""A line's number as an editor or spreadsheet shows it, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """A register file that is open. `lines` gives every line after the header; `progress` tells how far reading has
    come, in the unit of `size`.
    """

    name: str
    kind: FileKind
    encoding: Encoding
    digest: bytes
    layout: Layout
    size: int
    lines: Iterator[Line]
    progress: Callable[[], int]


@contextmanager
def open_register(path: Path) -> Iterator[RegisterFile]:
    """Open a register file and understand its header.

    Errors: `registry.file_missing`, `_file_kind_unknown`, `_file_encoding_unknown`, `_file_empty`, `_column_missing`,
    `_column_twice`, `_workbook_damaged`, `_workbook_too_large`. Reading lines may raise `registry.line_too_long` and
    `registry.workbook_damaged`.
    """
    if not path.is_file():
        raise errors.FILE_MISSING(file=path.name)
    with path.open("rb") as raw:
        head = raw.read(8)
        raw.seek(0)
        if head.startswith(b"PK\x03\x04"):
            with workbook_rows(raw, name=path.name) as workbook:
                yield _opened(path, FileKind.XLSX, Encoding.UTF_8, workbook.rows, workbook.size, workbook.progress)
        elif path.suffix.lower() in {".csv", ".txt"}:
            encoding = _encoding_of(raw, path.name)
            with closing(_csv_lines(raw, encoding, path.name)) as lines:
                yield _opened(path, FileKind.CSV, encoding, lines, path.stat().st_size, raw.tell)
        else:
            raise errors.FILE_KIND_UNKNOWN(file=path.name)


def _opened(
    path: Path, kind: FileKind, encoding: Encoding, lines: Iterator[Line], size: int, progress: Callable[[], int]
) -> RegisterFile:
    header = next(lines, None)
    if header is None:
        raise errors.FILE_EMPTY(file=path.name)
    return RegisterFile(
        name=path.name,
        kind=kind,
        encoding=encoding,
        digest=_digest_of(path),
        layout=read_header(header[1], file=path.name),
        size=size,
        lines=lines,
        progress=progress,
    )


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _encoding_of(raw: BinaryIO, name: str) -> Encoding:
    probe = raw.read(_PROBE_BYTES)
    raw.seek(0)
    if probe.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in probe:
        raise errors.FILE_ENCODING_UNKNOWN(file=name)
    for encoding in Encoding:
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(probe, final=len(probe) < _PROBE_BYTES)
        except UnicodeDecodeError:
            continue
        return encoding
    return _mostly(probe, name)


def _mostly(probe: bytes, name: str) -> Encoding:
    """A few damaged bytes must not refuse a file: the encoding in which the header decodes whole is taken."""
    header = probe.split(b"\n", 1)[0]
    for encoding in Encoding:
        try:
            header.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not header.isascii():
            return encoding
    raise errors.FILE_ENCODING_UNKNOWN(file=name)


def _csv_lines(raw: BinaryIO, encoding: Encoding, name: str) -> Generator[Line, None, None]:
    if raw.read(3) != codecs.BOM_UTF8:
        raw.seek(0)
    text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
    try:
        first = text.readline(LINE_BYTES_MAX)
        separator = "\t" if "\t" in first and "," not in first else ","
        reader = csv.reader(_bounded(first, text, name), delimiter=separator)
        yield from _numbered(reader, name)
    finally:
        text.detach()


def _bounded(first: str, text: io.TextIOWrapper, name: str) -> Iterator[str]:
    """Lines, none longer than the bound: a file without line ends must not fill the memory."""
    line, number = first, 1
    while line:
        if len(line) >= LINE_BYTES_MAX:
            raise errors.LINE_TOO_LONG(file=name, line=number, most=LINE_BYTES_MAX)
        yield line
        line = text.readline(LINE_BYTES_MAX)
        number += 1


def _numbered(reader: Iterator[list[str]], name: str) -> Iterator[Line]:
    """Lines with their numbers. A quote that is never closed ends at the reader's own bound on a cell."""
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as too_long:
            raise errors.LINE_TOO_LONG(file=name, line=before + 1, most=csv.field_size_limit()) from too_long
        number = before + 1
        before = _line_no(reader)
        if any(map(str.strip, cells)):
            yield number, cells


def _line_no(reader: Iterator[list[str]]) -> int:
    number: int = getattr(reader, "line_num")  # noqa: B009 - the stubs keep the reader's type private
    return number
