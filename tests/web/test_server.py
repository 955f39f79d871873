"""A client takes no more of the server than its share, and a signal cuts nothing off."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask, request
from tests.builders.processes import arsync_process

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.config import example_config, load_config
from arsync.errors import UserMistake
from arsync.web.app import BODY_BYTES_MAX
from arsync.web.server import HEADER_BYTES_MAX, WebServer, serve

SLOW_ANSWER_SECONDS = 0.5


@contextmanager
def running(server: WebServer) -> Iterator[Callable[[], None]]:
    """Run a server beside the test; hands over what stops it and waits."""
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(20)

    try:
        yield end
    finally:
        end()
        assert not thread.is_alive()


def an_app(begun: threading.Event | None = None) -> Flask:
    app = Flask("test")

    @app.post("/length")
    def length() -> str:
        return str(len(request.get_data()))

    @app.get("/slow")
    def slow() -> str:
        assert begun is not None
        begun.set()
        time.sleep(SLOW_ANSWER_SECONDS)
        return "slowly"

    return app


def a_server(begun: threading.Event | None = None, *, request_seconds: int = 10) -> WebServer:
    return WebServer(
        an_app(begun), host="127.0.0.1", port=0, threads=2, request_seconds=request_seconds
    )


def a_config(folder: Path) -> Path:
    file = folder / "config.toml"
    file.write_text(example_config({("tokens", "keyring"): "off"}))
    return file


def connected(server: WebServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_a_body_larger_than_the_limit_is_refused_unread() -> None:
    server = a_server()
    with running(server), connected(server) as client:
        head = f"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES_MAX + 1}\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_counted_as_it_comes() -> None:
    server = a_server()
    pieces = (b"x" * 500_000 for _ in range(BODY_BYTES_MAX // 500_000 + 2))
    with running(server):
        try:
            status = requests.post(f"{server.url}/length", data=pieces, timeout=10).status_code
        except requests.ConnectionError:
            status = 413  # it was cut off while more was being sent
    assert status == 413


def test_headers_without_end_are_refused() -> None:
    server = a_server()
    with running(server):
        headers = {"X-Filler": "x" * HEADER_BYTES_MAX}
        answer = requests.post(f"{server.url}/length", headers=headers, timeout=10)
    assert answer.status_code == 431


def test_a_body_that_drips_in_is_cut_off() -> None:
    server = a_server(request_seconds=1)
    with running(server), connected(server) as client:
        client.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        client.settimeout(0.2)
        answer = None
        while answer is None and time.monotonic() < began + 10:
            try:
                client.sendall(b"x")
                answer = client.recv(100)
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b""
    assert answer == b""
    assert 0.9 < time.monotonic() - began < 5


def test_a_client_that_drips_keeps_nobody_waiting() -> None:
    server = a_server()
    with running(server):
        dripping = [connected(server) for _ in range(30)]
        for client in dripping:
            client.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        answer = requests.post(f"{server.url}/length", data=b"four", timeout=2)
        for client in dripping:
            client.close()
    assert answer.text == "4"


def test_what_has_begun_is_answered_after_the_signal() -> None:
    begun = threading.Event()
    server = a_server(begun)
    answers: list[str] = []
    with running(server) as end:
        asking = threading.Thread(
            target=lambda: answers.append(requests.get(f"{server.url}/slow", timeout=10).text)
        )
        asking.start()
        assert begun.wait(10)
        end()
        asking.join(10)
    assert answers == ["slowly"]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/slow", timeout=1)


def test_a_port_that_is_taken_is_a_mistake(tmp_path: Path) -> None:
    server = a_server()
    taken = int(server.url.rpartition(":")[2])
    with running(server), Container(load_config(a_config(tmp_path), {})) as container:
        for host, port in (("127.0.0.1", taken), ("192.0.2.1", 0), ("no such host", 0)):
            with pytest.raises(UserMistake, match=f"cannot listen on {host} port {port}"):
                serve(SCHEDULE, container, host=host, port=port)


def test_an_unknown_address_gets_a_short_answer(tmp_path: Path) -> None:
    with Container(load_config(a_config(tmp_path), {})) as container:
        server = serve(SCHEDULE, container, port=0)
        with running(server):
            answer = requests.get(f"{server.url}/nothing", timeout=10)
    assert (answer.status_code, answer.text) == (404, "not found\n")
    assert "Server" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_command_listens_until_a_signal_comes(tmp_path: Path) -> None:
    a_config(tmp_path)
    process = arsync_process(tmp_path, "webhooks", "--port", "0", "--json")
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["listening"]
    assert requests.get(f"{url}/nothing", timeout=10).status_code == 404
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(20) == 0
    _, text = process.communicate()
    assert f"Listening on {url}." in text


OF_EXTRAS = ("procrastinate", "psycopg", "psycopg_pool", "opentelemetry")
"""What a plain `pip install arsync` does not bring."""


def test_a_plain_install_serves_the_desk() -> None:
    # None in sys.modules makes an import fail as if the package were not there.
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({OF_EXTRAS!r}))\n"
        "import arsync.web.server, arsync.cli.web_commands, arsync.cli.worker_commands\n"
        "import arsync.workers.queue_status, arsync.demo.play, arsync.demo.open_desk\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
