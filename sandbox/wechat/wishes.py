"""What the control plane is asked and what it says: a wish whose values are read with their types, a reply, and both
as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs

from sandbox.exchange import Answer, Request
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.notices import OutgoingNotice
from sandbox.wechat.wire import JSON

Content = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the control plane says, and messages to be delivered (in order) before it is said."""

    content: Content
    status: int = 200
    messages: list[OutgoingNotice] = field(default_factory=list)
    is_draining: bool = False


class Wish:
    """A request's values, each read with its type; a wrong one is refused by name."""

    def __init__(self, content: Content, path_value: str = "") -> None:
        self._content = content
        self.path_value = path_value

    def text(self, name: str, default: str = "") -> str:
        """A text; the default where it is left out."""
        value = self._content.get(name, default)
        if not isinstance(value, str):
            raise SandboxRefusal("value_wrong", f"{name} must be a text.", 400)
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number; without a default it must be there."""
        value = self._content.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise SandboxRefusal("value_wrong", f"{name} must be a whole number.", 400)
        return value

    def number(self, name: str, default: float) -> float:
        """A number, whole or not."""
        value = self._content.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SandboxRefusal("value_wrong", f"{name} must be a number.", 400)
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false; false where it is left out."""
        value = self._content.get(name, False)
        if not isinstance(value, bool):
            raise SandboxRefusal("value_wrong", f"{name} must be true or false.", 400)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where it is left out."""
        value = self._content.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise SandboxRefusal("value_wrong", f"{name} must be a list of texts.", 400)
        return value

    def objects(self, name: str) -> list[Content]:
        """A list of objects; empty where it is left out."""
        value = self._content.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise SandboxRefusal("value_wrong", f"{name} must be a list of objects.", 400)
        return value

    def has(self, name: str) -> bool:
        """Whether the value was sent at all."""
        return name in self._content


class Doer(Protocol):
    """What a route does with a wish."""

    def __call__(self, wish: Wish, /) -> Reply: ...


def content_of(request: Request) -> Content:
    """The values of a request; refused where they are not JSON, or come in a form a web page could send."""
    if request.method == "GET":
        return {name: values[0] for name, values in parse_qs(request.query, max_num_fields=20).items()}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise SandboxRefusal("not_json", "Send changes as application/json.", 415)
    try:
        content = json.loads(request.body.decode() or "{}")
    except ValueError:
        raise SandboxRefusal("not_json", "The body is not JSON.", 400) from None
    if not isinstance(content, dict):
        raise SandboxRefusal("not_json", "The body must be a JSON object.", 400)
    return content


def json_answer(reply: Reply) -> Answer:
    """A reply as bytes."""
    body = json.dumps(reply.content, ensure_ascii=False).encode()
    return Answer(status=reply.status, headers={"Content-Type": JSON, "Cache-Control": "no-store"}, body=body)
