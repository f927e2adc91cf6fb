"""The most memory that this process had in use at once, as `/proc` tells it, and forgotten before a measurement."""

from __future__ import annotations

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.M)


def forget_peak() -> None:
    """Let the peak begin anew at what is in use now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory in use at once since `forget_peak`, in MiB."""
    found = _PEAK.search(Path("/proc/self/status").read_text())
    assert found is not None, "the kernel tells a process of its memory"
    return int(found.group(1)) / 1024
