"""Issue the voucher (社会保险费缴费凭证) of a settled order, or of a bill that the subsidy met alone.

Made at the first download from what the rooms know, kept, and the same bytes ever after. A refund voids it; the next
download makes another one over what the refund left, as long as it left something. Everything outside production is a
demonstration and says so on the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from canbao.billing import public as billing
from canbao.billing.public import Bill, BillState
from canbao.channels.interface import ChannelCode
from canbao.coverage import public as coverage
from canbao.coverage.public import Cover
from canbao.documents import public as documents
from canbao.documents.public import SubjectKind, Voucher, VoucherLine, VoucherSnapshot, VoucherState
from canbao.kernel.clock import Clock, Instant, start_of_day
from canbao.kernel.environment import is_production
from canbao.kernel.errors import TRY_LATER, Retry, declare
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.payments import public as payments
from canbao.payments.public import Order, OrderState
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.registry.public import Person

LEGAL_BASIS = "《中华人民共和国社会保险法》第二十五条"
"""Residents' contributions and the government's subsidy (Social Insurance Law, article 25)."""

PAYERS = {ChannelCode.WECHAT: "微信用户（未登录）"}
CHANNELS = {ChannelCode.WECHAT: "微信支付"}
ASSISTANCE_BY = "参保资助（财政）"
"""Who pays the assisted part, as far as it is said on paper; why is never said."""

LOOKS_MAX = 3
"""How often the bills are looked at anew because a refund took something between gathering the facts and issuing."""

NOT_PAID = declare(
    "documents.not_paid",
    Retry.LATER,
    "还没有缴清，缴清以后才有凭证",
    "This is not paid yet; there is a voucher once it is",
)
COVER_NOT_WRITTEN = declare(
    "documents.cover_not_written",
    Retry.LATER,
    "款已入账，凭证正在准备，请过一分钟再下载",
    "The payment is recorded and the voucher is being prepared; download it in a minute",
)

REFUNDED = declare(
    "documents.refunded",
    Retry.NEVER,
    "这个订单的费用全部退费，不再出缴费凭证",
    "All the money of this order goes back, so there is no voucher of its payment any more",
)


def issue_voucher_of_order(region: RegionCode, order_id: UUID, *, clock: Clock) -> Voucher:
    """The voucher of a settled order: the one in force, or one made now over the bills that refunds have left paid.

    Where refunds have undone every bill, the newest voided voucher is handed out, for what it proves, if there was one.
    Errors: `documents.not_paid`, `documents.refunded` (all undone and none ever issued), `documents.cover_not_written`,
    those of documents; `kernel.try_later` when refunds keep coming between looking and issuing.
    """
    kept = documents.voucher_of(region, order_id)
    if kept is not None and kept.state is VoucherState.ISSUED:
        return kept
    found = payments.order(region, order_id)
    if found is None or found.state is not OrderState.SETTLED:
        raise NOT_PAID()
    for _ in range(LOOKS_MAX):
        with region_tx(region) as tx:
            standing = billing.hold_standing(tx, found.bill_ids, order_id=order_id)
        if not standing:
            return _voided(region, order_id)
        snapshot = _snapshot_of_order(found, standing, clock=clock)
        with region_tx(region) as tx:
            # Held, so that a refund approved in this moment finds the voucher and voids it, or is found here.
            if billing.hold_standing(tx, found.bill_ids, order_id=order_id) == standing:
                return documents.issue(tx, snapshot, subject_id=order_id, now=clock.now())
    raise TRY_LATER()


def issue_voucher_of_bill(region: RegionCode, bill_id: UUID, *, clock: Clock) -> Voucher:
    """The voucher of a bill that the subsidy met alone; it says who paid. Errors: as for an order's."""
    kept = documents.voucher_of(region, bill_id)
    if kept is not None:
        return kept
    bill = billing.bill(region, bill_id)
    if bill.state is not BillState.MET_BY_SUBSIDY:
        raise NOT_PAID()
    happened_at = start_of_day(bill.assessed_on)
    snapshot = _snapshot(region, [(bill, bill.personal_fen)], order=None, happened_at=happened_at, clock=clock)
    with region_tx(region) as tx:
        return documents.issue(tx, snapshot, subject_id=bill_id, now=clock.now())


def _voided(region: RegionCode, order_id: UUID) -> Voucher:
    """The voucher of an order of which nothing stands: evidence of what was paid, void."""
    kept = documents.voucher_of(region, order_id)
    if kept is None:
        raise REFUNDED()
    return kept


def _snapshot_of_order(order: Order, standing: Mapping[UUID, Fen], *, clock: Clock) -> VoucherSnapshot:
    """What the order's money still pays for, in the order's own order of bills."""
    region = order.region_code
    credited = [seen for seen in payments.captures_of(region, order.order_no) if seen.disposition == "credited"]
    bills = {bill.bill_id: bill for bill in billing.bills(region, list(standing))}
    return _snapshot(
        region,
        [(bills[bill_id], standing[bill_id]) for bill_id in order.bill_ids if bill_id in standing],
        order=order,
        happened_at=credited[0].happened_at,
        clock=clock,
    )


def _snapshot(
    region: RegionCode, paid: Sequence[tuple[Bill, Fen]], *, order: Order | None, happened_at: Instant, clock: Clock
) -> VoucherSnapshot:
    """A voucher over bills, each with what the payer paid of it and was not given back."""
    people = {found.person_id: found for found in registry.people(region, [bill.person_id for bill, _ in paid])}
    covers = {cover.bill_id: cover for cover in coverage.of_bills(region, [bill.bill_id for bill, _ in paid])}
    if len(covers) < len(paid):
        raise COVER_NOT_WRITTEN()
    named = policy.region(region)
    channel = ChannelCode(order.channel_code) if order is not None else None
    return VoucherSnapshot(
        region_code=region,
        region_name=named.name_zh,
        collecting_office=f"{named.name_zh}税务部门",
        subject_kind=SubjectKind.BILL if order is None else SubjectKind.ORDER,
        payer=PAYERS[channel] if channel is not None else ASSISTANCE_BY,
        channel_name=CHANNELS[channel] if channel is not None else "",
        order_no=order.order_no if order is not None else "",
        happened_at=happened_at,
        legal_basis=LEGAL_BASIS,
        lines=tuple(_line(bill, left_fen, people, covers) for bill, left_fen in paid),
        demonstration_on=None if is_production() else clock.today(),
    )


def _line(bill: Bill, left_fen: Fen, people: Mapping[UUID, Person], covers: Mapping[UUID, Cover]) -> VoucherLine:
    """A difference that went back is owed by the assisting fund from then on: the contribution is what it was."""
    assistance_fen = Fen(bill.assistance_fen + bill.personal_fen - left_fen)
    person, cover = people[bill.person_id], covers[bill.bill_id]
    parameters = policy.version(bill.policy_version_id).parameters
    return VoucherLine(
        bill_id=bill.bill_id,
        bill_no=bill.bill_no,
        name=person.name,
        id_no_masked=documents.mask_to_last_four(person.id_no),
        scheme_name="城乡居民基本医疗保险",
        collected_year=parameters.collected_from.year if parameters.collected_from else parameters.notice_year.value,
        insured_year=bill.insured_year,
        cover_from=cover.from_on,
        cover_until=cover.until_on,
        due_from=bill.due_from,
        due_until=bill.due_until,
        standard_fen=Fen(bill.personal_fen + bill.assistance_fen),
        government_fen=bill.government_fen,
        assistance_fen=assistance_fen,
        assistance_by=ASSISTANCE_BY if assistance_fen else "",
        paid_fen=left_fen,
    )
