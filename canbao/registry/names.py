"""Names: kept exactly as the register has them, compared in a form that forgives what people and old systems do to
them.

The matching form is for comparison alone and is never shown. It is made so: private-use codes of GB 18030 become the
character that the 2022 edition names; NFKC (full-width letters become plain, and compatibility ideographs, which are
second codes of the same character, become the unified one); the many dots that people type for the `·` of a minority
name become U+00B7; variation selectors, blanks and invisible characters go; Latin letters are compared without case.
Traditional and simplified characters stay different: they are different names on different documents.
"""

from __future__ import annotations

import re
import unicodedata

from canbao.registry import errors

NAME_LENGTH_MAX = 100
"""Longest name taken. Names of fifty characters are real; a hundred leaves room."""

_DOTS = dict.fromkeys(map(ord, "•・･‧∙⋅⸱ꞏ᛫●.．﹒｡・"), "·")
_VANISHING = re.compile(r"[\s\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]+")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd]")

# GB/T 18030-2022 gave fourteen characters of the 0xFE50 block real code points; the older editions keep them in the
# private area.
_NAMED_IN_2022 = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
    0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}  # fmt: skip


def _private_use_map() -> dict[int, int]:
    """Private-use code to character, for the eighty places GBK FE50 to FEA0 that old systems number from U+E815."""
    places = [second for second in range(0x50, 0xA1) if second != 0x7F]
    decoded = {0xE815 + place: ord(bytes((0xFE, second)).decode("gb18030")) for place, second in enumerate(places)}
    return {private: character for private, character in decoded.items() if character != private} | _NAMED_IN_2022


_FROM_PRIVATE_USE = _private_use_map()


def matching_form(name: str) -> str:
    """The form in which two writings of one name are equal.

    >>> matching_form("阿依古丽 • 买买提") == matching_form("阿依古丽·买买提")
    True
    """
    if name.isascii():
        return _VANISHING.sub("", name.translate(_DOTS)).casefold()
    plain = unicodedata.normalize("NFKC", name.translate(_FROM_PRIVATE_USE)).translate(_DOTS)
    return _VANISHING.sub("", plain).casefold()


def checked_name(name: str) -> str:
    """A name as it is stored: as given, without blanks around it.

    Errors: `registry.name_missing`, `registry.name_too_long`, `registry.name_unreadable` (a character that no
    decoding gives). A rare or private-use character is never refused.
    """
    kept = name.strip().strip("\u3000\ufeff")
    if not kept or not matching_form(kept):
        raise errors.NAME_MISSING()
    if len(kept) > NAME_LENGTH_MAX:
        raise errors.NAME_TOO_LONG(n=len(kept), most=NAME_LENGTH_MAX)
    unreadable = _UNREADABLE.search(kept)
    if unreadable is not None:
        raise errors.NAME_UNREADABLE(n=unreadable.start() + 1)
    return kept


def private_use_place(name: str) -> int | None:
    """Where the first private-use character stands, counted from 1; None where there is none."""
    found = _PRIVATE.search(name)
    return found.start() + 1 if found is not None else None
