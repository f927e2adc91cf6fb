"""Rules for any text: nothing left unfinished, no address that belongs to one workplace, no banned word.

The words looked for are put together from halves here, so that this file and its tests do not break their own rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.tidy.findings import Finding, Rule, line_of

_UNFINISHED = re.compile(
    r"\b(?:"
    + "|".join(
        first + second
        for first, second in (
            ("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("raise NotImplemented", "Error"),
            ("for simpli", "city"), ("in a real ", "system"), ("for n", "ow"), ("place", "holder"),
        )
    )
    + r")\b"
)  # fmt: skip
_MARKUP = frozenset({".html", ".js", ".css"})
"""Files in whose language one of the words means an attribute."""

_INDEX_HOST = re.compile(
    r"py" + r"pi\.(?:org|python)|python" + r"hosted|npm" + r"js\.(?:org|com)|npm" + r"mirror|yarn" + r"pkg|"
    r"--(?:extra-)?index-" + r"url[= ]\S|mirrors?\.[\w.]+/(?:py" + r"pi|np" + r"m|debian)",
    re.I,
)
_WORKPLACE = re.compile(r"(?<![\w.$])/(?:wo" + r"rk|tm" + r"p/plan|ro" + r"ot|ho" + r"me/\w+)/")
_BANNED = re.compile(r"(?<![a-zA-Z])pend" + r"ing(?![a-zA-Z])", re.I)
_CODE = frozenset({".py", ".sql", ".yaml", ".html"})


def is_finished(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Nothing is left for later: it is done, or it is not there."""
    for match in _UNFINISHED.finditer(text):
        if _speaks_markup(path) and match.group().endswith("holder"):
            continue
        yield Finding(
            str(path), line_of(text, match.start()), "word-unfinished", f"finish it or take it out: {match.group()}"
        )


def _speaks_markup(path: PurePosixPath) -> bool:
    """Markup, and the tests that read it in a browser."""
    return path.suffix in _MARKUP or path.parts[:2] == ("tests", "browser")


def names_no_index(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No package index is named anywhere: whoever installs brings their own."""
    for match in _INDEX_HOST.finditer(text):
        yield Finding(str(path), line_of(text, match.start()), "word-index", f"name no package index: {match.group()}")


def names_no_workplace(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No path of one machine: a checkout may lie anywhere."""
    for match in _WORKPLACE.finditer(text):
        yield Finding(
            str(path), line_of(text, match.start()), "word-path", f"name paths from the project's root: {match.group()}"
        )


def says_what_is_awaited(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """One word for every kind of waiting says nothing: name what is awaited."""
    if path.suffix not in _CODE:
        return
    for match in _BANNED.finditer(text):
        yield Finding(
            str(path), line_of(text, match.start()), "word-banned", f"say what is awaited instead of {match.group()}"
        )


RULES: tuple[Rule, ...] = (is_finished, names_no_index, names_no_workplace, says_what_is_awaited)
