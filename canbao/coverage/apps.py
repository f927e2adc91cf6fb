"""The coverage room as a Django app, so that its tables have migrations."""

from __future__ import annotations

from django.apps import AppConfig


class CoverageApp(AppConfig):
    """Who is covered from when until when, and why."""

    name = "canbao.coverage"
    label = "coverage"
