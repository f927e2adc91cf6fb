"""The codes of payments, with their words."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

AGREEMENT_NOT_ACCEPTED = declare(
    "payments.agreement_not_accepted",
    Retry.NEVER,
    "付款前请看缴费须知，并勾选同意",
    "Read “Before you pay” and tick the box",
)
ORDER_NOT_FOUND = declare(
    "payments.order_not_found",
    Retry.NEVER,
    "没有这张订单，请核对链接",
    "There is no such order; check the link",
)
ORDER_ENDED = declare(
    "payments.order_ended",
    Retry.NEVER,
    "这张订单已经结束，要缴请重新下单",
    "This order has ended; start again to pay",
)
BILLS_COUNT = declare(
    "payments.bills_count",
    Retry.NEVER,
    "一次缴 1 到 {most} 人，这里有 {found} 人",
    "One payment covers 1 to {most} people; here are {found}",
)
OUTCOME_UNKNOWN = declare(
    "payments.outcome_unknown",
    Retry.LATER,
    "还不知道有没有付成，最迟 {until} 告诉您。请先不要再付",
    "We do not know yet whether it went through; you will hear by {until}. Do not pay again",
)
CHANNEL_REFUSED = declare(
    "payments.channel_refused",
    Retry.LATER,
    "{channel}现在没有接受这笔付款，没有扣钱。请过几分钟再试，或换一种方式缴",
    "{channel} did not accept this payment and no money was taken. Try again in a few minutes, or pay another way",
)
TOO_MANY_ORDERS = declare(
    "payments.too_many_orders",
    Retry.LATER,
    "这个网络一小时里下的单太多，没有扣钱。请过一小时再试，或换一种方式缴",
    "Too many payments were begun from this network in an hour, and no money was taken. Try again in an hour, or pay "
    "another way",
)
