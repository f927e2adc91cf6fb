"""The page: its words copied out exactly, its marker, its QR code, its refusals."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import Any

import pypdf
import pytest
import zxingcpp
from PIL import Image

from canbao.documents.rendering import render
from canbao.documents.snapshot import VoucherSnapshot
from canbao.documents.tests.conftest import SnapshotMaker
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen

ISSUED_AT = datetime(2024, 11, 15, 6, 50, 12, tzinfo=UTC)
NO = "360100VQB4J9PR7TB1"
ADDRESS = f"https://canbao.example/verify/{NO}"


def _render(snapshot: VoucherSnapshot) -> bytes:
    return render(snapshot, voucher_no=NO, issued_at=ISSUED_AT, address=ADDRESS)


def _words(document: bytes) -> str:
    """The text of all pages as it is copied out, without the blanks and breaks of the layout."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(document)).pages)


def test_page_says_everything_a_voucher_must_say(family: SnapshotMaker) -> None:
    words = _words(_render(family()))
    for expected in (
        "社会保险费缴费凭证",
        "凭证号360100VQB4J9PR7TB1",
        "开具时间2024年11月15日14:50:12（北京时间）",
        "缴费人微信用户（未登录）",
        "缴费时间2024年11月15日14:48:07（北京时间）",
        "缴费方式微信支付",
        "征收机关国家税务总局南昌市税务局",
        "参保地江西省南昌市",
        "张丽**************0041",
        "城乡居民基本医疗保险",
        "所属期202501至202512",
        "2024年征收，2025年度",
        "2025年1月1日至2025年12月31日",
        "2024年11月1日至2025年12月31日",
        "￥400.00",
        "￥80.00",
        "合计4人￥1,280.00",
        "人民币壹仟贰佰捌拾元整",
        "《中华人民共和国社会保险法》第二十五条",
        "不是税收完税证明，也不是发票",
        "扫码验真",
        ADDRESS,
        "第1页，共1页",
    ):
        assert expected in words, expected
    assert "演示环境" not in words


def test_replacement_says_whose_place_it_takes(family: SnapshotMaker) -> None:
    line = "有退费，原凭证360100VTJ6Z1HWYLKZ已作废，由本凭证代替。本凭证只列没有退的部分。"
    assert line in _words(_render(replace(family(), replaces_no="360100VTJ6Z1HWYLKZ")))
    assert "作废" not in _words(_render(family()))


def test_order_of_which_only_assistance_is_left_is_drawn(family: SnapshotMaker) -> None:
    lessened = replace(family().lines[0], assistance_fen=Fen(40_000), assistance_by="参保资助（政府）", paid_fen=Fen(0))
    words = _words(_render(replace(family(), lines=(lessened,), replaces_no="360100VTJ6Z1HWYLKZ")))
    assert "合计1人￥0.00" in words
    assert "人民币零元整" in words


def test_rare_names_are_copied_out_exactly(family: SnapshotMaker) -> None:
    names = ("王\U00020bb7明", "\U0002c386\u4dae", "阿依古丽·买买提江", "\U0002cb5a\U0002b5af")
    words = _words(_render(family(names=names)))
    for name in names:
        assert name in words


def test_long_latin_name_stays_in_its_cell_and_is_copied_out_whole(family: SnapshotMaker) -> None:
    name = "ABDURAHMANOVICH-KONSTANTINOPOLSKY JOHN"
    words = _words(_render(family(names=(name, "张丽"))))
    assert "ABDURAHMANOVICH-KONSTANTINOPOLSKYJOHN**************0041" in words


def test_numbers_in_full_are_nowhere_in_the_file(family: SnapshotMaker) -> None:
    document = _render(family())
    assert "360102198001010041" not in _words(document)
    assert b"360102198001010041" not in document


def test_voucher_of_the_subsidy_alone_says_who_paid(met_by_subsidy: VoucherSnapshot) -> None:
    words = _words(_render(met_by_subsidy))
    for expected in (
        "社会保险费缴费凭证（资助参保）",
        "出资人参保资助（政府）",
        "人民币零元整",
        "合计1人￥0.00",
        "个人缴费标准￥400.00",
        "其中：参保资助（政府）￥400.00",
        "其中：本人缴费￥0.00",
        "另有：政府补助￥670.00",
    ):
        assert expected in words, expected
    assert "订单号" not in words
    assert "微信" not in words


def test_demonstration_is_written_on_top(family: SnapshotMaker) -> None:
    words = _words(_render(family(demonstration_on=date(2024, 11, 15))))
    assert words.startswith("演示环境·业务日期2024年11月15日·不作凭证使用")


def test_twenty_insured_go_over_two_pages_with_their_heads(family: SnapshotMaker) -> None:
    document = _render(family(count=20))
    pages = pypdf.PdfReader(BytesIO(document)).pages
    assert len(pages) == 2
    for page in pages:
        assert "参保人/证件号码" in "".join(page.extract_text().split())
    assert "第2页，共2页" in _words(document)


def test_file_declares_itself_pdf_a_2b_in_version_1_7(family: SnapshotMaker) -> None:
    document = _render(family())
    assert document.startswith(b"%PDF-1.7")
    xmp = pypdf.PdfReader(BytesIO(document)).xmp_metadata
    assert xmp is not None
    assert (xmp.pdfaid_part, xmp.pdfaid_conformance) == ("2", "B")


def test_every_font_is_embedded_and_readable(family: SnapshotMaker) -> None:
    fonts = [font for page in pypdf.PdfReader(BytesIO(_render(family()))).pages for font in _fonts_of(page)]
    assert len(fonts) >= 3
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert "/ToUnicode" in font


def _fonts_of(page: pypdf.PageObject) -> list[Any]:
    resources: Any = page["/Resources"]
    return [font.get_object() for font in resources["/Font"].values()]


def test_same_facts_give_the_same_bytes(family: SnapshotMaker) -> None:
    assert _render(family()) == _render(family())


@pytest.mark.skipif(which("pdftoppm") is None, reason="needs pdftoppm of poppler-utils to see the page")
def test_code_on_paper_leads_to_the_verification(family: SnapshotMaker, tmp_path: Path) -> None:
    (tmp_path / "voucher.pdf").write_bytes(_render(family()))
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-singlefile", "voucher.pdf", "voucher"], cwd=tmp_path, check=True, timeout=60
    )
    with Image.open(tmp_path / "voucher.png") as page:
        found = zxingcpp.read_barcodes(page)
    assert [code.text for code in found] == [ADDRESS]


@pytest.mark.parametrize(
    "name, code_point",
    [
        ("王\U0003347b", "U+3347B"),
        ("王\ue863", "U+E863"),
        ("王\u202e丽", "U+202E"),
        ("王\u200b丽", "U+200B"),
        ("王\n丽", "U+000A"),
        ("王\ufffd", "U+FFFD"),
        ("王\U0001f600", "U+1F600"),
    ],
)
def test_character_without_a_glyph_is_refused_by_its_code_point(
    family: SnapshotMaker, name: str, code_point: str
) -> None:
    with pytest.raises(CanbaoError) as refused:
        _render(family(names=(name,)))
    assert refused.value.code == "documents.glyph_missing"
    assert refused.value.params == {"code_point": code_point}
    assert name not in str(refused.value)


def test_words_of_a_name_are_never_markup(family: SnapshotMaker) -> None:
    hostile = '#panic("x")*_$<a>'
    assert "".join(hostile.split()) in _words(_render(family(names=(hostile,))))
