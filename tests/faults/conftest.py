"""The matrix is played in the shared town, with the channel in this process."""

from __future__ import annotations

from tests.faults.played import keys_of_the_channel, played
from tests.world import town

__all__ = ["keys_of_the_channel", "played", "town"]
