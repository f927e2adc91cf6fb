"""Refunds: asked for under a quote, approved by two people or owed without anybody asking, each with a number for ever.

A refund gives back one capture, in part or whole, to the account that paid. What is left of a capture is counted under
one lock, and the database refuses more. Whether the rules allow a refund is the journey's question; who may act, how
much is left and what has become of it is answered here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, make_no, parse_no, uuid7
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, Tx, national_reading, reading
from canbao.payments import cases, refund_rows, rules
from canbao.payments.errors import (
    REFUND_LINES_DIFFER,
    REFUND_NOT_FOUND,
    REFUND_QUOTE_STALE,
    REFUND_SAME_PERSON,
    REFUND_TOO_MUCH,
    REFUND_WITHOUT_CAUSE,
    REFUND_WITHOUT_NAME,
    REFUND_WRONG_STATE,
)
from canbao.payments.refund_rows import Move, NewRefund, Refund
from canbao.payments.refundable import Refundable, refundable, refundables
from canbao.payments.states import OPEN_REFUNDS, RefundState

statements = Statements(__package__)

AUTOMATIC = "automatic"
"""The actor of what nobody asked for."""

NOTE_LENGTH_MAX = 200
NAME_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """What of a refund is about one bill: the part that goes back, and the assistance that goes with it."""

    bill_id: UUID
    scheme_code: str
    due_from: int
    due_until: int
    amount_fen: Fen
    assistance_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What somebody asks to have refunded, as the rules allowed it.

    `quoted_left_fen` is what the asker saw as left of the capture. `undoes` and `bill_after` say what becomes of the
    bills, `steps` which rule and source allow it. Money that waits in suspense names no bills."""

    capture_id: UUID
    amount_fen: Fen
    quoted_left_fen: Fen
    reason: str
    note: str
    undoes: str
    bill_after: str
    steps: Sequence[dict[str, Any]]
    lines: Sequence[RefundLine]
    event_on: date | None
    deadline_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRefund:
    """A capture that goes back whole without anybody asking, and why."""

    capture_id: UUID
    reason: str
    steps: Sequence[dict[str, Any]]
    deadline_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundEvent:
    """A move of a refund: what, where to, who or what moved it, and why."""

    event: str
    target: str
    actor: str
    cause: str
    recorded_at: Instant


def regions_of_trade(channel_code: str, trade_ref: str, among: Sequence[RegionCode]) -> list[RegionCode]:
    """Which of these regions have recorded a transaction of a channel. One transaction belongs to one region; a notice
    under a wrong order number makes another one record it as well.
    """
    with national_reading() as reader:
        return [
            RegionCode(found)
            for found in reader.scalars(
                statements["list_regions_of_trade"],
                region_codes=list(among),
                channel_code=channel_code,
                trade_ref=trade_ref,
            )
        ]


def ask_refund(tx: Tx, request: RefundRequest, *, refund_id: UUID, by: str, now: Instant) -> Refund:
    """Write a refund down, `asked`, and speak for its amount.

    The capture's count is locked first: a quote that has become stale, or more than is left, changes nothing. Errors:
    `payments.capture_not_found`, `payments.refund_quote_stale`, `payments.refund_too_much`,
    `payments.refund_lines_differ`, `payments.refund_without_name`, `payments.refund_without_cause`."""
    by = _name(by)
    if len(request.note) > NOTE_LENGTH_MAX:
        raise REFUND_WITHOUT_CAUSE()
    found = _hold(tx, request.capture_id)
    if found.left_fen != request.quoted_left_fen:
        raise REFUND_QUOTE_STALE(quoted=format_yuan(request.quoted_left_fen), left=format_yuan(found.left_fen))
    if not 0 < request.amount_fen <= found.left_fen:
        raise REFUND_TOO_MUCH(left=format_yuan(found.left_fen), amount=format_yuan(request.amount_fen))
    from_suspense = found.suspense_fen >= request.amount_fen
    of_lines = sum(line.amount_fen for line in request.lines)
    if of_lines != (0 if from_suspense else request.amount_fen):
        raise REFUND_LINES_DIFFER(amount=format_yuan(request.amount_fen), lines=format_yuan(of_lines))
    new = NewRefund(
        id=refund_id,
        refund_no=make_no(refund_rows.region_of(tx), Kind.REFUND, refund_id),
        capture_id=found.capture_id,
        order_id=found.order_id,
        order_no=found.order_no,
        channel_code=found.channel_code,
        trade_ref=found.trade_ref,
        captured_fen=found.captured_fen,
        amount_fen=request.amount_fen,
        reason=request.reason,
        note=request.note,
        is_automatic=False,
        from_suspense=from_suspense,
        undoes=request.undoes,
        bill_after=request.bill_after,
        steps=json.dumps(list(request.steps), ensure_ascii=False),
        event_on=request.event_on,
        state=RefundState.ASKED,
        asked_by=by,
        checked_by="",
        approved_by="",
        asked_at=now,
        approved_at=None,
        deadline_at=request.deadline_at,
        replaces_id=None,
        next_ask_at=None,
    )
    _claim(tx, [(found.capture_id, request.amount_fen)])
    refund_rows.insert(tx, [new], event="ask", actor=by, now=now)
    _insert_lines(tx, refund_id, request.lines)
    return _read(tx, refund_id)


def open_owed(tx: Tx, owed: Sequence[OwedRefund], *, now: Instant) -> list[Refund]:
    """Write down what goes back without anybody asking: whole suspended captures, `approved` at once.

    A capture of which anything is spoken for already is left alone; so told twice it is one refund."""
    if not owed:
        return []
    wanted = {one.capture_id: one for one in owed}
    opened: list[UUID] = tx.scalars(statements["open_refund_totals"], capture_ids=sorted(wanted))
    found = [one for one in refundables(tx, capture_ids=opened) if one.disposition == "suspended"]
    new = [_owed_row(refund_rows.region_of(tx), one, wanted[one.capture_id], now=now) for one in found]
    _claim(tx, [(one.capture_id, one.captured_fen) for one in found])
    refund_rows.insert(tx, new, event="owe", actor=AUTOMATIC, now=now)
    return refund_rows.read(tx, refund_ids=[one.id for one in new])


def check_refund(tx: Tx, refund_id: UUID, *, by: str, cause: str, now: Instant) -> Refund:
    """Somebody looked at a refund and found it right. Errors: `payments.refund_wrong_state`, and those of names."""
    return _act(tx, "check", refund_id, by=by, cause=cause, now=now)


def approve_refund(tx: Tx, refund_id: UUID, *, by: str, now: Instant) -> Refund:
    """Approve a refund: it is sent next. Errors: `payments.refund_same_person` when `by` asked for it,
    `payments.refund_wrong_state`, and those of names.
    """
    by = _name(by)
    held = _held(tx, refund_id)
    if held.asked_by.casefold() == by.casefold():
        raise REFUND_SAME_PERSON(by=by)
    return _act(tx, "approve", refund_id, by=by, cause="", now=now, next_ask_at=now)


def reject_refund(tx: Tx, refund_id: UUID, *, by: str, cause: str, now: Instant) -> Refund:
    """Turn a refund down before anything was sent; what it spoke for is left again, and before a person if it waits
    in suspense. Errors: `payments.refund_without_cause`, `payments.refund_wrong_state`, and those of names.
    """
    _require_cause(cause)
    rejected = _act(tx, "reject", refund_id, by=by, cause=cause, now=now)
    _claim(tx, [(rejected.capture_id, Fen(-rejected.amount_fen))])
    cases.open_suspense_case(tx, rejected, refundable(tx, rejected.capture_id), now=now)
    return rejected


def resend_refund(tx: Tx, refund_id: UUID, *, by: str, cause: str, now: Instant) -> Refund:
    """Have a refund that waits by hand sent once more, with the same number. The caller sends it afterwards; if it dies
    before, the refund is asked about. Errors: `payments.refund_wrong_state`, and those of names.
    """
    return _act(tx, "again", refund_id, by=by, cause=cause, now=now, next_ask_at=now + rules.REFUND_LEASE)


def give_up_refund(tx: Tx, refund_id: UUID, *, by: str, cause: str, now: Instant) -> Refund:
    """Give up a refund that waits by hand, without another in its place: its money waits in suspense before a person,
    and what it spoke for is left again. Errors: `payments.refund_without_cause`, `payments.refund_wrong_state`, and
    those of names.
    """
    _require_cause(cause)
    _require_by_hand(_held(tx, refund_id), "give up")
    failed = _act(tx, "fail", refund_id, by=by, cause=cause, now=now, is_withdrawn=True)
    _claim(tx, [(failed.capture_id, Fen(-failed.amount_fen))])
    cases.open_suspense_case(tx, failed, refundable(tx, failed.capture_id), now=now)
    return failed


def replace_refund(tx: Tx, refund_id: UUID, *, new_id: UUID, by: str, cause: str, now: Instant) -> Refund:
    """Give a refund whose number the channel closed a successor with a number of its own; answers the successor.

    The same money to the same account for the same reason: it was approved, and stays so. Only a refund that waits by
    hand for a new number is replaced. Errors: `payments.refund_wrong_state`, and those of names and causes."""
    _require_cause(cause)
    held = _held(tx, refund_id)
    _require_by_hand(held, "replace", step=rules.NextStep.NEW_NUMBER)
    _act(tx, "fail", refund_id, by=by, cause=cause, now=now)
    new = _successor(held, new_id=new_id, now=now)
    refund_rows.insert(tx, [new], event="replace", actor=_name(by), now=now)
    _insert_lines(tx, new_id, _lines(tx, refund_id))
    return _read(tx, new_id)


def refund(region: RegionCode, refund_id: UUID) -> Refund:
    """A refund by its id. Errors: `payments.refund_not_found`."""
    with reading(region) as reader:
        return _read(reader, refund_id)


def refund_by_no(refund_no: str) -> Refund:
    """A refund by its printed number, as typed. Errors: `payments.refund_not_found`, those of `kernel.ids.parse_no`."""
    parsed = parse_no(refund_no, Kind.REFUND)
    with reading(parsed.region_code) as reader:
        found = refund_rows.read(reader, refund_nos=[parsed.text])
    if not found:
        raise REFUND_NOT_FOUND()
    return found[0]


def refunds_of(region: RegionCode, order_no: str) -> list[Refund]:
    """Every refund of money that named an order's number, in the order they were asked for."""
    with reading(region) as reader:
        return refund_rows.read(reader, order_nos=[order_no])


def refunds_in(region: RegionCode, states: Sequence[RefundState], *, before: Instant, limit: int = 100) -> list[Refund]:
    """Refunds in some states whose deadline lies before an instant, the nearest deadline first."""
    with reading(region) as reader:
        return refund_rows.in_states(reader, states, before=before, limit=limit)


def overdue_refunds(region: RegionCode, *, now: Instant, limit: int = 100) -> list[Refund]:
    """Refunds that should have ended by now and have not, the longest overdue first."""
    return refunds_in(region, OPEN_REFUNDS, before=now, limit=limit)


def lines_of_refund(region: RegionCode, refund_id: UUID) -> list[RefundLine]:
    """The bills that a refund is about; none when its money waits in suspense."""
    with reading(region) as reader:
        return _lines(reader, refund_id)


def refund_events_of(region: RegionCode, refund_id: UUID) -> list[RefundEvent]:
    """The moves of a refund, in the order they happened."""
    with reading(region) as reader:
        return reader.rows(statements["read_refund_events"], RefundEvent, refund_id=refund_id)


def _act(
    tx: Tx,
    event: str,
    refund_id: UUID,
    *,
    by: str,
    cause: str,
    now: Instant,
    next_ask_at: Instant | None = None,
    is_withdrawn: bool = False,
) -> Refund:
    """One person moves one refund along an edge, or learns why not."""
    by = _name(by)
    if len(cause) > NOTE_LENGTH_MAX:
        raise REFUND_WITHOUT_CAUSE()
    held = _held(tx, refund_id)
    move = Move(refund_id=refund_id, actor=by, cause=cause, next_ask_at=next_ask_at, is_withdrawn=is_withdrawn)
    if not refund_rows.move(tx, event, [move], now=now):
        raise REFUND_WRONG_STATE(refund_no=held.refund_no, state=str(held.state), act=event)
    return _read(tx, refund_id)


def _read(reader: Reader, refund_id: UUID) -> Refund:
    found = refund_rows.read(reader, refund_ids=[refund_id])
    if not found:
        raise REFUND_NOT_FOUND()
    return found[0]


def _held(tx: Tx, refund_id: UUID) -> Refund:
    found = refund_rows.lock(tx, refund_ids=[refund_id])
    if not found:
        raise REFUND_NOT_FOUND()
    return found[0]


def _hold(tx: Tx, capture_id: UUID) -> Refundable:
    """A capture with its count locked, so that nobody else speaks for what is left meanwhile."""
    tx.scalars(statements["open_refund_totals"], capture_ids=[capture_id])
    tx.scalars(statements["lock_refund_totals"], capture_ids=[capture_id])
    return refundable(tx, capture_id)


def _claim(tx: Tx, claims: Sequence[tuple[UUID, Fen]]) -> None:
    if claims:
        tx.run(
            statements["claim_refund_totals"],
            capture_ids=[capture_id for capture_id, _ in claims],
            amounts_fen=[amount for _, amount in claims],
        )


def _owed_row(region: RegionCode, found: Refundable, owed: OwedRefund, *, now: Instant) -> NewRefund:
    refund_id = uuid7(now)
    return NewRefund(
        id=refund_id,
        refund_no=make_no(region, Kind.REFUND, refund_id),
        capture_id=found.capture_id,
        order_id=found.order_id,
        order_no=found.order_no,
        channel_code=found.channel_code,
        trade_ref=found.trade_ref,
        captured_fen=found.captured_fen,
        amount_fen=found.captured_fen,
        reason=owed.reason,
        note="",
        is_automatic=True,
        from_suspense=True,
        undoes="none",
        bill_after="unchanged",
        steps=json.dumps(list(owed.steps), ensure_ascii=False),
        event_on=None,
        state=RefundState.APPROVED,
        asked_by="",
        checked_by="",
        approved_by="",
        asked_at=now,
        approved_at=now,
        deadline_at=owed.deadline_at,
        replaces_id=None,
        next_ask_at=now,
    )


def _successor(held: Refund, *, new_id: UUID, now: Instant) -> NewRefund:
    return NewRefund(
        id=new_id,
        refund_no=make_no(held.region_code, Kind.REFUND, new_id),
        capture_id=held.capture_id,
        order_id=held.order_id,
        order_no=held.order_no,
        channel_code=held.channel_code,
        trade_ref=held.trade_ref,
        captured_fen=held.captured_fen,
        amount_fen=held.amount_fen,
        reason=held.reason,
        note=held.note,
        is_automatic=held.is_automatic,
        from_suspense=held.from_suspense,
        undoes=held.undoes,
        bill_after=held.bill_after,
        steps=json.dumps(held.steps, ensure_ascii=False),
        event_on=held.event_on,
        state=RefundState.APPROVED,
        asked_by=held.asked_by,
        checked_by=held.checked_by,
        approved_by=held.approved_by,
        asked_at=held.asked_at,
        approved_at=held.approved_at,
        deadline_at=held.deadline_at,
        replaces_id=held.refund_id,
        next_ask_at=now,
    )


def _lines(reader: Reader, refund_id: UUID) -> list[RefundLine]:
    return reader.rows(statements["read_refund_lines"], RefundLine, refund_id=refund_id)


def _insert_lines(tx: Tx, refund_id: UUID, lines: Sequence[RefundLine]) -> None:
    if lines:
        tx.run(
            statements["insert_refund_lines"],
            refund_id=refund_id,
            bill_ids=[line.bill_id for line in lines],
            scheme_codes=[line.scheme_code for line in lines],
            due_froms=[line.due_from for line in lines],
            due_untils=[line.due_until for line in lines],
            amounts_fen=[line.amount_fen for line in lines],
            assistances_fen=[line.assistance_fen for line in lines],
        )


def _name(by: str) -> str:
    """Who acts, with blanks as one writes them: the same person stays the same however often space is pressed."""
    name = " ".join(by.split())
    if not 0 < len(name) <= NAME_LENGTH_MAX or name == AUTOMATIC:
        raise REFUND_WITHOUT_NAME()
    return name


def _require_cause(cause: str) -> None:
    if not 0 < len(cause.strip()) <= NOTE_LENGTH_MAX:
        raise REFUND_WITHOUT_CAUSE()


def _require_by_hand(held: Refund, act: str, step: rules.NextStep | None = None) -> None:
    """Only what an explicit answer put aside is given up or replaced: what may still succeed keeps its number."""
    if held.state is not RefundState.BY_HAND or (step is not None and held.next_step != step):
        raise REFUND_WRONG_STATE(refund_no=held.refund_no, state=str(held.state), act=act)
