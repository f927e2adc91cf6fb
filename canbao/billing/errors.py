"""What billing refuses one at a time. A batch answers with statuses; a journey that must stop raises one of these."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

NOTHING_OWED = declare(
    "billing.nothing_owed",
    Retry.NEVER,
    "{year} 年的费已缴清，不用再缴",
    "{year} is fully paid; nothing more is owed",
)
BILL_NOT_FOUND = declare(
    "billing.bill_not_found",
    Retry.NEVER,
    "没有这张应缴单，请重新查询",
    "There is no such bill; look it up again",
)
BILL_CANCELLED = declare(
    "billing.bill_cancelled",
    Retry.ASK,
    "这张应缴单已作废，请重新查询后按新的应缴单办",
    "This bill was cancelled; look it up again and pay the new one",
)
REGISTERED_ELSEWHERE = declare(
    "billing.registered_elsewhere",
    Retry.NEVER,
    "有人在两个地方登记了参保，先不能缴，以免缴两次。请打 12393 选定一个地方",
    "Someone is registered in two places, so nothing can be paid yet. Call 12393 to settle on one of them",
)
AMOUNT_NOT_FINAL = declare(
    "billing.amount_not_final",
    Retry.NEVER,
    "参保资助的数额还没有核定，先不能缴。请打 12393 核定后再缴",
    "The help with the contribution is not settled yet, so nothing can be paid. Call 12393 first",
)
ENROLLED_NOBODY = declare(
    "billing.enrolled_nobody",
    Retry.NEVER,
    "{region} 没有人参加险种 {scheme}，请先导入参保登记。没有生成应缴单",
    "Nobody is enrolled in scheme {scheme} in {region}; import the register first. No bill was made",
)
WINDOW_NOT_OPEN = declare(
    "billing.window_not_open",
    Retry.LATER,
    "{opens_on} 开始缴，到时再来",
    "Payment opens on {opens_on}; come back then",
)
WINDOW_CLOSED = declare(
    "billing.window_closed",
    Retry.NEVER,
    "{year} 年的费 {closed_on} 已截止",
    "Payment for {year} closed on {closed_on}",
)
WINDOW_NOT_PUBLISHED = declare(
    "billing.window_not_published",
    Retry.LATER,
    "{year} 年的缴费时间或金额还没有可靠的公布，先不能缴",
    "No reliable window or amount is published for {year}, so nothing can be paid yet",
)
LOCKED_BY_OPEN_ORDER = declare(
    "billing.locked_by_open_order",
    Retry.LATER,
    "有人正在付这笔费。{until} 后可以再来",
    "Someone is paying this now. Come back after {until}",
)
AMOUNT_CHANGED = declare(
    "billing.amount_changed",
    Retry.ASK,
    "金额变了：原来 ￥{before}，现在 ￥{now}。没有扣钱，请再核对",
    "The amount changed from ￥{before} to ￥{now}. No money was taken; check again",
)
PAID_BY_ASSISTANCE = declare(
    "billing.paid_by_assistance",
    Retry.NEVER,
    "今年不用缴，政府替您出",
    "Nothing to pay this year; the government pays for you",
)
BUYS_NO_COVER = declare(
    "billing.buys_no_cover",
    Retry.NEVER,
    "现在缴 {year} 年的费，等待期过后已到年底，没有可以报销的时间，先不要缴。请打 12393",
    "Paying {year} now would buy no cover: the waiting period lasts beyond the year. Do not pay; call 12393",
)
