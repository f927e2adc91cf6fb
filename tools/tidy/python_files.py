"""Rules for Python files: lengths that can be read, names that say something, docstrings that promise.

Limits are those of the house: a function is read in one go, a file is one thought, a front door stays a door.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from tools.tidy.findings import Finding, Rule
from tools.tidy.sql_files import ROOMS

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
FRONT_DOOR_LINES_MAX = 400
EMPTY_NAMES = frozenset(
    {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "handler", "handlers"}
    | {"service", "services", "data", "info"}
)
"""Names that fit anything, and so say nothing."""

REASON_LENGTH_MIN = 8
REASON_HOLDS_LINES = 6
_EXCUSE = re.compile(r"#\s*(?:type:\s*ignore|noqa)(\[[\w\-, ]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(.*)$")

SQL_NAMES_OF_A_JOURNEY = frozenset({"Tx"})
"""What a journey may take from kernel.sql: the type of what it hands on."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache(maxsize=4096)
def parsed(text: str) -> ast.Module:
    """The syntax tree of a file's text, made once for all rules."""
    return ast.parse(text)


@lru_cache(maxsize=4096)
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of that tree."""
    return tuple(ast.walk(parsed(text)))


def _is_test(path: PurePosixPath) -> bool:
    return "tests" in path.parts or path.name == "conftest.py"


def _is_migration(path: PurePosixPath) -> bool:
    return "migrations" in path.parts


def has_readable_length(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A file has at most 500 lines, a front door 400, a function 70."""
    limit = FRONT_DOOR_LINES_MAX if path.name == "public.py" else FILE_LINES_MAX
    count = len(text.splitlines())
    if count > limit:
        yield Finding(
            str(path), limit, "py-file-length", f"{count} lines, at most {limit}: give a part its own name and file"
        )
    for node in nodes(text):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield Finding(
                    str(path), node.lineno, "py-function-length",
                    f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}: name its parts",
                )  # fmt: skip


def has_telling_name(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No file or folder is called by a word that fits anything."""
    for part in (*path.parts[:-1], path.stem):
        if part in EMPTY_NAMES:
            yield Finding(str(path), 1, "py-name", f"say in the field's words what is inside, instead of {part}")


def has_docstrings(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Every module says what lives there, every public function and class what it promises."""
    tree = parsed(text)
    if tree.body and path.name != "__init__.py" and not _is_migration(path) and ast.get_docstring(tree) is None:
        yield Finding(str(path), 1, "py-docstring", "begin with a paragraph for a newcomer: what lives here")
    if _is_test(path) or _is_migration(path) or path.parts[0] == "tests":
        return
    for node in tree.body:
        yield from _docstrings_below(path, node)


def _docstrings_below(path: PurePosixPath, node: ast.stmt) -> Iterator[Finding]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith(
        ("_", "test_")
    ):
        return
    if isinstance(node, ast.ClassDef):
        if node.name == "Meta":
            return
        for inner in node.body:
            yield from _docstrings_below(path, inner)
    elif any(getattr(found, "attr", "") == "setter" for found in node.decorator_list):
        return
    if ast.get_docstring(node) is None:
        yield Finding(str(path), node.lineno, "py-docstring", f"say what {node.name} promises")


def room_imports_nothing(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A package's `__init__.py` in the product imports nothing: a room is entered through public.py."""
    if path.name != "__init__.py" or path.parts[0] != "canbao":
        return
    for node in parsed(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom) and not _is_future(node):
            yield Finding(str(path), node.lineno, "py-init", "import it where it is used, from the module that has it")


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def postpones_annotations(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A module with any code begins with `from __future__ import annotations`."""
    tree = parsed(text)
    code = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if code and not any(_is_future(node) for node in code) and not _is_migration(path):
        yield Finding(str(path), 1, "py-future", "begin with: from __future__ import annotations")


def says_why_it_is_excused(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """`type: ignore` and `noqa` name what they excuse and carry a reason; it holds for the few lines that follow."""
    reasoned: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _EXCUSE.search(line)
        if match is None:
            continue
        rule = match.group(1) or ""
        if rule and len(match.group(2).strip()) >= REASON_LENGTH_MIN:
            reasoned[rule] = number
        elif number - reasoned.get(rule, -REASON_HOLDS_LINES - 1) > REASON_HOLDS_LINES:
            yield Finding(str(path), number, "py-excuse", "name the rule and give the reason on the same line")


def hands_on_by_name(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Nothing takes `**kwargs` to hand them on: parameters have names."""
    for node in nodes(text):
        if (
            isinstance(node, Function)
            and node.args.kwarg is not None
            and node.args.kwarg.arg == "kwargs"
            and not _is_test(path)
        ):
            yield Finding(str(path), node.lineno, "py-kwargs", f"give the parameters of {node.name} their names")


def journey_runs_no_sql(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A journey takes nothing of kernel.sql but the type of the transaction that it hands to front doors."""
    if path.parts[:2] != ("canbao", "journeys") or _is_test(path):
        return
    for node in nodes(text):
        if isinstance(node, ast.ImportFrom) and node.module == "canbao.kernel.sql":
            for name in sorted({found.name for found in node.names} - SQL_NAMES_OF_A_JOURNEY):
                yield Finding(
                    str(path), node.lineno, "py-journey-sql", f"a journey has no use for {name}: ask a front door"
                )


def error_codes_are_its_own(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A room declares error codes under its own name; a journey also under that of a room it leads through."""
    if path.parts[0] != "canbao" or len(path.parts) < 3 or _is_test(path):
        return
    owners = {path.parts[1]}
    if path.parts[1] in ("kernel", "doors"):
        owners.add(PurePosixPath(path.parts[2]).stem)
    if path.parts[1] == "journeys":
        owners.update(ROOMS)
    for node in nodes(text):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "declare"):
            continue
        code = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        if isinstance(code, str) and code.partition(".")[0] not in owners:
            yield Finding(
                str(path), node.lineno, "py-error-code", f"{code!r} does not begin with {' or '.join(sorted(owners))}"
            )


RULES: tuple[Rule, ...] = (
    has_readable_length,
    has_telling_name,
    has_docstrings,
    room_imports_nothing,
    postpones_annotations,
    says_why_it_is_excused,
    hands_on_by_name,
    journey_runs_no_sql,
    error_codes_are_its_own,
)
