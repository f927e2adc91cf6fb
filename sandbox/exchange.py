"""One exchange over HTTP as the played channels see it: the request, the answer, and what the transport does.

The server (`sandbox.server`) and every channel speak of exchanges in these words, so that neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class TransportAct(StrEnum):
    """What happens to the connection instead of, or around, a plain answer."""

    REFUSE = "refuse"
    RESET = "reset"
    HANG = "hang"
    RESET_IN_BODY = "reset_in_body"
    TRUNCATE = "truncate"
    DRIP = "drip"
    AFTER_NOTICE = "after_notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it came: `target` is the raw path with its query, exactly what the caller signed."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query, still encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark; empty where there is none."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, and what the transport does with it (`seconds` for acts that take time)."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    act: TransportAct | None = None
    seconds: float = 0.0
    is_processed: bool = True


def request_of(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    """A request with its header names in lower case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(method=method.upper(), target=target, headers=lowered, body=body)
