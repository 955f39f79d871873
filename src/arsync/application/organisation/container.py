"""What one config describes: clock, store, platforms and HTTP, made when first needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from arsync.application.organisation.adapters import StoredTokens
from arsync.application.organisation.clock_drift import ClockRead, PlatformClocks, clock_reads
from arsync.clock import Clock, SystemClock
from arsync.config import Config
from arsync.connector_sdk import Authoriser, Connector, Platform, RateLimits
from arsync.connector_sdk import platform as installed_platform
from arsync.connector_sdk.fair_share import Sharing
from arsync.connector_sdk.rate_window import DayLeft
from arsync.http import PlatformTransport, TransportHooks, TransportSettings
from arsync.store import USUAL_POOL, Keys, Pool, Store, open_store

# A pull asks for none of these: they are imported by whoever needs them.
if TYPE_CHECKING:
    from arsync import outbox
    from arsync.application.organisation.letter_making import LetterSource
    from arsync.application.organisation.rules_reading import RulesReader
    from arsync.rules_source.folder import Rules

LOCK_WAIT_SECONDS = 10.0
"""A second run of the same connection waits so long, then leaves."""


class Container:
    """The composition root. Opens the store when it is first needed."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        platforms: Callable[[str], Platform] = installed_platform,
        limits: outbox.Limits | None = None,
        post: Callable[[LetterSource], outbox.Post] | None = None,
        transports: Callable[..., PlatformTransport] = PlatformTransport,
        rules_source: Callable[[Config, str], Rules] | None = None,
    ) -> None:
        """Put everything together; nothing is opened.

        Args:
            config: all settings.
            clock: by default the computer's.
            platforms: finds a platform by name; by default the installed connectors.
            limits: how much one run of the outbox may do.
            post: makes a connection's post office; by default the installed channels.
            transports: makes the HTTP of a connection; tests make one that does not wait.
            rules_source: reads the rulebook of a connection where `[rules] source` is the folder;
                by default what lies in it.
        """
        self.config = config
        self.clock = clock or SystemClock()
        self.lock_wait_seconds = LOCK_WAIT_SECONDS
        self.database_connections: Pool = USUAL_POOL
        self.platform_clocks = PlatformClocks()
        self.at_close = ExitStack()
        """What has to end while the store is still open."""
        self._platforms = platforms
        self._transports = transports
        self._limits = limits
        self._post = post
        self._rules_source = rules_source

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
        """End what was started, and close the store, if it was opened."""
        self.at_close.close()
        if "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]

    @cached_property
    def store(self) -> Store:
        """Return the store, opened and brought up to date."""
        keys = Keys.from_config(self.config)
        return open_store(
            self.config.store_url,
            clock=self.clock,
            keys=keys,
            connections=self.database_connections,
        )

    @cached_property
    def rules_reader(self) -> RulesReader:
        """Return what reads rulebooks where `[rules] source` says that they are."""
        from arsync.application.organisation.rules_reading import STORE, FolderReader, PushReader
        from arsync.rules_source.folder import read_rules

        if self.config.rules.source == STORE:
            return PushReader(lambda: self.store)
        return FolderReader(self.config, self._rules_source or read_rules)

    def rules(self, connection_name: str = "") -> Rules:
        """Read the rulebook of a connection, or what all share; problems come as values."""
        return self.rules_reader.read(connection_name).rules

    # -- what leaves --------------------------------------------------------------------------

    @property
    def limits(self) -> outbox.Limits:
        """Return how much one run of the outbox may do."""
        from arsync import outbox

        return self._limits or outbox.LIMITS

    def post(self, source: LetterSource) -> outbox.Post:
        """Return the post office of a connection."""
        from arsync.application.organisation.letter_making import PostOffice

        return (self._post or PostOffice)(source)

    # -- platforms ----------------------------------------------------------------------------

    def platform(self, name: str) -> Platform:
        """Return a platform by its name.

        Raises:
            UserMistake: no such connector is installed.
        """
        return self._platforms(name)

    def authoriser(self, platform: str) -> Authoriser:
        """Return the OAuth client of a platform, with the settings of its section."""
        return self.platform(platform).authoriser(self.config.section(platform))

    @contextmanager
    def connector(
        self,
        platform_name: str,
        organisation_id: str,
        grant_id: int | None,
        settings: Mapping[str, str] | None = None,
        **transport_options: Any,
    ) -> Iterator[Connector]:
        """Open an organisation at its platform; the options are those of `transport`."""
        section = self.config.section(platform_name)
        with self.transport(
            platform_name, grant_id, organisation_id, **transport_options
        ) as transport:
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
        counted: Callable[[int], None] = lambda _: None,
    ) -> Iterator[PlatformTransport]:
        """Open HTTP to a platform with the tokens of one authorisation.

        All processes on the store share the count of the organisation's calls. `counted` is told
        at the end how many were made.
        """
        platform = self.platform(platform_name)
        limits = self.rate_limits(platform_name)
        paced = self.config.runs.pace == "on"
        client = self.application_name(platform_name)
        tokens = StoredTokens(self.store.tokens, grant_id, self.authoriser(platform_name))
        # Only a metered month is shared by the number of ledgers.
        ledgers = self.store.connections.count(platform_name) if limits.reads_per_month else 1
        paces = self.store.paces
        shared = paces.of(client, organisation_id, limits, ledgers=ledgers) if paced else None
        transport = self._transports(
            TransportSettings(platform.label, limits, paced, shared, probing),
            tokens,
            self.clock,
            hooks=TransportHooks(
                writing, before_change, stop, partial(self.platform_clocks.note, platform_name)
            ),
        )
        try:
            yield transport
        finally:
            transport.close()
            counted(transport.usage.calls.total())

    def rate_limits(self, platform_name: str) -> RateLimits:
        """Return a platform's limits, with those that its section of the config names."""
        limits = self.platform(platform_name).limits
        section = self.config.section(platform_name)
        named = {name: int(section[name]) for name in RateLimits._fields if section.get(name)}
        return limits._replace(**named)

    def reads_this_month(self, platform_name: str) -> int:
        """Return how many calls of the app have read this month."""
        return self.store.paces.reads_this_month(self.application_name(platform_name))

    def calls_left_today(
        self, platform_name: str, organisations: Collection[str]
    ) -> dict[str, DayLeft]:
        """Return what is left of the day's calls of organisations; none where no day is limited."""
        per_day = self.rate_limits(platform_name).calls_per_day
        return self.store.paces.left_today(
            self.application_name(platform_name), organisations, per_day
        )

    def reads_left_today(self, platform_name: str, organisation_id: str) -> tuple[DayLeft, int]:
        """Return what is left of a ledger's share of the day's reads, and the share."""
        limits = self.rate_limits(platform_name)
        ledgers = self.store.connections.count(platform_name)
        sharing = Sharing(organisation_id, limits, ledgers)
        return self.store.paces.reads_left_today(self.application_name(platform_name), sharing)

    def application_name(self, platform_name: str) -> str:
        """Return the name under which the calls of a platform's app are counted."""
        # Platforms count calls per app, so the count goes by client id, not by store.
        return f"{platform_name}|{self.config.section(platform_name).get('client_id', '')}"

    def clock_reads(self, platform: str | None = None) -> Iterator[ClockRead]:
        """Yield the clocks that this process has read."""
        return clock_reads(self.platform_clocks, self.store, platform)
