"""The files of the pages: shipped with arsync, named after their content, kept by browsers."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from flask import Flask, Response
from werkzeug.exceptions import NotFound

TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
}

KEPT_SECONDS = 31_536_000
"""A year: another content has another address."""


def serve_assets(app: Flask) -> None:
    """Let an application serve them."""

    @app.get("/static/<mark>/<name>")
    def asset(mark: str, name: str) -> Response:
        content = _contents().get(name)
        if content is None or mark != _mark(content):
            raise NotFound
        kind = TYPES[name[name.rindex(".") :]]
        response = Response(content, mimetype=kind)
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
        return response


def address_of(name: str) -> str:
    """Return the address of a file."""
    return f"/static/{_mark(_contents()[name])}/{name}"


@cache
def _contents() -> dict[str, bytes]:
    folder = files("arsync.web.desk") / "static"
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name[entry.name.rfind(".") :] in TYPES
    }


@cache
def _mark(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
