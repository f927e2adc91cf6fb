"""Issuing, keeping, voiding and verifying, at the front door and against the real database."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest

from canbao.documents import checks
from canbao.documents import public as documents
from canbao.documents.rendering import render
from canbao.documents.snapshot import from_document, to_document
from canbao.documents.states import VOUCHER
from canbao.documents.tests.conftest import CAST, SnapshotMaker, counts
from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import connection
from canbao.kernel.errors import CanbaoError
from canbao.kernel.findings import Auditor
from canbao.kernel.ids import Kind, derived_id, group_no, make_no
from canbao.kernel.money import Fen
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import ring
from canbao.kernel.transactions import region_tx
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("db")


def test_first_download_issues_and_keeps(voucher: documents.Voucher, region: RegionCode, subject_id: UUID) -> None:
    assert counts() == (1, 1, 0)
    assert (voucher.region_code, voucher.subject_id) == (region, subject_id)
    assert (voucher.subject_kind, voucher.state) == (documents.SubjectKind.ORDER, documents.VoucherState.ISSUED)
    assert voucher.issued_at == datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
    assert voucher.voucher_no.startswith("360100V")
    assert voucher.file_name == f"canbao-voucher-{voucher.voucher_no}.pdf"


def test_later_downloads_give_the_same_bytes(
    voucher: documents.Voucher, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        again = documents.issue(tx, family(count=1), subject_id=subject_id, now=clock.now())
    assert again == voucher
    assert documents.voucher_of(region, subject_id) == voucher
    assert documents.voucher_by_no(voucher.voucher_no.lower()) == voucher
    assert counts() == (1, 1, 0)


def test_two_first_downloads_at_once_get_the_same_bytes(
    family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    together = threading.Barrier(6)

    def download(_: int) -> documents.Voucher:
        together.wait()
        with region_tx(region) as tx:
            return documents.issue(tx, family(), subject_id=subject_id, now=clock.now())

    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(download, range(6)))
    assert all(one == got[0] for one in got)
    assert counts() == (1, 1, 0)


def test_loser_of_a_race_takes_what_the_winner_kept(
    family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = render
    won: list[documents.Voucher] = []

    def drawn_while_another_wins(*args: object, **kwargs: object) -> bytes:
        monkeypatch.setattr("canbao.documents.public.render", drawing)

        def win() -> None:
            with region_tx(region) as tx:
                won.append(documents.issue(tx, family(), subject_id=subject_id, now=clock.now()))

        other = threading.Thread(target=win)
        other.start()
        other.join()
        return drawing(*args, **kwargs)  # type: ignore[arg-type]  # handed through unchanged

    monkeypatch.setattr("canbao.documents.public.render", drawn_while_another_wins)
    with region_tx(region) as tx:
        mine = documents.issue(tx, family(), subject_id=subject_id, now=clock.now())
    assert [mine] == won
    assert counts() == (1, 1, 0)


def test_names_and_numbers_are_sealed_at_rest(voucher: documents.Voucher) -> None:
    with as_owner() as session:
        facts = session.execute("SELECT sealed, pdf_sm3 FROM documents_voucher").fetchall()
        paper = session.execute("SELECT sealed FROM documents_voucher_pdf").fetchall()
    for stored in (facts[0][0], paper[0][0]):
        assert b"%PDF" not in stored
        assert not any(name.encode() in stored or number[-4:].encode() in stored for name, number in CAST)
    assert len(facts[0][1]) == 32


def test_missing_glyph_is_refused_and_nothing_is_kept(
    family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with pytest.raises(CanbaoError) as refused, region_tx(region) as tx:
        documents.issue(tx, family(names=("张丽", "王\U0003347b")), subject_id=subject_id, now=clock.now())
    assert (refused.value.code, refused.value.params) == ("documents.glyph_missing", {"code_point": "U+3347B"})
    assert counts() == (0, 0, 0)
    assert documents.voucher_of(region, subject_id) is None


Change = Callable[[documents.VoucherSnapshot], documents.VoucherSnapshot]


def _with(**changes: object) -> Change:
    return lambda snapshot: dataclasses.replace(snapshot, **changes)  # type: ignore[arg-type]  # wrong on purpose


def _with_line(**changes: object) -> Change:
    def change(snapshot: documents.VoucherSnapshot) -> documents.VoucherSnapshot:
        line = dataclasses.replace(snapshot.lines[0], **changes)  # type: ignore[arg-type]  # wrong on purpose
        return dataclasses.replace(snapshot, lines=(line, *snapshot.lines[1:]))

    return change


@pytest.mark.parametrize(
    "change",
    [
        _with(lines=()),
        _with(order_no=""),
        _with(order_no=make_no(RegionCode(130100), Kind.ORDER, derived_id("order", 1))),
        _with(channel_name=""),
        _with(payer=""),
        _with(legal_basis=""),
        _with(region_code=RegionCode(130100)),
        _with(subject_kind=documents.SubjectKind.BILL),
        _with(happened_at=datetime(2024, 11, 15)),  # noqa: DTZ001  (an instant without a zone is what is refused)
        _with_line(paid_fen=Fen(39999)),
        _with_line(paid_fen=Fen(-1), standard_fen=Fen(-1)),
        _with_line(assistance_fen=Fen(10000), paid_fen=Fen(30000)),
        _with_line(cover_until=date(2025, 1, 1)),
        _with_line(due_from=202513),
        _with_line(due_from=202512, due_until=202501),
        _with_line(id_no_masked="360102198001010041"),
        _with_line(id_no_masked="*60102198001010041"),
        _with_line(name=" "),
        _with_line(scheme_name=""),
        _with_line(bill_no="360100B0000000000"),
        _with_line(bill_id=None),
        _with_line(bill_id=derived_id("bill", 1)),
        _with_line(standard_fen=Fen(0), paid_fen=Fen(0)),
    ],
)
def test_facts_that_contradict_each_other_are_refused_and_nothing_is_kept(
    change: Change, family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with pytest.raises(CanbaoError) as refused, region_tx(region) as tx:
        documents.issue(tx, change(family()), subject_id=subject_id, now=clock.now())
    assert refused.value.code in {"documents.snapshot_wrong", "kernel.number_malformed"}
    assert counts() == (0, 0, 0)


def test_twenty_one_insured_are_too_many_for_one_voucher(
    family: SnapshotMaker, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with pytest.raises(CanbaoError) as refused, region_tx(region) as tx:
        documents.issue(tx, family(count=21), subject_id=subject_id, now=clock.now())
    assert refused.value.params == {"reason": "lines: 21"}
    assert counts() == (0, 0, 0)


def test_snapshot_is_kept_exactly(family: SnapshotMaker, met_by_subsidy: documents.VoucherSnapshot) -> None:
    replacement = dataclasses.replace(family(), replaces_no="360100VQB4J9PR7TB1")
    for snapshot in (family(), family(demonstration_on=date(2024, 11, 15)), met_by_subsidy, replacement):
        assert from_document(to_document(snapshot)) == snapshot


def test_snapshot_of_a_later_form_is_not_guessed_at(family: SnapshotMaker) -> None:
    with pytest.raises(ValueError, match="form 3 was written by a newer version"):
        from_document({**to_document(family()), "form": "3"})


def test_verification_says_masked_what_the_paper_says(voucher: documents.Voucher) -> None:
    verdict = documents.verify(voucher.voucher_no)
    assert verdict.state is documents.VerdictState.GENUINE
    assert verdict.total_fen == 128000
    assert verdict.issued_on == verdict.happened_on == date(2024, 11, 15)
    assert [(line.name_masked, line.id_tail, line.paid_fen) for line in verdict.lines] == [
        ("*丽", "41", 40000),
        ("**明", "3X", 40000),
        ("**英", "28", 8000),
        ("***丽·***江", "27", 40000),
    ]
    assert (verdict.lines[3].cover_from, verdict.lines[3].cover_until) == (date(2024, 11, 1), date(2026, 1, 1))
    assert (verdict.lines[0].collected_year, verdict.lines[0].insured_year) == (2024, 2025)
    assert not verdict.is_demonstration
    assert not any(name in repr(verdict) for name, _ in CAST)


def test_number_is_accepted_as_people_type_it(voucher: documents.Voucher) -> None:
    for typed in (group_no(voucher.voucher_no), voucher.voucher_no.lower(), f"  {voucher.voucher_no} "):
        assert documents.verify(typed).state is documents.VerdictState.GENUINE


def test_unknown_mistyped_and_foreign_numbers_say_nothing_more(voucher: documents.Voucher, region: RegionCode) -> None:
    wrong_last = voucher.voucher_no[:-1] + ("0" if voucher.voucher_no[-1] != "0" else "1")
    for typed in (
        make_no(region, Kind.VOUCHER, derived_id("voucher", "nobody's")),
        make_no(region, Kind.ORDER, derived_id("order", 1)),
        make_no(RegionCode(999999), Kind.VOUCHER, derived_id("voucher", 1)),
        wrong_last,
        "",
        "'; DROP TABLE documents_voucher; --",
        "9" * 5000,
        "\x00",
    ):
        assert documents.verify(typed) == documents.Verdict(state=documents.VerdictState.UNKNOWN)
    with pytest.raises(CanbaoError) as refused:
        documents.voucher_by_no(wrong_last)
    assert refused.value.code == "documents.code_unknown"


def test_paper_of_the_same_number_in_another_region_is_another(
    voucher: documents.Voucher, other_region: RegionCode, subject_id: UUID
) -> None:
    assert documents.voucher_of(other_region, subject_id) is None


def test_subsidy_voucher_is_issued_and_verified(
    met_by_subsidy: documents.VoucherSnapshot, region: RegionCode, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        made = documents.issue(tx, met_by_subsidy, subject_id=derived_id("bill", 2), now=clock.now())
    verdict = documents.verify(made.voucher_no)
    assert (verdict.state, verdict.subject_kind) == (documents.VerdictState.GENUINE, documents.SubjectKind.BILL)
    assert verdict.total_fen == 0


def test_void_answers_one_status_per_subject_in_order(
    voucher: documents.Voucher, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    nobody = derived_id("order", 99)
    with region_tx(region) as tx:
        first = documents.void(
            tx, [nobody, subject_id, subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now()
        )
    assert first == [documents.VoidStatus.NOT_FOUND, documents.VoidStatus.VOIDED, documents.VoidStatus.EXISTS]
    with region_tx(region) as tx:
        second = documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    assert second == [documents.VoidStatus.EXISTS]
    assert counts() == (1, 1, 1)
    verdict = documents.verify(voucher.voucher_no)
    assert (verdict.state, verdict.voided_on) == (documents.VerdictState.VOIDED, date(2024, 11, 15))
    kept = documents.voucher_of(region, subject_id)
    assert kept is not None
    assert (kept.state, kept.pdf) == (documents.VoucherState.VOIDED, voucher.pdf)


def test_bills_of_a_voucher_stand_beside_it_in_clear(voucher: documents.Voucher) -> None:
    with as_owner() as session:
        told = session.execute(
            "SELECT place, bill_id, paid_fen FROM documents_public_voucher_line ORDER BY place"
        ).fetchall()
        total = session.execute("SELECT total_fen FROM documents_public_voucher").fetchall()
    assert told == [(place + 1, derived_id("bill", place), 8_000 if place == 2 else 40_000) for place in range(4)]
    assert total == [(128_000,)]


def test_two_who_void_at_once_write_one_move(
    voucher: documents.Voucher, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    together = threading.Barrier(2)

    def void(_: int) -> documents.VoidStatus:
        together.wait()
        with region_tx(region) as tx:
            return documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())[0]

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(void, range(2))) == [documents.VoidStatus.EXISTS, documents.VoidStatus.VOIDED]
    assert counts() == (1, 1, 1)


def test_every_edge_of_the_machine_is_the_one_described() -> None:
    described = {edge.event: ([str(state) for state in edge.sources], str(edge.target)) for edge in VOUCHER.edges}
    assert described == {"void": (["issued"], "voided")}
    assert VOUCHER.terminal == {"voided"}


def test_paper_in_hand_is_good_only_as_issued(
    voucher: documents.Voucher, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    assert documents.check_paper(voucher.pdf).is_good
    altered = bytearray(voucher.pdf)
    altered[len(altered) // 3] ^= 1
    broken = documents.check_paper(bytes(altered))
    assert (broken.seal.state, broken.is_same_bytes, broken.is_good) == (documents.SealState.ALTERED, False, False)
    assert not documents.check_paper(b"hello").is_good
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    voided = documents.check_paper(voucher.pdf)
    assert (voided.seal.state, voided.is_same_bytes, voided.is_good) == (documents.SealState.INTACT, True, False)


def test_well_signed_paper_that_was_never_issued_is_not_good(
    voucher: documents.Voucher, family: SnapshotMaker, region: RegionCode, clock: FixedClock
) -> None:
    other = family(names=("张冒",))
    with pytest.raises(InterruptedError), region_tx(region) as tx:
        forged = documents.issue(tx, other, subject_id=derived_id("order", 7), now=clock.now())
        raise InterruptedError
    found = documents.check_paper(forged.pdf)
    assert (found.seal.state, found.verdict.state, found.is_good) == (
        documents.SealState.INTACT,
        documents.VerdictState.UNKNOWN,
        False,
    )


def test_history_cannot_be_rewritten_by_the_application(
    voucher: documents.Voucher, region: RegionCode, subject_id: UUID, clock: FixedClock
) -> None:
    with region_tx(region) as tx:
        documents.void(tx, [subject_id], reason=documents.VoidReason.REFUNDED, now=clock.now())
    with connection() as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("DELETE FROM documents_voucher_history")
    assert counts() == (1, 1, 1)


def test_auditors_are_silent_on_sound_vouchers(voucher: documents.Voucher, region: RegionCode) -> None:
    assert [auditor(region) for auditor in checks.AUDITORS] == [[], [], [], []]


@pytest.mark.parametrize(
    "damage, auditor, found",
    [
        ("DELETE FROM documents_voucher_pdf", checks.vouchers_have_paper_and_history, "no paper, issued"),
        (
            "UPDATE documents_voucher SET state = 'voided', voided_at = issued_at, void_reason = 'refunded'",
            checks.vouchers_have_paper_and_history,
            "a paper, voided",
        ),
        ("UPDATE documents_voucher SET pdf_sm3 = ''", checks.papers_are_unaltered, "other bytes"),
        (
            "UPDATE documents_voucher_line SET paid_fen = paid_fen + 1 WHERE place = 2",
            checks.vouchers_sum_up_their_lines,
            "4 lines, 1,280.01",
        ),
        (
            "UPDATE documents_voucher_line SET bill_id = gen_random_uuid() WHERE place = 3",
            checks.lines_are_those_of_the_paper,
            "others",
        ),
        (
            "UPDATE documents_voucher_line SET paid_fen = paid_fen + CASE place WHEN 1 THEN 5 ELSE -5 END "
            "WHERE place < 3",
            checks.lines_are_those_of_the_paper,
            "others",
        ),
        (
            "UPDATE documents_voucher SET sealed = overlay(sealed PLACING '\\x00'::bytea FROM 90)",
            checks.lines_are_those_of_the_paper,
            "kernel.seal_broken",
        ),
        ("DELETE FROM documents_voucher_line", checks.vouchers_sum_up_their_lines, "0 lines, 0.00"),
        ("UPDATE documents_voucher SET total_fen = NULL", checks.vouchers_sum_up_their_lines, "4 lines, 1,280.00"),
        (
            "UPDATE documents_voucher_pdf SET sealed = overlay(sealed PLACING '\\x00'::bytea FROM 900)",
            checks.papers_are_unaltered,
            "kernel.seal_broken",
        ),
    ],
)
def test_auditor_names_the_damaged_voucher(
    voucher: documents.Voucher, region: RegionCode, damage: str, auditor: Auditor, found: str
) -> None:
    with as_owner() as session:
        session.execute(damage.encode())
    findings = auditor(region)
    assert [(finding.region_code, finding.found) for finding in findings] == [(region, found)]
    assert findings[0].subject.startswith("voucher ")


@pytest.fixture
def own_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key ring of this test's own, so that adding a key touches nobody else."""
    monkeypatch.setenv("CANBAO_SEAL_KEYS", f"1:{'11' * 16}")
    monkeypatch.setenv("CANBAO_DIGEST_KEY", "22" * 32)
    ring.cache_clear()
    yield
    ring.cache_clear()


def test_facts_and_paper_move_to_a_new_key_and_stay_the_same(
    own_keys: None,
    family: SnapshotMaker,
    region: RegionCode,
    subject_id: UUID,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with region_tx(region) as tx:
        voucher = documents.issue(tx, family(), subject_id=subject_id, now=clock.now())
        assert documents.reseal(tx, limit=10) == 0
    verdict = documents.verify(voucher.voucher_no)
    monkeypatch.setenv("CANBAO_SEAL_KEYS", f"1:{'11' * 16},2:{'33' * 16}")
    ring.cache_clear()
    with region_tx(region) as tx:
        assert [documents.reseal(tx, limit=10) for _ in range(3)] == [1, 1, 0]
    monkeypatch.setenv("CANBAO_SEAL_KEYS", f"2:{'33' * 16}")
    ring.cache_clear()
    assert documents.voucher_of(region, subject_id) == voucher
    assert documents.verify(voucher.voucher_no) == verdict
    assert checks.papers_are_unaltered(region) == []
