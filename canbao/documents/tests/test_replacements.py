"""What takes a voided voucher's place: one is in force, it names the one before it, and form 1 is still read."""

from __future__ import annotations

import dataclasses
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import psycopg
import pypdf
import pytest

from canbao.documents import checks
from canbao.documents import public as documents
from canbao.documents.store import sm3
from canbao.documents.tests.conftest import SnapshotMaker, counts
from canbao.kernel.clock import FixedClock
from canbao.kernel.ids import Kind, derived_id, make_no
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import key_id_of, row_context, seal, seal_bytes
from canbao.kernel.transactions import region_tx
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("db")

LONG_AGO = datetime(2024, 11, 1, tzinfo=UTC)


def test_replacement_names_the_voided_one_and_is_the_one_in_force(
    voucher: documents.Voucher, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    clock.advance(timedelta(hours=1))
    left = dataclasses.replace(family(count=3), replaces_no="360100VQB4J9PR7TB1")
    with region_tx(region) as tx:
        second = documents.issue(tx, left, subject_id=subject_id, now=clock.now())
    assert second.voucher_no != voucher.voucher_no
    assert documents.voucher_of(region, subject_id) == second
    assert documents.voucher_by_no(voucher.voucher_no).pdf == voucher.pdf
    assert documents.voucher_by_no(second.voucher_no) == second
    words = "".join(pypdf.PdfReader(BytesIO(second.pdf)).pages[0].extract_text().split())
    assert f"有退费，原凭证{voucher.voucher_no}已作废，由本凭证代替。本凭证只列没有退的部分。" in words, (
        "the room knows which one was voided, whatever the snapshot says"
    )
    assert "360100VQB4J9PR7TB1" not in words
    new, old = documents.verify(second.voucher_no), documents.verify(voucher.voucher_no)
    assert (new.state, new.total_fen, len(new.lines)) == (documents.VerdictState.GENUINE, 88_000, 3)
    assert (old.state, old.total_fen, len(old.lines)) == (documents.VerdictState.VOIDED, 128_000, 4)
    # A stranger with the new paper learns too little to ask about the old one, and from the old one nothing of the new.
    assert (new.replaces_tail, old.replaces_tail) == (voucher.voucher_no[-4:], "")
    assert voucher.voucher_no not in repr(new)
    assert second.voucher_no not in repr(old)
    assert documents.check_paper(second.pdf).is_good
    assert not documents.check_paper(voucher.pdf).is_good
    assert counts() == (2, 2, 1)
    assert [auditor(region) for auditor in checks.AUDITORS] == [[], [], [], []]


def test_third_voucher_names_the_second_and_all_are_told_in_order(
    voucher: documents.Voucher, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    numbers = [voucher.voucher_no]
    for left in (3, 2):
        clock.advance(timedelta(hours=1))
        with region_tx(region) as tx:
            statuses = documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
        assert statuses == [documents.VoidStatus.VOIDED]
        clock.advance(timedelta(hours=1))
        with region_tx(region) as tx:
            made = documents.issue(tx, family(count=left), subject_id=subject_id, now=clock.now())
        assert documents.verify(made.voucher_no).replaces_tail == numbers[-1][-4:]
        numbers.append(made.voucher_no)
    first_at = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
    hours = [first_at + timedelta(hours=hour) for hour in range(5)]
    assert [
        (one.voucher_no, one.state, one.issued_at, one.voided_at) for one in documents.vouchers_of(region, subject_id)
    ] == [
        (numbers[0], "voided", hours[0], hours[1]),
        (numbers[1], "voided", hours[2], hours[3]),
        (numbers[2], "issued", hours[4], None),
    ]
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
        assert documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now()) == [
            documents.VoidStatus.EXISTS
        ]
    newest = documents.voucher_of(region, subject_id)
    assert newest is not None
    assert (newest.voucher_no, newest.state) == (numbers[2], documents.VoucherState.VOIDED)
    assert {one.void_reason for one in documents.vouchers_of(region, subject_id)} == {documents.VoidReason.REFUNDED}
    assert documents.vouchers_of(region, derived_id("order", 99)) == []


def test_two_replacements_at_once_are_one(
    voucher: documents.Voucher, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    together = threading.Barrier(4)

    def download(_: int) -> documents.Voucher:
        together.wait()
        with region_tx(region) as tx:
            return documents.issue(tx, family(count=3), subject_id=subject_id, now=clock.now())

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(download, range(4)))
    assert all(one == got[0] for one in got)
    assert counts() == (2, 2, 1)


def test_database_refuses_a_second_voucher_in_force(voucher: documents.Voucher) -> None:
    again = (
        "INSERT INTO documents_voucher SELECT (jsonb_populate_record(told, jsonb_build_object("
        "'id', gen_random_uuid(), 'voucher_no', '360100V00000000000'))).* FROM documents_voucher AS told"
    )
    with as_owner() as session, pytest.raises(psycopg.errors.UniqueViolation) as refused:
        session.execute(again)
    assert refused.value.diag.constraint_name == "documents_voucher_one_in_force"
    assert counts() == (1, 1, 0)


def _keep_as_before_lines(region: RegionCode, subject_id: UUID) -> str:
    """Put a voucher into the tables as it was kept when its facts had form 1 and no lines stood beside it."""
    voucher_id = derived_id("voucher", "of form 1")
    document = json.loads((Path(__file__).parent / "voucher_of_form_1.json").read_text("utf-8"))
    sealed = seal(document, context=row_context("documents_voucher", region, voucher_id))
    paper = seal_bytes(b"%PDF-1.7", context=row_context("documents_voucher_pdf", region, voucher_id))
    voucher_no = make_no(region, Kind.VOUCHER, voucher_id)
    with as_owner() as session, session.transaction():
        session.execute(
            "INSERT INTO documents_voucher (region_code, id, voucher_no, subject_kind, subject_id, state, sealed, "
            "sealed_key, pdf_sm3, issued_at, void_reason, recorded_at) "
            "VALUES (%s, %s, %s, 'order', %s, 'issued', %s, %s, %s, %s, '', %s)",
            (
                region,
                voucher_id,
                voucher_no,
                subject_id,
                sealed,
                key_id_of(sealed),
                sm3(b"%PDF-1.7"),
                LONG_AGO,
                LONG_AGO,
            ),
        )
        session.execute(
            "INSERT INTO documents_voucher_pdf (region_code, id, sealed, sealed_key, recorded_at) "
            "VALUES (%s, %s, %s, %s, %s)",
            (region, voucher_id, paper, key_id_of(paper), LONG_AGO),
        )
    return voucher_no


def test_voucher_of_form_1_is_still_read_and_replaced(
    db: None, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    voucher_no = _keep_as_before_lines(region, subject_id)
    verdict = documents.verify(voucher_no)
    assert (verdict.state, verdict.total_fen, verdict.replaces_tail) == ("genuine", 48_000, "")
    assert [(line.name_masked, line.id_tail, line.paid_fen) for line in verdict.lines] == [
        ("*丽", "41", 40_000),
        ("**英", "28", 8_000),
    ]
    kept = documents.voucher_of(region, subject_id)
    assert kept is not None
    assert (kept.voucher_no, kept.state, kept.pdf) == (voucher_no, documents.VoucherState.ISSUED, b"%PDF-1.7")
    assert [auditor(region) for auditor in checks.AUDITORS] == [[], [], [], []]
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
        new = documents.issue(tx, family(count=1), subject_id=subject_id, now=clock.now())
    assert documents.verify(new.voucher_no).replaces_tail == voucher_no[-4:]
    assert [auditor(region) for auditor in checks.AUDITORS] == [[], [], [], []]
