"""An order as its page shows it: which face it wears, what may be done, and the four honest stages after payment.

Pure decisions. Only an explicit answer of the channel becomes "paid" or "not paid"; silence stays "we do not know
yet", with the latest time of an answer. What happens after the money is recorded has expected times of its own and
never pretends to be done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.utils.safestring import SafeString

from canbao.doors.citizen.order_refunds import RefundShown
from canbao.doors.frame.people import PersonShown
from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.money import Fen

TREASURY_DAYS_USUAL = (1, 3)
"""Days until the money is in the treasury, usually. Source: answers of tax and medical-insurance offices in public
(12366 and 12393), reliability C; not a legal time limit."""

TREASURY_DAYS_MOST = 7
"""Days until the money is in the treasury, at most, by the same answers."""

POLL_FAST_S, POLL_FAST_FOR = 3, timedelta(seconds=60)
POLL_SLOW_S, POLL_SLOW_FOR = 10, timedelta(minutes=5)


class OrderFace(StrEnum):
    """What the order page has to say."""

    OPENING = "opening"
    WALLET = "wallet"
    STALE = "stale"
    SCAN = "scan"
    IN_WECHAT = "in_wechat"
    ASKED_BACK = "asked_back"
    CHECKING = "checking"
    OVERDUE = "overdue"
    SETTLED = "settled"
    CLOSED = "closed"
    EXPIRED = "expired"
    MONEY_BACK = "money_back"


FINAL = frozenset({OrderFace.SETTLED, OrderFace.CLOSED, OrderFace.EXPIRED})
"""Faces that no later news changes (a settled order's later stages need no watching)."""

IN_DOUBT = frozenset({OrderFace.ASKED_BACK, OrderFace.CHECKING, OrderFace.OVERDUE})
"""Faces that ask or are asked whether it went through: they show what is still to come."""

_TAGS = {
    OrderFace.CHECKING: "unknown",
    OrderFace.OVERDUE: "unknown",
    OrderFace.SETTLED: "paid",
    OrderFace.CLOSED: "failed",
    OrderFace.EXPIRED: "failed",
    OrderFace.MONEY_BACK: "refunded",
}

_SHOWS_EXPIRY = frozenset(
    {OrderFace.WALLET, OrderFace.STALE, OrderFace.SCAN, OrderFace.IN_WECHAT, OrderFace.ASKED_BACK, OrderFace.OPENING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletFacts:
    """What decides the face: the order's state and time, the wallet's address, and where this reader is."""

    state: str
    is_native: bool
    opens: str
    opens_until: Instant | None
    expires_at: Instant
    answer_by_at: Instant
    came_back: bool
    in_wechat: bool
    channel_says_unpaid: bool


def face_of(facts: WalletFacts, now: Instant) -> OrderFace:
    """The one face for these facts. Coming back from the wallet asks and concludes nothing."""
    match facts.state:
        case "settled":
            return OrderFace.SETTLED
        case "closed":
            return OrderFace.CLOSED
        case "expired":
            return OrderFace.EXPIRED
        case "unknown":
            return _unanswered(facts, now)
        case "open":
            return OrderFace.OPENING if now < facts.expires_at else _unanswered(facts, now)
        case _:
            return _placed(facts, now)


def _unanswered(facts: WalletFacts, now: Instant) -> OrderFace:
    return OrderFace.CHECKING if now <= facts.answer_by_at else OrderFace.OVERDUE


def _placed(facts: WalletFacts, now: Instant) -> OrderFace:
    if now >= facts.expires_at:
        # Its time ran out, but the channel has not said yet that nobody paid in the last second.
        return _unanswered(facts, now)
    if facts.came_back and not facts.channel_says_unpaid:
        return OrderFace.ASKED_BACK
    if facts.is_native:
        return OrderFace.SCAN
    if facts.in_wechat:
        return OrderFace.IN_WECHAT
    alive = bool(facts.opens) and (facts.opens_until is None or now < facts.opens_until)
    return OrderFace.WALLET if alive else OrderFace.STALE


def poll_every_s(face: OrderFace, age: timedelta) -> int:
    """How often a page with scripts looks again: every 3 s for a minute, every 10 s for five, then only by the button
    (0).
    """
    if face in FINAL:
        return 0
    if age < POLL_FAST_FOR:
        return POLL_FAST_S
    return POLL_SLOW_S if age < POLL_SLOW_FOR else 0


def tag_of(face: OrderFace) -> str:
    """The state's word, icon and colour."""
    return _TAGS.get(face, "waiting")


def treasury_expected_on(settled_at: Instant, sent_again_at: Instant | None = None) -> date:
    """The day by which the money is expected in the treasury: the longest of the known delays, counted from the
    payment, or anew from when it was handed over again after the treasury had sent it back.

    No source tells how long a second attempt takes: that it takes no longer than a first is our own assumption, and
    the page says so.
    """
    return civil_date(sent_again_at or settled_at) + timedelta(days=TREASURY_DAYS_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageShown:
    """One of the four stages of the result: a name, an icon and what is known, each line a sentence."""

    title: SafeString
    mark: str
    lines: tuple[SafeString, ...]
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """One order on its page.

    `address` is the page's own path; `opens` the wallet's address, only where it may be pressed; `refund_title` how the
    page is headed when all the money goes back; `has_voucher` whether a voucher may be had, for which something must
    still be paid; `voucher_kb` how large the one in force is, 0 until it is made; `former_voucher` says which one is
    void and why, where one is; `cover_ends` whether a refund undid anybody's bill as a whole.
    """

    face: OrderFace
    address: str
    full_address: str
    order_no: str
    order_no_text: str
    case_no_text: str
    amount_fen: Fen
    people: tuple[PersonShown, ...]
    region_name: str
    insured_years: str
    opened_at: Instant
    expires_at: Instant
    answer_by_at: Instant
    came_back: bool = False
    channel_says_unpaid: bool = False
    opens: str = ""
    wallet_until_at: Instant | None = None
    wallet_is_stale: bool = False
    qr: SafeString | None = None
    stages: tuple[StageShown, ...] = ()
    extra_fen: tuple[Fen, ...] = ()
    refunds: tuple[RefundShown, ...] = ()
    refund_title: str = ""
    has_voucher: bool = False
    cover_ends: bool = False
    former_voucher: str = ""
    verify_address: str = ""
    voucher_kb: int = 0
    poll_s: int = 0

    @property
    def tag(self) -> str:
        """The state's word, icon and colour: what goes back is refunded only when all of it has."""
        if self.face is OrderFace.MONEY_BACK and self.refund_title != "done":
            return "waiting" if self.refund_title == "under_way" else "unknown"
        return tag_of(self.face)

    @property
    def shows_expiry(self) -> bool:
        """Whether the page says until when the order holds."""
        return self.face in _SHOWS_EXPIRY

    @property
    def told(self) -> str:
        """What the reader has been told, as a short mark: the same mark means there is nothing new to read out."""
        text = "|".join(
            (
                self.face,
                self.opens,
                str(self.wallet_is_stale),
                *map(str, self.extra_fen),
                *(refund.sentence for refund in self.refunds),
                self.former_voucher,
                *self._stage_texts(),
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def seen(self) -> str:
        """The mark with the pace of looking again; a change of pace alone changes nothing a reader hears."""
        return f"{self.told}.{self.poll_s}"

    def _stage_texts(self) -> tuple[str, ...]:
        return tuple(f"{stage.mark}:{'/'.join(stage.lines)}" for stage in self.stages)
