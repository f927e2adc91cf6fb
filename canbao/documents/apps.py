"""Tells Django that this room owns tables."""

from __future__ import annotations

from django.apps import AppConfig


class DocumentsApp(AppConfig):
    """The documents room."""

    name = "canbao.documents"
    label = "documents"
