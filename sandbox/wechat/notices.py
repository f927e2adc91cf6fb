"""Notices: what the channel tells the merchant about a payment or a refund, again and again until it is acknowledged.

A notice goes out at once after the event; if it is not acknowledged with 200 or 204 within five seconds it is
repeated on the channel's ladder, fifteen times over about 24 hours, every time newly signed. The ladder hangs on
virtual time and on the time an attempt was due, not on when it was made, so moving the clock on by a day plays all
of it. Nothing here opens a socket: `due()` hands out finished messages and `record()` takes what became of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row

from sandbox.clock import from_ms, rfc3339, to_ms
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.faults import Endpoint, Fault, FaultBook, Rule, Stage
from sandbox.wechat.fields import Body
from sandbox.wechat.limits import KEPT_ATTEMPTS_MAX
from sandbox.wechat.notice_message import Message, NoticeFacts, Sealer
from sandbox.wechat.store import Ids, Store

# 15s 15s 30s 3m 10m 20m 30m 30m 30m 60m 3h 3h 3h 6h 6h, from the channel's notice page.
LADDER = tuple(
    timedelta(seconds=seconds)
    for seconds in (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
)
ANSWER_WITHIN_S = 5.0
ACKNOWLEDGING = (200, 204)
DUE_AT_ONCE_MAX = 500
SUCCESS = "TRANSACTION.SUCCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingNotice:
    """One message to be posted now. Messages of one `burst` belong together: at once, or one after the other."""

    attempt_id: int
    notice_id: str
    out_trade_no: str
    out_refund_no: str
    url: str
    headers: dict[str, str]
    body: bytes
    burst: int
    is_concurrent: bool
    is_extra: bool


class NoticeBook:
    """Every notice and every attempt to deliver it."""

    def __init__(self, *, store: Store, ids: Ids, faults: FaultBook, sealer: Sealer) -> None:
        self._store = store
        self._ids = ids
        self._faults = faults
        self._sealer = sealer
        self._is_holding_all = False
        self._burst = 0
        # What a former process was sending when it ended is sent again.
        self._store.run("UPDATE notice SET state = 'waiting' WHERE state = 'sending'")

    def announce(
        self,
        out_trade_no: str,
        url: str,
        resource: Body,
        now: datetime,
        *,
        event_type: str = SUCCESS,
        out_refund_no: str = "",
        is_v2: bool = False,
    ) -> str:
        """A payment happened, or a refund ended: put its notice in line, due at once. Returns the notice's id."""
        notice_id = self._ids.notice_id()
        self._store.insert(
            "notice",
            {
                "notice_id": notice_id,
                "out_trade_no": out_trade_no,
                "out_refund_no": out_refund_no,
                "event_type": event_type,
                "is_v2": int(is_v2),
                "url": url,
                "resource": json.dumps(resource, ensure_ascii=False),
                "created_at": to_ms(now),
                "next_at": to_ms(now),
                "state": "waiting",
                "is_held": int(self._is_holding_all),
            },
        )
        return notice_id

    def due(self, now: datetime, *, out_trade_no: str = "") -> list[OutgoingNotice]:
        """The messages to be sent now, in order; each must be answered by one `record()`."""
        rows = self._store.rows(
            "SELECT * FROM notice WHERE state = 'waiting' AND is_held = 0 AND next_at <= ? "
            "AND (? = '' OR out_trade_no = ?) ORDER BY next_at, sequence LIMIT ?",
            (to_ms(now), out_trade_no, out_trade_no, DUE_AT_ONCE_MAX),
        )
        messages: list[OutgoingNotice] = []
        with self._store.transaction():
            for row in rows:
                messages += self._prepare(row, now)
        return messages

    def next_due_at(self) -> datetime | None:
        """When the next notice wants to be sent; None where none waits."""
        row = self._store.row(
            "SELECT next_at FROM notice WHERE state = 'waiting' AND is_held = 0 ORDER BY next_at, sequence LIMIT 1"
        )
        return None if row is None else from_ms(row["next_at"])

    def record(self, message: OutgoingNotice, outcome: int | str) -> None:
        """What became of a message: the status answered, or a word for silence. Extra copies move no ladder."""
        with self._store.transaction():
            self._store.run("UPDATE attempt SET outcome = ? WHERE attempt_id = ?", (str(outcome), message.attempt_id))
            if message.is_extra:
                return
            self._close_try(message.notice_id, is_acknowledged=outcome in ACKNOWLEDGING)
            # Whatever had to wait for a later notice has now been overtaken by this one.
            self._store.run(
                "UPDATE notice SET state = 'waiting' WHERE state = 'overtaken' AND notice_id <> ? "
                "AND (overtaken_by = '' OR (? <> '' AND out_trade_no = ?))",
                (message.notice_id, message.out_refund_no, message.out_trade_no),
            )

    def replay(
        self, notice_id: str, now: datetime, *, is_original: bool, copies: int, is_concurrent: bool
    ) -> list[OutgoingNotice]:
        """Messages of a notice once more, outside its ladder: newly signed, or byte for byte as first sent."""
        row = self._named(notice_id)
        first = self._first_sent(notice_id) if is_original else None
        message = first or self._sealer.seal(_facts(row), (), self._turn(), now)
        self._burst += 1
        return [
            self._outgoing(row, message, (), now, is_extra=True, is_concurrent=is_concurrent) for _ in range(copies)
        ]

    def hold(self) -> None:
        """Keep every notice back, those to come as well."""
        self._is_holding_all = True
        self._store.run("UPDATE notice SET is_held = 1 WHERE state = 'waiting'")

    def release(self, notice_ids: Sequence[str] = ()) -> None:
        """Let held notices go: all, or these in this order (which is how they are reordered)."""
        for notice_id in notice_ids:
            self._named(notice_id)
        with self._store.transaction():
            if not notice_ids:
                self._is_holding_all = False
                self._store.run("UPDATE notice SET is_held = 0")
            for place, notice_id in enumerate(reversed(notice_ids)):
                # An earlier due time puts a notice further ahead in line.
                self._store.run(
                    "UPDATE notice SET is_held = 0, next_at = coalesce("
                    "(SELECT min(next_at) FROM notice WHERE state = 'waiting'), next_at) - ? "
                    "WHERE notice_id = ?",
                    (place + 1, notice_id),
                )

    def listed(self, out_trade_no: str = "") -> list[dict[str, object]]:
        """Notices with their attempts, oldest first; message bytes left out."""
        rows = self._store.rows(
            "SELECT * FROM notice WHERE ? = '' OR out_trade_no = ? ORDER BY sequence", (out_trade_no, out_trade_no)
        )
        return [self._shown(row) for row in rows]

    def _shown(self, row: Row) -> dict[str, object]:
        attempts = self._store.rows(
            "SELECT sent_at, is_extra, faults, outcome FROM attempt WHERE notice_id = ? ORDER BY attempt_id",
            (row["notice_id"],),
        )
        return {
            "notice_id": row["notice_id"],
            "out_trade_no": row["out_trade_no"],
            "out_refund_no": row["out_refund_no"],
            "event_type": row["event_type"],
            "url": row["url"],
            "state": row["state"],
            "is_held": bool(row["is_held"]),
            "tries_count": row["tries_count"],
            "next_at": rfc3339(from_ms(row["next_at"])),
            "attempts": [
                {
                    "sent_at": rfc3339(from_ms(one["sent_at"])),
                    "is_extra": bool(one["is_extra"]),
                    "faults": json.loads(one["faults"]),
                    "outcome": one["outcome"],
                }
                for one in attempts
            ],
        }

    def _prepare(self, row: Row, now: datetime) -> list[OutgoingNotice]:
        place = Endpoint.REFUND_NOTICE if row["out_refund_no"] else Endpoint.NOTICE
        rules = self._faults.take(Stage.NOTICE, place, row["out_trade_no"])
        by_fault = {rule.fault: rule for rule in rules}
        notice_id = row["notice_id"]
        if (stop := by_fault.get(Fault.NOTICE_STOP_AFTER_TRIES)) and row["tries_count"] >= stop.count:
            self._set_state(notice_id, "exhausted")
            return []
        if delay := by_fault.get(Fault.NOTICE_DELAY):
            later_by_ms = int(delay.seconds * 1000)
            self._store.run("UPDATE notice SET next_at = next_at + ? WHERE notice_id = ?", (later_by_ms, notice_id))
            return []
        if Fault.NOTICE_OUT_OF_ORDER in by_fault:
            self._set_state(notice_id, "overtaken")
            return []
        if Fault.NOTICE_AFTER_REFUND in by_fault and not row["out_refund_no"]:
            self._store.run(
                "UPDATE notice SET state = 'overtaken', overtaken_by = 'refund' WHERE notice_id = ?", (notice_id,)
            )
            return []
        self._burst += 1
        if Fault.NOTICE_DROP in by_fault:
            message = self._sealer.seal(_facts(row), rules, self._turn(), now)
            self._outgoing(row, message, rules, now, is_extra=False, is_concurrent=False, outcome="dropped")
            self._close_try(notice_id, is_acknowledged=False)
            return []
        self._set_state(notice_id, "sending")
        return self._messages(row, rules, by_fault, now)

    def _messages(
        self, row: Row, rules: Sequence[Rule], by_fault: dict[Fault, Rule], now: datetime
    ) -> list[OutgoingNotice]:
        messages: list[OutgoingNotice] = []
        if Fault.NOTICE_REPLAYED_OLD in by_fault and (oldest := self._oldest_sent()) is not None:
            messages.append(self._outgoing(row, oldest, rules, now, is_extra=True, is_concurrent=False))
        concurrent = by_fault.get(Fault.NOTICE_DUPLICATE_CONCURRENT)
        copies = max(
            (rule.count for rule in (by_fault.get(Fault.NOTICE_DUPLICATE), concurrent) if rule is not None), default=0
        )
        message = self._sealer.seal(_facts(row), rules, self._turn(), now)
        for copy in range(1 + copies):
            messages.append(
                self._outgoing(row, message, rules, now, is_extra=copy > 0, is_concurrent=concurrent is not None)
            )
        return messages

    def _outgoing(
        self,
        row: Row,
        message: Message,
        rules: Sequence[Rule],
        now: datetime,
        *,
        is_extra: bool,
        is_concurrent: bool,
        outcome: str = "sending",
    ) -> OutgoingNotice:
        attempt_id = self._store.insert(
            "attempt",
            {
                "notice_id": row["notice_id"],
                "sent_at": to_ms(now),
                "is_extra": int(is_extra),
                "faults": json.dumps([rule.fault.value for rule in rules]),
                "outcome": outcome,
                "headers": json.dumps(message.headers),
                "body": message.body,
            },
        )
        self._store.run("DELETE FROM attempt WHERE attempt_id <= ?", (attempt_id - KEPT_ATTEMPTS_MAX,))
        return OutgoingNotice(
            attempt_id=attempt_id,
            notice_id=row["notice_id"],
            out_trade_no=row["out_trade_no"],
            out_refund_no=row["out_refund_no"],
            url=row["url"],
            headers=message.headers,
            body=message.body,
            burst=self._burst,
            is_concurrent=is_concurrent,
            is_extra=is_extra,
        )

    def _close_try(self, notice_id: str, *, is_acknowledged: bool) -> None:
        """Count one try and say what follows: done, the next rung, or the end of the ladder."""
        row = self._named(notice_id)
        tries_count = int(row["tries_count"]) + 1
        state, next_at = "waiting", int(row["next_at"])
        if is_acknowledged:
            state = "acknowledged"
        elif tries_count > len(LADDER):
            state = "exhausted"
        else:
            next_at += LADDER[tries_count - 1] // timedelta(milliseconds=1)
        self._store.run(
            "UPDATE notice SET tries_count = ?, state = ?, next_at = ? WHERE notice_id = ?",
            (tries_count, state, next_at, notice_id),
        )

    def _turn(self) -> int:
        return self._store.number("SELECT coalesce(max(attempt_id), 0) FROM attempt")

    def _set_state(self, notice_id: str, state: str) -> None:
        self._store.run("UPDATE notice SET state = ? WHERE notice_id = ?", (state, notice_id))

    def _named(self, notice_id: str) -> Row:
        row = self._store.row("SELECT * FROM notice WHERE notice_id = ?", (notice_id,))
        if row is None:
            raise SandboxRefusal("notice_unknown", f"There is no notice {notice_id}; list the notices.", 404)
        return row

    def _first_sent(self, notice_id: str) -> Message:
        row = self._store.row(
            "SELECT headers, body FROM attempt WHERE notice_id = ? ORDER BY attempt_id LIMIT 1", (notice_id,)
        )
        if row is None:
            raise SandboxRefusal(
                "notice_never_sent", f"Notice {notice_id} was never sent, so it has no original bytes."
            )
        return Message(headers=json.loads(row["headers"]), body=row["body"])

    def _oldest_sent(self) -> Message | None:
        row = self._store.row(
            "SELECT headers, body FROM attempt WHERE outcome <> 'dropped' ORDER BY attempt_id LIMIT 1"
        )
        return None if row is None else Message(headers=json.loads(row["headers"]), body=row["body"])


def _facts(row: Row) -> NoticeFacts:
    return NoticeFacts(
        notice_id=row["notice_id"],
        event_type=row["event_type"],
        created_at=from_ms(row["created_at"]),
        resource=json.loads(row["resource"]),
        is_v2=bool(row["is_v2"]),
    )
