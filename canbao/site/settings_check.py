"""What in the environment cannot be read, said before anything starts: each setting by its name, with what to write.

A setting that is misspelt would else break somewhere inside, an hour later and in a library's words. Only the form is
judged here, in development and in production alike; what a production may not do is `canbao.site.production`'s matter.
No value is repeated, since it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

CONNECTIONS_MOST = 1000

_TIMEOUT = re.compile(r"\d{1,9}(ms|s|min|h)?", re.ASCII)
_HEADER_NAME = re.compile(r"[0-9A-Za-z-]{1,100}", re.ASCII)


def unreadable(environment: Mapping[str, str]) -> list[str]:
    """Every setting that cannot be read, as “NAME is to be …”; empty when all can. An empty one counts as absent."""
    return [
        f"{name} {form}"
        for name, (is_readable, form) in _FORMS.items()
        if (value := environment.get(name, "").strip()) and not is_readable(value)
    ]


def _is_database_address(text: str) -> bool:
    try:
        return bool(conninfo_to_dict(text))
    except psycopg.Error:
        return False


def _is_connection_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= CONNECTIONS_MOST


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text.rstrip("/"))
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        return False


_FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "DATABASE_URL": (_is_database_address, "is to be an address such as postgresql://user:password@host:5432/database"),
    "CANBAO_DATABASE_CONNECTIONS": (_is_connection_count, f"is to be a number from 1 to {CONNECTIONS_MOST}"),
    "CANBAO_STATEMENT_TIMEOUT": (_TIMEOUT.fullmatch, "is to be a time such as 60s or 500ms"),
    "CANBAO_PUBLIC_URL": (_is_web_address, "is to be an address such as https://canbao.example.cn"),
    "CANBAO_NOTICE_URL": (_is_web_address, "is to be an address such as https://notices.example.cn"),
    "CANBAO_ADDRESS_HEADER": (_HEADER_NAME.fullmatch, "is to be the name of one header, such as X-Real-IP"),
}
