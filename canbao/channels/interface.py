"""The contract of every channel: what we may ask of a wallet or a bank, and what it may answer.

A channel translates, signs, sends and translates back. It stores nothing and decides nothing: the order and its
number exist in our books before a connector hears of them, and whether an answer settles an order is for the journey
to say. Everything a connector returns is one of four outcomes, because a wire has four: yes, no, not yet, and
silence. Only an explicit, verified answer is believed; a time limit passed, an answer that cannot be verified, a
status or a code never seen before are `unknown`, and unknown is asked about, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from canbao.channels.statements import FundLine as FundLine
from canbao.channels.statements import LineKind as LineKind
from canbao.channels.statements import LineState as LineState
from canbao.channels.statements import StatementKind as StatementKind
from canbao.channels.statements import StatementLine as StatementLine
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen

STATEMENT_BYTES_MAX: Final = 1 << 30
"""A statement longer than this when unpacked is not read: some 3.5 million lines."""


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
    REFUND = "refund"
    STATEMENT = "statement"


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
    refund    a refund came to its end, good or bad: `Notice.refund` is set
    other     anything else, also a payment told in words we cannot read: keep it, never settle from it
    """

    PAYMENT = "payment"
    REFUND = "refund"
    OTHER = "other"


class RefundFate(StrEnum):
    """What a channel says of a refund that it knows.

    succeeded    the money is on its way back to the payer; this is final
    processing   accepted, in work
    closed       given up, the merchant's money was short for too long: only a new number can succeed
    abnormal     the payer's account does not take it: somebody must act
    """

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    CLOSED = "closed"
    ABNORMAL = "abnormal"


class RefundAdvice(StrEnum):
    """What an explicit no to a refund asks of us.

    again         the same number with the same values later: our balance at the channel was short
    new_number    this number is closed for good: only a refund with a new number can succeed
    by_hand       no repetition helps: a person must look, and asking about the number goes on
    never_heard   asked about: the channel does not know this number. Send it again, the same number
    """

    AGAIN = "again"
    NEW_NUMBER = "new_number"
    BY_HAND = "by_hand"
    NEVER_HEARD = "never_heard"


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
class RequestRefund:
    """A refund as it is put to a channel. Sending it again takes the same values: the number makes it one refund.

    It names the transaction, not the order, so that money of an order unknown to us can go back too. `refund_no` 1 to
    64 of `0-9A-Za-z_-`; `captured_fen` the whole of the transaction, `amount_fen` the part that goes back, at least 1;
    `reason` at most 80 characters, read by the payer, or empty; `notify_url` https and without a query; `order_no` is
    not sent."""

    refund_no: str
    order_no: str
    trade_ref: str
    amount_fen: Fen
    captured_fen: Fen
    reason: str
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTold:
    """What a channel says about a refund, in its own words: compare numbers, amounts, currency and merchant before
    believing that it is ours.

    `happened_at` is when it succeeded, else when the channel accepted or told it; `merchant_ref` is who we are there
    when the answer to our own signed question does not repeat it; `currency` is CNY where the channel's form has no
    place for it; `received_account` where the money went in the channel's words, or empty; it stays out of logs."""

    refund_no: str
    refund_ref: str
    order_no: str
    trade_ref: str
    amount_fen: Fen
    captured_fen: Fen
    currency: str
    merchant_ref: str
    fate: RefundFate
    happened_at: Instant
    received_account: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What the channel says to or about a refund.

    confirmed   succeeded; `told` is set
    waiting     accepted, in work; `told` is set when the answer carried it whole
    refused     an explicit no: `advice` is set, and `told` too when the channel knows the refund (closed, abnormal)
    unknown     ask with the same number, never send a new one. Too many requests is unknown too: the refund may be in
                work
    """

    outcome: Outcome
    told: RefundTold | None
    advice: RefundAdvice | None
    foreign_code: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A genuine notice. `notice_ref` is the channel's number of it, the same on every repetition."""

    notice_ref: str
    event: NoticeEvent
    payment: Payment | None
    happened_at: Instant
    refund: RefundTold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedStatement:
    """What became of fetching a day's statement.

    confirmed   the plain bytes were written whole; `digest` is the channel's own hash of them and fits, `size` their
                count
    refused     the channel says that nothing happened that day
    waiting     not made yet: ask again later
    unknown     anything else; what was written is to be thrown away. `foreign_code` is the channel's word or one of
                `digest_differs`, `corrupt`, `too_large`, `foreign_address`. `is_too_often` when the channel says that
                it is asked too often: nothing is wrong with the day, and the next question must wait

    `digest` and `size` are empty and 0 unless confirmed."""

    outcome: Outcome
    digest: str
    size: int
    foreign_code: str
    evidence: Evidence
    is_too_often: bool = False


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

    def refund(self, request: RequestRefund, *, now: Instant) -> RefundAnswer:
        """Have money sent back to the account that paid. Write it down before; the same request again is the same
        refund. Never raises for what the wire does.

        Errors: `channels.refund_unacceptable` when it cannot be said in the channel's form; nothing was sent then."""
        ...

    def ask_refund(self, refund_no: str, *, now: Instant) -> RefundAnswer:
        """What the channel says about a refund.

        Never raises for what the wire does. Errors: `channels.refund_unacceptable`.
        """
        ...

    def fetch_statement(
        self,
        kind: StatementKind,
        day: date,
        into: BinaryIO,
        *,
        now: Instant,
        bytes_max: int = STATEMENT_BYTES_MAX,
    ) -> FetchedStatement:
        """Fetch the statement of a civil day in China and write its plain bytes to `into`, in bounded memory.

        Never raises for what the wire does; what `into` raises passes through. A file that unpacks to more than
        `bytes_max` is `unknown` with `too_large`.
        """
        ...

    def read_statement(self, kind: StatementKind, source: BinaryIO) -> Iterator[StatementLine | FundLine]:
        """The lines of a statement in plain bytes, lazily and in the file's order: StatementLine for `trades`, FundLine
        for `funds`. The file's own summary is compared at the end, so believe nothing before the iterator is spent.

        Lines of other merchants are told as they are. Errors, raised while iterating: `channels.statement_empty`,
        `statement_packed`, `statement_not_utf8`, `statement_truncated`, `statement_column_missing`,
        `statement_line_malformed`, `statement_unreadable` and `statement_summary_differs`, each with where and what."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: Instant) -> Notice:
        """Verify and decipher a notice without a word to anyone.

        `headers` by name in any case; `body` the bytes as they came. Raises NoticeRefused with the reason.
        """
        ...
