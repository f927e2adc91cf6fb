"""How often each call may be made: the channel's own limits, a second of virtual time at a time.

Refund requests have two: a wide one, and a narrow one that counts refused requests alone, after which the rest of
that second is refused too. Calls that are not named here have no limit of their own.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sandbox.wechat.errors import SandboxRefusal

REFUND = "refund"
REFUSED_REFUND = "refused_refund"
USUAL_RATES = {REFUND: 150, REFUSED_REFUND: 6, "refund_query": 300, "trade_bill": 3, "fund_bill": 3}
RATE_MAX = 1_000_000


class CallRates:
    """Counts calls by endpoint within one second of virtual time."""

    def __init__(self) -> None:
        self._per_s = dict(USUAL_RATES)
        self._second = 0
        self._counts: Counter[str] = Counter()

    def listed(self) -> dict[str, int]:
        """Calls a second by name; 0 is no limit."""
        return dict(self._per_s)

    def set(self, name: str, per_s: int) -> None:
        """Change one limit; refused where there is none of this name or the number makes no sense."""
        if name not in self._per_s or not 0 <= per_s <= RATE_MAX:
            sentence = f"{name!r}: {per_s}; set one of {', '.join(self._per_s)} to 0..{RATE_MAX}, 0 being no limit."
            raise SandboxRefusal("rate_unsound", sentence, 400)
        self._per_s[name] = per_s

    def admits(self, endpoint: str, now: datetime) -> bool:
        """Count one call and say whether this second still allows it."""
        second = int(now.timestamp())
        if second != self._second:
            self._second = second
            self._counts.clear()
        self._counts[endpoint] += 1
        is_within = self._is_within(endpoint, self._counts[endpoint])
        return is_within and (endpoint != REFUND or self._is_within(REFUSED_REFUND, self._counts[REFUSED_REFUND] + 1))

    def note_refused(self, endpoint: str) -> None:
        """A call that was admitted was refused for what it asked."""
        if endpoint == REFUND:
            self._counts[REFUSED_REFUND] += 1

    def _is_within(self, name: str, count: int) -> bool:
        per_s = self._per_s.get(name, 0)
        return per_s == 0 or count <= per_s
