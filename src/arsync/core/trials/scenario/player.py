"""The play: a rulebook day by day over the account of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from arsync.core.actions import Action, ActionKind, TaskPayload, payload_words
from arsync.core.actions.effects import (
    after,
    after_reasons,
    after_refusal,
    after_task_done,
    after_tasks_closed,
    leaves_on,
)
from arsync.core.ledger.business_days import Calendar
from arsync.core.ledger.held_since import after_seen
from arsync.core.ledger.records import Account, Contact, Invoice, Organisation
from arsync.core.planning.customer_locale import HolidaysIn, bank_days
from arsync.core.planning.discount_planner import CREDIT_NOTE
from arsync.core.planning.hold_planner import NO_TERMS
from arsync.core.planning.planner import Plan, make_plan
from arsync.core.rulebook.customer_matching import ContactName, match_customers
from arsync.core.rulebook.model import Place, Rulebook, folded
from arsync.core.rulebook.required_capabilities import needs
from arsync.core.trials.scenario.scenario_ledger import NotPossible, apply_event
from arsync.core.trials.scenario.scenario_model import (
    HAPPENINGS,
    Event,
    EventKind,
    Happening,
    Scenario,
    What,
)

CONNECTION = "scenario"


class PlayedDay:
    """One day that was played."""

    def __init__(self, accounts: list[Account], plan: Plan) -> None:
        """Start a day with its accounts in the morning and their plan."""
        self.plan = plan
        self.morning = accounts
        self.evening = accounts
        self.happened: list[Happening] = []


@dataclass
class Played:
    """What a rulebook did in a scenario, day by day."""

    scenario: Scenario
    rulebook: Rulebook
    """With what the scenario says was agreed."""
    organisation: Organisation
    bank_days: Calendar
    days: dict[date, PlayedDay] = field(default_factory=dict)
    impossible: list[tuple[Event, str]] = field(default_factory=list)
    """Events that could not happen, each with why."""

    @property
    def happened(self) -> list[Happening]:
        """Return everything that happened, in order."""
        return [happening for day in self.days.values() for happening in day.happened]


def play(scenario: Scenario, rulebook: Rulebook, *, holidays: HolidaysIn) -> Played:
    """Play a rulebook over a scenario.

    Each day the events happen first, then the rulebook is asked, as by a run in the morning; what
    it wants done is done on the day on which it may leave. `safety` is about whole ledgers and
    plays no part.

    Args:
        scenario: the story.
        rulebook: what to do.
        holidays: the public holidays of a place.
    """
    return _Stage(scenario, rulebook, holidays).play()


class _Stage:
    """One play."""

    def __init__(self, scenario: Scenario, rulebook: Rulebook, holidays: HolidaysIn) -> None:
        agreed_names = {folded(customer_terms.contact) for customer_terms in scenario.agreed}
        others = [
            customer
            for customer in rulebook.customers
            if folded(customer.contact) not in agreed_names
        ]
        self.rulebook = replace(rulebook, customers=(*others, *scenario.agreed))
        self.scenario = scenario
        self.holidays = holidays
        self.organisation = Organisation(CONNECTION, "Scenario", rulebook.currency)
        # A story is about the rules, so the accounting system can do all that they need.
        # A story names no terms: whatever is changed can be given back.
        needed = (capability for capability, _, _ in needs(rulebook))
        self.offers = frozenset({*needed, NO_TERMS, CREDIT_NOTE})
        self.accounts = _accounts(scenario, _with_parents(scenario.contacts, self.rulebook))
        self.to_come = [_here(invoice, rulebook.currency) for invoice in scenario.invoices]
        self.played = Played(
            scenario,
            self.rulebook,
            self.organisation,
            bank_days(rulebook.sending, holidays),
        )
        self.approved: set[str] = set()
        self.said_to_wait: set[str] = set()
        self.decided: set[Place] = set()
        self.tasks: dict[str, Happening] = {}

    def play(self) -> Played:
        """Play every day."""
        # Payments and promises from before the take-over are part of the story too.
        early = min(
            [self.scenario.begins]
            + [event.on for event in self.scenario.events]
            + [invoice.issued_on for invoice in self.to_come]
        )
        for ahead in range((self.scenario.until - early).days + 1):
            today = early + timedelta(ahead)
            self.issue(today)
            events = [event for event in self.scenario.events if event.on == today]
            self.happen(events)
            if today >= self.scenario.begins:
                self.run(today, events)
        return self.played

    def issue(self, today: date) -> None:
        """Let the invoices of the day come into the ledger."""
        for invoice in [document for document in self.to_come if document.issued_on == today]:
            owner = self.owner(invoice.contact_id)
            account = self.accounts[owner]
            self.accounts[owner] = account._replace(invoices=(*account.invoices, invoice))

    def owner(self, contact_id: str) -> int:
        """Return which account a contact belongs to."""
        return next(
            index
            for index, account in enumerate(self.accounts)
            if any(contact.id == contact_id for contact in account.contacts)
        )

    def happen(self, events: list[Event]) -> None:
        """Let the events of a day happen to the ledger."""
        for event in events:
            # People decide about what is planned, and that comes after the day's events.
            if event.kind in _BY_PERSON:
                continue
            index = self.about(event)
            try:
                account = apply_event(self.accounts[index], event)
                if event.kind is EventKind.PAYMENT_PLAN and self.rulebook.payment_plans.confirms:
                    account = _confirmed(account)
                self.accounts[index] = account
            except NotPossible as error:
                self.cannot(event, str(error))

    def about(self, event: Event) -> int:
        """Return which account an event is about."""
        for index, account in enumerate(self.accounts):
            of_plan = event.terms.invoice_ids if event.terms else ()
            named = {event.invoice, *event.numbers, *of_plan}
            if any(invoice.number in named for invoice in account.invoices):
                return index
            if event.contact and any(contact.name == event.contact for contact in account.contacts):
                return index
        return 0

    def run(self, today: date, events: list[Event]) -> None:
        """Ask the rulebook, and do what it wants done."""
        plan = make_plan(
            self.accounts,
            self.rulebook,
            connection=CONNECTION,
            organisation=self.organisation,
            today=today,
            # When the hours begin, so that none of the day's are over.
            now=datetime.combine(today, self.rulebook.sending.earliest, tzinfo=UTC),
            offers=self.offers,
            holidays=self.holidays,
        )
        day = self.played.days[today] = PlayedDay(list(self.accounts), plan)
        done = [
            planned_action
            for planned_action in plan.actions
            if self.may_go(planned_action, today, events, day)
        ]
        ended = [task.key for task in plan.ended_tasks]
        for index, account in enumerate(self.accounts):
            mine = {contact.id for contact in account.contacts}
            own = [planned_action for planned_action in done if planned_action.contact_id in mine]
            evening = after_reasons(after(account, own, today), plan.ended_refusals)
            evening = after_tasks_closed(evening, ended, today)
            self.accounts[index] = after_seen(evening, plan.seen, plan.watched)
        for key in ended:
            self.tasks.pop(key, None)
        for action in done:
            happened = happenings(action, today)
            day.happened += happened
            if action.kind is ActionKind.TASK:
                self.tasks[action.key] = happened[0]
        self.finish(events, today)
        day.evening = list(self.accounts)

    def may_go(self, action: Action, today: date, events: list[Event], day: PlayedDay) -> bool:
        """Return whether an action is done today; a person may have to approve it first."""
        if action.needs_approval and self.is_decided(action, today, events, EventKind.REJECT):
            index = self.owner(action.contact_id)
            self.accounts[index] = after_refusal(self.accounts[index], [action])
            return False
        if action.needs_approval and self.is_decided(action, today, events, EventKind.APPROVE):
            self.approved.add(action.key)
        waits = action.needs_approval and not (
            self.scenario.approved_same_day or action.key in self.approved
        )
        if waits and action.key not in self.said_to_wait:
            # It is planned each day while it waits, but the story mentions it once.
            self.said_to_wait.add(action.key)
            day.happened += happenings(action, today, waits=True)
        return not waits and leaves_on(action, today)

    def is_decided(self, action: Action, today: date, events: list[Event], kind: EventKind) -> bool:
        """Return whether a person decides about the action today, and remember that one did."""
        happened = happenings(action, today)
        places = {
            event.place
            for event in events
            if event.kind is kind
            and event.phrase is not None
            and any(event.phrase.matches(happening) for happening in happened)
        }
        self.decided |= places
        return bool(places)

    def finish(self, events: list[Event], today: date) -> None:
        """Let people finish tasks, and say which of their decisions found nothing to decide."""
        for event in events:
            if event.kind is EventKind.TASK_DONE:
                keys = [
                    key
                    for key, happening in self.tasks.items()
                    if not event.text or folded(event.text) == folded(happening.text)
                ]
                for key in keys:
                    del self.tasks[key]
                self.accounts = [after_task_done(account, keys, today) for account in self.accounts]
                if not keys:
                    self.cannot(event, f"no such task is open on {today}")
            elif event.kind in _DECISIONS and event.place not in self.decided:
                self.cannot(event, f"no such action needs approval on {today}")

    def cannot(self, event: Event, reason: str) -> None:
        """Record an event that could not happen, with the reason."""
        self.played.impossible.append((event, reason))


_DECISIONS = frozenset({EventKind.APPROVE, EventKind.REJECT})
_BY_PERSON = _DECISIONS | {EventKind.TASK_DONE}


def happenings(action: Action, on: date, *, waits: bool = False) -> list[Happening]:
    """Return what an action is to its invoices, each by itself, or to its customer."""
    if action.kind not in HAPPENINGS:
        return []
    what, words = HAPPENINGS[action.kind], payload_words(action.payload)
    if isinstance(action.payload, TaskPayload) and action.payload.is_call:
        what = What.CALL
    if isinstance(action.payload, TaskPayload) and action.payload.is_alert:
        what = What.ALERT
    text = {
        What.ALERT: action.because.rule,
        What.TASK: words.get("task", ""),
        What.CALL: words.get("task", ""),
        What.LATE_FEE: words.get("amount", ""),
        What.CREDIT_NOTE: words.get("amount", ""),
        What.TERMS_CHANGED: words.get("terms", ""),
        What.PLACED: words.get("agency", ""),
        What.EMAIL: action.step,
        What.LETTER: action.step,
        What.ACCOUNT_LETTER: action.payload.title,
    }.get(what, "")
    numbers = [ref.number for ref in action.invoices] or [""]
    return [
        Happening(on, what, text, number, action.contact_name, waits, action) for number in numbers
    ]


def _confirmed(account: Account) -> Account:
    """Return the account with its newest payment plan to be confirmed in writing."""
    *earlier, newest = account.payment_plans
    confirmed_plan = newest._replace(is_confirmed=True)
    return account._replace(payment_plans=(*earlier, confirmed_plan))


def _with_parents(contacts: Sequence[Contact], rulebook: Rulebook) -> list[Contact]:
    """Return the contacts, each with the parent that the rulebook gives it."""
    names = (
        ContactName(contact.id, contact.name, parent_id=contact.parent_id) for contact in contacts
    )
    parents = {
        entry.contact_id: entry.parent_id
        for entry in match_customers(rulebook, {}, names).entries.values()
        if entry.parent_id
    }
    return [
        contact._replace(parent_id=parents.get(contact.id, contact.parent_id))
        for contact in contacts
    ]


def _accounts(scenario: Scenario, contacts: Sequence[Contact]) -> list[Account]:
    """Return the accounts as they begin: each parent with its children, and nothing invoiced."""
    ids = {contact.id for contact in contacts}
    families: dict[str, list[Contact]] = {}
    up = {contact.id: contact.parent_id for contact in contacts if contact.parent_id in ids}
    for contact in contacts:
        root = contact.id
        # It ends, because the reader accepts a parent only above its children.
        while root in up:
            root = up[root]
        families.setdefault(root, []).append(contact)
    return [
        Account(tuple(family), taken_over_on=scenario.taken_over_on) for family in families.values()
    ]


def _here(invoice: Invoice, currency: str) -> Invoice:
    """Return the invoice in the rulebook's currency, when it names none."""
    rate = Decimal(1) if invoice.currency in {"", currency} else invoice.rate
    return invoice._replace(currency=invoice.currency or currency, rate=rate)
