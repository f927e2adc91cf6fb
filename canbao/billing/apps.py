"""The billing room as a Django app, so that its tables have migrations."""

from __future__ import annotations

from django.apps import AppConfig


class BillingApp(AppConfig):
    """Bills, how each amount came about, and the runs that made them."""

    name = "canbao.billing"
    label = "billing"
