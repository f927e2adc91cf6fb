"""The room's tables: regions and schemes as people see them, and every version of every parameter file ever
published.

All three are reference tables: small, national, rarely written, and on a sharded database copied to every node. A
version is never changed: what was in force on a day can be shown years later, and a bill names the version it was
made by.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

APPEND_ONLY: tuple[str, ...] = ("policy_version",)


class Region(models.Model):
    """A pooling area (统筹区) that takes part, in the words of its newest publication."""

    region_code = models.IntegerField(primary_key=True)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    phone_area_code = models.CharField(max_length=4)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "policy"
        db_table = "policy_region"
        constraints = (
            models.CheckConstraint(condition=Q(region_code__range=(100000, 999999)), name="policy_region_six_digits"),
        )


class Scheme(models.Model):
    """A scheme (险种), by its national code."""

    scheme_code = models.CharField(primary_key=True, max_length=5)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "policy"
        db_table = "policy_scheme"


class Version(models.Model):
    """One published state of a region's parameters for a scheme and an insured year. Append only."""

    id = models.UUIDField(primary_key=True)
    region_code = models.IntegerField()
    scheme_code = models.CharField(max_length=5)
    insured_year = models.SmallIntegerField()
    version_no = models.IntegerField()
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    published_by = models.CharField(max_length=80)
    published_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "policy"
        db_table = "policy_version"
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "scheme_code", "insured_year", "version_no"), name="policy_version_numbered"
            ),
            models.CheckConstraint(condition=Q(version_no__gte=1), name="policy_version_counts_from_one"),
            models.CheckConstraint(condition=Q(insured_year__range=(1949, 2999)), name="policy_version_year"),
        )
