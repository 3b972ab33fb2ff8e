"""Logs: structured, to standard error; JSON unless a person is looking. Values of secret-looking names never leave."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_MASK = "(secret)"
_SECRET_WORDS = ("secret", "password", "authorization", "api_key", "otp", "token", "header_value", "signature")
_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx2", "httpcore2", "alembic", "sqlalchemy")


def set_up(level: str, style: str, stream: TextIO = sys.stderr) -> None:
    """Once, before the first line is logged. `style` is auto, json or console."""
    is_json = style == "json" or (style == "auto" and not stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=_render(is_json=is_json), foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _render(*, is_json: bool) -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if is_json:
        return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback  # the other formatter prints local variables, and so what people typed
    return [drop_meta, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = _MASK
    return event
