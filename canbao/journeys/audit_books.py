"""Ask every auditor about a region."""

from __future__ import annotations

from canbao.billing import public as billing
from canbao.coverage import public as coverage
from canbao.documents import public as documents
from canbao.kernel.findings import Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.kernel.sharing import one_connection
from canbao.ledger import public as ledger
from canbao.payments import public as payments
from canbao.reconciliation import public as reconciliation
from canbao.registry import public as registry


def auditors() -> tuple[Auditor, ...]:
    """Every auditor: each room's own, and those that compare rooms."""
    return (
        *registry.AUDITORS,
        *ledger.AUDITORS,
        *billing.AUDITORS,
        *payments.AUDITORS,
        *coverage.AUDITORS,
        *documents.AUDITORS,
        *reconciliation.AUDITORS,
    )


def audit_books(region: RegionCode) -> list[Finding]:
    """What every auditor finds in a region: nothing, when all is well. Reads only."""
    with one_connection():
        return [finding for auditor in auditors() for finding in auditor(region)]
