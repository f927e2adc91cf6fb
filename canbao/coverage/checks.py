"""Coverage's auditors: what must be true of every period of cover, whoever wrote it. They read and never repair."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.coverage.states import PERIOD, PeriodState
from canbao.coverage.store import statements
from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amiss:
    subject: str
    expected: str
    found: str


def explanations_are_kept(region: RegionCode) -> list[Finding]:
    """Every period's explanation is there to be shown."""
    return _ask(region, "explanations_are_kept", "find_explanations_missing")


def one_cover_per_bill(region: RegionCode) -> list[Finding]:
    """No bill has two periods in force."""
    return _ask(region, "one_cover_per_bill", "find_doubled_periods", state=str(PeriodState.IN_FORCE))


def histories_end_in_the_state(region: RegionCode) -> list[Finding]:
    """Every period is where its last move led, and has as many moves as it counts."""
    return _ask(region, "histories_end_in_the_state", "find_histories_amiss", state_at_birth=str(PERIOD.initial[0]))


AUDITORS: list[Auditor] = [explanations_are_kept, one_cover_per_bill, histories_end_in_the_state]


def _ask(region: RegionCode, auditor: str, statement: str, **asked: object) -> list[Finding]:
    with reading(region) as reader:
        rows = reader.rows(statements[statement], _Amiss, limit=FINDINGS_MAX, **asked)
    return [
        Finding(
            auditor=f"coverage.{auditor}",
            region_code=region,
            subject=f"cover {row.subject}",
            expected=row.expected,
            found=row.found,
        )
        for row in rows
    ]
