"""Bugs, each planted for a while: what a tired programmer could write, and no type checker would see.

Every one is a small change of the product's own code. The test beside this file shows that the simulator finds each
within two hundred seeds, and says nothing while none is planted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from canbao.billing import public as billing
from canbao.billing import store as billing_store
from canbao.doors.callbacks.notices import Intake
from canbao.journeys import (
    book_treasury,
    chase_orders,
    chase_refunds,
    close_day,
    reactions,
    reconcile_day,
    refund_order,
    resolve_discrepancy,
    settle_orders,
    settle_refunds,
)
from canbao.kernel import outbox
from canbao.kernel.ids import Kind, make_no, uuid7
from canbao.kernel.sql import Statements, Tx
from canbao.ledger import public as ledger
from canbao.payments import captures, cases, refunds
from canbao.payments import public as payments
from canbao.payments import store as payments_store
from canbao.payments.public import NoticeToKeep, Order
from canbao.payments.rules import CaptureFacts, KnownCapture, OrderFacts, Verdict, judge
from canbao.reconciliation import bookings, days, resolving
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.day_chain import GENESIS, link_hash


@contextmanager
def _without(statements: Statements, name: str, *words: str) -> Iterator[None]:
    """A statement that has lost some of its words."""
    found = statements[name]
    text = found.text
    for word in words:
        assert word in text, f"{name} says {word}"
        text = text.replace(word, "")
    with patch.dict(statements._read, {name: replace(found, text=text)}):
        yield


@contextmanager
def _with_words(statements: Statements, name: str, word: str, instead: str, *, end: str = "") -> Iterator[None]:
    """A statement some of whose words are others, and which perhaps ends in more."""
    found = statements[name]
    assert word in found.text, f"{name} says {word}"
    text = f"{found.text.replace(word, instead) if word else found.text}\n{end}"
    with patch.dict(statements._read, {name: replace(found, text=text)}):
        yield


def skip_the_lock_on_bills() -> AbstractContextManager[object]:
    """Whether a bill is free is looked at, and the bill is not held meanwhile."""
    return _without(billing_store.statements, "judge_locks", "FOR UPDATE OF bill")


def drop_the_amount_check() -> AbstractContextManager[object]:
    """Any amount pays an order."""

    def lax(seen: CaptureFacts, order: OrderFacts | None, known: KnownCapture | None) -> Verdict:
        return judge(seen, order and replace(order, amount_fen=seen.amount_fen), known)

    return patch.object(captures, "judge", lax)


def settle_twice() -> AbstractContextManager[object]:
    """A second transaction pays a settled order once more."""

    def forgetful(seen: CaptureFacts, order: OrderFacts | None, known: KnownCapture | None) -> Verdict:
        verdict = judge(seen, order, known)
        return Verdict.SETTLED if verdict is Verdict.SECOND_CAPTURE else verdict

    stack = ExitStack()
    stack.enter_context(patch.object(captures, "judge", forgetful))
    # And nobody counts what moved.
    stack.enter_context(patch.object(payments_store, "settle_orders", lambda _tx, order_ids, _refs, now: order_ids))
    return stack


def refund_with_a_new_number() -> AbstractContextManager[object]:
    """Every time a refund is sent it has another number."""
    original = chase_refunds.send

    def send(refund: Any, *, notify_url: str, clock: Any) -> None:
        renumbered = make_no(refund.region_code, Kind.REFUND, uuid7(clock.now()))
        original(replace(refund, refund_no=renumbered), notify_url=notify_url, clock=clock)

    return patch.object(chase_refunds, "send", send)


def free_bills_on_unknown() -> AbstractContextManager[object]:
    """Who hears nothing believes that nothing happened."""
    original = chase_orders._doubt

    def doubt(tx: Tx, found: Order, *, cause: str, now: Any) -> None:
        original(tx, found, cause=cause, now=now)
        billing.free(tx, [found.order_id], now=now)

    return patch.object(chase_orders, "_doubt", doubt)


def forget_suspense() -> AbstractContextManager[object]:
    """Money that fits nothing is recorded and not booked."""
    original = settle_orders._facts

    def facts(judged: Any, lines: Any) -> list[ledger.Fact]:
        return [fact for fact in original(judged, lines) if not isinstance(fact, ledger.CaptureSuspended)]

    return patch.object(settle_orders, "_facts", facts)


def acknowledge_before_keeping() -> AbstractContextManager[object]:
    """The channel hears yes while the notice is still on its way to the disk."""
    original = Intake._keep
    unwatched: list[asyncio.Future[tuple[int, bytes, bytes]]] = []

    async def keep(self: Intake, kept: NoticeToKeep) -> tuple[int, bytes, bytes]:
        unwatched.append(asyncio.ensure_future(original(self, kept)))
        return 204, b"", b"application/json"

    return patch.object(Intake, "_keep", keep)


def commit_before_the_books() -> AbstractContextManager[object]:
    """The bills are paid in one transaction and the books written in the next."""
    original = ledger.post

    def post(tx: Tx, facts: Sequence[ledger.Fact], *, now: Any) -> object:
        if facts:
            tx._session.execute("COMMIT")
            tx._session.execute("BEGIN")
        return original(tx, facts, now=now)

    return patch.object(settle_orders, "ledger", _with(ledger, post=post))


def tell_of_it_before_the_commit() -> AbstractContextManager[object]:
    """What follows the money is left to a second transaction, which may never be."""
    original = outbox.append

    def append(tx: Tx, name: str, payloads: Sequence[Any], *, now: Any) -> None:
        if payloads:
            tx._session.execute("COMMIT")
            tx._session.execute("BEGIN")
        original(tx, name, payloads, now=now)

    return patch.object(settle_orders, "outbox", _with(outbox, append=append))


def forget_the_refund_in_the_books() -> AbstractContextManager[object]:
    """A refund that succeeded is not booked."""
    return patch.object(settle_refunds, "paid", lambda refund, at: _nothing_paid(refund, at))


def refund_and_leave_the_cover() -> AbstractContextManager[object]:
    """The money goes back, and the cover it bought stays."""
    return patch.object(refund_order, "_end_covers", lambda *_given, **_named: None)


def forget_what_is_spoken_for() -> AbstractContextManager[object]:
    """Two refunds may want the same fen."""
    return patch.object(refunds, "_claim", lambda _tx, _claims: None)


def keep_the_second_payment() -> AbstractContextManager[object]:
    """Money that belongs to nobody but its payer waits until she asks."""
    return patch.object(settle_orders, "OWED_BACK", {})


def judge_notices_first() -> AbstractContextManager[object]:
    """A notice has its verdict before what it tells is written down."""
    original = settle_orders.settle_captures

    def settle(tx: Tx, seen: Sequence[Any], *, now: Any) -> list[Any]:
        if seen and seen[0].learned_from == "notice":
            known = [item.subject_id for item in seen]
            payments.close_notices(tx, dict.fromkeys(known, "settled"), now=now)
            tx._session.execute("COMMIT")
            tx._session.execute("BEGIN")
        return original(tx, seen, now=now)

    return patch.object(settle_orders, "settle_captures", settle)


def keep_differences_to_oneself() -> AbstractContextManager[object]:
    """What a statement says otherwise is judged, and nobody is told."""
    return patch.object(reconcile_day, "_put_before_people", lambda *_given, **_named: None)


def believe_that_a_day_was_compared() -> AbstractContextManager[object]:
    """A statement that failed once is never fetched again."""
    return patch.object(reconcile_day, "_due", lambda _region, _connector, days: dict.fromkeys(days, ()))


def write_no_cover() -> AbstractContextManager[object]:
    """Nobody reacts to a settled order."""
    return patch.dict(reactions.REACTIONS, {"order.settled": ()})


def close_a_day_that_stands_open() -> AbstractContextManager[object]:
    """A day is closed whatever of it stands before people."""
    return patch.object(days, "_require_nothing_stands", lambda *_given: None)


def chain_a_day_to_nothing() -> AbstractContextManager[object]:
    """Every closed day is bound as if it were the first."""
    return patch.object(days, "link_hash", lambda _before, *said: link_hash(GENESIS, *said))


def book_to_the_treasury_twice() -> AbstractContextManager[object]:
    """What one booking took the next takes again, and the key that forbids it is stepped around."""
    taken = "taken.day_id = said.day_id"
    stack = ExitStack()
    stack.enter_context(_with_words(bookings.statements, "list_bookable", taken, f"{taken} AND false"))
    around = _with_words(bookings.statements, "insert_booking_days", "", "", end="ON CONFLICT DO NOTHING")
    stack.enter_context(around)
    return stack


def believe_the_treasury_at_once() -> AbstractContextManager[object]:
    """The books say that the treasury has the money when it is handed over."""
    original = bookings.book_days

    def book_days(tx: Tx, channel_code: str, day_on: Any, *, by: str, now: Any) -> list[bookings.Booking]:
        made = original(tx, channel_code, day_on, by=by, now=now)
        facts = [
            ledger.TreasuryBooked(
                booking_id=one.booking_id,
                scheme_code=one.scheme_code,
                due_from=one.due_from,
                due_until=one.due_until,
                channel_code=one.channel_code,
                amount_fen=one.amount_fen,
                happened_at=now,
            )
            for one in made
        ]
        ledger.post(tx, facts, now=now)
        return made

    return patch.object(book_treasury, "reconciliation", _with(reconciliation, book_days=book_days))


def let_one_person_resolve() -> AbstractContextManager[object]:
    """However much is at stake, one person is enough."""
    return patch.object(resolving, "takes_two", lambda _amount_fen, _limit_fen: False)


def forget_the_fees() -> AbstractContextManager[object]:
    """What the channel kept is not booked."""
    return patch.object(close_day, "_post_fees", lambda *_given, **_named: None)


def leave_the_case_open() -> AbstractContextManager[object]:
    """What people resolved goes on standing before them as a case."""
    return patch.object(resolve_discrepancy, "_close_its_case", lambda *_given: None)


def believe_any_word_of_suspense() -> AbstractContextManager[object]:
    """Whatever is said of money in suspense resolves its case, refund or not."""
    return patch.object(resolve_discrepancy, "_is_left_in_suspense", lambda _found: False)


def leave_what_is_left() -> AbstractContextManager[object]:
    """What a refund that was turned down or given up leaves in suspense is told to nobody."""
    return patch.object(cases, "open_suspense_case", lambda *_given, **_named: None)


def _nothing_paid(refund: Any, at: Any) -> ledger.Fact:
    """A fact of the right kind that was told before: it posts nothing new."""
    return settle_refunds.released(refund, now=at)


class _with:
    """A module with some of its names replaced."""

    def __init__(self, module: Any, **replaced: Callable[..., Any]) -> None:  # tidy: py-kwargs (names of a module)
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


BUGS: tuple[Callable[[], AbstractContextManager[object]], ...] = (
    skip_the_lock_on_bills,
    drop_the_amount_check,
    settle_twice,
    refund_with_a_new_number,
    free_bills_on_unknown,
    forget_suspense,
    acknowledge_before_keeping,
    commit_before_the_books,
    tell_of_it_before_the_commit,
    forget_the_refund_in_the_books,
    refund_and_leave_the_cover,
    forget_what_is_spoken_for,
    keep_the_second_payment,
    judge_notices_first,
    write_no_cover,
    keep_differences_to_oneself,
    believe_that_a_day_was_compared,
)
"""Bugs of one day."""

OFFICE_BUGS: tuple[Callable[[], AbstractContextManager[object]], ...] = (
    close_a_day_that_stands_open,
    chain_a_day_to_nothing,
    book_to_the_treasury_twice,
    believe_the_treasury_at_once,
    let_one_person_resolve,
    forget_the_fees,
    leave_the_case_open,
    believe_any_word_of_suspense,
    leave_what_is_left,
)
"""Bugs of the office: days are closed and discrepancies resolved when several days have passed."""

FOUND_BY: dict[Callable[[], AbstractContextManager[object]], int] = {
    skip_the_lock_on_bills: 3,
    drop_the_amount_check: 3,
    free_bills_on_unknown: 3,
    refund_with_a_new_number: 5,
    forget_the_refund_in_the_books: 5,
    refund_and_leave_the_cover: 5,
    leave_the_case_open: 2,
    forget_the_fees: 3,
    believe_the_treasury_at_once: 6,
    close_a_day_that_stands_open: 8,
    believe_any_word_of_suspense: 52,
    leave_what_is_left: 23,
}
"""The first seed that finds a bug, where it is not the first of all: a hint where to begin, no promise."""
