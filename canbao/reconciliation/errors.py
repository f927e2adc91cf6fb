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
STATEMENT_TOO_OFTEN = declare(
    "reconciliation.statement_too_often",
    Retry.LATER,
    "{channel} 说问得太频繁，这次先不问 {day} 的账单，什么也没有改动。请过几分钟再试，工作进程也会自己接着问",
    "{channel} says that it is asked too often; the statement of {day} was left for later, and nothing was changed. "
    "Try again in some minutes; the worker goes on by itself too",
)
KEPT_FILE_DIFFERS = declare(
    "reconciliation.kept_file_differs",
    Retry.NEVER,
    "存着的 {day} 账单和它的摘要不符，没有用它。请从商户平台下载后用 --file 提供，并告诉技术人员",
    "The statement of {day} that is kept does not fit its digest and was not used. Download it from the merchant's "
    "platform, give it with --file, and tell an engineer",
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
DAY_NOT_COMPARED = declare(
    "reconciliation.day_not_compared",
    Retry.LATER,
    "{day} 的{what}还没有对，不能日结。请先运行 canbao reconcile",
    "The {what} of {day} has not been compared, so the day cannot be closed. Run canbao reconcile first",
)
DAY_HAS_DISCREPANCIES = declare(
    "reconciliation.day_has_discrepancies",
    Retry.LATER,
    "{day} 还有 {count} 件差错没有处理（例如 {case_no}），不能日结",
    "{day} has {count} discrepancies that nobody has resolved (such as {case_no}), so it cannot be closed",
)
DAY_NOT_EXPLAINED = declare(
    "reconciliation.day_not_explained",
    Retry.LATER,
    "{day} 资金账单和待清算款有 {count} 处对不上，相差 {amount} 元。已列为差错，处理后再日结",
    "The fund statement of {day} and the clearing account differ in {count} places, by {amount} yuan together. They "
    "stand as discrepancies; resolve them, then close the day",
)
DAY_CLOSED_OTHERWISE = declare(
    "reconciliation.day_closed_otherwise",
    Retry.ASK,
    "{day} 已经日结，现在的数和当时不同。确要更正，请写明原因，会另成一版，原来的不动",
    "{day} is closed and the figures differ now. To correct it, say why: another version is made",
)
DAY_NOT_CLOSED = declare(
    "reconciliation.day_not_closed",
    Retry.LATER,
    "{day} 还没有日结",
    "{day} has not been closed",
)
BOOKING_NOT_FOUND = declare(
    "reconciliation.booking_not_found",
    Retry.NEVER,
    "没有这笔入库，请核对编号",
    "There is no such booking; check its number",
)
BOOKING_WRONG_STATE = declare(
    "reconciliation.booking_wrong_state",
    Retry.NEVER,
    "入库 {booking_no} 现在是“{state}”，不能做这一步（{act}）",
    "Booking {booking_no} is now “{state}”; this step ({act}) cannot be taken",
)
BOOKING_REF_MISSING = declare(
    "reconciliation.booking_ref_missing",
    Retry.NEVER,
    "请写国库的凭证号（最多 64 个字）",
    "Give the treasury's reference, in at most 64 characters",
)
BOOKING_DAY_WRONG = declare(
    "reconciliation.booking_day_wrong",
    Retry.NEVER,
    "入库日期 {day} 不对：不能早于送交的那天，也不能晚于今天",
    "The booking day {day} is wrong: it is neither before the day of sending nor after today",
)
BOOKING_SAME_PERSON = declare(
    "reconciliation.booking_same_person",
    Retry.NEVER,
    "送交和确认不能是同一个人（{by}），请换一个人确认",
    "The same person ({by}) cannot send and confirm; have somebody else confirm",
)
