"""Whether webhooks arrive, and are what they claim to be."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.health.findings import NOTE, OK, Finding
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor
from arsync.application.runs.webhooks import WebhookView, webhook_counts
from arsync.store.admin.webhooks import WebhookOutcome

_CONSPICUOUS = {
    WebhookOutcome.BAD_SIGNATURE: "Compare {setting} with the platform's page, unless the webhook "
    "was set up today: Xero then sends some on purpose.",
    WebhookOutcome.UNREADABLE: "The platform may have a new form; the schedule reads what they "
    "were about.",
    WebhookOutcome.NOT_STORED: "The store was busy; the platform sends them again.",
    WebhookOutcome.NO_CONNECTION: "Connect their organisations, or take them out of the app.",
}
"""What is worth a look, and what to do about it."""


def webhook_findings(actor: Actor, container: Container) -> Iterator[Finding]:
    """Yield what is found about the webhooks of each platform whose secret the config holds."""
    for view in webhook_counts(actor, container):
        if view.switched_on:
            yield from _of_platform(view)


def _of_platform(view: WebhookView) -> Iterator[Finding]:
    about = f"webhooks of {view.label}"
    if view.last_at is None:
        words = (
            f"{view.received}. Does `arsync webhooks` run, and has the platform the address "
            f"https://YOUR-HOST/webhooks/{view.platform}?"
        )
        yield Finding(about, NOTE, words)
    else:
        yield Finding(about, OK, f"{view.received}.")
    for outcome, remedy in _CONSPICUOUS.items():
        if count := view.today.get(outcome):
            deliveries = "delivery" if count == 1 else "deliveries"
            words = f"{count:,} {deliveries} of today {outcome}. {remedy}"
            yield Finding(about, NOTE, words.format(setting=view.setting))
