"""The crash test stands in the shared world, with real processes beside it."""

from __future__ import annotations

from tests.world import letterbox, played_channel, sandbox, town, world

__all__ = ["letterbox", "played_channel", "sandbox", "town", "world"]
