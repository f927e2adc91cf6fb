"""The only file of the ledger that runs SQL: one function per statement, rows as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Reader, Statements, Tx, reading
from canbao.ledger.chart import AccountKey, account_id
from canbao.ledger.postings import Transfer
from canbao.ledger.rules import BookedTransfer, DayInNumbers

statements = Statements(__package__)

LOCK_KEY = 0x6C656467
"""The ledger's half of the advisory lock; the other half is the region."""

UNSEALED_READ_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRow:
    """What a transfer says, for comparing a repetition with it."""

    id: UUID
    kind: str
    debit_account_id: UUID
    credit_account_id: UUID
    amount_fen: int
    order_id: UUID | None
    bill_id: UUID | None
    capture_id: UUID | None
    cause_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account."""

    id: UUID
    account_code: str
    scheme_code: str
    channel_code: str
    due_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """An account with its two sums."""

    id: UUID
    account_code: str
    scheme_code: str
    channel_code: str
    due_from: int
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """A transfer with the kinds of its accounts."""

    id: UUID
    kind: str
    debit_account_code: str
    credit_account_code: str
    amount_fen: int
    order_id: UUID | None
    bill_id: UUID | None
    capture_id: UUID | None
    cause_id: UUID | None
    reason: str
    happened_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRow:
    """The last link."""

    place: int
    chained_on: date
    link_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDayRow:
    """The last sealed day."""

    chained_on: date
    last_place: int
    day_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsealedRow:
    """A posting that waits for the chain."""

    posting_id: UUID
    transfer_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRow:
    """A link beside the row it binds, whose columns are empty when it is gone."""

    place: int
    chained_on: date
    link_hash: bytes
    transfer_id: UUID
    posting_id: UUID | None
    kind: str | None
    debit_account_id: UUID | None
    credit_account_id: UUID | None
    amount_fen: int | None
    order_id: UUID | None
    bill_id: UUID | None
    capture_id: UUID | None
    cause_id: UUID | None
    reason: str | None
    happened_at: datetime | None
    recorded_at: datetime | None

    @property
    def transfer(self) -> BookedTransfer | None:
        """The row it binds, or None when it is gone."""
        if (
            self.posting_id is None
            or self.kind is None
            or self.debit_account_id is None
            or self.credit_account_id is None
            or self.amount_fen is None
            or self.reason is None
            or self.happened_at is None
            or self.recorded_at is None
        ):
            return None
        return BookedTransfer(
            id=self.transfer_id,
            posting_id=self.posting_id,
            kind=self.kind,
            debit_account_id=self.debit_account_id,
            credit_account_id=self.credit_account_id,
            amount_fen=self.amount_fen,
            order_id=self.order_id,
            bill_id=self.bill_id,
            capture_id=self.capture_id,
            cause_id=self.cause_id,
            reason=self.reason,
            happened_at=self.happened_at,
            recorded_at=self.recorded_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A sealed day beside what its links say now."""

    chained_on: date
    first_place: int
    last_place: int
    transfer_count: int
    amount_fen: int
    last_hash: bytes
    day_hash: bytes
    found_count: int
    found_fen: int
    found_hash: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """What an auditing statement found."""

    subject: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesRow:
    """All debits and all credits."""

    debit_fen: int
    credit_fen: int


def region_of(tx: Reader) -> RegionCode:
    """The transaction's region. The books are regional: a national transaction is our mistake."""
    assert tx.region is not None, "the ledger is regional"
    return tx.region


def post_transfers(
    tx: Tx, transfers: Sequence[Transfer], accounts: Mapping[AccountKey, UUID], *, posting_id: UUID, now: Instant
) -> tuple[list[str], int]:
    """Post the transfers; their statuses in order, and how many of `accounts` are on the books."""
    written = {key: account.hex for key, account in accounts.items()}
    found = tx.tuples(
        statements["post_transfers"],
        ids=_array([transfer.transfer_id.hex for transfer in transfers]),
        debits=_array([written[transfer.debit] for transfer in transfers]),
        credits=_array([written[transfer.credit] for transfer in transfers]),
        kinds=_array([transfer.kind.value for transfer in transfers]),
        amounts=_array([str(transfer.amount_fen) for transfer in transfers]),
        orders=_array([_id_or_null(transfer.order_id) for transfer in transfers]),
        bills=_array([_id_or_null(transfer.bill_id) for transfer in transfers]),
        captures=_array([_id_or_null(transfer.capture_id) for transfer in transfers]),
        causes=_array([_id_or_null(transfer.cause_id) for transfer in transfers]),
        reasons=_array([_quoted(transfer.reason) for transfer in transfers]),
        happened=_array([transfer.happened_at.isoformat() for transfer in transfers]),
        account_ids=list(accounts.values()),
        posting_id=posting_id,
        now=now,
    )
    return [row[0] for row in found], found[0][1]


def _array(words: Sequence[str]) -> str:
    """A PostgreSQL array as text. The driver adapts a list element by element, which took half of a posting."""
    return "{" + ",".join(words) + "}"


def _id_or_null(value: UUID | None) -> str:
    return "NULL" if value is None else value.hex


def _quoted(text: str) -> str:
    """Free text as an element of such an array."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def contents(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, ContentRow]:
    """What stands under these transfer ids."""
    return {row.id: row for row in tx.rows(statements["list_contents"], ContentRow, ids=list(ids))}


def add_accounts(tx: Tx, keys: Sequence[AccountKey], *, now: Instant) -> None:
    """Make the accounts that are missing."""
    region = region_of(tx)
    tx.run(
        statements["add_accounts"],
        ids=[account_id(region, key) for key in keys],
        account_codes=[key.account_code.value for key in keys],
        scheme_codes=[key.scheme_code for key in keys],
        channel_codes=[key.channel_code for key in keys],
        due_froms=[key.due_from for key in keys],
        now=now,
    )


def add_posting(tx: Tx, posting_id: UUID, transfer_count: int, *, now: Instant) -> None:
    """Put a posting on the list of what waits for the chain."""
    tx.run(statements["add_posting"], posting_id=posting_id, transfer_count=transfer_count, now=now)


def lock_chain(tx: Tx) -> bool:
    """Take the region's chain until the transaction ends; False while another one has it."""
    return bool(tx.scalars(statements["lock_chain"], lock_key=LOCK_KEY)[0])


def head(tx: Tx) -> HeadRow | None:
    """The last link, or None before the first."""
    return tx.one(statements["read_head"], HeadRow)


def last_day(tx: Tx) -> LastDayRow | None:
    """The last sealed day, or None before the first."""
    return tx.one(statements["read_last_day"], LastDayRow)


def unsealed(tx: Tx) -> list[UnsealedRow]:
    """The oldest postings that wait for the chain."""
    return tx.rows(statements["list_unsealed"], UnsealedRow, limit=UNSEALED_READ_MAX)


def transfers_to_chain(tx: Tx, posting_ids: Sequence[UUID]) -> list[BookedTransfer]:
    """The transfers of some postings, in chaining order."""
    return tx.rows(statements["list_transfers_to_chain"], BookedTransfer, posting_ids=list(posting_ids))


def add_links(
    tx: Tx, first_place: int, chained_on: date, transfer_ids: Sequence[UUID], hashes: Sequence[bytes]
) -> None:
    """Append links."""
    tx.run(
        statements["add_links"],
        first_place=first_place,
        chained_on=chained_on,
        transfer_ids=list(transfer_ids),
        link_hashes=list(hashes),
    )


def add_balances(tx: Tx, through_place: int, moved: Mapping[UUID, tuple[int, int]], *, now: Instant) -> None:
    """Append a snapshot for every account moved."""
    tx.run(
        statements["add_balances"],
        through_place=through_place,
        account_ids=list(moved),
        debits=[debit_fen for debit_fen, _ in moved.values()],
        credits=[credit_fen for _, credit_fen in moved.values()],
        now=now,
    )


def clear_unsealed(tx: Tx, posting_ids: Sequence[UUID]) -> None:
    """Take postings off the list of what waits."""
    tx.run(statements["clear_unsealed"], posting_ids=list(posting_ids))


def days_to_seal(tx: Tx, *, after_place: int, today: date) -> list[DayInNumbers]:
    """Days that are over and not sealed."""
    return tx.rows(statements["list_days_to_seal"], DayInNumbers, after_place=after_place, today=today)


def add_day(tx: Tx, day: DayInNumbers, day_hash: bytes, *, now: Instant) -> None:
    """Seal a day."""
    tx.run(
        statements["add_day"],
        chained_on=day.chained_on,
        first_place=day.first_place,
        last_place=day.last_place,
        transfer_count=day.transfer_count,
        amount_fen=day.amount_fen,
        last_hash=day.last_hash,
        day_hash=day_hash,
        now=now,
    )


def balances(region: RegionCode) -> list[BalanceRow]:
    """Every account as it stands."""
    with reading(region) as reader:
        return reader.rows(statements["list_balances"], BalanceRow)


def accounts(region: RegionCode) -> list[AccountRow]:
    """Every account."""
    with reading(region) as reader:
        return reader.rows(statements["list_accounts"], AccountRow)


def transfers_of_order(region: RegionCode, order_id: UUID) -> list[TransferRow]:
    """The transfers about an order."""
    with reading(region) as reader:
        return reader.rows(statements["list_transfers_of_order"], TransferRow, order_id=order_id)


def days(region: RegionCode) -> list[DayRow]:
    """Every sealed day beside what its links say now."""
    with reading(region) as reader:
        return reader.rows(statements["list_days"], DayRow)


def chain_page(region: RegionCode, *, after_place: int, limit: int) -> list[ChainRow]:
    """A page of the chain."""
    with reading(region) as reader:
        return reader.rows(statements["list_chain"], ChainRow, after_place=after_place, limit=limit)


def found(region: RegionCode, statement: str, *, limit: int) -> list[FindingRow]:
    """What an auditing statement finds."""
    with reading(region) as reader:
        return reader.rows(statements[statement], FindingRow, limit=limit)


def sides(region: RegionCode) -> SidesRow:
    """All debits and all credits of the snapshots."""
    with reading(region) as reader:
        return reader.rows(statements["sum_sides"], SidesRow)[0]
