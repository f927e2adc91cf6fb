"""What channels say of refunds, and what is said to them: taken up, asked about, believed where it fits.

A refund is written down as sent before its channel hears of it, and keeps its number whatever happens. A channel's word
comes by notice or as an answer; both are judged here by the same table, and what does not fit our books moves nothing
and is put before a person. Nothing raises for what a channel says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from canbao.channels.interface import Account, Evidence, Outcome, RefundAdvice, RefundTold, RequestRefund
from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, derived_id, make_no, uuid7
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, Tx, national_reading
from canbao.payments import refund_rows, rules, store
from canbao.payments.refund_rows import Due, Move, Refund
from canbao.payments.rules import (
    REFUND_TO_A_PERSON,
    RefundFacts,
    RefundVerdict,
    RefundWord,
    judge_refund,
    next_refund_ask_at,
    next_step,
)
from canbao.payments.states import OUTSIDE, REFUND, RefundState

statements = Statements(__package__)

WORKER = "worker"
"""The actor of what the worker does."""

_EVENT_OF = {RefundVerdict.SUCCEEDED: "succeed", RefundVerdict.PUT_ASIDE: "put_aside"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSeen:
    """A refund as a channel told it, and how we learned of it: `notice` or `ask`.

    `subject_id` is that notice, or the refund that was asked about.
    """

    channel_code: str
    told: RefundTold
    learned_from: str
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundHeard:
    """A verdict on one word about a refund. `refund` is as it was before, None when no refund has the number."""

    seen: RefundSeen
    refund: Refund | None
    verdict: RefundVerdict


def claim_to_send(tx: Tx, *, now: Instant, limit: int) -> list[Refund]:
    """Take approved refunds to send: they are `sent` from now on, and asked about if the caller dies.

    One per capture at a time, `rules.REFUND_SPACING` apart: a channel takes no two at once.
    """
    return _claim(tx, None, now=now, limit=limit)


def claim_one_to_send(tx: Tx, refund_id: UUID, *, now: Instant) -> Refund | None:
    """Take one approved refund to send at once; None when it is not to be sent, or somebody else took it."""
    return next(iter(_claim(tx, refund_id, now=now, limit=1)), None)


def claim_refunds_to_ask(tx: Tx, *, now: Instant, limit: int) -> list[Refund]:
    """Take refunds whose channel is to be asked, leased so that nobody else asks meanwhile."""
    due: list[UUID] = tx.scalars(
        statements["claim_refunds"], states=[str(state) for state in OUTSIDE], now=now, limit=limit
    )
    leases = [Due(refund_id=refund_id, at=now + rules.REFUND_LEASE) for refund_id in due]
    refund_rows.schedule(tx, leases, OUTSIDE, is_asking=True, now=now)
    return refund_rows.read(tx, refund_ids=due)


def regions_to_refund(now: Instant) -> list[RegionCode]:
    """Regions with refunds to send, or to ask about."""
    with national_reading() as reader:
        return [RegionCode(found) for found in reader.scalars(statements["list_regions_to_refund"], now=now)]


def hear_refunds(
    tx: Tx, seen: Sequence[RefundSeen], accounts: Mapping[str, Account], *, now: Instant
) -> list[RefundHeard]:
    """Judge words about refunds in the order given, move what fits, open a case for what does not.

    The refunds named stay locked until the transaction ends. A refund told of twice in the batch is judged the second
    time as the first has left it. For every `succeeded` the caller tells the books in the same transaction."""
    if not seen:
        return []
    locked = {row.refund_no: row for row in refund_rows.lock(tx, refund_nos=[item.told.refund_no for item in seen])}
    heard: list[RefundHeard] = []
    for item in seen:
        before = locked.get(item.told.refund_no)
        verdict = judge_refund(_word(item, accounts[item.channel_code]), _facts(before))
        heard.append(RefundHeard(seen=item, refund=before, verdict=verdict))
        if before is not None and verdict in _EVENT_OF:
            locked[before.refund_no] = _after(before, _EVENT_OF[verdict], item)
    _move(tx, heard, now=now)
    region = refund_rows.region_of(tx)
    cases = [_case_row(region, item) for item in heard if item.verdict in REFUND_TO_A_PERSON]
    store.insert_cases(tx, cases, now=now)
    return heard


def doubt_refund(tx: Tx, asked: Refund, *, cause: str, now: Instant) -> None:
    """Nothing explicit was said of a refund: `unknown` from now on, and asked about again with the same number."""
    at = next_refund_ask_at(sent_at=asked.sent_at or now, now=now)
    if not refund_rows.move(
        tx, "lose", [Move(refund_id=asked.refund_id, actor=WORKER, cause=cause, next_ask_at=at)], now=now
    ):
        schedule_refund(tx, asked, now=now)


def put_refund_aside(tx: Tx, asked: Refund, *, advice: RefundAdvice, foreign_code: str, now: Instant) -> None:
    """The channel said an explicit no: the refund waits for a person, with the next step written out."""
    move = Move(
        refund_id=asked.refund_id,
        actor=WORKER,
        cause=foreign_code,
        next_ask_at=now + rules.BY_HAND_ASK_AGAIN,
        next_step=str(next_step(advice, None)),
        foreign_code=foreign_code,
    )
    if not refund_rows.move(tx, "put_aside", [move], now=now):
        due = Due(
            refund_id=asked.refund_id,
            at=now + rules.BY_HAND_ASK_AGAIN,
            next_step=move.next_step,
            foreign_code=foreign_code,
        )
        refund_rows.schedule(tx, [due], [RefundState.BY_HAND], is_asking=False, now=now)


def send_again(tx: Tx, asked: Refund, *, cause: str, now: Instant) -> Refund | None:
    """The channel has never heard of a refund that we wrote down as sent: take it to be sent once more, same number.

    None when it has moved meanwhile, or waits for a person.
    """
    lost = Move(refund_id=asked.refund_id, actor=WORKER, cause=cause, next_ask_at=now)
    refund_rows.move(tx, "lose", [lost], now=now)
    return next(iter(_take(tx, "again", [asked.refund_id], now=now)), None)


def schedule_refund(tx: Tx, asked: Refund, *, now: Instant) -> None:
    """Ask about a refund again: by `rules.REFUND_ASK_AFTER` while the channel is at it, daily while a person is."""
    at = next_refund_ask_at(sent_at=asked.sent_at or now, now=now)
    refund_rows.schedule(
        tx, [Due(refund_id=asked.refund_id, at=at)], (RefundState.SENT, RefundState.UNKNOWN), is_asking=False, now=now
    )
    by_hand = Due(refund_id=asked.refund_id, at=now + rules.BY_HAND_ASK_AGAIN)
    refund_rows.schedule(tx, [by_hand], [RefundState.BY_HAND], is_asking=False, now=now)


def open_overdue_refund_case(tx: Tx, asked: Refund, *, now: Instant) -> None:
    """Put a refund before an operator that should have reached its payer by now; once."""
    case_id = derived_id("case", "refund_overdue", str(asked.refund_id))
    row = store.CaseRow(
        id=case_id,
        case_no=make_no(refund_rows.region_of(tx), Kind.CASE, case_id),
        kind="refund_overdue",
        order_no=asked.order_no,
        subject_id=asked.refund_id,
        expected=f"{asked.refund_no} succeeded by {asked.deadline_at.isoformat(timespec='minutes')}",
        found=str(asked.state),
    )
    store.insert_cases(tx, [row], now=now)


def request_of_refund(asked: Refund, *, notify_url: str, reason: str) -> RequestRefund:
    """The refund as it is put to its channel: the same values at every call."""
    return RequestRefund(
        refund_no=asked.refund_no,
        order_no=asked.order_no,
        trade_ref=asked.trade_ref,
        amount_fen=asked.amount_fen,
        captured_fen=asked.captured_fen,
        reason=reason,
        notify_url=notify_url,
    )


def note_refund_exchange(
    tx: Tx,
    asked: Refund,
    verb: str,
    outcome: Outcome,
    foreign_code: str,
    evidence: Evidence,
    *,
    asked_at: Instant,
    now: Instant,
) -> None:
    """Keep what was asked of a channel about a refund and what it said, believed or not."""
    tx.run(
        statements["insert_exchange"],
        id=uuid7(now),
        order_id=asked.order_id,
        refund_id=asked.refund_id,
        verb=verb,
        outcome=outcome,
        foreign_code=foreign_code[:64],
        request=evidence.request,
        answer=evidence.answer,
        status=evidence.status,
        asked_at=asked_at,
        now=now,
    )


def _claim(tx: Tx, refund_id: UUID | None, *, now: Instant, limit: int) -> list[Refund]:
    due: list[tuple[UUID, UUID]] = tx.tuples(
        statements["claim_refunds_to_send"],
        refund_id=refund_id,
        not_since=now - rules.REFUND_SPACING,
        now=now,
        limit=limit,
    )
    first = {capture_id: refund_id for refund_id, capture_id in reversed(due)}
    return _take(tx, "send", list(first.values()), now=now)


def _take(tx: Tx, event: str, refund_ids: Sequence[UUID], *, now: Instant) -> list[Refund]:
    """Write refunds down as sent, leased to the caller."""
    moves = [
        Move(refund_id=refund_id, actor=WORKER, cause="", next_ask_at=now + rules.REFUND_LEASE)
        for refund_id in refund_ids
    ]
    return refund_rows.read(tx, refund_ids=refund_rows.move(tx, event, moves, now=now))


def _move(tx: Tx, heard: Sequence[RefundHeard], *, now: Instant) -> None:
    """Move what was judged, each refund's first move before its second, all that move alike at once."""
    waves: list[dict[str, list[Move]]] = []
    turn: dict[UUID, int] = {}
    for item in heard:
        event = _EVENT_OF.get(item.verdict)
        if item.refund is None or event is None:
            continue
        wave = turn.get(item.refund.refund_id, 0)
        turn[item.refund.refund_id] = wave + 1
        if wave == len(waves):
            waves.append({})
        waves[wave].setdefault(event, []).append(_move_of(item, now=now))
    for wave_moves in waves:
        for event, moves in sorted(wave_moves.items()):
            refund_rows.move(tx, event, moves, now=now)
    _schedule_waiting(tx, heard, now=now)


def _schedule_waiting(tx: Tx, heard: Sequence[RefundHeard], *, now: Instant) -> None:
    """Refunds that stay where they are: in work there, or put aside again for another reason."""
    in_work, aside = [], []
    for item in heard:
        if item.refund is None:
            continue
        told, refund_id = item.seen.told, item.refund.refund_id
        if item.verdict is RefundVerdict.IN_WORK:
            at = next_refund_ask_at(sent_at=item.refund.sent_at or now, now=now)
            in_work.append(Due(refund_id=refund_id, at=at, refund_ref=told.refund_ref))
        elif item.verdict is RefundVerdict.PUT_ASIDE and item.refund.state is RefundState.BY_HAND:
            step = str(next_step(None, told.fate))
            at = now + rules.BY_HAND_ASK_AGAIN
            aside.append(Due(refund_id=refund_id, at=at, next_step=step, refund_ref=told.refund_ref))
    refund_rows.schedule(tx, in_work, OUTSIDE, is_asking=False, now=now)
    refund_rows.schedule(tx, aside, [RefundState.BY_HAND], is_asking=False, now=now)


def _move_of(item: RefundHeard, *, now: Instant) -> Move:
    told = item.seen.told
    assert item.refund is not None, "only a refund of ours moves"
    is_over = item.verdict is RefundVerdict.SUCCEEDED
    return Move(
        refund_id=item.refund.refund_id,
        actor=item.seen.channel_code,
        cause=f"{item.seen.learned_from}: {told.fate}",
        next_ask_at=None if is_over else now + rules.BY_HAND_ASK_AGAIN,
        happened_at=told.happened_at if is_over else None,
        next_step="" if is_over else str(next_step(None, told.fate)),
        foreign_code=str(told.fate),
        refund_ref=told.refund_ref,
        account_tail=account_tail(told.received_account),
    )


def account_tail(received_account: str) -> str:
    """The last digits of the account that got the money, at most four, as they may be shown; empty where there are
    none.

    >>> account_tail("招商银行信用卡0403"), account_tail("支付用户零钱"), account_tail("")
    ('0403', '', '')
    """
    digits = [sign for sign in received_account[-4:] if sign.isascii() and sign.isdigit()]
    return "".join(digits) if len(digits) == 4 else ""


def _after(before: Refund, event: str, item: RefundSeen) -> Refund:
    """A refund as a word leaves it, for the next word in the same batch."""
    if before.state not in REFUND.sources(event):
        return replace(before, refund_ref=item.told.refund_ref)
    return replace(before, state=RefundState(REFUND.target(event)), refund_ref=item.told.refund_ref)


def _facts(found: Refund | None) -> RefundFacts | None:
    if found is None:
        return None
    return RefundFacts(
        state=found.state,
        channel_code=found.channel_code,
        order_no=found.order_no,
        trade_ref=found.trade_ref,
        refund_ref=found.refund_ref,
        amount_fen=found.amount_fen,
        captured_fen=found.captured_fen,
    )


def _word(item: RefundSeen, account: Account) -> RefundWord:
    told = item.told
    return RefundWord(
        channel_code=item.channel_code,
        order_no=told.order_no,
        trade_ref=told.trade_ref,
        refund_ref=told.refund_ref,
        amount_fen=told.amount_fen,
        captured_fen=told.captured_fen,
        currency=told.currency,
        is_ours=told.merchant_ref == account.merchant_ref,
        fate=told.fate,
    )


def _case_row(region: RegionCode, item: RefundHeard) -> store.CaseRow:
    told, ours = item.seen.told, item.refund
    case_id = derived_id(
        "case", item.verdict, item.seen.channel_code, told.refund_no, told.refund_ref, told.trade_ref, told.amount_fen,
        told.fate,
    )  # fmt: skip
    expected = "no such refund"
    if ours is not None:
        amounts = f"{format_yuan(ours.amount_fen)} of {format_yuan(ours.captured_fen)} CNY"
        expected = f"{ours.state}, {amounts}, {ours.trade_ref}"
    return store.CaseRow(
        id=case_id,
        case_no=make_no(region, Kind.CASE, case_id),
        kind=str(item.verdict),
        order_no=(ours.order_no if ours is not None else told.order_no)[:64],
        subject_id=item.seen.subject_id,
        expected=expected,
        found=f"{told.fate}, {format_yuan(told.amount_fen)} of {format_yuan(told.captured_fen)} {told.currency}, "
        f"{told.trade_ref}",
    )
