"""Foreign keys within a region, and the views through which rooms above read the register set-wise."""

from __future__ import annotations

from django.db import migrations

FOREIGN_KEYS = (
    ("registry_person", "registry_person_family_fk", "family_id", "registry_family"),
    ("registry_person_history", "registry_history_person_fk", "person_id", "registry_person"),
    ("registry_enrolment", "registry_enrolment_person_fk", "person_id", "registry_person"),
    ("registry_identity", "registry_identity_person_fk", "person_id", "registry_person"),
)

ENROLLED_VIEW = """
CREATE VIEW registry_public_enrolled AS
SELECT enrolment.region_code,
       enrolment.person_id,
       enrolment.scheme_code,
       enrolment.category_code,
       enrolment.tier,
       enrolment.place,
       person.born_on,
       enrolment.enrolled_on AS enrolled_from_on,
       enrolment.until_on AS enrolled_until_on,
       person.died_on,
       person.last_insured_year,
       person.elsewhere
FROM registry_enrolment AS enrolment
JOIN registry_person AS person ON person.region_code = enrolment.region_code AND person.id = enrolment.person_id
WHERE enrolment.replaced_at IS NULL
"""

IDENTITY_VIEW = """
CREATE VIEW registry_public_identity AS
SELECT region_code, person_id, identity_code, from_on, until_on
FROM registry_identity
WHERE until_on IS NULL OR until_on > from_on
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (region_code, {column}) "
                f"REFERENCES {target} (region_code, id) NOT DEFERRABLE",
                f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            )
            for table, name, column, target in FOREIGN_KEYS
        ),
        migrations.RunSQL(ENROLLED_VIEW, "DROP VIEW registry_public_enrolled"),
        migrations.RunSQL(IDENTITY_VIEW, "DROP VIEW registry_public_identity"),
    ]
