"""How webhooks are delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from arsync_sandbox.server import Sandbox
from arsync_sandbox.webhooks import QUEUE_LENGTH_MAX, RETRY_AFTER_SECONDS


class Receiver:
    """A receiver on loopback that answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.headers: list[str] = []
        self.statuses: list[int] = []
        receiver = self

        class SandboxHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.bodies.append(body)
                receiver.headers.append(self.headers["X-Little"])
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), SandboxHandler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def send(sandbox: Sandbox, *bodies: str) -> None:
    with sandbox.lock:
        for body in bodies:
            sandbox.notify("xero_webhook_url", body.encode(), {"X-Little": "1"})


def test_a_webhook_arrives_as_the_book_made_it(
    little: Sandbox, plane: Any, receiver: Receiver
) -> None:
    plane.settings(xero_webhook_url=receiver.url)
    requests.post(f"{little.url}/little/rows", data="changed", timeout=5)
    assert little.webhooks.settle()
    assert (receiver.bodies, receiver.headers) == (["changed"], ["1"])
    attempt = plane.get("webhooks")["attempts"][0]
    assert (attempt["platform"], attempt["status"], attempt["body"]) == ("xero", 200, "changed")


def test_nobody_is_told_without_an_address(little: Sandbox, plane: Any) -> None:
    send(little, "changed")
    assert plane.get("webhooks") == {"waiting": [], "attempts": []}


def test_a_refused_webhook_is_retried_by_the_sandboxs_clock(
    little: Sandbox, plane: Any, receiver: Receiver
) -> None:
    receiver.statuses = [500, 401]
    plane.settings(xero_webhook_url=receiver.url)
    send(little, "changed")
    assert little.webhooks.settle()
    assert receiver.bodies == ["changed"] * 2
    assert plane.get("webhooks")["waiting"][0]["attempts"] == 2
    plane.clock("2026-06-01T12:20:00")
    assert little.webhooks.settle()
    assert receiver.bodies == ["changed"] * 3
    assert plane.get("webhooks")["waiting"] == []


def test_quickbooks_events_wait_behind_a_failed_one(
    little: Sandbox, plane: Any, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    plane.settings(quickbooks_webhook_url=receiver.url)
    with little.lock:
        for body in (b"first", b"second"):
            little.notify("quickbooks_webhook_url", body, {"X-Little": "1"})
    assert little.webhooks.settle()
    assert receiver.bodies == ["first"]
    plane.clock("2026-06-01T12:01:00")
    assert little.webhooks.settle()
    assert receiver.bodies == ["first", "first", "second"]


def test_a_webhook_is_given_up_after_its_last_attempt(little: Sandbox, plane: Any) -> None:
    plane.settings(xero_webhook_url="http://127.0.0.1:9/closed")
    send(little, "changed")
    for day in range(2, 5):
        for hour in range(24):
            for minute in (0, 15, 30, 45):
                little.clock.set(little.now().replace(day=day, hour=hour, minute=minute))
                little.webhooks.poke()
                assert little.webhooks.settle()
        if not little.webhooks.as_json()["waiting"]:
            break
    tried = little.webhooks.as_json()
    assert tried["waiting"] == []
    assert len(tried["attempts"]) == len(RETRY_AFTER_SECONDS["xero"]) + 1
    assert {attempt["status"] for attempt in tried["attempts"]} == {0}


def test_webhooks_can_come_twice_and_out_of_order(
    little: Sandbox, plane: Any, receiver: Receiver
) -> None:
    plane.settings(
        xero_webhook_url=receiver.url, webhook_duplicates=True, webhook_out_of_order=True
    )
    send(little, "a", "b")
    assert little.webhooks.settle()
    assert sorted(receiver.bodies) == ["a", "a", "b", "b"]
    assert receiver.bodies[-1] == "a"


def test_the_queue_forgets_the_oldest_beyond_its_limit(little: Sandbox, plane: Any) -> None:
    plane.settings(quickbooks_webhook_url="http://127.0.0.1:9/closed")
    with little.lock:
        for number in range(QUEUE_LENGTH_MAX + 5):
            little.notify("quickbooks_webhook_url", str(number).encode(), {})
    assert len(plane.get("webhooks")["waiting"]) <= QUEUE_LENGTH_MAX
