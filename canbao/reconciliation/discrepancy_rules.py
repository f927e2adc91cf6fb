"""Pure decisions about discrepancies: what kinds there are, what to do about each, and how many people it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from canbao.kernel.money import Fen


class DiscrepancyKind(StrEnum):
    """What does not fit. The first nine are verdicts of statement lines, named as there.

    case               something that a channel told us does not fit our orders or refunds; `detail` says what
    funds_differ       the account at the channel moved otherwise than our clearing account says
    statement_missing  a day's statement could not be had or read by noon
    booking_returned   the treasury sent a booking back
    after_close        something was recorded of a day after it was closed
    finding            an auditor found rooms that say different things; `detail` names the auditor
    """

    DUPLICATE_LINE = "duplicate_line"
    FOREIGN = "foreign"
    OTHER_DAY = "other_day"
    REFUND_DIFFERS = "refund_differs"
    ONLY_THEIRS = "only_theirs"
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"
    ONLY_OURS_SETTLED = "only_ours_settled"
    ONLY_OURS_OPEN = "only_ours_open"
    CASE = "case"
    FUNDS_DIFFER = "funds_differ"
    STATEMENT_MISSING = "statement_missing"
    BOOKING_RETURNED = "booking_returned"
    AFTER_CLOSE = "after_close"
    FINDING = "finding"


class Act(StrEnum):
    """What a person says became of it.

    refunded           the money goes back: a refund of it is under way or done
    credited           the money has paid its order by now
    channel_corrects   the channel will correct it or has; its answer's reference stands in the reason
    booked_again       what the treasury sent back has been booked again
    explained          nothing is to be done, and the reason says why

    None of them is true of a case whose money waits in suspense while no refund speaks for it.
    """

    REFUNDED = "refunded"
    CREDITED = "credited"
    CHANNEL_CORRECTS = "channel_corrects"
    BOOKED_AGAIN = "booked_again"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The act that usually ends a discrepancy of a kind, and the next step in words."""

    act: Act
    zh: str
    en: str


SUGGESTIONS = {
    DiscrepancyKind.DUPLICATE_LINE: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="向渠道查明为什么同一笔交易列了两次，请对方更正账单",
        en="Ask the channel why it lists the transaction twice, and have the statement corrected",
    ),
    DiscrepancyKind.FOREIGN: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="这一行不是本地区、本商户的，请渠道说明",
        en="The line is of another merchant or region; ask the channel for an explanation",
    ),
    DiscrepancyKind.OTHER_DAY: Suggestion(
        act=Act.EXPLAINED,
        zh="两边记的日期不同，看前后一天的账单里有没有这一笔",
        en="The two sides name different days; look for it in the statements of the days beside",
    ),
    DiscrepancyKind.REFUND_DIFFERS: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="核对退费单的金额和状态，再向渠道查询这笔退款",
        en="Compare the refund's amount and state with the line, then ask the channel about it",
    ),
    DiscrepancyKind.ONLY_THEIRS: Suggestion(
        act=Act.REFUNDED,
        zh="渠道收了钱，我们没有订单：查明付款人后原路退回",
        en="The channel took money for no order of ours: find out whose it is and send it back",
    ),
    DiscrepancyKind.AMOUNT_DIFFERS: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="金额两边不同，请渠道出具这笔交易的凭证",
        en="The amounts differ; have the channel prove the transaction's amount",
    ),
    DiscrepancyKind.STATE_DIFFERS: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="渠道说这笔已撤销或状态不明，请渠道说明钱在哪里",
        en="The channel says it was revoked, or is unclear; have it say where the money is",
    ),
    DiscrepancyKind.ONLY_OURS_SETTLED: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="我们已入账，账单里没有：向渠道查询这笔交易，等更正的账单",
        en="We credited it and no line tells of it: ask the channel about it and wait for a corrected statement",
    ),
    DiscrepancyKind.ONLY_OURS_OPEN: Suggestion(
        act=Act.EXPLAINED,
        zh="结果不明，账单里也没有：再查一次，关单后说明",
        en="Its outcome is unknown and no line tells of it: ask once more, close it, then say so",
    ),
    DiscrepancyKind.CASE: Suggestion(
        act=Act.REFUNDED,
        zh="钱没有入账：看订单页的经过，原路退回或说明",
        en="The money paid nothing: read the order's history, then send it back or explain it",
    ),
    DiscrepancyKind.FUNDS_DIFFER: Suggestion(
        act=Act.CHANNEL_CORRECTS,
        zh="资金账单和待清算款对不上，逐行查明再结账",
        en="The fund bill and the clearing account differ: account for each line before the day is closed",
    ),
    DiscrepancyKind.STATEMENT_MISSING: Suggestion(
        act=Act.EXPLAINED,
        zh="从商户平台下载账单，用 canbao reconcile --file 提供",
        en="Download the statement from the merchant's platform and give it with canbao reconcile --file",
    ),
    DiscrepancyKind.BOOKING_RETURNED: Suggestion(
        act=Act.BOOKED_AGAIN,
        zh="国库退回了入库，按退回原因改正后重新入库",
        en="The treasury sent the booking back: correct what it names and book it again",
    ),
    DiscrepancyKind.AFTER_CLOSE: Suggestion(
        act=Act.EXPLAINED,
        zh="日结以后这一天又有记账或账单更正：用 canbao day show 看明细，再用 canbao day close --reason 更正日结",
        en="Something was recorded of this day after it was closed: see canbao day show, then close it again with "
        "canbao day close --reason",
    ),
    DiscrepancyKind.FINDING: Suggestion(
        act=Act.EXPLAINED,
        zh="账账不符，请技术人员查明后说明",
        en="Two rooms say different things; have an engineer find out why, then say so",
    ),
}
"""What usually ends a discrepancy, by kind."""


def takes_two(amount_fen: Fen | None, limit_fen: Fen) -> bool:
    """Whether resolving takes two different people: above the region's amount, or where nobody can say how much is at
    stake.

    >>> takes_two(Fen(50_000), Fen(50_000)), takes_two(Fen(50_001), Fen(50_000)), takes_two(None, Fen(50_000))
    (False, True, True)
    """
    return amount_fen is None or amount_fen > limit_fen
