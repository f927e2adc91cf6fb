"""The front door of the register: who is registered where, as what, and how a register file comes in.

Reads return frozen dataclasses and name no special identity unless asked for it; writes take a transaction first. The
directory is national, all else belongs to one region.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from canbao.kernel.clock import Instant
from canbao.kernel.ids import derived_id
from canbao.kernel.regions import NATION, RegionCode
from canbao.kernel.sealing import row_context, unseal
from canbao.kernel.sql import Tx
from canbao.registry import errors, store
from canbao.registry.batch_problems import (
    Claim,
    elsewhere_problems,
    header_problems,
    other_person_problems,
    repeat_problems,
)
from canbao.registry.checks import AUDITORS
from canbao.registry.chunks import prepared_chunks
from canbao.registry.codes import RESIDENT_SCHEME
from canbao.registry.id_documents import DocumentType, IdDocument, Sex, matching_number, read_number
from canbao.registry.import_report import PROBLEMS_MAX, ImportReport, write_report
from canbao.registry.made_up import DemoFamily, MadeUpPerson, demo_family
from canbao.registry.made_up_files import write_made_up_register
from canbao.registry.names import checked_name, matching_form
from canbao.registry.prepared import PERSON_TABLE, PreparedChunk, PreparedRows, name_digest, number_digest, prepare
from canbao.registry.register_files import Encoding, FileKind, RegisterFile, open_register
from canbao.registry.repeats import Repeat, SeenRows, repeats_among, seen_rows
from canbao.registry.rows import RowProblem
from canbao.registry.rules import claimed_elsewhere
from canbao.registry.store import REFUSED, RowStatus

__all__ = [
    "AUDITORS",
    "PROBLEMS_MAX",
    "REFUSED",
    "RESIDENT_SCHEME",
    "Claim",
    "Claims",
    "DemoFamily",
    "DocumentType",
    "Encoding",
    "Enrolment",
    "FileKind",
    "HeldIdentity",
    "IdDocument",
    "ImportReport",
    "MadeUpPerson",
    "Person",
    "PreparedChunk",
    "PreparedRows",
    "RegisterFile",
    "Registered",
    "Repeat",
    "RowProblem",
    "RowStatus",
    "SeenRows",
    "Sex",
    "checked_name",
    "checked_number",
    "claims_of_several_regions",
    "count_import",
    "demo_family",
    "elsewhere_problems",
    "file_problems",
    "find",
    "flag_several_regions",
    "identity_on",
    "import_rows",
    "match_rows",
    "matching_form",
    "open_register",
    "people",
    "person",
    "prepare",
    "prepared_chunks",
    "record_in_directory",
    "repeat_problems",
    "reseal",
    "seen_rows",
    "start_import",
    "status_problems",
    "write_made_up_register",
    "write_report",
]

_LOOKUPS = 2
"""A look-up asks this many regions whether or not the number is registered; a person in three regions costs one more.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Where a number and name that belong together are registered."""

    region_code: RegionCode
    person_id: UUID
    has_several_regions: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """An enrolment in force. `until_on` is the first day without it, None where it has no end."""

    scheme_code: str
    category_code: str
    tier: str | None
    place: str | None
    enrolled_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldIdentity:
    """A special identity and its dates. Told to the person and at a counter, to nobody else."""

    identity_code: str
    from_on: date
    until_on: date | None

    def holds_on(self, on: date) -> bool:
        """Whether it holds on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A registered person, opened. Holds personal data: mask it before it is shown, never log it."""

    region_code: RegionCode
    person_id: UUID
    name: str
    id_no: str
    id_doc_type: DocumentType
    born_on: date
    sex: Sex | None
    died_on: date | None
    family_no: str | None
    last_insured_year: int | None
    has_several_regions: bool
    enrolments: tuple[Enrolment, ...]
    identities: tuple[HeldIdentity, ...]

    def enrolment_in(self, scheme_code: str) -> Enrolment | None:
        """The enrolment in a scheme, None where there is none."""
        return next((line for line in self.enrolments if line.scheme_code == scheme_code), None)

    @property
    def category_code(self) -> str | None:
        """The category in the resident scheme, None for a person who is not enrolled in it."""
        line = self.enrolment_in(RESIDENT_SCHEME)
        return line.category_code if line is not None else None

    def identity_codes_on(self, on: date) -> frozenset[str]:
        """The special identities that hold on a day."""
        return frozenset(held.identity_code for held in self.identities if held.holds_on(on))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Persons whom several regions register: each number, and by region the flag that each of its persons should
    carry.
    """

    claims: tuple[Claim, ...]
    flags: dict[RegionCode, dict[UUID, bool]]


def checked_number(text: str, *, today: date) -> IdDocument:
    """A typed number, checked before anyone is looked for.

    Errors: `registry.id_number_missing`, `_length`, `_area`, `_date`, `_checksum`, `_form`.
    """
    return read_number(text, today=today)


def find(id_no: str, name: str) -> list[Registered]:
    """Where this number is registered under this name; empty when it is not, or is under another name.

    Both must match. The work is the same whether the number is known, the name is wrong, or neither exists: the same
    statements run, on made-up keys where there is nothing to ask for, and digests are compared in constant time.
    """
    asked_number, asked_name = number_digest(matching_number(id_no)), name_digest(name)
    entries = [(RegionCode(region), person_id) for region, person_id in store.regions_of_number(asked_number)]
    nobody = (NATION, derived_id("nobody", asked_number.hex()))
    found: list[Registered] = []
    for region, person_id in [*entries, *[nobody] * (_LOOKUPS - len(entries))]:
        row = store.name_row(region, person_id)
        known_number, known_name = (row.id_digest, row.name_digest) if row is not None else (bytes(32), bytes(32))
        is_match = hmac.compare_digest(known_number, asked_number) & hmac.compare_digest(known_name, asked_name)
        if is_match and row is not None:
            found.append(Registered(region_code=region, person_id=person_id, has_several_regions=row.elsewhere))
    return found


def person(region: RegionCode, person_id: UUID) -> Person:
    """A person with her enrolments and identities. Errors: `registry.person_unknown`."""
    found = people(region, [person_id])
    if not found:
        raise errors.PERSON_UNKNOWN(region_code=region)
    return found[0]


def people(region: RegionCode, person_ids: Iterable[UUID]) -> list[Person]:
    """The persons of these ids, in the order asked for; unknown ids are left out. Three statements for any number of
    ids.
    """
    asked = list(dict.fromkeys(person_ids))
    if not asked:
        return []
    lines: dict[UUID, list[Enrolment]] = {}
    for row in store.enrolments_in_force(region, asked):
        lines.setdefault(row.person_id, []).append(
            Enrolment(
                scheme_code=row.scheme_code,
                category_code=row.category_code,
                tier=row.tier,
                place=row.place,
                enrolled_on=row.enrolled_on,
                until_on=row.until_on,
            )
        )
    held = _held(region, asked)
    found = {
        row.id: _opened(region, row, tuple(lines.get(row.id, ())), tuple(held.get(row.id, ())))
        for row in store.persons(region, asked)
    }
    return [found[person_id] for person_id in asked if person_id in found]


def identity_on(region: RegionCode, person_id: UUID, on: date) -> frozenset[str]:
    """The codes of the special identities that a person holds on a day."""
    held = _held(region, [person_id]).get(person_id, [])
    return frozenset(identity.identity_code for identity in held if identity.holds_on(on))


def match_rows(region: RegionCode, rows: PreparedRows) -> list[RowStatus]:
    """What `import_rows` would answer for these rows; nothing is written."""
    repeated = _repeats(rows)
    kept = [place for place in range(len(rows)) if place not in repeated]
    return _statuses(rows, repeated, kept, store.match(region, rows, kept))


def import_rows(tx: Tx, rows: PreparedRows, *, import_id: UUID, now: Instant, today: date) -> list[RowStatus]:
    """Take a batch of rows into the register, all or none; one status per row, in order.

    A known row changes nothing. A changed person keeps her former row in the history; a changed enrolment or identity
    ends by date. A row that repeats an earlier one of the batch is `unchanged` when it says the same, else refused.
    Errors: `registry.import_raced` when another import wrote the same persons meanwhile; the transaction is then
    void.
    """
    repeated = _repeats(rows)
    kept = [place for place in range(len(rows)) if place not in repeated]
    matched = store.write(tx, rows, kept, import_id=import_id, now=now, today=today)
    return _statuses(rows, repeated, kept, matched)


def start_import(tx: Tx, *, import_id: UUID, file_digest: bytes, file_kind: str, encoding: str, now: Instant) -> None:
    """Record that an import of a file begins."""
    store.start_import(
        tx, import_id=import_id, file_digest=file_digest, file_kind=file_kind, encoding=encoding, now=now
    )


def count_import(
    tx: Tx,
    *,
    import_id: UUID,
    statuses: Sequence[RowStatus],
    refused_count: int = 0,
    finished_at: Instant | None = None,
) -> None:
    """Add a batch's statuses to the import's counts; `refused_count` are rows refused before they reached the
    register.
    """
    counts = Counter("refused" if status in REFUSED else status.value for status in statuses)
    counts["refused"] += refused_count
    store.count_import(tx, import_id=import_id, counts=dict(counts), finished_at=finished_at)


def record_in_directory(tx: Tx, region: RegionCode, rows: PreparedRows, statuses: Sequence[RowStatus]) -> None:
    """Name the taken persons in the national directory. Needs a national transaction, after the region's own."""
    store.record_in_directory(tx, region, rows, _taken(statuses))


def claims_of_several_regions(rows: PreparedRows, statuses: Sequence[RowStatus], *, today: date) -> Claims:
    """The taken persons whom several regions register, and whether another region's enrolment is in force too."""
    by_number: dict[bytes, list[store.Registration]] = {}
    for entry in store.registrations_in_several_regions([rows.id_digest[place] for place in _taken(statuses)]):
        by_number.setdefault(entry.id_digest, []).append(entry)
    claims: list[Claim] = []
    flags: dict[RegionCode, dict[UUID, bool]] = {}
    for number, entries in by_number.items():
        ends = {RegionCode(entry.region_code): entry.enrolled_until_on for entry in entries}
        claims.append(Claim(id_digest=number, is_claimed=claimed_elsewhere(ends, today=today)))
        for entry in entries:
            region = RegionCode(entry.region_code)
            flags.setdefault(region, {})[entry.person_id] = claims[-1].is_claimed[region]
    return Claims(claims=tuple(claims), flags=flags)


def flag_several_regions(tx: Tx, flags: dict[UUID, bool]) -> int:
    """Flag persons of the transaction's region whom another region claims too; answers how many rows moved."""
    return store.flag_elsewhere(tx, flags)


def reseal(tx: Tx, *, limit: int) -> int:
    """Re-seal at most `limit` rows that an older key sealed; answers how many, 0 when none is left."""
    return store.reseal_under_current_key(tx, limit=limit)


def file_problems(file: RegisterFile) -> list[RowProblem]:
    """What is said of a file's header: a warning for every column that is not read."""
    return header_problems(file.layout)


def status_problems(rows: PreparedRows, statuses: Sequence[RowStatus]) -> list[RowProblem]:
    """Why rows that reached the register were refused there."""
    return other_person_problems(
        rows, [place for place, status in enumerate(statuses) if status is RowStatus.REFUSED_OTHER_PERSON]
    )


def _opened(
    region: RegionCode, row: store.PersonRow, enrolments: tuple[Enrolment, ...], held: tuple[HeldIdentity, ...]
) -> Person:
    document = unseal(row.sealed, context=row_context(PERSON_TABLE, region, row.id))
    return Person(
        region_code=region,
        person_id=row.id,
        name=document["name"],
        id_no=document["id_no"],
        id_doc_type=DocumentType(row.id_doc_type),
        born_on=row.born_on,
        sex=Sex(row.sex) if row.sex is not None else None,
        died_on=row.died_on,
        family_no=row.family_no,
        last_insured_year=row.last_insured_year,
        has_several_regions=row.elsewhere,
        enrolments=enrolments,
        identities=held,
    )


def _held(region: RegionCode, person_ids: list[UUID]) -> dict[UUID, list[HeldIdentity]]:
    held: dict[UUID, list[HeldIdentity]] = {}
    for row in store.identities(region, person_ids):
        held.setdefault(row.person_id, []).append(
            HeldIdentity(identity_code=row.identity_code, from_on=row.from_on, until_on=row.until_on)
        )
    return held


def _repeats(rows: PreparedRows) -> dict[int, Repeat]:
    return {repeat.place: repeat for repeat in repeats_among(rows, {})}


def _statuses(
    rows: PreparedRows, repeated: dict[int, Repeat], kept: list[int], matched: Sequence[store.MatchedRow]
) -> list[RowStatus]:
    known = {place: row.status for place, row in zip(kept, matched, strict=True)}
    return [
        known[place]
        if place in known
        else RowStatus.UNCHANGED
        if repeated[place].is_same
        else RowStatus.REFUSED_REPEATS_OTHERWISE
        for place in range(len(rows))
    ]


def _taken(statuses: Sequence[RowStatus]) -> list[int]:
    return [place for place, status in enumerate(statuses) if status not in REFUSED]
