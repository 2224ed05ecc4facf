"""One logging set-up: JSON lines on standard error, with the ids of the request, op and job at hand, secrets masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET = re.compile(r"password|token|secret|authorization|cookie|code$", re.IGNORECASE)
MASK = "***"


def configure_logging(*, level: str = "INFO") -> None:
    """Call once, first thing in a process."""
    shared: list[Any] = [  # Any: structlog's processors have no common type
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name says that they are secret."""
    for key in event:
        if key not in {"event", "error_code"} and _SECRET.search(key):
            event[key] = MASK
    return event
