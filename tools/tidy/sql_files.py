"""Rules for the statements of the rooms: one per file, told in a header, within one region, on the room's own tables.

They are what keeps the same SQL right on one PostgreSQL and on Citus, where a row lives with its region, and what keeps
a room's tables its own: another room is read through its `<room>_public_*` views and never written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from canbao.kernel.regions import LOCAL_PREFIXES, LOCAL_TABLES, NATIONAL_TABLES, REFERENCE_TABLES
from tools.tidy.findings import Finding, Rule, line_of

STRATA: tuple[tuple[str, ...], ...] = (
    ("reconciliation",),
    ("billing", "payments", "coverage", "documents"),
    ("registry", "ledger"),
    ("policy",),
    ("kernel",),
)
"""Rooms with tables, highest first: a statement reads views of strata below its own."""

ROOMS = tuple(room for stratum in STRATA for room in stratum)
NOT_REGIONAL = REFERENCE_TABLES | NATIONAL_TABLES | LOCAL_TABLES

_TABLE = rf"(?:{'|'.join(ROOMS)})_[a-z0-9_]+"
_WRITTEN = re.compile(
    rf"\b(?:INSERT\s+INTO|DELETE\s+FROM|(?<!DO )(?<!FOR )(?<!KEY )UPDATE)\s+(?:ONLY\s+)?({_TABLE})", re.I
)
_MODIFIES = re.compile(
    r"\bINSERT\s+INTO\b|\bDELETE\s+FROM\b|(?<!DO )(?<!FOR )(?<!KEY )\bUPDATE\s+(?:ONLY\s+)?\w+", re.I
)
_KEYWORDS = (
    "where on set using join left right full inner cross natural group order limit values select "
    "returning union for having window offset lateral"
)
_NAMED = re.compile(
    rf"\b(FROM|JOIN|UPDATE|USING|INTO)\s+(?:ONLY\s+)?({_TABLE})\b(?!\s*\.)"
    rf"(?:\s+(?:AS\s+)?(?!(?:{'|'.join(_KEYWORDS.split())})\b)([a-z_][a-z0-9_]*))?",
    re.I,
)
_VOLATILE = re.compile(
    r"\b(now|random|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|gen_random_uuid|uuidv[47]|"
    r"nextval|setval|currval)\s*\(|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.I,
)
_COMMA_JOIN = re.compile(r"\bFROM\s+[a-z_][\w.]*(?:\s+(?:AS\s+)?(?!WHERE\b)[a-z_]\w*)?\s*,\s*[a-z_]", re.I)
_COMMENT = re.compile(r"--[^\n]*")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_FILE_NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+\.sql")


def bare(text: str) -> str:
    """The statement with comments and literals blanked out, every character in its place."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return _LITERAL.sub(blank, _COMMENT.sub(blank, text))


def header(text: str) -> str:
    """The comment above the statement, as one line."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


@dataclass(frozen=True, slots=True)
class Named:
    """A table or view of a room where a statement names it, with the alias it has there (or its own name)."""

    table: str
    alias: str
    offset: int

    @property
    def room(self) -> str:
        """The room that owns it."""
        return self.table.partition("_")[0]

    @property
    def is_regional(self) -> bool:
        """Whether its rows belong to a region."""
        return self.table not in NOT_REGIONAL and not self.table.startswith(LOCAL_PREFIXES)


def named_in(statement: str) -> list[Named]:
    """Every table and view of ours that a bare statement names after FROM, JOIN, INTO, UPDATE or USING."""
    return [
        Named(match.group(2), match.group(3) or match.group(2), match.start(2))
        for match in _NAMED.finditer(statement)
        if match.group(1).upper() == "INTO" or not statement[match.end(2) :].lstrip().startswith("(")
    ]


def has_plain_name(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A statement's file is called `<verb>_<noun>.sql`."""
    if _FILE_NAME.fullmatch(path.name) is None:
        yield Finding(str(path), 1, "sql-name", "call it <verb>_<noun>.sql")


def has_header(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """The header says what the statement is for and names every table it writes."""
    told = header(text)
    if not told.rstrip().endswith("."):
        yield Finding(
            str(path), 1, "sql-header", "begin with comment lines: purpose, reads, writes, batch, index; in sentences"
        )
        return
    for table in sorted(set(_WRITTEN.findall(bare(text)))):
        if table not in told:
            yield Finding(str(path), 1, "sql-header", f"say in the header that it writes {table}")


def is_one_statement(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """One statement per file."""
    statement = bare(text).rstrip()
    inner = statement.removesuffix(";").find(";")
    if inner >= 0:
        yield Finding(
            str(path), line_of(text, inner), "sql-one-statement", "put the second statement into its own file"
        )
    if not statement.strip():
        yield Finding(str(path), 1, "sql-one-statement", "there is no statement here; delete the file")


def keeps_to_its_room(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A statement writes its own room's tables alone, and reads rooms below through their public views."""
    own = path.parts[1] if len(path.parts) > 1 else ""
    statement = bare(text)
    written = {match.start(1) for match in _WRITTEN.finditer(statement)}
    height = {room: number for number, stratum in enumerate(STRATA) for room in stratum}
    for found in named_in(statement):
        if found.room == own:
            continue
        if found.offset in written:
            advice = f"{found.table} belongs to another room: ask its public.py to write it"
        elif not found.table.startswith(f"{found.room}_public_"):
            advice = f"read another room through a {found.room}_public_* view, not {found.table}"
        elif height.get(own, len(STRATA)) >= height[found.room]:
            advice = f"{own} does not lie above {found.room} and may not read {found.table}"
        else:
            continue
        yield Finding(str(path), line_of(text, found.offset), "sql-owner", advice)


def joins_in_words(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Tables are joined by JOIN, never by a comma: the other rules read what stands after FROM and JOIN."""
    for match in _COMMA_JOIN.finditer(bare(text)):
        yield Finding(str(path), line_of(text, match.start()), "sql-comma-join", "join with JOIN ... ON")


def stays_in_its_region(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """Every regional table named is bound to the transaction's region; a header saying "National" is the exception."""
    if re.search(r"\bNational\b", header(text)):
        return
    statement = bare(text)
    found = [named for named in named_in(statement) if named.is_regional]
    if found and "%(region_code)s" not in statement:
        yield Finding(
            str(path),
            line_of(text, found[0].offset),
            "sql-region",
            "bind region_code = %(region_code)s, or say National in the header",
        )
        return
    for named in found:
        alias = re.escape(named.alias)
        bound = rf"\b{alias}\.region_code\s*=|=\s*{alias}\.region_code\b"
        if named.alias == named.table:
            bound += r"|(?<![.\w])region_code\s*=\s*%\(region_code\)s|\(\s*region_code\s*,"
        if re.search(bound, statement) is None and not _inserts_into(statement, named):
            yield Finding(
                str(path), line_of(text, named.offset), "sql-region",
                f"bind {named.alias}.region_code to %(region_code)s",
            )  # fmt: skip


def _inserts_into(statement: str, named: Named) -> bool:
    """Whether this mention is the target of an INSERT whose columns begin with the region."""
    before = statement[: named.offset].rstrip().upper()
    after = statement[named.offset + len(named.table) :]
    return before.endswith("INSERT INTO") and re.match(r"\s*(AS\s+\w+\s*)?\(\s*region_code\b", after, re.I) is not None


def changes_once(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No MERGE, and at most one part of a statement changes rows."""
    statement = bare(text)
    merge = re.search(r"\bMERGE\s+INTO\b", statement, re.I)
    if merge is not None:
        yield Finding(
            str(path),
            line_of(text, merge.start()),
            "sql-merge",
            "write INSERT ... ON CONFLICT, or an UPDATE and an INSERT",
        )
    parts = list(_MODIFIES.finditer(statement))
    if len(parts) > 1:
        yield Finding(
            str(path),
            line_of(text, parts[1].start()),
            "sql-chain",
            "one part that changes rows per statement: make a second file",
        )


def is_repeatable(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No function whose answer the caller did not choose: instants and ids are parameters."""
    statement = bare(text)
    for match in _VOLATILE.finditer(statement):
        yield Finding(
            str(path),
            line_of(text, match.start()),
            "sql-volatile",
            f"pass the value of {match.group().strip(' (')} in as a parameter",
        )


RULES: tuple[Rule, ...] = (
    has_plain_name,
    has_header,
    is_one_statement,
    keeps_to_its_room,
    joins_in_words,
    stays_in_its_region,
    changes_once,
    is_repeatable,
)
