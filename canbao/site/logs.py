"""Logs: one JSON line per event with named fields, no personal data, to standard error.

Whoever logs passes codes, counts, ids and kinds of failure; texts of exceptions may hold what they failed on and are
not logged. Anything that looks like an ID number is masked on the way out, as a last line of defence.
"""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.types import EventDict, WrappedLogger

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6}(?:19|20)?\d{2}[01]\d[0-3]\d\d{3}[\dXx]?(?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")


def mask_numbers(text: str) -> str:
    """A text with every ID number and phone number in it masked."""
    return _PHONE.sub("[phone]", _ID_NUMBER.sub("[id number]", text))


def _masked(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {key: mask_numbers(value) if isinstance(value, str) else value for key, value in event.items()}


class _MaskedFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask_numbers(super().format(record))


def configure() -> None:
    """Set up logging for this process; called once at its start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskedFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
