"""The refund calls of the API: asked, asked about, and sent another way; from request to content."""

from __future__ import annotations

import contextlib
from datetime import datetime

from sandbox.exchange import Request
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.faults import Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.keys import Keys
from sandbox.wechat.refund_fields import check_abnormal, check_refund, check_refund_merchant
from sandbox.wechat.refund_record import RefundState, resource_of
from sandbox.wechat.refunds import RefundBook


class RefundCalls:
    """What the channel answers to a refund call; refusals are `ChannelError`."""

    def __init__(self, refunds: RefundBook, keys: Keys) -> None:
        self._refunds = refunds
        self._keys = keys

    def ask(self, request: Request, rules: list[Rule], now: datetime) -> Body:
        """A refund accepted or already known; the faults that fired on it join those of the call."""
        refund, fired = self._refunds.ask(check_refund(request.body, self._keys), now)
        if any(rule.fault is Fault.BEFORE_CREATE_ANSWER for rule in rules):
            # The answer was written before the refund went through; what no longer is in work stays as it is.
            with contextlib.suppress(SandboxRefusal):
                self._refunds.finish(refund, RefundState.SUCCESS, now)
        rules += fired
        return resource_of(refund)

    def query(self, out_refund_no: str, parts: Body) -> Body:
        """A refund by the merchant's number."""
        _, merchant_ref = check_refund_merchant(parts, self._keys)
        return resource_of(self._refunds.of_merchant(merchant_ref, out_refund_no))

    def reroute(self, refund_id: str, request: Request, now: datetime) -> Body:
        """An abnormal refund sent another way."""
        asked_serial = request.headers.get("wechatpay-serial", "")
        wish = check_abnormal(refund_id, request.body, asked_serial, self._keys)
        return resource_of(self._refunds.reroute(wish, now))
