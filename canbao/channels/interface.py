"""The contract of every channel: what we may ask of a wallet or a bank, and what it may answer.

A channel translates, signs, sends and translates back. It stores nothing and decides nothing: the order and its
number exist in our books before a connector hears of them, and whether an answer settles an order is for the journey
to say. Everything a connector returns is one of four outcomes, because a wire has four: yes, no, not yet, and
silence. Only an explicit, verified answer is believed; a time limit passed, an answer that cannot be verified, a
status or a code never seen before are `unknown`, and unknown is asked about, never guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen


class ChannelCode(StrEnum):
    """The channels that Canbao knows, by the code kept on an order."""

    WECHAT = "wechat"


class Mode(StrEnum):
    """How the payer reaches the wallet: a link on a phone (`h5`), or a code on a screen to scan (`native`)."""

    H5 = "h5"
    NATIVE = "native"


class Device(StrEnum):
    """The payer's device, in the words that the H5 product uses."""

    WAP = "Wap"
    IOS = "iOS"
    ANDROID = "Android"


class Capability(StrEnum):
    """What a channel can do: data, so that a caller asks before it calls."""

    H5 = "h5"
    NATIVE = "native"
    ASK = "ask"
    CLOSE = "close"
    NOTICE = "notice"


class Outcome(StrEnum):
    """What became of a request.

    confirmed   the channel says yes, and the answer is verified
    refused     the channel says no, in words we know
    waiting     the channel says: not yet
    unknown     anything else, silence above all: ask before believing anything
    """

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WAITING = "waiting"
    UNKNOWN = "unknown"


class NoticeEvent(StrEnum):
    """What a genuine notice tells.

    payment   money was taken: `Notice.payment` is set
    other     anything else, also a payment told in words we cannot read: keep it, never settle from it
    """

    PAYMENT = "payment"
    OTHER = "other"


class NoticeRefusal(StrEnum):
    """Why a notice is not believed, in the order of the checks. A caller answers 4xx, counts it, and does nothing else.

    malformed        too long, a header missing or repeated, not in the channel's form
    unknown_serial   signed, it says, by a key that is not on our list; nobody is asked about that key
    probe            the channel's own test whether we check signatures
    stale            stamped more than five minutes from our clock
    bad_signature    the signature does not fit the text
    undecipherable   genuine, but our notice key does not open it: the key in our configuration is wrong
    """

    MALFORMED = "malformed"
    UNKNOWN_SERIAL = "unknown_serial"
    PROBE = "probe"
    STALE = "stale"
    BAD_SIGNATURE = "bad_signature"
    UNDECIPHERABLE = "undecipherable"


class NoticeRefused(Exception):
    """A notice that is not believed. It changes nothing; `reason` is for counting and for the answer's status."""

    def __init__(self, reason: NoticeRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who we are at the channel: every payment must name exactly these two."""

    merchant_ref: str
    app_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """An order as it is put to a channel. Placing it again takes the same values: a channel refuses the same number
    with others.

    `order_no` 6 to 32 of `0-9A-Za-z_-`; `amount_fen` at least 1; `description` at most 127 characters, read by the
    payer; `expires_at` after which the wallet must refuse to pay; `payer_address` the payer's own internet address;
    `notify_url` https and without a query; `return_url` where the wallet leads back to, or none."""

    order_no: str
    amount_fen: Fen
    description: str
    expires_at: Instant
    payer_address: str
    mode: Mode
    notify_url: str
    return_url: str | None = None
    device: Device = Device.WAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words exchanged, as kept for a later dispute: masked, without keys and signatures, and short.

    `status` is the answer's HTTP status, or None when no answer came; `answer` then says what happened instead.
    """

    request: str
    answer: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of placing an order.

    confirmed   the wallet can be opened at `opens` until `opens_until`
    refused     this request was turned down. Of an order with that number placed earlier it says nothing: ask
    unknown     the order may stand at the channel: ask, or place it again with the same values
    """

    outcome: Outcome
    opens: str | None
    opens_until: Instant | None
    foreign_code: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that a channel says it took, in its own words: compare amount, currency, merchant, app and order before
    settling.

    `payer_ref` is the payer's identifier at the channel, or empty; it stays out of logs.
    """

    order_no: str
    trade_ref: str
    amount_fen: Fen
    currency: str
    merchant_ref: str
    app_ref: str
    happened_at: Instant
    payer_ref: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the channel says about an order.

    confirmed   paid; `payment` is set. Also when part of it was refunded since: the money did come refused     not
    paid and cannot be any more: closed, or never known there. `foreign_code` tells which. While our own request to
                place it may still be on its way, "never known" is not final
    waiting     not paid yet; a failed attempt at paying looks the same
    unknown     not said: ask again later
    """

    outcome: Outcome
    payment: Payment | None
    foreign_code: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What became of closing an order.

    confirmed   closed: it cannot be paid any more
    refused     the channel did not close it; it may have been paid: ask
    unknown     not said: ask
    """

    outcome: Outcome
    foreign_code: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A genuine notice. `notice_ref` is the channel's number of it, the same on every repetition."""

    notice_ref: str
    event: NoticeEvent
    payment: Payment | None
    happened_at: Instant


class Connector(Protocol):
    """One channel, ready to be spoken to. Safe to use from several threads at once."""

    @property
    def code(self) -> ChannelCode:
        """The code kept on orders."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this channel can do."""
        ...

    @property
    def account(self) -> Account:
        """Who we are there."""
        ...

    def place(self, order: PlaceOrder, *, now: Instant) -> Placed:
        """Put an order to the channel. Write it down before; never raises for what the wire does.

        Errors: `channels.order_unacceptable` when the order cannot be said in the channel's form; nothing was sent
        then."""
        ...

    def ask(self, order_no: str, *, now: Instant) -> Answer:
        """What the channel says about an order.

        Never raises for what the wire does. Errors: `channels.order_unacceptable`.
        """
        ...

    def close(self, order_no: str, *, now: Instant) -> Closed:
        """Have an order closed, so that it cannot be paid. Ask first. Errors: `channels.order_unacceptable`."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: Instant) -> Notice:
        """Verify and decipher a notice without a word to anyone.

        `headers` by name in any case; `body` the bytes as they came. Raises NoticeRefused with the reason.
        """
        ...
