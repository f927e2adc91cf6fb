"""A bill as others see it, and the statuses of what can be done to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from canbao.billing.rules import BillKind
from canbao.billing.states import BillState
from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.rulebook.contribution import Step
from canbao.rulebook.sourced import Reliability, Source


class LockStatus(StrEnum):
    """What became of a bill that an order wants, in order of precedence: `exists` means this order has it already."""

    EXISTS = "exists"
    NOT_FOUND = "not_found"
    ALREADY_PAID = "already_paid"
    MET_BY_SUBSIDY = "met_by_subsidy"
    LOCKED_BY_OTHER = "locked_by_other"
    VOIDED = "voided"
    REGISTERED_ELSEWHERE = "registered_elsewhere"
    AMOUNT_NOT_FINAL = "amount_not_final"
    LOCKED = "locked"


class PaidStatus(StrEnum):
    """What became of a settled order's bills, all or none, in order of precedence."""

    EXISTS = "exists"
    NOT_PAYABLE = "not_payable"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBills:
    """A settled order and the bills it pays. `paid_at` is when the channel took the money."""

    order_id: UUID
    bill_ids: tuple[UUID, ...]
    paid_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a person owes, and how it came about. `total = government + assistance + personal`.

    `steps` hold private words that only the person may read. `is_final` is false where help of unpublished amount may
    lower the personal part: such a bill is not lockable. `locked_by` and `paid_by` are ids of orders.
    """

    region_code: RegionCode
    bill_id: UUID
    bill_no: str
    person_id: UUID
    scheme_code: str
    insured_year: int
    due_from: int
    due_until: int
    kind: BillKind
    state: BillState
    total_fen: Fen
    government_fen: Fen
    assistance_fen: Fen
    personal_fen: Fen
    policy_version_id: UUID
    steps: tuple[Step, ...]
    is_final: bool
    registered_elsewhere: bool
    assessed_on: date
    locked_by: UUID | None
    locked_until: Instant | None
    paid_by: UUID | None
    paid_at: Instant | None
    reverses_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillMoved:
    """A move that a bill made for an order: the event's name, the state after it, and when it was recorded."""

    bill_id: UUID
    event: str
    state: str
    recorded_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """A bill as the statements return it."""

    bill_id: UUID
    person_id: UUID
    scheme_code: str
    insured_year: int
    due_from: int
    due_until: int
    kind: str
    state: str
    total_fen: int
    government_fen: int
    assistance_fen: int
    personal_fen: int
    registered_elsewhere: bool
    assessed_on: date
    order_id: UUID | None
    locked_until: Instant | None
    paid_at: Instant | None
    reverses_id: UUID | None
    policy_version_id: UUID
    is_final: bool
    steps: list[dict[str, Any]]


def bill_of(region: RegionCode, row: BillRow) -> Bill:
    """A bill from its row. The printed number is made from the id and kept nowhere."""
    state = BillState(row.state)
    return Bill(
        region_code=region,
        bill_id=row.bill_id,
        bill_no=make_no(region, Kind.BILL, row.bill_id),
        person_id=row.person_id,
        scheme_code=row.scheme_code,
        insured_year=row.insured_year,
        due_from=row.due_from,
        due_until=row.due_until,
        kind=BillKind(row.kind),
        state=state,
        total_fen=Fen(row.total_fen),
        government_fen=Fen(row.government_fen),
        assistance_fen=Fen(row.assistance_fen),
        personal_fen=Fen(row.personal_fen),
        policy_version_id=row.policy_version_id,
        steps=tuple(step_from(document) for document in row.steps),
        is_final=row.is_final,
        registered_elsewhere=row.registered_elsewhere,
        assessed_on=row.assessed_on,
        locked_by=row.order_id if state is BillState.LOCKED else None,
        locked_until=row.locked_until,
        paid_by=row.order_id if state is BillState.PAID else None,
        paid_at=row.paid_at,
        reverses_id=row.reverses_id,
    )


def step_document(step: Step) -> dict[str, object]:
    """A step as it is kept beside the price."""
    dated_on = step.source.dated_on
    return {
        "label_zh": step.label_zh,
        "label_en": step.label_en,
        "amount_fen": step.amount_fen,
        "note_zh": step.note_zh,
        "note_en": step.note_en,
        "private_zh": step.private_zh,
        "private_en": step.private_en,
        "source": {
            "key": step.source.key,
            "reference": step.source.reference,
            "reference_en": step.source.reference_en,
            "dated_on": dated_on.isoformat() if dated_on is not None else None,
            "reliability": str(step.source.reliability),
        },
    }


def step_from(document: Mapping[str, Any]) -> Step:
    """The step that `step_document` kept."""
    source = document["source"]
    dated_on = source["dated_on"]
    return Step(
        label_zh=document["label_zh"],
        label_en=document["label_en"],
        amount_fen=Fen(document["amount_fen"]),
        note_zh=document["note_zh"],
        note_en=document["note_en"],
        private_zh=document["private_zh"],
        private_en=document["private_en"],
        source=Source(
            key=source["key"],
            reference=source["reference"],
            reference_en=source["reference_en"],
            dated_on=date.fromisoformat(dated_on) if dated_on is not None else None,
            reliability=Reliability(source["reliability"]),
        ),
    )
