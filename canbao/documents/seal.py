"""The seal on a document: an interface, so that an SM2 signer, an HSM or a seal service can follow behind the same
two verbs.

A seal takes a finished PDF and gives it back signed, and can say of any PDF whether it bears this installation's
unbroken signature. `pades.py` is the seal that ships: PAdES by pyhanko with a key at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from canbao.kernel.clock import Instant


class SealState(StrEnum):
    """What is true of a document's signature."""

    INTACT = "intact"
    ALTERED = "altered"
    NOT_OURS = "not_ours"
    UNSIGNED = "unsigned"
    NOT_A_PDF = "not_a_pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCheck:
    """The finding on one document. `signed_at` and `signer_name` are what the signature itself claims.

    `title` is what the document calls itself; it proves nothing, it only says where to look.
    """

    state: SealState
    signed_at: Instant | None = None
    signer_name: str = ""
    title: str = ""


class Seal(Protocol):
    """Signs documents and checks signatures."""

    def sign(self, document: bytes, *, at: Instant) -> bytes:
        """The document with a signature dated `at`; its earlier bytes unchanged in front."""
        ...

    def check(self, document: bytes) -> SealCheck:
        """Whether the whole document, to its last byte, is covered by a valid signature of this seal."""
        ...
