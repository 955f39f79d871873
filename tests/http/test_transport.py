"""What arsync.http promises to connectors, against a scripted server on loopback."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from arsync import http
from arsync.clock import SetClock
from arsync.connector_sdk import RateLimits, Token
from arsync.errors import (
    LockLost,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    UserMistake,
)
from arsync.http import transport as transport_module
from arsync.http.responses import WAIT_SECONDS_MAX
from arsync.telemetry import trace_to

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NO_LIMITS = RateLimits(calls_per_minute=0, calls_at_once=0)
XERO = http.TransportSettings("Xero", NO_LIMITS)


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it
    drop: bool = False
    """Close the connection instead of answering."""


class Seen(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int


@dataclass
class Script:
    """What the server answers, in turn; the last answer is repeated."""

    url: str = ""
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    seen: list[Seen] = field(default_factory=list)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            port = self.client_address[1]
            script.seen.append(Seen(self.command, self.path, headers, body, port))
            answer = script.next()
            if answer.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{listener.server_address[1]}/api/Invoices"
        yield script
        listener.shutdown()
        thread.join()


@dataclass
class Tokens:
    """A token source that counts renewals."""

    token: Token = field(
        default_factory=lambda: Token("access-1", "refresh-1", NOW + timedelta(minutes=30))
    )
    renewals: list[str] = field(default_factory=list)

    def current(self) -> Token:
        return self.token

    def refreshed(self, stale: Token) -> Token:
        self.renewals.append(stale.access_token)
        number = len(self.renewals) + 1
        self.token = Token(f"access-{number}", f"refresh-{number}", NOW + timedelta(minutes=30))
        return self.token


@dataclass
class FakeTime:
    """A timer whose sleeping only moves it."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timer(self) -> http.Timer:
        return http.Timer(self.monotonic, self.sleep)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def transport(tokens: Tokens, time: FakeTime) -> Iterator[http.PlatformTransport]:
    platform_transport = http.PlatformTransport(
        XERO, tokens, SetClock(NOW), timing=http.Timing(time.timer)
    )
    yield platform_transport
    platform_transport.close()


def test_an_answer_below_500_is_the_connectors_to_judge(
    server: Script, transport: http.PlatformTransport
) -> None:
    server.answers = [Answer(404, b"gone", {"X-Some": "thing"})]
    answer = transport.request("GET", server.url, params={"page": "1"})
    assert (answer.status, answer.body, answer.headers["x-some"]) == (404, b"gone", "thing")
    assert server.seen[0].path == "/api/Invoices?page=1"
    assert server.seen[0].headers["authorization"] == "Bearer access-1"
    assert server.seen[0].headers["accept-encoding"] == "gzip"


def test_gzip_is_unpacked_and_counted_as_it_travelled(
    server: Script, transport: http.PlatformTransport
) -> None:
    packed = gzip.compress(b"x" * 100_000)
    server.answers = [Answer(200, packed, {"Content-Encoding": "gzip"})]
    assert len(transport.request("GET", server.url).body) == 100_000
    assert transport.usage.bytes_received["read"] == len(packed)
    assert transport.usage.bytes_decoded["read"] == 100_000


def test_a_redirect_never_carries_the_token_elsewhere(
    server: Script, transport: http.PlatformTransport
) -> None:
    server.answers = [Answer(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"})]
    with pytest.raises(OutcomeUnknown, match="302, a redirect"):
        transport.request("PUT", server.url, changes=True)
    with pytest.raises(RetryLater, match="302, a redirect"):
        transport.request("GET", server.url)
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_read_is_repeated_when_the_server_fails(
    server: Script, transport: http.PlatformTransport, time: FakeTime, status: int
) -> None:
    server.answers = [Answer(status), Answer(drop=True), Answer(200, b"good")]
    assert transport.request("GET", server.url).body == b"good"
    assert transport.usage.calls["read"] == 3
    assert transport.usage.repeated == 2
    assert 1 <= time.slept[0] <= 3, "back-off begins at a second, with jitter"


def test_who_lost_the_lock_reads_on_and_changes_nothing(
    server: Script, tokens: Tokens, time: FakeTime
) -> None:
    def lost() -> None:
        raise LockLost("the lock is gone")

    platform_transport = http.PlatformTransport(
        XERO,
        tokens,
        SetClock(NOW),
        hooks=http.TransportHooks(before_change=lost),
        timing=http.Timing(time.timer),
    )
    server.answers = [Answer(200, b"good")]
    with pytest.raises(LockLost):
        platform_transport.request("PUT", server.url, changes=True)
    assert platform_transport.request("GET", server.url).body == b"good"
    assert [request.method for request in server.seen] == ["GET"]
    platform_transport.close()


def test_a_read_by_post_is_repeated_too(server: Script, transport: http.PlatformTransport) -> None:
    server.answers = [Answer(500), Answer(200, b"good")]
    assert transport.request("POST", server.url, body=b"select").body == b"good"
    assert [request.body for request in server.seen] == [b"select", b"select"]


def test_a_read_gives_up_after_its_attempts(
    server: Script, transport: http.PlatformTransport
) -> None:
    server.answers = [Answer(500, b'{"Detail": "An unexpected error."}')]
    with pytest.raises(RetryLater, match="Xero answers 500: An unexpected error"):
        transport.request("GET", server.url)
    assert len(server.seen) == http.ATTEMPTS_MAX


def test_a_read_gives_up_after_its_total_waiting_time(
    server: Script, transport: http.PlatformTransport, time: FakeTime
) -> None:
    server.answers = [Answer(429, b"", {"Retry-After": "60", "X-Rate-Limit-Problem": "minute"})]
    with pytest.raises(RetryLater) as caught:
        transport.request("GET", server.url)
    assert sum(time.slept) <= http.RETRY_WAIT_SECONDS_MAX
    assert len(server.seen) == 3
    assert caught.value.after_seconds == 60


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(502),
        Answer(503),
        Answer(504),
        Answer(drop=True),
        Answer(200, b"short", {"Content-Length": "100", "Connection": "close"}),
    ],
)
def test_a_change_whose_answer_is_lost_is_never_repeated(
    server: Script, transport: http.PlatformTransport, answer: Answer
) -> None:
    server.answers = [answer]
    with pytest.raises(OutcomeUnknown, match="may have happened"):
        transport.request("PUT", server.url, body=b"{}", changes=True)
    assert len(server.seen) == 1
    assert transport.usage.calls["change"] == 1


def test_a_change_refused_with_retry_after_may_be_repeated(
    server: Script, transport: http.PlatformTransport
) -> None:
    server.answers = [Answer(503, b"", {"Retry-After": "30"})]
    with pytest.raises(RetryLater) as caught:
        transport.request("PUT", server.url, changes=True)
    assert caught.value.after_seconds == 30
    assert len(server.seen) == 1


@pytest.mark.parametrize("changes", [True, False])
def test_a_server_that_is_not_there_was_not_reached(
    transport: http.PlatformTransport, changes: bool
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(RetryLater, match="cannot be reached"):
        transport.request("POST", url, changes=changes)


def test_an_unknown_host_was_not_reached(transport: http.PlatformTransport) -> None:
    with pytest.raises(RetryLater, match="cannot be reached"):
        transport.request("POST", "https://xero.invalid/", changes=True)


def test_plain_http_is_for_this_computer_only(transport: http.PlatformTransport) -> None:
    with pytest.raises(UserMistake, match="must begin with https"):
        transport.request("GET", "http://api.xero.com/api.xro/2.0/Invoices")


def test_an_expired_token_is_renewed_once_before_repeating(
    server: Script, transport: http.PlatformTransport, tokens: Tokens
) -> None:
    server.answers = [Answer(401), Answer(200, b"good")]
    assert transport.request("PUT", server.url, changes=True).body == b"good"
    assert [request.headers["authorization"] for request in server.seen] == [
        "Bearer access-1",
        "Bearer access-2",
    ]
    assert tokens.renewals == ["access-1"]


def test_a_second_401_needs_a_person(server: Script, transport: http.PlatformTransport) -> None:
    server.answers = [Answer(401, b'{"Title": "Unauthorized", "Detail": "TokenExpired"}')]
    with pytest.raises(NeedsReconnect, match="401: TokenExpired"):
        transport.request("GET", server.url)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"Title": "Forbidden", "Detail": "insufficient_scope"}',
        b'{"Fault": {"Error": [{"Message": "insufficient_scope"}]}}',
    ],
)
def test_403_needs_a_person_and_quotes_the_platform(
    server: Script, transport: http.PlatformTransport, body: bytes
) -> None:
    server.answers = [Answer(403, body)]
    with pytest.raises(NeedsReconnect, match="insufficient_scope"):
        transport.request("GET", server.url)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {"X-Rate-Limit-Problem": "minute", "Retry-After": "900"}),
        (b"", {"Retry-After": "900"}),
        (b'{"Fault": {"Error": [{"Message": "ThrottleExceeded"}]}}', {}),
        (b"<html>Too many requests</html>", {}),
    ],
)
def test_a_403_of_a_throttle_is_no_lost_authorisation(
    server: Script, transport: http.PlatformTransport, body: bytes, headers: dict[str, str]
) -> None:
    server.answers = [Answer(403, body, headers)] * http.ATTEMPTS_MAX
    with pytest.raises(RetryLater, match="slower pace"):
        transport.request("GET", server.url)


def test_a_token_about_to_expire_is_renewed_beforehand(
    server: Script, tokens: Tokens, time: FakeTime
) -> None:
    late = NOW + timedelta(minutes=30) - timedelta(seconds=http.EXPIRY_MARGIN_SECONDS)
    platform_transport = http.PlatformTransport(
        XERO, tokens, SetClock(late), timing=http.Timing(time.timer)
    )
    platform_transport.request("GET", server.url)
    platform_transport.request("GET", server.url)
    assert [request.headers["authorization"] for request in server.seen] == ["Bearer access-2"] * 2
    assert tokens.renewals == ["access-1"], "a token just renewed is used, whatever the clocks say"


def test_reads_wait_out_the_minute_and_changes_do_not(
    server: Script, transport: http.PlatformTransport, time: FakeTime
) -> None:
    minute = Answer(429, b"", {"Retry-After": "17", "X-Rate-Limit-Problem": "minute"})
    server.answers = [minute, Answer(200, b"good")]
    assert transport.request("GET", server.url).body == b"good"
    assert time.slept == [17.0]
    server.answers = [minute]
    with pytest.raises(RetryLater) as caught:
        transport.request("PUT", server.url, changes=True)
    assert caught.value.after_seconds == 17


def test_too_many_calls_at_once_is_a_short_pause(
    server: Script, transport: http.PlatformTransport, time: FakeTime
) -> None:
    server.answers = [Answer(429, b"", {"X-Rate-Limit-Problem": "concurrent"}), Answer()]
    transport.request("GET", server.url)
    assert time.slept == [transport_module.THROTTLED_WAIT_SECONDS]


def test_a_used_up_day_is_neither_awaited_nor_retried(
    server: Script, transport: http.PlatformTransport, time: FakeTime
) -> None:
    day = {"Retry-After": "66975", "X-Rate-Limit-Problem": "Day"}
    server.answers = [Answer(429, b"", day)]
    for _ in range(2):
        with pytest.raises(RetryLater, match="today's calls are used up"):
            transport.request("GET", server.url)
    assert time.slept == []
    assert len(server.seen) == 1


def test_retry_after_may_be_a_date(server: Script, transport: http.PlatformTransport) -> None:
    headers = {"Retry-After": "Sat, 21 Nov 2026 10:00:00 GMT"}
    server.answers = [Answer(503, b"", headers)]
    with pytest.raises(RetryLater) as caught:
        transport.request("PUT", server.url, changes=True)
    assert caught.value.after_seconds > 0


@pytest.mark.parametrize(("changes", "error"), [(True, OutcomeUnknown), (False, Rejected)])
def test_an_answer_beyond_all_bounds_is_given_up(
    server: Script,
    transport: http.PlatformTransport,
    changes: bool,
    error: type[Exception],
) -> None:
    packed = gzip.compress(b"0" * (http.RESPONSE_BYTES_MAX + 1), compresslevel=1)
    server.answers = [Answer(200, packed, {"Content-Encoding": "gzip"})]
    with pytest.raises(error, match="more than 67,108,864 bytes"):
        transport.request("POST", server.url, changes=changes)


@pytest.mark.parametrize(("changes", "error"), [(True, OutcomeUnknown), (False, RetryLater)])
def test_a_body_that_trickles_is_given_up(
    server: Script, tokens: Tokens, changes: bool, error: type[Exception]
) -> None:
    slow = FakeTime()

    def later() -> float:
        slow.now += http.RESPONSE_SECONDS_MAX / 2
        return slow.now

    timer = http.Timer(later, slow.sleep)
    platform_transport = http.PlatformTransport(
        XERO, tokens, SetClock(NOW), timing=http.Timing(timer)
    )
    server.answers = [Answer(200, b"x" * (transport_module.CHUNK_BYTES * 3))]
    with pytest.raises(error):
        platform_transport.request("POST", server.url, changes=changes)


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize(("changes", "error"), [(True, OutcomeUnknown), (False, RetryLater)])
def test_a_head_that_never_ends_is_given_up(
    tokens: Tokens, time: FakeTime, said: bytes, changes: bool, error: type[Exception]
) -> None:
    timing = http.Timing(http.Timer(sleep=time.sleep), read_seconds=5, response_seconds=0.3)
    probing = XERO._replace(probing=True)  # tried once
    platform_transport = http.PlatformTransport(probing, tokens, SetClock(NOW), timing=timing)
    with trickling(said) as url, pytest.raises(error):
        platform_transport.request("POST", url, changes=changes)
    platform_transport.close()


@contextmanager
def trickling(said: bytes) -> Iterator[str]:
    """Serve one request with a beginning of an answer, said again and again."""
    given_up = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            while not given_up.wait(0.02):
                connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        given_up.set()
        thread.join(2)


@pytest.mark.parametrize("advised", ["²", "9" * 30, "9" * 5_000])
def test_an_odd_retry_after_waits_and_never_fails(
    server: Script, transport: http.PlatformTransport, advised: str
) -> None:
    headers = {"Retry-After": advised.encode("utf-8").decode("latin-1")}
    server.answers = [Answer(503, b"", headers)]
    with pytest.raises((RetryLater, OutcomeUnknown)) as caught:
        transport.request("PUT", server.url, changes=True)
    if isinstance(caught.value, RetryLater):
        assert caught.value.after_seconds == WAIT_SECONDS_MAX


def test_a_change_never_reuses_an_idle_connection(
    server: Script, transport: http.PlatformTransport, time: FakeTime
) -> None:
    transport.request("PUT", server.url, changes=True)
    transport.request("PUT", server.url, changes=True)
    assert server.seen[0].port == server.seen[1].port
    time.now += transport_module.IDLE_SECONDS_MAX + 1
    transport.request("GET", server.url)
    assert server.seen[2].port == server.seen[1].port, "a read may be repeated: it takes the risk"
    time.now += transport_module.IDLE_SECONDS_MAX + 1
    transport.request("PUT", server.url, changes=True)
    assert server.seen[3].port != server.seen[2].port


def test_nothing_secret_reaches_the_log(
    server: Script, transport: http.PlatformTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [Answer(200, b'{"APIKey": "answered"}', {"Xero-Correlation-Id": "trace-9"})]
    params = {"page": "3", "searchTerm": "hidden@example.com"}
    transport.request("POST", server.url, params=params, body=b'{"password": "sent"}')
    assert "POST 127.0.0.1" in caplog.text
    assert "page=3&searchTerm " in caplog.text
    assert "xero-correlation-id=trace-9" in caplog.text
    for secret in ("access-1", "refresh-1", "hidden", "sent", "answered"):
        assert secret not in caplog.text
    assert "access-1" not in repr(Tokens().token)


def test_a_trace_of_a_call_holds_no_secret(
    server: Script, transport: http.PlatformTransport
) -> None:
    exporter = InMemorySpanExporter()
    end = trace_to(exporter)
    server.answers = [Answer(200, b'{"APIKey": "answered"}', {})]
    transport.request("POST", f"{server.url}/Invoices", params={"search": "hidden"}, body=b"sent")
    end()
    (call,) = exporter.get_finished_spans()
    assert call.name == "HTTP POST"
    assert dict(call.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "url.path": urlsplit(f"{server.url}/Invoices").path,
        "http.response.status_code": 200,
    }
    for secret in ("access-1", "hidden", "sent", "answered"):
        assert secret not in call.to_json()


def test_odd_header_dates_and_bodies_do_no_harm(
    server: Script, transport: http.PlatformTransport
) -> None:
    server.answers = [Answer(403, json.dumps(["odd"]).encode(), {"Retry-After": "soon"})]
    with pytest.raises(NeedsReconnect, match="answers 403"):
        transport.request("GET", server.url)
