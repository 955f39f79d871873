"""What keeps a browser's pages from being used against whoever opened them.

A change needs a request from a page of the desk's own: browsers say where a request comes from, in
`Sec-Fetch-Site` (Fetch Metadata, W3C) or at least in `Origin`, and no page can make them lie. So
forms carry no token that could be inherited, leak or expire.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import Forbidden, TooManyRequests

from arsync.application.organisation.container import Container

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

REQUESTS_PER_MINUTE = 600
"""From one address: more than hands can click, less than keeps others out."""

POSTS_PER_MINUTE = 120
"""From one address."""

GUARD_SECONDS = 60
"""After which whoever was too fast is answered again."""

API_PATHS = "/api/"
"""Programs ask here, with a token: a browser's cookie is worth nothing, so that no page of another
site can use it."""

HSTS_SECONDS = 31_536_000
"""A year."""


def guard(app: Flask, *, is_secure: bool) -> None:
    """Check every request before it is answered, and harden every answer.

    Args:
        app: serves the pages.
        is_secure: whether they are reached over https.
    """
    limiter = FixedWindowRateLimiter(MemoryStorage())
    every = RateLimitItemPerMinute(REQUESTS_PER_MINUTE)
    posts = RateLimitItemPerMinute(POSTS_PER_MINUTE)

    @app.before_request
    def check() -> None:
        where = request.remote_addr or ""
        allowed = limiter.hit(every, where)
        is_form = request.method not in SAFE and not is_api(request.path)
        if is_form:
            allowed = limiter.hit(posts, "post", where) and allowed
        if not allowed:
            raise TooManyRequests
        if is_form and not _is_ours(request):
            raise Forbidden("another page sent this form: nothing was done.")

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", content_policy())
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        headers.setdefault("Cache-Control", "no-store")
        if is_secure:
            headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_SECONDS}")
        return response


def is_api(path: str) -> bool:
    """Return whether a path is the API's."""
    return path.startswith(API_PATHS)


def content_policy() -> str:
    """Return what a page of the desk may load: its own files, and nothing that stands in it.

    A page that needs one style of its own (the editor's) asks for `style_nonce()` first.
    """
    nonce = g.get("style_nonce", "")
    style = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src {style}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


LETTER_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""For a letter's own page, shown in a frame: nothing in it runs, loads or sends."""


def style_nonce() -> str:
    """Return the mark by which this page's policy lets one style in."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    nonce: str = g.style_nonce
    return nonce


def _is_ours(asked: Request) -> bool:
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = asked.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == asked.host


def safe_path(path: str) -> str:
    """Return a path of the desk to go on to; anything else leads to the first page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and "\\" not in path else "/"


def own_address(container: Container, asked: Request) -> str:
    """Return the desk's public address, without a slash at its end.

    Without `[desk] url` it is as the browser names it, which is good enough for a page that shows
    it to the one who asked, and not for a mail.
    """
    return (container.config.desk.url or asked.host_url).rstrip("/")
