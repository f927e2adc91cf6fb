"""The seal that ships: a PAdES signature by pyhanko, with a key held by this process.

The signature certifies the document: it covers every byte and permits no change afterwards. Its date is the instant
handed in; pyhanko would stamp the machine's clock into signature and metadata, so both places are given ours.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import ValueErrorWithMessage
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from canbao.documents.certificate import Signer
from canbao.documents.errors import SIGNER_INCOMPLETE
from canbao.documents.seal import SealCheck, SealState
from canbao.kernel.clock import Instant

# Room for the CMS object, in hex digits, beside the certificates. Stated, because pyhanko's own estimate signs twice.
_BYTES_RESERVED = 8192

# What pyhanko raises for files that are no PDF, or were one.
_UNREADABLE = (PdfError, ValueError, KeyError, TypeError, IndexError)


class _DatedSigner(PdfSigner):
    """A signer whose sessions are dated by the instant handed in instead of the machine's clock."""

    def __init__(self, metadata: PdfSignatureMetadata, signer: SimpleSigner, at: Instant) -> None:
        super().__init__(metadata, signer)
        self._at = at

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        session.system_time = self._at
        return session

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:
        """The PAdES extension alone.

        For an elliptic curve pyhanko would also raise the file to PDF 2.0, and PDF/A-2 is PDF 1.7.
        """
        del md_algorithm
        pdf_out.register_extension(ESIC_EXTENSION_1)


class _KeepingWriter(IncrementalPdfFileWriter):
    """An incremental writer that leaves the document's own metadata as rendered, dates included."""

    def _update_meta(self) -> None:
        """Nothing: the rendered metadata is already right and dated by our clock."""


class PadesSeal:
    """A seal whose key this process holds."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        chain = [_asn1(certificate) for certificate in (signer.certificate, *signer.chain)]
        above = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # its package gives the constructor no types
        above.register_multiple(chain[1:])
        self._pdf_signer = SimpleSigner(
            signing_cert=chain[0],
            signing_key=asn1_keys.PrivateKeyInfo.load(
                signer.key.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            ),
            cert_registry=above,
        )
        earlier = [_asn1(certificate) for certificate in signer.earlier]
        self._trusted = [*chain, *earlier]
        self._ours = {certificate.dump() for certificate in (chain[0], *earlier)}
        self._bytes_reserved = _BYTES_RESERVED + 2 * sum(len(certificate.dump()) for certificate in chain)

    def sign(self, document: bytes, *, at: Instant) -> bytes:
        """The document with its signature.

        Errors: `documents.signer_incomplete` when the certificate is not valid at that instant.
        """
        certificate = self._signer.certificate
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise SIGNER_INCOMPLETE(
                reason=f"{certificate.not_valid_before_utc:%Y-%m-%d}–{certificate.not_valid_after_utc:%Y-%m-%d}"
            )
        metadata = PdfSignatureMetadata(
            field_name="CanbaoSeal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        signer = _DatedSigner(metadata, self._pdf_signer, at)
        signed = signer.sign_pdf(_KeepingWriter(BytesIO(document)), bytes_reserved=self._bytes_reserved)
        return bytes(signed.getvalue())

    def check(self, document: bytes) -> SealCheck:
        """Whether the document bears this seal unbroken. Reads only; never goes to the network."""
        try:
            reader = PdfFileReader(BytesIO(document))
            signatures = reader.embedded_signatures
        except _UNREADABLE:
            # What begins as a PDF and cannot be read any more was damaged or added to.
            return SealCheck(state=SealState.ALTERED if document.startswith(b"%PDF-") else SealState.NOT_A_PDF)
        title = _title(reader)
        if not signatures:
            return SealCheck(state=SealState.UNSIGNED, title=title)
        signature = signatures[-1]
        signed_at = signature.self_reported_timestamp
        context = ValidationContext(trust_roots=self._trusted, allow_fetching=False, moment=signed_at)
        try:
            status = validate_pdf_signature(signature, signer_validation_context=context)
        except (SignatureValidationError, ValueErrorWithMessage, *_UNREADABLE):
            return SealCheck(state=SealState.ALTERED, title=title)
        return SealCheck(
            state=_state(
                is_intact=status.intact and status.valid and status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
                is_ours=signature.signer_cert.dump() in self._ours,
            ),
            signed_at=signed_at if isinstance(signed_at, datetime) else None,
            signer_name=str(signature.signer_cert.subject.native.get("common_name", "")),
            title=title,
        )


def _title(reader: PdfFileReader) -> str:
    try:
        return str(reader.trailer["/Info"]["/Title"])
    except _UNREADABLE:
        return ""


def _state(*, is_intact: bool, is_ours: bool) -> SealState:
    if not is_intact:
        return SealState.ALTERED
    return SealState.INTACT if is_ours else SealState.NOT_OURS


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
