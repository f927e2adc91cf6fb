"""Calls the intake as an ASGI server does."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from canbao.doors.callbacks.notices import Intake


@dataclass(frozen=True, slots=True)
class Said:
    """What the intake answered, and how many pieces of the body it asked for."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces_read: int


async def call(
    intake: Intake,
    body: bytes = b"",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    *,
    path: str = "/notices/wechat",
    method: str = "POST",
    pieces: Sequence[bytes] | None = None,
    client: str = "203.0.113.9",
) -> Said:
    """One request; `pieces` sends the body in parts, and nothing after them."""
    parts = list(pieces) if pieces is not None else [body]
    sent: list[MutableMapping[str, Any]] = []
    read = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal read
        if read >= len(parts):
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": parts[read - 1], "more_body": read < len(parts)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    pairs = headers.items() if isinstance(headers, Mapping) else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "client": (client, 40_000),
    }
    await intake(scope, receive, send)
    start, content = sent
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    return Said(start["status"], answered, content["body"], read)
