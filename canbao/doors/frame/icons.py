"""Icons: one sprite file, drawn into the page, always beside a word and hidden from voice readers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

SPRITE = Path(__file__).resolve().parent / "static" / "frame" / "icons.svg"
_SYMBOL = re.compile(r'<symbol id="([a-z-]+)" viewBox="0 0 24 24">(.*?)</symbol>', re.S)


@cache
def symbols() -> Mapping[str, str]:
    """The drawings of the sprite by name."""
    return {name: " ".join(drawing.split()) for name, drawing in _SYMBOL.findall(SPRITE.read_text(encoding="utf-8"))}


def icon_markup(name: str) -> SafeString:
    """One icon as inline SVG. Raises KeyError for a name the sprite does not have."""
    # The drawing comes from our own file, never from input.
    return mark_safe(
        f'<svg class="cb-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{symbols()[name]}</svg>'
    )
