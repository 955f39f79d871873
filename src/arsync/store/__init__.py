"""The store: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from arsync.clock import Clock
from arsync.store.actions.action_store import Actions
from arsync.store.actions.alert_tellings import AlertTellings
from arsync.store.actions.claims import ActionClaims
from arsync.store.actions.decisions import ActionDecisions
from arsync.store.actions.last_plans import LastPlans
from arsync.store.actions.letters import SentLetters
from arsync.store.actions.personal_lines import PersonalLines
from arsync.store.actions.waiting import WaitingActions
from arsync.store.actions.waiting_holds import WaitingHolds
from arsync.store.admin import backup
from arsync.store.admin.connections import Connections
from arsync.store.admin.daily_mails import DailyMails
from arsync.store.admin.encryption_keys import Keys
from arsync.store.admin.integrity import Fault, examine_store
from arsync.store.admin.mailboxes import Mailboxes
from arsync.store.admin.measures import Measures
from arsync.store.admin.outages import Outages
from arsync.store.admin.privacy import Privacy
from arsync.store.admin.pushed_rules import PushedRules
from arsync.store.admin.rate_counters import RateCounters
from arsync.store.admin.rulebook_versions import RulebookVersions, damaged_texts
from arsync.store.admin.run_log import Runs
from arsync.store.admin.schedules import Schedules
from arsync.store.admin.standings import Standings
from arsync.store.admin.table_reader import TableReader
from arsync.store.admin.tokens import Tokens
from arsync.store.admin.webhooks import Webhooks
from arsync.store.agreements.bound_customers import BoundCustomers
from arsync.store.agreements.contact_log import ContactLog
from arsync.store.agreements.credit_applications import CreditApplications
from arsync.store.agreements.credit_references import CreditReferences
from arsync.store.agreements.customer_pauses import CustomerPauses
from arsync.store.agreements.disputes import Disputes
from arsync.store.agreements.held_conditions import HeldConditions
from arsync.store.agreements.hold_decisions import HoldDecisions
from arsync.store.agreements.limit_history import LimitHistory
from arsync.store.agreements.payment_plans import PaymentPlans
from arsync.store.agreements.pinned_entries import PinnedEntries
from arsync.store.agreements.placements import Placements
from arsync.store.agreements.promises import Promises
from arsync.store.agreements.tasks import Tasks
from arsync.store.agreements.undeliverable_addresses import UndeliverableAddresses
from arsync.store.db.database import USUAL_POOL, Database, Pool
from arsync.store.db.locks import Locks
from arsync.store.db.migrate import is_current, migrate
from arsync.store.db.policy_tables import live_requests, push_requests
from arsync.store.ledger.ledger_store import Ledger
from arsync.store.ledger.measure_snapshots import MeasureSnapshots
from arsync.store.ledger.payables import Payables
from arsync.store.ledger.standing_sums import StandingSums
from arsync.store.ledger.supplier_standings import Suppliers
from arsync.store.people.audit_log import AuditLog
from arsync.store.people.first_approvals import FirstApprovals
from arsync.store.people.form_answers import FormAnswers
from arsync.store.people.sign_ins import SignIns
from arsync.store.people.users import Users
from arsync.store.policy.live_requests import LiveRequests
from arsync.store.policy.rules_drafts import RulesDrafts
from arsync.store.policy.trial_arms import TrialArms
from arsync.store.policy.tries import Tries

__all__ = [
    "USUAL_POOL",
    "ActionClaims",
    "ActionDecisions",
    "Actions",
    "AlertTellings",
    "AuditLog",
    "BoundCustomers",
    "Connections",
    "ContactLog",
    "CreditApplications",
    "CustomerPauses",
    "DailyMails",
    "Disputes",
    "Fault",
    "FirstApprovals",
    "FormAnswers",
    "HeldConditions",
    "HoldDecisions",
    "Keys",
    "LastPlans",
    "Ledger",
    "LimitHistory",
    "LiveRequests",
    "Mailboxes",
    "MeasureSnapshots",
    "Measures",
    "Outages",
    "Payables",
    "PersonalLines",
    "PinnedEntries",
    "Placements",
    "Pool",
    "Privacy",
    "Promises",
    "RateCounters",
    "RulesDrafts",
    "Runs",
    "Schedules",
    "SentLetters",
    "SignIns",
    "StandingSums",
    "Standings",
    "Store",
    "Suppliers",
    "Tasks",
    "Tokens",
    "TrialArms",
    "Tries",
    "Users",
    "WaitingActions",
    "WaitingHolds",
    "Webhooks",
    "open_store",
]


class Store:
    """An open store. Every method is its own transaction, and is safe from several threads."""

    def __init__(self, database: Database, *, clock: Clock, keys: Keys | None) -> None:
        """Put the tables of one database together."""
        locks = Locks(database)
        self._database = database
        self._clock = clock
        self.engine: Engine = database.engine
        self.url = database.shown
        """For messages: without its password."""
        self.connections = Connections(database, clock)
        self.tokens = Tokens(database, clock, locks, keys)
        self.ledger = Ledger(database)
        self.sums = StandingSums(database)
        self.snapshots = MeasureSnapshots(database, clock)
        self.trial_arms = TrialArms(database)
        self.actions = Actions(database)
        self.waiting = WaitingActions(database)
        self.waiting_holds = WaitingHolds(database)
        self.claims = ActionClaims(database)
        self.decisions = ActionDecisions(database)
        self.letters = SentLetters(database)
        self.personal_lines = PersonalLines(database)
        self.promises = Promises(database, clock)
        self.payment_plans = PaymentPlans(database, clock)
        self.disputes = Disputes(database, clock)
        self.log = ContactLog(database, clock)
        self.tasks = Tasks(database)
        self.alerts = AlertTellings(database)
        self.undeliverable = UndeliverableAddresses(database)
        self.customers = BoundCustomers(database)
        self.limits = LimitHistory(database, clock)
        self.holds = HoldDecisions(database, clock)
        self.credit = CreditApplications(database, clock)
        self.credit_references = CreditReferences(database, clock)
        self.pauses = CustomerPauses(database, clock)
        self.pins = PinnedEntries(database, clock)
        self.conditions = HeldConditions(database)
        self.placements = Placements(database, clock)
        self.runs = Runs(database, clock, locks)
        self.last_plans = LastPlans(database)
        self.rulebooks = RulebookVersions(database, clock)
        self.pushes = PushedRules(database, clock)
        self.privacy = Privacy(database, self.last_plans, clock)
        self.outages = Outages(database, clock)
        self.schedules = Schedules(database, clock)
        self.webhooks = Webhooks(database, clock)
        self.measures = Measures(database, clock)
        self.standings = Standings(database, clock)
        self.mailboxes = Mailboxes(database, clock, locks)
        self.daily_mails = DailyMails(database, clock, locks)
        self.paces = RateCounters(database, clock)
        self.users = Users(database, clock, keys)
        self.sign_ins = SignIns(database, clock, keys)
        self.audit = AuditLog(database, clock)
        self.forms = FormAnswers(database, clock)
        self.first_approvals = FirstApprovals(database, clock)
        self.drafts = RulesDrafts(database, clock)
        self.payables = Payables(database, clock)
        self.live_requests = LiveRequests(database, clock, live_requests)
        self.push_requests = LiveRequests(database, clock, push_requests)
        self.suppliers = Suppliers(database)
        self.tries = Tries(database, clock)
        self.tables = TableReader(database)

    @property
    def database(self) -> Database:
        """Return the database, for tables that stand beside the store's: those of the queue."""
        return self._database

    @property
    def server(self) -> str:
        """Return the host of the database server; empty for SQLite and for a local socket."""
        return "" if self._database.is_sqlite else self._database.url.host or ""

    def is_current(self, seconds_max: float) -> bool:
        """Return whether its tables are as this version makes them; see `migrate.is_current`."""
        return is_current(self._database, seconds_max)

    def ahead_of_server(self) -> float:
        """Return by how many seconds this computer's clock is ahead of the database server's."""
        # Clocks are compared and a difference is reported; the server's time is not used, because
        # tests, the demo and simulations have clocks of their own.
        return self._database.ahead_of_server(self._clock)

    def back_up(self, target: Path) -> int:
        """Write the whole store into a new file while runs go on; see `backup.back_up`."""
        return backup.back_up(self._database, target)

    def restore(self, source: Path) -> list[str]:
        """Fill this empty store from a backup; see `backup.restore`."""
        return backup.restore(self._database, source, now=self._clock.now())

    def faults(self, connection_id: int) -> Iterator[Fault]:
        """Yield the contradictions in one connection's rows; see `integrity`."""
        return examine_store(self._database, connection_id)

    def damaged_rules(self) -> Iterator[str]:
        """Yield, in words, each kept rulebook that is not what its hash says."""
        return damaged_texts(self._database)

    def close(self) -> None:
        """Give back every database connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(
    url: str, *, clock: Clock, keys: Keys | None = None, connections: Pool = USUAL_POOL
) -> Store:
    """Open the store, and bring its tables up to date under a lock.

    Args:
        url: `sqlite:///file` or `postgresql+psycopg://user@host/database`.
        clock: where "now" comes from.
        keys: encrypt tokens; without them, tokens can be neither saved nor loaded.
        connections: how many of them to a PostgreSQL server this process may hold.

    Raises:
        UserMistake: the store cannot be reached or written, was made by a newer version, or the
            disk is full.
    """
    database = Database(url, connections)
    try:
        migrate(database)
    except BaseException:
        database.engine.dispose()
        raise
    return Store(database, clock=clock, keys=keys)
