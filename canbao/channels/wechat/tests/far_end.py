"""The far end of the wire for tests of the adapter: a loopback server that answers exactly what a test says, byte for
byte.

It holds a merchant key pair and a channel key pair of its own and signs as the channel does, so a test can sign
rightly, sign wrongly, stop in the middle or say nothing. The protocol as a whole is tested against the sandbox; this
is for the wire's accidents."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from canbao.channels.wechat.settings import WeChatSettings, from_environment

PUBLIC_KEY_ID = "PUB_KEY_ID_0000000000000024111500000001"
APIV3_KEY = "0123456789abcdefghijklmnopqrstuv"
MCHID = "1900000109"
APPID = "wxd678efh567hg6787"
MERCHANT_SERIAL = "444F4864EA9B34415D1A5C6B4E1A8F9A00000001"

Write = Callable[[bytes], None]
Script = Callable[["Received", Write], None]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Keys:
    """Both sides' keys, and the merchant's files as the product reads them."""

    channel: rsa.RSAPrivateKey
    merchant: rsa.RSAPrivateKey
    folder: Path

    @classmethod
    def made_in(cls, folder: Path) -> Keys:
        """Fresh keys; the merchant's private and the channel's public one are written to `folder`."""
        keys = cls(rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048), folder)
        (folder / "merchant.pem").write_bytes(
            keys.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "wechatpay.pem").write_bytes(
            keys.channel.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        return keys

    def environment(self, base_url: str) -> dict[str, str]:
        """The variables that configure the product for this far end."""
        return {
            "CANBAO_WECHAT_BASE_URL": base_url,
            "CANBAO_WECHAT_MCHID": MCHID,
            "CANBAO_WECHAT_APPID": APPID,
            "CANBAO_WECHAT_APIV3_KEY": APIV3_KEY,
            "CANBAO_WECHAT_MERCHANT_SERIAL": MERCHANT_SERIAL,
            "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY": str(self.folder / "merchant.pem"),
            "CANBAO_WECHAT_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
            "CANBAO_WECHAT_PUBLIC_KEY": str(self.folder / "wechatpay.pem"),
        }

    def settings(self, base_url: str) -> WeChatSettings:
        """The same, read."""
        return from_environment(self.environment(base_url))

    def signed(self, body: bytes, at: datetime, *, serial: str = PUBLIC_KEY_ID) -> dict[str, str]:
        """The five headers that the channel puts on an answer or a notice with this body."""
        stamp, nonce = str(int(at.timestamp())), "c5ac7061fccab6bf3e254dcf98995b8c"
        text = stamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"
        signature = base64.b64encode(self.channel.sign(text, padding.PKCS1v15(), SHA256())).decode()
        return {
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
        }

    def notice(self, resource: object, at: datetime, **envelope: object) -> bytes:
        """A notice's body around a resource, enciphered as the channel does."""
        plain = resource if isinstance(resource, bytes) else json.dumps(resource, ensure_ascii=False).encode()
        nonce = "fdasfjihihih"
        sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), plain, b"transaction")
        content: dict[str, object] = {
            "id": "EV-2024111510000000001",
            "create_time": at.astimezone().isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
        content.update(envelope)
        return json.dumps(content, ensure_ascii=False).encode()


@dataclass(slots=True)
class FarEnd:
    """The server: set `script` (or one of the shortcuts), then call the product; `received` is what arrived."""

    keys: Keys
    at: datetime
    script: Script | None = None
    received: list[Received] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """Listen on a free loopback port, once; the address to configure."""
        far_end = self
        if self.server is not None:
            return f"http://127.0.0.1:{self.server.server_address[1]}"

        class OneRequest(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                request = Received(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                far_end.received.append(request)
                self.close_connection = True
                if far_end.script is None:
                    raise AssertionError("no script for this request")
                try:
                    far_end.script(request, self._write)
                except OSError:
                    return

            do_POST = do_GET

            def _write(self, content: bytes) -> None:
                self.wfile.write(content)
                self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), OneRequest)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        """Close the port."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()

    def answers(self, status: int, body: object, *, headers: dict[str, str] | None = None) -> None:
        """Answer every request so; a 2xx is signed as the channel signs it unless `headers` says otherwise."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        if headers is None:
            headers = self.keys.signed(content, self.at) if 200 <= status < 300 else {}
        self.script = lambda _request, write: write(raw_answer(status, content, headers))

    def hangs_up(self) -> None:
        """Close the connection without a word."""
        self.script = lambda _request, _write: None

    def drips(self, first: bytes, drop: bytes, every_s: float, count: int) -> None:
        """Send `first`, then `drop` again and again."""

        def script(_request: Received, write: Write) -> None:
            write(first)
            for _ in range(count):
                time.sleep(every_s)
                write(drop)

        self.script = script


def raw_answer(status: int, body: bytes, headers: dict[str, str]) -> bytes:
    """An HTTP/1.1 answer as bytes."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    if body:
        lines.append("Content-Type: application/json; charset=utf-8")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def closed_port() -> int:
    """A loopback port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
