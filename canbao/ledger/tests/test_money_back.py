"""Refunds, bookings and fees on real books: what clearing and what is payable come to, told in any order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.ledger.public import (
    AUDITORS,
    AssistanceMet,
    AssistanceReturned,
    BillCollected,
    BillRefunded,
    CaptureSuspended,
    Fact,
    FeeCharged,
    PostStatus,
    RefundPaid,
    RefundWithdrawn,
    SuspenseReleased,
    TreasuryBooked,
)

pytestmark = pytest.mark.usefixtures("db")

AT = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
BILL, OTHER_BILL, ORDER, CAPTURE, SECOND, REFUND, SECOND_REFUND = (UUID(int=number) for number in range(1, 8))
SCHEME, DUE_FROM, DUE_UNTIL, CHANNEL = "390", 202501, 202512, "wechat"


def collected(bill_id: UUID) -> BillCollected:
    return BillCollected(
        capture_id=CAPTURE,
        order_id=ORDER,
        bill_id=bill_id,
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        channel_code=CHANNEL,
        amount_fen=Fen(40000),
        happened_at=AT,
    )


def met() -> AssistanceMet:
    return AssistanceMet(
        bill_id=BILL,
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        amount_fen=Fen(36000),
        happened_at=AT,
    )


def suspended() -> CaptureSuspended:
    return CaptureSuspended(
        capture_id=SECOND,
        order_id=ORDER,
        channel_code=CHANNEL,
        amount_fen=Fen(30000),
        happened_at=AT,
        reason="second_capture",
    )


def refunded(amount: int = 40000) -> BillRefunded:
    return BillRefunded(
        refund_id=REFUND,
        order_id=ORDER,
        bill_id=BILL,
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        channel_code=CHANNEL,
        amount_fen=Fen(amount),
        happened_at=AT,
    )


def returned() -> AssistanceReturned:
    return AssistanceReturned(
        refund_id=REFUND,
        bill_id=BILL,
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        amount_fen=Fen(36000),
        happened_at=AT,
    )


def released() -> SuspenseReleased:
    return SuspenseReleased(
        refund_id=SECOND_REFUND,
        capture_id=SECOND,
        order_id=ORDER,
        channel_code=CHANNEL,
        amount_fen=Fen(30000),
        happened_at=AT,
    )


def paid_back() -> RefundPaid:
    return RefundPaid(
        refund_id=REFUND,
        capture_id=CAPTURE,
        order_id=ORDER,
        channel_code=CHANNEL,
        amount_fen=Fen(40000),
        happened_at=AT,
    )


def withdrawn() -> RefundWithdrawn:
    return RefundWithdrawn(
        refund_id=SECOND_REFUND,
        capture_id=SECOND,
        order_id=ORDER,
        channel_code=CHANNEL,
        amount_fen=Fen(30000),
        happened_at=AT,
    )


def booked() -> TreasuryBooked:
    return TreasuryBooked(
        booking_id=UUID(int=20),
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        channel_code=CHANNEL,
        amount_fen=Fen(39760),
        happened_at=AT,
    )


def fee() -> FeeCharged:
    return FeeCharged(line_ref="2024-11-15/fee", channel_code=CHANNEL, amount_fen=Fen(240), happened_at=AT)


def post(region: RegionCode, facts: Sequence[Fact]) -> list[PostStatus]:
    with region_tx(region) as tx:
        return ledger.post(tx, facts, now=AT)


def standing(region: RegionCode) -> dict[str, int]:
    return {str(row.account_code): int(row.balance_fen) for row in ledger.balances(region)}


def findings(region: RegionCode) -> list[str]:
    return [f"{finding.auditor}: {finding.subject}" for auditor in AUDITORS for finding in auditor(region)]


def test_clearing_is_what_was_captured_less_what_went_back_was_booked_and_kept(region: RegionCode) -> None:
    post(region, [collected(BILL), met(), collected(OTHER_BILL), suspended()])
    assert post(region, [refunded(), returned(), released()]) == [PostStatus.POSTED] * 3
    assert standing(region) == {
        "clearing": 110_000,
        "assistance_receivable": 0,
        "contribution_income": 40_000,
        "suspense": 0,
        "refund_payable": 70_000,
    }
    assert post(region, [paid_back(), withdrawn(), booked(), fee()]) == [PostStatus.POSTED] * 4
    assert standing(region) == {
        "clearing": 30_000,
        "treasury": 39_760,
        "channel_fee": 240,
        "assistance_receivable": 0,
        "contribution_income": 40_000,
        "suspense": 30_000,
        "refund_payable": 0,
    }
    assert [row.account_code for row in ledger.balances(region)] == list(ledger.CHART)
    with region_tx(region) as tx:
        assert ledger.seal(tx, now=AT, limit=100).transfer_count == 11
    assert standing(region)["clearing"] == 30_000
    assert findings(region) == []


def test_each_is_booked_once_however_often_it_is_told(region: RegionCode) -> None:
    facts: list[Fact] = [refunded(), returned(), released(), paid_back(), withdrawn(), booked(), fee()]
    assert post(region, [*facts, *facts]) == [PostStatus.POSTED] * 7 + [PostStatus.EXISTS] * 7
    before = standing(region)
    assert post(region, facts) == [PostStatus.EXISTS] * 7
    assert post(region, [refunded(39999)]) == [PostStatus.EXISTS_WITH_DIFFERENT_CONTENT]
    assert standing(region) == before


def test_same_transfer_for_another_cause_is_different_content(region: RegionCode) -> None:
    post(region, [returned()])
    for_another = AssistanceReturned(
        refund_id=SECOND_REFUND,
        bill_id=BILL,
        scheme_code=SCHEME,
        due_from=DUE_FROM,
        due_until=DUE_UNTIL,
        amount_fen=Fen(36000),
        happened_at=AT,
    )
    assert post(region, [for_another]) == [PostStatus.EXISTS_WITH_DIFFERENT_CONTENT]
    assert standing(region)["contribution_income"] == -36_000


def test_transfers_of_an_order_name_the_refund_that_moved_them(region: RegionCode) -> None:
    post(region, [collected(BILL), refunded(), paid_back()])
    found = {row.kind: row.cause_id for row in ledger.transfers_of_order(region, ORDER)}
    assert found == {"bill_collected": None, "bill_refunded": REFUND, "refund_paid": REFUND}
