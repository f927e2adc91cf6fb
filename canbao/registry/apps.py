"""Tells Django that this room owns tables."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryApp(AppConfig):
    """The registry room."""

    name = "canbao.registry"
    label = "registry"
