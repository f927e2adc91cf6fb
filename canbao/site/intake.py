"""The ASGI application that granian serves for channels' notices (`canbao intake`)."""

from __future__ import annotations

from canbao.site.start import prepare

prepare()

from canbao.doors.callbacks.notices import Intake  # noqa: E402  (Django must be set up before rooms are imported)
from canbao.kernel.environment import process_clock  # noqa: E402  (as above)

application = Intake(process_clock())
