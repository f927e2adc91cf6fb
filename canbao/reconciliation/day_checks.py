"""The auditors of closed days and treasury bookings: what was closed is as it was, what is booked is in the books."""

from __future__ import annotations

from canbao.kernel.findings import FINDINGS_MAX, Finding
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import Statements, reading
from canbao.reconciliation.day_chain import GENESIS, link_hash
from canbao.reconciliation.days import ClosedDay, closed_days, sm3

statements = Statements(__package__)

PAGE = 500


def closed_days_are_whole(region: RegionCode) -> list[Finding]:
    """Every closed day, its totals, explanations and paper are as they were closed: each day's hash follows from the
    day closed before it, without a gap.
    """
    found: list[Finding] = []
    for channel_code in _channels(region):
        before, place, after = GENESIS, 0, 0
        while page := closed_days(region, channel_code, after_place=after, limit=PAGE):
            after = page[-1].row.place
            papers = _papers(region, page)
            for one in page:
                place += 1
                bound = link_hash(before, int(region), one.row, one.totals, one.explanations)
                wrong = _wrong(one, place, bound, papers)
                if wrong and len(found) < FINDINGS_MAX:
                    found.append(
                        Finding(
                            auditor="reconciliation.closed_days_are_whole",
                            region_code=region,
                            subject=f"{channel_code} {one.row.place}",
                            expected=f"{one.row.day_on.isoformat()} as it was closed",
                            found=wrong,
                        )
                    )
                before, place = bytes(one.row.link_hash), one.row.place
    return found


def _wrong(one: ClosedDay, place: int, bound: bytes, papers: dict[object, tuple[bytes, bytes]]) -> str:
    if one.row.place != place:
        return f"the chain has no place {place}"
    if bytes(one.row.link_hash) != bound:
        return "another hash"
    paper = papers.get(one.row.day_id)
    if paper is None:
        return "no paper"
    return "" if sm3(paper[0]) == paper[1] else "another paper"


def _channels(region: RegionCode) -> list[str]:
    with reading(region) as reader:
        return reader.scalars(statements["list_day_channels"])


def _papers(region: RegionCode, page: list[ClosedDay]) -> dict[object, tuple[bytes, bytes]]:
    with reading(region) as reader:
        rows = reader.tuples(statements["list_day_papers"], day_ids=[one.row.day_id for one in page])
    return {day_id: (bytes(pdf), bytes(pdf_sm3)) for day_id, pdf, pdf_sm3 in rows}


def bookings_are_booked(region: RegionCode) -> list[Finding]:
    """What the treasury has stands in its account with the booking's amount, nothing else does, and every booking is
    what its days brought.
    """
    with reading(region) as reader:
        rows = reader.tuples(statements["find_bookings_booked_otherwise"], limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="reconciliation.bookings_are_booked",
            region_code=region,
            subject=subject,
            expected=f"{state} {format_yuan(amount)}",
            found=f"booked {format_yuan(booked)}, days {format_yuan(days)}",
        )
        for subject, state, amount, booked, days in rows
    ]
