"""A platform that misbehaves costs a clear error, never a run without end, a crash or a secret."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arsync import http
from arsync.clock import SetClock
from arsync.connector_sdk import HttpResponse, RateLimits, Token
from arsync.errors import ArsyncError, OutcomeUnknown, Rejected, RetryLater
from arsync_quickbooks.by_creation import ROWS_READ_MAX
from arsync_quickbooks.connector import QuickBooksConnector
from arsync_quickbooks.documents import ROWS_MAX
from arsync_xero.api import PAGE_SIZE
from arsync_xero.connector import XeroConnector
from arsync_xero.listings import PAGES_MAX

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DATE = {"date": "Sat, 21 Nov 2026 09:00:00 GMT"}


class OneToken:
    token = Token("access-1", "refresh-1", NOW + timedelta(minutes=30))

    def current(self) -> Token:
        return self.token

    def refreshed(self, stale: Token) -> Token:
        return self.token


@contextmanager
def answering(*parts: bytes, every_seconds: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes to whoever connects, one part after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    try:
                        for piece in parts:
                            connection.sendall(piece)
                            if stopped.wait(every_seconds):
                                return
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def transport() -> Iterator[http.PlatformTransport]:
    timer = http.Timer(time.monotonic, lambda _: None)
    platform_transport = http.PlatformTransport(
        http.TransportSettings("Xero", RateLimits(calls_per_minute=0, calls_at_once=0)),
        OneToken(),
        SetClock(NOW),
        timing=http.Timing(timer, response_seconds=0.3),
    )
    yield platform_transport
    platform_transport.close()


@pytest.mark.parametrize(("changes", "error"), [(False, RetryLater), (True, OutcomeUnknown)])
def test_an_answer_arriving_byte_by_byte_is_given_up(
    transport: http.PlatformTransport, changes: bool, error: type[ArsyncError]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with answering(head, *[b"x"] * 1000, every_seconds=0.02) as url:
        begun = time.monotonic()
        with pytest.raises(error):
            transport.request("POST", url, changes=changes)
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(("changes", "error"), [(False, RetryLater), (True, OutcomeUnknown)])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_a_redirect_is_neither_followed_nor_an_answer(
    transport: http.PlatformTransport, status: str, changes: bool, error: type[ArsyncError]
) -> None:
    head = (
        f"HTTP/1.1 {status}\r\nLocation: http://169.254.169.254/\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    with answering(head.encode()) as url, pytest.raises(error, match="redirect"):
        transport.request("POST", url, changes=changes)


Answer = Callable[[str, Mapping[str, str]], Any]


class Scripted:
    """A transport whose answers a function makes; it counts the calls."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.calls = 0

    def request(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, **_: object
    ) -> HttpResponse:
        self.calls += 1
        assert self.calls < 60, "it never ends"
        answer = self._answer(url, params or {})
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return HttpResponse(status=200, headers=DATE, body=body)


def pulled(connector: XeroConnector | QuickBooksConnector) -> None:
    for _ in connector.pull(None):
        pass


def xero(answer: Answer) -> XeroConnector:
    return XeroConnector(Scripted(answer), "t-1", {"api_url": "https://xero.example"})


def xero_answer(rows: Callable[[int], list[dict[str, str]]], pages: int) -> Answer:
    def answer(url: str, params: Mapping[str, str]) -> Any:
        if url.endswith("/Organisation"):
            return {"Organisations": [{"OrganisationID": "o", "Name": "O", "BaseCurrency": "GBP"}]}
        if url.endswith("/Contacts"):
            pagination = {"page": 1, "pageSize": PAGE_SIZE, "pageCount": pages, "itemCount": 10**6}
            return {"Contacts": rows(int(params["page"])), "pagination": pagination}
        return {}

    return answer


def xero_row(number: int) -> dict[str, str]:
    return {"ContactID": f"c-{number}", "Name": "N", "ContactStatus": "ACTIVE"}


@pytest.mark.parametrize(
    ("rows", "pages", "said"),
    [
        (lambda _: [xero_row(1), xero_row(2)], 50, "gave the same page twice"),
        (lambda _: [], 50, "gave an empty page"),
        (lambda page: [xero_row(page)], PAGES_MAX + 1, f"more than {PAGES_MAX:,} pages"),
    ],
)
def test_xero_paging_without_end_ends(rows: Any, pages: int, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        pulled(xero(xero_answer(rows, pages)))


def quickbooks(answer: Answer) -> QuickBooksConnector:
    section = {"environment": "production", "api_url": "https://quickbooks.example"}
    return QuickBooksConnector(Scripted(answer), "1", section)


def quickbooks_answer(rows: Callable[[int], list[dict[str, Any]]]) -> Answer:
    def answer(url: str, params: Mapping[str, str]) -> Any:
        at = {"time": "2026-11-21T09:00:00Z"}
        if "/companyinfo/" in url:
            return {"CompanyInfo": {"CompanyName": "C"}, **at}
        if url.endswith("/preferences"):
            return {"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}, **at}
        words = params["query"].split()
        if words[1] != "*":
            return {"QueryResponse": {"totalCount": 0}, **at}
        start = int(words[words.index("STARTPOSITION") + 1])
        entity = words[3]
        if entity != "Customer":
            return {"QueryResponse": {}, **at}
        return {"QueryResponse": {"Customer": rows(start)}, **at}

    return answer


def quickbooks_rows(first: int, *, apart: int = 0) -> list[dict[str, Any]]:
    began = datetime(2026, 5, 5, tzinfo=UTC)
    return [
        {
            "Id": str(first + more),
            "DisplayName": "N",
            "MetaData": {"CreateTime": (began + timedelta(seconds=more * apart)).isoformat()},
        }
        for more in range(ROWS_MAX)
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (quickbooks_rows(1), "gives the same Customer rows again and again"),
        (quickbooks_rows(1, apart=1), "gives Customer rows that were not asked for"),
        ([{"Id": "1"}] * ROWS_MAX, "does not tell when its Customer rows were made"),
    ],
    ids=["of one second", "of many seconds", "without a moment"],
)
def test_quickbooks_paging_without_end_ends(rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(Rejected, match=said):
        pulled(quickbooks(quickbooks_answer(lambda _: rows)))


def test_quickbooks_lists_without_end_end() -> None:
    connector = quickbooks(quickbooks_answer(quickbooks_rows))
    page = next(iter(connector.pull(None)))
    tree = json.loads(page.cursor)
    tree["place"]["received"] = ROWS_READ_MAX
    with pytest.raises(Rejected, match=f"more than {ROWS_READ_MAX:,} Customer rows"):
        for _ in connector.pull(json.dumps(tree)):
            pass


DEEP = b"[" * 200_000 + b"]" * 200_000
HOSTILE_BODIES = {
    "nothing": b"",
    "not JSON": b"<html>Sign in to the hotel's network</html>",
    "not UTF-8": b'{"Contacts": "\xff\xfe"}',
    "nested without end": b'{"Contacts": ' + DEEP + b', "Organisations": ' + DEEP + b"}",
    "nested beside": b'{"Other": ' + DEEP + b"}",
    "nested alone": DEEP,
    "a number": b"5",
    "null": b"null",
    "wrong types": b'{"Organisations": 5, "CompanyInfo": [], "Preferences": "x", "time": {}}',
    "half": b'{"Organisations": [{"OrganisationID": "o", ',
}


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
@pytest.mark.parametrize("platform", [xero, quickbooks])
def test_an_answer_that_is_none_is_a_clear_error(
    platform: Callable[[Answer], XeroConnector | QuickBooksConnector], body: bytes
) -> None:
    with pytest.raises(ArsyncError, match=r"Xero|QuickBooks"):
        pulled(platform(lambda *_: body))


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
def test_a_refusal_in_any_shape_is_read(body: bytes) -> None:
    from arsync.http.responses import words
    from arsync_quickbooks.errors import tree_of
    from arsync_xero.errors import refusal

    response = HttpResponse(status=400, headers={}, body=body)
    assert "\n" not in words(response)
    assert isinstance(refusal(response, "reading"), ArsyncError)
    with pytest.raises(ArsyncError):
        tree_of(response, changes=False)
