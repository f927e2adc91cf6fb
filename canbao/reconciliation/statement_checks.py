"""The auditor of statements: what was kept, counted and moved is there.

A line carries no foreign key to its statement (a million are copied in at once), so this says whether each has one.
"""

from __future__ import annotations

from canbao.kernel.findings import FINDINGS_MAX, Finding
from canbao.kernel.regions import RegionCode
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
