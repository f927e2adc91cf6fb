"""Special identities (人员身份) and person categories (人员类别) as codes.

An identity opens the way to help with the contribution (参保资助). It has a begin and an end, several may hold at
once, and its name is told to nobody but the person: rules carry the code, public words say 参保资助. The codes are
ours: the published lists of national values differ between provinces, so a register's own values are mapped to these
when it is imported.
"""

from __future__ import annotations

from enum import StrEnum


class IdentityCode(StrEnum):
    """Every special identity that a parameter file may name, after the groups of the national rules on medical
    assistance.
    """

    DESTITUTE = "destitute"
    ORPHAN = "orphan"
    UNSUPPORTED_CHILD = "unsupported_child"
    MINIMUM_LIVING = "minimum_living"
    RETURNED_POOR = "returned_poor"
    MONITORED_UNSTABLE = "monitored_unstable"
    MONITORED_MARGINAL = "monitored_marginal"
    MONITORED_SUDDEN = "monitored_sudden"
    SEVERELY_DISABLED = "severely_disabled"
    LOW_INCOME_ELDERLY = "low_income_elderly"
    LOW_INCOME_MINOR = "low_income_minor"
    PREFERENTIAL = "preferential"


NAMES_ZH: dict[IdentityCode, str] = {
    IdentityCode.DESTITUTE: "特困供养人员",
    IdentityCode.ORPHAN: "孤儿",
    IdentityCode.UNSUPPORTED_CHILD: "事实无人抚养儿童",
    IdentityCode.MINIMUM_LIVING: "低保对象",
    IdentityCode.RETURNED_POOR: "返贫致贫人口",
    IdentityCode.MONITORED_UNSTABLE: "脱贫不稳定人口",
    IdentityCode.MONITORED_MARGINAL: "边缘易致贫人口",
    IdentityCode.MONITORED_SUDDEN: "突发严重困难人口",
    IdentityCode.SEVERELY_DISABLED: "重度残疾人",
    IdentityCode.LOW_INCOME_ELDERLY: "低收入家庭六十周岁以上老年人",
    IdentityCode.LOW_INCOME_MINOR: "低收入家庭未成年人",
    IdentityCode.PREFERENTIAL: "优抚对象",
}
"""The official words, for the person concerned and for the counter."""

NEWBORN_CATEGORY = "1401"
"""Person category 新生儿."""

CATEGORY_NAMES_ZH: dict[str, str] = {
    "1401": "新生儿",
    "1402": "学龄前儿童",
    "1403": "中小学生",
    "1404": "大学生",
    "1405": "未成年（未入学）",
    "1460": "未成年居民（地方扩展）",
    "1501": "普通居民（成年）",
    "1560": "成年居民（地方扩展）",
    "14": "未成年居民（两位旧码）",
    "15": "成年居民（两位旧码）",
    "16": "老年居民（两位旧码）",
}
"""The resident categories (`psn_type`); areas that still send two digits keep theirs."""
