"""What the sandbox takes at most, so that a run-away client or a forgotten process does no harm.

The channel itself limits by merchant and call; here one rate over everything is enough to show `FREQUENCY_LIMITED`,
and two totals (requests, run time) end a process that nobody watches.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

BODY_BYTES_MAX = 1 << 20
CONTROL_BODY_BYTES_MAX = 32 << 20
HEADER_BYTES_MAX = 64 << 10
LOG_LINES_MAX = 2_000
KEPT_ATTEMPTS_MAX = 20_000
BULK_NOTICES_MAX = 200_000
PAYERS_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests a second, requests in all, and seconds of run time; zero means without that limit."""

    rate_per_s: int = 2_000
    requests_max: int = 20_000_000
    run_s: int = 7 * 24 * 3600


class Gauge:
    """Counts requests against the limits; one per gateway."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._second = 0
        self._in_second_count = 0
        self.request_count = 0

    def admits(self) -> bool:
        """Count one request and say whether the rate of this second still allows it."""
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._in_second_count = 0
        self._in_second_count += 1
        self.request_count += 1
        return self._limits.rate_per_s == 0 or self._in_second_count <= self._limits.rate_per_s

    def is_spent(self) -> bool:
        """Whether the total number of requests is used up; the sandbox then refuses everything."""
        return 0 < self._limits.requests_max < self.request_count
