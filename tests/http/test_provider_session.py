"""Calls with a name and a password: where they may go, and what a lost answer means."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from arsync.errors import OutcomeUnknown, Rejected, Unreachable, UserMistake
from arsync.http.provider_session import RESPONSE_BYTES_MAX, ProviderSession

SECRET = "provider-secret-9911"


def session(read_seconds: float = 5) -> ProviderSession:
    return ProviderSession("Provider", "user", SECRET, read_seconds=read_seconds)


def _whole_request(caller: socket.socket) -> bytes:
    """Read a request with its body, which may come in a segment of its own."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += caller.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer to whoever comes, and keeps what it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                asked.append(_whole_request(caller))
                caller.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x", asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize("url", ["http://api.example.com/x", "ftp://127.0.0.1/x", "nonsense"])
def test_the_password_leaves_by_https_alone(url: str) -> None:
    with session() as opened, pytest.raises(UserMistake, match="https"):
        opened.request("POST", url, form={"a": "b"})


def test_an_answer_of_any_status_is_returned() -> None:
    with (
        answering(b"HTTP/1.1 402 No\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}") as (url, asked),
        session() as opened,
    ):
        answer = opened.request("POST", url, form={"a": "b c"})
    assert (answer.status, answer.body, answer.headers["x-a"]) == (402, b"{}", "b")
    assert b"Authorization: Basic" in asked[0]
    assert asked[0].endswith(b"a=b+c")


def test_a_redirect_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    with answering(head) as (url, asked), session() as opened:
        assert opened.request("GET", url).status == 302
    assert len(asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_there_means_that_nothing_happened(method: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with session() as opened, pytest.raises(Unreachable):
        opened.request(method, f"http://127.0.0.1:{port}/x")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"])
def test_a_change_whose_answer_is_lost_is_open(answer: bytes) -> None:
    with answering(answer) as (url, _), session() as opened:
        with pytest.raises(OutcomeUnknown) as unknown:
            opened.request("POST", url, form={"a": "b"})
        with pytest.raises(Unreachable):
            opened.request("GET", url)
    assert SECRET not in str(unknown.value)
    assert SECRET not in repr(opened)


def test_an_endless_answer_is_given_up() -> None:
    size = RESPONSE_BYTES_MAX + 100_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    with answering(head + b"x" * size) as (url, _), session() as opened:
        with pytest.raises(Rejected):
            opened.request("GET", url)
        with pytest.raises(OutcomeUnknown):
            opened.request("POST", url)
