"""Logs: one JSON line per event with named fields, no personal data, to standard error.

Whoever logs passes codes, counts, ids and kinds of failure. Libraries do not know that rule: Django writes the address
that was asked for, which may be an order's secret one or hold what somebody typed, and a failure's text may hold the
row it failed on. So of a library's record only the sentence it was written with, without what was filled in, the route
and the status are kept, and of a failure its kind and the places it went through, never its text. The same holds for
failures that nobody caught. Anything that still looks like an ID number is masked on the way out, as a last line of
defence.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType

import structlog
from structlog.types import EventDict, WrappedLogger

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6}(?:19|20)?\d{2}[01]\d[0-3]\d\d{3}[\dXx]?(?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")

PLACES_MOST = 20
"""Places of a failure that are kept: the innermost ones."""

_SENTENCE_LENGTH_MOST = 300

OF_THE_SERVER = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}
"""The HTTP server's records go the same way as everybody's; by itself it writes a failure out whole."""


def mask_numbers(text: str) -> str:
    """A text with every ID number and phone number in it masked."""
    return _PHONE.sub("[phone]", _ID_NUMBER.sub("[id number]", text))


def _masked(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {key: mask_numbers(value) if isinstance(value, str) else value for key, value in event.items()}


def told_of(failure: BaseException) -> dict[str, object]:
    """A failure without its words: the kinds of it and of what caused it, and where it happened."""
    kinds: list[str] = []
    seen: BaseException | None = failure
    while seen is not None and len(kinds) < PLACES_MOST:
        kinds.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    frames = traceback.extract_tb(failure.__traceback__)[-PLACES_MOST:]
    return {"error": " < ".join(kinds), "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


class PlainFormatter(logging.Formatter):
    """A library's record as one JSON line that holds no value."""

    def format(self, record: logging.LogRecord) -> str:
        """The record without what was filled into its sentence, and without a failure's text."""
        told: dict[str, object] = {
            # A sentence that was put together before it came here may hold anything after its first line.
            "event": str(record.msg).partition("\n")[0][:_SENTENCE_LENGTH_MOST],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        for name in ("status_code", "code"):
            if isinstance(value := getattr(record, name, None), int | str):
                told[name] = value
        route = getattr(getattr(getattr(record, "request", None), "resolver_match", None), "route", None)
        if isinstance(route, str):
            told["route"] = route
        failure = record.exc_info[1] if record.exc_info else _failure_among(record.args)
        if failure is not None:
            told |= told_of(failure)
        return mask_numbers(json.dumps(told, ensure_ascii=False))


def _failure_among(filled_in: object) -> BaseException | None:
    """A failure that a library meant to write out in its sentence."""
    pieces = filled_in if isinstance(filled_in, tuple) else ()
    return next((piece for piece in pieces if isinstance(piece, BaseException)), None)


def configure() -> None:
    """Set up logging for this process; called once at its start. A failure that nobody catches is told in the same
    way."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    # What a stranger asks for in vain is no event: a line for each would let him fill the disk.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    logging.getLogger("django.security").setLevel(logging.CRITICAL)
    # A record that cannot be written is not written out by other means.
    logging.raiseExceptions = False
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        # Standard error as it is when something is told: whoever replaced and closed it meanwhile breaks nothing.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_of_thread


def _tell_uncaught(kind: type[BaseException], failure: BaseException, places: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("canbao").critical("uncaught", exc_info=(kind, failure, places))


def _tell_uncaught_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
        logging.getLogger("canbao").critical("uncaught", exc_info=(told.exc_type, told.exc_value, told.exc_traceback))
