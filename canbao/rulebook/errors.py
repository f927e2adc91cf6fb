"""The codes of the rulebook: a parameter file that does not load, and a question the published values do not answer."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

PARAMETERS_REFUSED = declare(
    "rulebook.parameters_refused",
    Retry.NEVER,
    "参数文件 {file} 有 {count} 处不能用，第一处：{finding}。改好后再试，没有发布任何内容",
    "The parameter file {file} has {count} findings, the first: {finding}. Correct it and try again; "
    "nothing was published",
)
NO_STANDARD = declare(
    "rulebook.no_standard",
    Retry.NEVER,
    "{region} {year} 年度没有公布人员类别 {category}{detail}的缴费标准，请核对类别或先补充参数文件",
    "{region} publishes no standard for category {category}{detail} in {year}; check the category "
    "or add it to the parameter file",
)
EXEMPT_GROUP_UNKNOWN = declare(
    "rulebook.exempt_group_unknown",
    Retry.NEVER,
    "{region} {year} 年度没有公布免等待期人群“{group}”，请核对",
    "{region} publishes no group “{group}” exempt from waiting in {year}; check the group",
)
NEWBORN_YEAR_NOT_CHOSEN = declare(
    "rulebook.newborn_year_not_chosen",
    Retry.NEVER,
    "新生儿选择的参保年度不包括 {year} 年，请按所选年度缴费",
    "The newborn's choice does not include {year}; pay for the year that was chosen",
)
FACTS_IMPOSSIBLE = declare(
    "rulebook.facts_impossible",
    Retry.NEVER,
    "“{field}”的值不对：{reason}",
    "The value of “{field}” cannot be: {reason}",
)
CASE_REFUSED = declare(
    "rulebook.case_refused",
    Retry.NEVER,
    "算例不能用（{file}，{case}）：{reason}",
    "The worked case cannot be used ({file}, {case}): {reason}",
)
