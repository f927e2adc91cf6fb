"""What made-up persons are called: ordinary names, names of minorities with `·`, and rare characters beyond the basic
plane.

None is a real person's. Proportions are near those of a real register: most names have two or three characters, some
are long, and a few hold a character that old systems lose.
"""

from __future__ import annotations

from random import Random

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙")
MALE = "伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林峰建国志文海东亮成庆松涵睿泽轩昊晨"
FEMALE = "芳娜敏静丽艳霞秀娟英玲婷雪慧莉红梅燕倩颖琳萍洁玉兰凤云月莲珍荣桂香蓉琴瑶怡欣悦涵诗彤萱"
GRANDMOTHERS = ("秀英", "桂英", "秀兰", "玉兰", "桂兰", "秀珍", "凤英", "玉珍", "玉英", "兰英", "桂珍", "秀荣")
RARE = ("𠮷", "䶮", "㛃", "𬎆", "𫖯", "𬸚", "珺", "㼆", "𬬭", "堃")
MINORITY_FIRST = (
    "迪丽娜",
    "阿依古丽",
    "古丽娜尔",
    "买合木提",
    "艾力",
    "帕提古丽",
    "木卡达斯",
    "才让",
    "阿卜杜热合曼",
    "努尔古丽",
)
MINORITY_LAST = ("买买提江", "吐尔逊", "艾合买提", "阿卜力孜", "依明", "玉素甫", "卓玛", "热合曼", "司马义", "托合提")

_MINORITY_PER_THOUSAND = 20
_RARE_PER_THOUSAND = 5
_COMPOUND_PER_THOUSAND = 4
_SINGLE_PER_THOUSAND = 150


def surname(random: Random) -> str:
    """A surname; common ones come more often."""
    if random.randrange(1000) < _COMPOUND_PER_THOUSAND:
        return random.choice(COMPOUND_SURNAMES)
    return SURNAMES[min(random.randrange(len(SURNAMES)), random.randrange(len(SURNAMES)))]


def given_name(random: Random, *, is_male: bool) -> str:
    """A given name of one or two characters."""
    signs = MALE if is_male else FEMALE
    if random.randrange(1000) < _RARE_PER_THOUSAND:
        return random.choice(signs) + random.choice(RARE)
    if random.randrange(1000) < _SINGLE_PER_THOUSAND:
        return random.choice(signs)
    return random.choice(signs) + random.choice(signs)


def minority_name(random: Random) -> str:
    """A name of two parts with the dot between them."""
    return f"{random.choice(MINORITY_FIRST)}·{random.choice(MINORITY_LAST)}"


def is_minority_family(random: Random) -> bool:
    """Whether a family's names have two parts."""
    return random.randrange(1000) < _MINORITY_PER_THOUSAND
