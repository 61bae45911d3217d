"""Logs as one JSON object a line, and what may be said in them of an unexpected error."""

from __future__ import annotations

import sys
import threading
import traceback
from types import TracebackType

import structlog

_log = structlog.get_logger()


def configure_logs() -> None:
    """Logs as one JSON object a line on stderr, also of a thread that an error ended."""
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _ended
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def placed(trace: TracebackType | None) -> list[str]:
    """Where an unexpected error happened: its words may hold what is nobody's business."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)][-5:]


def _ended(error: threading.ExceptHookArgs) -> None:
    _log.error(
        "an unexpected error ended a thread: what it did is not done until a restart",
        type=error.exc_type.__name__,
        where=placed(error.exc_traceback),
    )
