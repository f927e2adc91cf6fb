"""`python -m tools.tidy`: look at the whole tree, print every finding, leave with 1 if there is any."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.tidy import pages, python_files, sql_files, statements, words
from tools.tidy.findings import Finding

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = frozenset({"build", "node_modules", "__pycache__"})
DOTTED = frozenset({".ci", ".importlinter", ".npmrc", ".gitignore", ".github"})
"""Of what begins with a dot, the project's own."""

TEXT_BYTES_MAX = 4_000_000


def files(root: Path) -> list[PurePosixPath]:
    """The project's own files below a root, in order: not what was installed or made."""
    found: list[PurePosixPath] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_ours(name) and not name.endswith(".egg-info"))
        place = PurePosixPath(Path(folder).relative_to(root).as_posix())
        found += [place / name for name in sorted(names) if _is_ours(name)]
    return sorted(found)


def _is_ours(name: str) -> bool:
    return name in DOTTED if name.startswith(".") else name not in SKIPPED


def look(root: Path) -> Iterator[Finding]:
    """Every finding in a tree."""
    for path in files(root):
        text = _text(root / path)
        if text is not None:
            yield from look_at(root, path, text)
    for room in sorted(root.glob("canbao/*/")):
        yield from statements.room_findings(root, room)


def look_at(root: Path, path: PurePosixPath, text: str) -> Iterator[Finding]:
    """What the rules say of one file. A line may be excused: `tidy: <rule> (reason)` in a comment on it."""
    lines = text.splitlines()
    for finding in _all_rules(root, path, text):
        line = lines[finding.line - 1] if finding.line <= len(lines) else ""
        if re.search(rf"tidy: {finding.rule} \(.{{8,}}\)", line) is None:
            yield finding


def _all_rules(root: Path, path: PurePosixPath, text: str) -> Iterator[Finding]:
    for rule in words.RULES:
        yield from rule(path, text)
    if path.suffix == ".sql" and path.parts[0] == "canbao":
        for rule in sql_files.RULES:
            yield from rule(path, text)
    if path.suffix == ".py":
        for rule in python_files.RULES:
            yield from rule(path, text)
    if path.suffix == ".md":
        yield from pages.links_lead_somewhere(root, path, text)
        yield from pages.paths_exist(root, path, text)
    if path == PurePosixPath("docs/glossary.md"):
        yield from pages.glossary_is_complete(root, path, text)


def _text(path: Path) -> str | None:
    """A file's text, or None where it is not text."""
    if path.stat().st_size > TEXT_BYTES_MAX:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def main() -> int:
    """Print what breaks a rule; the exit status is 1 if anything does."""
    found = sorted(set(look(ROOT)))
    for finding in found:
        print(finding)
    print(f"tidy: {len(found)} findings" if found else "tidy: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
