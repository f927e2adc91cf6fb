"""What a channel may refuse before it says a word to the outside: it is not set up, or the order cannot be said on
its wire.
"""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

NOT_CONFIGURED = declare(
    "channels.not_configured",
    Retry.ASK,
    "支付渠道“{channel}”还没有配置，缺少：{missing}",
    "The channel “{channel}” is not set up; missing: {missing}",
)
"""An operator sets what is missing; another channel may be used meanwhile."""

SETTING_UNUSABLE = declare(
    "channels.setting_unusable",
    Retry.NEVER,
    "支付渠道配置 {setting} 不能用：{problem}",
    "The channel setting {setting} cannot be used: {problem}",
)
"""The process does not start with it. The value itself is never in the sentence: it may be a key."""

SANDBOX_REFUSED = declare(
    "channels.sandbox_refused",
    Retry.NEVER,
    "生产环境不接受演示用的支付地址（{setting}），请换成渠道的正式地址",
    "Production refuses a demonstration address ({setting}); set the channel's real address",
)

ORDER_UNACCEPTABLE = declare(
    "channels.order_unacceptable",
    Retry.NEVER,
    "订单不符合支付渠道的格式：{field}。没有发出任何请求",
    "The order does not fit the channel's form: {field}. Nothing was sent",
)
"""Our own mistake: a number with foreign signs, an amount below one fen, a description too long, an address not
https.
"""

REFUND_UNACCEPTABLE = declare(
    "channels.refund_unacceptable",
    Retry.NEVER,
    "退费不符合支付渠道的格式：{field}。没有发出任何请求",
    "The refund does not fit the channel's form: {field}. Nothing was sent",
)
"""Our own mistake, as with an order: a number with foreign signs, more than was paid, a reason too long."""

STATEMENT_EMPTY = declare(
    "channels.statement_empty",
    Retry.NEVER,
    "对账文件是空的（0 字节）。请重新下载原始文件；当天没有交易时，渠道会另行说明，不会给空文件",
    "The statement is empty (0 bytes). Fetch the original file again; a day without transactions is told by the "
    "channel, not by an empty file",
)

STATEMENT_PACKED = declare(
    "channels.statement_packed",
    Retry.NEVER,
    "对账文件还是压缩包（{form}）。请先解压，再导入里面的文本文件",
    "The statement is still packed ({form}). Unpack it and load the text inside",
)

STATEMENT_NOT_UTF8 = declare(
    "channels.statement_not_utf8",
    Retry.NEVER,
    "对账文件第 {line} 行附近不是 UTF-8 编码。请导入渠道给的原始文件，不要用表格软件另存",
    "The statement is not in UTF-8 near line {line}. Load the channel's original file, not one saved by a spreadsheet",
)

STATEMENT_TRUNCATED = declare(
    "channels.statement_truncated",
    Retry.NEVER,
    "对账文件在第 {line} 行中断，末尾缺少汇总。请重新下载完整的文件，已读的内容不作数",
    "The statement breaks off at line {line}, without its summary. Fetch the whole file again; nothing read so "
    "far counts",
)

STATEMENT_COLUMN_MISSING = declare(
    "channels.statement_column_missing",
    Retry.NEVER,
    "对账文件第 {line} 行的表头缺少“{column}”。请确认没有混淆交易账单与资金账单，并导入原始文件",
    "The header in line {line} of the statement lacks “{column}”. Make sure that trade and fund statement were not "
    "taken for each other, and load the original file",
)

STATEMENT_UNREADABLE = declare(
    "channels.statement_unreadable",
    Retry.NEVER,
    "对账文件第 {line} 行“{column}”的内容读不懂。请重新下载原始文件，已读的内容不作数",
    "“{column}” in line {line} of the statement cannot be read. Fetch the original file again; nothing read so far "
    "counts",
)
"""The value itself is not in the sentence: it may be a payer's."""

STATEMENT_LINE_MALFORMED = declare(
    "channels.statement_line_malformed",
    Retry.NEVER,
    "对账文件第 {line} 行有 {found} 列，应为 {expected} 列。请重新下载原始文件，已读的内容不作数",
    "Line {line} of the statement has {found} columns instead of {expected}. Fetch the original file again; "
    "nothing read so far counts",
)

STATEMENT_SUMMARY_DIFFERS = declare(
    "channels.statement_summary_differs",
    Retry.NEVER,
    "对账文件的汇总与明细不符：“{column}”写的是 {told}，明细合计是 {counted}。请重新下载，"
    "仍不符时请联系渠道；已读的内容不作数",
    "The statement's summary differs from its lines: “{column}” says {told}, the lines make {counted}. Fetch it "
    "again, and ask the channel if it stays so; nothing read so far counts",
)

CHANNEL_UNKNOWN = declare(
    "channels.channel_unknown",
    Retry.NEVER,
    "没有“{channel}”这个支付渠道",
    "There is no channel “{channel}”",
)
