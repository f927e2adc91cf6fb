"""The intake's tests hear the played channel's own notices, taken from a letterbox and posted by the test."""

from __future__ import annotations

from tests.world import letterbox, played_channel, sandbox, town, world

__all__ = ["letterbox", "played_channel", "sandbox", "town", "world"]
