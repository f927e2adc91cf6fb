"""The paper of a closed day (日结单): its totals per scheme and due period, the fund statement against the clearing
account, the explanations line by line, and the hash that binds it. It names nobody.

Drawn and signed like a voucher, with the same fonts and the same seal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from canbao.documents.glyphs import refuse_what_cannot_be_drawn
from canbao.documents.rendering import Page, compiled, day, moment, texts_in
from canbao.documents.signing import seal_in_force
from canbao.kernel.clock import Instant
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan

TITLE = "日结单"

EXPLANATIONS = {
    "other_day": "两边日期不同",
    "elsewhere": "其他统筹区的资金（合计）",
    "paid_out": "渠道已划出",
    "paid_in": "充值转入",
    "to_treasury": "已入国库",
    "resolved": "差错已处理",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTotal:
    """What the day brought for a scheme and due period (yyyymm), and what refunds took out of it; fen."""

    scheme_name: str
    due_from: int
    due_until: int
    collected_count: int
    collected_fen: int
    refunded_count: int
    refunded_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetExplanation:
    """One line of why the two sides differ."""

    kind: str
    ref: str
    item_count: int
    ours_fen: int
    theirs_fen: int
    case_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """What the paper says; amounts in fen. `link_hash` is hex."""

    region_name: str
    office: str
    channel_name: str
    day_on: date
    version_no: int
    place: int
    closed_by: str
    closed_at: Instant
    reason: str
    payment_count: int
    payment_fen: int
    refund_count: int
    refund_fen: int
    totals: tuple[SheetTotal, ...]
    collected_fen: int
    suspended_fen: int
    refund_paid_fen: int
    fee_fen: int
    booked_fen: int
    clearing_fen: int
    funds_in_fen: int
    funds_out_fen: int
    balance_fen: int | None
    explanations: tuple[SheetExplanation, ...]
    trades_digest: str
    funds_digest: str
    link_hash: str
    demonstration_on: date | None


def sign_day_sheet(sheet: DaySheet) -> bytes:
    """The paper, drawn and signed at the instant of the closing: the same sheet gives the same page.

    Errors: `documents.glyph_missing`, `documents.signer_incomplete`.
    """
    page = page_of_day(sheet)
    refuse_what_cannot_be_drawn(texts_in(page))
    drawn = compiled(_template(), json.dumps(page, ensure_ascii=False), at=sheet.closed_at)
    return seal_in_force().sign(drawn, at=sheet.closed_at)


def page_of_day(sheet: DaySheet) -> Page:
    """Every word of the page, in the order of reading; `day_sheet.typ` only sets them."""
    version = f"（第 {sheet.version_no} 版，更正）" if sheet.version_no > 1 else ""
    net = sum(one.collected_fen - one.refunded_fen for one in sheet.totals)
    shown = sheet.demonstration_on
    return {
        "name": f"{TITLE} {sheet.region_name} {sheet.channel_name} {sheet.day_on.isoformat()}",
        "title": TITLE,
        "title_en": "Closed day of a payment channel",
        "office": sheet.office,
        "strip": f"演示环境 · 业务日期 {day(shown)} · 不作凭证使用" if shown else "",
        "facts": [
            ("统筹区", sheet.region_name),
            ("渠道", sheet.channel_name),
            ("业务日期", f"{day(sheet.day_on)}{version}"),
            ("日结时间", f"{moment(sheet.closed_at)}（北京时间）"),
            ("经办人", sheet.closed_by),
            ("链上位置", f"第 {sheet.place} 位"),
            *([("更正原因", sheet.reason)] if sheet.reason else []),
        ],
        "totals": {
            "title": "按险种和费款所属期",
            "columns": ["险种", "费款所属期", "入账笔数", "入账金额", "退费笔数", "退费金额", "净额"],
            "rows": [_total(one) for one in sheet.totals],
            "sum_label": "合计",
            "sum": _yuan(net),
        },
        "clearing": {"title": "待清算款（我方账）", "rows": _clearing(sheet)},
        "funds": {"title": "资金账单（渠道账）", "rows": _funds(sheet)},
        "apart": {
            "title": "两边的差额，逐笔说明",
            "none": "没有差额：资金账单和待清算款一致。",
            "columns": ["原因", "单号", "笔数", "我方", "渠道", "差额"],
            "rows": [_explained(one) for one in sheet.explanations],
            "sum_label": "差额合计（已逐笔说明）",
            "sum": _yuan(sum(one.theirs_fen - one.ours_fen for one in sheet.explanations)),
        },
        "proof": [
            ("交易账单摘要（SHA-256）", sheet.trades_digest or "当日无交易"),
            ("资金账单摘要（SHA-256）", sheet.funds_digest or "当日无资金往来"),
            ("本日结链值（SM3）", sheet.link_hash),
        ],
        "note": "金额单位为元。日结后不再改动；以后的更正另成一版，接在链的末尾。本文件有电子签名，改动后签名失效。",
        "page_word": ["第 ", " 页，共 ", " 页"],
    }


def _total(one: SheetTotal) -> list[str]:
    return [
        one.scheme_name,
        f"{one.due_from} 至 {one.due_until}",
        str(one.collected_count),
        _yuan(one.collected_fen),
        str(one.refunded_count),
        _yuan(one.refunded_fen),
        _yuan(one.collected_fen - one.refunded_fen),
    ]


def _clearing(sheet: DaySheet) -> list[tuple[str, str]]:
    return [
        ("入账的缴费", _yuan(sheet.collected_fen)),
        ("暂收（待退或待查）", _yuan(sheet.suspended_fen)),
        ("已退给缴费人", _yuan(-sheet.refund_paid_fen)),
        ("渠道手续费", _yuan(-sheet.fee_fen)),
        ("已入国库", _yuan(-sheet.booked_fen)),
        ("当日变动", _yuan(sheet.clearing_fen)),
    ]


def _funds(sheet: DaySheet) -> list[tuple[str, str]]:
    balance = _yuan(sheet.balance_fen) if sheet.balance_fen is not None else "当日无资金往来"
    return [
        (f"交易账单：缴费 {sheet.payment_count} 笔", _yuan(sheet.payment_fen)),
        (f"交易账单：退款 {sheet.refund_count} 笔", _yuan(-sheet.refund_fen)),
        ("资金收入", _yuan(sheet.funds_in_fen)),
        ("资金支出", _yuan(-sheet.funds_out_fen)),
        ("账户结余", balance),
        ("当日变动", _yuan(sheet.funds_in_fen - sheet.funds_out_fen)),
    ]


def _explained(one: SheetExplanation) -> list[str]:
    ref = f"差错 {group_no(one.case_no)}" if one.case_no else one.ref
    return [
        EXPLANATIONS[one.kind],
        "手续费" if ref == "fees" else group_no(ref) if one.kind == "to_treasury" else ref,
        str(one.item_count),
        _yuan(one.ours_fen),
        _yuan(one.theirs_fen),
        _yuan(one.theirs_fen - one.ours_fen),
    ]


def _yuan(fen: int) -> str:
    return format_yuan(fen)


@cache
def _template() -> bytes:
    return resources.files("canbao.documents").joinpath("day_sheet.typ").read_bytes()
