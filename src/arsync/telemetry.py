"""Traces by OpenTelemetry, where an operator asks for them; otherwise each span costs one look.

They are on when OTEL_EXPORTER_OTLP_ENDPOINT names a collector and the extra `arsync[telemetry]` is
installed. A span holds names, counts and results: no URL's query, no body, no customer.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from arsync import __version__

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The environment variable that turns traces on, as OpenTelemetry defines it."""

FLUSH_SECONDS_MAX = 3.0
"""At the end of a process its last spans are waited for so long, and then given up."""

_LOG = logging.getLogger(__name__)


class TraceSpan(Protocol):
    """What can be said of a span once it has begun."""

    def is_recording(self) -> bool:
        """Return whether anybody reads it: what costs something is told only then."""
        ...

    def set_attribute(self, key: str, value: Any) -> Any:
        """Note a fact."""
        ...


class _NoSpan:
    def is_recording(self) -> bool:
        return False

    def set_attribute(self, key: str, value: Any) -> None:
        """Note nothing: there are no traces."""


NO_SPAN = _NoSpan()
"""The span of a process without traces."""


class _Tracing:
    """The tracer of this process; None: there are no traces."""

    tracer: Any = None


@contextmanager
def span(name: str, attributes: Mapping[str, Any] | None = None) -> Iterator[TraceSpan]:
    """Make a span of what happens meanwhile; of an exception its type is noted, not its text."""
    if _Tracing.tracer is None:
        yield NO_SPAN
        return
    from opentelemetry.trace import StatusCode

    with _Tracing.tracer.start_as_current_span(
        name,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(StatusCode.ERROR)
            raise


def trace_to(exporter: Any) -> Callable[[], None]:
    """Send the spans of this process to an exporter; returns what sends the last and ends it.

    Args:
        exporter: an `opentelemetry.sdk.trace.export.SpanExporter`.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "arsync", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.tracer = provider.get_tracer("arsync", __version__)

    def end() -> None:
        _Tracing.tracer = None
        # A collector that is away must not keep a process from ending.
        provider.force_flush(int(FLUSH_SECONDS_MAX * 1000))
        provider.shutdown()

    return end


@contextmanager
def traced(environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Trace what happens meanwhile, if the environment asks for it.

    Args:
        environment: by default the process's.
    """
    variables = os.environ if environment is None else environment
    if not variables.get(ENDPOINT):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        _LOG.warning(
            "%s is set, but traces need an extra: pip install 'arsync[telemetry]'", ENDPOINT
        )
        yield
        return
    end = trace_to(OTLPSpanExporter(timeout=FLUSH_SECONDS_MAX))
    try:
        yield
    finally:
        end()
