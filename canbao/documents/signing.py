"""Which seal this process signs with: the one place that chooses, and the place to change when another seal follows."""

from __future__ import annotations

from functools import cache

from canbao.documents.seal import Seal


@cache
def seal_in_force() -> Seal:
    """The seal of this process, read from the environment once. Errors: `documents.signer_incomplete`."""
    # pyhanko takes most of a second to import, and most processes never sign.
    from canbao.documents.certificate import signer_from_environment
    from canbao.documents.pades import PadesSeal

    return PadesSeal(signer_from_environment())
