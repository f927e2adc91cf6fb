"""The kernel as a Django app, so that its few tables have migrations."""

from __future__ import annotations

from django.apps import AppConfig


class KernelApp(AppConfig):
    """Kept answers, the outbox and the limits."""

    name = "canbao.kernel"
    label = "kernel"
