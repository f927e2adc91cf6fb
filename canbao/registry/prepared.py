"""Rows on their way into the database: checked, digested and sealed, as columns.

This is the expensive step of an import, a hundred microseconds a row, and needs no database: a second process can do
it. The columns of `PreparedRows` are the arrays that the statements take. Content digests are keyed, as everything
made of an ID number is; a row whose digests are known has nothing new to say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from uuid import UUID

from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from canbao.kernel.sealing import digest, ring, row_context, seal
from canbao.registry.columns import Layout
from canbao.registry.names import matching_form
from canbao.registry.rows import Held, RegisterRow, RowProblem, read_row

PERSON_TABLE = "registry_person"
HISTORY_TABLE = "registry_person_history"


@dataclass(slots=True, kw_only=True)
class PreparedRows:
    """Rows as columns, one place per row in each list. `person_digest` covers the person, `line_digest` the
    enrolment.
    """

    line: list[int] = field(default_factory=list)
    person_id: list[UUID] = field(default_factory=list)
    id_digest: list[bytes] = field(default_factory=list)
    name_digest: list[bytes] = field(default_factory=list)
    sealed: list[bytes] = field(default_factory=list)
    id_doc_type: list[str] = field(default_factory=list)
    born_on: list[date] = field(default_factory=list)
    sex: list[str | None] = field(default_factory=list)
    family_no: list[str | None] = field(default_factory=list)
    family_id: list[UUID | None] = field(default_factory=list)
    died_on: list[date | None] = field(default_factory=list)
    last_insured_year: list[int | None] = field(default_factory=list)
    person_digest: list[bytes] = field(default_factory=list)
    identities: list[tuple[Held, ...]] = field(default_factory=list)
    scheme_code: list[str] = field(default_factory=list)
    category_code: list[str] = field(default_factory=list)
    tier: list[str | None] = field(default_factory=list)
    place: list[str | None] = field(default_factory=list)
    enrolled_on: list[date] = field(default_factory=list)
    until_on: list[date | None] = field(default_factory=list)
    line_digest: list[bytes] = field(default_factory=list)
    sealed_key: int = 0

    def __len__(self) -> int:
        return len(self.line)

    def without(self, places: Collection[int]) -> PreparedRows:
        """The same rows but those at these places."""
        if not places:
            return self
        kept = [place for place in range(len(self)) if place not in places]
        columns = {
            column.name: [getattr(self, column.name)[place] for place in kept]
            for column in fields(self)
            if column.name != "sealed_key"
        }
        return PreparedRows(sealed_key=self.sealed_key, **columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChunk:
    """What became of a run of lines: rows ready to be written, and what is wrong with the others."""

    rows: PreparedRows
    problems: list[RowProblem]
    line_count: int


def prepare(
    region: RegionCode, lines: Sequence[tuple[int, Sequence[str]]], layout: Layout, today: date
) -> PreparedChunk:
    """Check, digest and seal a run of lines. Pure but for the key ring; safe in another process."""
    rows, problems = PreparedRows(sealed_key=ring().current_id), list[RowProblem]()
    for line, cells in lines:
        row, found = read_row(line, cells, layout, today=today)
        problems += found
        if row is not None:
            append_row(rows, region, row)
    return PreparedChunk(rows=rows, problems=problems, line_count=len(lines))


def append_row(rows: PreparedRows, region: RegionCode, row: RegisterRow) -> None:
    """Digest and seal one row and append it to the columns."""
    id_digest = number_digest(row.document.matching)
    person_id = derived_id("person", region, id_digest.hex())
    document = {"id_no": row.document.number, "name": row.name, "doc_type": row.document.document_type.value}
    rows.line.append(row.line)
    rows.person_id.append(person_id)
    rows.id_digest.append(id_digest)
    rows.name_digest.append(name_digest(row.name))
    rows.sealed.append(seal(document, context=row_context(PERSON_TABLE, region, person_id)))
    rows.id_doc_type.append(row.document.document_type.value)
    rows.born_on.append(row.born_on)
    rows.sex.append(row.sex.value if row.sex is not None else None)
    rows.family_no.append(row.family_no)
    rows.family_id.append(_family_id(region, row.family_no) if row.family_no is not None else None)
    rows.died_on.append(row.died_on)
    rows.last_insured_year.append(row.last_insured_year)
    rows.person_digest.append(_content(*document.values(), row.born_on, row.family_no, row.died_on,
                                       row.last_insured_year, *map(_stated, row.identities)))  # fmt: skip
    rows.identities.append(row.identities)
    rows.scheme_code.append(row.scheme_code)
    rows.category_code.append(row.category_code)
    rows.tier.append(row.tier)
    rows.place.append(row.place)
    rows.enrolled_on.append(row.enrolled_on)
    rows.until_on.append(row.until_on)
    rows.line_digest.append(
        _content(row.scheme_code, row.category_code, row.tier, row.place, row.enrolled_on, row.until_on)
    )


@lru_cache(maxsize=1024)
def _family_id(region: RegionCode, family_no: str) -> UUID:
    """A family's members stand together in a file, so the last ids are kept."""
    return derived_id("family", region, family_no)


def number_digest(matching: str) -> bytes:
    """The digest by which a person is found, from the matching form of her number."""
    return digest("id_no", matching)


def name_digest(name: str) -> bytes:
    """The digest against which a name is compared."""
    return digest("name", matching_form(name))


def _stated(held: Held) -> str:
    return f"{held.identity_code}:{held.from_on}:{held.until_on}"


def _content(*parts: object) -> bytes:
    return digest("registry_row", "\x1f".join(map(str, parts)))
