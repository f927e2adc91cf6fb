"""What a house rule reports: a place, the rule's name and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place that breaks a rule. Printed as `path:line: rule: what to do`."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


Rule = Callable[[PurePosixPath, str], Iterable[Finding]]
"""Looks at one file, by its path below the project's root and its text."""


def line_of(text: str, offset: int) -> int:
    """The line, counted from one, in which an offset lies."""
    return text.count("\n", 0, offset) + 1
