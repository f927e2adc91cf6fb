"""The porter of the pages, behind the real server and real sockets: nobody's slowness stops anybody else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from canbao.site.porter import BODY_BYTES_MAX
from canbao.site.stack import free_port
from tests.world import wait_until

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys
from granian import Granian
from granian.constants import Interfaces
from canbao.site import porter

porter.BODY_S_MAX = 1.0

asked = []

def echo(environment, start):
    body = environment["wsgi.input"].read()
    asked.append(environment["PATH_INFO"])
    told = {"asked": asked} | {name: value for name, value in environment.items() if isinstance(value, str)}
    start("200 OK", [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [json.dumps({**told, "length": len(body)}).encode()]

application = porter.Porter(echo, threads=2)

if __name__ == "__main__":
    Granian("echo:application", port=int(sys.argv[1]), interface=Interfaces.RSGI, log_enabled=False).serve()
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server whose application answers with what it was told."""
    folder = tmp_path_factory.mktemp("porter")
    (folder / "echo.py").write_text(SCRIPT)
    chosen = free_port()
    server = subprocess.Popen(
        [sys.executable, "echo.py", str(chosen)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))},
    )
    try:
        _wait_for(chosen, server)
        yield chosen
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not start")


def say(port: int, request: str, body: bytes = b"") -> socket.socket:
    """Send the beginning of a request and keep the line."""
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    line.sendall(request.replace("\n", "\r\n").encode() + body)
    return line


def unread(line: socket.socket) -> int:
    """How many bytes wait at the other end of a loopback line; a busy machine's socket holds many megabytes of them."""
    here, there = (f":{address[1]:04X}" for address in (line.getsockname(), line.getpeername()))
    for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = row.split()
        if local.endswith(there) and remote.endswith(here):
            return int(queues.partition(":")[2], 16)
    return 0


def heard(line: socket.socket) -> tuple[str, bytes]:
    """The head and the content of the answer on a line that is then closed."""
    with closing(line):
        content = b""
        while piece := line.recv(65536):
            content += piece
    head, _, rest = content.partition(b"\r\n\r\n")
    return head.decode(), rest


def test_a_request_arrives_as_wsgi_has_it(port: int) -> None:
    request = (
        "POST /verify/%E6%9E%97%2Fa?x=%20y HTTP/1.1\nHost: pay.example.org\nContent-Type: text/plain\n"
        "Cookie: a=1\nCookie: b=2\nX-Seen: 1\nX-Seen: 2\nContent-Length: 3\nConnection: close\n\n"
    )
    head, content = heard(say(port, request, b"abc"))
    told = json.loads(content)

    assert head.startswith("HTTP/1.1 200 OK")
    assert (head.count("set-cookie: a=1"), head.count("set-cookie: b=2")) == (1, 1)
    assert (told["REQUEST_METHOD"], told["QUERY_STRING"], told["length"]) == ("POST", "x=%20y", 3)
    assert told["PATH_INFO"].encode("latin-1").decode() == "/verify/林/a"
    assert (told["HTTP_HOST"], told["REMOTE_ADDR"]) == ("pay.example.org", "127.0.0.1")
    assert (told["HTTP_COOKIE"], told["HTTP_X_SEEN"]) == ("a=1; b=2", "1,2")
    assert (told["CONTENT_TYPE"], told["CONTENT_LENGTH"]) == ("text/plain", "3")


@pytest.mark.parametrize("order", [("X-Real-IP: 203.0.113.9", "X_Real_IP: 1.2.3.4"), ("X_Real_IP: 1.2.3.4",)])
def test_a_header_spelled_with_an_underscore_is_not_taken_for_the_one_our_proxy_writes(
    port: int, order: tuple[str, ...]
) -> None:
    for headers in (order, order[::-1]):
        request = "GET / HTTP/1.1\nHost: x\nConnection: close\n" + "\n".join(headers) + "\n\n"
        told = json.loads(heard(say(port, request))[1])

        assert told.get("HTTP_X_REAL_IP") == ("203.0.113.9" if len(order) == 2 else None)


def test_many_slow_senders_stop_nobody_and_are_let_go(port: int) -> None:
    slow = [say(port, "POST / HTTP/1.1\nHost: x\nContent-Length: 1000\n\n", b"ab") for _ in range(20)]
    begun = time.monotonic()
    head, _ = heard(say(port, "GET / HTTP/1.1\nHost: x\nConnection: close\n\n"))

    assert head.startswith("HTTP/1.1 200")
    assert time.monotonic() - begun < 0.9
    for line in slow:
        assert line.recv(100).startswith(b"HTTP/1.1 408")
        line.close()


def test_a_form_whose_sender_left_half_way_is_not_taken_for_a_whole_one(port: int) -> None:
    say(port, "POST /half HTTP/1.1\nHost: x\nContent-Length: 100\n\n", b"id_no=3601").close()
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        told = json.loads(heard(say(port, "GET /whole HTTP/1.1\nHost: x\nConnection: close\n\n"))[1])

        assert "/whole" in told["asked"]
        assert "/half" not in told["asked"]


def test_a_request_that_says_its_body_is_empty_is_answered_at_once(port: int) -> None:
    told = json.loads(heard(say(port, "POST / HTTP/1.1\nHost: x\nContent-Length: 0\nConnection: close\n\n"))[1])

    assert (told["REQUEST_METHOD"], told["CONTENT_LENGTH"], told["length"]) == ("POST", "0", 0)


def test_a_body_in_pieces_is_put_together(port: int) -> None:
    request = "POST / HTTP/1.1\nHost: x\nConnection: close\nTransfer-Encoding: chunked\n\n"
    _, content = heard(say(port, request, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    told = json.loads(content)

    assert (told["CONTENT_LENGTH"], told["length"]) == ("5", 5)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_longer_than_any_form_is_not_read_to_its_end(port: int, declared: bool) -> None:
    if declared:
        line = say(port, f"POST / HTTP/1.1\nHost: x\nContent-Length: {BODY_BYTES_MAX * 100}\n\n")
        piece = b"x" * 65536
    else:
        line = say(port, "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0
    try:
        while sent < 50 * BODY_BYTES_MAX:
            line.sendall(piece)
            sent += 65536
            wait_until(lambda: unread(line) <= 65536, "the porter to hear what was sent, or to hang up")
    except OSError:
        pass
    assert sent < 50 * BODY_BYTES_MAX
    assert line.recv(100).startswith(b"HTTP/1.1 413")
    line.close()


def test_a_body_a_little_too_long_is_heard_out_and_handed_on_empty_with_its_length(port: int) -> None:
    length = BODY_BYTES_MAX + 1_000_000
    request = f"POST / HTTP/1.1\nHost: x\nContent-Length: {length}\nConnection: close\n\n"
    told = json.loads(heard(say(port, request, b"x" * length))[1])

    assert (told["CONTENT_LENGTH"], told["length"]) == (str(length), 0)


def test_a_body_as_long_as_the_bound_is_taken(port: int) -> None:
    request = f"POST / HTTP/1.1\nHost: x\nConnection: close\nContent-Length: {BODY_BYTES_MAX}\n\n"
    _, content = heard(say(port, request, b"x" * BODY_BYTES_MAX))

    assert json.loads(content)["length"] == BODY_BYTES_MAX
