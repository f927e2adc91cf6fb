"""Whose signature stands on a voucher: the key and certificate of this installation.

Production names them by path: a PKCS#12 file, or a PEM key with a PEM certificate and its chain. Development makes
its own P-256 key and self-signed certificate at first start, beside the other development keys. That certificate is
valid from 2020 to 2049, because a demonstration may run on any set business date.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from canbao.documents.errors import SIGNER_INCOMPLETE
from canbao.kernel.environment import is_production, kept_once, state_dir

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DEVELOPMENT_FILE = "voucher_signer.pem"
DEVELOPMENT_NAME = "参保 Canbao 开发签名（不作凭证使用）"

_VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_VALID_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key, its certificate, the certificates above it, and earlier ones whose signatures stay good."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    earlier: tuple[x509.Certificate, ...] = ()


def signer_from_environment() -> Signer:
    """The signer that the environment names, or the development signer where it names none.

    `CANBAO_SIGNER_EARLIER` may name a PEM file of certificates that signed before this one: a renewed certificate must
    not make yesterday's vouchers look foreign.

    Errors: `documents.signer_incomplete` when a file is missing or unreadable, key and certificate do not belong
    together, only one of the two is named, or production names none.
    """
    earlier = os.environ.get("CANBAO_SIGNER_EARLIER", "")
    found = _checked(_present_signer())
    return replace(found, earlier=_certificates(_read(Path(earlier)))) if earlier else found


def _present_signer() -> Signer:
    bundle, key, certificate = (os.environ.get(f"CANBAO_SIGNER_{name}", "") for name in ("PKCS12", "KEY", "CERT"))
    if bundle:
        return _from_bundle(Path(bundle), os.environ.get("CANBAO_SIGNER_PKCS12_PASSWORD", ""))
    if bool(key) != bool(certificate):
        raise SIGNER_INCOMPLETE(reason="CANBAO_SIGNER_KEY + CANBAO_SIGNER_CERT")
    if key:
        password = os.environ.get("CANBAO_SIGNER_KEY_PASSWORD", "")
        return _from_pem(_read(Path(key)), _read(Path(certificate)), password)
    if is_production():
        raise SIGNER_INCOMPLETE(reason="CANBAO_ENVIRONMENT=production")
    return _development_signer(state_dir() / DEVELOPMENT_FILE)


def _from_bundle(path: Path, password: str) -> Signer:
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(_read(path), password.encode() or None)
    except ValueError as unreadable:
        raise SIGNER_INCOMPLETE(reason=path.name) from unreadable
    if certificate is None or not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SIGNER_INCOMPLETE(reason=path.name)
    return Signer(key=key, certificate=certificate, chain=tuple(chain))


def _from_pem(key_pem: bytes, certificate_pem: bytes, password: str) -> Signer:
    try:
        key = serialization.load_pem_private_key(key_pem, password.encode() or None)
    except (ValueError, TypeError) as unreadable:
        raise SIGNER_INCOMPLETE(reason="PEM") from unreadable
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SIGNER_INCOMPLETE(reason="EC, RSA")
    certificate, *chain = _certificates(certificate_pem)
    return Signer(key=key, certificate=certificate, chain=tuple(chain))


def _certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as unreadable:
        raise SIGNER_INCOMPLETE(reason="PEM") from unreadable


def _checked(signer: Signer) -> Signer:
    if signer.key.public_key() != signer.certificate.public_key():
        raise SIGNER_INCOMPLETE(reason="key ≠ certificate")
    return signer


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as missing:
        raise SIGNER_INCOMPLETE(reason=path.name) from missing


def _development_signer(path: Path) -> Signer:
    """The development signer, made once.

    Two first starts agree on one.
    """
    pem = path.read_bytes() if path.exists() else kept_once(path, _new_development_pem())
    return _from_pem(pem, pem, "")


def _new_development_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEVELOPMENT_NAME)])
    signs_documents = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(signs_documents, critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem + certificate.public_bytes(serialization.Encoding.PEM)
