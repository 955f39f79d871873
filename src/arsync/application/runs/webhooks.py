"""Webhooks: a delivery is verified, read and recorded, and asks for a run of the ledgers it names.

It is accepted only when it is in the store: what is refused comes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from arsync.application.organisation.container import Container
from arsync.application.organisation.webhook_writer import SparseLog, WebhookWriter
from arsync.application.permissions import Actor, Permission, permit
from arsync.clock import in_words
from arsync.connector_sdk import platforms
from arsync.connector_sdk.webhooks import (
    UnreadableWebhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookReader,
)
from arsync.store.admin.webhooks import ReceivedDelivery, ReceivedEvent, WebhookOutcome

AHEAD_SECONDS_MAX = 24 * 3600.0
"""An event further in the future is about another time; computers' clocks differ."""

KEPT_BESIDES_SECONDS = 3600.0
"""An event is known for so much longer than its platform repeats it."""

ORGANISATION_ID_CHARACTERS_MAX = 200


class WebhookView(Struct, frozen=True):
    """What came from one platform."""

    platform: str
    label: str
    setting: str
    """The setting of the secret that signs its deliveries: `[xero] webhook_key`."""
    switched_on: bool
    """Whether that holds one; without it, deliveries are refused."""
    last_at: datetime | None
    """When the last delivery came; forged ones do not count."""
    today: Mapping[str, int]
    """The deliveries of today (UTC), by what became of them."""

    @property
    def received(self) -> str:
        """Return what came, in words that end a sentence."""
        if self.last_at is None:
            return "none has come yet"
        came = in_words(self.last_at, UTC)
        return f"the last came {came}; {sum(self.today.values()):,} today"

    @property
    def path(self) -> str:
        """Return where its deliveries are taken."""
        return f"/webhooks/{self.platform}"


def webhook_counts(actor: Actor, container: Container) -> list[WebhookView]:
    """Return what came from each platform that posts webhooks."""
    permit(actor, Permission.READ)
    last_at = container.store.webhooks.last_at()
    counts = container.store.webhooks.counts(container.clock.now().date())
    return [
        WebhookView(
            name,
            container.platform(name).label,
            f"[{name}] {reader.secret_setting}",
            bool(_secret(container, name, reader)),
            last_at.get(name),
            {str(row.outcome): row.deliveries for row in counts if row.platform == name},
        )
        for name, reader in webhook_readers().items()
    ]


def webhook_readers() -> dict[str, WebhookReader]:
    """Return the readers of all installed platforms that post webhooks, by the platform's name."""
    readers = {name: platform.webhook for name, platform in sorted(platforms().items())}
    return {name: reader for name, reader in readers.items() if reader is not None}


class WebhookIntake:
    """Takes deliveries from any number of threads."""

    def __init__(self, actor: Actor, container: Container) -> None:
        """Look up the platforms; nothing is opened before the first delivery.

        Args:
            actor: who lets it listen.
            container: the installation; it is closed with it.
        """
        permit(actor, Permission.RUN)
        self._container = container
        self._readers = webhook_readers()
        self._log = SparseLog()
        self._writer = WebhookWriter(lambda: container.store.webhooks, self._log)
        container.at_close.callback(self._writer.close)

    def receive(
        self, platform: str, body: bytes, headers: Mapping[str, str]
    ) -> WebhookOutcome | None:
        """Take a delivery.

        Args:
            platform: whose it claims to be.
            body: as it came.
            headers: their names are lower-case.

        Returns:
            What became of it; None: no deliveries of this platform are taken.
        """
        reader = self._readers.get(platform)
        if reader is None:
            return None
        secret = _secret(self._container, platform, reader)
        if not secret:
            self._log.warn(
                f"{platform} is off",
                f"a delivery to /webhooks/{platform} was refused: [{platform}] "
                f"{reader.secret_setting} is empty. It is the secret that the platform's page of "
                "the webhook shows.",
            )
            return None
        if not reader.verify(body, headers, secret):
            self._log.warn(
                f"{platform} signature",
                f"a delivery to /webhooks/{platform} had a wrong signature. Xero sends some on "
                f"purpose when it tries an address; otherwise compare [{platform}] "
                f"{reader.secret_setting} with the platform's page of the webhook.",
            )
            outcome: WebhookOutcome | ReceivedDelivery = WebhookOutcome.BAD_SIGNATURE
        else:
            outcome = self._read(platform, reader, body)
        if isinstance(outcome, ReceivedDelivery):
            return self._writer.record(outcome)
        self._writer.count(platform, outcome)
        return outcome

    def _read(
        self, platform: str, reader: WebhookReader, body: bytes
    ) -> WebhookOutcome | ReceivedDelivery:
        """Read what is signed: what is left to record, or why there is nothing."""
        try:
            delivery = reader.read(body)
        except UnreadableWebhook as error:
            delivery = WebhookDelivery((), unreadable=1)
            self._log.warn(
                f"{platform} unreadable", f"a signed webhook of {platform} cannot be read: {error}"
            )
        if not delivery.events:
            return _reason_for_nothing(delivery)
        now = self._container.clock.now()
        kept = timedelta(seconds=reader.repeats_seconds + KEPT_BESIDES_SECONDS)
        ahead = timedelta(seconds=AHEAD_SECONDS_MAX)
        # What is older than it would be remembered could be replayed for ever.
        timely = [event for event in delivery.events if now - kept < event.at < now + ahead]
        if not timely:
            return WebhookOutcome.OUT_OF_TIME
        events = [
            ReceivedEvent(event.organisation_id, _digest(platform, event))
            for event in timely
            if _may_be_an_id(event.organisation_id)
        ]
        if not events:
            return WebhookOutcome.NO_CONNECTION
        reason = f"a webhook of {self._container.platform(platform).label}"
        return ReceivedDelivery(platform, events, now + ahead + kept, reason)


def _secret(container: Container, platform: str, reader: WebhookReader) -> str:
    return container.config.section(platform).get(reader.secret_setting, "")


def _reason_for_nothing(delivery: WebhookDelivery) -> WebhookOutcome:
    if delivery.unreadable:
        return WebhookOutcome.UNREADABLE
    return WebhookOutcome.OF_NO_CONCERN if delivery.of_no_concern else WebhookOutcome.EMPTY


def _digest(platform: str, event: WebhookEvent) -> str:
    text = f"{platform}|{event.organisation_id}|{event.identity}"
    # 128 bits: that two events share them by chance is out of the question.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _may_be_an_id(text: str) -> bool:
    # PostgreSQL takes no NUL in a text, and no half of a surrogate pair is one.
    return len(text) <= ORGANISATION_ID_CHARACTERS_MAX and text.isprintable()
