"""What pages say, in three languages, from one place.

The catalogue is YAML beside the doors (`canbao/doors/*/words/*.yaml`): an area, a key, the sentence in simplified
Chinese and in English. Traditional characters are made from the simplified ones by opencc `s2tw` (characters only:
mainland terms stay), with the quotation marks of that script; where a person reading them found a better form, the
entry carries it as `hant`. gettext would need compiled catalogues and keeps a third hand-written copy of every
sentence; here a missing language cannot happen unseen, because loading refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from opencc import OpenCC

from canbao.doors.frame.reader import Language
from canbao.kernel.yaml_text import read_yaml

DOORS = Path(__file__).resolve().parent.parent
_PLACE = re.compile(r"\{([a-z_]+)\}")
_QUOTES = str.maketrans({"“": "「", "”": "」", "‘": "『", "’": "』"})


class WordsError(ValueError):
    """The catalogue itself is wrong: a language is missing, or its places differ. Raised when loading, so no page is
    ever half said.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One entry of the catalogue."""

    zh: str
    en: str
    hant: str

    def text(self, language: Language) -> str:
        """The sentence in one language, with its places still open."""
        if language is Language.ENGLISH:
            return self.en
        return self.zh if language is Language.SIMPLIFIED else self.hant


@cache
def _converter() -> OpenCC:
    return OpenCC("s2tw")


@lru_cache(maxsize=4096)
def traditional(text: str) -> str:
    """Simplified Chinese in traditional characters, terms unchanged.

    Never for a person's name: a name is written as its owner's papers write it.

    >>> traditional("点右上角“…”，医保费已缴清")
    '點右上角「…」，醫保費已繳清'
    """
    return str(_converter().convert(text)).translate(_QUOTES)


def in_language(zh: str, en: str, language: Language) -> str:
    """A text that comes from a room in its two source languages, in the reader's."""
    if language is Language.ENGLISH:
        return en
    return zh if language is Language.SIMPLIFIED else traditional(zh)


def _entry(where: str, raw: object) -> Sentence:
    if not isinstance(raw, dict) or not {"zh", "en"} <= set(raw) <= {"zh", "en", "hant"}:
        message = f"{where}: an entry has zh and en, and may have hant"
        raise WordsError(message)
    # A blank at the end parts a piece from what follows it; a line's end is only how YAML was written.
    texts = {language: str(text).rstrip("\n") for language, text in raw.items()}
    made = Sentence(zh=texts["zh"], en=texts["en"], hant=texts.get("hant") or traditional(texts["zh"]))
    for language in Language:
        if not made.text(language).strip():
            message = f"{where}: nothing is said in {language}"
            raise WordsError(message)
        if set(_PLACE.findall(made.text(language))) != set(_PLACE.findall(made.zh)):
            message = f"{where}: the places of {language} differ from those of zh-Hans"
            raise WordsError(message)
    return made


def load_file(path: Path) -> dict[str, Sentence]:
    """One catalogue file as `area.key` → sentence. Raises `WordsError` naming the file and key."""
    areas = read_yaml(path.read_text(encoding="utf-8"))
    return {
        f"{area}.{key}": _entry(f"{path.name} {area}.{key}", raw)
        for area, entries in areas.items()
        for key, raw in entries.items()
    }


@cache
def catalogue() -> Mapping[str, Sentence]:
    """Every sentence of every door. Raises `WordsError` where two files say the same key."""
    said: dict[str, Sentence] = {}
    for path in sorted(DOORS.glob("*/words/*.yaml")):
        for key, sentence in load_file(path).items():
            if key in said:
                message = f"{path.name} {key}: is said twice"
                raise WordsError(message)
            said[key] = sentence
    return said


def say(key: str, language: Language, places: Mapping[str, object] | None = None) -> SafeString:
    """A sentence as HTML text: escaped, its places filled and escaped too unless they are markup already.

    Raises KeyError for a key nobody wrote or a place nobody filled: a mistake of ours that a test must see.
    """
    text = catalogue()[key].text(language)
    return fill(text, places or {})


def fill(text: str, places: Mapping[str, object]) -> SafeString:
    """Fill `{places}` of a sentence; the sentence and every plain value are escaped."""
    pieces = _PLACE.split(text)
    out: list[str] = []
    for at, piece in enumerate(pieces):
        value = piece if at % 2 == 0 else places[piece]
        # A value that is markup already stays; anything else is escaped as text.
        out.append(conditional_escape(value if isinstance(value, str) else str(value)))
    return mark_safe("".join(out))
