"""Tells Django that this room owns tables."""

from __future__ import annotations

from django.apps import AppConfig


class PolicyApp(AppConfig):
    """The policy room."""

    name = "canbao.policy"
    label = "policy"
