"""The front door of the ledger: post facts, read balances and transfers, seal the chain.

Posting happens inside the journey that moves the money and touches no shared row. Sealing follows: it binds what was
posted into the region's chain and rolls the balances up, so that a balance is always its last snapshot plus what
still waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from canbao.kernel.clock import Instant, civil_date
from canbao.kernel.ids import uuid7
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Tx
from canbao.ledger import rules, store
from canbao.ledger.chart import CHART, AccountCode, AccountKey, Heading, Side, account_id
from canbao.ledger.checks import AUDITORS
from canbao.ledger.postings import (
    AssistanceMet,
    AssistanceReturned,
    BillCollected,
    BillRefunded,
    CaptureSuspended,
    DifferenceMet,
    DifferenceReturned,
    Fact,
    FeeCharged,
    FeeReturned,
    RefundPaid,
    RefundWithdrawn,
    SuspenseReleased,
    Transfer,
    TransferKind,
    TreasuryBooked,
    transfers_of,
)

__all__ = [
    "AUDITORS",
    "CHART",
    "FACTS_MAX",
    "AccountCode",
    "AssistanceMet",
    "AssistanceReturned",
    "Balance",
    "BillCollected",
    "BillRefunded",
    "BookedTransfer",
    "CaptureSuspended",
    "DifferenceMet",
    "DifferenceReturned",
    "Fact",
    "FeeCharged",
    "FeeReturned",
    "Heading",
    "PostStatus",
    "RefundPaid",
    "RefundWithdrawn",
    "Sealed",
    "SealedDay",
    "Side",
    "SuspenseReleased",
    "TransferKind",
    "TreasuryBooked",
    "accounts",
    "balances",
    "days",
    "post",
    "seal",
    "transfers_of_order",
]

FACTS_MAX = 10_000
"""The most facts that one call posts: five hundred orders of twenty bills."""


class PostStatus(StrEnum):
    """What became of a fact, in order of precedence.

    - `exists_with_different_content`: its transfer stands with another amount, account or subject; nothing was written;
    - `exists`: its transfer stands as it is;
    - `posted`: its transfer was written;
    - `nothing_to_post`: its amount is zero.
    """

    EXISTS_WITH_DIFFERENT_CONTENT = "exists_with_different_content"
    EXISTS = "exists"
    POSTED = "posted"
    NOTHING_TO_POST = "nothing_to_post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account as it stands.

    `balance_fen` counts from the account's normal side and is negative when it stands on the other.
    """

    account_id: UUID
    account_code: AccountCode
    name_zh: str
    scheme_code: str
    channel_code: str
    due_from: int
    debit_fen: Fen
    credit_fen: Fen
    balance_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTransfer:
    """A transfer as it stands in the books."""

    transfer_id: UUID
    kind: TransferKind
    debit_account_code: AccountCode
    credit_account_code: AccountCode
    amount_fen: Fen
    order_id: UUID | None
    bill_id: UUID | None
    capture_id: UUID | None
    cause_id: UUID | None
    reason: str
    happened_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDay:
    """The seal of a day: `day_hash` (hex) is what an operator prints or deposits where we cannot reach it."""

    chained_on: date
    transfer_count: int
    amount_fen: Fen
    day_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one call of `seal` did. `is_busy`: another one is at it. `has_more`: postings still wait."""

    transfer_count: int
    day_count: int
    has_more: bool
    is_busy: bool


def post(tx: Tx, facts: Sequence[Fact], *, now: Instant) -> list[PostStatus]:
    """Book business facts, each once, whoever tells it and however often; one status per fact, in order.

    A fact told again with the same amount and subject is `exists`, also inside one call and against another
    transaction that is posting it at the same time; its time and reason may differ. Accounts are made when first
    posted to. Raises ValueError for a negative amount and AssertionError for more than `FACTS_MAX` facts: both are
    our own mistakes, and nothing is posted."""
    assert len(facts) <= FACTS_MAX, f"{len(facts)} facts at once; {FACTS_MAX} are allowed"
    booked = [transfers_of(fact) for fact in facts]
    transfers = [transfer for of_fact in booked for transfer in of_fact]
    if not transfers:
        return [PostStatus.NOTHING_TO_POST] * len(facts)
    statuses = iter(_post_transfers(tx, transfers, now=now))
    return [_status_of([next(statuses) for _ in of_fact]) for of_fact in booked]


def seal(tx: Tx, *, now: Instant, limit: int) -> Sealed:
    """Bind what was posted into the region's chain, roll the balances up, and seal the days that are over.

    Takes whole postings, oldest first, until `limit` transfers are reached, at least one posting. One sealer at a
    time: a second one finds `is_busy` and does nothing. Safe to stop and to run again at any point."""
    region = store.region_of(tx)
    if not store.lock_chain(tx):
        return Sealed(transfer_count=0, day_count=0, has_more=False, is_busy=True)
    head, sealed_day = store.head(tx), store.last_day(tx)
    today = civil_date(now)
    waiting = store.unsealed(tx)
    taken = _first_postings(waiting, limit)
    rows = store.transfers_to_chain(tx, taken)
    if rows:
        chained_on = rules.chaining_day(
            today, head.chained_on if head else None, sealed_day.chained_on if sealed_day else None
        )
        first_place = head.place + 1 if head else 1
        hashes = rules.chain(region, head.link_hash if head else rules.GENESIS, first_place, chained_on, rows)
        store.add_links(tx, first_place, chained_on, [row.id for row in rows], hashes)
        store.add_balances(tx, first_place + len(rows) - 1, rules.movements(rows), now=now)
        store.clear_unsealed(tx, taken)
    return Sealed(
        transfer_count=len(rows),
        day_count=_seal_days(tx, region, sealed_day, today, now=now),
        has_more=len(taken) < len(waiting) or len(waiting) == store.UNSEALED_READ_MAX,
        is_busy=False,
    )


def balances(region: RegionCode) -> list[Balance]:
    """Every account of the region as it stands at this instant, transfers not yet sealed included, in the order of
    the chart.
    """
    order = {code: place for place, code in enumerate(CHART)}
    found = [_balance(row) for row in store.balances(region)]
    return sorted(found, key=lambda balance: order[balance.account_code])


def accounts(region: RegionCode) -> dict[UUID, AccountKey]:
    """Every account of the region by its id."""
    return {
        row.id: AccountKey(
            account_code=AccountCode(row.account_code),
            scheme_code=row.scheme_code,
            channel_code=row.channel_code,
            due_from=row.due_from,
        )
        for row in store.accounts(region)
    }


def transfers_of_order(region: RegionCode, order_id: UUID) -> list[BookedTransfer]:
    """The transfers about an order, oldest first; empty when there are none."""
    return [
        BookedTransfer(
            transfer_id=row.id,
            kind=TransferKind(row.kind),
            debit_account_code=AccountCode(row.debit_account_code),
            credit_account_code=AccountCode(row.credit_account_code),
            amount_fen=Fen(row.amount_fen),
            order_id=row.order_id,
            bill_id=row.bill_id,
            capture_id=row.capture_id,
            cause_id=row.cause_id,
            reason=row.reason,
            happened_at=row.happened_at,
            recorded_at=row.recorded_at,
        )
        for row in store.transfers_of_order(region, order_id)
    ]


def days(region: RegionCode) -> list[SealedDay]:
    """The sealed days of the region, oldest first."""
    return [
        SealedDay(
            chained_on=row.chained_on,
            transfer_count=row.transfer_count,
            amount_fen=Fen(row.amount_fen),
            day_hash=row.day_hash.hex(),
        )
        for row in store.days(region)
    ]


def _post_transfers(tx: Tx, transfers: Sequence[Transfer], *, now: Instant) -> list[PostStatus]:
    region = store.region_of(tx)
    keys = {transfer.debit for transfer in transfers} | {transfer.credit for transfer in transfers}
    accounts_by_key = {key: account_id(region, key) for key in keys}
    posting_id = uuid7(now)
    told, known_count = store.post_transfers(tx, transfers, accounts_by_key, posting_id=posting_id, now=now)
    if known_count < len(keys):
        store.add_accounts(tx, sorted(keys, key=repr), now=now)
    posted_count = told.count("posted")
    if posted_count:
        store.add_posting(tx, posting_id, posted_count, now=now)
    if "raced" not in told:
        return [PostStatus(status) for status in told]
    return _compare_raced(tx, transfers, told, accounts_by_key)


def _compare_raced(
    tx: Tx, transfers: Sequence[Transfer], told: Sequence[str], accounts_by_key: dict[AccountKey, UUID]
) -> list[PostStatus]:
    """Judge transfers that another transaction wrote while ours began: a new statement sees what it committed."""
    raced = [transfer.transfer_id for transfer, status in zip(transfers, told, strict=True) if status == "raced"]
    standing = store.contents(tx, raced)
    statuses: list[PostStatus] = []
    for transfer, status in zip(transfers, told, strict=True):
        if status != "raced":
            statuses.append(PostStatus(status))
            continue
        wanted = store.ContentRow(
            id=transfer.transfer_id,
            kind=transfer.kind.value,
            debit_account_id=accounts_by_key[transfer.debit],
            credit_account_id=accounts_by_key[transfer.credit],
            amount_fen=transfer.amount_fen,
            order_id=transfer.order_id,
            bill_id=transfer.bill_id,
            capture_id=transfer.capture_id,
            cause_id=transfer.cause_id,
        )
        is_same = standing[transfer.transfer_id] == wanted
        statuses.append(PostStatus.EXISTS if is_same else PostStatus.EXISTS_WITH_DIFFERENT_CONTENT)
    return statuses


def _status_of(statuses: Sequence[PostStatus]) -> PostStatus:
    """A fact's status from its transfers': the first in order of precedence."""
    if len(statuses) == 1:
        return statuses[0]
    return min(statuses, key=list(PostStatus).index, default=PostStatus.NOTHING_TO_POST)


def _first_postings(waiting: Sequence[store.UnsealedRow], limit: int) -> list[UUID]:
    taken: list[UUID] = []
    transfer_count = 0
    for posting in waiting:
        if taken and transfer_count + posting.transfer_count > limit:
            break
        taken.append(posting.posting_id)
        transfer_count += posting.transfer_count
    return taken


def _seal_days(tx: Tx, region: RegionCode, last: store.LastDayRow | None, today: date, *, now: Instant) -> int:
    before = last.day_hash if last else rules.GENESIS
    due = store.days_to_seal(tx, after_place=last.last_place if last else 0, today=today)
    for day in due:
        before = rules.day_hash(before, region, day)
        store.add_day(tx, day, before, now=now)
    return len(due)


def _balance(row: store.BalanceRow) -> Balance:
    heading = CHART[AccountCode(row.account_code)]
    difference = row.debit_fen - row.credit_fen
    return Balance(
        account_id=row.id,
        account_code=heading.account_code,
        name_zh=heading.name_zh,
        scheme_code=row.scheme_code,
        channel_code=row.channel_code,
        due_from=row.due_from,
        debit_fen=Fen(row.debit_fen),
        credit_fen=Fen(row.credit_fen),
        balance_fen=Fen(difference if heading.side is Side.DEBIT else -difference),
    )
