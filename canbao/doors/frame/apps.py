"""The page frame as a Django application: it brings templates, template tags and assets, and has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class FrameApp(AppConfig):
    """Registers the frame's templates and tags."""

    name = "canbao.doors.frame"
    label = "frame"
    verbose_name = "page frame"
