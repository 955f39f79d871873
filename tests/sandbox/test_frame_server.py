"""What the server promises around every request."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.routing import Map, Rule

from arsync_sandbox.server import Sandbox
from arsync_sandbox.transport import BODY_BYTES_MAX


def connect(sandbox: Sandbox) -> http.client.HTTPConnection:
    address = urlsplit(sandbox.url)
    assert address.hostname is not None
    return http.client.HTTPConnection(address.hostname, address.port, timeout=10)


def test_many_requests_use_one_connection(little: Sandbox) -> None:
    client = connect(little)
    client.connect()
    first = client.sock
    for _ in range(3):
        client.request("POST", "/little/rows", b"x" * 5000)
        assert client.getresponse().read()
    assert client.sock is first
    client.close()


def test_only_this_computer_is_served() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Sandbox(platforms=(), host="0.0.0.0", smtp_port=None).start()


def test_a_foreign_host_name_is_refused(little: Sandbox) -> None:
    answer = requests.get(
        f"{little.url}/_sandbox/state", headers={"Host": "evil.example"}, timeout=5
    )
    assert answer.status_code == 403


def test_a_taken_port_is_an_error_of_the_caller(little: Sandbox) -> None:
    port = urlsplit(little.url).port
    assert port is not None
    with pytest.raises(OSError, match="in use"):
        Sandbox(platforms=(), port=port).start()


def test_large_answers_are_compressed_only_when_asked(little: Sandbox) -> None:
    client = connect(little)
    client.request("GET", "/little/rows?n=1000", headers={"Accept-Encoding": "gzip, deflate"})
    answer = client.getresponse()
    body = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(body))["rows"]) == 1000
    for path, header in (
        ("/little/rows?n=1000", {}),
        ("/little/rows", {"Accept-Encoding": "gzip"}),
    ):
        client.request("GET", path, headers=header)
        answer = client.getresponse()
        answer.read()
        assert "Content-Encoding" not in answer.headers
    client.close()


def test_answers_are_dated_by_the_sandbox_clock(little: Sandbox) -> None:
    answer = requests.get(f"{little.url}/little/rows", timeout=5)
    assert answer.headers["Date"].startswith("Mon, 01 Jun 2026 12:")


def test_a_chunked_request_body_is_read(little: Sandbox) -> None:
    requests.post(f"{little.url}/little/rows", data=iter([b"first ", b"second"]), timeout=5)
    book: Any = little.books["little"]
    assert book.posted == ["first second"]


def test_a_body_over_the_limit_is_refused_unread(little: Sandbox) -> None:
    client = connect(little)
    client.putrequest("POST", "/little/rows")
    client.putheader("Content-Length", str(BODY_BYTES_MAX + 1))
    client.endheaders()
    assert client.getresponse().status == 413
    client.close()


def test_the_sandbox_own_failure_is_kept_for_its_user(
    little: Sandbox, plane: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert requests.get(f"{little.url}/little/fail", timeout=5).status_code == 500
    assert "the little book is broken" in plane.state()["errors"][0]
    assert capfd.readouterr() == ("", "")
    little.errors.clear()


def test_requests_are_answered_in_turn_but_delays_overlap(little: Sandbox, plane: Any) -> None:
    plane.fault(delay_seconds=0.15, times=3)
    threads = [
        threading.Thread(target=requests.get, args=(f"{little.url}/little/rows",)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book: Any = little.books["little"]
    assert book.at_once_max > 1
    assert little.in_flight() == []


def test_stopping_does_not_wait_for_idle_clients(start_little: Callable[..., Sandbox]) -> None:
    sandbox = start_little()
    client = connect(sandbox)
    client.request("GET", "/little/rows")
    client.getresponse().read()
    stopper = threading.Thread(target=sandbox.stop, daemon=True)
    stopper.start()
    stopper.join(timeout=60)
    assert not stopper.is_alive()
    with pytest.raises(OSError, match="refused"):
        connect(sandbox).connect()
    client.close()


@pytest.mark.parametrize("length", ["-1", "ten"])
def test_a_nonsense_length_is_a_bad_request(
    little: Sandbox, length: str, capfd: pytest.CaptureFixture[str]
) -> None:
    client = connect(little)
    client.putrequest("POST", "/little/rows")
    client.putheader("Content-Length", length)
    client.endheaders()
    assert client.getresponse().status == 400
    client.close()
    assert capfd.readouterr() == ("", "")


def test_a_client_that_leaves_early_disturbs_nobody(
    little: Sandbox, plane: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    plane.fault(delay_seconds=0.05)
    client = connect(little)
    client.request("GET", "/little/rows?n=100000")
    client.close()
    assert requests.get(f"{little.url}/little/rows", timeout=5).ok
    time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


def test_an_old_client_gets_its_connection_closed(little: Sandbox) -> None:
    address = urlsplit(little.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as raw:
        raw.sendall(b"GET /little/rows HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in answer


def test_a_question_about_the_headers_gets_no_body(little: Sandbox) -> None:
    answer = requests.head(f"{little.url}/little/rows?n=10", timeout=5)
    assert (answer.content, answer.headers["Content-Length"]) == (b"", "150")


def test_routes_made_again_build_the_same_addresses() -> None:
    sandbox = Sandbox()
    for _ in range(2):
        sandbox.reset()
        for route in sandbox.app.url_map.iter_rules():
            plain = Rule(route.rule, endpoint=route.endpoint, defaults=route.defaults)
            Map([plain])
            values = dict.fromkeys(route.arguments, "1")
            assert route.build({**values, "page": "2"}) == plain.build({**values, "page": "2"})
