"""Notices are kept in the region their number begins with, before anyone says that they arrived."""

from __future__ import annotations

import pytest
from psycopg.errors import CheckViolation

from canbao.journeys.keep_notices import keep_notices
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.regions import NATION, RegionCode
from canbao.payments import public as payments
from tests.owner import as_owner
from tests.world import NANCHANG, SHIJIAZHUANG, World, rows, stranger_id


def test_batch_is_kept_region_by_region_and_what_names_none_at_the_nation(world: World) -> None:
    numbers = [
        make_no(NANCHANG, Kind.ORDER, stranger_id(1)),
        make_no(SHIJIAZHUANG, Kind.ORDER, stranger_id(2)),
        make_no(NANCHANG, Kind.BILL, stranger_id(3)),
        "never_placed_1234",
        make_no(NANCHANG, Kind.ORDER, stranger_id(4)),
    ]
    assert keep_notices(world.forged([(number, 100) for number in numbers])) == 5
    assert rows("SELECT region_code, order_no FROM payments_notice ORDER BY 1, 2") == sorted(
        [
            (NATION, numbers[2]),
            (NATION, numbers[3]),
            (SHIJIAZHUANG, numbers[1]),
            (NANCHANG, numbers[0]),
            (NANCHANG, numbers[4]),
        ]
    )
    assert payments.regions_with_kept_notices() == [NATION, SHIJIAZHUANG, NANCHANG]


def test_well_made_number_of_a_region_that_takes_no_part_is_nobodys(world: World) -> None:
    number = make_no(RegionCode(820000), Kind.ORDER, stranger_id(1))
    assert keep_notices(world.forged([(number, 100)])) == 1
    assert rows("SELECT region_code, order_no FROM payments_notice") == [(NATION, number)]


def test_same_batch_again_is_new_to_nobody(world: World) -> None:
    told = world.forged([(make_no(NANCHANG, Kind.ORDER, stranger_id(1)), 100), ("never_placed_1234", 1)])
    assert keep_notices([*told, *told]) == 2
    assert keep_notices(told) == 0
    assert keep_notices([]) == 0


def test_kept_notice_is_evidence_by_itself(world: World) -> None:
    order = world.open_an_order()
    world.pay(order)
    ((headers, body),) = world.letterbox.take()
    keep_notices([world.verified(headers, body)])
    with as_owner() as session:
        ((kept_headers, kept_body),) = session.execute("SELECT headers, body FROM payments_notice").fetchall()
    assert bytes(kept_body) == body
    payment = world.verified(kept_headers, bytes(kept_body)).notice.payment
    assert payment is not None
    assert payment.order_no == order.order_no


def test_region_that_was_committed_stays_kept_when_a_later_one_fails(world: World) -> None:
    there, here = (make_no(region, Kind.ORDER, stranger_id(1)) for region in (SHIJIAZHUANG, NANCHANG))
    told = world.forged([(here, 100), (there, 100)])
    with as_owner() as session:
        session.execute(
            f"ALTER TABLE payments_notice ADD CONSTRAINT test_down CHECK (region_code <> {NANCHANG}) NOT VALID".encode()
        )
        try:
            with pytest.raises(CheckViolation):
                keep_notices(told)
        finally:
            session.execute("ALTER TABLE payments_notice DROP CONSTRAINT test_down")
    assert rows("SELECT region_code FROM payments_notice") == [(SHIJIAZHUANG,)]
    assert keep_notices(told) == 1
