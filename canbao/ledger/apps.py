"""The ledger as a Django app, so that its tables have migrations."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerApp(AppConfig):
    """The books."""

    name = "canbao.ledger"
    label = "ledger"
