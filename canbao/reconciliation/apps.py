"""The reconciliation room as a Django app, so that its tables have migrations."""

from __future__ import annotations

from django.apps import AppConfig


class ReconciliationApp(AppConfig):
    """What channels list for a day, and how it fits what we know."""

    name = "canbao.reconciliation"
    label = "reconciliation"
