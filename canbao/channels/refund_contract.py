"""What a channel must pass besides before it sends money back: the suite of refunds, run against the far side.

As in `contract.py`, the suite knows no channel's words. It knows that one number is one refund however often it is
sent, that a lost answer is not a no, and that what a channel says of a refund is told as it is, the bad ends too."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from canbao.channels.contract import REFUSALS, Accident, BadNotice, FarSide, Oddity, SentNotice, WrongNotice
from canbao.channels.interface import (
    Capability,
    Mode,
    Notice,
    NoticeEvent,
    NoticeRefusal,
    NoticeRefused,
    Outcome,
    RefundAdvice,
    RefundAnswer,
    RefundFate,
    RefundTold,
    RequestRefund,
)
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen

WRONG_REFUNDS = (WrongNotice.AMOUNT, WrongNotice.MERCHANT, WrongNotice.ORDER)
"""What of a refund's notice can be wrong on a wire whose notice names neither app nor currency."""

BAD_ENDS = {
    RefundFate.CLOSED: RefundAdvice.NEW_NUMBER,
    RefundFate.ABNORMAL: RefundAdvice.BY_HAND,
}


class RefundingFarSide(FarSide, Protocol):
    """A far side that plays refunds."""

    def refund_of(self, order_no: str, trade_ref: str, captured_fen: Fen, amount_fen: Fen) -> RequestRefund:
        """A refund with a fresh number, not yet sent."""
        ...

    def finish_refund(self, refund_no: str, fate: RefundFate) -> None:
        """The refund comes to this end."""
        ...

    def refund_count(self, order_no: str) -> int:
        """How many refunds of the order the far side has accepted."""
        ...

    def refund_notices(self, refund_no: str) -> list[SentNotice]:
        """Deliver what is due, and show every notice sent about this refund so far."""
        ...

    def spoil_refund_notice(self, how: BadNotice | WrongNotice, order_no: str) -> None:
        """The next notice about a refund of this order is sent so."""
        ...

    def set_means(self, *, is_short: bool) -> None:
        """Take all our money there away, or put it back."""
        ...


class RefundContract:
    """The suite. A subclass needs a `far_side` fixture and nothing else."""

    def test_channel_says_that_it_can(self, far_side: RefundingFarSide) -> None:
        assert Capability.REFUND in far_side.connector.capabilities

    def test_refund_moves_from_waiting_to_succeeded_and_every_fen_is_told(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        sent = self._send(far_side, request)
        assert (sent.outcome, sent.advice) == (Outcome.WAITING, None)
        waiting = self._ask(far_side, request)
        self._assert_about(far_side, request, waiting.told, RefundFate.PROCESSING)
        far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
        succeeded = self._ask(far_side, request)
        assert (succeeded.outcome, succeeded.advice) == (Outcome.CONFIRMED, None)
        self._assert_about(far_side, request, succeeded.told, RefundFate.SUCCEEDED)
        assert request.refund_no in sent.evidence.request

    def test_part_of_a_payment_goes_back_and_the_order_stays_paid(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side, part=3)
        self._send(far_side, request)
        far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
        told = self._ask(far_side, request).told
        assert told is not None
        assert told.amount_fen == request.amount_fen < told.captured_fen
        assert far_side.connector.ask(request.order_no, now=far_side.now()).outcome is Outcome.CONFIRMED

    def test_same_number_is_one_refund_however_often_it_is_sent(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        refs = set()
        for _ in range(3):
            answer = self._send(far_side, request)
            assert answer.told is not None
            refs.add(answer.told.refund_ref)
        far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
        assert self._send(far_side, request).outcome is Outcome.CONFIRMED
        assert (len(refs), far_side.refund_count(request.order_no)) == (1, 1)

    def test_same_number_with_another_amount_is_not_taken_for_it(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        self._send(far_side, request)
        other = self._send(far_side, replace(request, amount_fen=Fen(request.amount_fen - 1)))
        assert other.outcome in (Outcome.REFUSED, Outcome.UNKNOWN)
        assert other.told is None
        assert far_side.refund_count(request.order_no) == 1

    def test_number_never_sent_is_never_heard(self, far_side: RefundingFarSide) -> None:
        answer = self._ask(far_side, self._request(far_side))
        assert (answer.outcome, answer.advice, answer.told) == (Outcome.REFUSED, RefundAdvice.NEVER_HEARD, None)

    def test_money_that_never_came_is_not_sent_back(self, far_side: RefundingFarSide) -> None:
        order = far_side.order(Mode.NATIVE)
        far_side.connector.place(order, now=far_side.now())
        request = far_side.refund_of(order.order_no, "4200000000000000000000000000", order.amount_fen, order.amount_fen)
        answer = self._send(far_side, request)
        assert (answer.outcome, answer.advice, answer.told) == (Outcome.REFUSED, RefundAdvice.BY_HAND, None)

    def test_bad_end_is_told_with_what_it_asks_of_us(self, far_side: RefundingFarSide) -> None:
        for fate, advice in BAD_ENDS.items():
            request = self._request(far_side)
            self._send(far_side, request)
            far_side.finish_refund(request.refund_no, fate)
            for answer in (self._ask(far_side, request), self._send(far_side, request)):
                assert (answer.outcome, answer.advice) == (Outcome.REFUSED, advice), fate
                self._assert_about(far_side, request, answer.told, fate)

    def test_want_of_means_is_over_with_the_same_number(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        far_side.set_means(is_short=True)
        try:
            answer = self._send(far_side, request)
        finally:
            far_side.set_means(is_short=False)
        assert (answer.outcome, answer.advice, answer.told) == (Outcome.REFUSED, RefundAdvice.AGAIN, None)
        assert self._send(far_side, request).outcome is Outcome.WAITING

    def test_no_accident_while_refunding_is_read_as_an_answer(self, far_side: RefundingFarSide) -> None:
        """Unknown may mean that it is in work or that it is not; the same number again resolves both, and is one."""
        for accident in Accident:
            request = self._request(far_side)
            far_side.befall(accident, request.order_no)
            before = far_side.heard_count()
            answer = self._send(far_side, request)
            assert (answer.outcome, answer.told, answer.advice) == (Outcome.UNKNOWN, None, None), accident
            assert far_side.heard_count() == before + 1, accident
            assert self._send(far_side, request).outcome is Outcome.WAITING, accident
            assert far_side.refund_count(request.order_no) == 1, accident

    def test_no_accident_while_asking_is_read_as_an_answer(self, far_side: RefundingFarSide) -> None:
        """Nobody learns "never heard" from a broken line: the refund succeeded, every accident leaves it unknown."""
        request = self._request(far_side)
        self._send(far_side, request)
        far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
        for accident in Accident:
            far_side.befall(accident, request.order_no)
            answer = self._ask(far_side, request)
            assert (answer.outcome, answer.told, answer.advice) == (Outcome.UNKNOWN, None, None), accident
            assert self._ask(far_side, request).outcome is Outcome.CONFIRMED, accident

    def test_unusual_answer_says_the_same(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        self._send(far_side, request)
        far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
        plain = self._ask(far_side, request)
        for oddity in Oddity:
            far_side.befall(oddity, request.order_no)
            answer = self._ask(far_side, request)
            assert answer.outcome is Outcome.CONFIRMED, oddity
            self._assert_about(far_side, request, answer.told, RefundFate.SUCCEEDED)
            assert answer.told is not None
            assert plain.told is not None
            assert answer.told.refund_ref == plain.told.refund_ref

    def test_notice_tells_each_end(self, far_side: RefundingFarSide) -> None:
        for fate in (RefundFate.SUCCEEDED, *BAD_ENDS):
            request = self._request(far_side)
            self._send(far_side, request)
            far_side.finish_refund(request.refund_no, fate)
            [sent] = far_side.refund_notices(request.refund_no)
            notice = self._read(far_side, sent)
            assert isinstance(notice, Notice), fate
            assert (notice.event, notice.payment) == (NoticeEvent.REFUND, None), fate
            self._assert_about(far_side, request, notice.refund, fate)
            asked = self._ask(far_side, request).told
            assert asked is not None
            assert notice.refund is not None
            assert notice.refund.refund_ref == asked.refund_ref
            if fate is RefundFate.SUCCEEDED:
                assert notice.happened_at == asked.happened_at

    def test_bad_notice_is_refused_for_its_reason_without_a_word_to_anyone(self, far_side: RefundingFarSide) -> None:
        for how, reason in REFUSALS.items():
            request = self._request(far_side)
            far_side.spoil_refund_notice(how, request.order_no)
            self._send(far_side, request)
            far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
            sent = far_side.refund_notices(request.refund_no)[0]
            before = far_side.heard_count()
            told = self._read(far_side, sent)
            assert told is reason, f"{how}: {told}"
            assert far_side.heard_count() == before, how

    def test_genuine_notice_with_wrong_contents_is_told_as_it_is(self, far_side: RefundingFarSide) -> None:
        for how in WRONG_REFUNDS:
            request = self._request(far_side)
            far_side.spoil_refund_notice(how, request.order_no)
            self._send(far_side, request)
            far_side.finish_refund(request.refund_no, RefundFate.SUCCEEDED)
            notice = self._read(far_side, far_side.refund_notices(request.refund_no)[0])
            assert isinstance(notice, Notice), how
            told = notice.refund
            assert told is not None, how
            differs = {
                WrongNotice.AMOUNT: told.amount_fen != request.amount_fen,
                WrongNotice.MERCHANT: told.merchant_ref != far_side.connector.account.merchant_ref,
                WrongNotice.ORDER: told.order_no != request.order_no,
            }
            assert [name for name, is_other in differs.items() if is_other] == [how]

    def test_refund_that_cannot_be_said_is_refused_before_anything_is_sent(self, far_side: RefundingFarSide) -> None:
        request = self._request(far_side)
        before = far_side.heard_count()
        for wrong in (
            replace(request, refund_no="no|good"),
            replace(request, amount_fen=Fen(0)),
            replace(request, amount_fen=Fen(request.captured_fen + 1)),
            replace(request, reason="x" * 81),
            replace(request, notify_url="https://example.org/notices?token=1"),
        ):
            assert self._refusal_of(far_side, wrong) == "channels.refund_unacceptable"
        assert far_side.heard_count() == before

    def _request(self, far_side: RefundingFarSide, part: int = 1) -> RequestRefund:
        """A refund of an order that was just paid."""
        order = far_side.order(Mode.NATIVE)
        assert far_side.connector.place(order, now=far_side.now()).outcome is Outcome.CONFIRMED
        far_side.pay(order.order_no)
        payment = far_side.connector.ask(order.order_no, now=far_side.now()).payment
        assert payment is not None
        amount_fen = Fen(payment.amount_fen // part)
        return far_side.refund_of(order.order_no, payment.trade_ref, payment.amount_fen, amount_fen)

    def _send(self, far_side: RefundingFarSide, request: RequestRefund) -> RefundAnswer:
        return far_side.connector.refund(request, now=far_side.now())

    def _ask(self, far_side: RefundingFarSide, request: RequestRefund) -> RefundAnswer:
        return far_side.connector.ask_refund(request.refund_no, now=far_side.now())

    def _assert_about(
        self, far_side: RefundingFarSide, request: RequestRefund, told: RefundTold | None, fate: RefundFate
    ) -> None:
        assert told is not None
        assert (told.refund_no, told.order_no, told.trade_ref) == (
            request.refund_no,
            request.order_no,
            request.trade_ref,
        )
        assert (told.amount_fen, told.captured_fen, told.currency) == (request.amount_fen, request.captured_fen, "CNY")
        assert (told.merchant_ref, told.fate) == (far_side.connector.account.merchant_ref, fate)
        assert told.refund_ref
        assert abs((told.happened_at - far_side.now()).total_seconds()) < 120
        if told.received_account:
            assert told.received_account not in repr(told)

    def _read(self, far_side: RefundingFarSide, sent: SentNotice) -> Notice | NoticeRefusal:
        try:
            return far_side.connector.read_notice(sent.headers, sent.body, now=far_side.now())
        except NoticeRefused as refused:
            return refused.reason

    def _refusal_of(self, far_side: RefundingFarSide, request: RequestRefund) -> str:
        try:
            far_side.connector.refund(request, now=far_side.now())
        except CanbaoError as refused:
            return refused.code
        return "accepted"
