"""Auditors of the register: read-only questions whose answer is "nothing found"."""

from __future__ import annotations

from canbao.kernel.findings import Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.registry import store


def enrolments_do_not_overlap(region: RegionCode) -> list[Finding]:
    """No person is enrolled twice in one scheme on one day."""
    return _found("registry.enrolments_do_not_overlap", region, "find_overlapping_enrolments")


def persons_are_enrolled(region: RegionCode) -> list[Finding]:
    """Every person has an enrolment line in force, ended or not."""
    return _found("registry.persons_are_enrolled", region, "find_persons_without_enrolment")


def directory_names_everyone(region: RegionCode) -> list[Finding]:
    """The directory names every person of the region: who is missing cannot be looked up by number."""
    return _found("registry.directory_names_everyone", region, "find_persons_outside_directory")


def _found(auditor: str, region: RegionCode, statement: str) -> list[Finding]:
    return [
        Finding(auditor=auditor, region_code=region, subject=row.subject, expected=row.expected, found=row.found)
        for row in store.findings(region, statement)
    ]


AUDITORS: list[Auditor] = [enrolments_do_not_overlap, persons_are_enrolled, directory_names_everyone]
