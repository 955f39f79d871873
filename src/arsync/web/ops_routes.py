"""`/metrics` for a monitoring system, `/healthz` and `/readyz` for whoever starts and stops us."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from arsync.application.connections.readiness import why_not_ready
from arsync.application.organisation.container import Container
from arsync.application.overview.metrics import Metric, Sample, metrics
from arsync.application.permissions import SCHEDULE

ANSWER_SECONDS_MAX = 7.0
"""Whatever the database does, an answer comes by then: a monitoring system waits for ten."""

T = TypeVar("T")


class TooSlow(Exception):
    """The store has not answered in time."""


class Bounded(Generic[T]):
    """Asks in a thread of its own, one at a time, and does not wait longer than a limit.

    A statement can be given a limit; a connection to a server that has gone silent cannot. Whoever
    asks while an answer is still awaited waits for the same one, so that no threads pile up.
    """

    def __init__(self, ask: Callable[[], T], seconds_max: float) -> None:
        """Ask by calling `ask`; nothing is asked yet."""
        self._ask = ask
        self._seconds_max = seconds_max
        self._lock = threading.Lock()
        self._awaited: Future[T] | None = None

    def __call__(self) -> T:
        """Return an answer.

        Raises:
            TooSlow: it takes longer. What `ask` raises.
        """
        with self._lock:
            if self._awaited is None or self._awaited.done():
                self._awaited = Future()
                threading.Thread(
                    target=self._answer, args=(self._awaited,), name="ops", daemon=True
                ).start()
            awaited = self._awaited
        try:
            return awaited.result(self._seconds_max)
        except TimeoutError:
            raise TooSlow from None

    def _answer(self, awaited: Future[T]) -> None:
        try:
            awaited.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            awaited.set_exception(error)


def ops_routes(container: Container, *, answer_seconds: float = ANSWER_SECONDS_MAX) -> Blueprint:
    """Return the routes for operators.

    Args:
        container: the installation.
        answer_seconds: how long an answer may take.
    """
    routes = Blueprint("ops", __name__)
    samples = Bounded(lambda: metrics(SCHEDULE, container), answer_seconds)
    readiness = Bounded(lambda: why_not_ready(container), answer_seconds)

    @routes.get("/healthz")
    def healthz() -> Response:
        """Say that the process answers; the store is not asked."""
        return _plain("ok", 200)

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            reason = readiness()
        except TooSlow:
            reason = f"the store has not answered within {answer_seconds:g} seconds"
        return _plain(reason or "ready", 503 if reason else 200)

    @routes.get("/metrics")
    def scrape() -> Response:
        try:
            registry = CollectorRegistry()
            registry.register(_Collected(samples()))
        except TooSlow:
            return _plain(f"the store has not answered within {answer_seconds:g} seconds", 503)
        return Response(generate_latest(registry), 200, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes


def _plain(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")


class _Collected(Collector):
    """The samples of one scrape, as the library writes them out."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[MetricFamily]:
        families: dict[Metric, GaugeMetricFamily | CounterMetricFamily] = {}
        for sample in self._samples:
            metric = sample.metric
            if metric not in families:
                kind = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
                families[metric] = kind(metric.name, metric.help, labels=metric.labels)
            families[metric].add_metric(sample.labels, sample.value)
        yield from families.values()
