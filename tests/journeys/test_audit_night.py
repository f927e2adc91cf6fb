"""What auditors find at night stands before people until they find it no more."""

from __future__ import annotations

from canbao.journeys.audit_night import audit_night
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import DiscrepancyState
from tests.journeys.test_close_day import paid
from tests.world import PAYER, World, tamper


def test_finding_is_raised_once_and_heals_when_it_is_gone(world: World) -> None:
    paid(world, PAYER)
    assert world.finish() == []
    assert audit_night(world.region, clock=world.clock) == []
    assert reconciliation.discrepancies(world.region) == []
    tamper("UPDATE payments_capture SET amount_fen = amount_fen + 1")
    findings = audit_night(world.region, clock=world.clock)
    assert audit_night(world.region, clock=world.clock) == findings
    found = reconciliation.discrepancies(world.region)
    assert sorted((one.detail, one.trade_ref) for one in found) == sorted(
        (one.auditor, one.subject) for one in findings
    )
    assert {(one.kind, one.amount_fen) for one in found} == {("finding", None)}
    tamper("UPDATE payments_capture SET amount_fen = amount_fen - 1")
    assert audit_night(world.region, clock=world.clock) == []
    assert reconciliation.discrepancies(world.region) == []
    healed = reconciliation.discrepancies(world.region, [DiscrepancyState.HEALED])
    assert len(healed) == len(findings)
