"""The codes of reconciliation, with their words."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

DAY_NOT_OVER = declare(
    "reconciliation.day_not_over",
    Retry.LATER,
    "{day} 还没有过完，账单要到第二天才有。请第二天十点以后再对",
    "{day} is not over; its statement is made on the next day. Run this after ten in the morning of the day after",
)
CHANNEL_WITHOUT_STATEMENTS = declare(
    "reconciliation.channel_without_statements",
    Retry.NEVER,
    "{channel} 没有对账单，不能对账",
    "{channel} has no statements to compare with",
)
STATEMENT_NOT_READY = declare(
    "reconciliation.statement_not_ready",
    Retry.LATER,
    "{channel} 还没有做好 {day} 的账单，请过半小时再试",
    "{channel} has not made its statement of {day} yet; try again in half an hour",
)
STATEMENT_NOT_FETCHED = declare(
    "reconciliation.statement_not_fetched",
    Retry.LATER,
    "{channel} {day} 的账单没有下载成功（{reason}），什么也没有改动。请再试，或从商户平台下载后用 --file 提供",
    "The statement of {day} could not be fetched from {channel} ({reason}); nothing was changed. Try again, or "
    "download it from the merchant's platform and give it with --file",
)
STATEMENT_OF_ANOTHER_DAY = declare(
    "reconciliation.statement_of_another_day",
    Retry.NEVER,
    "这份账单里没有一行是 {day} 的（第一行是 {found}），请核对日期；什么也没有记入",
    "Not one line of this statement is of {day} (the first is of {found}); check the day. Nothing was taken from it",
)
STATEMENT_OF_ANOTHER_MERCHANT = declare(
    "reconciliation.statement_of_another_merchant",
    Retry.NEVER,
    "这份账单是商户 {found} 的，没有一行是我们的（{ours}），请核对文件；什么也没有记入",
    "This statement is of merchant {found}; not one line is ours ({ours}). Check the file. Nothing was taken from it",
)
LINE_UNKEEPABLE = declare(
    "reconciliation.line_unkeepable",
    Retry.NEVER,
    "账单第 {line} 行的号码太长或有控制字符，不能记入，请核对文件；什么也没有记入",
    "Line {line} of the statement has a number that is too long or holds control characters; check the file. Nothing "
    "was taken from it",
)
STATEMENT_NOT_FOUND = declare(
    "reconciliation.statement_not_found",
    Retry.NEVER,
    "没有这份账单，请核对地区、渠道和日期",
    "There is no such statement; check the region, the channel and the day",
)
DISCREPANCY_NOT_FOUND = declare(
    "reconciliation.discrepancy_not_found",
    Retry.NEVER,
    "没有这件差错，请核对编号",
    "There is no such discrepancy; check its number",
)
DISCREPANCY_WRONG_STATE = declare(
    "reconciliation.discrepancy_wrong_state",
    Retry.NEVER,
    "差错 {case_no} 现在是“{state}”，不能做这一步（{act}）",
    "Discrepancy {case_no} is now “{state}”; this step ({act}) cannot be taken",
)
DISCREPANCY_NOT_YOURS = declare(
    "reconciliation.discrepancy_not_yours",
    Retry.NEVER,
    "差错 {case_no} 由 {owner} 经办，不是 {by}。要换人，请先接手并写明原因",
    "Discrepancy {case_no} is looked after by {owner}, not {by}. Take it over first, and say why",
)
DISCREPANCY_WITHOUT_NAME = declare(
    "reconciliation.discrepancy_without_name",
    Retry.NEVER,
    "请写经办人，最多 64 个字",
    "Say who does this, in at most 64 characters",
)
DISCREPANCY_WITHOUT_REASON = declare(
    "reconciliation.discrepancy_without_reason",
    Retry.NEVER,
    "请写明原因，最多 200 个字",
    "Say why, in at most 200 characters",
)
DISCREPANCY_SAME_PERSON = declare(
    "reconciliation.discrepancy_same_person",
    Retry.NEVER,
    "提出和批准不能是同一个人（{by}），请换一个人批准",
    "The same person ({by}) cannot propose and approve; have somebody else approve",
)
ACT_NOT_TRUE = declare(
    "reconciliation.act_not_true",
    Retry.ASK,
    "说是“{act}”，可是账上查不到这样的事，请先办理或换一个说法",
    "“{act}” is said, and our books know nothing of it; do that first, or say something else",
)
