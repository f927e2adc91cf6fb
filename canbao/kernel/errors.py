"""Errors, one at a time: a code, what the caller may do about it, and the words for it.

A code is `room.what_is_true`. Its sentence says what happened, to which thing, and what to do; both source languages
stand beside the code and traditional characters are made from the simplified ones at the door. A batch does not raise
for a row: it answers with a status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Retry(StrEnum):
    """What the caller may do:

    never (change something first), later (the same again helps), ask (the outcome is not known).
    """

    NEVER = "never"
    LATER = "later"
    ASK = "ask"


Parameter = str | int

_CODE = re.compile(r"[a-z_]+\.[a-z0-9_]+")


class CanbaoError(Exception):
    """A refusal with a code. `params` fill the sentence and never hold an ID number, a full name or a phone number."""

    def __init__(self, code: str, retry: Retry, params: Mapping[str, Parameter] | None = None) -> None:
        self.code = code
        self.retry = retry
        self.params: Mapping[str, Parameter] = dict(params or {})
        super().__init__(code, retry, self.params)

    def __str__(self) -> str:
        """The English sentence: for logs, the command line and failing tests."""
        declared = ALL_CODES.get(self.code)
        sentence = declared.sentence_en.format(**self.params) if declared is not None else self.code
        return f"{sentence} [{self.code}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """A declared code. Calling it with the sentence's parameters makes the error to raise."""

    code: str
    retry: Retry
    sentence_zh: str
    sentence_en: str

    def __call__(self, **params: Parameter) -> CanbaoError:
        """The error to raise; every parameter named in the sentences must be given (checked here, so a gap fails in
        tests).
        """
        self.sentence_zh.format(**params)
        self.sentence_en.format(**params)
        return CanbaoError(self.code, self.retry, params)


ALL_CODES: dict[str, ErrorCode] = {}
"""Every code that an imported module has declared, by code."""


def declare(code: str, retry: Retry, sentence_zh: str, sentence_en: str) -> ErrorCode:
    """Declare a code once. Raises ValueError when the code is malformed or taken with other words."""
    if _CODE.fullmatch(code) is None:
        message = f"an error code reads room.what_is_true, not {code!r}"
        raise ValueError(message)
    made = ErrorCode(code=code, retry=retry, sentence_zh=sentence_zh, sentence_en=sentence_en)
    if ALL_CODES.setdefault(code, made) != made:
        message = f"{code} is declared twice with different words"
        raise ValueError(message)
    return made


TRY_LATER = declare(
    "kernel.try_later",
    Retry.LATER,
    "现在办不了，不是您的错。请过几分钟再试。刚才在付款的，先看订单，不要再付",
    "We cannot do this now; it is our fault. Try again in a few minutes. "
    "If you were paying, look at the order first, do not pay again",
)
"""The one answer to a passing fault of our own."""
