"""A small site with the verification door, and vouchers to check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.conf import settings
from django.test import Client, override_settings

from canbao.documents import public as documents
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx

PAID_AT = datetime(2024, 11, 15, 6, 48, 7, tzinfo=UTC)
CAST = (("张丽", "360102198001010041"), ("王小明", "36010220150601003X"), ("JOHN SMITH", "E12345678"))


@pytest.fixture
def client() -> Iterator[Client]:
    """A stranger's browser before the frame and this door alone."""
    template = {
        **settings.TEMPLATES[0],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "canbao.doors.frame.context.page_frame",
            ]
        },
    }
    with override_settings(
        ROOT_URLCONF="canbao.doors.verify.tests.urls",
        TEMPLATES=[template],
        MIDDLEWARE=["canbao.doors.frame.headers.security_headers", "canbao.doors.frame.reader.remember_reader"],
    ):
        yield Client()


def _line(region: RegionCode, place: int, *, assistance: int = 0) -> documents.VoucherLine:
    return documents.VoucherLine(
        bill_id=derived_id("bill", place),
        bill_no=make_no(region, Kind.BILL, derived_id("bill", place)),
        name=CAST[place][0],
        id_no_masked=documents.mask_to_last_four(CAST[place][1]),
        scheme_name="城乡居民基本医疗保险",
        collected_year=2024,
        insured_year=2025,
        cover_from=date(2025, 1, 1),
        cover_until=date(2026, 1, 1),
        due_from=202501,
        due_until=202512,
        standard_fen=Fen(40000),
        government_fen=Fen(67000),
        assistance_fen=Fen(assistance),
        assistance_by="参保资助（政府）" if assistance else "",
        paid_fen=Fen(40000 - assistance),
    )


def issue(region: RegionCode, clock: FixedClock, *, is_met: bool, demonstration_on: date | None) -> documents.Voucher:
    """The voucher in force of one and the same order, or of the bill that the subsidy met."""
    lines = (_line(region, 0, assistance=40000),) if is_met else tuple(_line(region, place) for place in range(3))
    snapshot = documents.VoucherSnapshot(
        region_code=region,
        region_name="江西省南昌市",
        collecting_office="国家税务总局南昌市税务局",
        subject_kind=documents.SubjectKind.BILL if is_met else documents.SubjectKind.ORDER,
        payer="参保资助（政府）" if is_met else "微信用户（未登录）",
        channel_name="" if is_met else "微信支付",
        order_no="" if is_met else make_no(region, Kind.ORDER, derived_id("order", 1)),
        happened_at=PAID_AT,
        legal_basis="《中华人民共和国社会保险法》第二十五条",
        lines=lines,
        demonstration_on=demonstration_on,
    )
    with region_tx(region) as tx:
        return documents.issue(tx, snapshot, subject_id=derived_id("subject", str(is_met)), now=clock.now())


@pytest.fixture
def voucher(db: None, region: RegionCode, clock: FixedClock) -> documents.Voucher:
    """The voucher of an order for three persons."""
    return issue(region, clock, is_met=False, demonstration_on=None)


@pytest.fixture
def demonstration_voucher(db: None, region: RegionCode, clock: FixedClock) -> documents.Voucher:
    """A voucher of a demonstration."""
    return issue(region, clock, is_met=False, demonstration_on=date(2024, 11, 15))


@pytest.fixture
def met_voucher(db: None, region: RegionCode, clock: FixedClock) -> documents.Voucher:
    """The voucher of a bill that the subsidy alone met."""
    return issue(region, clock, is_met=True, demonstration_on=None)
