"""The verification door as a Django application: two pages, no tables."""

from __future__ import annotations

from django.apps import AppConfig


class VerifyApp(AppConfig):
    """Registers the verification door's templates."""

    name = "canbao.doors.verify"
    label = "verify"
    verbose_name = "verification door"
