"""The control plane's route about bills: a day's bill as the book has it, at any hour, unspoiled by any fault, for
whoever compares it with what was downloaded."""

from __future__ import annotations

from sandbox.wechat.bill_calls import check_bill
from sandbox.wechat.errors import ChannelError, SandboxRefusal
from sandbox.wechat.faults import Endpoint
from sandbox.wechat.fields import Body
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.wishes import Doer, Reply, Wish

KINDS = {"trade": Endpoint.TRADE_BILL, "funds": Endpoint.FUND_BILL}
PARTS = ("bill_type", "account_type", "sub_mchid")


class BillRoutes:
    """The doers of these routes over one gateway."""

    def __init__(self, gateway: WeChatGateway) -> None:
        self._gateway = gateway

    def listed(self) -> tuple[tuple[str, str, Doer], ...]:
        """Method, path and doer of each route."""
        return (("GET", "/bills", self._bill),)

    def _bill(self, wish: Wish) -> Reply:
        """The text of a `trade` or `funds` bill, whole; empty where the day is."""
        kind = wish.text("kind", "trade")
        if kind not in KINDS:
            raise SandboxRefusal("value_wrong", f"kind is one of {', '.join(KINDS)}.", 400)
        parts: Body = {"bill_date": wish.text("day")}
        parts |= {name: wish.text(name) for name in PARTS if wish.has(name)}
        with self._gateway.lock:
            self._gateway.catch_up(self._gateway.clock.now())
            try:
                asked = check_bill(KINDS[kind], parts, self._gateway.keys)
            except ChannelError as refused:
                raise SandboxRefusal("value_wrong", refused.message, 400) from None
            made = self._gateway.bills.true_bill(asked)
        if made is None:
            return Reply(content={"text": "", "hash_value": ""})
        text = b"".join(made.file.pieces(made.file.size)).decode()
        return Reply(content={"text": text, "hash_value": made.sha1})
