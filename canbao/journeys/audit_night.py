"""The nightly look at a region: what auditors find is put before people, and closed days of which something was
recorded since; what is found no more goes away, and cases whose matter is gone are closed.
"""

from __future__ import annotations

from collections import Counter

from canbao.journeys.audit_books import audit_books
from canbao.journeys.resolve_discrepancy import close_cases_gone
from canbao.journeys.tell_since_closed import BEGINNING_ON, tell_since_closed
from canbao.kernel.clock import Clock
from canbao.kernel.findings import FINDINGS_MAX, Finding
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import DiscrepancyKind, Raised


def audit_night(region: RegionCode, *, clock: Clock) -> list[Finding]:
    """Ask every auditor, and keep what stands before people equal to what they say; answers the findings.

    An auditor that reports as many findings as it may has more to say: then nothing of it goes away.
    """
    close_cases_gone(region, clock=clock)
    tell_since_closed(region, from_on=BEGINNING_ON, clock=clock)
    findings = audit_books(region)
    said = Counter(found.auditor for found in findings)
    raised = [_told(found) for found in findings]
    matters = {item.matter_id for item in raised}
    with region_tx(region) as tx:
        gone = [
            one.matter_id
            for one in reconciliation.discrepancies(region, limit=10_000)
            if one.kind is DiscrepancyKind.FINDING and one.matter_id not in matters and said[one.detail] < FINDINGS_MAX
        ]
        reconciliation.heal_discrepancies(tx, gone, cause="auditors find it no more", now=clock.now())
        reconciliation.raise_discrepancies(tx, raised, now=clock.now())
    return findings


def _told(found: Finding) -> Raised:
    return Raised(
        matter_id=derived_id("finding", found.auditor, found.subject),
        kind=DiscrepancyKind.FINDING,
        detail=found.auditor,
        ours=found.expected,
        theirs=found.found,
        amount_fen=None,
        trade_ref=found.subject,
    )
