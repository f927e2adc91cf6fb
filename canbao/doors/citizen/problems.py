"""What is wrong with a form that was sent: each problem in words, beside its field and in the summary on top."""

from __future__ import annotations

from dataclasses import dataclass

from canbao.doors.frame.reader import Language
from canbao.doors.http import sentence_of
from canbao.kernel.errors import CanbaoError

ERRORS = 422
"""The HTTP status of a form that is shown again with its problems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. `field` is the id of the input it belongs to, empty when it concerns the whole form."""

    field: str
    text: str


def problem(field: str, error: CanbaoError, language: Language) -> Problem:
    """A refusal as a problem of a field, in the reader's language."""
    return Problem(field=field, text=sentence_of(error, language))
