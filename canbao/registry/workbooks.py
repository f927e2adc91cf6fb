"""Reading a spreadsheet (.xlsx) row by row, in bounded memory, whatever its size.

A workbook is a zip of XML. The usual readers hold the whole sheet, half a gigabyte for a million rows; this one
streams the first sheet through expat and keeps the shared strings in an unnamed temporary file with one offset each.
What could hurt is refused before it is read: entities, a part that unpacks beyond its bound, a ratio no spreadsheet
has.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO
from xml.parsers import expat

from canbao.registry import errors
from canbao.registry.rows import NumericCell

UNPACKED_BYTES_MAX = 8 * 1024**3
"""Largest sheet: ten million rows of eight hundred bytes of XML."""

RATIO_MAX = 400
"""A sheet of one word repeated packs about two hundred times; a bomb a thousand times."""

CELL_LENGTH_MAX = 32_767
COLUMNS_MAX = 256
_UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError)
_CHUNK = 256 * 1024
_ENCRYPTED = 1
_SMALL = 16 * 1024**2
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]+)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """The first sheet of an open workbook. Progress counts unpacked bytes, as `size` does."""

    rows: Iterator[tuple[int, list[str]]]
    size: int
    progress: Callable[[], int]


@contextmanager
def workbook_rows(raw: BinaryIO, *, name: str) -> Iterator[Workbook]:
    """Open the first sheet of a workbook. Errors: `registry.workbook_damaged`, `registry.workbook_too_large`."""
    try:
        with zipfile.ZipFile(raw) as archive, tempfile.TemporaryFile() as strings_file:
            _refuse_bombs(archive, name)
            sheet = archive.getinfo(_first_sheet(archive, name))
            _refuse_1904(archive, name)
            strings = _SharedStrings(strings_file)
            if "xl/sharedStrings.xml" in archive.namelist():
                with archive.open("xl/sharedStrings.xml") as part:
                    strings.read(part, name)
            with archive.open(sheet) as part:
                reader = _SheetReader(strings)
                yield Workbook(rows=reader.rows(part, name), size=sheet.file_size, progress=part.tell)
    except _UNREADABLE as damaged:
        raise errors.WORKBOOK_DAMAGED(file=name, reason=type(damaged).__name__) from damaged


def _refuse_bombs(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse what would hurt, by the archive's own table; also a workbook under a password, which nobody can read."""
    parts = archive.infolist()
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise errors.WORKBOOK_DAMAGED(file=name, reason="password")
    total = sum(part.file_size for part in parts)
    if len(parts) > 2_000 or total > UNPACKED_BYTES_MAX:
        raise errors.WORKBOOK_TOO_LARGE(file=name, most=UNPACKED_BYTES_MAX // 1024**2)
    if any(part.file_size > _SMALL and part.file_size > RATIO_MAX * max(part.compress_size, 1) for part in parts):
        raise errors.WORKBOOK_TOO_LARGE(file=name, most=_SMALL // 1024**2)


def _first_sheet(archive: zipfile.ZipFile, name: str) -> str:
    """The part that holds the first sheet, by way of the workbook's relationships."""
    relation: list[str] = []
    targets: dict[str, str] = {}

    def on_sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            relation.extend(value for key, value in attributes.items() if key == "id")

    def on_relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part, handler in (("xl/workbook.xml", on_sheet), ("xl/_rels/workbook.xml.rels", on_relation)):
        parser = _parser(name)
        parser.StartElementHandler = _local(handler)
        with archive.open(part) as file:
            for chunk in iter(lambda opened=file: opened.read(_CHUNK), b""):  # type: ignore[misc]  # a default in a lambda
                _feed(parser, chunk, name)
    target = targets.get(relation[0], "") if relation else ""
    if not target:
        raise errors.WORKBOOK_DAMAGED(file=name, reason="sheet 1")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _refuse_1904(archive: zipfile.ZipFile, name: str) -> None:
    """Old Macintosh workbooks count days from 1904: four years off, silently. Such a file is saved anew instead."""
    with archive.open("xl/workbook.xml") as part:
        if re.search(rb'date1904="(1|true)"', part.read(_CHUNK)) is not None:
            raise errors.WORKBOOK_DAMAGED(file=name, reason="date1904")


def _local(handler: Callable[[str, dict[str, str]], None]) -> Callable[[str, dict[str, str]], None]:
    """Tags and attributes without their namespace prefix: writers differ in it."""

    def with_local_names(tag: str, attributes: dict[str, str]) -> None:
        handler(tag.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()})

    return with_local_names


def _parser(name: str) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise errors.WORKBOOK_DAMAGED(file=name, reason="DTD")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _feed(parser: expat.XMLParserType, chunk: bytes, name: str) -> None:
    try:
        parser.Parse(chunk, not chunk)
    except expat.ExpatError as malformed:
        raise errors.WORKBOOK_DAMAGED(file=name, reason=f"XML {malformed.lineno}") from malformed


def _unescaped(text: str) -> str:
    """Excel writes control characters as _x000D_."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


class _SharedStrings:
    """The workbook's shared strings, in a temporary file: eight bytes of memory each."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends = array("Q", [0])
        self._cache: dict[int, str] = {}

    def read(self, part: IO[bytes], name: str) -> None:
        """Take every string of the part. Phonetic readings beside a text are left out."""
        parser = _parser(name)
        collected: list[str] = []
        length = 0
        inside = {"text": False, "phonetic": False}

        def start(tag: str, _: dict[str, str]) -> None:
            nonlocal length
            local = tag.rpartition(":")[2]
            if local == "si":
                collected.clear()
                length = 0
            elif local == "rPh":
                inside["phonetic"] = True
            elif local == "t":
                inside["text"] = not inside["phonetic"]

        def end(tag: str) -> None:
            local = tag.rpartition(":")[2]
            if local == "t":
                inside["text"] = False
            elif local == "rPh":
                inside["phonetic"] = False
            elif local == "si":
                self._append(_unescaped("".join(collected))[: CELL_LENGTH_MAX + 1])

        def text(piece: str) -> None:
            nonlocal length
            if inside["text"] and length <= CELL_LENGTH_MAX:
                collected.append(piece)
                length += len(piece)

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        while chunk := part.read(_CHUNK):
            _feed(parser, chunk, name)
        _feed(parser, b"", name)

    def _append(self, text: str) -> None:
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "replace")))

    def __getitem__(self, place: int) -> str:
        found = self._cache.get(place)
        if found is None:
            if place < 0:
                raise IndexError(place)
            start, end = self._ends[place], self._ends[place + 1]
            self._file.seek(start)
            found = self._file.read(end - start).decode()
            if len(self._cache) < 4096:
                self._cache[place] = found
        return found


class _SheetReader:
    """Turns the XML of a sheet into rows of cells as text; a quantity is marked as such."""

    def __init__(self, strings: _SharedStrings) -> None:
        self._strings = strings
        self._ready: deque[tuple[int, list[str]]] = deque()
        self._line = 0
        self._row: list[str] = []
        self._place = -1
        self._kind = "n"
        self._is_value = False
        self._value: list[str] = []
        self._length = 0

    def rows(self, part: IO[bytes], name: str) -> Iterator[tuple[int, list[str]]]:
        parser = _parser(name)
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        while chunk := part.read(_CHUNK):
            self._feed(parser, chunk, name)
            while self._ready:
                yield self._ready.popleft()
        self._feed(parser, b"", name)
        yield from self._ready

    def _feed(self, parser: expat.XMLParserType, chunk: bytes, name: str) -> None:
        try:
            _feed(parser, chunk, name)
        except (IndexError, ValueError, UnicodeDecodeError) as malformed:
            raise errors.WORKBOOK_DAMAGED(file=name, reason=f"row {self._line}") from malformed

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2] if ":" in tag else tag
        if local == "c":
            self._place = self._place_of(attributes.get("r"))
            self._kind = attributes.get("t", "n")
            self._value.clear()
            self._length = 0
        elif local == "v" or (local == "t" and self._kind == "inlineStr"):
            self._is_value = True
        elif local == "row":
            self._line = int(attributes.get("r", self._line + 1))
            self._row, self._place = [], -1

    def _end(self, tag: str) -> None:
        local = tag.rpartition(":")[2] if ":" in tag else tag
        if local in {"v", "t"}:
            self._is_value = False
        elif local == "c":
            self._keep()
        elif local == "row" and any(map(str.strip, self._row)):
            self._ready.append((self._line, self._row))

    def _text(self, piece: str) -> None:
        if self._is_value and self._length <= CELL_LENGTH_MAX:
            self._value.append(piece)
            self._length += len(piece)

    def _keep(self) -> None:
        if not self._value:
            return
        text = "".join(self._value)
        cell: str
        if self._kind == "s":
            cell = self._strings[int(text)]
        elif self._kind == "n":
            cell = NumericCell(text)
        else:
            cell = _unescaped(text)
        if len(cell) > CELL_LENGTH_MAX:
            raise ValueError(len(cell))
        self._row.extend([""] * (self._place - len(self._row)))
        self._row.append(cell)

    def _place_of(self, reference: str | None) -> int:
        if reference is None:
            if self._place + 1 >= COLUMNS_MAX:
                raise ValueError(self._place)
            return self._place + 1
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise ValueError(reference)
        place = 0
        for letter in found.group(1):
            place = place * 26 + ord(letter) - 64
        if not len(self._row) < place <= COLUMNS_MAX:
            raise ValueError(reference)
        return place - 1
