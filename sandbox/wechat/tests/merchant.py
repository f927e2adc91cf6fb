"""A merchant in the tests: signs what it sends, checks what it hears, opens the notices it is sent."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1

from sandbox.clock import BEIJING
from sandbox.exchange import Answer, Request, request_of
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.notices import OutgoingNotice
from sandbox.wechat.orders import Order
from sandbox.wechat.wire import SCHEME, is_signed_by, sign, signed_text

ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
TRADE_BILL = "/v3/bill/tradebill"
FUND_BILL = "/v3/bill/fundflowbill"
NOTIFY_URL = "http://127.0.0.1:9/notices/wechat"
REFUND_URL = "http://127.0.0.1:9/notices/refund"
# Longer than any ordinary refund takes.
REFUND_S = 301


@dataclass(slots=True, kw_only=True)
class Merchant:
    """Calls one gateway in process."""

    gateway: WeChatGateway
    nonce_count: int = 0

    def body(self, out_trade_no: str, total_fen: int = 38000, changes: Body | None = None) -> Body:
        """A sound H5 order; `changes` replace fields, and None takes one away."""
        keys = self.gateway.keys
        content: Body = {
            "appid": keys.appid,
            "mchid": keys.mchid,
            "description": "城乡居民基本医疗保险费",
            "out_trade_no": out_trade_no,
            "notify_url": NOTIFY_URL,
            "amount": {"total": total_fen, "currency": "CNY"},
            "scene_info": {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}},
        }
        content |= changes or {}
        return {name: value for name, value in content.items() if value is not None}

    def request(self, method: str, target: str, content: Body | None = None) -> Request:
        """A signed request."""
        self.nonce_count += 1
        nonce = f"{self.nonce_count:032d}"
        raw = b"" if content is None else json.dumps(content).encode()
        return self.signed(method, target, raw, nonce)

    def signed(self, method: str, target: str, raw: bytes, nonce: str, away: timedelta = timedelta(0)) -> Request:
        """A request signed so far away from now, over these bytes."""
        keys = self.gateway.keys
        timestamp = str(int((self.gateway.clock.now() + away).timestamp()))
        signature = sign(keys.merchant_private_key, signed_text(method, target, timestamp, nonce, raw))
        named = {
            "mchid": keys.mchid,
            "nonce_str": nonce,
            "signature": signature,
            "timestamp": timestamp,
            "serial_no": keys.merchant_serial,
        }
        headers = {
            "Authorization": SCHEME + " " + ",".join(f'{name}="{value}"' for name, value in named.items()),
            "Accept": "application/json",
            "User-Agent": "tests",
            "Content-Type": "application/json",
            "Wechatpay-Serial": keys.public_key_id,
        }
        return request_of(method, target, headers, raw)

    def call(self, method: str, target: str, content: Body | None = None) -> Answer:
        return self.gateway.exchange(self.request(method, target, content))

    def place(self, out_trade_no: str, total_fen: int = 38000, changes: Body | None = None, kind: str = "h5") -> Answer:
        return self.call("POST", f"{ORDERS}/{kind}", self.body(out_trade_no, total_fen, changes))

    def placed(self, out_trade_no: str, total_fen: int = 38000, changes: Body | None = None) -> Order:
        """Place an H5 order and return it as the channel keeps it."""
        answer = self.place(out_trade_no, total_fen, changes)
        assert answer.status == 200, answer.body
        return self.gateway.orders.named(out_trade_no=out_trade_no)

    def ask(self, out_trade_no: str) -> Answer:
        return self.call("GET", f"{ORDERS}/out-trade-no/{out_trade_no}?mchid={self.gateway.keys.mchid}")

    def close(self, out_trade_no: str) -> Answer:
        return self.call("POST", f"{ORDERS}/out-trade-no/{out_trade_no}/close", {"mchid": self.gateway.keys.mchid})

    def pay(self, out_trade_no: str) -> Order:
        """The first payer pays."""
        gateway = self.gateway
        now = gateway.clock.now()
        order = gateway.orders.named(out_trade_no=out_trade_no)
        return gateway.orders.pay(order, gateway.ledger.default_payer(now).openid, now)

    def paid(self, out_trade_no: str, total_fen: int = 38000, changes: Body | None = None) -> Order:
        """Place an order and have the first payer pay it; its notice is acknowledged."""
        self.placed(out_trade_no, total_fen, changes)
        order = self.pay(out_trade_no)
        self.hear(200)
        return order

    def refund_body(self, order: Order, out_refund_no: str, amount_fen: int, changes: Body | None = None) -> Body:
        """A sound refund of a paid order; `changes` replace fields, and None takes one away."""
        content: Body = {
            "transaction_id": order.transaction_id,
            "out_refund_no": out_refund_no,
            "reason": "重复缴费",
            "notify_url": REFUND_URL,
            "amount": {"refund": amount_fen, "total": order.total_fen, "currency": "CNY"},
        }
        content |= changes or {}
        return {name: value for name, value in content.items() if value is not None}

    def refund(self, order: Order, out_refund_no: str, amount_fen: int, changes: Body | None = None) -> Answer:
        return self.call("POST", REFUNDS, self.refund_body(order, out_refund_no, amount_fen, changes))

    def ask_refund(self, out_refund_no: str) -> Answer:
        return self.call("GET", f"{REFUNDS}/{out_refund_no}")

    def status_of(self, out_refund_no: str) -> str:
        return str(content_of(self.ask_refund(out_refund_no))["status"])

    def ask_bill(self, day: str, query: str = "", path: str = TRADE_BILL) -> Answer:
        """Ask for a day's bill; its address is in the answer."""
        return self.call("GET", f"{path}?bill_date={day}{query}")

    def take_bill(self, asked: Answer) -> Answer:
        """Take the file that an ask was answered with."""
        assert asked.status == 200, asked.body
        return self.call("GET", str(content_of(asked)["download_url"]).removeprefix(self.gateway.base_url))

    def bill(self, day: str, query: str = "", path: str = TRADE_BILL) -> bytes:
        """The file of a day's bill, its hash checked where it is not packed."""
        asked = self.ask_bill(day, query, path)
        content = self.take_bill(asked).content()
        if "GZIP" not in query:
            assert content_of(asked)["hash_value"] == hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return content

    def set_time(self, text: str) -> None:
        """Make it this moment in China, such as `2024-11-16 10:00:00`."""
        self.gateway.clock.set(datetime.fromisoformat(text).replace(tzinfo=BEIJING))

    def secret(self, text: str) -> str:
        """A text under the platform's public key, as secret fields travel."""
        public_key = self.gateway.keys.platform_private_key.public_key()
        sealed = public_key.encrypt(text.encode(), OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None))
        return base64.b64encode(sealed).decode()

    def now(self) -> datetime:
        return self.gateway.clock.now()

    def pass_time(self, seconds: float) -> None:
        """Move virtual time on."""
        self.gateway.clock.advance(seconds)

    def believes(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether a careful merchant accepts the signature: its key, its serial, within five minutes."""
        keys = self.gateway.keys
        if headers.get("Wechatpay-Serial") != keys.public_key_id:
            return False
        timestamp = headers["Wechatpay-Timestamp"]
        if abs(int(timestamp) - self.gateway.clock.now().timestamp()) > 300:
            return False
        text = signed_text(timestamp, headers["Wechatpay-Nonce"], body)
        return is_signed_by(keys.platform_private_key.public_key(), text, headers["Wechatpay-Signature"])

    def opened(self, body: bytes) -> Body | None:
        """The decrypted resource of a notice; None where it does not decrypt."""
        resource = json.loads(body)["resource"]
        cipher = AESGCM(self.gateway.keys.api_v3_key.encode())
        sealed = base64.b64decode(resource["ciphertext"])
        try:
            plain = cipher.decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode())
        except InvalidTag:
            return None
        content: Body = json.loads(plain)
        return content

    def hear(self, outcome: int | str) -> list[OutgoingNotice]:
        """Take all that is due and answer each so."""
        messages = self.gateway.due_notices()
        for message in messages:
            self.gateway.record_notice(message, outcome)
        return messages


def content_of(answer: Answer) -> Body:
    content: Body = json.loads(answer.body)
    return content


def code_of(answer: Answer) -> ErrorCode:
    return ErrorCode(str(content_of(answer)["code"]))


def whole_book(gateway: WeChatGateway) -> list[tuple[object, ...]]:
    """Orders, refunds, transfers and notices, to be compared before and after a refusal."""
    tables = ("trade_order", "refund", "transfer", "notice", "account")
    return [tuple(row) for table in tables for row in gateway.store.rows(f"SELECT * FROM {table} ORDER BY rowid")]
