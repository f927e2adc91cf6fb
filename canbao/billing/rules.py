"""Billing's pure decisions: the ids of bills, the days an assessment counts by, its pages and its lanes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

PAGE_SIZE = 20_000
"""Persons per transaction of an assessment: large enough that statements dominate, small enough that a kill costs a
second.
"""

LANES_MAX = 8
"""Into how many lanes a run is cut at most: as many workers can make its pages at once."""

LANE_PERSONS_MIN = 2_000
"""Persons that are worth a lane of their own."""

LAST_PERSON_ID = UUID(int=(1 << 128) - 1)

PAGE_PASSES_MAX = 8
"""How often one page is looked at: to price its classes, to cancel what changed, to make the rest; more is our mistake.
"""


class BillKind(StrEnum):
    """What a row of bills is: something owed, the negative record that cancels such a bill, or the one that lessens a
    paid bill by what a refund gave back of it.
    """

    NORMAL = "normal"
    REVERSAL = "reversal"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBounds:
    """A range of persons: those after one id, up to and with another."""

    after_person_id: UUID
    last_person_id: UUID


def lanes_of(enrolled_count: int) -> list[LaneBounds]:
    """Lanes for so many persons. Persons' ids are digests, so equal ranges of ids hold about as many persons each.

    >>> [str(lane.last_person_id)[:8] for lane in lanes_of(6_000)]
    ['55555555', 'aaaaaaaa', 'ffffffff']
    """
    lane_count = max(1, min(LANES_MAX, enrolled_count // LANE_PERSONS_MIN))
    cuts = [UUID(int=LAST_PERSON_ID.int * place // lane_count) for place in range(lane_count + 1)]
    return [LaneBounds(after_person_id=after, last_person_id=last) for after, last in pairwise(cuts)]


def bill_key(kind: BillKind, scheme_code: str, due_from: int, due_until: int) -> bytes:
    """What a bill's id is derived from beside the person and the generation.

    >>> bill_key(BillKind.NORMAL, "390", 202501, 202512)
    b'bill|normal|390|202501|202512|'
    """
    return f"bill|{kind}|{scheme_code}|{due_from}|{due_until}|".encode()


def bill_id_of(person_id: UUID, key: bytes, generation: int) -> UUID:
    """The id of a person's bill: `sql/assess_page.sql` computes the same, a test compares them.

    Its first half is the person's id, so that bills made in the order of persons fill an index from left to right;
    its second half is a digest, from which the printed number is made.
    """
    digest = hashlib.sha256(person_id.bytes + key + generation.to_bytes(2, "big")).hexdigest()
    return UUID(person_id.hex[:16] + "8" + digest[:15])


def births_of_cuts(cuts: Sequence[int], on: date) -> list[date]:
    """For each age cut the last day of birth that has reached it on a day, ascending: ages as thresholds that SQL can
    compare.

    >>> births_of_cuts([18, 70], date(2025, 1, 1))
    [datetime.date(1955, 1, 1), datetime.date(2007, 1, 1)]
    """
    return sorted(_years_before(on, cut) for cut in cuts)


def _years_before(on: date, years: int) -> date:
    """The same day some years earlier; 29 February becomes the 28th, since whoever is born on 1 March has not yet got
    that far.
    """
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)
