"""Writes docs/errors.md: every error code that Canbao can answer, its sentences, and what the caller may do.

`python -m tools.errors_page` writes the page; a test compares it with what this would write, so a code cannot be added
without standing there.
"""

from __future__ import annotations

import ast
import os
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/errors.md"

HEAD = """# Error codes

A refusal is a code and a sentence: what happened, to which thing, and what to do. The sentences below are the ones that
people read; traditional characters are made from the simplified ones. This page is written by
`python -m tools.errors_page` from the declarations in the code.

What the caller may do, and what a page or an API answers where nothing else is said:

| Word | Meaning | HTTP |
|---|---|---|
| `never` | The same again gives the same answer. Change something first. | {never} |
| `later` | Nothing was changed; the same again may succeed later. | {later} |
| `ask` | The outcome is not known yet. Ask for it, do not repeat the act. | {ask} |

`{{name}}` in a sentence is filled in; it is never an ID number, a full name or a phone number.
"""


def declaring_modules() -> list[str]:
    """Every module of the product that declares a code, found by its text, in order."""
    found: list[str] = []
    for file in sorted(ROOT.glob("canbao/**/*.py")):
        below = file.relative_to(ROOT)
        if "tests" not in below.parts and _declares(file):
            found.append(".".join(below.with_suffix("").parts))
    return found


def _declares(file: Path) -> bool:
    """Whether a file calls `declare` at its top level."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "declare"
        for node in tree.body
    )


def page() -> str:
    """The whole page, from every code that the product declares."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canbao.site.settings")
    import django

    django.setup()
    from canbao.doors.http import STATUS_BY_CODE, STATUS_BY_RETRY
    from canbao.kernel.errors import ALL_CODES, ErrorCode

    parts = [HEAD.format(**{str(retry): status for retry, status in STATUS_BY_RETRY.items()})]
    owner: dict[str, str] = {}
    for module in declaring_modules():
        for value in vars(import_module(module)).values():
            if isinstance(value, ErrorCode):
                owner.setdefault(value.code, module)
    groups: dict[str, list[str]] = {}
    for code in sorted(code for code in ALL_CODES if code in owner):
        declared = ALL_CODES[code]
        status = f" ({STATUS_BY_CODE[code]})" if code in STATUS_BY_CODE else ""
        groups.setdefault(code.partition(".")[0], []).append(
            f"| `{code}` | {declared.retry}{status} | {_cell(declared.sentence_zh)} | {_cell(declared.sentence_en)} |"
        )
    for group, rows in groups.items():
        parts.append(
            "\n".join([f"## {group}\n", "| Code | May be tried | 中文 | English |", "|---|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
