"""One seed decides everything: while a run lasts, whatever draws from `secrets` draws from the seed.

Ids, tokens and the channel's made-up numbers come from `secrets`. In a run they come from a generator that the seed
begins, in the order in which they are asked for; a run is one thread, so that order is the same every time. The
nonces of signatures are drawn elsewhere and stay random: nothing decides by them.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

BYTES_USUAL = 32


@contextmanager
def decided_by(seed: str) -> Iterator[None]:
    """Draw from the seed instead of from the machine until the block ends. Not for use in two threads at once."""
    chance = random.Random(seed)

    def token_bytes(nbytes: int | None = None) -> bytes:
        return chance.randbytes(BYTES_USUAL if nbytes is None else nbytes)

    def token_hex(nbytes: int | None = None) -> str:
        return token_bytes(nbytes).hex()

    def choice(items: Sequence[Item]) -> Item:
        return items[chance.randrange(len(items))]

    stand_ins: dict[str, Callable[..., object]] = {
        "randbits": chance.getrandbits,
        "randbelow": chance.randrange,
        "token_bytes": token_bytes,
        "token_hex": token_hex,
        "choice": choice,
    }
    originals = {name: getattr(secrets, name) for name in stand_ins}
    for name, stand_in in stand_ins.items():
        setattr(secrets, name, stand_in)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(secrets, name, original)
