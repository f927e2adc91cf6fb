"""Turning a parameter file's text into values, or into findings that name the file, the line, the key and the
reason.

A file with one finding is not loaded: a rule never runs on half a policy. Three layers look at it: the YAML itself
(syntax, a key written twice), the types (a number without a source, an unknown word), and the sense of it (sources
that exist, days in order, no person with two standards).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from canbao.kernel.yaml_text import SafeLoader
from canbao.rulebook.errors import PARAMETERS_REFUSED
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.sense import senseless

Path = tuple[str | int, ...]

FILE_LENGTH_MAX = 1_000_000
"""A parameter file has a few hundred lines; a megabyte is something else."""

_TAGS = frozenset({"sourced", "not_published"})


class _PlainLoader(SafeLoader):
    """The safe loader, leaving dates as text: a date that does not exist is then a finding with its line."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFinding:
    """What is wrong in a parameter file, and where. `line` counts from 1; it is 0 where no line can be named."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.reason}"


def read_region_year(text: str, *, file: str) -> RegionYear:
    """The values in a parameter file.

    Errors: `rulebook.parameters_refused` naming the first finding; `find_in` gives them all.
    """
    parameters, findings = find_in(text, file=file)
    if parameters is None:
        raise PARAMETERS_REFUSED(file=file, count=len(findings), finding=_one_line(findings[0]))
    return parameters


def from_document(document: Mapping[str, object], *, file: str) -> RegionYear:
    """The values of a document that was published before (see `to_document`). Errors: `rulebook.parameters_refused`."""
    try:
        return RegionYear.model_validate(document)
    except ValidationError as refused:
        findings = [_of_type(detail, {}, file) for detail in refused.errors(include_url=False)]
        raise PARAMETERS_REFUSED(file=file, count=len(findings), finding=_one_line(findings[0])) from None


def to_document(parameters: RegionYear) -> dict[str, Any]:
    """The values as plain data in the file's own shape: `from_document(to_document(p)) == p`. What a published
    version keeps.
    """
    return parameters.model_dump(mode="json", exclude_none=True)


def find_in(text: str, *, file: str) -> tuple[RegionYear | None, list[ParameterFinding]]:
    """The values and no findings, or no values and every finding, in the order of the lines."""
    document, lines, findings = _parse(text, file)
    if findings:
        return None, findings
    try:
        parameters = RegionYear.model_validate(document)
    except ValidationError as refused:
        found = [_of_type(detail, lines, file) for detail in refused.errors(include_url=False)]
        return None, sorted(found, key=lambda finding: finding.line)
    found = [
        ParameterFinding(file=file, line=_line_of(path, lines), key=_name_of(path), reason=reason)
        for path, reason in senseless(parameters)
    ]
    return (None, sorted(found, key=lambda finding: finding.line)) if found else (parameters, [])


def _parse(text: str, file: str) -> tuple[object, dict[Path, int], list[ParameterFinding]]:
    def finding(line: int, key: str, reason: str) -> list[ParameterFinding]:
        return [ParameterFinding(file=file, line=line, key=key, reason=reason)]

    if len(text) > FILE_LENGTH_MAX:
        return None, {}, finding(0, "(file)", "is too large to be a parameter file")
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return None, {}, finding(1, "(file)", "holds no values; it should begin with format: 1")
        lines: dict[Path, int] = {}
        odd = [f for path, line, reason in _walk(node, (), lines, set()) for f in finding(line, _name_of(path), reason)]
        return (None, lines, odd) if odd else (loader.construct_document(node), lines, [])
    except yaml.MarkedYAMLError as malformed:
        mark = malformed.problem_mark
        return None, {}, finding(mark.line + 1 if mark else 0, "(file)", f"is not YAML: {malformed.problem}")
    except (yaml.YAMLError, ValueError) as malformed:
        return None, {}, finding(0, "(file)", f"is not YAML: {str(malformed).splitlines()[0]}")


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], met: set[int]) -> Iterator[tuple[Path, int, str]]:
    """Note every key's line, and answer with keys written twice and parts repeated by reference.

    A reference is refused, not followed: a file that a jurist reads says everything where it stands, and a chain of
    references can grow without end.
    """
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, yaml.ScalarNode):
        return
    if id(node) in met:
        yield path, line, "repeats another part by reference (& and *); write it out"
        return
    met.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            lines[(*path, key)] = key_node.start_mark.line + 1
            if key in seen:
                yield (*path, key), key_node.start_mark.line + 1, "is written twice"
            seen.add(key)
            yield from _walk(value_node, (*path, key), lines, met)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index), lines, met)


def _of_type(detail: Any, lines: Mapping[Path, int], file: str) -> ParameterFinding:
    path: Path = tuple(part for part in detail["loc"] if part not in _TAGS)
    return ParameterFinding(file=file, line=_line_of(path, lines), key=_name_of(path), reason=_reason(detail, path))


def _reason(detail: Any, path: Path) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    last = str(path[-1]) if path else ""
    if kind == "missing" and last == "source":
        return "has no source; a number without a source does not load. Add source: <a key of the sources table>"
    if kind == "missing":
        return "is missing"
    if kind in {"model_type", "model_attributes_type", "union_tag_invalid"}:
        return "is a bare value; write {value: ..., source: ...}, or {not_published: {zh: ..., en: ...}}"
    if kind == "extra_forbidden":
        return "is not a word of a parameter file; check its spelling"
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    if kind in {"int_type", "string_type", "bool_type", "int_parsing"}:
        wanted = {"i": "a whole number", "s": "text; put it in quotes", "b": "true or false"}[kind[0]]
        return f"should be {wanted}"
    return str(detail["msg"]).lower()


def _line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """The line of the deepest part of the path that the file has."""
    for length in range(len(path), -1, -1):
        line = lines.get(path[:length])
        if line is not None:
            return line
    return 0


def _name_of(path: Path) -> str:
    """A path as a reader finds it: standards[1].yuan.source."""
    name = ""
    for part in path:
        name += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name or "(file)"


def _one_line(finding: ParameterFinding) -> str:
    return f"line {finding.line}, {finding.key}: {finding.reason}"
