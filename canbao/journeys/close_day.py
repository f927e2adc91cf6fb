"""Close a day of a channel: post its fees, hold the fund statement against the clearing account, write the figures down
for good, and sign the paper.

What differs without a reason is put before people and the day stays open; everything else is one transaction.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from canbao.channels.interface import ChannelCode
from canbao.documents import public as documents
from canbao.documents.public import DaySheet, SheetExplanation, SheetTotal
from canbao.journeys.issue_voucher import CHANNELS
from canbao.kernel.clock import BEIJING, Clock, Instant
from canbao.kernel.environment import is_production
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sql import Tx
from canbao.kernel.transactions import region_tx
from canbao.ledger import public as ledger
from canbao.policy import public as policy
from canbao.reconciliation import public as reconciliation
from canbao.reconciliation.public import ClosedDay, DayAsItStands

SCHEMES = {policy.RESIDENT_MEDICAL: "城乡居民基本医疗保险"}


def close_day(
    region: RegionCode, channel_code: str, day_on: date, *, by: str, reason: str = "", clock: Clock
) -> ClosedDay:
    """Close a day, or answer it as it was closed when nothing has changed since.

    Errors: `reconciliation.day_not_over`, `day_not_compared`, `day_has_discrepancies`, `day_not_explained` (what
    differs stands as discrepancies then), `day_closed_otherwise` (give a reason for a correction), those of signing.
    Nothing of the day is written then.
    """
    if region != NATION:
        policy.region(region)
    if day_on >= clock.today():
        raise reconciliation.DAY_NOT_OVER(day=day_on.isoformat())
    others = [found.region_code for found in policy.regions() if found.region_code != region]
    _tell_what_differs(region, channel_code, day_on, others, clock=clock)
    now = clock.now()
    with region_tx(region) as tx:
        found = reconciliation.day_as_it_stands(tx, channel_code, day_on, regions=others)
        _post_fees(tx, region, found, now=now)
        closed = reconciliation.close_day(tx, found, by=by, reason=reason, now=now)
        if closed.is_new:
            pdf = documents.sign_day_sheet(sheet_of(closed, clock=clock))
            reconciliation.keep_day_paper(tx, closed, pdf, now=now)
        reconciliation.end_since_closed(tx, channel_code, day_on, now=now)
        return closed


def sheet_of(closed: ClosedDay, *, clock: Clock) -> DaySheet:
    """What the paper of a closed day says."""
    row = closed.row
    region_name = "全国" if closed.region_code == NATION else policy.region(closed.region_code).name_zh
    return DaySheet(
        region_name=region_name,
        office=f"{region_name}税务部门",
        channel_name=CHANNELS[ChannelCode(row.channel_code)],
        day_on=row.day_on,
        version_no=row.version_no,
        place=row.place,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        reason=row.reason,
        payment_count=row.payment_count,
        payment_fen=row.payment_fen,
        refund_count=row.refund_count,
        refund_fen=row.refund_fen,
        totals=tuple(
            SheetTotal(
                scheme_name=SCHEMES.get(one.scheme_code, one.scheme_code),
                due_from=one.due_from,
                due_until=one.due_until,
                collected_count=one.collected_count,
                collected_fen=one.collected_fen,
                refunded_count=one.refunded_count,
                refunded_fen=one.refunded_fen,
            )
            for one in closed.totals
        ),
        collected_fen=row.collected_fen,
        suspended_fen=row.suspended_fen,
        refund_paid_fen=row.refund_paid_fen,
        fee_fen=row.fee_fen,
        booked_fen=row.booked_fen,
        clearing_fen=row.clearing_in_fen - row.clearing_out_fen,
        funds_in_fen=row.funds_in_fen,
        funds_out_fen=row.funds_out_fen,
        balance_fen=row.balance_fen,
        explanations=tuple(
            SheetExplanation(
                kind=one.kind,
                ref=one.ref,
                item_count=one.item_count,
                ours_fen=one.ours_fen,
                theirs_fen=one.theirs_fen,
                case_no=one.case_no,
            )
            for one in closed.explanations
        ),
        trades_digest=bytes(row.trades_digest).hex(),
        funds_digest=bytes(row.funds_digest).hex(),
        link_hash=closed.link_hash,
        demonstration_on=None if is_production() else clock.today(),
    )


def _tell_what_differs(
    region: RegionCode, channel_code: str, day_on: date, others: list[RegionCode], *, clock: Clock
) -> None:
    """Put what has no reason before people, for good: the closing that finds it is refused."""
    with region_tx(region) as tx:
        found = reconciliation.day_as_it_stands(tx, channel_code, day_on, regions=others)
        matters = {item.matter_id for item in found.told()}
        gone = [
            one.matter_id
            for one in reconciliation.discrepancies(region, day_on=day_on)
            if one.kind is reconciliation.DiscrepancyKind.FUNDS_DIFFER
            and one.channel_code == channel_code
            and one.matter_id not in matters
        ]
        reconciliation.heal_discrepancies(tx, gone, cause="both sides agree", now=clock.now())
        reconciliation.raise_discrepancies(tx, found.told(), now=clock.now())


def _post_fees(tx: Tx, region: RegionCode, found: DayAsItStands, *, now: Instant) -> None:
    """What the channel kept of the day, and what it gave back, as one sum: at the day's last second."""
    fee_fen = reconciliation.fee_to_post_fen(tx, found)
    if not fee_fen:
        return
    at = datetime.combine(found.day_on + timedelta(days=1), time(), BEIJING) - timedelta(seconds=1)
    line_ref = f"{found.day_on.isoformat()}/fees/{bytes(found.funds.digest).hex()[:16]}/{now.isoformat()}"[:60]
    fact = ledger.FeeCharged if fee_fen > 0 else ledger.FeeReturned
    posted = fact(line_ref=line_ref, channel_code=found.channel_code, amount_fen=Fen(abs(fee_fen)), happened_at=at)
    ledger.post(tx, [posted], now=now)
