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
    "统筹区 {region} 的 {year} 年度没有公布人员类别 {category}（{age} 周岁起，档次 {tier}）的缴费标准，"
    "请核对类别和档次，或先补充参数文件",
    "Region {region} publishes no standard for category {category} (age {age} and up, tier {tier}) in {year}; "
    "check category and tier, or add it to the parameter file",
)
EXEMPT_GROUP_UNKNOWN = declare(
    "rulebook.exempt_group_unknown",
    Retry.NEVER,
    "统筹区 {region} 的 {year} 年度没有公布免等待期人群“{group}”，请核对",
    "Region {region} publishes no group “{group}” exempt from waiting in {year}; check the group",
)
NEWBORN_YEAR_NOT_CHOSEN = declare(
    "rulebook.newborn_year_not_chosen",
    Retry.NEVER,
    "新生儿选择的参保年度不包括 {year} 年，请按所选年度缴费",
    "The newborn's choice does not include {year}; pay for the year that was chosen",
)
BORN_AFTER_YEAR = declare(
    "rulebook.born_after_year",
    Retry.NEVER,
    "出生日期 {born_on} 在 {year} 参保年度之后，请核对",
    "The date of birth {born_on} lies after the insured year {year}; check it",
)
OTHER_YEAR = declare(
    "rulebook.other_year",
    Retry.NEVER,
    "问的是 {year} 参保年度，所用的政策是 {found} 年度的，请核对",
    "The question is about {year} and the policy used is for {found}; check the year",
)
PAID_BEFORE_BIRTH = declare(
    "rulebook.paid_before_birth",
    Retry.NEVER,
    "缴费日期 {paid_on} 早于出生日期，请核对",
    "The day of payment {paid_on} is before the birth; check the days",
)
YEARS_NEGATIVE = declare(
    "rulebook.years_negative",
    Retry.NEVER,
    "断保年数和修复年数不能小于 0，请核对",
    "Lapsed and repaired years cannot be fewer than none; check them",
)
REPAIRED_MORE_THAN_LAPSED = declare(
    "rulebook.repaired_more_than_lapsed",
    Retry.NEVER,
    "修复了 {repaired} 年，但只断保 {lapsed} 年，请核对",
    "{repaired} years are repaired but only {lapsed} lapsed; check the years",
)
REFUND_DAY_MISSING = declare(
    "rulebook.refund_day_missing",
    Retry.NEVER,
    "按“{reason}”退费要写明那一天的日期（死亡、职工医保起始或身份认定），请补上",
    "A refund for “{reason}” needs its day (the death, the first day of the employee scheme, the recognition); add it",
)
REFUND_COVER_UNKNOWN = declare(
    "rulebook.refund_cover_unknown",
    Retry.LATER,
    "还不知道这笔费的待遇从哪天开始，不能判断能不能退，请稍后再试",
    "It is not known yet from which day this payment covers, so a refund cannot be decided; try again in a while",
)
REFUND_OWED_UNKNOWN = declare(
    "rulebook.refund_owed_unknown",
    Retry.NEVER,
    "按“{reason}”退差额要先重新核定应缴的金额，请补上",
    "A refund of a difference for “{reason}” needs what is owed after a reassessment; add it",
)
REFUND_DAY_AHEAD = declare(
    "rulebook.refund_day_ahead",
    Retry.NEVER,
    "{day} 还没到，不能作为退费的事实，请核对日期",
    "{day} lies in the future and cannot be a fact of a refund; check the day",
)
REFUND_AMOUNT_WRONG = declare(
    "rulebook.refund_amount_wrong",
    Retry.NEVER,
    "要退 {asked}，但这笔款项是 {paid}，请核对金额",
    "{asked} is to go back, but {paid} was paid; check the amount",
)
CASE_REFUSED = declare(
    "rulebook.case_refused",
    Retry.NEVER,
    "算例不能用（{file}，{case}）：{reason}",
    "The worked case cannot be used ({file}, {case}): {reason}",
)
