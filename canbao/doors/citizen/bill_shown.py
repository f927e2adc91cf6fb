"""A bill as its page shows it: what the rooms know, turned into the few facts a payer needs, in the payer's language.

Nothing here reads a room; `bill_reading` gathers the facts and this decides which face the page wears. Of a special
identity only the public words of the explanation are taken: the private ones never reach a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from canbao.doors.frame.people import PersonShown
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode


class BillFace(StrEnum):
    """What the page has to say about the bill. Only the first two take money."""

    OPEN = "open"
    LATE = "late"
    PAID = "paid"
    MET = "met"
    TWO_PLACES = "two_places"
    LOCKED = "locked"
    NOT_FINAL = "not_final"
    NOT_OPEN = "not_open"
    NOT_PUBLISHED = "not_published"
    CLOSED = "closed"
    NO_COVER = "no_cover"


_TAGS = {
    BillFace.OPEN: "owed",
    BillFace.LATE: "owed",
    BillFace.PAID: "paid",
    BillFace.MET: "paid",
    BillFace.TWO_PLACES: "needs-you",
    BillFace.LOCKED: "waiting",
    BillFace.NOT_FINAL: "needs-you",
    BillFace.NOT_OPEN: "waiting",
    BillFace.NOT_PUBLISHED: "closed",
    BillFace.CLOSED: "closed",
    BillFace.NO_COVER: "closed",
}

PAYABLE = frozenset({BillFace.OPEN, BillFace.LATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One line of the explanation: what, how much, and by which document."""

    label: str
    amount_fen: Fen
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillShown:
    """One bill on a page. Days are civil dates in China; `cover_last_on` is the last day of cover, `closes_on` and
    `late_until_on` the last days on which payment counts. `key` leads to the person's page in this session only;
    `holding_token` names the order that holds the bill, to be shown to the browser that made it and to nobody
    else. `voucher_kb` is how large the voucher is, 0 until it is made.
    """

    key: str
    region_code: RegionCode
    bill_id: UUID
    bill_no: str
    person: PersonShown
    region_name: str
    place: str
    scheme_name: str
    phone_prefix: str
    collected_year: int
    insured_year: int
    personal_fen: Fen
    assistance_fen: Fen
    assistance_rule: str
    steps: tuple[StepShown, ...]
    face: BillFace
    cover_from_on: date | None = None
    cover_last_on: date | None = None
    from_birth: bool = False
    opens_on: date | None = None
    closes_on: date | None = None
    late_until_on: date | None = None
    late_wait_months: int | None = None
    next_opens_on: date | None = None
    note: str = ""
    locked_since_at: Instant | None = None
    locked_until_at: Instant | None = None
    holding_token: str = ""
    voucher_kb: int = 0

    @property
    def is_payable(self) -> bool:
        """Whether the page offers to pay it."""
        return self.face in PAYABLE

    @property
    def has_voucher(self) -> bool:
        """Whether a voucher says who paid instead: only where the subsidy met the bill alone."""
        return self.face is BillFace.MET

    @property
    def tag(self) -> str:
        """The state's word, icon and colour."""
        return _TAGS[self.face]

    @property
    def last_day_on(self) -> date | None:
        """The last day on which this bill could be paid."""
        return self.late_until_on or self.closes_on
