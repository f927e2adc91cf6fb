"""The cast of the vouchers: a payer who is not signed in, and the four persons she paid for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from canbao.documents.pades import PadesSeal
from canbao.documents.public import SubjectKind, Voucher, VoucherLine, VoucherSnapshot, issue, mask_to_last_four
from canbao.kernel.clock import FixedClock, Instant
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from tests.owner import as_owner

PAID_AT = datetime(2024, 11, 15, 6, 48, 7, tzinfo=UTC)
CAST = (
    ("张丽", "360102198001010041"),
    ("王\U00020bb7明", "36010220150601003X"),
    ("李秀英", "360102195703030028"),
    ("阿依古丽·买买提江", "360102202411010027"),
)

SnapshotMaker = Callable[..., VoucherSnapshot]


def _line(region: RegionCode, place: int, name: str, *, assistance: int = 0) -> VoucherLine:
    return VoucherLine(
        bill_id=derived_id("bill", place),
        bill_no=make_no(region, Kind.BILL, derived_id("bill", place)),
        name=name,
        id_no_masked=mask_to_last_four(CAST[place % len(CAST)][1]),
        scheme_name="城乡居民基本医疗保险",
        collected_year=2024,
        insured_year=2025,
        cover_from=date(2024, 11, 1) if place == 3 else date(2025, 1, 1),
        cover_until=date(2026, 1, 1),
        due_from=202501,
        due_until=202512,
        standard_fen=Fen(40000),
        government_fen=Fen(67000),
        assistance_fen=Fen(assistance),
        assistance_by="参保资助（政府）" if assistance else "",
        paid_fen=Fen(40000 - assistance),
    )


@pytest.fixture
def family(region: RegionCode) -> SnapshotMaker:
    """Makes the voucher of an order for the family: the grandmother's part is reduced."""

    def make(
        *, count: int = 4, names: tuple[str, ...] = (), demonstration_on: date | None = None, at: Instant = PAID_AT
    ) -> VoucherSnapshot:
        given = names or tuple(CAST[place % len(CAST)][0] for place in range(count))
        lines = (_line(region, at_, name, assistance=32000 if at_ == 2 else 0) for at_, name in enumerate(given))
        return VoucherSnapshot(
            region_code=region,
            region_name="江西省南昌市",
            collecting_office="国家税务总局南昌市税务局",
            subject_kind=SubjectKind.ORDER,
            payer="微信用户（未登录）",
            channel_name="微信支付",
            order_no=make_no(region, Kind.ORDER, derived_id("order", 1)),
            happened_at=at,
            legal_basis="《中华人民共和国社会保险法》第二十五条",
            lines=tuple(lines),
            demonstration_on=demonstration_on,
        )

    return make


@pytest.fixture
def met_by_subsidy(region: RegionCode) -> VoucherSnapshot:
    """A bill that the subsidy alone met: no order, nothing paid."""
    return VoucherSnapshot(
        region_code=region,
        region_name="江西省南昌市",
        collecting_office="国家税务总局南昌市税务局",
        subject_kind=SubjectKind.BILL,
        payer="参保资助（政府）",
        channel_name="",
        order_no="",
        happened_at=PAID_AT,
        legal_basis="《中华人民共和国社会保险法》第二十五条",
        lines=(_line(region, 2, "李秀英", assistance=40000),),
        demonstration_on=None,
    )


@pytest.fixture
def subject_id() -> UUID:
    """The order the voucher is about."""
    return derived_id("order", 1)


@pytest.fixture(scope="session")
def seal() -> PadesSeal:
    """The development seal of this run."""
    from canbao.documents.certificate import signer_from_environment

    return PadesSeal(signer_from_environment())


TABLES = ("documents_voucher", "documents_voucher_pdf", "documents_voucher_history")


def counts() -> tuple[int, ...]:
    """How many vouchers, papers and moves are kept."""
    with as_owner() as session:
        found = [session.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]
    return tuple(row[0] for row in found if row is not None)


@pytest.fixture
def voucher(family: SnapshotMaker, subject_id: UUID, region: RegionCode, clock: FixedClock) -> Voucher:
    """The voucher of the family's order."""
    with region_tx(region) as tx:
        return issue(tx, family(), subject_id=subject_id, now=clock.now())
