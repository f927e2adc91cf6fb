"""The code lists a register file is read against: schemes, person categories, special identities.

National codes are kept as they are; areas add digits to a scheme code, and such a code is taken under its national
one. Official Chinese names are understood beside the codes. Sources: the medical platform's `insutype` and `psn_type`
lists.
"""

from __future__ import annotations

import re

from canbao.rulebook.identities import CATEGORY_NAMES_ZH, NAMES_ZH

RESIDENT_SCHEME = "390"
"""城乡居民基本医疗保险: what a row is about when it names no scheme."""

SCHEME_NAMES_ZH = {
    "310": "职工基本医疗保险",
    "320": "公务员医疗补助",
    "330": "大额医疗费用补助",
    "340": "离休人员医疗保障",
    "350": "一至六级残疾军人医疗补助",
    "360": "老红军医疗保障",
    "370": "企业补充医疗保险",
    "380": "新型农村合作医疗",
    "390": "城乡居民基本医疗保险",
    "391": "城镇居民基本医疗保险",
    "392": "城乡居民大病医疗保险",
    "399": "其他特殊人员",
    "410": "长期照护保险",
    "510": "生育保险",
}

_OTHER_CATEGORIES = {
    "1101": "职工在职", "1102": "公务员在职", "1103": "灵活就业在职", "1160": "在职（地方扩展）",
    "1201": "职工退休", "1202": "公务员退休", "1203": "灵活就业退休", "1260": "退休（地方扩展）",
    "1300": "离休", "1360": "离休（地方扩展）", "11": "在职", "12": "退休", "13": "离休",
}  # fmt: skip

IDENTITY_CODES: dict[str, str] = {
    **{code.value: code.value for code in NAMES_ZH},
    **{name: code.value for code, name in NAMES_ZH.items()},
    "特困": "destitute",
    "特困人员": "destitute",
    "事实无人抚养": "unsupported_child",
    "低保": "minimum_living",
    "最低生活保障对象": "minimum_living",
    "返贫致贫": "returned_poor",
    "脱贫不稳定": "monitored_unstable",
    "边缘易致贫": "monitored_marginal",
    "突发严重困难": "monitored_sudden",
    "重残": "severely_disabled",
    "优抚": "preferential",
}
"""What a file may write for a special identity, to our code."""

_SCHEMES = {code: code for code in SCHEME_NAMES_ZH} | {name: code for code, name in SCHEME_NAMES_ZH.items()} | {
    "": RESIDENT_SCHEME,
    "居民医保": RESIDENT_SCHEME,
}  # fmt: skip
_LOCAL_SCHEME = re.compile(r"[0-9]{5,6}")
_RESIDENTS = {code: code for code in CATEGORY_NAMES_ZH} | {name: code for code, name in CATEGORY_NAMES_ZH.items()}
_OTHERS = {code: code for code in _OTHER_CATEGORIES} | {name: code for code, name in _OTHER_CATEGORIES.items()}


def scheme_code(written: str) -> str | None:
    """The scheme that a cell names; the resident scheme when it is empty, None when it is unknown.

    >>> scheme_code(""), scheme_code("39902"), scheme_code("777")
    ('390', '39902', None)
    """
    known = _SCHEMES.get(written)
    if known is None and _LOCAL_SCHEME.fullmatch(written) is not None and written[:3] in SCHEME_NAMES_ZH:
        return written
    return known


def category_code(written: str, scheme: str) -> str | None:
    """The category that a cell names; the resident scheme takes resident categories alone. None when it is unknown."""
    known = _RESIDENTS.get(written)
    return known if known is not None or scheme == RESIDENT_SCHEME else _OTHERS.get(written)
