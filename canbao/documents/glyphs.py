"""The fonts of a voucher, and which characters they can draw.

Names hold characters that many fonts lack. A voucher with a box in place of somebody's name is worthless, so every
character is looked up before anything is issued. Noto Sans SC and Noto Serif SC set the page; what they lack comes
from Noto Sans CJK, and what none has is refused by its code point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import manimgx_fonts_cjk
import pylopdf_fonts_zh_cn

from canbao.documents.errors import GLYPH_MISSING

SANS = "Noto Sans SC"
SERIF = "Noto Serif SC"
WIDE = "Noto Sans CJK SC"

_COLLECTION = "NotoSansCJK-VF.otf.ttc"


def font_folders() -> list[Path]:
    """Where the fonts lie: inside their wheels, so that no system font is ever needed."""
    return [Path(pylopdf_fonts_zh_cn.__file__).parent, Path(manimgx_fonts_cjk.__file__).parent]


@cache
def drawable() -> frozenset[int]:
    """The code points that a text of the page can show. Read once per process, about half a second.

    Body text falls back from Noto Sans SC to Noto Sans CJK SC, so their union counts; Noto Serif sets fixed words only.
    """
    from fontTools.ttLib import TTCollection, TTFont

    with (
        TTFont(pylopdf_fonts_zh_cn.sans_path(), lazy=True) as sans,
        TTCollection(str(font_folders()[1] / _COLLECTION), lazy=True) as collection,
    ):
        wide = next(font for font in collection.fonts if font["name"].getDebugName(1) == WIDE)
        return frozenset(sans.getBestCmap()) | frozenset(wide.getBestCmap())


def refuse_what_cannot_be_drawn(texts: Iterable[str]) -> None:
    """Raise `documents.glyph_missing` naming the first code point that no font can draw.

    Control, format, private and unassigned characters are refused too: they leave no mark on paper but change what
    is copied out of it, and a right-to-left override in a name could make one person's voucher read like another's.
    """
    can_draw = drawable()
    for text in texts:
        for sign in text:
            if ord(sign) not in can_draw or unicodedata.category(sign) in _WITHOUT_A_MARK:
                raise GLYPH_MISSING(code_point=f"U+{ord(sign):04X}")


_WITHOUT_A_MARK = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
