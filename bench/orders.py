"""Orders that wait for their notice, and the notices: the state in which settling begins.

Persons, enrolments and orders are written set-wise; the bills come from the journey that assesses a year. The notices
are kept through the product, as the intake keeps them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bench.ground import INSURED_YEAR, NANCHANG, Ground
from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode, Notice, NoticeEvent, Payment
from canbao.journeys.assess_year import assess_year
from canbao.journeys.keep_notices import keep_notices
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.connections import owner_connection
from canbao.kernel.ids import Kind, make_no, uuid7
from canbao.kernel.money import Fen
from canbao.payments.public import NoticeToKeep
from canbao.policy import public as policy

REGISTER_TABLES = ("registry_person", "registry_enrolment", "registry_identity", "registry_directory")
HOT_TABLES = (
    "billing_bill",
    "billing_bill_history",
    "payments_order",
    "payments_order_line",
    "payments_order_event",
    "payments_notice",
)
OLDEST_DAYS, GROWN_UP_DAYS = 27_400, 21_000
"""Ages are spread evenly up to here. Whoever is over seventy is helped, and need not pay."""

KEEP_BATCH = 500
HELPED_EVERY = 12
"""Eight in a hundred persons hold a special identity, as in the registers we make up."""
BODY_BYTES = 800
"""Half of a notice's body: hexadecimal here, base64 in truth, about 1.6 kB either way and hard to compress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingOrder:
    """A placed order over one bill."""

    order_no: str
    amount_fen: Fen


def fill_register(ground: Ground, persons: int, *, has_helped: bool) -> None:
    """Publish Nanchang's values and write a register of so many persons up to seventy-five years old.

    With `has_helped` one in twelve holds a special identity; without, everybody is younger than sixty and pays in full.
    """
    publish_policy([policy.VALUES / str(NANCHANG) / f"{INSURED_YEAR}.yaml"], by="bench", clock=ground.clock)
    now = ground.clock.now()
    ground.execute("fill_persons", persons=persons, oldest_days=OLDEST_DAYS if has_helped else GROWN_UP_DAYS, now=now)
    ground.execute("fill_enrolments", now=now)
    ground.execute("fill_directory")
    if has_helped:
        ground.execute("fill_identities", every=HELPED_EVERY, now=now)
    ground.settle_down(*REGISTER_TABLES)


def open_orders(ground: Ground, count: int) -> list[WaitingOrder]:
    """So many persons with a bill each, each held by an order that the channel has taken."""
    fill_register(ground, count, has_helped=False)
    assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=ground.clock)
    with owner_connection() as session:
        rows = session.execute("SELECT id, personal_fen FROM billing_bill WHERE state = 'due' ORDER BY md5(id::text)")
        bills: list[tuple[UUID, int]] = rows.fetchall()
    assert len(bills) == count, f"{count} persons owe something, and {len(bills)} bills were made"
    now = ground.clock.now()
    order_ids = [uuid7(now) for _ in bills]
    bill_ids = [bill_id for bill_id, _ in bills]
    order_nos = [make_no(NANCHANG, Kind.ORDER, order_id) for order_id in order_ids]
    given = {"order_ids": order_ids, "bill_ids": bill_ids}
    # Half a day ahead, so that the worker settles them and asks about none.
    expires_at = now + timedelta(hours=12)
    ground.execute("open_orders", **given, order_nos=order_nos, now=now, expires_at=expires_at)
    ground.execute("add_lines", **given)
    ground.execute("add_events", order_ids=order_ids, now=now)
    ground.execute("lock_bills", **given, expires_at=expires_at)
    ground.execute("record_locks", **given, now=now)
    ground.settle_down(*HOT_TABLES)
    return [
        WaitingOrder(order_no=order_no, amount_fen=Fen(amount_fen))
        for order_no, (_, amount_fen) in zip(order_nos, bills, strict=True)
    ]


def keep_notices_of(ground: Ground, orders: Sequence[WaitingOrder]) -> None:
    """Keep a genuine notice of payment for each order."""
    for start in range(0, len(orders), KEEP_BATCH):
        keep_notices([_notice(ground, order) for order in orders[start : start + KEEP_BATCH]])


def _notice(ground: Ground, order: WaitingOrder) -> NoticeToKeep:
    now = ground.clock.now()
    account = catalogue.connector(ChannelCode.WECHAT).account
    payment = Payment(
        order_no=order.order_no,
        trade_ref=f"42000{secrets.randbelow(10**23):023d}",
        amount_fen=order.amount_fen,
        currency="CNY",
        merchant_ref=account.merchant_ref,
        app_ref=account.app_ref,
        happened_at=now,
        payer_ref="",
    )
    notice = Notice(notice_ref=secrets.token_hex(16), event=NoticeEvent.PAYMENT, payment=payment, happened_at=now)
    headers = {"wechatpay-serial": secrets.token_hex(20), "wechatpay-signature": secrets.token_hex(172)}
    return NoticeToKeep(
        channel_code=ChannelCode.WECHAT,
        notice=notice,
        headers=headers,
        body=secrets.token_hex(BODY_BYTES).encode(),
        received_at=now,
    )


def give_to_the_floor(ground: Ground, orders: Sequence[WaitingOrder], *, first: int) -> None:
    """Work out what the floor needs to settle these orders, whose notices are kept; numbered from `first` on."""
    debit, credit = _accounts()
    ground.execute(
        "fill_floor_table",
        first=first,
        order_nos=[order.order_no for order in orders],
        debit_account_id=debit,
        credit_account_id=credit,
    )
    ground.settle_down("bench_floor")


def _accounts() -> tuple[UUID, UUID]:
    """The two accounts that a settled order moves; they exist once the first order has been settled."""
    with owner_connection() as session:
        found = session.execute("SELECT debit_account_id, credit_account_id FROM ledger_transfer LIMIT 1").fetchone()
    assert found is not None, "an order was settled before"
    return found[0], found[1]
