"""Consent: the right callback is taken, every other is not."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import requests

from arsync.application.organisation.oauth_authorisation import CALLBACK_BYTES_MAX, authorise
from arsync.connector_sdk import Grant, OrganisationRef, Token
from arsync.errors import UserMistake

GRANT = Grant(
    Token("access", "refresh", datetime(2026, 1, 1, tzinfo=UTC)), (OrganisationRef("o", "Org"),)
)


class APlatform:
    """An authoriser that remembers what it was asked."""

    interactive = True

    def __init__(self) -> None:
        self.state = ""
        self.exchanged = ""

    def authorisation_url(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        assert len(verifier) >= 43
        self.state = state
        return f"https://consent.example/?state={state}&redirect_uri={redirect_uri}"

    def exchange(self, callback_url: str, *, redirect_uri: str, state: str, verifier: str) -> Grant:
        assert state == self.state
        self.exchanged = callback_url
        return GRANT

    def grant_directly(self) -> Grant:
        return GRANT

    def refresh(self, token: Token) -> Token:
        return token

    def revoke(self, token: Token) -> None:
        return None


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def visit(url: str) -> requests.Response:
    return requests.get(url, timeout=5)


def test_the_listener_takes_the_callback_with_the_right_state() -> None:
    platform, redirect = APlatform(), f"http://localhost:{a_free_port()}/callback"
    pages: list[str] = []

    def browser(url: str) -> None:
        state = parse_qs(urlsplit(url).query)["state"][0]
        wrong = visit(f"{redirect}?code=c&state=other")
        assert wrong.status_code == 404
        pages.append(visit(f"{redirect}?code=c&state={state}").text)

    threads: list[threading.Thread] = []

    def open_browser(url: str) -> None:
        threads.append(threading.Thread(target=browser, args=(url,)))
        threads[0].start()

    grant = authorise(
        platform, redirect_url=redirect, say=lambda _: None, open_browser=open_browser
    )
    threads[0].join()
    assert grant == GRANT
    assert platform.exchanged == f"{redirect}?code=c&state={platform.state}"
    assert "You can close this page" in pages[0]


def test_a_callback_without_a_code_is_no_consent() -> None:
    platform, redirect = APlatform(), f"http://localhost:{a_free_port()}/callback"
    pages: list[requests.Response] = []

    def open_browser(url: str) -> None:
        state = parse_qs(urlsplit(url).query)["state"][0]
        pages.append(visit(f"{redirect}?state={state}"))
        pages.append(visit(f"{redirect}?code=c&state={state}"))

    threads: list[threading.Thread] = []

    def browse(url: str) -> None:
        threads.append(threading.Thread(target=open_browser, args=(url,)))
        threads[0].start()

    authorise(platform, redirect_url=redirect, say=lambda _: None, open_browser=browse)
    threads[0].join()
    assert [page.status_code for page in pages] == [400, 200]
    assert "has no code, so nothing was authorised" in pages[0].text


def test_a_pasted_address_without_a_code_is_said() -> None:
    platform = APlatform()
    with pytest.raises(UserMistake, match="has no code"):
        authorise(
            platform,
            redirect_url="http://localhost:8484/callback",
            say=lambda _: None,
            ask=lambda _: f"http://localhost:8484/callback?state={platform.state}",
        )


@pytest.mark.skipif(not socket.has_ipv6, reason="this computer has no IPv6")
def test_the_listener_takes_an_ipv6_address_too() -> None:
    platform, redirect = APlatform(), f"http://[::1]:{a_free_port()}/callback"

    def open_browser(url: str) -> None:
        visit(f"{redirect}?code=c&state={platform.state}")

    assert (
        authorise(platform, redirect_url=redirect, say=lambda _: None, open_browser=open_browser)
        == GRANT
    )


def test_an_idle_browser_connection_does_not_block_the_callback() -> None:
    platform, port = APlatform(), a_free_port()
    redirect = f"http://localhost:{port}/callback"
    silent: list[socket.socket] = []

    def open_browser(url: str) -> None:
        # As browsers do: a connection in advance, which may never be used.
        silent.append(socket.create_connection(("127.0.0.1", port)))
        visit(f"{redirect}?code=c&state={platform.state}")

    authorise(platform, redirect_url=redirect, say=lambda _: None, open_browser=open_browser)
    silent[0].close()
    assert platform.exchanged.startswith(redirect)


def test_the_listener_is_reached_from_this_computer_alone() -> None:
    platform, port = APlatform(), a_free_port()
    redirect = f"http://localhost:{port}/callback"
    listening: list[str] = []

    def open_browser(url: str) -> None:
        mine = psutil.Process().net_connections()
        at_port = [socket_row for socket_row in mine if socket_row.laddr.port == port]
        listening.extend(
            socket_row.laddr.ip for socket_row in at_port if socket_row.status == psutil.CONN_LISTEN
        )
        visit(f"{redirect}?code=c&state={platform.state}")

    authorise(platform, redirect_url=redirect, say=lambda _: None, open_browser=open_browser)
    assert listening == ["127.0.0.1"]


def test_a_browser_that_never_answers_ends_with_a_message() -> None:
    with pytest.raises(UserMistake, match="--no-browser"):
        authorise(
            APlatform(),
            redirect_url=f"http://localhost:{a_free_port()}/callback",
            say=lambda _: None,
            open_browser=lambda _: None,
            wait_seconds=0.05,
        )


def test_a_pasted_address_serves_where_there_is_no_browser() -> None:
    platform = APlatform()
    lines: list[str] = []
    authorise(
        platform,
        redirect_url="https://books.example/cb",
        say=lines.append,
        ask=lambda _: f"https://books.example/cb?code=c&state={platform.state}",
    )
    assert "https://consent.example/" in lines[0]
    assert "code=c" in platform.exchanged


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("https://books.example/cb?code=c&state=stolen", "another attempt"),
        ("https://books.example/cb?code=c", "another attempt"),
        ("c0de", "whole address"),
        ("https://books.example/?" + "x" * CALLBACK_BYTES_MAX, "whole address"),
        ("https://books.example/cb?error=access_denied", "refused"),
    ],
)
def test_a_wrong_pasted_address_is_refused(pasted: str, words: str) -> None:
    platform = APlatform()
    with pytest.raises(UserMistake, match=words):
        authorise(
            platform,
            redirect_url="https://books.example/cb",
            say=lambda _: None,
            ask=lambda _: pasted,
        )
    assert platform.exchanged == ""


def test_a_redirect_elsewhere_asks_for_no_browser() -> None:
    with pytest.raises(UserMistake, match="not on this computer"):
        authorise(APlatform(), redirect_url="https://books.example/cb", say=lambda _: None)


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(UserMistake, match="another program uses the port"):
            authorise(
                APlatform(),
                redirect_url=f"http://localhost:{listener.getsockname()[1]}/callback",
                say=lambda _: None,
                open_browser=lambda _: None,
            )


def test_a_token_never_shows_itself() -> None:
    assert "access" not in repr(GRANT.token)
    assert "refresh" not in str(GRANT.token)
