"""From a snapshot to the bytes of a PDF/A: the words of the page, the QR code, and one run of typst.

Rendering is a function of its arguments alone: the same snapshot, number and instant give the same bytes. Fonts
come from wheels, never from the system. One typst compiler serves the process, behind a lock: a page takes a few
milliseconds, and the compiler keeps its fonts and caches between pages. What only drawing needs is imported at the
first page: most processes never draw one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from canbao.documents.glyphs import font_folders, refuse_what_cannot_be_drawn
from canbao.documents.snapshot import SubjectKind, VoucherLine, VoucherSnapshot
from canbao.documents.uppercase import uppercase
from canbao.kernel.clock import BEIJING, Instant
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan

if TYPE_CHECKING:
    import typst

STANDARD: Literal["a-2b"] = "a-2b"

TITLE = "社会保险费缴费凭证"
TITLE_MET = "社会保险费缴费凭证（资助参保）"

Page = dict[str, object]

_compiling = threading.Lock()


def render(snapshot: VoucherSnapshot, *, voucher_no: str, issued_at: Instant, address: str) -> bytes:
    """The voucher as an unsigned PDF/A-2b.

    `address` is the whole verification address, printed and in the QR code. Errors: `documents.glyph_missing` when
    a character of the page has no glyph; nothing is ever drawn as a box.
    """
    page = page_of(snapshot, voucher_no=voucher_no, issued_at=issued_at, address=address)
    refuse_what_cannot_be_drawn(texts_in(page))
    page["qr"] = _code(address)
    return compiled(_template(), json.dumps(page, ensure_ascii=False), at=issued_at)


def compiled(template: bytes, page: str, *, at: Instant) -> bytes:
    """A page of a template as an unsigned PDF/A-2b, dated by `at`. `page` is JSON: words, never markup."""
    with _compiling:
        made = _compiler().compile(
            template,
            format="pdf",
            sys_inputs={"page": page},
            pdf_standards=[STANDARD],
            timestamp=int(at.timestamp()),
        )
    if not isinstance(made, bytes):
        message = "typst gives one file for one PDF"
        raise TypeError(message)
    return made


def page_of(snapshot: VoucherSnapshot, *, voucher_no: str, issued_at: Instant, address: str) -> Page:
    """Every word of the page, in the order of reading; `voucher.typ` only sets them."""
    is_met = snapshot.subject_kind is SubjectKind.BILL
    return {
        "name": f"{TITLE} {group_no(voucher_no)}",
        "title": TITLE_MET if is_met else TITLE,
        "title_en": "Social insurance contribution payment voucher",
        "office": snapshot.collecting_office,
        "strip": _strip(snapshot.demonstration_on),
        "voucher_no": group_no(voucher_no),
        "issued_at": f"{moment(issued_at)}（北京时间）",
        "words": {
            "voucher_no": "凭证号",
            "issued_at": "开具时间",
            "total_words": "合计（大写）",
            "met": "这一年的费由谁出",
            "scan": "扫码验真",
            "qr_alt": f"验真二维码：{address}",
        },
        "replaces": _replaces(snapshot.replaces_no),
        "facts": _facts(snapshot),
        "columns": ["序", "参保人 / 证件号码", "险种 / 费款所属期", "征收年份 / 可以报销的时间", "个人缴费"],
        "rows": [_row(position, line) for position, line in enumerate(snapshot.lines, start=1)],
        "total_label": f"合计 {len(snapshot.lines)} 人",
        "total": f"￥{format_yuan(snapshot.total_fen)}",
        "total_words": uppercase(snapshot.total_fen),
        "met": _met_by(snapshot.lines[0]) if is_met else [],
        "notes": _notes(snapshot),
        "address": address,
        "page_word": ["第 ", " 页，共 ", " 页"],
    }


def number_in(title: str) -> str:
    """The voucher number in a document's title, as printed; empty for any other title."""
    return title.removeprefix(TITLE).strip() if title.startswith(TITLE) else ""


def day(on: date) -> str:
    """A date as a document says it: 2026年1月1日."""
    return f"{on.year}年{on.month}月{on.day}日"


def moment(at: Instant) -> str:
    """An instant in Beijing time, to the second."""
    local = at.astimezone(BEIJING)
    return f"{day(local.date())} {local:%H:%M:%S}"


def cover_range(cover_from: date, cover_until: date) -> str:
    """Both days written out whole; the last day is the one before the half-open end."""
    return f"{day(cover_from)}至{day(cover_until - timedelta(days=1))}"


def _strip(shown_on: date | None) -> str:
    return f"演示环境 · 业务日期 {day(shown_on)} · 不作凭证使用" if shown_on else ""


def _replaces(voucher_no: str) -> str:
    """Whose place it takes, for whoever has the older paper in a file; empty for the first voucher."""
    return f"有退费，原凭证 {group_no(voucher_no)} 已作废，由本凭证代替。本凭证只列没有退的部分。" if voucher_no else ""


def _facts(snapshot: VoucherSnapshot) -> list[tuple[str, str]]:
    when = f"{moment(snapshot.happened_at)}（北京时间）"
    if snapshot.subject_kind is SubjectKind.BILL:
        return [
            ("出资人", snapshot.payer),
            ("缴费编号", group_no(snapshot.lines[0].bill_no)),
            ("核定时间", when),
            ("参保地", snapshot.region_name),
            ("征收机关", snapshot.collecting_office),
        ]
    return [
        ("缴费人", snapshot.payer),
        ("订单号", group_no(snapshot.order_no)),
        ("缴费时间", when),
        ("缴费方式", snapshot.channel_name),
        ("征收机关", snapshot.collecting_office),
        ("参保地", snapshot.region_name),
    ]


def _row(position: int, line: VoucherLine) -> dict[str, str]:
    return {
        "position": str(position),
        "name": line.name,
        "id_no": line.id_no_masked,
        "scheme": line.scheme_name,
        "due": f"所属期 {line.due_from} 至 {line.due_until}",
        "collected": f"{line.collected_year}年征收，{line.insured_year}年度",
        "cover": cover_range(line.cover_from, line.cover_until),
        "amount": f"￥{format_yuan(line.paid_fen)}",
    }


def _met_by(line: VoucherLine) -> list[tuple[str, str]]:
    return [
        ("个人缴费标准", f"￥{format_yuan(line.standard_fen)}"),
        (f"其中：{line.assistance_by}", f"￥{format_yuan(line.assistance_fen)}"),
        ("其中：本人缴费", f"￥{format_yuan(line.paid_fen)}"),
        ("另有：政府补助", f"￥{format_yuan(line.government_fen)}"),
    ]


def _notes(snapshot: VoucherSnapshot) -> list[tuple[str, str]]:
    used_for = "证明上列费用已由政府资助缴清" if snapshot.subject_kind is SubjectKind.BILL else "证明上列费用已缴清入账"
    return [
        ("用途", f"{used_for}。本凭证不是税收完税证明，也不是发票；要税务机关的缴费证明，请到办税服务厅或打 12366。"),
        ("依据", snapshot.legal_basis),
        (
            "验真",
            "扫右边的码，或在验真网页输入凭证号，逐项核对。本文件有电子签名，改动后签名失效；以网页上的结果为准。",
        ),
        ("咨询", "参保和报销打 12393，缴费打 12366。"),
    ]


def texts_in(value: object) -> Iterator[str]:
    """Every text of the page, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts_in(list(value.values()))
    elif isinstance(value, Iterable):
        for part in value:
            yield from texts_in(part)


def _code(address: str) -> str:
    """The QR code as one SVG path of dark runs, so that it is sharp at any size and drawn in one stroke.

    Level M; four light modules around it, as the standard asks.
    """
    import segno

    rows = list(segno.make(address, error="m", micro=False, boost_error=False).matrix_iter(border=4))
    path = "".join(
        f"M{start} {down}h{length}v1h-{length}z" for down, row in enumerate(rows) for start, length in _dark_runs(row)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}"><path d="{path}"/></svg>'


def _dark_runs(row: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where dark runs of a row begin, and how long they are."""
    place = 0
    for is_dark, modules in groupby(row, key=bool):
        length = len(list(modules))
        if is_dark:
            yield place, length
        place += length


@cache
def _template() -> bytes:
    return resources.files("canbao.documents").joinpath("voucher.typ").read_bytes()


@cache
def _compiler() -> typst.Compiler:
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(font_folders()))
    return typst.Compiler(font_paths=fonts)
