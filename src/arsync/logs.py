"""Logs, to standard error: text for people, or one JSON object a line for a log collector.

Every module logs by the standard library; what it says passes through here, without secrets. What a
log is about (the connection, its run) is bound for a while and stands in each line of JSON.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

SECRET_CHARACTERS_MIN = 6
"""A shorter setting is not looked for: it would blank out ordinary words."""

EXCEPTION_FRAMES_MAX = 50
"""So many frames of an exception are written, the first and the last of them."""

HIDDEN = "***"

_FIELDS: ContextVar[Mapping[str, Any]] = ContextVar("log fields")

# What modules log never holds a secret; this is the net below them, for texts of libraries.
_SECRET_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"), HIDDEN),
    (
        re.compile(
            r"(?i)\b((?:access|refresh|id)_token|client_secret|code_verifier|password)"
            r"(\"?\s*[=:]\s*\"?)[^\s&\"',}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"(?i)([?&]code=)[^\s&\"']+"), rf"\1{HIDDEN}"),
)


@contextmanager
def log_fields(**fields: Any) -> Iterator[None]:
    """Add fields to each line of JSON that this thread logs meanwhile."""
    token = _FIELDS.set({**_FIELDS.get({}), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


class Redaction:
    """Takes secrets out of what is logged."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        """Look for these values, and for whatever has the shape of a secret.

        Args:
            secrets: settings that no log may show.
        """
        long_enough = {text for text in secrets if len(text) >= SECRET_CHARACTERS_MIN}
        # The longest first: one may be the beginning of another.
        texts = sorted(long_enough, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, texts))) if texts else None

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._values is not None:
            text = self._values.sub(HIDDEN, text)
        for shape, instead in _SECRET_SHAPES:
            text = shape.sub(instead, text)
        return text

    def tree(self, value: Any) -> Any:
        """Return a value of JSON without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(name): self.tree(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(inner) for inner in value]
        return value


class _TextFormatter(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__(TEXT_FORMAT)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))


def log_handler(stream: TextIO, *, as_json: bool, secrets: Collection[str] = ()) -> logging.Handler:
    """Return a handler that writes to a stream.

    Args:
        stream: where to.
        as_json: one object a line: `time` (UTC), `level`, `logger`, `event`, what is bound by
            `log_fields`, and `exception` with its frames; otherwise text for people.
        secrets: settings that no log may show.
    """
    handler: logging.Handler = logging.StreamHandler(stream)
    redaction = Redaction(secrets)
    handler.setFormatter(_json_formatter(redaction) if as_json else _TextFormatter(redaction))
    return handler


def set_up_logs(
    stream: TextIO, *, as_json: bool, level: int, secrets: Collection[str] = ()
) -> None:
    """Send what every module of this process logs to a stream.

    A program that has set up its own logs keeps them.
    """
    logging.basicConfig(
        level=level, handlers=[log_handler(stream, as_json=as_json, secrets=secrets)]
    )


def _json_formatter(redaction: Redaction) -> logging.Formatter:
    # Imported late: it takes longer to import than most commands run.
    import structlog
    from structlog.tracebacks import ExceptionDictTransformer

    def with_fields(_logger: Any, _method: str, event: Any) -> Any:
        return {**_FIELDS.get({}), **event}

    def without_secrets(_logger: Any, _method: str, event: Any) -> Any:
        return redaction.tree(event)

    # Not the values of local variables: they are customers' data, and secrets.
    exception = ExceptionDictTransformer(show_locals=False, max_frames=EXCEPTION_FRAMES_MAX)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            with_fields,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(exception),
            without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
