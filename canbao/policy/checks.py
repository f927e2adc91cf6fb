"""Auditors of the room: every published version still says what its digest says, and its numbers have no gap."""

from __future__ import annotations

from canbao.kernel.findings import Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.policy import store
from canbao.policy.rules import digest_of_document


def versions_match_their_digests(region: RegionCode) -> list[Finding]:
    """A version whose values no longer give its digest was changed behind our back."""
    return [
        Finding(
            auditor="policy.versions_match_their_digests",
            region_code=region,
            subject=str(row.id),
            expected=row.digest,
            found=found,
        )
        for row in store.versions()
        if row.region_code == region and (found := digest_of_document(store.document_of(row.id))) != row.digest
    ]


def versions_are_numbered_without_gap(region: RegionCode) -> list[Finding]:
    """Versions of a region, scheme and year are numbered 1, 2, 3; a gap means that one was removed."""
    findings: list[Finding] = []
    expected: dict[tuple[str, int], int] = {}
    for row in store.versions():
        if row.region_code != region:
            continue
        key = (row.scheme_code, row.insured_year)
        expected[key] = expected.get(key, 0) + 1
        if row.version_no != expected[key]:
            findings.append(
                Finding(
                    auditor="policy.versions_are_numbered_without_gap",
                    region_code=region,
                    subject=str(row.id),
                    expected=str(expected[key]),
                    found=str(row.version_no),
                )
            )
            expected[key] = row.version_no
    return findings


AUDITORS: list[Auditor] = [versions_match_their_digests, versions_are_numbered_without_gap]
