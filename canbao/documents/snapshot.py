"""Everything a voucher says, as plain data, fixed at the moment of issue.

The journey that issues a voucher gathers these facts from the rooms that own them; this room knows no other room
and prints what it was given. A snapshot is kept sealed beside the PDF, so that the verification page speaks from
the same facts as the paper.

What stands on the paper. Payer and insured are two people and are shown apart. The paper is the payer's own
document: whoever made it already had to know each insured person's number and name. So names stand in full, exactly
as the register has them, and of an ID number only the last four characters: enough for a clerk to match, not enough
to use. The verification page, which strangers see, masks further (`rules.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from canbao.documents.errors import SNAPSHOT_WRONG
from canbao.kernel.clock import Instant
from canbao.kernel.ids import Kind, make_no, parse_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode, region_code

LINES_MAX = 20
_FORM = 2
"""The form that is written. Form 1, which named neither bills by id nor what a voucher replaces, is still read."""
_FORMS_READ = frozenset({"1", str(_FORM)})
_TAIL = 4


class SubjectKind(StrEnum):
    """What a voucher is about: an order that was paid, or a bill that the subsidy alone met."""

    ORDER = "order"
    BILL = "bill"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherLine:
    """One insured person and what was paid for them.

    `bill_id` is the bill whose number is `bill_no`; only a line of form 1 has none. `id_no_masked` comes from
    `mask_to_last_four`. `cover_until` is half-open (1 January of the next year); `due_from` and `due_until` are yyyymm
    and inclusive, as the tax bureau prints them. `standard_fen` is the personal standard, `assistance_fen` what others
    paid of it, `paid_fen` what the payer paid and was not given back: standard = assistance + paid. `government_fen` is
    the general subsidy beside it. `assistance_by` names who paid the assistance, never why.
    """

    bill_no: str
    name: str = field(repr=False)
    id_no_masked: str = field(repr=False)
    scheme_name: str
    collected_year: int
    insured_year: int
    cover_from: date
    cover_until: date
    due_from: int
    due_until: int
    standard_fen: Fen
    government_fen: Fen
    assistance_fen: Fen
    assistance_by: str
    paid_fen: Fen
    bill_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherSnapshot:
    """A voucher's contents. `happened_at` is when the payment succeeded, or when the subsidy met the bill.

    `payer` is who paid, in the words known (`微信用户（未登录）`, or the fund that paid). `order_no` and `channel_name`
    are empty for a voucher about a bill met by the subsidy alone. `demonstration_on` is the business date where the
    clock is set or a sandbox stands behind; None in production. `replaces_no` is the number of the voided voucher of
    the same subject in whose place this one was issued, empty for the first; `issue` writes it, since the room knows it
    best.
    """

    region_code: RegionCode
    region_name: str
    collecting_office: str
    subject_kind: SubjectKind
    payer: str
    channel_name: str
    order_no: str
    happened_at: Instant
    legal_basis: str
    lines: tuple[VoucherLine, ...]
    demonstration_on: date | None
    replaces_no: str = ""

    @property
    def total_fen(self) -> Fen:
        """What the payer paid for all the insured."""
        return Fen(sum(line.paid_fen for line in self.lines))


def mask_to_last_four(document_no: str) -> str:
    """An ID number for the paper: as long as it was, only the last four characters left; shorter numbers keep fewer.

    >>> mask_to_last_four("130102198001010041")
    '**************0041'
    """
    shown = min(_TAIL, len(document_no) // 2)
    return "*" * (len(document_no) - shown) + document_no[len(document_no) - shown :]


def refuse_what_does_not_add_up(snapshot: VoucherSnapshot) -> None:
    """Raise `documents.snapshot_wrong` when the facts contradict each other: a voucher that is wrong is worse than
    none.
    """
    region_code(snapshot.region_code)
    if not 1 <= len(snapshot.lines) <= LINES_MAX:
        raise SNAPSHOT_WRONG(reason=f"lines: {len(snapshot.lines)}")
    if snapshot.happened_at.tzinfo is None:
        raise SNAPSHOT_WRONG(reason="happened_at has no zone")
    is_order = snapshot.subject_kind is SubjectKind.ORDER
    if is_order and not snapshot.channel_name:
        raise SNAPSHOT_WRONG(reason="an order has a channel")
    if is_order and not all(line.paid_fen or line.assistance_fen for line in snapshot.lines):
        raise SNAPSHOT_WRONG(reason="somebody paid for each line of an order")
    if is_order and parse_no(snapshot.order_no, Kind.ORDER).region_code != snapshot.region_code:
        raise SNAPSHOT_WRONG(reason="order of another region")
    if not is_order and (
        snapshot.total_fen != 0 or snapshot.order_no or snapshot.channel_name or len(snapshot.lines) != 1
    ):
        raise SNAPSHOT_WRONG(reason="a bill met by the subsidy has one line, no order and nothing paid")
    if not all((snapshot.region_name, snapshot.collecting_office, snapshot.payer, snapshot.legal_basis)):
        raise SNAPSHOT_WRONG(reason="region, office, payer and legal basis are needed")
    for position, line in enumerate(snapshot.lines, start=1):
        wrong = _what_is_wrong_in(line, snapshot.region_code)
        if wrong:
            raise SNAPSHOT_WRONG(reason=f"line {position}: {wrong}")


def _what_is_wrong_in(line: VoucherLine, region: RegionCode) -> str:
    if parse_no(line.bill_no, Kind.BILL).region_code != region:
        return "bill of another region"
    if line.bill_id is None or make_no(region, Kind.BILL, line.bill_id) != line.bill_no:
        return "the number is not this bill's"
    if min(line.standard_fen, line.government_fen, line.assistance_fen, line.paid_fen) < 0:
        return "an amount below zero"
    if line.standard_fen != line.assistance_fen + line.paid_fen:
        return "standard is not assistance and paid together"
    if line.assistance_fen and not line.assistance_by:
        return "nobody is named for the assistance"
    if line.cover_from >= line.cover_until:
        return "cover ends before it begins"
    if not all(1 <= month % 100 <= 12 for month in (line.due_from, line.due_until)) or line.due_from > line.due_until:
        return "due period"
    if len(line.id_no_masked) - line.id_no_masked.count("*") > _TAIL or "*" not in line.id_no_masked:
        return "number is not masked"
    if not line.name.strip() or not line.scheme_name:
        return "name and scheme are needed"
    return ""


def to_document(snapshot: VoucherSnapshot) -> dict[str, str]:
    """The snapshot as the sealed document that is stored."""
    return {"form": str(_FORM), "snapshot": json.dumps(asdict(snapshot), ensure_ascii=False, default=_as_text)}


def from_document(document: Mapping[str, str]) -> VoucherSnapshot:
    """The snapshot of a sealed document, exactly as it was. Raises ValueError for a form this version does not know."""
    if document["form"] not in _FORMS_READ:
        message = f"a voucher of form {document['form']} was written by a newer version"
        raise ValueError(message)
    facts = json.loads(document["snapshot"])
    lines = tuple(
        VoucherLine(
            **{
                **line,
                "cover_from": date.fromisoformat(line["cover_from"]),
                "cover_until": date.fromisoformat(line["cover_until"]),
                "bill_id": UUID(line["bill_id"]) if line.get("bill_id") else None,
            }
        )
        for line in facts.pop("lines")
    )
    shown_on = facts["demonstration_on"]
    facts |= {
        "subject_kind": SubjectKind(facts["subject_kind"]),
        "happened_at": datetime.fromisoformat(facts["happened_at"]),
        "demonstration_on": date.fromisoformat(shown_on) if shown_on else None,
    }
    return VoucherSnapshot(lines=lines, **facts)


def _as_text(value: object) -> str:
    if isinstance(value, date):  # an instant is a date too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    message = f"a snapshot holds plain data, not {type(value).__name__}"
    raise TypeError(message)
