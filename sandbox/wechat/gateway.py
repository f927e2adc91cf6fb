"""The played channel as one object: bytes in, bytes out, no sockets, no threads, no sleeping.

`exchange()` takes a request and gives the answer with what the transport shall do to it; `handle()` is the same for
callers who only want status, headers and body. Notices are taken from `due_notices()` by whoever delivers them: the
HTTP server, a test, a simulator. The server in `sandbox.server` is a thin shell over this.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote

from sandbox.clock import VirtualClock, rfc3339
from sandbox.exchange import Answer, BodyFile, Request, TransportAct, request_of
from sandbox.wechat.answers import INSTEAD, Signer, downloaded, instead, nowhere, refusal, with_transport
from sandbox.wechat.authorization import check_request
from sandbox.wechat.bill_calls import BillCalls
from sandbox.wechat.bills import BillBook
from sandbox.wechat.cashier import Cashier
from sandbox.wechat.errors import ChannelError, ErrorCode, SandboxRefusal, bad_field
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Rule, Stage
from sandbox.wechat.fields import Body, OrderKind, Scope, check_merchant, check_order, parse_body
from sandbox.wechat.keys import KeyMode, Keys
from sandbox.wechat.ledger import Ledger
from sandbox.wechat.limits import BODY_BYTES_MAX, LOG_LINES_MAX, Gauge, Limits
from sandbox.wechat.notice_message import Sealer, new_nonce
from sandbox.wechat.notices import NoticeBook, OutgoingNotice
from sandbox.wechat.orders import Order, OrderBook
from sandbox.wechat.rates import CallRates
from sandbox.wechat.refund_calls import RefundCalls
from sandbox.wechat.refunds import RefundBook
from sandbox.wechat.store import Ids, Store
from sandbox.wechat.wire import JSON, encrypt_resource

_ROUTES: tuple[tuple[str, re.Pattern[str], Endpoint], ...] = (
    ("POST", re.compile(r"/v3/pay/(?P<partner>partner/)?transactions/(?P<kind>h5|native|jsapi|app)"), Endpoint.ORDER),
    (
        "GET",
        re.compile(r"/v3/pay/(?P<partner>partner/)?transactions/out-trade-no/(?P<number>[^/]+)"),
        Endpoint.QUERY,
    ),
    ("GET", re.compile(r"/v3/pay/(?P<partner>partner/)?transactions/id/(?P<transaction>[^/]+)"), Endpoint.QUERY),
    (
        "POST",
        re.compile(r"/v3/pay/(?P<partner>partner/)?transactions/out-trade-no/(?P<number>[^/]+)/close"),
        Endpoint.CLOSE,
    ),
    ("POST", re.compile(r"/v3/refund/domestic/refunds"), Endpoint.REFUND),
    ("GET", re.compile(r"/v3/refund/domestic/refunds/(?P<refund_no>[^/]+)"), Endpoint.REFUND_QUERY),
    (
        "POST",
        re.compile(r"/v3/refund/domestic/refunds/(?P<refund_id>[^/]+)/apply-abnormal-refund"),
        Endpoint.REFUND_ABNORMAL,
    ),
    ("GET", re.compile(r"/v3/bill/tradebill"), Endpoint.TRADE_BILL),
    ("GET", re.compile(r"/v3/bill/fundflowbill"), Endpoint.FUND_BILL),
    ("GET", re.compile(r"/v3/billdownload/file"), Endpoint.BILL_FILE),
    ("GET", re.compile(r"/v3/certificates"), Endpoint.CERTIFICATES),
)


class TransportFailure(Exception):
    """What a caller of `handle()` meets where a caller over a socket would hear no whole answer."""

    def __init__(self, act: TransportAct, *, is_processed: bool) -> None:
        super().__init__(f"{act}, {'processed' if is_processed else 'not processed'}")
        self.act = act
        self.is_processed = is_processed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A routed API call."""

    endpoint: Endpoint
    scope: Scope
    kind: OrderKind | None
    number: str
    transaction: str
    refund_no: str = ""
    refund_id: str = ""


class WeChatGateway:
    """One merchant's WeChat Pay, whole: keys, book, faults, clock. Safe to share between threads."""

    def __init__(
        self,
        *,
        keys: Keys,
        clock: VirtualClock,
        state_path: Path | None = None,
        keys_directory: Path | None = None,
        seed: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.keys = keys
        self.clock = clock
        self.lock = threading.RLock()
        self.store = Store(state_path)
        self.sealer = Sealer(keys)
        self.keys_directory = keys_directory
        self.base_url = "http://127.0.0.1"
        self.gauge = Gauge(limits or Limits())
        self.log: deque[dict[str, object]] = deque(maxlen=LOG_LINES_MAX)
        # Called when notices may have become due; the server wakes its delivery with it.
        self.on_change: Callable[[], None] = _nothing
        # Called by `handle()` for `before_create_answer`, so that a driver delivers before it hears the answer.
        self.before_answer: Callable[[], None] = _nothing
        self._assemble(seed)

    def _assemble(self, seed: int) -> None:
        self.seed = seed
        self.ids = Ids(self.store, seed)
        self.faults = FaultBook(seed)
        self.rates = CallRates()
        self.ledger = Ledger(self.store, self.ids)
        self.notices = NoticeBook(store=self.store, ids=self.ids, faults=self.faults, sealer=self.sealer)
        self.orders = OrderBook(
            store=self.store,
            ids=self.ids,
            ledger=self.ledger,
            notices=self.notices,
            faults=self.faults,
            keys=self.keys,
        )
        self.refunds = RefundBook(
            store=self.store,
            ids=self.ids,
            ledger=self.ledger,
            notices=self.notices,
            faults=self.faults,
            orders=self.orders,
            keys=self.keys,
        )
        self._refund_calls = RefundCalls(self.refunds, self.keys)
        self.bills = BillBook(store=self.store, ids=self.ids, faults=self.faults, keys=self.keys)
        self._bill_calls = BillCalls(self.bills, self.keys)
        self.cashier = Cashier(orders=self.orders, ledger=self.ledger, keys=self.keys)
        self._signer = Signer(self.keys, self.sealer)

    def reset(self, seed: int) -> None:
        """Forget the book, faults, rates, log and clock moves, and begin anew with this seed. Keys stay."""
        with self.lock:
            self.store.wipe()
            self.clock.forget_moves()
            self.log.clear()
            self._assemble(seed)

    def handle(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One call in process; `TransportFailure` where a socket would have failed."""
        target = f"{path}?{query}" if query else path
        answer = self.exchange(request_of(method, target, headers, body))
        if answer.act is TransportAct.AFTER_NOTICE:
            self.before_answer()
        elif answer.act is not None and answer.act is not TransportAct.DRIP:
            raise TransportFailure(answer.act, is_processed=answer.is_processed)
        return answer.status, answer.headers, answer.content()

    def exchange(self, request: Request) -> Answer:
        """The answer to one request, and what shall happen to it on the way."""
        with self.lock:
            now = self.clock.now()
            request_id = self.ids.request_id()
            self.sweep(now)
            is_admitted = self.gauge.admits()
            if len(request.body) > BODY_BYTES_MAX:
                answer = nowhere(413, request_id)
            elif self.gauge.is_spent():
                answer = nowhere(503, request_id)
            elif not is_admitted:
                answer = refusal(ChannelError(ErrorCode.FREQUENCY_LIMITED), request_id)
            elif self.cashier.owns(request.path):
                answer = self.cashier.answer(request, now)
            else:
                answer = self._api(request, request_id, now)
            self._write_log(request, answer, now)
        self.on_change()
        return answer

    def sweep(self, now: datetime) -> None:
        """Let time do its work on everything that hangs on it."""
        self.orders.sweep(now)
        self.refunds.sweep(now)

    def catch_up(self, now: datetime) -> None:
        """Let time do all its work, however much of it waits: what tells of a day must leave nothing of it open."""
        self.sweep(now)
        while (due_at := self.refunds.next_due_at()) is not None and due_at <= now:
            self.refunds.sweep(now)

    def due_notices(self, *, out_trade_no: str = "") -> list[OutgoingNotice]:
        """Notices to be delivered now; report each with `record_notice()`."""
        with self.lock:
            now = self.clock.now()
            self.sweep(now)
            return self.notices.due(now, out_trade_no=out_trade_no)

    def record_notice(self, message: OutgoingNotice, outcome: int | str) -> None:
        """What the receiver answered (a status) or a word for silence such as `timeout`."""
        with self.lock:
            self.notices.record(message, outcome)

    def findings(self) -> list[str]:
        """What is wrong in the channel's own book; empty when all is well."""
        with self.lock:
            return self.ledger.findings()

    def close(self) -> None:
        """Close the book; nothing can be asked afterwards."""
        self.store.close()

    def _api(self, request: Request, request_id: str, now: datetime) -> Answer:
        call = _route(request)
        if isinstance(call, int):
            return nowhere(call, request_id)
        out_trade_no = self._out_trade_no_of(call, request)
        rules = self.faults.take(Stage.CALL, call.endpoint, out_trade_no)
        for rule in rules:
            if rule.fault in INSTEAD:
                return instead(rule, request_id)
        try:
            check_request(request, self.keys, self.store, now)
            content = self._admit_and_process(call, request, rules, now)
        except SandboxRefusal:
            # A fault wanted a payment that the payer cannot make: the channel's word for its own trouble.
            return refusal(ChannelError(ErrorCode.SYSTEM_ERROR), request_id)
        except ChannelError as error:
            return with_transport(refusal(error, request_id), rules, request_id)
        if isinstance(content, BodyFile):
            return with_transport(downloaded(content, request_id), rules, request_id)
        return self._signer.success(
            content,
            asked_serial=request.headers.get("wechatpay-serial", ""),
            request_id=request_id,
            rules=rules,
            now=now,
        )

    def _out_trade_no_of(self, call: Call, request: Request) -> str:
        """The order a call is about, by which rules select it; a refund call may name it by other numbers."""
        named = call.number or _text_in(request.body, "out_trade_no")
        if named or call.endpoint not in (Endpoint.REFUND, Endpoint.REFUND_QUERY, Endpoint.REFUND_ABNORMAL):
            return named
        return self.refunds.out_trade_no_of(
            out_refund_no=call.refund_no,
            refund_id=call.refund_id,
            transaction_id=_text_in(request.body, "transaction_id"),
        )

    def _admit_and_process(
        self, call: Call, request: Request, rules: list[Rule], now: datetime
    ) -> Body | BodyFile | None:
        if not self.rates.admits(call.endpoint, now):
            raise ChannelError(ErrorCode.FREQUENCY_LIMITED)
        try:
            return self._process(call, request, rules, now)
        except ChannelError:
            self.rates.note_refused(call.endpoint)
            raise

    def _process(self, call: Call, request: Request, rules: list[Rule], now: datetime) -> Body | BodyFile | None:
        match call.endpoint:
            case Endpoint.ORDER:
                return self._place(call, request, rules, now)
            case Endpoint.QUERY:
                return self._query(call, request)
            case Endpoint.CLOSE:
                self._close(call, request, rules, now)
                return None
            case Endpoint.REFUND:
                return self._refund_calls.ask(request, rules, now)
            case Endpoint.REFUND_QUERY:
                return self._refund_calls.query(call.refund_no, _query_values(request))
            case Endpoint.REFUND_ABNORMAL:
                return self._refund_calls.reroute(call.refund_id, request, now)
            case Endpoint.TRADE_BILL | Endpoint.FUND_BILL:
                self.catch_up(now)
                return self._bill_calls.ask(call.endpoint, _query_values(request), self.base_url, now)
            case Endpoint.BILL_FILE:
                return self._bill_calls.file(_query_values(request), now)
            case _:
                return self._certificates(now)

    def _place(self, call: Call, request: Request, rules: list[Rule], now: datetime) -> Body:
        assert call.kind is not None
        wanted = check_order(call.scope, call.kind, request.body, self.keys, now)
        order = self.orders.place(wanted, now)
        if any(rule.fault is Fault.BEFORE_CREATE_ANSWER for rule in rules):
            self.orders.pay(order, self.ledger.default_payer(now).openid, now)
        return self._way_to_pay(order)

    def _way_to_pay(self, order: Order) -> Body:
        match order.kind:
            case OrderKind.H5:
                page = f"{self.base_url}/cgi-bin/mmpayweb-bin/checkmweb"
                return {"h5_url": f"{page}?prepay_id={order.prepay_id}&package={order.page_code}"}
            case OrderKind.NATIVE:
                return {"code_url": f"weixin://wxpay/bizpayurl?pr={order.page_code}"}
            case _:
                return {"prepay_id": order.prepay_id}

    def _query(self, call: Call, request: Request) -> Body:
        merchant_ref = check_merchant(call.scope, _query_values(request), self.keys)
        if call.transaction:
            return self.orders.resource(self.orders.by_transaction(merchant_ref, call.transaction))
        return self.orders.resource(self.orders.of_merchant(merchant_ref, call.number))

    def _close(self, call: Call, request: Request, rules: list[Rule], now: datetime) -> None:
        merchant_ref = check_merchant(call.scope, parse_body(request.body), self.keys)
        fired = {rule.fault for rule in rules}
        order = self.orders.of_merchant(merchant_ref, call.number)
        if Fault.PAID_WHILE_CLOSING in fired:
            # Where the payer can no longer pay (too late, no money) the race is lost to the close, as it would be.
            with contextlib.suppress(SandboxRefusal):
                self.orders.pay(order, self.ledger.default_payer(now).openid, now)
        closed = self.orders.close(merchant_ref, call.number, now)
        if Fault.PAID_AFTER_CLOSE in fired:
            with contextlib.suppress(SandboxRefusal):
                self.orders.pay_late(closed, now)

    def _certificates(self, now: datetime) -> Body:
        if self.keys.mode is KeyMode.PUBLIC_KEY:
            raise ChannelError(ErrorCode.RESOURCE_NOT_EXISTS)
        listed: list[Body] = []
        for one in self.keys.live_certificates(now):
            nonce = new_nonce(12)
            sealed = encrypt_resource(self.keys.api_v3_key, nonce, "certificate", one.pem())
            listed.append(
                {
                    "serial_no": one.serial,
                    "effective_time": rfc3339(one.certificate.not_valid_before_utc),
                    "expire_time": rfc3339(one.certificate.not_valid_after_utc),
                    "encrypt_certificate": {
                        "algorithm": "AEAD_AES_256_GCM",
                        "nonce": nonce,
                        "associated_data": "certificate",
                        "ciphertext": sealed,
                    },
                }
            )
        return {"data": listed}

    def _write_log(self, request: Request, answer: Answer, now: datetime) -> None:
        self.log.append(
            {
                "at": rfc3339(now),
                "method": request.method,
                "path": request.path,
                "out_trade_no": _text_in(request.body, "out_trade_no"),
                "out_refund_no": _text_in(request.body, "out_refund_no"),
                "payer": _masked_payer_in(request.body),
                "status": answer.status,
                "code": _code_in(answer),
                "act": answer.act.value if answer.act else "",
                "is_processed": answer.is_processed,
            }
        )


def _nothing() -> None:
    """No one listens."""


def _route(request: Request) -> Call | int:
    """The call a request asks for, or the status of one that the channel does not have."""
    status = 404
    for method, pattern, endpoint in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found is None:
            continue
        if method != request.method:
            status = 405
            continue
        parts = found.groupdict()
        return Call(
            endpoint=endpoint,
            scope=Scope.PARTNER if parts.get("partner") else Scope.DIRECT,
            kind=OrderKind(parts["kind"]) if parts.get("kind") else None,
            number=unquote(parts.get("number") or ""),
            transaction=unquote(parts.get("transaction") or ""),
            refund_no=unquote(parts.get("refund_no") or ""),
            refund_id=unquote(parts.get("refund_id") or ""),
        )
    return status


def _query_values(request: Request) -> Body:
    values = parse_qs(request.query, keep_blank_values=True, max_num_fields=20)
    repeated = [name for name, found in values.items() if len(found) > 1]
    if repeated:
        raise bad_field(f"/{repeated[0]}", "", "参数重复", "query")
    return {name: found[0] for name, found in values.items()}


def _object_in(body: bytes) -> Body:
    try:
        content = json.loads(body.decode()) if body else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _text_in(body: bytes, name: str) -> str:
    value = _object_in(body).get(name, "")
    return value[:64] if isinstance(value, str) else ""


def _masked_payer_in(body: bytes) -> str:
    """The payer of a request, of whom only the ends are shown."""
    payer = _object_in(body).get("payer")
    openid = str(next(iter(payer.values()), "")) if isinstance(payer, dict) else ""
    return f"{openid[:3]}***{openid[-2:]}" if openid else ""


def _code_in(answer: Answer) -> str:
    if answer.status < 400 or answer.headers.get("Content-Type") != JSON:
        return ""
    return str(_object_in(answer.body).get("code", ""))
