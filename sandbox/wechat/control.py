"""The control plane: the hand that plays the payer, moves the clock and breaks things, for tests, demos and
benchmarks.

It lives under `/_sandbox/` on its own port and speaks JSON. `handle()` changes the gateway and may hand back
messages that the server shall deliver before it answers. It listens to loopback names only and takes changes only
as JSON, so that a web page in a developer's browser cannot drive it.
"""

from __future__ import annotations

import re
from dataclasses import asdict

from sandbox.clock import parse_rfc3339, rfc3339
from sandbox.exchange import Request
from sandbox.wechat.bulk import BulkOrder, build_bulk, message_line, write_bulk
from sandbox.wechat.control_bills import BillRoutes
from sandbox.wechat.control_refunds import RefundRoutes
from sandbox.wechat.errors import ErrorCode, SandboxRefusal
from sandbox.wechat.faults import CATALOGUE, Endpoint, Fault, Rule
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.keys import KeyMode, save_keys
from sandbox.wechat.ledger import DEFAULT_BALANCE_FEN
from sandbox.wechat.orders import Order
from sandbox.wechat.wishes import Content, Doer, Reply, Wish, content_of

ROOT = "/_sandbox"
LISTED_MAX = 1000
NOTE = "微信支付沙箱控制台：演示环境，不会扣钱。A development tool; no money moves."


class ControlPlane:
    """Every route of the control plane over one gateway."""

    def __init__(self, gateway: WeChatGateway) -> None:
        self._gateway = gateway
        self._routes: tuple[tuple[str, str, Doer], ...] = (
            ("GET", "/", self._index),
            ("GET", "/payers", self._payers),
            ("POST", "/payers", self._create_payer),
            ("POST", "/payers/(.+)/balance", self._set_balance),
            ("GET", "/orders", self._orders),
            ("POST", "/pay", self._pay),
            ("POST", "/cancel", self._cancel),
            ("POST", "/fail", self._fail),
            ("GET", "/faults", self._faults),
            ("GET", "/faults/catalogue", self._catalogue),
            ("POST", "/faults", self._add_fault),
            ("POST", "/faults/clear", self._clear_faults),
            ("GET", "/clock", self._clock),
            ("POST", "/clock", self._move_clock),
            ("GET", "/notices", self._notices),
            ("POST", "/notices/hold", self._hold),
            ("POST", "/notices/release", self._release),
            ("POST", "/notices/reorder", self._reorder),
            ("POST", "/notices/deliver", self._deliver),
            ("POST", "/notices/(.+)/replay", self._replay),
            ("GET", "/ledger", self._ledger),
            ("GET", "/merchant", self._merchant),
            ("POST", "/merchant", self._set_merchant),
            ("POST", "/keys/rotate", self._rotate),
            ("POST", "/reset", self._reset),
            ("GET", "/log", self._log),
            ("POST", "/bulk_notices", self._bulk),
            *RefundRoutes(gateway).listed(),
            *BillRoutes(gateway).listed(),
        )

    def handle(self, request: Request) -> Reply:
        """Do what is asked, or say why not; a refusal changes nothing."""
        try:
            doer, wish = self._read(request)
            reply = doer(wish)
        except SandboxRefusal as refused:
            return Reply(status=refused.status, content={"code": refused.code, "message": refused.sentence})
        self._gateway.on_change()
        return reply

    def _read(self, request: Request) -> tuple[Doer, Wish]:
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost", "[::1]"):
            raise SandboxRefusal("host_foreign", f"Host {host!r} is not a loopback name.", 403)
        known_paths = False
        for method, pattern, doer in self._routes:
            found = re.fullmatch(re.escape(ROOT) + pattern, request.path)
            if found is None:
                continue
            known_paths = True
            if method == request.method:
                return doer, Wish(content_of(request), found.group(1) if found.groups() else "")
        status, word = (405, "method_unknown") if known_paths else (404, "path_unknown")
        raise SandboxRefusal(word, f"{request.method} {request.path} is not here; GET {ROOT}/ lists what is.", status)

    def _index(self, _wish: Wish) -> Reply:
        return Reply(content={"note": NOTE, "routes": [f"{method} {ROOT}{path}" for method, path, _ in self._routes]})

    def _payers(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            return Reply(content={"payers": [asdict(one) for one in self._gateway.ledger.payers()]})

    def _create_payer(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            made = self._gateway.ledger.create_payer(
                name=wish.text("name", "演示付款人"),
                balance_fen=wish.whole("balance_fen", DEFAULT_BALANCE_FEN),
                openid=wish.text("openid") or None,
                now=self._gateway.clock.now(),
            )
        return Reply(status=201, content=asdict(made))

    def _set_balance(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            now = self._gateway.clock.now()
            return Reply(
                content=asdict(self._gateway.ledger.set_balance(wish.path_value, wish.whole("balance_fen"), now))
            )

    def _orders(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.sweep(self._gateway.clock.now())
            if number := wish.text("out_trade_no"):
                found = [self._gateway.orders.named(out_trade_no=number)]
            else:
                found = self._gateway.orders.recent(LISTED_MAX)
        return Reply(content={"orders": [_shown(order) for order in found]})

    def _pay(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            now = self._gateway.clock.now()
            self._gateway.sweep(now)
            order = self._named(wish)
            openid = wish.text("openid") or self._gateway.ledger.default_payer(now).openid
            payer = self._gateway.ledger.payer(openid)
            paid = self._gateway.orders.pay(order, payer.openid, now, is_noticed=not wish.flag("is_silent"))
        return Reply(content=_shown(paid))

    def _cancel(self, wish: Wish) -> Reply:
        """The payer goes away: nothing changes at the channel, which is the point."""
        return Reply(content=_shown(self._unpaid(wish)))

    def _fail(self, wish: Wish) -> Reply:
        """The payer's attempt fails: the order stays unpaid and nothing is sent."""
        return Reply(content=_shown(self._unpaid(wish)))

    def _unpaid(self, wish: Wish) -> Order:
        with self._gateway.lock:
            order = self._named(wish)
        if order.state.value != "NOTPAY":
            raise SandboxRefusal(
                "order_not_payable", f"订单 {order.out_trade_no} 的状态是 {order.state}，没有可取消的支付。"
            )
        return order

    def _named(self, wish: Wish) -> Order:
        return self._gateway.orders.named(
            out_trade_no=wish.text("out_trade_no"), prepay_id=wish.text("prepay_id"), page_code=wish.text("page_code")
        )

    def _faults(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            return Reply(content={"faults": self._gateway.faults.rules()})

    def _catalogue(self, _wish: Wish) -> Reply:
        return Reply(content={"catalogue": {fault.value: asdict(entry) for fault, entry in CATALOGUE.items()}})

    def _add_fault(self, wish: Wish) -> Reply:
        rule = _rule_of(wish)
        with self._gateway.lock:
            return Reply(status=201, content={"number": self._gateway.faults.add(rule)})

    def _clear_faults(self, wish: Wish) -> Reply:
        number = wish.whole("number") if wish.has("number") else None
        with self._gateway.lock:
            return Reply(content={"cleared_count": self._gateway.faults.clear(number)})

    def _clock(self, _wish: Wish) -> Reply:
        clock = self._gateway.clock
        return Reply(content={"now": rfc3339(clock.now()), "shift_seconds": clock.shift_seconds()})

    def _move_clock(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            try:
                if wish.has("set_to"):
                    self._gateway.clock.set(parse_rfc3339(wish.text("set_to")))
                else:
                    self._gateway.clock.advance(wish.number("advance_s", 0))
            except (ValueError, OverflowError) as error:
                raise SandboxRefusal("clock_wrong", str(error), 400) from None
            self._gateway.sweep(self._gateway.clock.now())
        return self._clock(wish)

    def _notices(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            return Reply(content={"notices": self._gateway.notices.listed(wish.text("out_trade_no"))[-LISTED_MAX:]})

    def _hold(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.notices.hold()
        return Reply(content={"is_holding": True})

    def _release(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.notices.release()
        return Reply(content={"is_holding": False})

    def _reorder(self, wish: Wish) -> Reply:
        notice_ids = wish.texts("notice_ids")
        if not notice_ids:
            raise SandboxRefusal("value_wrong", "notice_ids must name the notices in the order to send them.", 400)
        with self._gateway.lock:
            self._gateway.notices.release(notice_ids)
            messages = self._gateway.due_notices()
        return Reply(content={"sent_count": len(messages)}, messages=messages)

    def _deliver(self, _wish: Wish) -> Reply:
        return Reply(content={}, is_draining=True)

    def _replay(self, wish: Wish) -> Reply:
        copies = wish.whole("copies", 1)
        if not 1 <= copies <= 1000:
            raise SandboxRefusal("value_wrong", "copies lies between 1 and 1000.", 400)
        with self._gateway.lock:
            messages = self._gateway.notices.replay(
                wish.path_value,
                self._gateway.clock.now(),
                is_original=wish.flag("is_original"),
                copies=copies,
                is_concurrent=wish.flag("is_concurrent"),
            )
        return Reply(content={"sent_count": len(messages)}, messages=messages)

    def _ledger(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            return Reply(content={**self._gateway.ledger.dump(), "findings": self._gateway.ledger.findings()})

    def _merchant(self, _wish: Wish) -> Reply:
        keys = self._gateway.keys
        return Reply(
            content={
                "mchid": keys.mchid,
                "sub_mchid": keys.sub_mchid,
                "appid": keys.appid,
                "mode": keys.mode.value,
                "h5_hosts": keys.h5_hosts,
                "public_key_id": keys.public_key_id,
                "certificates": [one.serial for one in keys.live_certificates(self._gateway.clock.now())],
            }
        )

    def _set_merchant(self, wish: Wish) -> Reply:
        keys = self._gateway.keys
        if wish.has("mode") and wish.text("mode") not in list(KeyMode):
            raise SandboxRefusal("value_wrong", f"mode is one of {', '.join(KeyMode)}.", 400)
        hosts = wish.texts("h5_hosts")
        with self._gateway.lock:
            if wish.has("mode"):
                keys.mode = KeyMode(wish.text("mode"))
            if wish.has("h5_hosts"):
                keys.h5_hosts = hosts
            self._keep_keys()
        return self._merchant(wish)

    def _rotate(self, wish: Wish) -> Reply:
        with self._gateway.lock:
            self._gateway.keys.rotate(self._gateway.clock.now())
            self._keep_keys()
        return self._merchant(wish)

    def _keep_keys(self) -> None:
        if self._gateway.keys_directory is not None:
            save_keys(self._gateway.keys, self._gateway.keys_directory)

    def _reset(self, wish: Wish) -> Reply:
        seed = wish.whole("seed", 1)
        self._gateway.reset(seed)
        return Reply(content={"seed": seed})

    def _log(self, _wish: Wish) -> Reply:
        with self._gateway.lock:
            return Reply(content={"log": list(self._gateway.log), "request_count": self._gateway.gauge.request_count})

    def _bulk(self, wish: Wish) -> Reply:
        wanted = [Wish(one) for one in wish.objects("orders")]
        orders = [
            BulkOrder(out_trade_no=one.text("out_trade_no"), amount_fen=one.whole("amount_fen")) for one in wanted
        ]
        messages = build_bulk(self._gateway, orders, is_paid_here=wish.flag("is_paid_here"))
        if wish.has("file_name"):
            directory = self._gateway.keys_directory
            if directory is None:
                raise SandboxRefusal("no_directory", "This sandbox has no state directory to write to.")
            path = write_bulk(messages, directory, wish.text("file_name"))
            return Reply(content={"count": len(messages), "path": str(path)})
        return Reply(content={"count": len(messages), "notices": [message_line(message) for message in messages]})


def _rule_of(wish: Wish) -> Rule:
    try:
        fault = Fault(wish.text("fault"))
        endpoint = Endpoint(wish.text("endpoint", CATALOGUE[fault].default.value))
        code = ErrorCode(wish.text("code", ErrorCode.SYSTEM_ERROR.value))
    except ValueError as error:
        sentence = f"{error}; GET {ROOT}/faults/catalogue lists the faults."
        raise SandboxRefusal("fault_rule_unsound", sentence, 400) from None
    usual = Rule(fault=fault, endpoint=endpoint)
    return Rule(
        fault=fault,
        endpoint=endpoint,
        out_trade_no=wish.text("out_trade_no", usual.out_trade_no),
        nth=wish.whole("nth", usual.nth),
        times=wish.whole("times", usual.times),
        probability=wish.number("probability", usual.probability),
        seconds=wish.number("seconds", usual.seconds),
        count=wish.whole("count", usual.count),
        delta_fen=wish.whole("delta_fen", usual.delta_fen),
        code=code,
    )


def _shown(order: Order) -> Content:
    return {
        "out_trade_no": order.out_trade_no,
        "merchant_ref": order.merchant_ref,
        "kind": order.kind.value,
        "state": order.state.value,
        "description": order.description,
        "total_fen": order.total_fen,
        "notify_url": order.notify_url,
        "prepay_id": order.prepay_id,
        "page_code": order.page_code,
        "transaction_id": order.transaction_id,
        "openid": order.openid,
        "created_at": rfc3339(order.created_at),
        "expires_at": order.expires_at and rfc3339(order.expires_at),
        "paid_at": order.paid_at and rfc3339(order.paid_at),
        "closed_at": order.closed_at and rfc3339(order.closed_at),
    }
