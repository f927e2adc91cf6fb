"""The citizen door as a Django application: pages only; what it shows lives in the rooms, what it does in the
journeys.
"""

from __future__ import annotations

from django.apps import AppConfig


class CitizenApp(AppConfig):
    """Registers the citizen door's templates."""

    name = "canbao.doors.citizen"
    label = "citizen"
    verbose_name = "citizen door"
