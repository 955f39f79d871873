"""A burst over real HTTP: everything is accepted, and each ledger is wanted once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from tests.builders.posted import Posted, from_xero, xero_event

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.core.ledger.records import Organisation
from arsync.web.server import serve

from .conftest import NOW

EVENTS = 10_000
EVENTS_PER_DELIVERY = 50
LEDGERS = 20
SENDERS = 8
PATIENCE_SECONDS = 60.0


def deliveries() -> list[Posted]:
    """Return the burst: each delivery has events of all ledgers."""
    events = [
        xero_event(f"burst-{number % LEDGERS}", NOW, f"i-{number}") for number in range(EVENTS)
    ]
    return [
        from_xero(events[start : start + EVENTS_PER_DELIVERY])
        for start in range(0, EVENTS, EVENTS_PER_DELIVERY)
    ]


def test_ten_thousand_events_are_one_wish_per_ledger(container: Container) -> None:
    store = container.store
    for number in range(LEDGERS):
        organisation = Organisation(f"burst-{number}", f"Client {number}", "GBP")
        row = store.connections.add(f"client-{number}", platform="xero", organisation=organisation)
        store.schedules.served(row.id, store.schedules.begin(row.id))
    server, stop = serve(SCHEDULE, container, port=0), threading.Event()
    listening = threading.Thread(target=server.run, args=(stop,))
    listening.start()
    began = time.monotonic()

    def send(posted: Posted) -> int:
        """Deliver until it is accepted, as a platform does."""
        status = 503
        while status == 503 and time.monotonic() < began + PATIENCE_SECONDS:
            answer = requests.post(
                f"{server.url}/webhooks/xero",
                data=posted.body,
                headers=posted.headers,
                timeout=PATIENCE_SECONDS,
            )
            status = answer.status_code
        return status

    try:
        with ThreadPoolExecutor(SENDERS) as senders:
            statuses = list(senders.map(send, deliveries()))
    finally:
        stop.set()
        listening.join(20)
    assert statuses == [200] * (EVENTS // EVENTS_PER_DELIVERY)
    schedules = [store.schedules.get(row.id) for row in store.connections.all()]
    reasons = [row.wanted_why for row in schedules if row is not None and row.wanted_at]
    assert reasons == ["a webhook of Xero"] * LEDGERS
