"""Traces: nothing without a collector; with one, what happened, and no data of customers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from arsync import telemetry
from arsync.telemetry import ENDPOINT, NO_SPAN, span, trace_to, traced


class Collected:
    """The spans of a test."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._end = trace_to(self._exporter)

    def spans(self) -> list[ReadableSpan]:
        """Return the spans in the order in which they ended; no more are collected."""
        self._end()
        return list(self._exporter.get_finished_spans())


@pytest.fixture
def collected() -> Iterator[Collected]:
    spans = Collected()
    yield spans
    spans.spans()


def test_without_a_collector_a_span_is_nothing() -> None:
    with traced({}), span("run sync") as current:
        assert current is NO_SPAN
        assert not current.is_recording()


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, arsync.telemetry as t\n"
        "with t.traced({}), t.span('run'): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_spans_nest_and_say_what_failed(collected: Collected) -> None:
    @span("apply")
    def apply() -> None:
        raise LookupError("Ridge & Co owes")

    def run_sync() -> None:
        with span("run sync", {"arsync.connection": "acme"}):
            with span("pull") as pull:
                pull.set_attribute("http.response.status_code", 200)
            apply()

    with pytest.raises(LookupError):
        run_sync()
    pull_span, apply_span, run = collected.spans()
    assert [part.name for part in (pull_span, apply_span, run)] == ["pull", "apply", "run sync"]
    assert pull_span.parent is not None
    assert run.context is not None
    assert pull_span.parent.span_id == run.context.span_id
    assert dict(run.attributes or {}) == {"arsync.connection": "acme", "error.type": "LookupError"}
    assert not apply_span.status.is_ok
    assert not apply_span.events
    assert "Ridge" not in apply_span.to_json()


def test_without_the_extra_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # As Python itself marks a package that cannot be imported.
    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, exporter, None)
    with traced({ENDPOINT: "http://127.0.0.1:1"}), span("run"):
        pass
    assert "pip install 'arsync[telemetry]'" in caplog.text


def test_a_collector_that_is_away_delays_no_end() -> None:
    environment = {**os.environ, ENDPOINT: "http://127.0.0.1:1"}
    code = "import arsync.telemetry as t\nwith t.traced(), t.span('run'): pass\nprint('done')"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=False, capture_output=True, timeout=60
    )
    assert done.stdout == b"done\n"
    assert time.monotonic() - began < telemetry.FLUSH_SECONDS_MAX + 15
