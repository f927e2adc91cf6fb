"""The room of orders, notices and captures, as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsApp(AppConfig):
    """Orders, what channels told us, and the money they took."""

    name = "canbao.payments"
    label = "payments"
