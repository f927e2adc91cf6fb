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
CAPTURE_NOT_FOUND = declare(
    "payments.capture_not_found",
    Retry.NEVER,
    "没有这笔收款，请核对订单号和交易号",
    "There is no such payment received; check the order and transaction numbers",
)
REFUND_NOT_FOUND = declare(
    "payments.refund_not_found",
    Retry.NEVER,
    "没有这笔退费，请核对退费号",
    "There is no such refund; check its number",
)
REFUND_QUOTE_STALE = declare(
    "payments.refund_quote_stale",
    Retry.ASK,
    "可退的金额变了：您看到的是 {quoted}，现在是 {left}。没有退钱，请再核对",
    "What is left to refund changed: you quoted {quoted}, now it is {left}. Nothing was refunded; check again",
)
REFUND_TOO_MUCH = declare(
    "payments.refund_too_much",
    Retry.NEVER,
    "最多还可以退 {left}，这里要退 {amount}。没有退钱",
    "At most {left} can still be refunded, and {amount} is asked for. Nothing was refunded",
)
REFUND_LINES_DIFFER = declare(
    "payments.refund_lines_differ",
    Retry.NEVER,
    "退费金额 {amount} 和各人的合计 {lines} 对不上。没有退钱，请核对",
    "The refund is {amount}, but the bills it names add up to {lines}. Nothing was refunded; check them",
)
REFUND_WITHOUT_NAME = declare(
    "payments.refund_without_name",
    Retry.NEVER,
    "办理退费要写经办人，最多 64 个字",
    "Say who does this, in at most 64 characters",
)
REFUND_WITHOUT_CAUSE = declare(
    "payments.refund_without_cause",
    Retry.NEVER,
    "请写明原因，最多 200 个字",
    "Say why, in at most 200 characters",
)
REFUND_SAME_PERSON = declare(
    "payments.refund_same_person",
    Retry.NEVER,
    "申请和审批不能是同一个人（{by}），请换一个人审批",
    "The same person ({by}) cannot ask and approve; have somebody else approve",
)
REFUND_WRONG_STATE = declare(
    "payments.refund_wrong_state",
    Retry.NEVER,
    "退费 {refund_no} 现在是“{state}”，不能做这一步（{act}）",
    "Refund {refund_no} is now “{state}”; this step ({act}) cannot be taken",
)
REFUND_AFTER_COVER_START = declare(
    "payments.refund_after_cover_start",
    Retry.NEVER,
    "保障 {cover_from} 已开始，个人缴的费一般不退（{rule}）。可以申请复核",
    "Cover began on {cover_from}; the personal part is normally not refunded ({rule}). You can ask for a review",
)
REFUND_NOTHING_DIFFERS = declare(
    "payments.refund_nothing_differs",
    Retry.NEVER,
    "重新核定后应缴的金额没有变少，没有差额可退",
    "After the reassessment no less is owed, so there is no difference to refund",
)
REFUND_NOTHING_SUSPENDED = declare(
    "payments.refund_nothing_suspended",
    Retry.NEVER,
    "这个原因只退没有入账的款，而这张订单没有这样的款，请换一个原因",
    "This reason refunds money that paid nothing, and there is none under this order; choose another reason",
)
REFUND_SEVERAL_CAPTURES = declare(
    "payments.refund_several_captures",
    Retry.ASK,
    "这张订单有 {found} 笔没有入账的款，请写明退哪一笔（交易号）",
    "There are {found} such payments under this order; say which one, by its transaction number",
)
REFUND_BILL_NOT_PAID = declare(
    "payments.refund_bill_not_paid",
    Retry.NEVER,
    "要退的费不是这张订单缴的，或者已经退过。没有退钱，请核对",
    "What is to be refunded was not paid by this order, or was refunded before. Nothing was refunded; check it",
)
REFUND_CHANGED = declare(
    "payments.refund_changed",
    Retry.NEVER,
    "退费 {refund_no} 申请以后情况变了：申请 {amount}，按现在的情况应退 {now}。请驳回后重新申请",
    "Things changed since refund {refund_no} was asked for: {amount} then, {now} now. Reject it and ask again",
)
REFUND_NOT_ANSWERED = declare(
    "payments.refund_not_answered",
    Retry.LATER,
    "渠道没有明确回答退费 {refund_no} 怎么样了，钱可能已经退回，不能放弃。请稍后再试",
    "The channel did not say what became of refund {refund_no}; it may have gone back. Try again later",
)
REFUND_TAKEN_ELSEWHERE = declare(
    "payments.refund_taken_elsewhere",
    Retry.NEVER,
    "这笔交易（{trade_ref}）在 {regions} 也记了账，同一笔钱不能退两次。没有退钱，请先核对是哪个地区的",
    "{regions} recorded this transaction ({trade_ref}) too; money goes back once. Find out whose it is",
)
