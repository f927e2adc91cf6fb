"""The same request twice has one effect and one answer.

The caller makes a key and keeps it before sending. The key, a hash of the request and the answer are one row: the same
request under the key gets the kept answer, another request under it is refused. The row is inserted first and asked
afterwards, so two at once are decided by the database. Where nature has a key (a channel's transaction number, a file's
line) the unique index is the guard instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canbao.kernel.clock import Instant
from canbao.kernel.errors import Retry, declare
from canbao.kernel.sql import Statements, Tx

statements = Statements(__package__)

KEY_REUSED = declare(
    "idempotency.key_reused",
    Retry.NEVER,
    "这次提交的内容和上次不一样，请回到上一页重新提交",
    "This request differs from the one first sent under its key; go back one page and send it again",
)
KEY_MALFORMED = declare(
    "idempotency.key_malformed",
    Retry.NEVER,
    "提交编号不对，请回到上一页重新提交",
    "The request's key is malformed; go back one page and send it again",
)


@dataclass(frozen=True, slots=True)
class _Kept:
    same_request: bool
    answer: dict[str, Any] | None


def remember(tx: Tx, scope: str, key: str, request: Mapping[str, object], *, now: Instant) -> dict[str, Any] | None:
    """Claim a key for a request; answers the kept answer of the same request, or None when this is the first.

    A second caller waits here until the first one's transaction ends, and then gets its answer. After None the
    caller does the work and calls `keep` in the same transaction.

    Errors: `idempotency.key_reused`, `idempotency.key_malformed` (one to eighty printable ASCII characters).
    """
    if not 1 <= len(key) <= 80 or not key.isascii() or not key.isprintable():
        raise KEY_MALFORMED()
    asked = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).digest()
    claimed = tx.run(statements["claim_key"], scope=scope, key=key, request_hash=asked, now=now)
    if claimed:
        return None
    kept = tx.one(statements["read_key"], _Kept, scope=scope, key=key, request_hash=asked)
    assert kept is not None, "a key that could not be claimed is there to be read"
    if not kept.same_request:
        raise KEY_REUSED()
    return kept.answer


def keep(tx: Tx, scope: str, key: str, answer: Mapping[str, object]) -> None:
    """Keep the answer of the request that `remember` claimed, in the same transaction."""
    kept = tx.run(statements["keep_answer"], scope=scope, key=key, answer=json.dumps(answer, default=str))
    assert kept == 1, "an answer is kept for a key that was claimed"
