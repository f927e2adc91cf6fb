"""Tests of whole processes that stand in the shared world."""

from __future__ import annotations

from tests.world import letterbox, played_channel, sandbox, town, world

__all__ = ["letterbox", "played_channel", "sandbox", "town", "world"]
