"""The transport over TLS: a certificate that nobody vouches for, or for another host, ends the call before a word is
said.
"""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from canbao.channels.wechat import transport
from canbao.channels.wechat.transport import Transport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "far end")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "far_end.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    """A TLS server that counts nothing and answers every GET with `heard`."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"heard")

        def log_message(self, format: str, *args: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that breaks off the handshake is what these tests are about."""

    server = Quiet(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


def trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certificate)
    return context


def test_trusted_far_end_is_heard_twice_on_one_connection(
    certificate: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_trusted_authorities", lambda: trusting(certificate))
    wire = Transport()
    for _ in range(2):
        answer = wire.send("GET", f"https://127.0.0.1:{port}/x", {"Accept": "application/json"}, b"")
        assert (answer.status, answer.content) == (200, b"heard")
    assert len(wire._pool.connections) == 1
    wire.close()


def test_certificate_that_nobody_vouches_for_is_refused(port: int) -> None:
    wire = Transport()
    with pytest.raises(httpcore.ConnectError, match="certificate verify failed"):
        wire.send("GET", f"https://127.0.0.1:{port}/x", {}, b"")
    wire.close()


def test_certificate_of_another_host_is_refused(certificate: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_trusted_authorities", lambda: trusting(certificate))
    wire = Transport()
    with pytest.raises(httpcore.ConnectError, match="certificate verify failed"):
        wire.send("GET", f"https://localhost:{port}/x", {}, b"")
    wire.close()


def test_nothing_is_sent_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CALL_TIMEOUT_S", 0.0)
    wire = Transport()
    with pytest.raises(httpcore.ConnectTimeout):
        wire.send("GET", "http://127.0.0.1:9/x", {}, b"")
    wire.close()
