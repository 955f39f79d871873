"""How much of what a platform allows the app is used: its connections, and the calls of the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.connector_sdk.rate_window import DayLeft


class AppUse(NamedTuple):
    """How many connections of an app are used."""

    platform: str
    label: str
    connections: int
    connections_max: int
    """0: the app's tier is not told."""

    @property
    def is_over(self) -> bool:
        """Return whether more are used than the tier allows."""
        return 0 < self.connections_max < self.connections

    @property
    def words(self) -> str:
        """Return `Xero: 4 of 5 connections of the app are used`."""
        return (
            f"{self.label}: {self.connections:,} of {self.connections_max:,} connections of the "
            "app are used"
        )


def app_use(actor: Actor, container: Container, platform: str) -> AppUse:
    """Return how many connections of a platform's app are used."""
    permit(actor, Permission.READ)
    most = int(container.config.section(platform).get("connections_max") or 0)
    used = container.store.connections.count(platform, also_paused=True)
    return AppUse(platform, container.platform(platform).label, used, most)


def calls_left_today(
    actor: Actor, container: Container, organisations: Sequence[OrganisationContext]
) -> dict[str, DayLeft]:
    """Return, by connection, what is left of the day's calls; one query for each platform.

    A connection whose day is not limited is left out.
    """
    permit(actor, Permission.READ)
    if container.config.runs.pace != "on":
        return {}
    calls: dict[str, DayLeft] = {}
    for platform in dict.fromkeys(each.connection.platform for each in organisations):
        rows = [each.connection for each in organisations if each.connection.platform == platform]
        by_id = container.calls_left_today(platform, [row.organisation_id for row in rows])
        calls |= {row.name: by_id[row.organisation_id] for row in rows if by_id}
    return calls
