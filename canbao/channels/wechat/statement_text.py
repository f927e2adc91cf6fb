"""A downloaded WeChat statement as lines of text, its headers and its summary: what both kinds of statement share.

The file is read in pieces and decoded piece by piece, so its size costs no memory. Every value of a detail line stands
behind one back-tick, a header line has none: that is how the summary's header, the second-last line, is told from the
details. Inside a value the channel writes a comma as a backslash and a blank, and a line break as a backslash and an n,
so a comma before a back-tick always ends a value.

Source: WeChat Pay API v3, pages 下载交易账单 and 下载资金账单.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import BinaryIO, NoReturn

from canbao.channels.errors import (
    STATEMENT_COLUMN_MISSING,
    STATEMENT_EMPTY,
    STATEMENT_LINE_MALFORMED,
    STATEMENT_NOT_UTF8,
    STATEMENT_PACKED,
    STATEMENT_SUMMARY_DIFFERS,
    STATEMENT_TRUNCATED,
    STATEMENT_UNREADABLE,
)
from canbao.kernel.clock import BEIJING, Instant

PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 16
REF_LENGTH_MAX = 64
"""What a foreign number may have at most; the channel's own have at most 64 signs."""

REMEMBERED_MAX = 4096
"""How many amounts or instants a reader remembers: a day repeats a few prices, and lines come in the day's order."""

_BOM = b"\xef\xbb\xbf"
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
_AMOUNT = re.compile(r"[0-9]{1,13}\.[0-9]{2}", re.ASCII)
_FEE = re.compile(r"(-?)([0-9]{1,11})\.([0-9]{2,5})", re.ASCII)
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)

Lines = Iterator[tuple[int, str]]


class Amounts(dict[str, int]):
    """Yuan with two decimals as fen, remembered; anything else is a ValueError.

    >>> Amounts()["400.00"]
    40000
    """

    def __missing__(self, text: str) -> int:
        if _AMOUNT.fullmatch(text) is None:
            raise ValueError(text)
        if len(self) > REMEMBERED_MAX:
            self.clear()
        fen = self[text] = int(text.replace(".", ""))
        return fen


class Fees(dict[str, int]):
    """Yuan with up to five decimals as thousandths of a fen, remembered; anything else is a ValueError.

    >>> Fees()["2.40000"], Fees()["-0.00540"]
    (240000, -540)
    """

    def __missing__(self, text: str) -> int:
        found = _FEE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        if len(self) > REMEMBERED_MAX:
            self.clear()
        size = int(found[2] + found[3].ljust(5, "0"))
        fee = self[text] = -size if found[1] else size
        return fee


class Instants(dict[str, Instant]):
    """China's time as an instant, remembered; `prefix` stands before each. Anything else is a ValueError.

    >>> Instants()["2024-11-15 10:00:41"]
    datetime.datetime(2024, 11, 15, 2, 0, 41, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, text: str) -> Instant:
        plain = text.removeprefix(self._prefix)
        if not text.startswith(self._prefix) or _AT.fullmatch(plain) is None:
            raise ValueError(text)
        if len(self) > REMEMBERED_MAX:
            self.clear()
        at = self[text] = datetime.fromisoformat(plain).replace(tzinfo=BEIJING).astimezone(UTC)
        return at


def lines_of(source: BinaryIO) -> Lines:
    """The file's lines with their numbers from 1, without their ends; blank ones too, so that numbers stay true.

    Errors: `channels.statement_empty`, `statement_packed`, `statement_not_utf8`, `statement_unreadable`.
    """
    return enumerate(chain.from_iterable(_pieces(source)), start=1)


def _pieces(source: BinaryIO) -> Iterator[list[str]]:
    rest = source.read(PIECE_BYTES)
    if not rest:
        raise STATEMENT_EMPTY()
    for magic, form in _PACKED.items():
        if rest.startswith(magic):
            raise STATEMENT_PACKED(form=form)
    rest = rest.removeprefix(_BOM)
    line_no = 1
    while True:
        end = rest.rfind(b"\n") + 1
        if end:
            lines = _decoded(rest[:end], line_no).split("\n")
            lines.pop()
            yield lines
            line_no += len(lines)
            rest = rest[end:]
        if len(rest) > LINE_BYTES_MAX:
            raise STATEMENT_UNREADABLE(line=line_no, column="-")
        more = source.read(PIECE_BYTES)
        if not more:
            break
        rest += more
    if rest:
        yield [_decoded(rest, line_no).removesuffix("\r")]


def _decoded(piece: bytes, line_no: int) -> str:
    """Text with plain line ends. `line_no` is the piece's first line."""
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError as foreign:
        line = line_no + piece.count(b"\n", 0, foreign.start)
        if foreign.reason == "unexpected end of data" and foreign.end == len(piece):
            raise STATEMENT_TRUNCATED(line=line) from foreign
        raise STATEMENT_NOT_UTF8(line=line) from foreign
    if "\0" in text:
        raise STATEMENT_UNREADABLE(line=line_no + text.count("\n", 0, text.index("\0")), column="-")
    return text.replace("\r\n", "\n") if "\r" in text else text


def header_of(lines: Lines, required: Sequence[str]) -> dict[str, int]:
    """The details' header: each column's place by its name, in whichever order they stand. Errors: as `require`."""
    _, line = _next_written(lines, line_no=1)
    columns = _names(line)
    require(columns, required, lines)
    return columns


def require(columns: Mapping[str, int], names: Sequence[str], lines: Lines) -> None:
    """Errors: `channels.statement_column_missing` for the first of the names that the details' header lacks;
    `channels.statement_truncated` when nothing follows that header."""
    missing = [name for name in names if name not in columns]
    if missing:
        if next(lines, None) is None:
            raise STATEMENT_TRUNCATED(line=1)
        raise STATEMENT_COLUMN_MISSING(line=1, column=missing[0])


def _names(line: str) -> dict[str, int]:
    """The columns of a header. A trailing comma makes no column; brackets may be those of either script."""
    plain = line.replace("（", "(").replace("）", ")").replace("`", "")
    return {name.strip(): place for place, name in enumerate(plain.split(","))}


def refuse_width(line_no: int, lines: Lines, *, found: int, expected: int) -> NoReturn:
    """Refuse a detail line of another width: broken off when it is the last, else malformed."""
    if next(lines, None) is None:
        raise STATEMENT_TRUNCATED(line=line_no)
    raise STATEMENT_LINE_MALFORMED(line=line_no, found=found, expected=expected)


def check_summary(
    header: tuple[int, str] | None, lines: Lines, counted: Mapping[str, int], *, last_no: int, required: Sequence[str]
) -> None:
    """Compare the last two lines with what the details made: `counted` by the summary's own column names.

    A name that ends in 单数 or 笔数 is a count; 手续费总金额 is in thousandths of a fen, every other in fen. Errors:
    `channels.statement_truncated`, `statement_column_missing`, `statement_line_malformed`, `statement_unreadable`,
    `statement_summary_differs`."""
    if header is None:
        raise STATEMENT_TRUNCATED(line=last_no)
    columns = _names(header[1])
    line_no, line = _next_written(lines, line_no=header[0])
    missing = [name for name in required if name not in columns]
    if missing:
        raise STATEMENT_COLUMN_MISSING(line=header[0], column=missing[0])
    values = line.removeprefix("`").split(",`")
    if len(values) != len(columns):
        refuse_width(line_no, lines, found=len(values), expected=len(columns))
    for name, place in columns.items():
        if name in counted:
            _compare(line_no, name, values[place], counted[name])
    for beyond_no, beyond in lines:
        if beyond:
            raise STATEMENT_LINE_MALFORMED(line=beyond_no, found=beyond.count(",") + 1, expected=0)


def _compare(line_no: int, name: str, text: str, counted: int) -> None:
    if name.endswith(("单数", "笔数")):
        told = int(text) if _COUNT.fullmatch(text) is not None else None
        shown = str(counted)
    else:
        is_fee = name == "手续费总金额"
        try:
            told = (Fees() if is_fee else Amounts())[text]
        except ValueError:
            told = None
        shown = _yuan(counted, places=5 if is_fee else 2)
    if told is None:
        raise STATEMENT_UNREADABLE(line=line_no, column=name)
    if told != counted:
        raise STATEMENT_SUMMARY_DIFFERS(column=name, told=text, counted=shown)


def _yuan(amount: int, *, places: int) -> str:
    """As the file writes it.

    >>> _yuan(-540, places=5), _yuan(40000, places=2)
    ('-0.00540', '400.00')
    """
    whole, part = divmod(abs(amount), 10**places)
    return f"{'-' if amount < 0 else ''}{whole}.{part:0{places}d}"


def _next_written(lines: Lines, *, line_no: int) -> tuple[int, str]:
    """The next line that is not blank. Errors: `channels.statement_truncated` when there is none."""
    for number, line in lines:
        if line:
            return number, line
    raise STATEMENT_TRUNCATED(line=line_no)


def unescaped(text: str) -> str:
    r"""A value as it was before the channel wrote it down.

    >>> unescaped(r"医保\ 2025\n年度")
    '医保,2025\n年度'
    """
    return text.replace("\\ ", ",").replace("\\n", "\n")
