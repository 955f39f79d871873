"""Whatever happens in whatever order, the promises hold: a state machine of Hypothesis.

Events at the platform, commands of people, faults on the wire and moves of the clock follow each
other as Hypothesis likes; after each run the platform's own ledger is asked what left, and to whom.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.builders.effects import is_cash_on_delivery
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.stores import STORE, put_store

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.core.actions.registry import UNDOABLE
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.store.models import ActionRow, ConnectionState, Mode
from arsync_sandbox.people import PeopleProblem, edit

from . import profile
from .accidents import FAULTS, Tally
from .checks import audit_is_whole, money_is_conserved, nothing_twice
from .conftest import MEMORY, Count
from .world import Point, WatchedWorld, a_world

pytestmark = pytest.mark.timeout(600 if not profile.LONG else 36_000)

GAP_DAYS = 5
LIMIT = Decimal(5_000)
RULES = f"""\
version: 1
name: Any order
currency: GBP
credit_limits:
  - name: Everyone
    limit: {LIMIT}
credit_holds:
  - name: Over the limit
    when: {{over_limit_percent: {{more_than: 10}}}}
    terms: cash on delivery
reminders:
  - name: Steps
    steps:
      - {{day: 1, email: first reminder}}
      - {{day: 8, email: second reminder}}
      - {{day: 15, email: final notice, approval: required}}
sending:
  days: every day
  between: 00:00-23:59
  days_between_emails: {GAP_DAYS}
"""
STEPS = {"first reminder": 1, "second reminder": 8, "final notice": 15}
HOLDING = frozenset(
    {
        ActionKind.CREDIT_HOLD,
        ActionKind.TERMS,
        ActionKind.HOLD_REASONS,
        ActionKind.LIFT_CREDIT_HOLD,
        ActionKind.RESTORE_TERMS,
    }
)
LONDON = ZoneInfo("Europe/London")
CONTACTS = ("c1", "c2", "c3")

contacts = st.sampled_from(CONTACTS)
any_of_them = st.integers(0, 30)

OWED = frozenset({"AUTHORISED", "open"})


class Seen(NamedTuple):
    """Whose each invoice is at the platform, and into whom each customer was merged."""

    owners: Mapping[str, str]
    merged: Mapping[str, str]

    def survivor(self, contact: str) -> str:
        """Return who a customer is now."""
        while contact in self.merged:
            contact = self.merged[contact]
        return contact


class Left(NamedTuple):
    """An email that left: about what, whose it was, and what arsync could know then."""

    invoice: str
    contact: str
    on: date
    due_on: date
    seen: Seen
    """As of the last complete pull."""


class Message(NamedTuple):
    """An email with the action that it belongs to."""

    left: Left
    row: ActionRow


class AnyOrder(RuleBasedStateMachine):
    """One connection in a world in which anything may happen next."""

    platform: ClassVar[str]
    examples: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        random.seed(profile.SEED)
        self.stack = ExitStack()
        in_memory = MEMORY if MEMORY.is_dir() else None
        folder = Path(tempfile.mkdtemp(prefix="arsync-any-order-", dir=in_memory))
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.world: WatchedWorld = self.stack.enter_context(a_world(folder, self.platform))
        self.left: list[Left] = []
        self.ids: dict[str, str] = {}
        """The platform's ids of the customers, by ours."""
        self.gone: set[str] = set()
        """Who was merged or archived."""
        self.merged: dict[str, str] = {}
        self.pulled = Seen({}, {})
        self.pulled_at: datetime | None = None
        self.by_hand: set[str] = set()
        """Customers whose hold or terms a person decided otherwise, so that no rule tells them."""
        self.refused: set[tuple[str, int, str]] = set()
        """Invoice, stretch of being owed and step."""
        self.disputed: set[str] = set()
        """Invoices that the platform shows as disputed."""
        self.reopened: dict[str, int] = defaultdict(int)
        """How often a payment of an invoice was taken back."""
        type(self).examples += 1

    @initialize()
    def a_small_ledger(self) -> None:
        world = self.world
        world.load(
            world.name,
            contacts=[contact_row(contact, f"Customer {contact}") for contact in CONTACTS],
            invoices=[
                invoice_row(1, "c1", overdue=3),
                invoice_row(2, "c2", overdue=10, total="6000"),
                invoice_row(3, "c2", overdue=-2, total="250.10"),
            ],
        )
        world.rules(RULES)
        world.connect(world.name)
        self.ids = {
            contact: world.contact_id(world.name, f"Customer {contact}") for contact in CONTACTS
        }

    # -- at the platform ----------------------------------------------------------------------

    def someone(self, do: str, **arguments: Any) -> bool:
        """Let somebody work in the platform, and return whether it let them."""
        type(self).steps += 1
        books = self.world.sandbox.books
        for argument in ("contact_id", "into_id"):
            if arguments.get(argument) in CONTACTS:
                arguments[argument] = self.now_called(arguments[argument])
        try:
            edit(books, {"platform": self.world.name, "do": do, **arguments})
        except PeopleProblem:
            return False
        except Exception as error:
            # QuickBooks' own refusals, as its screens show them.
            if type(error).__name__ != "Refusal":
                raise
            return False
        return True

    def now_called(self, contact: str) -> str:
        """Return the platform's id of who a customer is now."""
        return Seen({}, self.merged).survivor(self.ids[contact])

    def invoice(self, number: int) -> dict[str, Any]:
        rows = self.world.state()["invoices"]
        row: dict[str, Any] = rows[number % len(rows)]
        return row

    @property
    def today(self) -> date:
        return self.world.clock.now().astimezone(LONDON).date()

    @rule(contact=contacts, cents=st.integers(1, 900_000), due_in=st.integers(-20, 20))
    def an_invoice_is_issued(self, contact: str, cents: int, due_in: int) -> None:
        amount = str(Decimal(cents) / 100)
        due = self.today + timedelta(days=due_in)
        issued = min(due, self.today)
        self.someone(
            "create_invoice",
            contact_id=contact,
            amount=amount,
            on=issued.isoformat(),
            due_on=due.isoformat(),
        )

    @rule(number=any_of_them, percent=st.sampled_from((1, 50, 100, 100)))
    def a_payment_comes(self, number: int, percent: int) -> None:
        row = self.invoice(number)
        amount = (Decimal(row["amount_due"]) * percent / 100).quantize(Decimal("0.01"))
        self.someone("pay", invoice_id=row["id"], amount=str(amount), on=self.today.isoformat())

    @rule(number=any_of_them)
    def a_payment_is_taken_back(self, number: int) -> None:
        rows = [row for row in self.world.state()["payments"] if row["invoice_id"]]
        if rows:
            row = rows[number % len(rows)]
            self.reopened[row["invoice_id"]] += 1
            self.someone("delete_payment", payment_id=row["id"])

    @rule(number=any_of_them)
    def an_invoice_is_credited(self, number: int) -> None:
        row = self.invoice(number)
        self.someone(
            "credit", contact_id=row["contact_id"], invoice_id=row["id"], amount=row["amount_due"]
        )

    @rule(contact=contacts, amount=st.integers(1, 8_000))
    def money_comes_without_an_invoice(self, contact: str, amount: int) -> None:
        self.someone("prepay", contact_id=contact, amount=str(amount))

    @rule(number=any_of_them)
    def an_invoice_is_voided(self, number: int) -> None:
        self.someone("void", invoice_id=self.invoice(number)["id"])

    @rule(number=any_of_them, due_in=st.integers(-20, 20))
    def a_due_date_moves(self, number: int, due_in: int) -> None:
        on = self.today + timedelta(days=due_in)
        self.someone("set_due_date", invoice_id=self.invoice(number)["id"], on=on.isoformat())

    @rule(number=any_of_them, contact=contacts)
    def an_invoice_is_moved(self, number: int, contact: str) -> None:
        if contact not in self.gone:
            self.someone("move_invoice", invoice_id=self.invoice(number)["id"], contact_id=contact)

    @rule(contact=contacts, into=contacts)
    def contacts_are_merged(self, contact: str, into: str) -> None:
        if contact == into or {contact, into} & self.gone:
            return
        if self.someone("merge", contact_id=contact, into_id=into):
            self.gone.add(contact)
            self.merged[self.ids[contact]] = self.ids[into]
            if self.ids[contact] in self.by_hand:
                self.by_hand.add(self.ids[into])

    @rule(contact=contacts)
    def a_contact_is_archived(self, contact: str) -> None:
        if contact not in self.gone and self.someone("archive", contact_id=contact):
            self.gone.add(contact)

    @rule(
        contact=contacts,
        text=st.sampled_from(("", "Call first.\n", "pays [arsync] late")),
        beside=st.booleans(),
    )
    def somebody_edits_the_notes(self, contact: str, text: str, beside: bool) -> None:
        if contact in self.gone:
            return
        if self.world.name == "quickbooks":
            rows = {row["id"]: row["notes"] or "" for row in self.world.state()["contacts"]}
            old = rows[self.ids[contact]]
            if beside:
                text = f"{text}\n{old}"[:1_500]
            elif "[arsync" in old:
                # Over our fence: what it said is theirs to say now.
                self.by_hand.add(self.ids[contact])
        self.someone("set_notes", contact_id=contact, text=text)

    @rule(number=any_of_them, text=st.sampled_from(("", "Ask Jane.", "[arsync] paid?")))
    def somebody_edits_what_stands_in_an_invoice(self, number: int, text: str) -> None:
        if self.world.name == "quickbooks":
            self.someone("set_private_note", invoice_id=self.invoice(number)["id"], text=text)

    @rule(number=any_of_them, status=st.sampled_from(("Disputed", "Disputed", "Viewed")))
    def the_customer_disputes_online(self, number: int, status: str) -> None:
        if self.world.name == "quickbooks":
            invoice_id = self.invoice(number)["id"]
            if self.someone("set_einvoice_status", invoice_id=invoice_id, status=status):
                (self.disputed.add if status == "Disputed" else self.disputed.discard)(invoice_id)

    @rule(contact=contacts, name=st.sampled_from(("Ridgeway", "Zoë & Søn", 'Quote " Ltd')))
    def a_contact_is_renamed(self, contact: str, name: str) -> None:
        if contact not in self.gone:
            self.someone("rename", contact_id=contact, name=f"{name} {contact}")

    # -- people -------------------------------------------------------------------------------

    def command(self, command: Any) -> None:
        """Give a command; that it is refused, or the platform away, is an answer too."""
        type(self).steps += 1
        with suppress(UserMistake, RetryLater, NeedsReconnect):
            command()
        self.look()

    @rule(number=any_of_them, days=st.integers(0, 12))
    def somebody_promises(self, number: int, days: int) -> None:
        invoice, day = self.invoice(number)["number"], self.today + timedelta(days=days)
        self.command(lambda: self.world.app.promise(invoice, day, connection=self.world.name))

    @rule(number=any_of_them, settled=st.booleans())
    def somebody_disputes(self, number: int, settled: bool) -> None:
        invoice = self.invoice(number)["number"]
        self.command(
            lambda: self.world.app.dispute(
                invoice, reason="wrong", settled=settled, connection=self.world.name
            )
        )

    @rule()
    def all_that_waits_is_approved(self) -> None:
        self.command(lambda: self.world.app.approve(connection=self.world.name))

    @rule(number=any_of_them)
    def something_that_waits_is_rejected(self, number: int) -> None:
        # Also what was approved and has not left: that is how an approval is withdrawn.
        waiting = self.world.my_rows(ActionState.AWAITING_APPROVAL, ActionState.APPROVED)
        if waiting and self.world.mine().mode != Mode.OBSERVE:
            row = waiting[number % len(waiting)]
            self.decided_by_hand(row)
            self.command(lambda: self.world.app.reject([row.key], why="a good customer"))

    @rule(number=any_of_them)
    def a_refusal_is_taken_back(self, number: int) -> None:
        rows = self.world.my_rows(ActionState.REJECTED)
        if rows:
            row = rows[number % len(rows)]
            self.decided_by_hand(row)
            self.command(lambda: self.world.app.take_back([row.key], why="not so good"))

    @rule(number=any_of_them, again=st.booleans())
    def something_is_undone(self, number: int, again: bool) -> None:
        rows = [
            row for row in self.world.my_rows(ActionState.CONFIRMED) if row.action.kind in UNDOABLE
        ]
        if rows:
            app, row = self.world.app, rows[number % len(rows)]
            self.decided_by_hand(row)
            self.command(lambda: app.undo(app.undo_plan([row.key])))
            if again:
                self.command(lambda: app.allow_again([row.key]))

    def decided_by_hand(self, row: ActionRow) -> None:
        """Remember what a person decided: the checks then ask for it no more."""
        if row.action.kind in HOLDING:
            self.by_hand.add(Seen({}, self.merged).survivor(row.action.contact_id))
        for ref in row.action.invoices:
            self.refused.add((ref.id, ref.episode, ref.step))

    @rule(mode=st.sampled_from((Mode.OBSERVE, Mode.APPROVE, Mode.AUTO, Mode.AUTO)))
    def the_mode_changes(self, mode: Mode) -> None:
        self.command(lambda: self.world.app.set_mode(self.world.name, mode))

    @rule(verb=st.sampled_from(("pull", "prepare", "apply", "sync", "sync", "sync", "sync")))
    def a_command_runs(self, verb: str) -> None:
        self.runs(verb)

    def runs(self, verb: str) -> None:
        observes = self.world.mine().mode == Mode.OBSERVE
        before = self.world.writes_seen()
        self.command(lambda: list(getattr(self.world.app, verb)(self.world.name)))
        if observes:
            assert self.world.writes_seen() == before, "observe writes nothing"
        if self.world.mine().state == ConnectionState.NEEDS_RECONNECT:
            self.world.connect(self.world.name, mode=str(self.world.mine().mode))

    @rule(points=st.integers(1, 60))
    def two_schedulers_run(self, points: int) -> None:
        world = self.world
        remaining = points

        def other_starts(point: Point) -> None:
            nonlocal remaining
            remaining -= 1
            if remaining <= 0 and point.lasting:
                world.at_point = None
                second = world.new_app()
                (result,) = second.sync(world.name)
                assert "another run" in result.stopped
                second.close()

        world.at_point = other_starts
        self.command(lambda: world.sync(world.name))
        world.at_point = None

    @rule()
    def the_store_comes_back_from_a_backup(self) -> None:
        world, backup = self.world, self.world.folder / "backup.db"
        mode = world.mine().mode
        world.app.store.back_up(backup)
        world.app.close()
        for file in world.folder.glob(f"{STORE}*"):
            file.unlink()
        put_store(world.folder)
        world.app = world.new_app()
        world.app.store.restore(backup)
        backup.unlink()
        assert world.mine().mode == Mode.OBSERVE
        self.command(lambda: world.app.set_mode(world.name, mode))

    # -- accidents and time -------------------------------------------------------------------

    @rule(fault=st.sampled_from(sorted(FAULTS)), skip=st.integers(0, 12))
    def something_will_go_wrong(self, fault: str, skip: int) -> None:
        self.world.sandbox.faults.add({**FAULTS[fault], "skip": skip})

    @rule(hours=st.sampled_from((1, 6, 24, 24, 48, 24 * 6)))
    def time_passes(self, hours: int) -> None:
        self.world.advance(hours=hours)

    @rule(days=st.integers(1, 4))
    def days_pass_with_a_run_each(self, days: int) -> None:
        for _ in range(days):
            self.world.advance(hours=24)
            self.runs("sync")

    # -- what must hold -----------------------------------------------------------------------

    def look(self) -> None:
        """Judge each email that left since the last look by what stands at this moment."""
        nothing_twice(self.world)
        state = self.world.state()
        new = state["emails"][len(self.left) :]
        invoices = {str(row["id"]): row for row in state["invoices"]}
        pulled_at = self.world.app.store.ledger.pulled_at(self.world.mine().id)
        if pulled_at != self.pulled_at or pulled_at == self.world.clock.now():
            self.pulled_at = pulled_at
            owners = {row["id"]: row["contact_id"] for row in state["invoices"]}
            self.pulled = Seen(owners, dict(self.merged))
        for email in new:
            row = invoices[email["invoice_id"]]
            on = datetime.fromisoformat(email["at"]).astimezone(LONDON).date()
            due_on = date.fromisoformat(row["due_on"])
            self.left.append(Left(row["id"], row["contact_id"], on, due_on, self.pulled))
            subject = f"an email about {row['number']} left, and it"
            assert row["status"] in OWED, f"{subject} is {row['status']}"
            assert Decimal(row["amount_due"]) > 0, f"{subject} owes nothing"
            assert not self.is_promised(row["id"]), f"{subject} is promised"
            assert not self.is_disputed(row["id"]), f"{subject} is disputed"
            assert not self.is_covered(state, row), f"{subject} is covered by money in hand"
            assert due_on < self.today, f"{subject} is not overdue"

    def is_promised(self, invoice_id: str) -> bool:
        rows = self.world.app.store.promises.recorded(self.world.mine().id, invoice_id)
        return any(
            not row.replaced and row.kept is None and row.promised_on >= self.today for row in rows
        )

    def is_disputed(self, invoice_id: str) -> bool:
        if invoice_id in self.disputed:
            return True
        rows = self.world.app.store.disputes.recorded(self.world.mine().id, invoice_id)
        return any(row.settled_on is None for row in rows)

    @staticmethod
    def is_covered(state: dict[str, Any], row: dict[str, Any]) -> bool:
        """Say whether money in hand pays all of the customer's invoices up to and with this one."""
        money = sum(
            Decimal(credit["remaining"])
            for credit in state["credits"]
            if credit["contact_id"] == row["contact_id"] and credit["status"] in OWED
        )
        older = [
            invoice
            for invoice in state["invoices"]
            if invoice["contact_id"] == row["contact_id"]
            and invoice["status"] in OWED
            and (invoice["due_on"], invoice["number"]) <= (row["due_on"], row["number"])
        ]
        return money >= sum(Decimal(invoice["amount_due"]) for invoice in older)

    def teardown(self) -> None:
        """Let all accidents end, people answer, and everything come to rest; then judge it all."""
        try:
            if self.world.points:
                self.come_to_rest()
        finally:
            self.stack.close()

    def come_to_rest(self) -> None:
        world = self.world
        world.sandbox.faults.clear()
        if world.mine().state == ConnectionState.NEEDS_RECONNECT:
            world.connect(world.name)
        world.app.set_mode(world.name, Mode.AUTO)
        # What was planned when everything asked for approval still waits for it.
        world.app.approve(connection=world.name)
        world.run_until_quiet()
        world.settle_as_a_person()
        world.run_until_quiet()
        self.look()
        audit_is_whole(world)
        money_is_conserved(world)
        self.holds_have_reasons()
        messages = self.messages()
        self.gaps_are_kept(messages)
        self.steps_follow_each_other(messages)

    def holds_have_reasons(self) -> None:
        state = self.world.state()
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in state["invoices"]:
            if row["status"] in OWED:
                owed[row["contact_id"]] += Decimal(row["amount_due"])
        for credit in state["credits"]:
            if credit["status"] in OWED:
                owed[credit["contact_id"]] -= Decimal(credit["remaining"])
        held = {
            member
            for group in state["groups"]
            if group["name"] == "Credit hold"
            for member in group["members"]
        }
        for contact in state["contacts"]:
            if contact["status"].lower() != "active" or contact["id"] in self.by_hand:
                continue
            is_held = contact["id"] in held or "credit hold [arsync" in (contact["notes"] or "")
            over = owed[contact["id"]] > LIMIT * Decimal("1.1")
            assert is_held == over, f"{contact['name']} owes {owed[contact['id']]}: held {is_held}"
            cash = is_cash_on_delivery(contact["terms"], state["terms"])
            assert cash == over, f"{contact['name']} owes {owed[contact['id']]}: cash {cash}"

    def messages(self) -> list[Message]:
        """Return the emails in the order in which they left, each with its action.

        An invoice's emails leave in the order of its steps.
        """
        mine: dict[str, list[ActionRow]] = defaultdict(list)
        for row in sorted(self.world.my_rows(*STARTED_STATES), key=lambda one: one.created_at):
            if row.action.kind is ActionKind.REMINDER:
                mine[row.action.invoices[0].id].append(row)
        for departure in self.left:
            assert mine[departure.invoice], (
                f"no action knows of the email about {departure.invoice}"
            )
        return [Message(departure, mine[departure.invoice].pop(0)) for departure in self.left]

    def gaps_are_kept(self, messages: list[Message]) -> None:
        """Days between the first emails of two contact moments of one customer.

        An email counts for whom it went to, for whom that customer was merged into, and for whose
        the invoice is since: as far as the last complete pull could tell.
        """
        began: dict[str, date] = {}
        for departure, row in messages:
            moment = row.action.batch_id
            began[moment] = min(began.get(moment, departure.on), departure.on)
        for number, (departure, row) in enumerate(messages):
            for earlier, before in messages[:number]:
                view = departure.seen
                whose = {view.survivor(earlier.contact), view.owners.get(earlier.invoice)}
                if before.action.batch_id == row.action.batch_id or departure.contact not in whose:
                    continue
                days = (began[row.action.batch_id] - began[before.action.batch_id]).days
                assert days >= GAP_DAYS, (
                    f"{departure.contact}: {before.action.batch_id}, then {row}"
                )

    def steps_follow_each_other(self, messages: list[Message]) -> None:
        """No step is skipped, repeated or early, within one stretch of being owed."""
        steps_taken: dict[tuple[str, int], list[Message]] = defaultdict(list)
        for message in messages:
            ref = message.row.action.invoices[0]
            steps_taken[ref.id, ref.episode].append(message)
            day = STEPS[ref.step]
            assert (message.left.on - message.left.due_on).days >= day, (
                f"{ref.step} came early: {message}"
            )
        for (invoice, episode), all_of_it in steps_taken.items():
            assert episode <= 1 + self.reopened[invoice], f"{invoice} was not owed anew"
            refused = {
                step
                for invoice_id, stretch, step in self.refused | self.refused_at_the_platform()
                if (invoice_id, stretch) == (invoice, episode)
            }
            steps = [message.row.action.step for message in all_of_it]
            upto = list(STEPS)[: 1 + list(STEPS).index(steps[-1])]
            left_out = [step for step in upto if step not in steps]
            assert steps == [step for step in upto if step in steps], f"{invoice}: {steps}"
            assert refused.issuperset(left_out), f"{invoice}: {steps}"
            for first, second in pairwise(all_of_it):
                gap = STEPS[second.row.action.step] - STEPS[first.row.action.step]
                days = (second.left.on - first.left.on).days
                assert days >= gap, f"{invoice}: {first} and {second}"

    def refused_at_the_platform(self) -> set[tuple[str, int, str]]:
        return {
            (ref.id, ref.episode, ref.step)
            for row in self.world.my_rows(ActionState.REJECTED)
            for ref in row.action.invoices
        }


CI = settings(
    max_examples=6,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
LONG = settings(CI, max_examples=25, stateful_step_count=50, derandomize=False)
SHARE = 0.15
"""Of the long profile's time, for each platform."""


@pytest.mark.parametrize("name", ["xero", "quickbooks"])
def test_any_order_of_happenings_keeps_every_promise(count: Count, name: str) -> None:
    members = {"platform": name, "examples": 0, "steps": 0}
    machine: type[AnyOrder] = type(f"AnyOrder{name.title()}", (AnyOrder,), members)
    ends_at = profile.ends_at(SHARE)
    while True:
        run_state_machine_as_test(machine, settings=LONG if profile.LONG else CI)
        if not profile.LONG or time.monotonic() > ends_at:
            break
    count(f"stories in any order, {name}", Tally(schedules=machine.examples))
    count(f"events in those stories, {name}", Tally(schedules=machine.steps))
