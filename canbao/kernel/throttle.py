"""Limits shared by all processes: how often a subject may come in a window of time.

A subject (an address, an ID number) is kept as a keyed digest only. Counting is one statement, also when the limit is
already reached, so that a throttled caller takes as long as any other. Rows are swept once their window is over.
"""

from __future__ import annotations

from datetime import timedelta

from canbao.kernel.clock import Instant
from canbao.kernel.connections import connection
from canbao.kernel.sealing import digest
from canbao.kernel.sql import Statements, Tx

statements = Statements(__package__)


def allow(bucket: str, subject: str, *, limit: int, per_s: int, now: Instant) -> bool:
    """Count one more coming of the subject and say whether it is within the limit of this window."""
    since_epoch = int(now.timestamp())
    window_starts_at = now - timedelta(seconds=since_epoch % per_s, microseconds=now.microsecond)
    with connection() as session:
        counted = Tx(session, None).scalars(
            statements["count_coming"],
            bucket=bucket,
            subject=digest("throttle", subject),
            window_starts_at=window_starts_at,
        )
    return int(counted[0]) <= limit


def sweep(*, before: Instant) -> int:
    """Forget windows that began before an instant; answers how many rows went."""
    with connection() as session:
        return Tx(session, None).run(statements["sweep_throttle"], before=before)
