"""The register's tables. Regional all but one: the directory, which says in which regions a number is registered.

Nothing here is deleted. A change of a person leaves the former row in `registry_person_history`; a change of an
enrolment or an identity ends the old row by date and adds a new one. ID numbers and names lie sealed in one document
per person and are found by keyed digest.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

APPEND_ONLY: tuple[str, ...] = ()


class Family(models.Model):
    """A family (户), by the number that the region's own register gives it."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    family_no = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "registry"
        db_table = "registry_family"
        constraints = (models.UniqueConstraint(fields=("region_code", "family_no"), name="registry_family_no_once"),)


class Person(models.Model):
    """A person as this region registers her. The id derives from the region and the digest of her number."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    id_digest = models.BinaryField()
    name_digest = models.BinaryField()
    sealed = models.BinaryField()
    sealed_key = models.SmallIntegerField()
    id_doc_type = models.CharField(max_length=30)
    born_on = models.DateField()
    sex = models.CharField(max_length=6, null=True)
    family_id = models.UUIDField(null=True)
    died_on = models.DateField(null=True)
    last_insured_year = models.SmallIntegerField(null=True)
    elsewhere = models.BooleanField(default=False)
    content_digest = models.BinaryField()
    import_id = models.UUIDField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "registry"
        db_table = "registry_person"
        constraints = (
            models.UniqueConstraint(fields=("region_code", "id_digest"), name="registry_person_number_once"),
            models.CheckConstraint(
                condition=Q(died_on__isnull=True) | Q(died_on__gte=F("born_on")),
                name="registry_person_dies_after_birth",
            ),
        )
        indexes = (
            models.Index(
                fields=("region_code", "family_id"),
                name="registry_person_by_family",
                condition=Q(family_id__isnull=False),
            ),
            models.Index(fields=("region_code", "sealed_key", "id"), name="registry_person_by_key"),
        )


class PersonHistory(models.Model):
    """What a person's row said before a change. Only the seal is ever renewed, when keys rotate."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    person_id = models.UUIDField()
    name_digest = models.BinaryField()
    sealed = models.BinaryField()
    sealed_key = models.SmallIntegerField()
    id_doc_type = models.CharField(max_length=30)
    born_on = models.DateField()
    sex = models.CharField(max_length=6, null=True)
    family_id = models.UUIDField(null=True)
    died_on = models.DateField(null=True)
    last_insured_year = models.SmallIntegerField(null=True)
    identities = models.TextField()
    content_digest = models.BinaryField()
    import_id = models.UUIDField()
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        app_label = "registry"
        db_table = "registry_person_history"
        indexes = (
            models.Index(fields=("region_code", "person_id", "replaced_at"), name="registry_history_by_person"),
            models.Index(fields=("region_code", "sealed_key", "id"), name="registry_history_by_key"),
        )


class Enrolment(models.Model):
    """A person's enrolment in a scheme under one category. The line in force has no `replaced_at`; there is one at
    most.
    """

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    person_id = models.UUIDField()
    scheme_code = models.CharField(max_length=6)
    category_code = models.CharField(max_length=6)
    tier = models.CharField(max_length=20, null=True)
    place = models.CharField(max_length=100, null=True)
    enrolled_on = models.DateField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    content_digest = models.BinaryField()
    import_id = models.UUIDField()
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "registry"
        db_table = "registry_enrolment"
        constraints = (
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="registry_enrolment_dates_in_order",
            ),
            models.UniqueConstraint(
                fields=("region_code", "person_id", "scheme_code"),
                condition=Q(replaced_at__isnull=True),
                name="registry_enrolment_one_in_force",
            ),
        )
        # A person's lines in force are found by the key above, her former ones by this: no line is in two indexes.
        indexes = (
            models.Index(
                fields=("region_code", "person_id"),
                name="registry_enrolment_replaced",
                condition=Q(replaced_at__isnull=False),
            ),
        )


class Identity(models.Model):
    """A special identity (人员身份) with its begin and end. Several may hold at once."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    person_id = models.UUIDField()
    identity_code = models.CharField(max_length=30)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    import_id = models.UUIDField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "registry"
        db_table = "registry_identity"
        constraints = (
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="registry_identity_dates_in_order",
            ),
            models.UniqueConstraint(
                fields=("region_code", "person_id", "identity_code", "from_on"), name="registry_identity_begins_once"
            ),
        )


class Import(models.Model):
    """One run of an import: which file (by digest) and what came of it."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    file_digest = models.BinaryField()
    file_kind = models.CharField(max_length=4)
    encoding = models.CharField(max_length=10)
    new_count = models.IntegerField(default=0)
    changed_count = models.IntegerField(default=0)
    unchanged_count = models.IntegerField(default=0)
    refused_count = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "registry"
        db_table = "registry_import"
        indexes = (models.Index(fields=("region_code", "started_at"), name="registry_import_by_start"),)


class Directory(models.Model):
    """In which regions a number is registered: national, by digest, written after the region's own transaction."""

    pk = models.CompositePrimaryKey("id_digest", "region_code")
    id_digest = models.BinaryField()
    region_code = models.IntegerField()
    person_id = models.UUIDField()
    enrolled_until_on = models.DateField(null=True)

    class Meta:
        app_label = "registry"
        db_table = "registry_directory"
