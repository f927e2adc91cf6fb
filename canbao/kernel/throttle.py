"""Limits shared by all processes: how often a subject may come in a window of time.

A subject (an address, an ID number) is kept as a keyed digest only. Counting is one statement, also when the limit is
already reached, so that a throttled caller takes as long as any other. Rows are swept once their window is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from canbao.kernel.clock import Instant
from canbao.kernel.connections import asking, connection
from canbao.kernel.sealing import digest
from canbao.kernel.sql import Statements, Tx

statements = Statements(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A subject of a bucket, which may come so often in a window of so many seconds."""

    bucket: str
    subject: str
    at_most: int
    per_s: int


def allow(bucket: str, subject: str, *, limit: int, per_s: int, now: Instant) -> bool:
    """Count one more coming of the subject and say whether it is within the limit of this window."""
    with asking() as session:
        counted = Tx(session, None).scalars(
            statements["count_coming"],
            bucket=bucket,
            subject=digest("throttle", subject),
            window_starts_at=_window_starts_at(now, per_s),
        )
    return int(counted[0]) <= limit


def allow_both(caller: Limit, asked: Limit, *, now: Instant) -> bool:
    """Count one more coming of a caller and of what he asks for, and say whether both are within their limits.

    One statement and one commit. A caller beyond his own limit takes nothing of what he asks for: the second count
    then falls on a row of his own, so that as much is done and nobody else is locked out.
    """
    assert caller.bucket != asked.bucket, "the two counts are told apart by their buckets"
    with asking() as session:
        rows = Tx(session, None).tuples(
            statements["count_both"],
            caller_bucket=caller.bucket,
            caller_subject=digest("throttle", caller.subject),
            caller_window_starts_at=_window_starts_at(now, caller.per_s),
            caller_at_most=caller.at_most,
            asked_bucket=asked.bucket,
            asked_subject=digest("throttle", asked.subject),
            asked_window_starts_at=_window_starts_at(now, asked.per_s),
            instead_subject=digest("throttle", f"beyond the limit: {caller.subject}"),
        )
    counted: dict[str, int] = dict(rows)
    return counted[caller.bucket] <= caller.at_most and counted[asked.bucket] <= asked.at_most


def sweep(*, before: Instant) -> int:
    """Forget windows that began before an instant; answers how many rows went."""
    with connection() as session:
        return Tx(session, None).run(statements["sweep_throttle"], before=before)


def _window_starts_at(now: Instant, per_s: int) -> Instant:
    return now - timedelta(seconds=int(now.timestamp()) % per_s, microseconds=now.microsecond)
