"""The bytes of a downloaded statement: unpacked as they come, measured, hashed and handed on, never held whole.

The answer that carries the file is not signed; what vouches for it is the hash in the signed answer that named its
address. That hash is taken over the unpacked text, so whoever wants to check it must unpack first, and a small packed
file may be endless when unpacked: a bound stops it.

Source: WeChat Pay API v3, pages 申请交易账单, 申请资金账单 and 下载账单.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from canbao.channels.wechat import wire

UNPACKED_AT_ONCE = 1 << 20
_GZIP = b"\x1f\x8b"
_GZIP_FORM = 31
"""zlib's number for a gzip header and the largest window."""


class FileTrouble(StrEnum):
    """Why a file that came is not believed."""

    DIGEST_DIFFERS = "digest_differs"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    FOREIGN_ADDRESS = "foreign_address"


class FileRefused(Exception):
    """A file that is not believed, and why."""

    def __init__(self, trouble: FileTrouble) -> None:
        self.trouble = trouble
        super().__init__(trouble.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Where a statement's file lies for the next minutes, and its SHA-1 in lower case."""

    url: str
    digest: str


def announced_in(text: str) -> Announced | None:
    """The file that an answer announces, or None when the answer is not whole."""
    content = wire.read_object(text) or {}
    url, digest, form = (content.get(name) for name in ("download_url", "hash_value", "hash_type"))
    if not isinstance(url, str) or not isinstance(digest, str) or form != "SHA1":
        return None
    digest = digest.lower()
    is_digest = len(digest) == 40 and all(sign in "0123456789abcdef" for sign in digest)
    return Announced(url=url, digest=digest) if is_digest else None


def keep_file(chunks: Iterable[bytes], into: BinaryIO, *, digest: str, bytes_max: int) -> int:
    """Write the plain bytes to `into` and return their count. Raises FileRefused; what was written is then worthless.

    A file that is not packed is taken as it is: its hash is the same.
    """
    hashed = hashlib.sha1(usedforsecurity=False)
    size = 0
    for plain in _unpacked(_bounded(chunks, bytes_max)):
        size += len(plain)
        if size > bytes_max:
            raise FileRefused(FileTrouble.TOO_LARGE)
        hashed.update(plain)
        into.write(plain)
    if hashed.hexdigest() != digest:
        raise FileRefused(FileTrouble.DIGEST_DIFFERS)
    return size


def _bounded(chunks: Iterable[bytes], bytes_max: int) -> Iterator[bytes]:
    """Packed bytes are bounded too: a file may be made of endlessly many empty parts."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise FileRefused(FileTrouble.TOO_LARGE)
        yield chunk


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Plain bytes in pieces of at most `UNPACKED_AT_ONCE`, whether the file is packed or not."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    if not head.startswith(_GZIP):
        yield head
        yield from chunks
        return
    yield from _gunzipped(head, chunks)


def _gunzipped(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A gzip file may have several parts, one behind the other; the last must be whole."""
    unpacker = zlib.decompressobj(_GZIP_FORM)
    for chunk in chain([head], chunks):
        packed = chunk
        while packed:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_GZIP_FORM)
            try:
                plain = unpacker.decompress(packed, UNPACKED_AT_ONCE)
            except zlib.error as broken:
                raise FileRefused(FileTrouble.CORRUPT) from broken
            packed = unpacker.unconsumed_tail or unpacker.unused_data
            yield plain
    if not unpacker.eof:
        raise FileRefused(FileTrouble.CORRUPT)
