"""The auditors of statements: what was kept, counted and moved is there.

A line carries no foreign key to its statement (a million are copied in at once), so this says whether each has one.
"""

from __future__ import annotations

from canbao.kernel.findings import FINDINGS_MAX, Finding
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sql import Statements, reading

statements = Statements(__package__)


def statements_have_their_lines(region: RegionCode) -> list[Finding]:
    """Every statement has as many lines as it counts and a history that leads to its state; every line a statement."""
    with reading(region) as reader:
        rows = reader.tuples(statements["find_statements_amiss"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.statements_have_their_lines",
            region_code=region,
            subject=str(statement_id),
            expected=expected,
            found=found,
        )
        for statement_id, expected, found in rows
    ]


def statements_have_their_files(region: RegionCode) -> list[Finding]:
    """Every statement's file lies with it, whole, or with the nation under the same digest."""
    with reading(region) as reader:
        away = reader.tuples(statements["list_files_elsewhere"])
    if region != NATION and away:
        with reading(NATION) as reader:
            there = set(
                reader.scalars(
                    statements["find_files_whole"],
                    channel_codes=[row[1] for row in away],
                    kinds=[row[2] for row in away],
                    days_on=[row[3] for row in away],
                    digests=[bytes(row[4]) for row in away],
                )
            )
        away = [row for place, row in enumerate(away, start=1) if place not in there]
    return [
        Finding(
            auditor="reconciliation.statements_have_their_files",
            region_code=region,
            subject=str(statement_id),
            expected=f"a file of {size_bytes} bytes",
            found=f"{own_bytes} bytes, and none with the nation",
        )
        for statement_id, _, _, _, _, size_bytes, own_bytes in away[:FINDINGS_MAX]
    ]
