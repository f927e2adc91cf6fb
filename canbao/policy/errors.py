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
FILE_MISSING = declare(
    "policy.file_missing",
    Retry.NEVER,
    "没有文件 {file}，请核对路径",
    "There is no file {file}; check the path",
)
FILE_TOO_LARGE = declare(
    "policy.file_too_large",
    Retry.NEVER,
    "文件 {file} 太大，不像参数文件，请核对",
    "The file {file} is too large to be a parameter file; check it",
)
FILE_NOT_TEXT = declare(
    "policy.file_not_text",
    Retry.NEVER,
    "文件 {file} 不是 UTF-8 文本，请另存为 UTF-8",
    "The file {file} is not UTF-8 text; save it as UTF-8",
)
FILE_UNREADABLE = declare(
    "policy.file_unreadable",
    Retry.NEVER,
    "打不开文件 {file}（{reason}），请检查权限",
    "The file {file} cannot be opened ({reason}); check its permissions",
)
FILE_OUTSIDE = declare(
    "policy.file_outside",
    Retry.NEVER,
    "“{file}”不在政策参数的文件夹里，请写成 360100/2025 这样",
    "“{file}” lies outside the folder of values; write it like 360100/2025",
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
