"""How personal data looks where it may be seen only in part. Screens, slips and logs show these and nothing more."""

from __future__ import annotations

MIDDLE_DOTS = "·•・‧"


def mask_name(name: str) -> str:
    """A name with its last character kept: each part of a name with `·` by itself, and Latin parts by their first
    letter.

    >>> mask_name("李小丽"), mask_name("迪丽娜·买买提江"), mask_name("John Smith")
    ('**丽', '**娜·***江', 'J*** S****')
    """
    if name.isascii():
        return " ".join(part[:1] + "*" * (len(part) - 1) for part in name.split())
    parts = name.split("·")
    return "·".join("*" * (len(part) - 1) + part[-1:] for part in parts)


def mask_id_no(id_no: str) -> str:
    """An ID number in a person's own session: first three and last four, so that the birthday is never shown.

    >>> mask_id_no("110105194912310020")
    '110***********0020'
    """
    if len(id_no) < 10:
        return "*" * max(len(id_no) - 2, 0) + id_no[-2:]
    return id_no[:3] + "*" * (len(id_no) - 7) + id_no[-4:]


def id_tail(id_no: str) -> str:
    """An ID number on public pages, in messages and on slips: its last two characters.

    >>> id_tail("110105194912310020")
    '20'
    """
    return id_no[-2:]
