"""Many finished notices at once, for load generators: signing costs most of a millisecond each, so it is done ahead
of time."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.clock import rfc3339
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.fields import OUT_TRADE_NO, TOTAL_FEN_MAX, Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.limits import BULK_NOTICES_MAX
from sandbox.wechat.notice_message import Message, NoticeFacts
from sandbox.wechat.notices import SUCCESS

THREADS = 2
FILE_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrder:
    """A notice wanted: for which number, over how much."""

    out_trade_no: str
    amount_fen: int


def check_bulk(orders: Sequence[BulkOrder]) -> None:
    """Refuse a list that is too long or holds what no order could be."""
    if not 1 <= len(orders) <= BULK_NOTICES_MAX:
        raise SandboxRefusal("bulk_size", f"{len(orders)} orders; name 1 to {BULK_NOTICES_MAX}.", 400)
    for order in orders:
        if not OUT_TRADE_NO.fullmatch(order.out_trade_no) or not 1 <= order.amount_fen <= TOTAL_FEN_MAX:
            sentence = f"Order {order.out_trade_no!r} over {order.amount_fen} fen could not exist; nothing was built."
            raise SandboxRefusal("bulk_order_unsound", sentence, 400)


def build_bulk(gateway: WeChatGateway, orders: Sequence[BulkOrder], *, is_paid_here: bool) -> list[Message]:
    """Signed notices of success, in the order given.

    With `is_paid_here` each number must be an unpaid order of this sandbox, whose payment is then booked without its
    own notice, so that queries and ledger agree with what is sent; the amounts are the orders'. Otherwise the numbers
    are taken as given.
    """
    check_bulk(orders)
    with gateway.lock:
        now = gateway.clock.now()
        facts = [_facts(gateway, order, is_paid_here=is_paid_here) for order in orders]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda one: gateway.sealer.seal(one, (), 0, now), facts, chunksize=64))


def message_line(message: Message) -> Body:
    """A message as plain values: headers, and the body in base64 so that every byte survives."""
    return {"headers": message.headers, "body_base64": base64.b64encode(message.body).decode()}


def write_bulk(messages: Sequence[Message], directory: Path, name: str) -> Path:
    """Write one JSON line per message into `directory/bulk/name.jsonl`; its path."""
    if not FILE_NAME.fullmatch(name):
        raise SandboxRefusal("bulk_file_name", f"File name {name!r}: letters, digits, _ and - only.", 400)
    path = directory / "bulk" / f"{name}.jsonl"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("w") as file:
        file.writelines(json.dumps(message_line(message)) + "\n" for message in messages)
    return path


def _facts(gateway: WeChatGateway, order: BulkOrder, *, is_paid_here: bool) -> NoticeFacts:
    now = gateway.clock.now()
    payer = gateway.ledger.default_payer(now)
    if is_paid_here:
        placed = gateway.orders.named(out_trade_no=order.out_trade_no)
        resource = gateway.orders.resource(gateway.orders.pay(placed, payer.openid, now, is_noticed=False))
    else:
        amount: Body = {"total": order.amount_fen, "currency": "CNY"}
        amount |= {"payer_total": order.amount_fen, "payer_currency": "CNY"}
        resource = {
            "mchid": gateway.keys.mchid,
            "appid": gateway.keys.appid,
            "out_trade_no": order.out_trade_no,
            "transaction_id": gateway.ids.transaction_id(now),
            "trade_type": "MWEB",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "success_time": rfc3339(now),
            "payer": {"openid": payer.openid},
            "amount": amount,
            "promotion_detail": [],
        }
    return NoticeFacts(notice_id=gateway.ids.notice_id(), event_type=SUCCESS, created_at=now, resource=resource)
