"""What listens, as one Flask application: its routes come from the modules beside this one."""

from __future__ import annotations

import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from arsync.application.organisation.container import Container
from arsync.errors import ArsyncError, RetryLater
from arsync.web.ops_routes import ops_routes
from arsync.web.webhook_routes import webhook_routes

BODY_BYTES_MAX = 4_000_000
"""A larger body is refused. Ten thousand events of a platform take some 4 MB."""

_LOG = logging.getLogger(__name__)


def make_app(container: Container) -> Flask:
    """Return the application of one installation; nothing is opened before the first request.

    Whoever serves it closes the container afterwards.
    """
    app = Flask("arsync", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.register_blueprint(webhook_routes(container))
    app.register_error_handler(ArsyncError, _unavailable)
    app.register_error_handler(HTTPException, _refused)
    app.after_request(_hardened)
    app.register_blueprint(ops_routes(container))
    return app


def _unavailable(error: ArsyncError) -> Response:
    """Answer 503: the store is away, and the one who asks may ask again."""
    # What is wrong may name hosts and files: it is for the log, not for whoever asks.
    _LOG.warning("a request was answered 503: %s", error)
    answer = _text("not available; try again later", 503)
    if isinstance(error, RetryLater):
        answer.headers["Retry-After"] = str(max(1, round(error.after_seconds)))
    return answer


def _refused(error: HTTPException) -> Response:
    return _text(error.name.lower(), error.code or 500)


def _text(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")


def _hardened(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
