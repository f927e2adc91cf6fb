"""The view of enrolments costs a reader only what it asks for.

PostgreSQL carries an equality from one side of a join to the other, but not a bound: whoever asked for a run of persons
by the enrolment's column alone had every person of the region before that run read as well. `registered_id` is the same
person from her own row, so that a reader can bound both sides. The join is an outer one, although a foreign key sees to
it that every enrolment has its person: PostgreSQL leaves an outer join out where nothing is asked of it, as in a count.
"""

from __future__ import annotations

from django.db import migrations

BEFORE = """
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
AFTER = BEFORE.replace("CREATE VIEW", "CREATE OR REPLACE VIEW").replace(
    "person.elsewhere\nFROM registry_enrolment AS enrolment\nJOIN",
    "person.elsewhere,\n       person.id AS registered_id\nFROM registry_enrolment AS enrolment\nLEFT JOIN",
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_keys_and_views")]

    operations = [
        migrations.RunSQL(AFTER, f"DROP VIEW registry_public_enrolled; {BEFORE}"),
    ]
