"""Personal data at rest: sealed with SM4-GCM under a key ring, found again by a keyed digest (HMAC-SM3).

A person's ID number, name and phone lie in one sealed document in her row; the row can be found by the digest of her
number without opening anything. Every sealed document names its key, so a new key can be added, `canbao keys rotate`
re-seals in the background, and the old key is then removed. Digest keys do not rotate: they are what finds a row.

A sealed document is bound to its row: the context (table, region and id) is authenticated, so a document copied
into another row does not open.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from canbao.kernel.environment import is_production, kept_once, state_dir
from canbao.kernel.errors import Retry, declare

_FORMAT = 1
_HEAD = 3
_NONCE = 12
_TAG = 16

KEYS_MISSING = declare(
    "kernel.keys_missing",
    Retry.NEVER,
    "缺少密钥：请同时设置 CANBAO_SEAL_KEYS 和 CANBAO_DIGEST_KEY",
    "Keys are missing: set both CANBAO_SEAL_KEYS and CANBAO_DIGEST_KEY",
)
KEYS_MALFORMED = declare(
    "kernel.keys_malformed",
    Retry.NEVER,
    "密钥格式不对：CANBAO_SEAL_KEYS 写成 1:32位十六进制,2:…，CANBAO_DIGEST_KEY 为 64 位十六进制",
    "A key is malformed: CANBAO_SEAL_KEYS reads 1:<32 hex digits>,2:…, CANBAO_DIGEST_KEY has 64 hex digits",
)
KEYS_FILE_BROKEN = declare(
    "kernel.keys_file_broken",
    Retry.NEVER,
    "开发密钥文件 {path} 读不懂，请从备份恢复；没有它，已密封的数据打不开",
    "The file of development keys {path} cannot be read; restore it from a copy: without it no sealed data opens",
)
KEY_UNKNOWN = declare(
    "kernel.key_unknown",
    Retry.NEVER,
    "密钥环里没有第 {key} 号密钥，不能打开这条记录",
    "Key {key} is not on the key ring; this record cannot be opened",
)
SEAL_BROKEN = declare(
    "kernel.seal_broken",
    Retry.NEVER,
    "记录的密封被破坏或放错了地方，不能打开",
    "A record's seal is broken or stands in the wrong row; it cannot be opened",
)


# Made once: json.dumps builds an encoder at every call when it is given options, and a register has a million rows.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _CopyableHmac(Protocol):
    def copy(self) -> _CopyableHmac: ...
    def update(self, data: bytes) -> None: ...
    def finalize(self) -> bytes: ...


class KeyRing:
    """The keys of this installation. The highest key id seals; every key on the ring opens."""

    def __init__(self, seal_keys: Mapping[int, bytes], digest_key: bytes) -> None:
        if not seal_keys or any(len(key) != 16 for key in seal_keys.values()) or len(digest_key) != 32:
            raise KEYS_MALFORMED()
        if any(not 0 < key_id < 65536 for key_id in seal_keys):
            raise KEYS_MALFORMED()
        self._keys = {key_id: algorithms.SM4(key) for key_id, key in seal_keys.items()}
        self.current_id = max(seal_keys)
        self._digests: dict[str, _CopyableHmac] = {}
        self._digest_key = digest_key

    def seal_bytes(self, content: bytes, *, context: bytes) -> bytes:
        """Seal bytes under the current key, bound to the context."""
        nonce = secrets.token_bytes(_NONCE)
        sealer = Cipher(self._keys[self.current_id], modes.GCM(nonce)).encryptor()
        sealer.authenticate_additional_data(context)
        sealed = sealer.update(content) + sealer.finalize()
        return b"%c%b%b%b%b" % (_FORMAT, self.current_id.to_bytes(2), nonce, sealed, sealer.tag)

    def unseal_bytes(self, sealed: bytes, *, context: bytes) -> bytes:
        """Open what `seal_bytes` sealed. Errors: `kernel.key_unknown`, `kernel.seal_broken`."""
        if len(sealed) < _HEAD + _NONCE + _TAG or sealed[0] != _FORMAT:
            raise SEAL_BROKEN()
        key = self._keys.get(key_id_of(sealed))
        if key is None:
            raise KEY_UNKNOWN(key=key_id_of(sealed))
        nonce, body, tag = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE : -_TAG], sealed[-_TAG:]
        opener = Cipher(key, modes.GCM(nonce, tag)).decryptor()
        opener.authenticate_additional_data(context)
        try:
            return opener.update(body) + opener.finalize()
        except InvalidTag as broken:
            raise SEAL_BROKEN() from broken

    def digest(self, kind: str, text: str) -> bytes:
        """Thirty-two bytes that find a value without telling it: HMAC-SM3 of kind and text, from a copied key state."""
        keyed = self._digests.get(kind)
        if keyed is None:
            keyed = HMAC(self._digest_key, SM3())
            keyed.update(kind.encode() + b"\0")
            self._digests[kind] = keyed
        mine = keyed.copy()
        mine.update(text.encode())
        return mine.finalize()


def key_id_of(sealed: bytes) -> int:
    """The id of the key that sealed a document."""
    return int.from_bytes(sealed[1:_HEAD])


def row_context(table: str, region: int, row_id: UUID) -> bytes:
    """What a sealed document is bound to: its table, region and row."""
    return f"{table}:{region}:{row_id}".encode()


def seal(document: Mapping[str, str], *, context: bytes) -> bytes:
    """Seal a document of texts for one row (see `row_context`)."""
    return ring().seal_bytes(_encode(document).encode(), context=context)


def unseal(sealed: bytes, *, context: bytes) -> dict[str, str]:
    """Open a sealed document. Errors: `kernel.key_unknown`, `kernel.seal_broken`."""
    opened: dict[str, str] = json.loads(ring().unseal_bytes(sealed, context=context))
    return opened


def seal_bytes(content: bytes, *, context: bytes) -> bytes:
    """Seal bytes, such as a PDF, for one row."""
    return ring().seal_bytes(content, context=context)


def unseal_bytes(sealed: bytes, *, context: bytes) -> bytes:
    """Open sealed bytes. Errors: `kernel.key_unknown`, `kernel.seal_broken`."""
    return ring().unseal_bytes(sealed, context=context)


def reseal(sealed: bytes, *, context: bytes) -> bytes:
    """The same content under the current key. Errors: `kernel.key_unknown`, `kernel.seal_broken`."""
    return ring().seal_bytes(ring().unseal_bytes(sealed, context=context), context=context)


def digest(kind: str, text: str) -> bytes:
    """The keyed digest of a value of a kind: "id_no", "name", "address"."""
    return ring().digest(kind, text)


@cache
def ring() -> KeyRing:
    """The key ring of this process, from the environment; in development from keys made at first start.

    Errors: `kernel.keys_missing` in production, and wherever one of the two is given without the other;
    `kernel.keys_malformed`; `kernel.keys_file_broken`.
    """
    seal_keys, digest_key = os.environ.get("CANBAO_SEAL_KEYS", ""), os.environ.get("CANBAO_DIGEST_KEY", "")
    if not seal_keys or not digest_key:
        # Half a ring is a slip: to seal under other keys than the ones that were meant would go unnoticed.
        if is_production() or seal_keys or digest_key:
            raise KEYS_MISSING()
        seal_keys, digest_key = _development_keys(state_dir() / "keys.json")
    try:
        keys = {
            int(key_id): bytes.fromhex(key) for key_id, _, key in (pair.partition(":") for pair in seal_keys.split(","))
        }
        return KeyRing(keys, bytes.fromhex(digest_key))
    except ValueError as malformed:
        raise KEYS_MALFORMED() from malformed


def add_development_key() -> int:
    """Add a new sealing key to the development ring and answer its id; the ring is read anew afterwards.

    Errors: `kernel.keys_missing` where keys come from the environment: there an operator adds one to
    `CANBAO_SEAL_KEYS`.
    """
    if os.environ.get("CANBAO_SEAL_KEYS") or is_production():
        raise KEYS_MISSING()
    path = state_dir() / "keys.json"
    seal_keys, digest_key = _development_keys(path)
    added = 1 + max(int(pair.partition(":")[0]) for pair in seal_keys.split(","))
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    kept_once(draft, _keys_file(f"{seal_keys},{added}:{secrets.token_hex(16)}", digest_key))
    draft.replace(path)
    ring.cache_clear()
    return added


def _development_keys(path: Path) -> tuple[str, str]:
    content = kept_once(path, _keys_file(f"1:{secrets.token_hex(16)}", secrets.token_hex(32)))
    try:
        kept = json.loads(content)
        return str(kept["seal_keys"]), str(kept["digest_key"])
    except (ValueError, KeyError, TypeError):
        raise KEYS_FILE_BROKEN(path=str(path)) from None


def _keys_file(seal_keys: str, digest_key: str) -> bytes:
    return json.dumps({"seal_keys": seal_keys, "digest_key": digest_key}).encode()
