"""Authorisation by browser: a listener on this computer, or an address pasted by hand.

The state and the PKCE verifier are made here, anew for each attempt; the platform's `Authoriser`
checks the state again when it exchanges the code.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from arsync.connector_sdk import Authoriser, Grant
from arsync.errors import UserMistake

WAIT_SECONDS_MAX = 300.0
"""How long the listener waits for the browser; a consent page left open longer starts again."""

CALLBACK_BYTES_MAX = 8_192
"""A longer callback address is refused."""

IDLE_SECONDS_MAX = 5.0
"""A browser that connects to the listener and says nothing for so long is cut off. Browsers open
connections that they may never use; each has a thread of its own, so that none keeps the callback
waiting."""

NO_CODE = "The answer of the consent page has no code, so nothing was authorised."

_LISTEN_POLL_SECONDS = 0.2
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>arsync</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}}
h1{{font-size:1.4rem}}</style><h1>{title}</h1><p>{text}</p></html>"""


def authorise(
    authoriser: Authoriser,
    *,
    redirect_url: str,
    say: Callable[[str], None],
    ask: Callable[[str], str] | None = None,
    open_browser: Callable[[str], object] = webbrowser.open,
    wait_seconds: float = WAIT_SECONDS_MAX,
) -> Grant:
    """Get a person's authorisation and return what it opens.

    Args:
        authoriser: the platform's OAuth client.
        redirect_url: registered at the platform; a loopback address is listened on.
        say: prints a line for the person.
        ask: asks for the address the browser ended at; given for `--no-browser`, else None.
        open_browser: opens the consent page.
        wait_seconds: how long to wait for the browser.

    Raises:
        UserMistake: refused, waited too long, or the address pasted is not the right one.
    """
    if not authoriser.interactive:
        return authoriser.grant_directly()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    url = authoriser.authorisation_url(redirect_uri=redirect_url, state=state, verifier=verifier)
    if ask is None and urlsplit(redirect_url).hostname not in _LOOPBACK:
        raise UserMistake(
            f"the browser returns to {redirect_url}, which is not on this computer.\n"
            "    hint: use --no-browser and paste the final address from the browser."
        )
    if ask is not None:
        say(f"Open this address in a browser, and authorise arsync:\n\n  {url}\n")
        callback = ask("Paste the final address from the browser").strip()
    else:
        with _Listener(redirect_url, state) as listener:
            say(
                "Waiting for you to authorise arsync in the browser. If it does not open, go "
                f"to:\n\n  {url}\n"
            )
            open_browser(url)
            callback = listener.wait(wait_seconds)
    return authoriser.exchange(
        _checked(callback, state), redirect_uri=redirect_url, state=state, verifier=verifier
    )


def _checked(callback: str, state: str) -> str:
    if len(callback) > CALLBACK_BYTES_MAX or not callback.startswith(("http://", "https://")):
        raise UserMistake(
            "that is not the address of a page. Copy the whole address line of the browser, "
            "from http to the end."
        )
    query = parse_qs(urlsplit(callback).query)
    if query.get("error"):
        raise UserMistake(
            f"authorisation was refused: {query['error'][0][:80]}. Nothing was connected."
        )
    if not query.get("code") and query.get("state"):
        raise UserMistake(f"{NO_CODE} Run `arsync connect` again.")
    if not hmac.compare_digest(query.get("state", [""])[0].encode(), state.encode()):
        raise UserMistake(
            "that address belongs to another attempt (its state does not match). "
            "Run `arsync connect` again and use the newest address."
        )
    return callback


@dataclass
class _Callback:
    came: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class _Server(ThreadingHTTPServer):
    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a browser that leaves halfway is no error, and its address holds the code."""


class _Listener:
    """A listener on the loopback address of the redirect URL, for one callback."""

    def __init__(self, redirect_url: str, state: str) -> None:
        address = urlsplit(redirect_url)
        self._callback = _Callback()
        handler = _handler(self._callback, address.path or "/", redirect_url, state)
        try:
            # `localhost` is registered mostly, and browsers try both families for it.
            host = "::1" if address.hostname == "::1" else "127.0.0.1"
            self._server = _Server(host, address.port or 80, handler)
        except OSError as error:
            raise UserMistake(
                f"cannot listen on {redirect_url}: {error.strerror}.\n"
                "    hint: another program uses the port; close it, or use --no-browser."
            ) from None
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LISTEN_POLL_SECONDS,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> str:
        """Return the callback's address."""
        if not self._callback.came.wait(seconds):
            raise UserMistake(
                f"no answer from the browser within {seconds:.0f} seconds. "
                "Run `arsync connect` again, or use --no-browser."
            )
        return self._callback.url


def _handler(
    callback: _Callback, path: str, redirect_url: str, state: str
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS_MAX

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = parse_qs(address.query)
            same_attempt = hmac.compare_digest(query.get("state", [""])[0].encode(), state.encode())
            if address.path != path or not same_attempt or len(self.path) > CALLBACK_BYTES_MAX:
                self._answer(
                    404, "Not here", "This address belongs to no authorisation in progress."
                )
                return
            if not query.get("code") and "error" not in query:
                self._answer(400, "Not connected", NO_CODE)
                return
            if "error" in query:
                self._answer(
                    200, "Not connected", "Authorisation was refused. You can close this page."
                )
            else:
                self._answer(200, "Thank you", "arsync is authorised. You can close this page.")
            callback.url = f"{redirect_url.split('?', maxsplit=1)[0]}?{address.query}"
            callback.came.set()

        def _answer(self, status: int, title: str, text: str) -> None:
            body = _PAGE.format(title=title, text=text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Keep quiet: the address holds the code."""

    return Handler
