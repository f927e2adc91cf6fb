"""`canbao voucher`: what it says of a paper, and what it refuses."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from canbao.documents import public as documents
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, derived_id, group_no, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.transactions import region_tx
from canbao.site.cli.documents import app

runner = CliRunner()


def snapshot_of(region: RegionCode) -> documents.VoucherSnapshot:
    """What the voucher of one person's order says."""
    line = documents.VoucherLine(
        bill_id=derived_id("bill", 1),
        bill_no=make_no(region, Kind.BILL, derived_id("bill", 1)),
        name="张丽",
        id_no_masked=documents.mask_to_last_four("360102198001010041"),
        scheme_name="城乡居民基本医疗保险",
        collected_year=2024,
        insured_year=2025,
        cover_from=date(2025, 1, 1),
        cover_until=date(2026, 1, 1),
        due_from=202501,
        due_until=202512,
        standard_fen=Fen(40000),
        government_fen=Fen(67000),
        assistance_fen=Fen(0),
        assistance_by="",
        paid_fen=Fen(40000),
    )
    return documents.VoucherSnapshot(
        region_code=region,
        region_name="江西省南昌市",
        collecting_office="国家税务总局南昌市税务局",
        subject_kind=documents.SubjectKind.ORDER,
        payer="微信用户（未登录）",
        channel_name="微信支付",
        order_no=make_no(region, Kind.ORDER, derived_id("order", 1)),
        happened_at=datetime(2024, 11, 15, 1, 0, tzinfo=UTC),
        legal_basis="《中华人民共和国社会保险法》第二十五条",
        lines=(line,),
        demonstration_on=None,
    )


@pytest.fixture
def voucher(db: None, region: RegionCode, clock: FixedClock) -> documents.Voucher:
    with region_tx(region) as tx:
        return documents.issue(tx, snapshot_of(region), subject_id=derived_id("order", 1), now=clock.now())


@pytest.fixture
def paper(voucher: documents.Voucher, tmp_path: Path) -> Path:
    kept = tmp_path / "voucher.pdf"
    kept.write_bytes(voucher.pdf)
    return kept


def test_issued_paper_is_good(paper: Path, voucher: documents.Voucher) -> None:
    told = runner.invoke(app, ["verify", str(paper)])
    assert told.exit_code == 0
    for expected in (
        "unbroken, and ours",
        "known and valid",
        "as issued",
        group_no(voucher.voucher_no),
        "¥400.00 for 1",
        "Good",
    ):
        assert expected in told.stdout
    assert "张丽" not in told.stdout


def test_json_is_one_object_and_nothing_else(paper: Path, voucher: documents.Voucher) -> None:
    told = runner.invoke(app, ["verify", str(paper), "--json"])
    assert json.loads(told.stdout) == {
        "voucher_no": voucher.voucher_no,
        "signature": "intact",
        "signer": "参保 Canbao 开发签名（不作凭证使用）",
        "state": "genuine",
        "is_same_bytes": True,
        "is_good": True,
    }


def test_changed_paper_is_not_to_be_trusted(paper: Path) -> None:
    changed = bytearray(paper.read_bytes())
    changed[len(changed) // 2] ^= 1
    paper.write_bytes(changed)
    told = runner.invoke(app, ["verify", str(paper)])
    assert told.exit_code == 1
    assert "broken: the file was changed after it was signed" in told.stdout
    assert "Do not trust this paper" in told.stdout


def test_voided_paper_is_not_to_be_trusted(
    paper: Path, voucher: documents.Voucher, region: RegionCode, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [voucher.subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    told = runner.invoke(app, ["verify", str(paper)])
    assert told.exit_code == 1
    assert "known, but voided after a refund" in told.stdout


def test_file_that_is_missing_or_no_pdf_is_named(db: None, tmp_path: Path) -> None:
    missing = runner.invoke(app, ["verify", str(tmp_path / "absent.pdf")])
    assert (missing.exit_code, "absent.pdf could not be read: No such file" in missing.stderr) == (2, True)
    (tmp_path / "letter.txt").write_text("hello")
    other = runner.invoke(app, ["verify", str(tmp_path / "letter.txt")])
    assert (other.exit_code, "this is not a PDF" in other.stdout) == (1, True)


def test_kept_voucher_is_written_byte_for_byte(voucher: documents.Voucher, tmp_path: Path) -> None:
    out = tmp_path / "again.pdf"
    told = runner.invoke(app, ["show", group_no(voucher.voucher_no).lower(), "--out", str(out)])
    assert told.exit_code == 0
    assert out.read_bytes() == voucher.pdf
    assert out.stat().st_mode & 0o777 == 0o600


def test_voided_voucher_and_the_one_in_its_place_are_both_written(
    voucher: documents.Voucher, tmp_path: Path, region: RegionCode, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [voucher.subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
        second = documents.issue(tx, snapshot_of(region), subject_id=voucher.subject_id, now=clock.now())
    for number, state, pdf in (
        (voucher.voucher_no, "voided", voucher.pdf),
        (second.voucher_no, "issued", second.pdf),
    ):
        out = tmp_path / f"{number}.pdf"
        told = runner.invoke(app, ["show", number, "--out", str(out)])
        assert (told.exit_code, f"{group_no(number)} ({state})" in told.stdout) == (0, True)
        assert out.read_bytes() == pdf
        checked = runner.invoke(app, ["verify", str(out)])
        assert checked.exit_code == (1 if state == "voided" else 0)


def test_show_leaves_an_existing_file_alone(paper: Path, voucher: documents.Voucher) -> None:
    paper.write_bytes(b"mine")
    told = runner.invoke(app, ["show", voucher.voucher_no, "--out", str(paper)])
    assert (told.exit_code, "exists already and was left alone" in told.stderr) == (2, True)
    assert paper.read_bytes() == b"mine"


def test_show_of_an_unknown_number_writes_nothing(db: None, tmp_path: Path, region: RegionCode) -> None:
    out = tmp_path / "none.pdf"
    nobody = make_no(region, Kind.VOUCHER, derived_id("voucher", "nobody's"))
    told = runner.invoke(app, ["show", nobody, "--out", str(out)])
    assert told.exit_code == 2
    assert "No such voucher; check the number [documents.code_unknown]" in told.stderr
    assert not out.exists()


def test_command_line_starts_without_reading_fonts() -> None:
    import subprocess

    script = "import sys, canbao.site.cli.documents; print(int('typst' in sys.modules or 'pyhanko' in sys.modules))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "0\n"
