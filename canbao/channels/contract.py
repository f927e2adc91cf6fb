"""What every channel must pass before it carries money: one suite, run against the channel's far side.

A channel's tests subclass `ChannelContract` and supply a `far_side` fixture: the connector, and a hand on the other
end of the wire that pays as the payer, causes accidents and shows the notices that were sent. The suite knows no
channel's words; it knows that paid is paid, that silence is not a no, and that nobody is believed unsigned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from canbao.channels.interface import (
    Answer,
    Connector,
    Mode,
    Notice,
    NoticeEvent,
    NoticeRefusal,
    NoticeRefused,
    Outcome,
    PlaceOrder,
)
from canbao.kernel.clock import Instant
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen


class Accident(StrEnum):
    """What can befall a call, in the order: nothing comes, something else comes, it comes unbelievably."""

    SILENCE = "silence"
    SILENCE_AFTER_PROCESSING = "silence_after_processing"
    RESET = "reset"
    RESET_AFTER_PROCESSING = "reset_after_processing"
    DRIP = "drip"
    TRUNCATED = "truncated"
    PAGE_OF_A_PROXY = "page_of_a_proxy"
    REDIRECT = "redirect"
    TOO_BUSY = "too_busy"
    BROKEN = "broken"
    BROKEN_AFTER_PROCESSING = "broken_after_processing"
    WRONG_KEY = "wrong_key"
    UNKNOWN_KEY = "unknown_key"
    PROBE = "probe"
    STALE = "stale"
    FUTURE = "future"
    OTHER_BYTES = "other_bytes"
    UNSIGNED = "unsigned"


class Oddity(StrEnum):
    """What may look unusual about an answer without changing what it says."""

    OTHER_ORDER_OF_FIELDS = "other_order_of_fields"
    FIELDS_NOBODY_KNOWS = "fields_nobody_knows"
    OPTIONAL_FIELDS_MISSING = "optional_fields_missing"


class BadNotice(StrEnum):
    """A notice that nobody may believe."""

    FORGED = "forged"
    UNKNOWN_KEY = "unknown_key"
    PROBE = "probe"
    STALE = "stale"
    FUTURE = "future"
    OTHER_BYTES = "other_bytes"
    UNSIGNED = "unsigned"
    TAMPERED = "tampered"
    IN_THE_CLEAR = "in_the_clear"
    ANOTHER_FORM = "another_form"


REFUSALS: dict[BadNotice, NoticeRefusal] = {
    BadNotice.FORGED: NoticeRefusal.BAD_SIGNATURE,
    BadNotice.UNKNOWN_KEY: NoticeRefusal.UNKNOWN_SERIAL,
    BadNotice.PROBE: NoticeRefusal.PROBE,
    BadNotice.STALE: NoticeRefusal.STALE,
    BadNotice.FUTURE: NoticeRefusal.STALE,
    BadNotice.OTHER_BYTES: NoticeRefusal.BAD_SIGNATURE,
    BadNotice.UNSIGNED: NoticeRefusal.MALFORMED,
    BadNotice.TAMPERED: NoticeRefusal.UNDECIPHERABLE,
    BadNotice.IN_THE_CLEAR: NoticeRefusal.MALFORMED,
    BadNotice.ANOTHER_FORM: NoticeRefusal.MALFORMED,
}


class WrongNotice(StrEnum):
    """A genuine notice whose contents are not what was ordered: read as it is, for the journey to compare."""

    AMOUNT = "amount"
    CURRENCY = "currency"
    MERCHANT = "merchant"
    APP = "app"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNotice:
    """A notice as it went over the wire."""

    headers: Mapping[str, str]
    body: bytes


class FarSide(Protocol):
    """The other end of the wire, and the connector under test."""

    @property
    def connector(self) -> Connector:
        """The connector under test."""
        ...

    def now(self) -> Instant:
        """The far side's present, which is also ours."""
        ...

    def order(self, mode: Mode) -> PlaceOrder:
        """An order with a fresh number, not yet placed."""
        ...

    def pay(self, order_no: str) -> None:
        """The payer pays."""
        ...

    def befall(self, mishap: Accident | Oddity, order_no: str) -> None:
        """The next call about this order meets this."""
        ...

    def spoil_notice(self, how: BadNotice | WrongNotice, order_no: str) -> None:
        """The next notice about this order is sent so."""
        ...

    def notices(self, order_no: str) -> list[SentNotice]:
        """Deliver what is due, and show every notice sent about this order so far."""
        ...

    def heard_count(self) -> int:
        """How many requests the far side has heard from us in all."""
        ...


class ChannelContract:
    """The suite. A subclass needs a `far_side` fixture and nothing else."""

    def test_order_is_placed_and_can_be_opened_in_every_mode(self, far_side: FarSide) -> None:
        for mode in Mode:
            order = far_side.order(mode)
            placed = far_side.connector.place(order, now=far_side.now())
            assert placed.outcome is Outcome.CONFIRMED, mode
            assert placed.opens, mode
            assert placed.opens_until is not None
            assert far_side.now() < placed.opens_until <= order.expires_at, mode
            assert order.order_no in placed.evidence.request

    def test_same_order_can_be_placed_again(self, far_side: FarSide) -> None:
        order = far_side.order(Mode.NATIVE)
        for _ in range(2):
            assert far_side.connector.place(order, now=far_side.now()).outcome is Outcome.CONFIRMED

    def test_same_number_with_another_amount_is_not_confirmed(self, far_side: FarSide) -> None:
        order = far_side.order(Mode.NATIVE)
        far_side.connector.place(order, now=far_side.now())
        other = replace(order, amount_fen=Fen(order.amount_fen + 1))
        placed = far_side.connector.place(other, now=far_side.now())
        assert placed.outcome in (Outcome.REFUSED, Outcome.UNKNOWN)
        assert placed.opens is None

    def test_order_moves_from_waiting_to_paid_and_every_fen_is_told(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        waiting = self._ask(far_side, order)
        assert (waiting.outcome, waiting.payment) == (Outcome.WAITING, None)
        far_side.pay(order.order_no)
        self._assert_paid(far_side, order, self._ask(far_side, order))

    def test_number_never_placed_is_refused(self, far_side: FarSide) -> None:
        answer = self._ask(far_side, far_side.order(Mode.NATIVE))
        assert (answer.outcome, answer.payment) == (Outcome.REFUSED, None)
        assert answer.foreign_code

    def test_closed_order_is_refused_afterwards(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        assert far_side.connector.close(order.order_no, now=far_side.now()).outcome is Outcome.CONFIRMED
        answer = self._ask(far_side, order)
        assert (answer.outcome, answer.payment) == (Outcome.REFUSED, None)

    def test_paid_order_is_not_closed(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        far_side.pay(order.order_no)
        closed = far_side.connector.close(order.order_no, now=far_side.now())
        assert closed.outcome in (Outcome.REFUSED, Outcome.UNKNOWN)
        self._assert_paid(far_side, order, self._ask(far_side, order))

    def test_no_accident_is_read_as_an_answer(self, far_side: FarSide) -> None:
        """Nobody learns "not paid" from a broken line: the order is paid, and every accident leaves that unknown."""
        for accident in Accident:
            order = self._placed(far_side)
            far_side.pay(order.order_no)
            far_side.befall(accident, order.order_no)
            answer = self._ask(far_side, order)
            assert (answer.outcome, answer.payment) == (Outcome.UNKNOWN, None), accident
            self._assert_paid(far_side, order, self._ask(far_side, order))

    def test_no_accident_while_placing_is_read_as_an_answer(self, far_side: FarSide) -> None:
        """Unknown may mean that it stands or that it does not; placing the same order again resolves both."""
        for accident in Accident:
            order = far_side.order(Mode.NATIVE)
            far_side.befall(accident, order.order_no)
            placed = far_side.connector.place(order, now=far_side.now())
            assert (placed.outcome, placed.opens) == (Outcome.UNKNOWN, None), accident
            assert far_side.connector.place(order, now=far_side.now()).outcome is Outcome.CONFIRMED, accident

    def test_no_accident_while_closing_is_read_as_an_answer(self, far_side: FarSide) -> None:
        # The answer to a close may have no body, and what has no body cannot be cut short.
        for accident in set(Accident) - {Accident.TRUNCATED}:
            order = self._placed(far_side)
            far_side.befall(accident, order.order_no)
            closed = far_side.connector.close(order.order_no, now=far_side.now())
            assert closed.outcome is Outcome.UNKNOWN, accident
            assert self._ask(far_side, order).outcome in (Outcome.WAITING, Outcome.REFUSED), accident

    def test_unusual_answer_says_the_same(self, far_side: FarSide) -> None:
        for oddity in Oddity:
            order = self._placed(far_side)
            far_side.pay(order.order_no)
            far_side.befall(oddity, order.order_no)
            self._assert_paid(far_side, order, self._ask(far_side, order))

    def test_accident_is_one_request_and_is_not_repeated_behind_our_back(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        for accident in (Accident.RESET_AFTER_PROCESSING, Accident.REDIRECT, Accident.UNKNOWN_KEY, Accident.BROKEN):
            far_side.befall(accident, order.order_no)
            before = far_side.heard_count()
            self._ask(far_side, order)
            assert far_side.heard_count() == before + 1, accident

    def test_notice_tells_the_payment(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        far_side.pay(order.order_no)
        [sent] = far_side.notices(order.order_no)
        notice = far_side.connector.read_notice(sent.headers, sent.body, now=far_side.now())
        assert notice.event is NoticeEvent.PAYMENT
        assert notice.payment is not None
        assert notice.payment == self._ask(far_side, order).payment
        assert notice.happened_at == notice.payment.happened_at
        assert 1 <= len(notice.notice_ref) <= 64

    def test_bad_notice_is_refused_for_its_reason_without_a_word_to_anyone(self, far_side: FarSide) -> None:
        for how, reason in REFUSALS.items():
            order = self._placed(far_side)
            far_side.spoil_notice(how, order.order_no)
            far_side.pay(order.order_no)
            sent = far_side.notices(order.order_no)[0]
            before = far_side.heard_count()
            told = self._read(far_side, sent)
            assert told is reason, f"{how}: {told}"
            assert far_side.heard_count() == before, how

    def test_notice_grows_stale(self, far_side: FarSide) -> None:
        order = self._placed(far_side)
        far_side.pay(order.order_no)
        [sent] = far_side.notices(order.order_no)
        assert isinstance(self._read(far_side, sent, timedelta(minutes=4)), Notice)
        assert self._read(far_side, sent, timedelta(minutes=6)) is NoticeRefusal.STALE
        assert self._read(far_side, sent, timedelta(minutes=-6)) is NoticeRefusal.STALE

    def test_genuine_notice_with_wrong_contents_is_told_as_it_is(self, far_side: FarSide) -> None:
        account = far_side.connector.account
        for how in WrongNotice:
            order = self._placed(far_side)
            far_side.spoil_notice(how, order.order_no)
            far_side.pay(order.order_no)
            told = self._read(far_side, far_side.notices(order.order_no)[0])
            assert isinstance(told, Notice), how
            assert told.payment is not None, how
            differs = {
                WrongNotice.AMOUNT: told.payment.amount_fen != order.amount_fen,
                WrongNotice.CURRENCY: told.payment.currency != "CNY",
                WrongNotice.MERCHANT: told.payment.merchant_ref != account.merchant_ref,
                WrongNotice.APP: told.payment.app_ref != account.app_ref,
                WrongNotice.ORDER: told.payment.order_no != order.order_no,
            }
            assert [name for name, is_other in differs.items() if is_other] == [how]

    def test_order_that_cannot_be_said_is_refused_before_anything_is_sent(self, far_side: FarSide) -> None:
        order = far_side.order(Mode.NATIVE)
        before = far_side.heard_count()
        for wrong in (
            replace(order, order_no="no|good"),
            replace(order, amount_fen=Fen(0)),
            replace(order, description=""),
            replace(order, notify_url="https://example.org/notices?token=1"),
        ):
            assert self._refusal_of(far_side, wrong) == "channels.order_unacceptable"
        assert far_side.heard_count() == before

    def _placed(self, far_side: FarSide) -> PlaceOrder:
        order = far_side.order(Mode.NATIVE)
        assert far_side.connector.place(order, now=far_side.now()).outcome is Outcome.CONFIRMED
        return order

    def _ask(self, far_side: FarSide, order: PlaceOrder) -> Answer:
        return far_side.connector.ask(order.order_no, now=far_side.now())

    def _assert_paid(self, far_side: FarSide, order: PlaceOrder, answer: Answer) -> None:
        payment, account = answer.payment, far_side.connector.account
        assert answer.outcome is Outcome.CONFIRMED
        assert payment is not None
        assert (payment.order_no, payment.amount_fen, payment.currency) == (order.order_no, order.amount_fen, "CNY")
        assert (payment.merchant_ref, payment.app_ref) == (account.merchant_ref, account.app_ref)
        assert abs(payment.happened_at - far_side.now()) < timedelta(minutes=1)
        assert payment.trade_ref
        if payment.payer_ref:
            assert payment.payer_ref not in repr(answer)

    def _read(self, far_side: FarSide, sent: SentNotice, after: timedelta = timedelta(0)) -> Notice | NoticeRefusal:
        try:
            return far_side.connector.read_notice(sent.headers, sent.body, now=far_side.now() + after)
        except NoticeRefused as refused:
            return refused.reason

    def _refusal_of(self, far_side: FarSide, order: PlaceOrder) -> str:
        try:
            far_side.connector.place(order, now=far_side.now())
        except CanbaoError as refused:
            return refused.code
        return "accepted"
