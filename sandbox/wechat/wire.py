"""The wire of WeChat Pay API v3: what is signed, how it is signed, how a resource is encrypted, how an answer
looks.

Written from the channel's published rules with `cryptography` alone and shared with nobody, so that a mistake in
the product's signing cannot hide behind the same mistake here. Pure: no clock, no storage, no sockets.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
JSON = "application/json; charset=utf-8"


def signed_text(*lines: str | bytes) -> bytes:
    """The text that is signed: every line ended by a newline, the last one too.

    >>> signed_text("1700000000", "nonce", b"{}")
    b'1700000000\\nnonce\\n{}\\n'
    """
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


def sign(private_key: RSAPrivateKey, text: bytes) -> str:
    """SHA256withRSA over the text, in base64 on one line."""
    return base64.b64encode(private_key.sign(text, PKCS1v15(), SHA256())).decode()


def is_signed_by(public_key: RSAPublicKey, text: bytes, signature: str) -> bool:
    """Whether this base64 signature over the text was made with the key's other half."""
    try:
        public_key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The five named parts of a request's `Authorization` header."""

    mchid: str
    nonce: str
    signature: str
    timestamp: str
    serial: str


def parse_authorization(header: str) -> Credentials | None:
    """The parts of an `Authorization` header, or None where scheme, names or form are not the channel's.

    >>> parse_authorization("Basic abc") is None
    True
    """
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        return None
    pairs = re.findall(r'(\w+)="([^"]*)"', rest)
    parts = dict(pairs)
    if len(pairs) != 5 or set(parts) != {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}:
        return None
    return Credentials(
        mchid=parts["mchid"],
        nonce=parts["nonce_str"],
        signature=parts["signature"],
        timestamp=parts["timestamp"],
        serial=parts["serial_no"],
    )


def encrypt_resource(api_v3_key: str, nonce: str, associated_data: str, plain: bytes) -> str:
    """AEAD_AES_256_GCM under the merchant's 32-character APIv3 key, in base64 (ciphertext with its tag at the end)."""
    sealed = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return base64.b64encode(sealed).decode()


def answer_headers(*, serial: str, timestamp: str, nonce: str, signature: str) -> dict[str, str]:
    """The five headers by which the channel signs an answer or a notice."""
    return {
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": signature,
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Timestamp": timestamp,
    }
