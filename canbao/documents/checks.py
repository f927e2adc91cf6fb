"""The room's auditors: every voucher has its paper, its history, its bytes and its lines."""

from __future__ import annotations

from canbao.documents import store
from canbao.kernel.errors import CanbaoError
from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.money import Fen, format_yuan
from canbao.kernel.regions import RegionCode
from canbao.kernel.sql import reading

PAPERS_MAX = 200
"""How many of a region's newest papers are opened in one audit: opening all would take hours and says nothing new."""


def vouchers_have_paper_and_history(region: RegionCode) -> list[Finding]:
    """Each voucher has exactly one paper, and its state is the one its history leads to."""
    with reading(region) as reader:
        rows = store.unsound(reader, limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="documents.vouchers_have_paper_and_history",
            region_code=region,
            subject=f"voucher {row.id}",
            expected=f"a paper, {row.state_by_history}",
            found=f"{'a paper' if row.has_paper else 'no paper'}, {row.state}",
        )
        for row in rows
    ]


def papers_are_unaltered(region: RegionCode) -> list[Finding]:
    """The newest papers open, and are the bytes that were issued."""
    with reading(region) as reader:
        rows = store.newest_papers(reader, limit=PAPERS_MAX)
    found = ((row, _fault_of(region, row)) for row in rows)
    return [
        Finding(
            auditor="documents.papers_are_unaltered",
            region_code=region,
            subject=f"voucher {row.id}",
            expected="the bytes that were issued",
            found=fault,
        )
        for row, fault in found
        if fault
    ][:FINDINGS_MAX]


def vouchers_sum_up_their_lines(region: RegionCode) -> list[Finding]:
    """Each voucher's total is the sum of its lines; one from before lines were kept has neither."""
    with reading(region) as reader:
        rows = store.lines_apart(reader, limit=FINDINGS_MAX)
    return [
        Finding(
            auditor="documents.vouchers_sum_up_their_lines",
            region_code=region,
            subject=f"voucher {row.id}",
            expected="lines without a total: none" if row.total_fen is None else format_yuan(Fen(row.total_fen)),
            found=f"{row.line_count} lines, {format_yuan(Fen(row.lines_fen))}",
        )
        for row in rows
    ]


def lines_are_those_of_the_paper(region: RegionCode) -> list[Finding]:
    """The bills that stand beside the newest vouchers are those that their sealed facts name, with the same amounts."""
    with reading(region) as reader:
        rows = store.newest_lined(reader, limit=PAPERS_MAX)
    return [
        Finding(
            auditor="documents.lines_are_those_of_the_paper",
            region_code=region,
            subject=f"voucher {row.id}",
            expected="the bills and amounts of its paper",
            found=fault,
        )
        for row in rows
        if (fault := _fault_of_lines(region, row))
    ][:FINDINGS_MAX]


def _fault_of_lines(region: RegionCode, row: store.LinedRow) -> str:
    try:
        said = [(line.bill_id, line.paid_fen) for line in store.open_snapshot(region, row).lines]
    except CanbaoError as broken:
        return broken.code
    return "" if said == list(zip(row.bill_ids, row.paid_fens, strict=True)) else "others"


def _fault_of(region: RegionCode, row: store.DigestRow) -> str:
    try:
        opened = store.open_pdf(region, row.id, row.sealed)
    except CanbaoError as broken:
        return broken.code
    return "" if store.sm3(opened) == bytes(row.pdf_sm3) else "other bytes"


AUDITORS: list[Auditor] = [
    vouchers_have_paper_and_history,
    vouchers_sum_up_their_lines,
    lines_are_those_of_the_paper,
    papers_are_unaltered,
]
