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

CHANNEL_UNKNOWN = declare(
    "channels.channel_unknown",
    Retry.NEVER,
    "没有“{channel}”这个支付渠道",
    "There is no channel “{channel}”",
)
