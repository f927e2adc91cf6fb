"""Pure decisions of the room: what makes two publications the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import to_document


def digest_of(parameters: RegionYear) -> str:
    """The digest of the values a version keeps; comments and layout of the file do not matter, values do."""
    return digest_of_document(to_document(parameters))


def digest_of_document(document: Mapping[str, object]) -> str:
    """The SHA-256 of a kept document in one canonical form, in hex."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
