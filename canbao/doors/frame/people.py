"""A person as a page may show them to someone who has not signed in: masks only, made before a template sees
anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from canbao.doors.frame.reader import Language
from canbao.doors.frame.words import say
from canbao.kernel.masks import id_tail, mask_id_no, mask_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonShown:
    """What is left of a name and a number for the page. Full values never reach a template."""

    name_masked: str
    name_last: str
    id_no_masked: str
    id_tail: str


def person_shown(name: str, id_no: str) -> PersonShown:
    """Mask a person.

    >>> person_shown("李小丽", "130105194912310041")
    PersonShown(name_masked='**丽', name_last='丽', id_no_masked='130***********0041', id_tail='0041')
    """
    return PersonShown(
        name_masked=mask_name(name),
        # A Latin name keeps its first letter, so that is what is read out.
        name_last=name[:1] if name.isascii() else name[-1:],
        id_no_masked=mask_id_no(id_no),
        id_tail=id_no[-4:] if len(id_no) >= 10 else id_tail(id_no),
    )


def person_markup(who: PersonShown, language: Language) -> SafeString:
    """A person as strangers may see them: masked for the eye, and for the ear by last character and last digits.

    A name keeps its own language, whatever the page speaks, and stays on one line.
    """
    name_language = "en" if who.name_masked.isascii() else "zh"
    is_foreign = language is Language.ENGLISH and not who.name_last.isascii()
    last = format_html('<span lang="zh">{}</span>', who.name_last) if is_foreign else who.name_last
    return format_html(
        '<span class="cb-nb" lang="{}" aria-hidden="true">{}</span><span class="weui-hidden_abs">{}</span>',
        name_language,
        who.name_masked,
        say("person.heard", language, {"last": last, "tail": who.id_tail}),
    )
