"""A bill written to a file of its own: header, lines, sums; hashed, packed, and spoiled where a fault says so.

Everything runs through in pieces, so a bill of a million lines takes a file's room and no more memory than a small
one. The hash is SHA-1 of the plain text, whether the file is packed or not.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from sandbox.exchange import PIECE_BYTES, BodyFile
from sandbox.wechat.bill_lines import Form, Line, Sums, line_text
from sandbox.wechat.faults import Fault, Rule

LINES_AT_ONCE = 1000
BOMB_BYTES = 64 << 20
GZIP_BITS = 31
CORRUPT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBill:
    """A finished file and what the channel says of it."""

    file: BodyFile
    sha1: str


def make_bill(form: Form, lines: Iterable[Line], rules: Sequence[Rule], *, is_packed: bool) -> MadeBill:
    """Write a bill; the rules' faults of form and of packing are in it."""
    fired = {rule.fault: rule for rule in rules}
    encoding = "gb18030" if Fault.STATEMENT_GBK in fired else "utf-8"
    plain = _new_file()
    for text in _texts(form, lines, fired):
        plain.write(text.encode(encoding))
    if Fault.STATEMENT_TRUNCATED in fired:
        plain.truncate(plain.tell() // 2)
    bomb = fired.get(Fault.STATEMENT_ZIP_BOMB) if is_packed else None
    sha1 = hashlib.sha1(usedforsecurity=False)
    sent = _new_file() if is_packed else plain
    packer = zlib.compressobj(wbits=GZIP_BITS)
    for piece in _pieces(plain) if bomb is None else _bomb(bomb.count):
        sha1.update(piece)
        if is_packed:
            sent.write(packer.compress(piece))
    if is_packed:
        sent.write(packer.flush())
        plain.close()
    if Fault.STATEMENT_CORRUPT_FILE in fired:
        _corrupt(sent)
    if Fault.STATEMENT_WRONG_HASH in fired:
        sha1.update(b" ")
    return MadeBill(file=BodyFile(sent), sha1=sha1.hexdigest())


def _new_file() -> BinaryIO:
    # It lives as long as whoever holds it, and has no name that could stay behind.
    return tempfile.TemporaryFile()  # closed by BodyFile, or above once packed


def _texts(form: Form, lines: Iterable[Line], fired: dict[Fault, Rule]) -> Iterator[str]:
    """The bill's text, many lines at a time."""
    step = -1 if Fault.STATEMENT_REORDERED_COLUMNS in fired else 1
    end = "\r\n" if Fault.STATEMENT_CRLF in fired else "\n"
    sums = Sums()
    if Fault.STATEMENT_BOM in fired:
        yield "\ufeff"
    yield ",".join(form.columns[::step]) + end
    waiting = iter(lines)
    while some := list(islice(waiting, LINES_AT_ONCE)):
        written: list[str] = []
        for line in some:
            sums.add(line)
            written.append(line_text(form.pick(line.cells())[::step]))
        yield end.join(written) + end
    if wrong := fired.get(Fault.STATEMENT_WRONG_SUMS):
        sums.ordered_fen += wrong.delta_fen
        sums.income_fen += wrong.delta_fen
    yield ",".join(form.sums[::step]) + end
    yield line_text(form.sum_cells(sums)[::step]) + end


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece


def _bomb(count: int) -> Iterator[bytes]:
    """Line ends and nothing else: they pack a thousand to one."""
    piece = b"\n" * PIECE_BYTES
    for _ in range(count * BOMB_BYTES // PIECE_BYTES):
        yield piece


def _corrupt(file: BinaryIO) -> None:
    """Turn every bit of some bytes in the middle over."""
    file.flush()
    size = file.seek(0, 2)
    file.seek(size // 2)
    found = file.read(CORRUPT_BYTES)
    file.seek(size // 2)
    file.write(bytes(one ^ 0xFF for one in found))
