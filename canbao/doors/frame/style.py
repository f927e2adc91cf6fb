"""The one style sheet of ours, sent inside each page and allowed by its hash.

Inside the page it costs 3 KB compressed and saves the round trip that first paint would wait for on a slow phone. The
content security policy names its SHA-256, so no other inline style can run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

SHEET = Path(__file__).resolve().parent / "static" / "frame" / "canbao.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_BLANKS = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,>]) ?")


@cache
def sheet() -> str:
    """The sheet without comments and line breaks, as it stands between the style tags."""
    text = _COMMENT.sub("", SHEET.read_text(encoding="utf-8"))
    return _AROUND.sub(r"\1", _BLANKS.sub(" ", text)).strip()


@cache
def sheet_hash() -> str:
    """The source expression that allows exactly this sheet."""
    digest = hashlib.sha256(sheet().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
