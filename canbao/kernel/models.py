"""The kernel's own tables: kept answers, events to deliver, limits, and rows found by no room."""

from __future__ import annotations

from django.db import models

APPEND_ONLY: tuple[str, ...] = ()


class IdempotencyAnswer(models.Model):
    """The answer kept for a key: the same request gets it again, another request under the key is refused."""

    pk = models.CompositePrimaryKey("region_code", "scope", "key")
    region_code = models.IntegerField()
    scope = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    request_hash = models.BinaryField()
    answer = models.JSONField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "kernel"
        db_table = "kernel_idempotency_answer"


class OutboxEvent(models.Model):
    """Something that may follow the money, written with it and delivered after it."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    name = models.CharField(max_length=60)
    payload = models.JSONField()
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, default="")

    class Meta:
        app_label = "kernel"
        db_table = "kernel_outbox_event"
        indexes = (
            models.Index(
                fields=("region_code", "due_at", "id"),
                name="kernel_outbox_undelivered",
                condition=models.Q(delivered_at__isnull=True),
            ),
        )


class Throttle(models.Model):
    """How often a subject (by digest) came in a window of time; local, and swept."""

    pk = models.CompositePrimaryKey("bucket", "subject", "window_starts_at")
    bucket = models.CharField(max_length=40)
    subject = models.BinaryField()
    window_starts_at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        app_label = "kernel"
        db_table = "kernel_throttle"
        indexes = (models.Index(fields=("window_starts_at",), name="kernel_throttle_by_window"),)
