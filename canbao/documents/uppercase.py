"""人民币大写: an amount in the characters that cannot be altered by a stroke.

`cn2an` knows the characters but reads floats and negatives too; this is the one door to it, and it lets in whole
fen only.
"""

from __future__ import annotations

from canbao.kernel.money import Fen, fen


def uppercase(amount: Fen) -> str:
    """The amount as a voucher says it, 人民币 in front and 整 where no jiao or fen follow.

    >>> uppercase(Fen(136000)), uppercase(Fen(1640902)), uppercase(Fen(0))
    ('人民币壹仟叁佰陆拾元整', '人民币壹万陆仟肆佰零玖元零贰分', '人民币零元整')

    Raises TypeError for anything but a whole number, ValueError for a negative one or one beyond what money can be.
    """
    yuan, rest = divmod(fen(amount), 100)
    if amount < 0:
        message = "only an amount of zero or more is written in characters"
        raise ValueError(message)
    import cn2an

    # Text, not a number: two places stay two places and no float is ever made.
    written = cn2an.an2cn(f"{yuan}.{rest:02d}" if rest else str(yuan), "rmb")
    return f"人民币{written}"
