"""`POST /webhooks/PLATFORM`: what Xero and QuickBooks report."""

from __future__ import annotations

from flask import Blueprint, Response, request

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.application.runs.webhooks import WebhookIntake
from arsync.store.admin.webhooks import WebhookOutcome

RETRY_AFTER_SECONDS = 10

_STATUS = {
    None: 404,
    WebhookOutcome.BAD_SIGNATURE: 401,
    WebhookOutcome.NOT_STORED: 503,
}
"""All else is answered 200, also what is signed and cannot be read: it would be no clearer the next
time, and QuickBooks holds everything back that comes after it."""


def webhook_routes(container: Container) -> Blueprint:
    """Return the routes by which the platforms report."""
    intake = WebhookIntake(SCHEDULE, container)
    routes = Blueprint("webhooks", __name__)

    @routes.post("/webhooks/<platform>")
    def receive(platform: str) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        outcome = intake.receive(platform, request.get_data(cache=False), headers)
        # Without a body, as Xero asks.
        answer = Response(status=_STATUS.get(outcome, 200))
        if answer.status_code == 503:
            answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer

    return routes
