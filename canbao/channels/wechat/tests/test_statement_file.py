"""A statement is fetched whole and by its hash, or not at all; a small file that unpacks without end is stopped."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from canbao.channels.interface import FetchedStatement, Outcome, StatementKind
from canbao.channels.wechat import transport
from canbao.channels.wechat.codes import STATEMENT_NOES, Code, outcome_of_statement_error
from canbao.channels.wechat.connector import WeChatConnector
from canbao.channels.wechat.statement_file import FileRefused, FileTrouble, announced_in, keep_file
from canbao.channels.wechat.tests.far_end import MCHID, FarEnd, Received, Write, raw_answer
from canbao.channels.wechat.tests.statements import ALL_LINES, FUND_LINES, file_of

NOW = datetime(2024, 11, 16, 2, 30, 0, tzinfo=UTC)
DAY = date(2024, 11, 15)
PLAIN = file_of(ALL_LINES)
TOKEN = "/v3/billdownload/file?token=6XIv5TUPto7pByrTQKhd6kwvyKLG2uY2wMMR8cNXqaA"


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def serve(far_end: FarEnd, packed: bytes, *, digest: str, url: str | None = None, status: int = 200) -> None:
    """Announce a file and answer its download, the one signed and the other not."""

    def script(request: Received, write: Write) -> None:
        if request.target.startswith("/v3/bill/"):
            address = far_end.start() + TOKEN if url is None else url
            body = f'{{"hash_type":"SHA1","hash_value":"{digest}","download_url":"{address}"}}'.encode()
            write(raw_answer(200, body, far_end.keys.signed(body, NOW)))
        else:
            write(raw_answer(status, packed, {}))

    far_end.script = script


def fetch(
    wechat: WeChatConnector, *, kind: StatementKind = StatementKind.TRADES, **bounds: int
) -> tuple[FetchedStatement, bytes]:
    into = io.BytesIO()
    return wechat.fetch_statement(kind, DAY, into, now=NOW, **bounds), into.getvalue()


@pytest.mark.parametrize(
    ("kind", "plain", "target"),
    [
        (StatementKind.TRADES, PLAIN, "/v3/bill/tradebill?bill_date=2024-11-15&bill_type=ALL&tar_type=GZIP"),
        (
            StatementKind.FUNDS,
            file_of(FUND_LINES),
            "/v3/bill/fundflowbill?bill_date=2024-11-15&account_type=BASIC&tar_type=GZIP",
        ),
    ],
)
def test_statement_is_fetched_unpacked_and_vouched_for(
    wechat: WeChatConnector, far_end: FarEnd, kind: StatementKind, plain: bytes, target: str
) -> None:
    serve(far_end, gzip.compress(plain), digest=sha1(plain).upper())
    fetched, kept = fetch(wechat, kind=kind)
    assert kept == plain
    assert (fetched.outcome, fetched.digest, fetched.size, fetched.foreign_code) == (
        Outcome.CONFIRMED,
        sha1(plain),
        len(plain),
        "",
    )
    assert [(request.method, request.target) for request in far_end.received] == [("GET", target), ("GET", TOKEN)]
    assert fetched.evidence.status == 200
    assert "6XIv5TUP" not in repr(fetched), "the token is as good as the file"


def test_request_for_the_file_is_signed_over_its_address(wechat: WeChatConnector, far_end: FarEnd) -> None:
    serve(far_end, gzip.compress(PLAIN), digest=sha1(PLAIN))
    fetch(wechat)
    scheme, _, fields = far_end.received[1].headers["Authorization"].partition(" ")
    named = {name: value.strip('"') for name, _, value in (part.partition("=") for part in fields.split(","))}
    assert (scheme, named["mchid"]) == ("WECHATPAY2-SHA256-RSA2048", MCHID)
    assert named["timestamp"] == str(int(NOW.timestamp()))
    text = f"GET\n{TOKEN}\n{named['timestamp']}\n{named['nonce_str']}\n\n".encode()
    key, signature = far_end.keys.merchant.public_key(), base64.b64decode(named["signature"])
    key.verify(signature, text, padding.PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, text + b"x", padding.PKCS1v15(), SHA256())


def test_file_that_is_not_packed_is_taken_as_it_is(wechat: WeChatConnector, far_end: FarEnd) -> None:
    serve(far_end, PLAIN, digest=sha1(PLAIN))
    fetched, kept = fetch(wechat)
    assert (fetched.outcome, kept) == (Outcome.CONFIRMED, PLAIN)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda packed: gzip.compress(PLAIN + b"\n"), "digest_differs"),
        (lambda packed: b"", "digest_differs"),
        (lambda packed: packed[:-9], "corrupt"),
        (lambda packed: packed[:30], "corrupt"),
        (lambda packed: packed[:20] + bytes([packed[20] ^ 255]) + packed[21:], "corrupt"),
        (lambda packed: packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:], "corrupt"),
        (lambda packed: packed + b"rubbish", "corrupt"),
        (lambda packed: b"<html>502</html>", "digest_differs"),
    ],
)
def test_spoilt_file_is_not_believed(
    wechat: WeChatConnector, far_end: FarEnd, spoil: Callable[[bytes], bytes], code: str
) -> None:
    serve(far_end, spoil(gzip.compress(PLAIN)), digest=sha1(PLAIN))
    fetched, _ = fetch(wechat)
    assert (fetched.outcome, fetched.digest, fetched.size) == (Outcome.UNKNOWN, "", 0)
    assert fetched.foreign_code == code


def test_small_file_that_unpacks_without_end_is_stopped(wechat: WeChatConnector, far_end: FarEnd) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    serve(far_end, bomb, digest=sha1(bytes(50_000_000)))
    fetched, kept = fetch(wechat, bytes_max=3_000_000)
    assert (fetched.outcome, fetched.foreign_code) == (Outcome.UNKNOWN, "too_large")
    assert len(kept) <= 3_000_000


def test_bomb_costs_no_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as refused:
            keep_file([bomb], io.BytesIO(), digest="", bytes_max=2_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.trouble is FileTrouble.TOO_LARGE
    assert peak < 8_000_000


def test_endlessly_many_empty_parts_are_stopped() -> None:
    parts = [gzip.compress(b"")] * 10_000
    with pytest.raises(FileRefused) as refused:
        keep_file(parts, io.BytesIO(), digest=sha1(b""), bytes_max=1000)
    assert refused.value.trouble is FileTrouble.TOO_LARGE


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_chunks_may_end_anywhere(size: int) -> None:
    packed = gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:])
    for content in (packed, PLAIN):
        into = io.BytesIO()
        chunks = [content[place : place + size] for place in range(0, len(content), size)]
        assert keep_file(chunks, into, digest=sha1(PLAIN), bytes_max=10_000) == len(PLAIN)
        assert into.getvalue() == PLAIN


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org" + TOKEN,
        "http://127.0.0.1:1" + TOKEN,
        TOKEN,
        "file:///etc/passwd",
        "{base}.example.org" + TOKEN,
        "{base}@example.org" + TOKEN,
        "{base}/v3/a b",
        "{base}/v3/行",
    ],
)
def test_file_at_a_foreign_address_is_never_asked_for(wechat: WeChatConnector, far_end: FarEnd, url: str) -> None:
    serve(far_end, gzip.compress(PLAIN), digest=sha1(PLAIN), url=url.replace("{base}", far_end.start()))
    fetched, kept = fetch(wechat)
    assert (fetched.outcome, fetched.foreign_code, kept) == (Outcome.UNKNOWN, "foreign_address", b"")
    assert len(far_end.received) == 1


def test_every_code_has_one_outcome(wechat: WeChatConnector, far_end: FarEnd) -> None:
    expected = {"NO_STATEMENT_EXIST": Outcome.REFUSED, "STATEMENT_CREATING": Outcome.WAITING}
    assert {code.value for code in STATEMENT_NOES} == set(expected)
    for code in [*Code, "SOMETHING_NEW", ""]:
        for status in (400, 401, 403, 404, 429, 500):
            outcome = expected.get(code, Outcome.UNKNOWN) if status == 400 else Outcome.UNKNOWN
            assert outcome_of_statement_error(status, code) is outcome, (status, code)
    for code, outcome in expected.items():
        far_end.answers(400, {"code": code, "message": "whatever it says"})
        fetched, kept = fetch(wechat)
        assert (fetched.outcome, fetched.foreign_code, kept) == (outcome, code, b"")


@pytest.mark.parametrize(
    ("status", "code", "is_so"),
    [
        (429, "FREQUENCY_LIMITED", True),
        (400, "FREQUENCY_LIMITED", False),
        (429, "SYSTEM_ERROR", False),
        (400, "STATEMENT_CREATING", False),
    ],
)
def test_too_often_is_told_apart_on_asking_and_on_taking(
    wechat: WeChatConnector, far_end: FarEnd, status: int, code: str, is_so: bool
) -> None:
    refusal = {"code": code, "message": "no"}
    far_end.answers(status, refusal)
    fetched, kept = fetch(wechat)
    assert (fetched.is_too_often, kept) == (is_so, b"")
    serve(far_end, json.dumps(refusal).encode(), digest=sha1(PLAIN), status=status)
    fetched, kept = fetch(wechat)
    assert (fetched.is_too_often, fetched.outcome, kept) == (is_so, Outcome.UNKNOWN, b"")


@pytest.mark.parametrize(("status", "code"), [(403, "NO_AUTH"), (400, "INVALID_REQUEST"), (429, "FREQUENCY_LIMITED")])
def test_refused_download_is_unknown(wechat: WeChatConnector, far_end: FarEnd, status: int, code: str) -> None:
    serve(far_end, f'{{"code":"{code}","message":"no"}}'.encode(), digest=sha1(PLAIN), status=status)
    fetched, kept = fetch(wechat)
    assert (fetched.outcome, fetched.foreign_code, kept) == (Outcome.UNKNOWN, code, b"")
    assert fetched.evidence.status == status


@pytest.mark.parametrize(
    "announced",
    [
        {},
        {"hash_type": "SHA1", "hash_value": "0" * 40},
        {"hash_type": "MD5", "hash_value": "0" * 40, "download_url": "x"},
        {"hash_type": "SHA1", "hash_value": "0" * 39, "download_url": "x"},
        {"hash_type": "SHA1", "hash_value": "g" * 40, "download_url": "x"},
        {"hash_type": "SHA1", "hash_value": None, "download_url": "x"},
    ],
)
def test_half_an_announcement_is_unknown(wechat: WeChatConnector, far_end: FarEnd, announced: dict[str, Any]) -> None:

    body = json.dumps(announced).encode()
    assert announced_in(body.decode()) is None
    far_end.script = lambda _request, write: write(raw_answer(200, body, far_end.keys.signed(body, NOW)))
    fetched, kept = fetch(wechat)
    assert (fetched.outcome, kept) == (Outcome.UNKNOWN, b"")
    assert len(far_end.received) == 1


def test_announcement_that_nobody_signed_is_not_followed(wechat: WeChatConnector, far_end: FarEnd) -> None:
    far_end.answers(200, {"hash_type": "SHA1", "hash_value": sha1(b""), "download_url": far_end.start()}, headers={})
    fetched, _ = fetch(wechat)
    assert fetched.outcome is Outcome.UNKNOWN
    assert len(far_end.received) == 1


def test_line_that_breaks_in_the_middle_of_the_file_is_unknown(wechat: WeChatConnector, far_end: FarEnd) -> None:
    packed = gzip.compress(PLAIN)

    def script(request: Received, write: Write) -> None:
        if request.target.startswith("/v3/bill/"):
            url = far_end.start() + TOKEN
            body = f'{{"hash_type":"SHA1","hash_value":"{sha1(PLAIN)}","download_url":"{url}"}}'.encode()
            write(raw_answer(200, body, far_end.keys.signed(body, NOW)))
        else:
            write(raw_answer(200, packed, {})[:-20])

    far_end.script = script
    fetched, _ = fetch(wechat)
    assert fetched.outcome is Outcome.UNKNOWN
    assert fetched.evidence.answer.endswith("not believed (RemoteProtocolError)")


def test_file_that_drips_is_given_up(wechat: WeChatConnector, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FILE_TIMEOUT_S", 0.4)

    def script(request: Received, write: Write) -> None:
        if request.target.startswith("/v3/bill/"):
            url = far_end.start() + TOKEN
            body = f'{{"hash_type":"SHA1","hash_value":"{sha1(PLAIN)}","download_url":"{url}"}}'.encode()
            write(raw_answer(200, body, far_end.keys.signed(body, NOW)))
        else:
            write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(40):
                time.sleep(0.05)
                write(b"`")

    far_end.script = script
    fetched, _ = fetch(wechat)
    assert (fetched.outcome, fetched.foreign_code) == (Outcome.UNKNOWN, "")


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, content: object, /) -> int:
        raise OSError(28, "No space left on device")


def test_trouble_of_our_own_is_not_taken_for_the_channels(wechat: WeChatConnector, far_end: FarEnd) -> None:
    serve(far_end, gzip.compress(PLAIN), digest=sha1(PLAIN))
    with pytest.raises(OSError, match="No space left"):
        wechat.fetch_statement(StatementKind.TRADES, DAY, Full(), now=NOW)
    fetched, kept = fetch(wechat)
    assert (fetched.outcome, kept) == (Outcome.CONFIRMED, PLAIN), "the connection is usable again"


def test_long_file_streams_in_little_memory() -> None:
    """Fifty megabytes pass through without being held."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    hashed = hashlib.sha1(usedforsecurity=False)
    line = PLAIN[:1000] * 100

    def chunks() -> Iterator[bytes]:
        for _ in range(500):
            hashed.update(line)
            yield packer.compress(line)
        yield packer.flush()

    packed = list(chunks())

    class Counting(io.BytesIO):
        def write(self, content: Any, /) -> int:
            return len(content)

    tracemalloc.start()
    try:
        size = keep_file(packed, Counting(), digest=hashed.hexdigest(), bytes_max=10**9)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 50_000_000
    assert peak < 8_000_000
