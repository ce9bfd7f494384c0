"""JSON lines on standard error, each with the id of the request it belongs to.

Standard output stays free for what a management command prints.
"""

from __future__ import annotations

import logging
import logging.config
import os
from collections.abc import MutableMapping
from typing import Any

import structlog


def process_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which worker it was."""
    event["pid"] = os.getpid()
    return event


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    process_id,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


class WithoutRequestText(logging.Filter):
    """gunicorn quotes what a client sent: a malformed header can be a token, a query a name or an email."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if message.startswith("Invalid request from"):
            record.msg, record.args = message.partition(":")[0], ()
        elif message.startswith("Ignored premature client disconnection"):
            record.msg, record.args = "Ignored premature client disconnection", ()
        elif message.startswith("Error handling request"):
            record.msg, record.args = message.partition("?")[0], ()
        return True


def logging_settings(*, level: str) -> dict[str, Any]:
    """The dictConfig for every logger of the process, Django's and gunicorn's included."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
                "foreign_pre_chain": SHARED_PROCESSORS,
            }
        },
        "filters": {"without_request_text": {"()": WithoutRequestText}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Its messages name the account that failed to log in; what operators need of them is in the metrics.
            "axes": {"level": "ERROR"},
            # At DEBUG it quotes every document that is sent or found.
            "pymongo": {"level": "WARNING"},
            # One line a request is enough, and it is ours (RequestLogMiddleware).
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "gunicorn.error": {"handlers": ["console"], "level": level, "propagate": False, "filters": ["without_request_text"]},
            "gunicorn.access": {"level": "CRITICAL"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
