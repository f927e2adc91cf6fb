"""The room's codes."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

NOT_PUBLISHED = declare(
    "policy.not_published",
    Retry.NEVER,
    "{region} 险种 {scheme} 的 {year} 年度政策还没有发布，请先发布参数文件",
    "No policy of {region} for scheme {scheme} and year {year} is published; publish its parameter file first",
)
REGION_UNKNOWN = declare(
    "policy.region_unknown",
    Retry.NEVER,
    "统筹区 {region} 没有发布过政策，请核对代码，例如 360100",
    "Region {region} has no published policy; check the code, for example 360100",
)
VERSION_UNKNOWN = declare(
    "policy.version_unknown",
    Retry.NEVER,
    "没有这个政策版本：{version}",
    "There is no such policy version: {version}",
)
FILE_UNREADABLE = declare(
    "policy.file_unreadable",
    Retry.NEVER,
    "读不了文件 {file}：{reason}。没有发布任何内容",
    "The file {file} cannot be read: {reason}. Nothing was published",
)
FILE_TWICE = declare(
    "policy.file_twice",
    Retry.NEVER,
    "文件 {file} 和 {other} 是同一个统筹区 {region} 的 {year} 年度，请只留一个。没有发布任何内容",
    "The files {file} and {other} are both for region {region} and year {year}; keep one. Nothing was published",
)
PUBLISHER_UNNAMED = declare(
    "policy.publisher_unnamed",
    Retry.NEVER,
    "请写明发布人（不超过 80 个字）。没有发布任何内容",
    "Say who publishes (at most 80 characters). Nothing was published",
)
