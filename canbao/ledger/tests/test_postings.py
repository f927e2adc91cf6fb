"""The accountant's page: which account a fact debits and credits, and that a fact is one transfer however often it is
told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from canbao.kernel.money import FEN_MAX, Fen
from canbao.kernel.regions import RegionCode
from canbao.ledger.chart import CHART, AccountCode, AccountKey, Side, account_id
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

AT = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
CAPTURE, ORDER, BILL, REFUND, BOOKING = (UUID(int=number) for number in (1, 2, 3, 4, 5))

COLLECTED = BillCollected(
    capture_id=CAPTURE,
    order_id=ORDER,
    bill_id=BILL,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
)
MET = AssistanceMet(
    bill_id=BILL, scheme_code="390", due_from=202501, due_until=202512, amount_fen=Fen(36000), happened_at=AT
)
SUSPENDED = CaptureSuspended(
    capture_id=CAPTURE,
    order_id=ORDER,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
    reason="second_capture",
)
REFUNDED = BillRefunded(
    refund_id=REFUND,
    order_id=ORDER,
    bill_id=BILL,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
)
RETURNED = AssistanceReturned(
    refund_id=REFUND,
    bill_id=BILL,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    amount_fen=Fen(36000),
    happened_at=AT,
)
DIFFERENCE = DifferenceMet(
    refund_id=REFUND,
    bill_id=BILL,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    amount_fen=Fen(32000),
    happened_at=AT,
)
DIFFERENCE_BACK = DifferenceReturned(
    refund_id=REFUND,
    bill_id=BILL,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    amount_fen=Fen(32000),
    happened_at=AT,
)
RELEASED = SuspenseReleased(
    refund_id=REFUND,
    capture_id=CAPTURE,
    order_id=ORDER,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
)
PAID_BACK = RefundPaid(
    refund_id=REFUND,
    capture_id=CAPTURE,
    order_id=ORDER,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
)
WITHDRAWN = RefundWithdrawn(
    refund_id=REFUND,
    capture_id=CAPTURE,
    order_id=ORDER,
    channel_code="wechat",
    amount_fen=Fen(40000),
    happened_at=AT,
)
BOOKED = TreasuryBooked(
    booking_id=BOOKING,
    scheme_code="390",
    due_from=202501,
    due_until=202512,
    channel_code="wechat",
    amount_fen=Fen(80000),
    happened_at=AT,
)
FEE = FeeCharged(line_ref="2024-11-15/fees", channel_code="wechat", amount_fen=Fen(240), happened_at=AT)
FEE_BACK = FeeReturned(line_ref="2024-11-16/fees", channel_code="wechat", amount_fen=Fen(240), happened_at=AT)
FACTS: list[Fact] = [
    COLLECTED,
    MET,
    SUSPENDED,
    REFUNDED,
    RETURNED,
    RELEASED,
    PAID_BACK,
    WITHDRAWN,
    BOOKED,
    FEE,
    FEE_BACK,
]

CLEARING = AccountKey(account_code=AccountCode.CLEARING, channel_code="wechat")
SUSPENSE = AccountKey(account_code=AccountCode.SUSPENSE, channel_code="wechat")
INCOME = AccountKey(account_code=AccountCode.CONTRIBUTION_INCOME, scheme_code="390", due_from=202501)
RECEIVABLE = AccountKey(account_code=AccountCode.ASSISTANCE_RECEIVABLE, scheme_code="390", due_from=202501)
PAYABLE = AccountKey(account_code=AccountCode.REFUND_PAYABLE, channel_code="wechat")
TREASURY = AccountKey(account_code=AccountCode.TREASURY, scheme_code="390", due_from=202501)
CHANNEL_FEE = AccountKey(account_code=AccountCode.CHANNEL_FEE, channel_code="wechat")


def only(fact: Fact) -> Transfer:
    [transfer] = transfers_of(fact)
    return transfer


def test_collected_bill_debits_clearing_and_credits_the_income_of_its_period() -> None:
    transfer = only(COLLECTED)
    assert (transfer.kind, transfer.debit, transfer.credit) == (TransferKind.BILL_COLLECTED, CLEARING, INCOME)
    assert (transfer.amount_fen, transfer.happened_at) == (40000, AT)
    assert (transfer.order_id, transfer.bill_id, transfer.capture_id) == (ORDER, BILL, CAPTURE)


def test_assistance_debits_its_receivable_and_credits_the_same_income() -> None:
    transfer = only(MET)
    assert (transfer.kind, transfer.debit, transfer.credit) == (TransferKind.ASSISTANCE_MET, RECEIVABLE, INCOME)
    assert (transfer.amount_fen, transfer.order_id, transfer.bill_id) == (36000, None, BILL)


def test_suspended_capture_debits_clearing_and_credits_suspense() -> None:
    transfer = only(SUSPENDED)
    assert (transfer.kind, transfer.debit, transfer.credit) == (TransferKind.CAPTURE_SUSPENDED, CLEARING, SUSPENSE)
    assert (transfer.bill_id, transfer.capture_id, transfer.reason) == (None, CAPTURE, "second_capture")
    assert only(replace(SUSPENDED, order_id=None)).order_id is None


@pytest.mark.parametrize(
    ("fact", "kind", "debit", "credit"),
    [
        (REFUNDED, TransferKind.BILL_REFUNDED, INCOME, PAYABLE),
        (RETURNED, TransferKind.ASSISTANCE_RETURNED, INCOME, RECEIVABLE),
        (DIFFERENCE, TransferKind.DIFFERENCE_MET, RECEIVABLE, INCOME),
        (DIFFERENCE_BACK, TransferKind.DIFFERENCE_RETURNED, INCOME, RECEIVABLE),
        (RELEASED, TransferKind.SUSPENSE_RELEASED, SUSPENSE, PAYABLE),
        (PAID_BACK, TransferKind.REFUND_PAID, PAYABLE, CLEARING),
        (WITHDRAWN, TransferKind.REFUND_WITHDRAWN, PAYABLE, SUSPENSE),
        (BOOKED, TransferKind.TREASURY_BOOKED, TREASURY, CLEARING),
        (FEE, TransferKind.FEE_CHARGED, CHANNEL_FEE, CLEARING),
        (FEE_BACK, TransferKind.FEE_RETURNED, CLEARING, CHANNEL_FEE),
    ],
)
def test_money_that_goes_back_or_on_debits_and_credits(
    fact: Fact, kind: TransferKind, debit: AccountKey, credit: AccountKey
) -> None:
    transfer = only(fact)
    assert (transfer.kind, transfer.debit, transfer.credit) == (kind, debit, credit)
    assert (transfer.amount_fen, transfer.happened_at) == (fact.amount_fen, AT)


def test_what_goes_back_names_its_refund_and_what_is_booked_its_booking() -> None:
    assert [only(fact).cause_id for fact in FACTS] == [None, None, None, *[REFUND] * 5, BOOKING, None, None]
    assert [only(fact).order_id for fact in FACTS[3:]] == [ORDER, None, ORDER, ORDER, ORDER, None, None, None]
    assert [only(fact).bill_id for fact in FACTS[3:]] == [BILL, BILL, None, None, None, None, None, None]
    assert [only(fact).capture_id for fact in FACTS[3:]] == [None, None, CAPTURE, CAPTURE, CAPTURE, None, None, None]
    assert only(FEE).reason == "2024-11-15/fees"


def test_undoing_takes_out_of_the_income_what_was_put_in() -> None:
    assert (only(REFUNDED).debit, only(RETURNED).debit) == (only(COLLECTED).credit, only(MET).credit)
    assert only(RETURNED).credit == only(MET).debit


def test_second_partial_refund_of_a_bill_is_another_transfer_and_a_second_return_of_assistance_is_not() -> None:
    other = UUID(int=9)
    for fact in (REFUNDED, RELEASED, PAID_BACK, WITHDRAWN):
        assert only(replace(fact, refund_id=other)).transfer_id != only(fact).transfer_id
    assert only(replace(RETURNED, refund_id=other)).transfer_id == only(RETURNED).transfer_id


def test_booking_is_one_transfer_per_scheme_and_due_period_and_a_fee_one_per_channel_and_line() -> None:
    ids = {
        only(fact).transfer_id
        for fact in (
            BOOKED,
            replace(BOOKED, scheme_code="310"),
            replace(BOOKED, due_from=202601, due_until=202612),
            replace(BOOKED, booking_id=UUID(int=9)),
            FEE,
            replace(FEE, line_ref="2024-11-16/fees"),
            replace(FEE, channel_code="alipay"),
        )
    }
    assert len(ids) == 7


def test_fact_told_later_or_with_another_amount_is_the_same_transfer() -> None:
    later = replace(COLLECTED, happened_at=AT + timedelta(days=1), amount_fen=Fen(1))
    assert only(later).transfer_id == only(COLLECTED).transfer_id
    assert only(replace(SUSPENDED, reason="other")).transfer_id == only(SUSPENDED).transfer_id


def test_another_bill_another_capture_and_another_fact_are_other_transfers() -> None:
    ids = {
        only(replace(COLLECTED, bill_id=UUID(int=9))).transfer_id,
        only(replace(COLLECTED, capture_id=UUID(int=9))).transfer_id,
        *(only(fact).transfer_id for fact in FACTS),
    }
    assert len(ids) == len(FACTS) + 2


@pytest.mark.parametrize("fact", FACTS)
def test_zero_is_nothing_to_book_and_a_negative_amount_is_refused(fact: Fact) -> None:
    assert transfers_of(replace(fact, amount_fen=Fen(0))) == ()
    for amount in (-1, FEN_MAX + 1):
        with pytest.raises(ValueError, match="zero or more"):
            transfers_of(replace(fact, amount_fen=Fen(amount)))


def test_chart_names_every_kind_once_and_claims_no_source_it_has_not() -> None:
    assert set(CHART) == set(AccountCode)
    assert {code: heading.side for code, heading in CHART.items()} == {
        AccountCode.CLEARING: Side.DEBIT,
        AccountCode.ASSISTANCE_RECEIVABLE: Side.DEBIT,
        AccountCode.CONTRIBUTION_INCOME: Side.CREDIT,
        AccountCode.SUSPENSE: Side.CREDIT,
        AccountCode.REFUND_PAYABLE: Side.CREDIT,
        AccountCode.TREASURY: Side.DEBIT,
        AccountCode.CHANNEL_FEE: Side.DEBIT,
    }
    assert len({heading.name_zh for heading in CHART.values()}) == len(CHART)
    assert not any(heading.is_sourced for heading in CHART.values())


def test_account_id_follows_from_what_it_is_kept_for() -> None:
    nanchang, shijiazhuang = RegionCode(360100), RegionCode(130100)
    assert account_id(nanchang, INCOME) == account_id(nanchang, replace(INCOME))
    ids = {
        account_id(nanchang, INCOME),
        account_id(shijiazhuang, INCOME),
        account_id(nanchang, replace(INCOME, due_from=202601)),
        account_id(nanchang, replace(INCOME, scheme_code="310")),
        account_id(nanchang, CLEARING),
        account_id(nanchang, replace(CLEARING, channel_code="alipay")),
    }
    assert len(ids) == 6
