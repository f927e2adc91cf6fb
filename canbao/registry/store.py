"""The register's SQL: names the statements, hands them arrays, maps their rows. Nothing else here runs SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from psycopg import errors as psycopg_errors

from canbao.kernel.clock import Instant
from canbao.kernel.findings import FINDINGS_MAX
from canbao.kernel.ids import uuid7
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import reseal, ring, row_context, seal_bytes, unseal_bytes
from canbao.kernel.sql import Statements, Tx, national_reading, reading
from canbao.registry import errors
from canbao.registry.prepared import HISTORY_TABLE, PERSON_TABLE, PreparedRows
from canbao.registry.rules import LineInForce, line_begins_on

statements = Statements(__package__)


class RowStatus(StrEnum):
    """What became of a row. The first that is true, in this order."""

    REFUSED_REPEATS_OTHERWISE = "refused_repeats_otherwise"
    REFUSED_OTHER_PERSON = "refused_other_person"
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


REFUSED = frozenset({RowStatus.REFUSED_REPEATS_OTHERWISE, RowStatus.REFUSED_OTHER_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedRow:
    """What the register knows of a row."""

    person_status: str
    line_status: str
    enrolment_id: UUID | None
    from_on: date | None
    is_same_but_for_its_end: bool

    @property
    def status(self) -> RowStatus:
        """The status of the whole row."""
        if self.person_status == "other_person":
            return RowStatus.REFUSED_OTHER_PERSON
        if self.person_status == "new":
            return RowStatus.NEW
        is_same = self.person_status == self.line_status == "unchanged"
        return RowStatus.UNCHANGED if is_same else RowStatus.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerPerson:
    """A person's row before its change."""

    id: UUID
    sealed: bytes
    identities: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One region's entry for a number that several regions register."""

    id_digest: bytes
    region_code: int
    person_id: UUID
    enrolled_until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    """What a look-up compares."""

    id_digest: bytes
    name_digest: bytes
    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as stored, still sealed."""

    id: UUID
    sealed: bytes
    id_doc_type: str
    born_on: date
    sex: str | None
    died_on: date | None
    last_insured_year: int | None
    elsewhere: bool
    family_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRow:
    """An enrolment line in force."""

    person_id: UUID
    scheme_code: str
    category_code: str
    tier: str | None
    place: str | None
    enrolled_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """A special identity."""

    person_id: UUID
    identity_code: str
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """A sealed document and the row it is bound to."""

    id: UUID
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """What an auditing statement finds."""

    subject: str
    expected: str
    found: str


_KEY_ORDER = attrgetter("int")
"""UUIDs in the database's order. A UUID compares itself by a method in Python, its number at once."""

_NEW = MatchedRow(
    person_status="new", line_status="new", enrolment_id=None, from_on=None, is_same_but_for_its_end=False
)


def match(region: RegionCode, rows: PreparedRows, places: Sequence[int]) -> list[MatchedRow]:
    """What the register knows of these rows, in order. Inside a journey's transaction it is read there.

    Who is known is asked first, by id alone: the full question has ten columns, and most rows of a first import are
    new.
    """
    with reading(region) as reader:
        known = set(reader.scalars(statements["list_known_persons"], ids=[rows.person_id[place] for place in places]))
        asked = [place for place in places if rows.person_id[place] in known]
        if not asked:
            return [_NEW] * len(places)
        matched = reader.rows(
            statements["match_rows"],
            MatchedRow,
            person_ids=[rows.person_id[place] for place in asked],
            name_digests=[rows.name_digest[place] for place in asked],
            born_on=[rows.born_on[place] for place in asked],
            person_digests=[rows.person_digest[place] for place in asked],
            scheme_codes=[rows.scheme_code[place] for place in asked],
            category_codes=[rows.category_code[place] for place in asked],
            tiers=[rows.tier[place] for place in asked],
            places=[rows.place[place] for place in asked],
            enrolled_on=[rows.enrolled_on[place] for place in asked],
            line_digests=[rows.line_digest[place] for place in asked],
        )
    by_place = dict(zip(asked, matched, strict=True))
    return [by_place.get(place, _NEW) for place in places]


def write(
    tx: Tx, rows: PreparedRows, places: Sequence[int], *, import_id: UUID, now: Instant, today: date
) -> list[MatchedRow]:
    """Match and write rows that do not repeat each other. Errors: `registry.import_raced` when another import was
    first.
    """
    assert tx.region is not None, "a register is written region by region"
    try:
        matched = match(tx.region, rows, places)
        paired = list(zip(places, matched, strict=True))
        new = _once_per_person(rows, [place for place, row in paired if row.person_status == "new"])
        changed = _once_per_person(rows, [place for place, row in paired if row.person_status == "changed"])
        _insert_families(tx, rows, new + changed, now)
        _insert_persons(tx, rows, new, import_id, now)
        _change_persons(tx, rows, changed, import_id, now)
        _record_identities(tx, rows, new, changed, import_id, now, today)
        lines = [
            (place, row)
            for place, row in paired
            if row.line_status != "unchanged" and row.person_status != "other_person"
        ]
        _write_lines(tx, rows, lines, import_id, now, today)
    except (psycopg_errors.UniqueViolation, psycopg_errors.DeadlockDetected) as raced:
        raise errors.IMPORT_RACED() from raced
    return matched


def _once_per_person(rows: PreparedRows, places: Sequence[int]) -> list[int]:
    """One place per person, in key order, so that two imports lock alike."""
    first = {rows.person_id[place]: place for place in reversed(places)}
    return [first[person_id] for person_id in sorted(first, key=_KEY_ORDER)]


def _insert_families(tx: Tx, rows: PreparedRows, places: Sequence[int], now: Instant) -> None:
    families = {rows.family_id[place]: rows.family_no[place] for place in places if rows.family_id[place] is not None}
    if families:
        tx.run(statements["insert_families"], ids=list(families), family_nos=list(families.values()), now=now)


def _insert_persons(tx: Tx, rows: PreparedRows, places: Sequence[int], import_id: UUID, now: Instant) -> None:
    if places:
        tx.run(
            statements["insert_persons"],
            ids=[rows.person_id[place] for place in places],
            id_digests=[rows.id_digest[place] for place in places],
            name_digests=[rows.name_digest[place] for place in places],
            sealed=[rows.sealed[place] for place in places],
            sealed_key=rows.sealed_key,
            id_doc_types=[rows.id_doc_type[place] for place in places],
            born_on=[rows.born_on[place] for place in places],
            sexes=[rows.sex[place] for place in places],
            family_ids=[rows.family_id[place] for place in places],
            died_on=[rows.died_on[place] for place in places],
            last_insured_years=[rows.last_insured_year[place] for place in places],
            content_digests=[rows.person_digest[place] for place in places],
            import_id=import_id,
            now=now,
        )


def _change_persons(tx: Tx, rows: PreparedRows, places: Sequence[int], import_id: UUID, now: Instant) -> None:
    """Copy the former rows into the history, then change them. The seal is bound to its row, so the copy is sealed
    anew.
    """
    if not places or tx.region is None:
        return
    former = tx.rows(statements["lock_former_persons"], FormerPerson, ids=[rows.person_id[place] for place in places])
    history_ids = [uuid7(now) for _ in former]
    resealed = [
        seal_bytes(
            unseal_bytes(person.sealed, context=row_context(PERSON_TABLE, tx.region, person.id)),
            context=row_context(HISTORY_TABLE, tx.region, history_id),
        )
        for person, history_id in zip(former, history_ids, strict=True)
    ]
    tx.run(
        statements["append_person_history"],
        ids=history_ids,
        person_ids=[person.id for person in former],
        sealed=resealed,
        sealed_key=rows.sealed_key,
        identities=[person.identities for person in former],
        now=now,
    )
    tx.run(
        statements["update_persons"],
        ids=[rows.person_id[place] for place in places],
        name_digests=[rows.name_digest[place] for place in places],
        sealed=[rows.sealed[place] for place in places],
        sealed_key=rows.sealed_key,
        id_doc_types=[rows.id_doc_type[place] for place in places],
        born_on=[rows.born_on[place] for place in places],
        sexes=[rows.sex[place] for place in places],
        family_ids=[rows.family_id[place] for place in places],
        died_on=[rows.died_on[place] for place in places],
        last_insured_years=[rows.last_insured_year[place] for place in places],
        content_digests=[rows.person_digest[place] for place in places],
        import_id=import_id,
        now=now,
    )


def _record_identities(
    tx: Tx, rows: PreparedRows, new: Sequence[int], changed: Sequence[int], import_id: UUID, now: Instant, today: date
) -> None:
    stated = [(rows.person_id[place], held) for place in (*new, *changed) for held in rows.identities[place]]
    person_ids = [person_id for person_id, _ in stated]
    codes = [held.identity_code for _, held in stated]
    from_on = [held.from_on for _, held in stated]
    if changed:
        tx.run(
            statements["end_identities"],
            person_ids=[rows.person_id[place] for place in changed],
            stated_person_ids=person_ids,
            identity_codes=codes,
            from_on=from_on,
            today=today,
        )
    if stated:
        tx.run(
            statements["record_identities"],
            ids=[uuid7(now) for _ in stated],
            person_ids=person_ids,
            identity_codes=codes,
            from_on=from_on,
            until_on=[held.until_on for _, held in stated],
            import_id=import_id,
            now=now,
        )


def _write_lines(
    tx: Tx, rows: PreparedRows, lines: Sequence[tuple[int, MatchedRow]], import_id: UUID, now: Instant, today: date
) -> None:
    if not lines:
        return
    begins_on = [_begins_on(rows, place, row, today) for place, row in lines]
    replaced = [
        (row.enrolment_id, begin)
        for (_, row), begin in zip(lines, begins_on, strict=True)
        if row.enrolment_id is not None
    ]
    if replaced:
        tx.run(
            statements["replace_enrolments"],
            ids=[enrolment_id for enrolment_id, _ in replaced],
            begins_on=[begin for _, begin in replaced],
            now=now,
        )
    places = [place for place, _ in lines]
    tx.run(
        statements["insert_enrolments"],
        ids=[uuid7(now) for _ in places],
        person_ids=[rows.person_id[place] for place in places],
        scheme_codes=[rows.scheme_code[place] for place in places],
        category_codes=[rows.category_code[place] for place in places],
        tiers=[rows.tier[place] for place in places],
        places=[rows.place[place] for place in places],
        enrolled_on=[rows.enrolled_on[place] for place in places],
        from_on=begins_on,
        until_on=[rows.until_on[place] for place in places],
        content_digests=[rows.line_digest[place] for place in places],
        import_id=import_id,
        now=now,
    )


def _begins_on(rows: PreparedRows, place: int, row: MatchedRow, today: date) -> date:
    before = (
        LineInForce(from_on=row.from_on, is_same_but_for_its_end=row.is_same_but_for_its_end)
        if row.from_on is not None
        else None
    )
    return line_begins_on(before, enrolled_on=rows.enrolled_on[place], until_on=rows.until_on[place], today=today)


def start_import(tx: Tx, *, import_id: UUID, file_digest: bytes, file_kind: str, encoding: str, now: Instant) -> None:
    """Record that a run begins."""
    tx.run(
        statements["start_import"],
        id=import_id,
        file_digest=file_digest,
        file_kind=file_kind,
        encoding=encoding,
        now=now,
    )


def count_import(tx: Tx, *, import_id: UUID, counts: dict[str, int], finished_at: Instant | None) -> None:
    """Add a batch to a run's counts."""
    tx.run(
        statements["count_import"],
        id=import_id,
        new_count=counts.get("new", 0),
        changed_count=counts.get("changed", 0),
        unchanged_count=counts.get("unchanged", 0),
        refused_count=counts.get("refused", 0),
        finished_at=finished_at,
    )


def record_in_directory(tx: Tx, region: RegionCode, rows: PreparedRows, places: Sequence[int]) -> None:
    """Say in the directory that the region registers these persons. One entry per person, its end that of her last
    line.
    """
    ends: dict[bytes, tuple[UUID, date | None]] = {}
    for place in places:
        key, end = rows.id_digest[place], rows.until_on[place]
        known = ends.get(key)
        if known is not None and (known[1] is None or (end is not None and known[1] >= end)):
            continue
        ends[key] = (rows.person_id[place], end)
    tx.run(
        statements["record_in_directory"],
        registering_region=int(region),
        id_digests=list(ends),
        person_ids=[person_id for person_id, _ in ends.values()],
        enrolled_until_on=[end for _, end in ends.values()],
    )


def registrations_in_several_regions(id_digests: Sequence[bytes]) -> list[Registration]:
    """Of these numbers, those that several regions register."""
    with national_reading() as reader:
        return reader.rows(
            statements["list_registrations_in_several_regions"], Registration, id_digests=list(id_digests)
        )


def flag_elsewhere(tx: Tx, flags: dict[UUID, bool]) -> int:
    """Set whether other regions claim these persons; answers how many rows moved."""
    ordered = sorted(flags)
    return tx.run(statements["flag_elsewhere"], ids=ordered, elsewhere=[flags[person_id] for person_id in ordered])


def regions_of_number(id_digest: bytes) -> list[tuple[int, UUID]]:
    """The regions that register a number, with the person's id in each."""
    with national_reading() as reader:
        return [(int(region), person_id) for region, person_id in reader.tuples(
            statements["list_regions_of_number"], id_digest=id_digest)]  # fmt: skip


def name_row(region: RegionCode, person_id: UUID) -> NameRow | None:
    """What a look-up compares, or None."""
    with reading(region) as reader:
        rows = reader.tuples(statements["read_name_digest"], id=person_id)
    return NameRow(id_digest=rows[0][0], name_digest=rows[0][1], elsewhere=rows[0][2]) if rows else None


def persons(region: RegionCode, person_ids: Sequence[UUID]) -> list[PersonRow]:
    """Persons by id, still sealed."""
    with reading(region) as reader:
        return reader.rows(statements["list_persons"], PersonRow, ids=list(person_ids))


def enrolments_in_force(region: RegionCode, person_ids: Sequence[UUID]) -> list[EnrolmentRow]:
    """The enrolment lines in force of persons."""
    with reading(region) as reader:
        return reader.rows(statements["list_enrolments_in_force"], EnrolmentRow, person_ids=list(person_ids))


def identities(region: RegionCode, person_ids: Sequence[UUID]) -> list[IdentityRow]:
    """The special identities of persons."""
    with reading(region) as reader:
        return reader.rows(statements["list_identities"], IdentityRow, person_ids=list(person_ids))


def findings(region: RegionCode, statement: str) -> list[FindingRow]:
    """What an auditing statement finds in a region."""
    with reading(region) as reader:
        return reader.rows(statements[statement], FindingRow, limit=FINDINGS_MAX)


def reseal_under_current_key(tx: Tx, *, limit: int) -> int:
    """Re-seal at most `limit` rows that an older key sealed, persons before their history; answers how many."""
    done = _reseal_table(tx, PERSON_TABLE, "list_persons_sealed_by_older_keys", "reseal_persons", limit)
    return done or _reseal_table(tx, HISTORY_TABLE, "list_history_sealed_by_older_keys", "reseal_history", limit)


def _reseal_table(tx: Tx, table: str, listing: str, renewing: str, limit: int) -> int:
    assert tx.region is not None, "a register is re-sealed region by region"
    current_key = ring().current_id
    found = tx.rows(statements[listing], SealedRow, current_key=current_key, limit=limit)
    if found:
        renewed = [reseal(row.sealed, context=row_context(table, tx.region, row.id)) for row in found]
        tx.run(statements[renewing], ids=[row.id for row in found], sealed=renewed, current_key=current_key)
    return len(found)
