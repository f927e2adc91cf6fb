"""Rules for the pages in docs/ and the README: what they name exists, and the glossary has every word coined.

A page names files in two ways: as a link, and as a path in code marks. Both are kept alive here, so a page that tells a
story through files cannot go stale when one moves.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.tidy.findings import Finding, line_of

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE_MARK = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TOP = ("canbao/", "sandbox/", "simulation/", "tools/", "tests/", "docs/", "requirements/", "bench/", "build/", ".ci/")
_MADE = ("build/", ".local/", ".venv/", "node_modules/")
_ENDINGS = (".py", ".sql", ".md", ".yaml", ".html", ".css", ".js", ".typ", ".toml", ".png", ".txt", ".in", ".json")


COINING = (
    "canbao/channels/interface.py",
    "canbao/kernel/ids.py",
    "canbao/ledger/chart.py",
    "canbao/payments/rules.py",
    "canbao/rulebook/identities.py",
    "canbao/rulebook/window.py",
)
"""Files, beside every room's states, whose closed lists are words of the house."""

FOREIGN = frozenset({"Device", "Mode", "Capability"})
"""Lists whose words are a channel's own."""


def _without_fences(text: str) -> str:
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def links_lead_somewhere(root: Path, path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Relative links lead to files, and their `#part` to a heading of the page."""
    shown = _without_fences(text)
    for match in _LINK.finditer(shown):
        target, _, part = match.group(1).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (root / path.parent / target) if target else root / path
        line = line_of(text, match.start(1))
        if not found.exists():
            yield Finding(str(path), line, "page-link", f"{target} does not exist")
        elif part and found.suffix == ".md" and part not in headings(found.read_text(encoding="utf-8")):
            yield Finding(str(path), line, "page-link", f"{target or path.name} has no heading #{part}")


def paths_exist(root: Path, path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A path in code marks exists, from the project's root; `*` may stand for names."""
    for match in _CODE_MARK.finditer(_without_fences(text)):
        told = match.group(1).rstrip("/")
        is_path = told.startswith(_TOP) and " " not in told and "<" not in told and not told.startswith(_MADE)
        if is_path and not any(root.glob(told)):
            yield Finding(str(path), line_of(text, match.start(1)), "page-path", f"{told} does not exist")


def headings(text: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    found = re.findall(r"^#+\s+(.+?)\s*$", _without_fences(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def glossary_is_complete(root: Path, path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Every state, verdict, identity and kind of number stands in the glossary as a code word."""
    known = {word for match in _CODE_MARK.finditer(text) for word in re.split(r"[\s,/]+", match.group(1))}
    for source, word in sorted(coined(root)):
        if word not in known:
            yield Finding(str(path), 1, "page-glossary", f"explain `{word}`, which {source} coins")


def coined(root: Path) -> set[tuple[str, str]]:
    """Words that become part of the language where they are coined: members of closed lists, with their file."""
    found: set[tuple[str, str]] = set()
    for file in [
        *root.glob("canbao/*/states.py"),
        root / "canbao/channels/interface.py",
        root / "canbao/kernel/ids.py",
    ]:
        if not file.exists():
            continue
        source = file.relative_to(root).as_posix()
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.ClassDef)
                and node.name not in FOREIGN
                and any(getattr(base, "id", "") == "StrEnum" for base in node.bases)
            ):
                found |= {(source, word) for word in _members(node, by_name=node.name == "Kind")}
    return found


def _members(node: ast.ClassDef, *, by_name: bool) -> set[str]:
    """What a closed list calls its members: their values, or for letters of a number their names."""
    words: set[str] = set()
    for inner in node.body:
        if (
            isinstance(inner, ast.Assign)
            and isinstance(inner.value, ast.Constant)
            and isinstance(inner.targets[0], ast.Name)
        ):
            words.add(inner.targets[0].id.lower() if by_name else str(inner.value.value))
    return words
