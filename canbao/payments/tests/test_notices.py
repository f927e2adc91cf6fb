"""Notices: kept once however often they come, claimed by one worker, judged once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from canbao.channels.interface import Notice, NoticeEvent
from canbao.kernel.ids import Kind, make_no, uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import NoticeToKeep
from canbao.payments.tests.desk import Desk
from tests.owner import as_owner

HEADERS = {"wechatpay-serial": "PUB_KEY_ID_1", "wechatpay-nonce": "n"}


def notice(desk: Desk, order_no: str, *, ref: str = "EV-1", amount_fen: int = 40_000) -> NoticeToKeep:
    """A verified notice of a payment."""
    payment = desk.seen(order_no, amount_fen, trade_ref="T1").payment
    told = Notice(notice_ref=ref, event=NoticeEvent.PAYMENT, payment=payment, happened_at=payment.happened_at)
    return NoticeToKeep(
        channel_code="wechat", notice=told, headers=HEADERS, body=b'{"id":"EV-1"}', received_at=desk.clock.now()
    )


def other(desk: Desk) -> NoticeToKeep:
    """A verified notice that tells of no payment."""
    told = Notice(notice_ref="EV-9", event=NoticeEvent.OTHER, payment=None, happened_at=desk.clock.now())
    return NoticeToKeep(channel_code="wechat", notice=told, headers={}, body=b"{}", received_at=desk.clock.now())


def keep(desk: Desk, *notices: NoticeToKeep) -> int:
    """Keep notices in a transaction of their own."""
    with region_tx(desk.region) as tx:
        return payments.keep_notices(tx, notices)


def kept_rows() -> list[tuple[object, ...]]:
    """What lies in the table."""
    with as_owner() as session:
        return session.execute(
            "SELECT region_code, order_no, notice_ref, verdict, judged_at IS NULL FROM payments_notice "
            "ORDER BY region_code, order_no, notice_ref"
        ).fetchall()


def test_repetition_is_kept_once_inside_a_batch_and_after_it(desk: Desk) -> None:
    first = notice(desk, "360100P0000000000X")
    assert keep(desk, first, first, first) == 1
    desk.clock.advance(timedelta(hours=3))
    again = replace(first, received_at=desk.clock.now(), headers={**HEADERS, "wechatpay-nonce": "another"})
    assert keep(desk, again) == 0
    with as_owner() as session:
        (row,) = session.execute("SELECT received_at, headers->>'wechatpay-nonce' FROM payments_notice").fetchall()
    assert row == (first.received_at, "n")


def test_same_number_with_other_words_is_another_row(desk: Desk) -> None:
    base = notice(desk, "360100P0000000000X")
    assert base.notice.payment is not None
    others = [
        notice(desk, "360100P0000000000X", ref="EV-2"),
        notice(desk, "360100P0000000001X"),
        notice(desk, "360100P0000000000X", amount_fen=1),
    ]
    assert keep(desk, base, *others) == 4
    assert keep(desk, *others, base) == 0
    assert len(kept_rows()) == 4


def test_notice_is_kept_as_it_came(desk: Desk) -> None:
    kept = notice(desk, "360100P0000000000X")
    keep(desk, kept)
    with as_owner() as session:
        (row,) = session.execute(
            "SELECT channel_code, notice_ref, event, order_no, trade_ref, amount_fen, currency, merchant_ref, app_ref, "
            "happened_at, headers, body, received_at, verdict, judged_at FROM payments_notice"
        ).fetchall()
    payment = kept.notice.payment
    assert payment is not None
    assert row == (
        *("wechat", "EV-1", "payment", payment.order_no, "T1", 40_000, "CNY", payment.merchant_ref, payment.app_ref),
        *(payment.happened_at, HEADERS, kept.body, desk.clock.now(), "", None),
    )


@pytest.mark.parametrize(
    "order_no, region",
    [
        ("{ours}", 360100),
        ("{ours_lower}", 360100),
        ("{bill}", 100000),
        ("360100P0000000000Y", 100000),
        ("A" * 32, 100000),
    ],
)
def test_notice_belongs_to_the_region_its_number_begins_with_or_to_the_nation(
    desk: Desk, order_no: str, region: int
) -> None:
    known = uuid7(desk.clock.now())
    ours = make_no(desk.region, Kind.ORDER, known)
    bill = make_no(desk.region, Kind.BILL, known)
    text = order_no.format(ours=ours, ours_lower=ours.lower(), bill=bill)
    assert payments.region_of_notice(notice(desk, text).notice) == region


def test_notice_without_a_payment_belongs_to_the_nation(desk: Desk) -> None:
    assert payments.region_of_notice(other(desk).notice) == NATION


def test_oldest_notices_are_claimed_first_and_no_more_than_asked_for(desk: Desk) -> None:
    for number in range(5):
        keep(desk, notice(desk, f"360100P000000000{number}X", ref=f"EV-{number}"))
        desk.clock.advance(timedelta(seconds=1))
    assert payments.regions_with_kept_notices() == [desk.region]
    with region_tx(desk.region) as tx:
        claimed = payments.claim_notices(tx, limit=3)
        assert [item.seen.payment.order_no[-2] for item in claimed if item.seen] == ["0", "1", "2"]
        payments.close_notices(tx, {item.notice_id: "settled" for item in claimed}, now=desk.clock.now())
    with region_tx(desk.region) as tx:
        left = payments.claim_notices(tx, limit=100)
        assert [item.seen.payment.order_no[-2] for item in left if item.seen] == ["3", "4"]
        payments.close_notices(tx, {item.notice_id: "exists" for item in left}, now=desk.clock.now())
    assert payments.regions_with_kept_notices() == []
    assert [row[3] for row in kept_rows()] == ["settled"] * 3 + ["exists"] * 2


def test_claimed_notice_says_what_the_channel_said(desk: Desk) -> None:
    kept = notice(desk, "360100P0000000000X")
    keep(desk, kept, other(desk))
    with region_tx(desk.region) as tx:
        claimed = payments.claim_notices(tx, limit=10)
    seen = [item.seen for item in claimed]
    assert sorted(item is None for item in seen) == [False, True]
    (told,) = [item for item in seen if item is not None]
    assert (told.payment, told.channel_code, told.learned_from) == (kept.notice.payment, "wechat", "notice")


def test_notice_whose_worker_died_is_claimed_again(desk: Desk) -> None:
    keep(desk, notice(desk, "360100P0000000000X"))

    class Died(Exception):
        """The process is gone before it commits."""

    with pytest.raises(Died), region_tx(desk.region) as tx:
        (item,) = payments.claim_notices(tx, limit=10)
        payments.close_notices(tx, {item.notice_id: "settled"}, now=desk.clock.now())
        raise Died
    with region_tx(desk.region) as tx:
        assert [found.notice_id for found in payments.claim_notices(tx, limit=10)] == [item.notice_id]


def test_workers_at_once_share_the_notices_and_none_is_taken_twice(desk: Desk) -> None:
    keep(desk, *(notice(desk, f"360100P0000000{number:03d}X", ref=f"EV-{number}") for number in range(100)))
    holding = threading.Barrier(4)

    def run(_: int) -> list[str]:
        with region_tx(desk.region) as tx:
            claimed = payments.claim_notices(tx, limit=25)
            holding.wait(10)
            payments.close_notices(tx, {item.notice_id: "settled" for item in claimed}, now=desk.clock.now())
        return [str(item.notice_id) for item in claimed]

    with ThreadPoolExecutor(4) as threads:
        taken = [name for names in threads.map(run, range(4)) for name in names]
    assert (len(taken), len(set(taken))) == (100, 100)


def test_two_intakes_keeping_the_same_batch_at_once_keep_each_notice_once(desk: Desk) -> None:
    batch = [notice(desk, f"360100P0000000{number:03d}X", ref=f"EV-{number}") for number in range(50)]
    ready = threading.Barrier(4)

    def run(worker: int) -> int:
        ready.wait(10)
        return keep(desk, *(batch if worker % 2 else reversed(batch)))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(run, range(4))) == 50
    assert len(kept_rows()) == 50


def test_time_from_notice_to_settlement_counts_from_the_first_arrival(desk: Desk) -> None:
    order = desk.open()
    assert payments.notice_to_settled_ms(desk.region, order.order_no) is None
    keep(desk, notice(desk, order.order_no))
    desk.clock.advance(timedelta(milliseconds=250))
    keep(desk, notice(desk, order.order_no, ref="EV-2"))
    assert payments.notice_to_settled_ms(desk.region, order.order_no) is None
    desk.judge(desk.seen(order.order_no, int(Fen(40_000))))
    assert payments.notice_to_settled_ms(desk.region, order.order_no) == 250
