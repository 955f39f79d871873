"""The parts, joined: config, clock, store, connectors, rules and mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo
from functools import cached_property, partial
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from arsync import outbox
from arsync.application.adapters import MailPost, StoredTokens
from arsync.application.data_quality import circumstances
from arsync.application.packed_plan import packing
from arsync.clock import Clock, SystemClock, today_in
from arsync.config import Config
from arsync.connector_sdk import (
    Authoriser,
    Connector,
    Grant,
    OrganisationRef,
    Platform,
    RateLimits,
)
from arsync.connector_sdk import platform as installed_platform
from arsync.core.ledger.records import Account, Organisation
from arsync.core.planning.planner import Plan, make_plan
from arsync.core.planning.send_blocks import pauses, warnings
from arsync.core.rulebook import Rulebook, needs
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.http import PlatformTransport, TransportHooks, TransportSettings
from arsync.mail import Letters
from arsync.rules_source.folder import Rules, holidays_in, read_rules
from arsync.store import Keys, Store, open_store
from arsync.store.models import ConnectionRow, OutageRow

LOCK_WAIT_SECONDS = 10.0
"""A second run of the same connection waits so long, then leaves."""


class Parts:
    """Everything one config describes. Opens the store when it is first needed."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        platforms: Callable[[str], Platform] = installed_platform,
        limits: outbox.Limits | None = None,
        post: Callable[[Config, Letters, Clock], outbox.Post] = MailPost,
        transports: Callable[..., PlatformTransport] = PlatformTransport,
    ) -> None:
        """Join the parts; nothing is opened.

        Args:
            config: all settings.
            clock: by default the computer's.
            platforms: finds a platform by name; by default the installed connectors.
            limits: how much one run of the outbox may do; by default what the config says.
            post: makes the post office; by default the one that the config names.
            transports: makes the HTTP of a connection; tests make one that does not wait.
        """
        self.config = config
        self.clock = clock or SystemClock()
        self.limits = limits or outbox.LIMITS._replace(
            smtp_emails_per_day_max=config.whole("smtp", "emails_per_day")
        )
        self.lock_wait_seconds = LOCK_WAIT_SECONDS
        self.post = post
        self.platform_clocks: dict[str, tuple[str, float]] = {}
        """By platform: its host, and how far this computer's clock is ahead of that one's."""
        self._platforms = platforms
        self._transports = transports

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]

    @cached_property
    def store(self) -> Store:
        """Return the store, opened and brought up to date."""
        keys = Keys.from_config(self.config)
        return open_store(self.config.store_url, clock=self.clock, keys=keys)

    # -- connections --------------------------------------------------------------------------

    def connections(self, name: str | None = None) -> list[ConnectionRow]:
        """Return one connection, or all.

        Raises:
            UserMistake: there is none of that name, or none at all.
        """
        if name:
            return [self.store.connections.get(name)]
        rows = self.store.connections.all()
        if not rows:
            raise UserMistake(
                "nothing is connected yet."
                "\n    hint: arsync connect xero, or: arsync connect quickbooks"
            )
        return rows

    def platform(self, name: str) -> Platform:
        """Return a platform by its name.

        Raises:
            UserMistake: no such connector is installed.
        """
        return self._platforms(name)

    def authoriser(self, platform: str) -> Authoriser:
        """Return the OAuth client of a platform, with the settings of its section."""
        return self.platform(platform).authoriser(self.config.section(platform))

    def add_connections(
        self, platform: str, grant: Grant, chosen: Sequence[tuple[OrganisationRef, str]]
    ) -> list[ConnectionRow]:
        """Save a consent and connect organisations with it; one that was there is reconnected.

        Args:
            platform: the platform's name.
            grant: what the consent gave.
            chosen: organisations, each with the name its connection gets (empty: made from its
                own name).
        """
        grant_id = self.store.tokens.create(platform, grant.token)
        rows: list[ConnectionRow] = []
        for ref, wanted in chosen:
            connection_row = self.store.connections.by_organisation(platform, ref.id)
            if connection_row is not None:
                self.store.connections.attach(connection_row.id, grant_id)
                rows.append(self.store.connections.by_id(connection_row.id))
                continue
            with self._opened(platform, ref.id, grant_id) as connector:
                organisation = connector.organisation()
            rows.append(
                self.store.connections.add(
                    wanted or self._free_name(organisation),
                    platform=platform,
                    organisation=organisation,
                    mode=self.config.get("runs", "mode"),
                    grant_id=grant_id,
                )
            )
        return rows

    def disconnect(self, name: str) -> str:
        """Withdraw a connection's consent and remove it; returns what happened, in words.

        The consent is withdrawn at the platform only when no other connection lives on it.
        """
        row = self.store.connections.get(name)
        shared = [
            connection.name
            for connection in self.store.connections.all()
            if connection.grant_id == row.grant_id and connection.id != row.id
        ]
        said = f"{name} is disconnected; its actions and promises are kept."
        if row.grant_id is not None and not shared:
            try:
                self.authoriser(row.platform).revoke(self.store.tokens.load(row.grant_id))
            except (RetryLater, NeedsReconnect) as error:
                said += f" The platform could not be told: {error}"
        elif shared:
            said += f" The consent stays: {', '.join(shared)} needs it."
        self.store.connections.remove(name)
        return said

    def set_mode(self, name: str, mode: str) -> ConnectionRow:
        """Change how far a connection may go: observe, approve, auto."""
        return self.store.connections.set_mode(name, mode)

    def set_own_reminders(self, name: str, *, on: bool) -> ConnectionRow:
        """Remember what a person says of the platform's own reminders, where it does not tell."""
        return self.store.connections.set_own_reminders(name, on=on)

    @contextmanager
    def open(
        self,
        connection: ConnectionRow,
        *,
        writing: Callable[[], bool] = lambda: False,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Connector]:
        """Open a connection's organisation for reading and writing.

        Args:
            connection: whose.
            writing: says whether what is read now serves writes, and so may use their reserve of
                the day's calls.
            stop: True ends waits for the platform's pace, with `Stopping`.

        Raises:
            NeedsReconnect: it has no consent.
        """
        with self._opened(
            connection.platform,
            connection.organisation_id,
            connection.grant_id,
            connection.settings,
            writing=writing,
            before_change=lambda: self.store.runs.ensure_lock_held(connection.id),
            probing=self.resting(connection) is not None,
            stop=stop,
        ) as connector:
            yield connector

    @contextmanager
    def _opened(
        self,
        platform_name: str,
        organisation_id: str,
        grant_id: int | None,
        settings: Mapping[str, str] | None = None,
        **how: Any,
    ) -> Iterator[Connector]:
        section = self.config.section(platform_name)
        with self.transport(platform_name, grant_id, organisation_id, **how) as transport:
            yield self.platform(platform_name).open(
                transport, organisation_id, {**section, **(settings or {})}
            )

    @contextmanager
    def transport(
        self,
        platform_name: str,
        grant_id: int | None,
        organisation_id: str = "",
        *,
        writing: Callable[[], bool] = lambda: False,
        before_change: Callable[[], None] = lambda: None,
        probing: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[PlatformTransport]:
        """Open HTTP to a platform with the tokens of one consent.

        All processes on the store share the count of the organisation's calls.
        """
        platform = self.platform(platform_name)
        section = self.config.section(platform_name)
        limits = configured_limits(platform.limits, section)
        paced = self.config.get("runs", "pace") == "on"
        application = self._application(platform_name)
        tokens = StoredTokens(self.store.tokens, grant_id, self.authoriser(platform_name))
        shared = self.store.paces.of(application, organisation_id, limits) if paced else None
        transport = self._transports(
            TransportSettings(platform.label, limits, paced, shared, probing),
            tokens,
            self.clock,
            hooks=TransportHooks(
                writing, before_change, stop, partial(self._note_clock, platform_name)
            ),
        )
        try:
            yield transport
        finally:
            transport.close()

    def _note_clock(self, platform_name: str, host: str, ahead_seconds: float) -> None:
        self.platform_clocks[platform_name] = host, ahead_seconds

    def reads_this_month(self, platform_name: str) -> tuple[int, RateLimits]:
        """Return how many calls of the app have read this month, and its limits."""
        section = self.config.section(platform_name)
        limits = configured_limits(self.platform(platform_name).limits, section)
        return self.store.paces.reads_this_month(self._application(platform_name)), limits

    def _application(self, platform_name: str) -> str:
        return f"{platform_name}|{self.config.section(platform_name).get('client_id', '')}"

    def resting(self, connection: ConnectionRow) -> OutageRow | None:
        """Return the outage for which a connection is left alone between tries, if there is one."""
        outage = self.store.outages.get(connection.id)
        return outage if outage is not None and outage.retry_at is not None else None

    def _free_name(self, organisation: Organisation) -> str:
        taken = {row.name for row in self.store.connections.all()}
        plain = connection_name(organisation.name)
        if plain not in taken:
            return plain
        return next(f"{plain}-{n}" for n in range(2, len(taken) + 3) if f"{plain}-{n}" not in taken)

    # -- days and rules -----------------------------------------------------------------------

    def time_zone(self, connection: ConnectionRow) -> str:
        """Return the time zone whose calendar counts: the setting's, else the organisation's."""
        return self.config.get("runs", "time_zone") or connection.organisation.time_zone

    def zone(self, connection: ConnectionRow) -> tzinfo:
        """Return the clock on which moments are shown to people; UTC when the zone is not one."""
        try:
            return ZoneInfo(self.time_zone(connection) or "UTC")
        except (LookupError, ValueError, OSError):
            return UTC

    def today(self, connection: ConnectionRow) -> date:
        """Return the organisation's day.

        Raises:
            UserMistake: the time zone is not one.
        """
        zone = self.time_zone(connection)
        try:
            return today_in(self.clock, zone)
        except (KeyError, ValueError, OSError):
            raise UserMistake(
                f'{zone!r} is not a time zone.\n    hint: [runs] time_zone = "Europe/London"'
            ) from None

    def rules(self, connection: str = "") -> Rules:
        """Read the rulebook of a connection; problems come as values."""
        return read_rules(self.config, connection)

    def rulebook(self, connection: ConnectionRow) -> tuple[Rulebook, Rules]:
        """Return a connection's rulebook, checked against what its platform offers.

        Raises:
            UserMistake: with every problem, one a line.
        """
        rules = self.rules(connection.name)
        missing = self.lacking(rules, connection)
        if rules.rulebook is None or missing:
            raise UserMistake("\n".join([*rules.problems, *missing]))
        return rules.rulebook, rules

    def lacking(self, rules: Rules, connection: ConnectionRow) -> list[str]:
        """Return what the rulebook asks of the platform and the platform lacks, in words."""
        if rules.rulebook is None:
            return []
        platform = self.platform(connection.platform)
        offers = {capability.value for capability in platform.capabilities.offers}
        return [
            f"{file}:{line}:1: {platform.label} ({connection.name}) offers no {capability}."
            for capability, file, line in needs(rules.rulebook)
            if capability not in offers
        ]

    # -- plan ---------------------------------------------------------------------------------

    def planner(
        self, connection: ConnectionRow, as_of: date | None = None
    ) -> tuple[Callable[[Iterable[Account]], Plan], Rules]:
        """Return a function that plans accounts of a connection as of now, and its rules.

        Args:
            connection: whose.
            as_of: another day than today; then messages' hours are those of that day.

        Raises:
            UserMistake: with every problem of the rulebook.
        """
        rulebook, rules = self.rulebook(connection)
        capabilities = self.platform(connection.platform).capabilities
        offers = frozenset(capability.value for capability in capabilities.offers)
        zone = self.time_zone(connection)
        organisation = connection.organisation._replace(time_zone=zone)

        def plan(accounts: Iterable[Account]) -> Plan:
            today, now = self.today(connection), self.clock.now()
            if as_of is not None:
                now += timedelta(days=(as_of - today).days)
                today = as_of
            known = circumstances(self, connection)
            made = make_plan(
                accounts,
                rulebook,
                connection=connection.name,
                organisation=organisation,
                today=today,
                now=now,
                offers=offers,
                holidays=holidays_in,
                emails_per_day_max=capabilities.emails_per_day_max,
                keepers=packing,
            )
            return replace(
                made,
                # Of another day nobody knows how old the data will be, or was.
                paused=pauses(rulebook, known) if as_of is None else (),
                problems=(*made.problems, *warnings(rulebook, known, connection.name)),
            )

        return plan, rules


def configured_limits(limits: RateLimits, section: Mapping[str, str]) -> RateLimits:
    """Return a platform's limits with those that its section of the config names."""
    named = {name: int(section[name]) for name in RateLimits._fields if section.get(name)}
    return limits._replace(**named)


def connection_name(text: str) -> str:
    """Return a connection's name made from an organisation's: `Acme (UK) Ltd` is `acme-uk-ltd`."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:40] or "connection"
