"""Each auditor of the room finds the fault it is there for, names it, and is silent without it."""

from __future__ import annotations

import pytest

from canbao.kernel.findings import Finding
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.payments.tests.desk import Desk
from canbao.payments.tests.test_notices import keep, notice
from tests.owner import as_owner


def findings(region: RegionCode) -> list[Finding]:
    """What the room's auditors find."""
    return [finding for auditor in payments.AUDITORS for finding in auditor(region)]


@pytest.fixture
def settled(desk: Desk) -> Order:
    """One settled order whose notice was judged, and an open one that has nothing wrong with it."""
    desk.open(1_000, 2_000)
    order = desk.open(30_000, 10_000)
    keep(desk, notice(desk, order.order_no))
    with region_tx(desk.region) as tx:
        claimed = payments.claim_notices(tx, limit=10)
        payments.close_notices(tx, {item.notice_id: "settled" for item in claimed}, now=desk.clock.now())
    desk.judge(desk.seen(order.order_no, trade_ref="T1"))
    assert findings(desk.region) == []
    return desk.again(order)


FAULTS = {
    "amount of a line": (
        "UPDATE payments_order_line SET amount_fen = 9999 WHERE order_id = %(id)s AND place = 2",
        [("payments.lines_add_up", "lines of 400.00", "lines of 399.99")],
    ),
    "line removed": (
        "DELETE FROM payments_order_line WHERE order_id = %(id)s AND place = 1",
        [("payments.lines_add_up", "lines of 400.00", "lines of 100.00")],
    ),
    "amount of a capture": (
        "UPDATE payments_capture SET amount_fen = 39999",
        [
            (
                "payments.settled_means_captured",
                "a credited capture of 400.00 if and only if settled",
                "settled, credited 399.99",
            )
        ],
    ),
    "capture removed": (
        "DELETE FROM payments_capture",
        [
            (
                "payments.settled_means_captured",
                "a credited capture of 400.00 if and only if settled",
                "settled, credited 0.00",
            ),
            ("payments.notices_leave_a_trace", "a capture", "none, though the notice for {no} was judged settled"),
        ],
    ),
    "order taken back": (
        "UPDATE payments_order SET state = 'placed', settled_at = NULL WHERE id = %(id)s",
        [
            (
                "payments.settled_means_captured",
                "a credited capture of 400.00 if and only if settled",
                "placed, credited 400.00",
            ),
            ("payments.history_explains_states", "a move to placed", "settled"),
        ],
    ),
    "move removed": (
        "DELETE FROM payments_order_event WHERE order_id = %(id)s AND event = 'settle'",
        [("payments.history_explains_states", "a move to settled", "no move")],
    ),
    "move slipped in": (
        "INSERT INTO payments_order_event SELECT region_code, gen_random_uuid(), order_id, event, target, cause, "
        "recorded_at, 9 FROM payments_order_event WHERE order_id = %(id)s AND event = 'settle'",
        [("payments.history_explains_states", "a move to settled", "settled")],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found_and_named(desk: Desk, settled: Order, fault: str) -> None:
    statement, expected = FAULTS[fault]
    with as_owner() as session, session.transaction():
        session.execute("SET LOCAL session_replication_role = replica")
        changed = session.execute(statement.encode(), {"id": settled.order_id}).rowcount
    assert changed == 1
    found = findings(desk.region)
    assert [(one.auditor, one.expected, one.found) for one in found] == [
        (auditor, wanted, told.format(no=settled.order_no)) for auditor, wanted, told in expected
    ]
    assert {one.subject for one in found} <= {settled.order_no, "T1"}
    assert {one.region_code for one in found} == {desk.region}


def test_auditors_look_at_one_region_only(desk: Desk, settled: Order, other_region: RegionCode) -> None:
    with as_owner() as session:
        session.execute("DELETE FROM payments_capture")
    assert findings(other_region) == []
    assert len(findings(desk.region)) == 2


def test_auditor_names_at_most_a_hundred(desk: Desk) -> None:
    for _ in range(101):
        desk.open()
    with as_owner() as session:
        session.execute("DELETE FROM payments_order_line")
    assert [finding.auditor for finding in findings(desk.region)] == ["payments.lines_add_up"] * 100
