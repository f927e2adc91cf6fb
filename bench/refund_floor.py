"""What the floor of refunding needs: late payments with their notices kept, and the notices that they went back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from bench.ground import NANCHANG, Ground
from bench.orders import BODY_BYTES, KEEP_BATCH, WaitingOrder, keep_notices_of
from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode, Notice, NoticeEvent, RefundFate, RefundTold
from canbao.journeys.keep_notices import keep_notices
from canbao.kernel.ids import Kind, make_no, uuid7
from canbao.payments.public import NoticeToKeep


def give_to_the_floor(ground: Ground, orders: Sequence[WaitingOrder], *, first: int) -> None:
    """Keep both notices of these payments and work out what the floor needs to give them back; numbered from `first`
    on.
    """
    now = ground.clock.now()
    refund_ids = [uuid7(now) for _ in orders]
    refund_nos = [make_no(NANCHANG, Kind.REFUND, refund_id) for refund_id in refund_ids]
    keep_notices_of(ground, orders)
    notices = [_notice(ground, order, refund_no) for order, refund_no in zip(orders, refund_nos, strict=True)]
    for start in range(0, len(notices), KEEP_BATCH):
        keep_notices(notices[start : start + KEEP_BATCH])
    ground.settle_down("payments_notice", "payments_refund", "payments_refund_event", "ledger_transfer")
    ground.execute(
        "fill_refund_floor_table",
        first=first,
        order_nos=[order.order_no for order in orders],
        refund_ids=refund_ids,
        refund_nos=refund_nos,
        case_nos=[make_no(NANCHANG, Kind.CASE, uuid7(now)) for _ in orders],
    )
    ground.settle_down("bench_refund_floor")


def _notice(ground: Ground, order: WaitingOrder, refund_no: str) -> NoticeToKeep:
    now = ground.clock.now()
    told = RefundTold(
        refund_no=refund_no,
        refund_ref=f"50300{secrets.randbelow(10**23):023d}",
        order_no=order.order_no,
        trade_ref="",
        amount_fen=order.amount_fen,
        captured_fen=order.amount_fen,
        currency="CNY",
        merchant_ref=catalogue.connector(ChannelCode.WECHAT).account.merchant_ref,
        fate=RefundFate.SUCCEEDED,
        happened_at=now,
        received_account="",
    )
    notice = Notice(
        notice_ref=secrets.token_hex(16), event=NoticeEvent.REFUND, payment=None, happened_at=now, refund=told
    )
    return NoticeToKeep(
        channel_code=ChannelCode.WECHAT,
        notice=notice,
        headers={"wechatpay-serial": secrets.token_hex(20), "wechatpay-signature": secrets.token_hex(172)},
        body=secrets.token_hex(BODY_BYTES).encode(),
        received_at=now,
    )
