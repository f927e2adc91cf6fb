"""The keys of this played channel: the merchant's, and the platform's own by which answers and notices are signed.

Made at first start and kept in the state directory (directory 0700, files 0600) in the formats the channel hands
out: the merchant's private key as PKCS#8 PEM, certificates as X.509 PEM, the platform's public key as PEM.
`merchant.json` beside them names everything a merchant's program needs. The keys open nothing but this sandbox.
"""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

# The channel keeps the old key valid this long after a new one was made (its own rotation guide: seven days).
OVERLAP = timedelta(days=7)


class KeyMode(StrEnum):
    """By which platform key this merchant verifies: the certificate, both while switching over, or the public key."""

    CERTIFICATE = "certificate"
    SWITCHING = "switching"
    PUBLIC_KEY = "public_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCertificate:
    """One certificate of the platform with its private key; `retires_at` is set once a newer one exists."""

    serial: str
    private_key: RSAPrivateKey
    certificate: x509.Certificate
    retires_at: datetime | None = None

    def pem(self) -> bytes:
        """The certificate as X.509 PEM, as the channel hands it out."""
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(slots=True, kw_only=True)
class Keys:
    """Every identity and key of one played merchant and its platform."""

    mchid: str
    sub_mchid: str
    appid: str
    sub_appid: str
    api_v3_key: str
    merchant_serial: str
    merchant_private_key: RSAPrivateKey
    merchant_certificate: x509.Certificate
    public_key_id: str
    platform_private_key: RSAPrivateKey
    certificates: list[PlatformCertificate]
    mode: KeyMode = KeyMode.PUBLIC_KEY
    h5_hosts: list[str] = field(default_factory=lambda: ["127.0.0.1", "localhost", "[::1]"])

    def merchant_public_key(self) -> RSAPublicKey:
        """The key that proves the merchant's signatures."""
        return self.merchant_private_key.public_key()

    def live_certificates(self, now: datetime) -> list[PlatformCertificate]:
        """The certificates in force, newest first; an old one stays until its overlap ends."""
        return [one for one in reversed(self.certificates) if one.retires_at is None or now < one.retires_at]

    def private_key_of(self, serial: str) -> RSAPrivateKey | None:
        """The platform's private key of this serial, which opens what was encrypted under its other half."""
        if serial == self.public_key_id:
            return self.platform_private_key
        return next((one.private_key for one in self.certificates if one.serial == serial), None)

    def api_v2_key(self) -> str:
        """The 32-character key of the old XML interface: made from the new one, so that old state directories have
        it too."""
        return sha256(f"v2:{self.api_v3_key}".encode()).hexdigest()[:32]

    def answer_signer(self, asked_serial: str) -> tuple[str, RSAPrivateKey]:
        """Serial and key to sign an answer with: the public key where the caller names it or has nothing else."""
        if asked_serial == self.public_key_id or (not asked_serial and self.mode is KeyMode.PUBLIC_KEY):
            return self.public_key_id, self.platform_private_key
        for one in self.certificates:
            if one.serial == asked_serial:
                return one.serial, one.private_key
        newest = self.certificates[-1]
        return newest.serial, newest.private_key

    def notice_signer(self, turn: int, now: datetime) -> tuple[str, RSAPrivateKey]:
        """Serial and key for the `turn`-th notice: while two keys are valid they take turns, as in a rotation."""
        certificates = [(one.serial, one.private_key) for one in self.live_certificates(now)]
        public = (self.public_key_id, self.platform_private_key)
        match self.mode:
            case KeyMode.PUBLIC_KEY:
                choices = [public]
            case KeyMode.SWITCHING:
                choices = [public, *certificates]
            case _:
                choices = certificates
        return choices[turn % len(choices)]

    def rotate(self, now: datetime) -> PlatformCertificate:
        """Make a new platform certificate; the ones before it retire when the overlap has passed."""
        self.certificates = [
            one
            if one.retires_at
            else PlatformCertificate(
                serial=one.serial, private_key=one.private_key, certificate=one.certificate, retires_at=now + OVERLAP
            )
            for one in self.certificates
        ]
        private_key = _new_private_key()
        certificate = _certificate_for(private_key, "Tenpay.com sandbox", now)
        made = PlatformCertificate(serial=_serial_of(certificate), private_key=private_key, certificate=certificate)
        self.certificates.append(made)
        return made


def make_keys(now: datetime) -> Keys:
    """New keys and identities; certificates are valid from a day before `now`."""
    merchant_private_key = _new_private_key()
    merchant_certificate = _certificate_for(merchant_private_key, "Canbao sandbox merchant", now)
    platform_certificate_key = _new_private_key()
    platform_certificate = _certificate_for(platform_certificate_key, "Tenpay.com sandbox", now)
    first = PlatformCertificate(
        serial=_serial_of(platform_certificate), private_key=platform_certificate_key, certificate=platform_certificate
    )
    return Keys(
        mchid="19" + _digits(8),
        sub_mchid="16" + _digits(8),
        appid="wx" + secrets.token_hex(8),
        sub_appid="wx" + secrets.token_hex(8),
        api_v3_key="".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32)),
        merchant_serial=_serial_of(merchant_certificate),
        merchant_private_key=merchant_private_key,
        merchant_certificate=merchant_certificate,
        public_key_id="PUB_KEY_ID_0" + _digits(9) + now.strftime("%Y%m%d") + _digits(12),
        platform_private_key=_new_private_key(),
        certificates=[first],
    )


def save_keys(keys: Keys, directory: Path) -> None:
    """Write the keys into the directory, for their owner's eyes only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    _write(directory / "apiclient_key.pem", private_pem(keys.merchant_private_key))
    _write(directory / "apiclient_cert.pem", keys.merchant_certificate.public_bytes(Encoding.PEM))
    _write(directory / "pub_key.pem", public_pem(keys.platform_private_key.public_key()))
    _write(directory / "platform_key.pem", private_pem(keys.platform_private_key))
    for one in keys.certificates:
        _write(directory / f"wechatpay_{one.serial}.pem", one.pem())
        _write(directory / f"platform_{one.serial}_key.pem", private_pem(one.private_key))
    identities = {
        "mchid": keys.mchid,
        "sub_mchid": keys.sub_mchid,
        "appid": keys.appid,
        "sub_appid": keys.sub_appid,
        "apiv3_key": keys.api_v3_key,
        "public_key_id": keys.public_key_id,
        "mode": keys.mode.value,
        "h5_hosts": keys.h5_hosts,
        "certificates": [
            {"serial": one.serial, "retires_at": one.retires_at and one.retires_at.isoformat()}
            for one in keys.certificates
        ],
    }
    _write(directory / "identities.json", json.dumps(identities, indent=2).encode() + b"\n")


def load_keys(directory: Path) -> Keys:
    """The keys a former start wrote; `FileNotFoundError` where there are none."""
    identities = json.loads((directory / "identities.json").read_text())
    merchant_certificate = x509.load_pem_x509_certificate((directory / "apiclient_cert.pem").read_bytes())
    certificates = [
        PlatformCertificate(
            serial=one["serial"],
            private_key=_load_private(directory / f"platform_{one['serial']}_key.pem"),
            certificate=x509.load_pem_x509_certificate((directory / f"wechatpay_{one['serial']}.pem").read_bytes()),
            retires_at=datetime.fromisoformat(one["retires_at"]) if one["retires_at"] else None,
        )
        for one in identities["certificates"]
    ]
    return Keys(
        mchid=identities["mchid"],
        sub_mchid=identities["sub_mchid"],
        appid=identities["appid"],
        sub_appid=identities["sub_appid"],
        api_v3_key=identities["apiv3_key"],
        merchant_serial=_serial_of(merchant_certificate),
        merchant_private_key=_load_private(directory / "apiclient_key.pem"),
        merchant_certificate=merchant_certificate,
        public_key_id=identities["public_key_id"],
        platform_private_key=_load_private(directory / "platform_key.pem"),
        certificates=certificates,
        mode=KeyMode(identities["mode"]),
        h5_hosts=identities["h5_hosts"],
    )


def load_or_make_keys(directory: Path, now: datetime) -> Keys:
    """The directory's keys; made and written at first start."""
    if (directory / "identities.json").exists():
        return load_keys(directory)
    keys = make_keys(now)
    save_keys(keys, directory)
    return keys


def write_merchant_file(keys: Keys, directory: Path, *, base_url: str, control_url: str) -> Path:
    """Write `merchant.json`: all that a merchant's program needs to use this sandbox. Returns its path."""
    path = directory / "merchant.json"
    content = {
        "base_url": base_url,
        "control_url": control_url,
        "mchid": keys.mchid,
        "appid": keys.appid,
        "sub_mchid": keys.sub_mchid,
        "sub_appid": keys.sub_appid,
        "apiv3_key": keys.api_v3_key,
        "apiv2_key": keys.api_v2_key(),
        "merchant_serial": keys.merchant_serial,
        "merchant_private_key_path": str((directory / "apiclient_key.pem").resolve()),
        "wechatpay_public_key_id": keys.public_key_id,
        "wechatpay_public_key_path": str((directory / "pub_key.pem").resolve()),
    }
    _write(path, json.dumps(content, indent=2).encode() + b"\n")
    return path


def private_pem(key: RSAPrivateKey) -> bytes:
    """A private key as PKCS#8 PEM, the form of the channel's `apiclient_key.pem`."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: RSAPublicKey) -> bytes:
    """A public key as PEM, the form of the channel's `pub_key.pem`."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _new_private_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def _certificate_for(private_key: RSAPrivateKey, common_name: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    begins_at = now.astimezone(UTC).replace(microsecond=0) - timedelta(days=1)
    # The first byte is set so that the serial always prints as 40 characters, as the channel's do.
    serial = int.from_bytes(b"\x5a" + secrets.token_bytes(19), "big")
    builder = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=name,
        public_key=private_key.public_key(),
        serial_number=serial,
        not_valid_before=begins_at,
        # A clock set far back must not make the certificate look expired to a verifier that reads the machine's clock.
        not_valid_after=begins_at + timedelta(days=365 * 20),
    )
    return builder.sign(private_key, SHA256())


def _serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:040X}"


def _digits(count: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(count))


def _load_private(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        message = f"{path} holds no RSA private key; remove the state directory to have new keys made."
        raise TypeError(message)
    return key


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    path.chmod(0o600)
