"""Logs: structured, to standard error; JSON unless a person is looking. Values of secret-looking names never leave."""

import io
import json
import logging
import sys
import textwrap
from collections.abc import Callable
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

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
        processors=[*shared, *_render(is_json=is_json)],
        logger_factory=lambda *names: _Named(stream, *names),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(stream)
    of_libraries = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_render(is_json=is_json)]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=of_libraries, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Named(structlog.WriteLogger):
    """Writes our own lines itself: a line a request is much for the standard library, where libraries keep logging."""

    def __init__(self, stream: TextIO, name: str = "bankfeeds") -> None:
        super().__init__(stream)
        self.name = name


def _render(*, is_json: bool) -> list[Processor]:
    if is_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    return [spell_out, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_indented)]


def _indented(stream: TextIO, error: ExcInfo) -> None:
    """A traceback whose words, which others may have chosen, never begin a line or move a cursor. (The library's usual
    one prints local variables too, and so what people typed.)
    """
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, error)
    lines = "\n".join(map(_spelled_out, plain.getvalue().split("\n")))
    stream.write("\n" + textwrap.indent(lines.strip("\n"), "    "))


def _json(event: EventDict, default: Callable[[Any], Any]) -> str:
    line = msgspec.json.encode(event, enc_hook=default).decode()
    return line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = _MASK
    return event


def spell_out(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Line ends and terminal codes in what others wrote are shown, not obeyed: a line of the log is one of ours."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = _spelled_out(value)
    return event


def _spelled_out(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
