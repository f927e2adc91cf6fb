"""Who we are at WeChat Pay: merchant, app, keys and address, from the environment.

Either `CANBAO_WECHAT_FILE` names a JSON file (the sandbox writes one), or single variables say the same. Keys stay in
files and are read once. Production takes the channel's two real hosts and nothing else, so that no demonstration
address can ever be paid into."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from canbao.channels.errors import NOT_CONFIGURED, SANDBOX_REFUSED, SETTING_UNUSABLE

REAL_HOSTS = frozenset({"api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"})
"""WeChat Pay's host and its spare (API v3, 接入域名)."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"
KEY_BITS_MIN = 2048

_FILE = "CANBAO_WECHAT_FILE"
_VARIABLES = {
    "base_url": "CANBAO_WECHAT_BASE_URL",
    "mchid": "CANBAO_WECHAT_MCHID",
    "appid": "CANBAO_WECHAT_APPID",
    "apiv3_key": "CANBAO_WECHAT_APIV3_KEY",
    "merchant_serial": "CANBAO_WECHAT_MERCHANT_SERIAL",
    "merchant_private_key_path": "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY",
    "wechatpay_public_key_id": "CANBAO_WECHAT_PUBLIC_KEY_ID",
    "wechatpay_public_key_path": "CANBAO_WECHAT_PUBLIC_KEY",
    "proxy_url": "CANBAO_WECHAT_PROXY",
}
_OPTIONAL = frozenset({"base_url", "proxy_url"})
_PATTERNS = {
    "mchid": re.compile(r"[0-9]{6,32}", re.ASCII),
    "appid": re.compile(r"[0-9A-Za-z_-]{6,32}", re.ASCII),
    "apiv3_key": re.compile(r"[\x21-\x7e]{32}", re.ASCII),
    "merchant_serial": re.compile(r"[0-9A-Fa-f]{8,64}", re.ASCII),
    "wechatpay_public_key_id": re.compile(r"PUB_KEY_ID_[0-9A-Za-z_]{1,80}", re.ASCII),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatSettings:
    """All that the connector needs. Keys never appear in its text form."""

    base_url: str
    mchid: str
    appid: str
    apiv3_key: str = field(repr=False)
    merchant_serial: str
    merchant_private_key: str = field(repr=False)
    wechatpay_public_key_id: str
    wechatpay_public_key: str = field(repr=False)
    proxy_url: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this machine: a sandbox, where plain http is allowed."""
        return urlsplit(self.base_url).hostname in LOOPBACK_HOSTS


def from_environment(environment: Mapping[str, str]) -> WeChatSettings:
    """Read and check the settings; single variables win over the file.

    Errors: `channels.not_configured` naming every missing variable, `channels.setting_unusable` naming the one that
    is wrong, `channels.sandbox_refused` for anything but the real hosts under `CANBAO_ENVIRONMENT=production`."""
    in_production = environment.get("CANBAO_ENVIRONMENT", "").strip().lower() == "production"
    values = _values(environment)
    missing = [_VARIABLES[name] for name in _VARIABLES if name not in _OPTIONAL and not values.get(name)]
    if missing:
        raise NOT_CONFIGURED(channel="wechat", missing=", ".join(missing))
    for name, pattern in _PATTERNS.items():
        if pattern.fullmatch(values[name]) is None:
            raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="wrong form")
    base_url = _base_url(values.get("base_url") or DEFAULT_BASE_URL)
    if in_production and (urlsplit(base_url).hostname not in REAL_HOSTS or "control_url" in values):
        raise SANDBOX_REFUSED(setting=_VARIABLES["base_url"])
    return WeChatSettings(
        base_url=base_url,
        mchid=values["mchid"],
        appid=values["appid"],
        apiv3_key=values["apiv3_key"],
        merchant_serial=values["merchant_serial"],
        merchant_private_key=_private_key(values["merchant_private_key_path"]),
        wechatpay_public_key_id=values["wechatpay_public_key_id"],
        wechatpay_public_key=_public_key(values["wechatpay_public_key_path"]),
        proxy_url=values.get("proxy_url") or None,
    )


def _values(environment: Mapping[str, str]) -> dict[str, str]:
    """The file's values with the single variables laid over them; paths in the file are relative to the file."""
    values: dict[str, str] = {}
    file_name = environment.get(_FILE, "").strip()
    if file_name:
        values = _file_values(Path(file_name))
    for name, variable in _VARIABLES.items():
        text = environment.get(variable, "").strip()
        if text:
            values[name] = text
    return values


def _file_values(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as unreadable:
        raise SETTING_UNUSABLE(setting=_FILE, problem="the file cannot be read as JSON") from unreadable
    if not isinstance(content, dict):
        raise SETTING_UNUSABLE(setting=_FILE, problem="the file holds no JSON object")
    values = {str(name): value for name, value in content.items() if isinstance(value, str)}
    for name in ("merchant_private_key_path", "wechatpay_public_key_path"):
        if name in values:
            values[name] = str(path.parent / values[name])
    return values


def _base_url(text: str) -> str:
    """An https address without path, query or user; plain http only on this machine."""
    problem = "must be https://host without path or query (http only on loopback)"
    try:
        parts = urlsplit(text.rstrip("/"))
        host = parts.hostname
        has_port_error = parts.port == 0
    except ValueError as malformed:
        raise SETTING_UNUSABLE(setting=_VARIABLES["base_url"], problem=problem) from malformed
    is_plain = parts.scheme == "http" and host in LOOPBACK_HOSTS
    has_extras = bool(parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if not host or has_extras or has_port_error or not (parts.scheme == "https" or is_plain):
        raise SETTING_UNUSABLE(setting=_VARIABLES["base_url"], problem=problem)
    return text.rstrip("/")


def _key_file(path: str, name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as unreadable:
        raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="the key file cannot be read") from unreadable


def _private_key(path: str) -> str:
    """The merchant's key in PKCS#8, the one form that the SDK reads, whichever form the file has."""
    name = "merchant_private_key_path"
    try:
        key = load_pem_private_key(_key_file(path, name), password=None)
    except (ValueError, TypeError) as unreadable:
        raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="not an unencrypted PEM private key") from unreadable
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="RSA of 2048 bits or more is needed")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _public_key(path: str) -> str:
    """WeChat Pay's public key, likewise in the one form that the SDK reads."""
    name = "wechatpay_public_key_path"
    try:
        key = load_pem_public_key(_key_file(path, name))
    except ValueError as unreadable:
        raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="not a PEM public key") from unreadable
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise SETTING_UNUSABLE(setting=_VARIABLES[name], problem="RSA of 2048 bits or more is needed")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
