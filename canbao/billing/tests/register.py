"""A register for billing's tests: persons put straight into the register's tables, with exactly the facts a test is
about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from canbao.kernel.ids import derived_id
from canbao.kernel.regions import RegionCode
from tests.owner import as_owner

AT = datetime(2024, 9, 1, tzinfo=UTC)
ADULT = date(1990, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A person to put into the register."""

    name: str
    born_on: date = ADULT
    category_code: str = "1501"
    identity_codes: tuple[str, ...] = ()
    identities_until_on: date | None = None
    died_on: date | None = None
    enrolled_on: date = date(2020, 1, 1)
    until_on: date | None = None
    elsewhere: bool = False
    last_insured_year: int | None = None
    tier: str | None = None


class Register:
    """The register of one region."""

    def __init__(self, region: RegionCode) -> None:
        self.region = region

    def id_of(self, name: str) -> UUID:
        """The id that a person of the cast has."""
        return derived_id("test.person", int(self.region), name)

    def put(self, *persons: Enrolled) -> list[UUID]:
        """Add persons; answers their ids."""
        ids = [self.id_of(person.name) for person in persons]
        with as_owner() as session, session.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO registry_person (region_code, id, id_digest, name_digest, sealed, "
                "sealed_key, id_doc_type, "
                "born_on, died_on, last_insured_year, elsewhere, content_digest, import_id, recorded_at) "
                "VALUES (%s, %s, %s, '', '', 1, 'resident_card', %s, %s, %s, %s, '', %s, %s)",
                [
                    (
                        self.region,
                        person_id,
                        person_id.bytes,
                        person.born_on,
                        person.died_on,
                        person.last_insured_year,
                        person.elsewhere,
                        person_id,
                        AT,
                    )
                    for person_id, person in zip(ids, persons, strict=True)
                ],
            )
            cursor.executemany(
                "INSERT INTO registry_enrolment (region_code, id, person_id, scheme_code, category_code, tier, "
                "enrolled_on, from_on, until_on, content_digest, import_id, recorded_at) "
                "VALUES (%s, %s, %s, '390', %s, %s, %s, %s, %s, '', %s, %s)",
                [
                    (
                        self.region,
                        person_id,
                        person_id,
                        person.category_code,
                        person.tier,
                        person.enrolled_on,
                        person.enrolled_on,
                        person.until_on,
                        person_id,
                        AT,
                    )
                    for person_id, person in zip(ids, persons, strict=True)
                ],
            )
        for person_id, person in zip(ids, persons, strict=True):
            self.grant(person_id, person.identity_codes, until_on=person.identities_until_on)
        return ids

    def grant(self, person_id: UUID, identity_codes: Sequence[str], *, until_on: date | None = None) -> None:
        """Give a person identities from the beginning of 2024 on."""
        with as_owner() as session:
            for code in identity_codes:
                session.execute(
                    "INSERT INTO registry_identity (region_code, id, person_id, identity_code, from_on, until_on, "
                    "import_id, recorded_at) VALUES (%s, %s, %s, %s, '2024-01-01', %s, %s, %s)",
                    (
                        self.region,
                        derived_id("test.identity", str(person_id), code),
                        person_id,
                        code,
                        until_on,
                        person_id,
                        AT,
                    ),
                )

    def change(self, person_id: UUID, *, column: str, value: object, table: str = "registry_person") -> None:
        """Change one fact of a person."""
        key = "id" if table == "registry_person" else "person_id"
        with as_owner() as session:
            session.execute(
                f"UPDATE {table} SET {column} = %s WHERE region_code = %s AND {key} = %s",
                (value, self.region, person_id),
            )
