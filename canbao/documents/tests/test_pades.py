"""The seal: valid for its own paper, dated by our clock, and broken by a single byte."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from canbao.documents import certificate
from canbao.documents.certificate import DEVELOPMENT_FILE, DEVELOPMENT_NAME, Signer, signer_from_environment
from canbao.documents.pades import PadesSeal
from canbao.documents.rendering import number_in, render
from canbao.documents.seal import SealCheck, SealState
from canbao.documents.tests.conftest import SnapshotMaker
from canbao.kernel.errors import CanbaoError

ISSUED_AT = datetime(2024, 11, 15, 6, 50, 12, tzinfo=UTC)
NO = "360100VQB4J9PR7TB1"


@pytest.fixture
def document(family: SnapshotMaker) -> bytes:
    return render(family(count=1), voucher_no=NO, issued_at=ISSUED_AT, address=f"https://canbao.example/verify/{NO}")


@pytest.fixture
def signed(document: bytes, seal: PadesSeal) -> bytes:
    return seal.sign(document, at=ISSUED_AT)


def test_signed_paper_is_intact_and_dated_by_our_clock(signed: bytes, seal: PadesSeal) -> None:
    assert seal.check(signed) == SealCheck(
        state=SealState.INTACT,
        signed_at=ISSUED_AT,
        signer_name=DEVELOPMENT_NAME,
        title="社会保险费缴费凭证 360100 VQB4 J9PR 7TB1",
    )


def test_signing_leaves_the_drawn_bytes_in_front(document: bytes, signed: bytes) -> None:
    assert signed.startswith(document)


def test_signing_leaves_version_and_dates_of_the_document(signed: bytes) -> None:
    reader = pypdf.PdfReader(BytesIO(signed))
    assert "/Version" not in reader.root_object
    assert reader.metadata is not None
    assert reader.metadata.creation_date == ISSUED_AT
    assert reader.metadata.modification_date == ISSUED_AT
    xmp = reader.xmp_metadata
    assert xmp is not None
    assert (xmp.pdfaid_part, xmp.pdfaid_conformance) == ("2", "B")
    assert xmp.xmp_modify_date == ISSUED_AT.replace(tzinfo=None)


def test_any_flipped_byte_is_found(signed: bytes, seal: PadesSeal) -> None:
    step = len(signed) // 40
    for place in range(7, len(signed), step):
        altered = bytearray(signed)
        altered[place] ^= 0x01
        found = seal.check(bytes(altered)).state
        if found is SealState.INTACT:
            # The only bytes a signature does not cover are the zeros that fill up the room kept for it.
            assert signed[place : place + 1] == b"0", place
            assert signed[place - 20 : place + 20].strip(b"0") == b"", place


def test_bytes_added_at_the_end_are_found(signed: bytes, seal: PadesSeal) -> None:
    assert seal.check(signed + b"\n% note\n").state is SealState.ALTERED


def test_later_revision_is_found(signed: bytes, seal: PadesSeal) -> None:
    writer = pypdf.PdfWriter(BytesIO(signed), incremental=True)
    writer.add_blank_page(100, 100)
    out = BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(signed)
    assert seal.check(out.getvalue()).state is SealState.ALTERED


@pytest.mark.parametrize("junk", [b"", b"hello", b"\x00" * 5000, b"%PDF"])
def test_what_is_no_pdf_is_named_so(junk: bytes, seal: PadesSeal) -> None:
    assert seal.check(junk) == SealCheck(state=SealState.NOT_A_PDF)


def test_unsigned_paper_is_named_so(document: bytes, seal: PadesSeal) -> None:
    assert seal.check(document).state is SealState.UNSIGNED


def test_paper_of_another_signer_is_not_ours(document: bytes, seal: PadesSeal) -> None:
    other = PadesSeal(_signer(ec.generate_private_key(ec.SECP256R1()), "somebody else"))
    found = seal.check(other.sign(document, at=ISSUED_AT))
    assert (found.state, found.signer_name) == (SealState.NOT_OURS, "somebody else")


def test_certificate_that_is_not_valid_yet_signs_nothing(document: bytes) -> None:
    early = PadesSeal(
        _signer(ec.generate_private_key(ec.SECP256R1()), "early", valid_from=ISSUED_AT + timedelta(days=1))
    )
    with pytest.raises(CanbaoError) as refused:
        early.sign(document, at=ISSUED_AT)
    assert refused.value.code == "documents.signer_incomplete"


def test_printed_number_is_read_from_the_title(signed: bytes, seal: PadesSeal) -> None:
    assert number_in(seal.check(signed).title) == "360100 VQB4 J9PR 7TB1"
    assert number_in("somebody's letter") == ""


def _signer(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    name: str,
    *,
    valid_from: datetime = datetime(2020, 1, 1, tzinfo=UTC),
) -> Signer:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    return Signer(key=key, certificate=made, chain=())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PKCS12", "PKCS12_PASSWORD", "KEY", "CERT", "KEY_PASSWORD", "EARLIER"):
        monkeypatch.delenv(f"CANBAO_SIGNER_{name}", raising=False)
    monkeypatch.setenv("CANBAO_STATE_DIR", str(tmp_path))
    return tmp_path


def test_development_signer_is_made_once_and_private(state: Path) -> None:
    first, second = signer_from_environment(), signer_from_environment()
    assert first.certificate == second.certificate
    assert stat.S_IMODE((state / DEVELOPMENT_FILE).stat().st_mode) == 0o600
    assert os.listdir(state) == [DEVELOPMENT_FILE]


def test_loser_of_two_first_starts_takes_the_winners_signer(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winner = certificate._new_development_pem()

    def made_meanwhile() -> bytes:
        (state / DEVELOPMENT_FILE).write_bytes(winner)
        return other

    other = certificate._new_development_pem()
    monkeypatch.setattr(certificate, "_new_development_pem", made_meanwhile)
    assert signer_from_environment().certificate == x509.load_pem_x509_certificate(winner)


def test_production_without_a_signer_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANBAO_ENVIRONMENT", "production")
    with pytest.raises(CanbaoError) as refused:
        signer_from_environment()
    assert refused.value.code == "documents.signer_incomplete"
    assert os.listdir(state) == []


def test_pkcs12_of_the_environment_signs(state: Path, monkeypatch: pytest.MonkeyPatch, document: bytes) -> None:
    bought = _signer(rsa.generate_private_key(65537, 2048), "bought")
    bundle = pkcs12.serialize_key_and_certificates(
        b"voucher", bought.key, bought.certificate, None, serialization.BestAvailableEncryption(b"secret")
    )
    (state / "signer.p12").write_bytes(bundle)
    monkeypatch.setenv("CANBAO_SIGNER_PKCS12", str(state / "signer.p12"))
    with pytest.raises(CanbaoError) as refused:
        signer_from_environment()
    assert refused.value.code == "documents.signer_incomplete"
    monkeypatch.setenv("CANBAO_SIGNER_PKCS12_PASSWORD", "secret")
    mine = PadesSeal(signer_from_environment())
    assert mine.check(mine.sign(document, at=ISSUED_AT)).state is SealState.INTACT


def test_key_and_certificate_must_belong_together(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = (_signer(ec.generate_private_key(ec.SECP256R1()), name) for name in ("mine", "other"))
    key = mine.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (state / "key.pem").write_bytes(key)
    for name, signer in (("mine", mine), ("other", other)):
        (state / f"{name}.pem").write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("CANBAO_SIGNER_KEY", str(state / "key.pem"))
    with pytest.raises(CanbaoError, match=r"CANBAO_SIGNER_KEY \+ CANBAO_SIGNER_CERT"):
        signer_from_environment()
    monkeypatch.setenv("CANBAO_SIGNER_CERT", str(state / "other.pem"))
    with pytest.raises(CanbaoError, match="key ≠ certificate"):
        signer_from_environment()
    monkeypatch.setenv("CANBAO_SIGNER_CERT", str(state / "absent.pem"))
    with pytest.raises(CanbaoError, match=r"absent\.pem"):
        signer_from_environment()
    monkeypatch.setenv("CANBAO_SIGNER_CERT", str(state / "mine.pem"))
    assert signer_from_environment().certificate == mine.certificate


def test_paper_stays_ours_when_the_certificate_is_renewed(
    state: Path, monkeypatch: pytest.MonkeyPatch, document: bytes
) -> None:
    former = PadesSeal(signer_from_environment())
    paper = former.sign(document, at=ISSUED_AT)
    (state / DEVELOPMENT_FILE).rename(state / "former.pem")
    assert PadesSeal(signer_from_environment()).check(paper).state is SealState.NOT_OURS
    monkeypatch.setenv("CANBAO_SIGNER_EARLIER", str(state / "former.pem"))
    renewed = PadesSeal(signer_from_environment())
    assert renewed.check(paper).state is SealState.INTACT
    assert renewed.check(renewed.sign(document, at=ISSUED_AT)).state is SealState.INTACT
    altered = bytearray(paper)
    altered[100] ^= 1
    assert renewed.check(bytes(altered)).state is SealState.ALTERED
    (state / "former.pem").write_text("nothing")
    with pytest.raises(CanbaoError, match="PEM"):
        signer_from_environment()
