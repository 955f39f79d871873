"""One organisation, now: what every use case needs of it, made once per use and handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from arsync.application.organisation.connection_choice import Chosen, chosen_rows
from arsync.application.organisation.container import Container
from arsync.application.organisation.data_quality import data_quality
from arsync.application.organisation.packed_plan import packing
from arsync.clock import Clock, today_in
from arsync.config import Config, stray_settings
from arsync.connector_sdk import Connector, Platform
from arsync.core.actions import Action
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.grace import USUAL_GRACE
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.business_days import Calendar
from arsync.core.ledger.ledger_due import LedgerDue, due_in_the_past
from arsync.core.ledger.records import Account
from arsync.core.ledger.unapplied_cash import UnappliedCash
from arsync.core.planning.plan import Plan
from arsync.core.planning.send_blocks import Circumstances, pauses, warnings
from arsync.core.rulebook import Problem, Rulebook
from arsync.core.rulebook.ledger_questions import asks_of_ledger
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow, Mode, OutageRow

# A pull asks for none of these: the planner, letters and the reading of rules are imported by
# whoever needs them.
if TYPE_CHECKING:
    from arsync.application.organisation.account_facts import AccountTeller
    from arsync.application.organisation.letter_making import LetterSource, MessageMaker
    from arsync.application.organisation.rules_reading import ReadRules
    from arsync.core.planning.planning_context import Planning, Sends
    from arsync.core.trials.trial import Trial
    from arsync.rules_source.folder import Rules
    from arsync.rules_source.unread import UnreadFile


class OrganisationContext:
    """One connection's organisation. What costs a file or a query is read when first needed."""

    def __init__(
        self, container: Container, connection: ConnectionRow, reading: ReadRules | None = None
    ) -> None:
        """Look at a connection.

        Args:
            container: opens what is needed.
            connection: its row, as it stands now.
            reading: its rulebook, where it is not the one that the container's reader gives.
        """
        self.container = container
        self.connection = connection
        self.calls_made = 0
        """Calls to the platform, of all connectors that were opened and closed."""
        if reading is not None:
            self.__dict__["rules_read"] = reading

    def refreshed(self) -> OrganisationContext:
        """Return it with its connection's row read again, and the rulebook as it is now."""
        row = self.store.connections.by_id(self.connection.id)
        reading = None
        if "rules_read" in self.__dict__ and not self.rules_changed():
            reading = self.rules_read
        return OrganisationContext(self.container, row, reading)

    @property
    def id(self) -> int:
        """Return the connection's number."""
        return self.connection.id

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connection.name

    @property
    def mode(self) -> str:
        """Return how far the connection may go."""
        return self.connection.mode

    @property
    def observes(self) -> bool:
        """Return whether nothing is written."""
        return self.connection.mode == Mode.OBSERVE

    @property
    def decisions_waiting(self) -> int:
        """Return how many decisions wait for approval: everywhere the same number is told.

        A hold and its terms are one. While a connection only observes, nothing can be decided.
        """
        return 0 if self.observes else self.store.waiting.decisions(self.id)

    @cached_property
    def config(self) -> Config:
        """Return its settings: those of all, with what its own file says instead.

        Raises:
            UserMistake: its own file has mistakes. What only looks goes on without them.
        """
        return self.container.config.for_connection(self.name)

    @property
    def settings_problem(self) -> str:
        """Return everything that is wrong with its own settings; empty: nothing."""
        try:
            _ = self.config
        except UserMistake as mistake:
            return str(mistake)
        return ""

    @property
    def own_settings(self) -> tuple[str, ...]:
        """Return which settings its own file says: `smtp.sender`; none when it has mistakes."""
        named = () if self.settings_problem else self.config.own_settings
        return tuple(f"{section}.{key}" for section, key in named)

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.container.store

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self.container.clock

    @cached_property
    def platform(self) -> Platform:
        """Return the platform that keeps its books."""
        return self.container.platform(self.connection.platform)

    @property
    def platform_settings(self) -> Mapping[str, str]:
        """Return what its connector is opened with.

        Raises:
            UserMistake: its own settings have mistakes.
        """
        return {**self.config.section(self.connection.platform), **self.connection.settings}

    @property
    def label(self) -> str:
        """Return the platform as people call it."""
        return self.platform.label

    @property
    def offers(self) -> frozenset[str]:
        """Return what the platform can do."""
        return frozenset(capability.value for capability in self.platform.capabilities.offers)

    @property
    def sends(self) -> Sends:
        """Return by which ways its messages can leave."""
        from arsync.application.organisation.ways import ways_set_up
        from arsync.core.planning.planning_context import Sends

        return Sends(ways_set_up(self.config), self.label)

    # -- days ---------------------------------------------------------------------------------

    @property
    def time_zone(self) -> str:
        """Return the time zone whose calendar counts: the setting's, else the organisation's."""
        # A wrong file keeps everything from being planned; what is shown needs a day still.
        config = self.container.config if self.settings_problem else self.config
        return config.runs.time_zone or self.connection.organisation.time_zone

    @property
    def zone(self) -> tzinfo:
        """Return the clock on which moments are shown to people; UTC when the zone is not one."""
        try:
            return ZoneInfo(self.time_zone or "UTC")
        except (LookupError, ValueError, OSError):
            return UTC

    @property
    def today(self) -> date:
        """Return the organisation's day. Asked anew each time: a run may go on past midnight.

        Raises:
            UserMistake: the time zone is not one.
        """
        try:
            return today_in(self.clock, self.time_zone)
        except (KeyError, ValueError, OSError):
            raise UserMistake(
                f"{self.time_zone!r} is not a time zone."
                '\n    hint: [runs] time_zone = "Europe/London"'
            ) from None

    def moment_on(self, day: date | None) -> datetime:
        """Return this time of day on another day; None: now."""
        now = self.clock.now()
        return now if day is None else now + timedelta(days=(day - self.today).days)

    # -- rules --------------------------------------------------------------------------------

    @cached_property
    def rules_read(self) -> ReadRules:
        """Return its rulebook and texts as they were read, once.

        A plan, what leaves by it and what is said of it go by one text.
        """
        return self.container.rules_reader.read(self.name)

    @property
    def rules(self) -> Rules:
        """Return its rulebook and texts; problems come as values."""
        return self.rules_read.rules

    def rules_changed(self) -> str:
        """Return, in words, that the rulebook was edited since it was read; empty: it was not."""
        if "rules_read" not in self.__dict__:
            return ""
        changed = self.container.rules_reader.is_changed(self.name, self.rules_read)
        return "the rulebook was changed during the run" if changed else ""

    @cached_property
    def letter_maker(self) -> MessageMaker:
        """Return what makes its letters: preview, test and delivery use the same."""
        from arsync.application.organisation.letter_making import MessageMaker

        return MessageMaker(self.letter_source)

    @property
    def letter_source(self) -> LetterSource:
        """Return whose letters are made, and from what."""
        from arsync.application.organisation.letter_making import LetterSource

        return LetterSource(
            self.name,
            self.connection.organisation,
            self.config,
            self.rules.letters,
            self.clock,
            self.zone,
            self.rules.rulebook,
        )

    def language_of(self, account: Account, contact_id: str) -> str:
        """Return the language of a customer's letters; empty: the letters' own."""
        from arsync.core.planning.assessment import Assessor
        from arsync.core.planning.customer_locale import Places
        from arsync.rules_source.folder import holidays_in

        rulebook = self.rules.rulebook
        if rulebook is None:
            return ""
        organisation = self.connection.organisation
        places = Places(rulebook.sending, holidays_in, self.today, self.clock.now(), self.zone)
        assessment = Assessor(rulebook, organisation, self.today, places.bank_days).assess(account)
        party = assessment.party_of(contact_id)
        return places.language(party.view.contact, party.customer)

    @cached_property
    def teller(self) -> AccountTeller:
        """Return what tells letters about the account what they say."""
        from arsync.application.organisation.account_facts import AccountTeller

        organisation = self.connection.organisation
        return AccountTeller(self.rules.rulebook, organisation, self.zone)

    @cached_property
    def unread_files(self) -> tuple[UnreadFile, ...]:
        """Return what lies among rules or settings, looks meant, and is not read."""
        from arsync.rules_source.folder import stray_folders
        from arsync.rules_source.unread import UnreadFile

        config, names = self.container.config, self.store.connections.all_names()
        stray = stray_folders(self.rules, self.name, names)
        settings = (UnreadFile(*file) for file in stray_settings(config.folder, names))
        return (*self.rules.unread, *stray, *settings)

    @property
    def rulebook(self) -> Rulebook:
        """Return its rulebook, checked against what its platform offers.

        Raises:
            UserMistake: with every problem, one a line.
        """
        if self.rules.rulebook is None or self.misfits:
            raise UserMistake("\n".join([*self.rules.problems, *self.misfits]))
        return self.rules.rulebook

    @property
    def cash_counts(self) -> UnappliedCash:
        """Return how unapplied cash counts here; net where the rulebook cannot be read."""
        return self.rules.rulebook.unapplied_cash if self.rules.rulebook else UnappliedCash.NET

    def account_view(self, account: Account) -> AccountView:
        """Return what an account owes and has agreed today, by the rulebook where it can be read.

        What people record is taken down whatever becomes of the rulebook.
        """
        from arsync.core.planning.assessment import Assessor

        organisation = self.connection.organisation
        if self.rules.rulebook is None:
            base = organisation.base_currency
            return AccountView(as_issued(account, self.today), self.today, currency=base, base=base)
        banks = self._bank_days_of(self.rules.rulebook)
        assessor = Assessor(self.rules.rulebook, organisation, self.today, banks)
        return assessor.assess(account).account_view

    @cached_property
    def misfits(self) -> tuple[str, ...]:
        """Return why the rulebook cannot be this organisation's, in words.

        It asks something of the platform that the platform lacks, or its amounts are in a currency
        that the books are not kept in: then no amount is certain, and a rule that ends something
        must not be asked. A currency that no pull has told yet is no error. Nor may anything be
        planned by settings that cannot be read.
        """
        from arsync.core.rulebook import needs

        if self.settings_problem:
            return (self.settings_problem,)
        rulebook = self.rules.rulebook
        if rulebook is None:
            return ()
        lacking = [
            f"{file}:{line}:1: {self.label} ({self.name}) offers no {capability}."
            for capability, file, line in needs(rulebook)
            if capability not in self.offers
        ]
        base = self.connection.organisation.base_currency
        if base and base != rulebook.currency:
            lacking.append(str(_wrong_currency(rulebook, base, self.name)))
        return tuple(lacking)

    # -- plan ---------------------------------------------------------------------------------

    def replan(self, accounts: Iterable[Account], as_of: date | None = None) -> Plan:
        """Plan some accounts, without a word on the quality of the data.

        Args:
            accounts: whom.
            as_of: another day than today; then messages' hours are those of that day.

        Raises:
            UserMistake: with every problem of the rulebook.
        """
        from arsync.core.planning.planner import make_plan
        from arsync.rules_source.folder import holidays_in

        return make_plan(
            accounts,
            self.rulebook,
            connection=self.name,
            organisation=self.connection.organisation._replace(time_zone=self.time_zone),
            today=as_of or self.today,
            now=self.moment_on(as_of),
            offers=self.offers,
            holidays=holidays_in,
            emails_per_day_max=self.platform.capabilities.emails_per_day_max,
            keepers=packing,
            sends=self.sends,
            ledger_due=(
                self.ledger_due if as_of in {None, self.today} else self.ledger_due_on(as_of)
            ),
        )

    @cached_property
    def ledger_due(self) -> Decimal | None:
        """Return what is due on all open invoices; None where no rule asks, or it is unknown.

        It is counted once: a plan, and the check before each write, go by the same.
        """
        return self.ledger_due_on(self.today)

    def ledger_due_on(self, day: date) -> Decimal | None:
        """Return what was, or will be, due on all open invoices on a day; see `ledger_due`.

        Of a past day the whole ledger is read once, and added up as it stood then.
        """
        return self._counted_due(day) if asks_of_ledger(self.rulebook) else None

    def _counted_due(self, day: date) -> Decimal | None:
        base = self.connection.organisation.base_currency
        if day >= self.today:
            return self.store.sums.due_in_base(self.id, day, base)
        accounts = self.store.ledger.accounts(self.id)
        return due_in_the_past(accounts, day, day, zone=self.zone, base=base).on(day)

    def replan_one(self, account: Account) -> Plan:
        """Plan one account as of now."""
        return self.replan([account])

    def undecided(self, account: Account, action: Action) -> str:
        """Return what is unknown about the reason of an action that is planned no longer.

        Empty when its reason is certainly gone.
        """
        from arsync.core.planning.undecided import undecided_about

        return undecided_about(self.planning(), account, action)

    def true_still(self, account: Account, action: Action) -> Action | str:
        """Return a letter that a person asked for as it is true now, or why it is not any more."""
        from arsync.core.planning.asked_letters import true_still

        return true_still(self.planning(), account, action)

    def planning(self) -> Planning:
        """Return what planning this moment shares.

        Raises:
            UserMistake: with every problem of the rulebook.
        """
        from arsync.core.planning.planner import begin_plan
        from arsync.rules_source.folder import holidays_in

        planning, _ = begin_plan(
            self.rulebook,
            self.name,
            self.connection.organisation._replace(time_zone=self.time_zone),
            self.today,
            self.clock.now(),
            offers=self.offers,
            holidays=holidays_in,
            sends=self.sends,
            ledger_due=self.ledger_due,
        )
        return planning

    def plan(
        self,
        accounts: Iterable[Account],
        circumstances: Circumstances,
        as_of: date | None = None,
        *,
        also: Iterable[str] = (),
    ) -> Plan:
        """Plan accounts, and say what the quality of the data holds back.

        Args:
            accounts: whom.
            circumstances: how far the data can be relied on.
            as_of: another day than today.
            also: what else is odd about the ledger or its rulebook.
        """
        plan = self.replan(accounts, as_of)
        return replace(
            plan,
            # How old the data will be on another day, or was, is not known.
            paused=pauses(self.rulebook, circumstances) if as_of is None else (),
            problems=(
                *plan.problems,
                *also,
                *warnings(self.rulebook, circumstances, self.name),
            ),
        )

    def circumstances(self) -> Circumstances:
        """Return how far its data can be relied on now. Six queries: ask once per use."""
        # What the platform says of its own reminders may have come with the last pull.
        fresh = self.store.connections.by_id(self.id).organisation
        quality = data_quality(
            self.store,
            self.connection._replace(organisation=fresh),
            now=self.clock.now(),
            today=self.today,
            platform_label=self.label,
            untrusted_clock=self.container.platform_clocks.untrusted(self.connection.platform),
        )
        return quality._replace(unread=tuple(unread.file for unread in self.unread_files))

    def instalments_in_time(self, agreed_on: date) -> date:
        """Return the last day on which an instalment comes in time."""
        rulebook = self.rules.rulebook
        if rulebook is None:
            return USUAL_GRACE.last_day(agreed_on)
        return rulebook.payment_plans.grace.last_day(agreed_on, self._bank_days_of(rulebook))

    def promises_in_time(self, promised_on: date) -> date:
        """Return the last day on which money that was promised for a day comes in time."""
        rulebook = self.rules.rulebook
        if rulebook is None:
            return USUAL_GRACE.last_day(promised_on)
        return rulebook.promises.grace.last_day(promised_on, self._bank_days_of(rulebook))

    @property
    def bank_days(self) -> Calendar:
        """Return the days on which banks work."""
        return self._bank_days_of(self.rulebook)

    def _bank_days_of(self, rulebook: Rulebook) -> Calendar:
        from arsync.core.planning.customer_locale import bank_days
        from arsync.rules_source.folder import holidays_in

        return bank_days(rulebook.sending, holidays_in)

    @property
    def trial(self) -> Trial:
        """Return the connection, ready to try rulebooks on."""
        from arsync.core.trials.trial import Trial
        from arsync.rules_source.folder import holidays_in

        organisation = self.connection.organisation._replace(time_zone=self.time_zone)
        return Trial(self.name, organisation, self.offers, holidays_in, self.sends)

    def trial_on(self, days: Iterable[date], *rulebooks: Rulebook) -> Trial:
        """Return what rulebooks are tried on, with what the ledger is due on those days."""
        if not any(map(asks_of_ledger, rulebooks)):
            return self.trial
        ledger_due = LedgerDue.told({day: self._counted_due(day) for day in days})
        return self.trial._replace(ledger_due=ledger_due)

    # -- platform -----------------------------------------------------------------------------

    def outage(self) -> OutageRow | None:
        """Return the outage for which it is left alone between tries, if there is one."""
        outage = self.store.outages.get(self.id)
        return outage if outage is not None and outage.retry_at is not None else None

    @contextmanager
    def open_connector(
        self,
        *,
        writing: Callable[[], bool] = lambda: False,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Connector]:
        """Open the organisation at its platform for reading and writing.

        Args:
            writing: says whether what is read now serves writes, and so may use their reserve of
                the day's calls.
            stop: True ends waits for the platform's pace, with `Stopping`.

        Raises:
            NeedsReconnect: it has no authorisation.
        """
        row = self.connection
        with self.container.connector(
            row.platform,
            row.organisation_id,
            row.grant_id,
            self.platform_settings,
            writing=writing,
            # Right before each write: a run that lost its lock must not write beside another.
            before_change=lambda: self.store.runs.ensure_lock_held(row.id),
            probing=self.outage() is not None,
            stop=stop,
            counted=self._count_calls,
        ) as connector:
            yield connector

    def _count_calls(self, calls: int) -> None:
        self.calls_made += calls


def _wrong_currency(rulebook: Rulebook, base: str, connection: str) -> Problem:
    return Problem(
        *rulebook.currency_place,
        f"the rulebook's amounts are in {rulebook.currency}, the books of {connection} are kept in"
        f" {base}.",
        f"write currency: {base}, for this connection alone in a file of the folder"
        f" {connection}/, and look at every amount",
    )


def organisations(container: Container, chosen: Chosen = None) -> list[OrganisationContext]:
    """Return the organisations of the chosen connections, each once, as they are now.

    Raises:
        UserMistake: there is none of a name or label, none that fits a pattern, or none at all.
    """
    rows = chosen_rows(container.store, chosen)
    if not rows:
        raise UserMistake(
            "nothing is connected yet."
            "\n    hint: arsync connect xero, or: arsync connect quickbooks"
        )
    return [OrganisationContext(container, row) for row in rows]


def organisation_by_id(container: Container, connection_id: int) -> OrganisationContext:
    """Return the organisation of a connection's number, also of a removed one."""
    return OrganisationContext(container, container.store.connections.by_id(connection_id))
