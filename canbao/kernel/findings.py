"""What an auditor reports.

An auditor is a read-only question with the answer "nothing found". The same auditors run in tests, nightly, and from
`canbao audit`. A finding names the thing and what was expected of it; it never holds personal data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from canbao.kernel.regions import RegionCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be."""

    auditor: str
    region_code: RegionCode
    subject: str
    expected: str
    found: str


Auditor = Callable[[RegionCode], list[Finding]]
"""Reads one region and returns what is wrong, at most a hundred findings: more say nothing new."""

FINDINGS_MAX = 100
