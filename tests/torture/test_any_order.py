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
from contextlib import ExitStack, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.acceptance.conftest import contact_row, invoice_row, is_cash_on_delivery

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.errors import UserMistake
from arsync.store.values import ConnectionState, Mode
from arsync_sandbox.people import PeopleProblem, edit

from . import profile
from .accidents import FAULTS, Tally
from .checks import audit_is_whole, money_is_conserved, nothing_twice
from .conftest import MEMORY, Count
from .world import STORE, World, a_world

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
STEPS = ["first reminder", "second reminder", "final notice"]
LONDON = ZoneInfo("Europe/London")
CONTACTS = ("c1", "c2", "c3")

contacts = st.sampled_from(CONTACTS)
any_of_them = st.integers(0, 30)


class AnyOrder(RuleBasedStateMachine):
    """One connection in a world in which anything may happen next."""

    platform: ClassVar[str]
    migrated: ClassVar[Path]
    examples: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        random.seed(profile.SEED)
        self.stack = ExitStack()
        in_memory = MEMORY if MEMORY.is_dir() else None
        folder = Path(tempfile.mkdtemp(prefix="arsync-any-order-", dir=in_memory))
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        shutil.copy(self.migrated, folder / STORE)
        self.world: World = self.stack.enter_context(a_world(folder, self.platform))
        self.seen_emails = 0
        self.merged: set[str] = set()
        self.reopened = False
        self.refused = False
        type(self).examples += 1

    @initialize()
    def a_small_ledger(self) -> None:
        world = self.world
        world.load(
            world.name,
            contacts=[contact_row(one, f"Customer {one}") for one in CONTACTS],
            invoices=[
                invoice_row(1, "c1", overdue=3),
                invoice_row(2, "c2", overdue=10, total="6000"),
                invoice_row(3, "c2", overdue=-2, total="250.10"),
            ],
        )
        world.rules(RULES)
        world.connect(world.name)

    # -- at the platform ----------------------------------------------------------------------

    def someone(self, do: str, **arguments: Any) -> None:
        """Let somebody work in the platform; what it refuses, it refuses."""
        type(self).steps += 1
        books = self.world.sandbox.books
        try:
            edit(books, {"platform": self.world.name, "do": do, **arguments})
        except PeopleProblem:
            return
        except Exception as error:
            # QuickBooks' own refusals, as its screens show them.
            if type(error).__name__ != "Refusal":
                raise

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
        self.someone("create_invoice", contact_id=contact, amount=amount,
                     on=issued.isoformat(), due_on=due.isoformat())  # fmt: skip

    @rule(number=any_of_them, percent=st.sampled_from((1, 50, 100, 100)))
    def a_payment_comes(self, number: int, percent: int) -> None:
        row = self.invoice(number)
        amount = (Decimal(row["amount_due"]) * percent / 100).quantize(Decimal("0.01"))
        self.someone("pay", invoice_id=row["id"], amount=str(amount), on=self.today.isoformat())

    @rule(number=any_of_them)
    def a_payment_is_taken_back(self, number: int) -> None:
        rows = [row for row in self.world.state()["payments"] if row["invoice_id"]]
        if rows:
            self.reopened = True
            self.someone("delete_payment", payment_id=rows[number % len(rows)]["id"])

    @rule(number=any_of_them)
    def an_invoice_is_credited(self, number: int) -> None:
        row = self.invoice(number)
        self.someone("credit", contact_id=row["contact_id"], invoice_id=row["id"],
                     amount=row["amount_due"])  # fmt: skip

    @rule(contact=contacts, amount=st.integers(1, 8_000))
    def money_comes_without_an_invoice(self, contact: str, amount: int) -> None:
        self.someone("prepay", contact_id=contact, amount=str(amount))

    @rule(number=any_of_them)
    def an_invoice_is_voided(self, number: int) -> None:
        self.someone("void", invoice_id=self.invoice(number)["id"])

    @rule(number=any_of_them, due_in=st.integers(-20, 20))
    def a_due_date_moves(self, number: int, due_in: int) -> None:
        on = self.today + timedelta(days=due_in)
        self.reopened = True
        self.someone("set_due_date", invoice_id=self.invoice(number)["id"], on=on.isoformat())

    @rule(contact=contacts, into=contacts)
    def contacts_are_merged(self, contact: str, into: str) -> None:
        if contact != into and not {contact, into} & self.merged:
            self.merged |= {contact, into}
            self.someone("merge", contact_id=contact, into_id=into)

    @rule(contact=contacts)
    def a_contact_is_archived(self, contact: str) -> None:
        self.merged.add(contact)
        self.someone("archive", contact_id=contact)

    @rule(contact=contacts, text=st.sampled_from(("", "Call first.\n", "pays [arsync] late")))
    def somebody_edits_the_notes(self, contact: str, text: str) -> None:
        if self.world.name == "quickbooks":
            # Somebody who writes beside our fence, not over it.
            rows = {row["name"]: row for row in self.world.state()["contacts"]}
            old = rows.get(f"Customer {contact}", {"notes": ""})["notes"] or ""
            text = f"{text}{old}"
        self.someone("set_notes", contact_id=contact, text=text[:1_500])

    @rule(contact=contacts, name=st.sampled_from(("Ridgeway", "Zoë & Søn", 'Quote " Ltd')))
    def a_contact_is_renamed(self, contact: str, name: str) -> None:
        self.someone("rename", contact_id=contact, name=f"{name} {contact}")

    # -- people -------------------------------------------------------------------------------

    def command(self, command: Any) -> None:
        """Give a command; that it is refused is an answer too."""
        type(self).steps += 1
        with suppress(UserMistake):
            command()
        self.look()

    @rule(number=any_of_them, days=st.integers(0, 12))
    def somebody_promises(self, number: int, days: int) -> None:
        invoice, day = self.invoice(number)["number"], self.today + timedelta(days=days)
        self.command(lambda: self.world.app.promise(invoice, day, connection=self.world.name))

    @rule(number=any_of_them, settled=st.booleans())
    def somebody_disputes(self, number: int, settled: bool) -> None:
        invoice = self.invoice(number)["number"]
        self.command(lambda: self.world.app.dispute(
            invoice, reason="wrong", settled=settled, connection=self.world.name))  # fmt: skip

    @rule()
    def all_that_waits_is_approved(self) -> None:
        self.command(lambda: self.world.app.approve(connection=self.world.name))

    @rule()
    def a_reminder_is_rejected(self) -> None:
        waiting = [one.row.key for one in self.world.app.waiting(self.world.name)
                   if one.row.action.kind is ActionKind.REMINDER]  # fmt: skip
        if waiting:
            self.refused = True
            self.command(lambda: self.world.app.reject(waiting[:1], why="a good customer"))

    @rule(mode=st.sampled_from((Mode.OBSERVE, Mode.APPROVE, Mode.AUTO, Mode.AUTO)))
    def the_mode_changes(self, mode: Mode) -> None:
        self.command(lambda: self.world.app.set_mode(self.world.name, mode))

    @rule(verb=st.sampled_from(("pull", "prepare", "apply", "sync", "sync", "sync", "sync")))
    def a_command_runs(self, verb: str) -> None:
        observes = self.world.mine().mode == Mode.OBSERVE
        before = self.world.writes_seen()
        self.command(lambda: list(getattr(self.world.app, verb)(self.world.name)))
        if observes:
            assert self.world.writes_seen() == before, "observe writes nothing"
        if self.world.mine().state == ConnectionState.NEEDS_RECONNECT:
            self.world.connect(self.world.name, mode=str(self.world.mine().mode))

    # -- accidents and time -------------------------------------------------------------------

    @rule(fault=st.sampled_from(sorted(FAULTS)), skip=st.integers(0, 12))
    def something_will_go_wrong(self, fault: str, skip: int) -> None:
        self.world.sandbox.faults.add({**FAULTS[fault], "skip": skip})

    @rule(hours=st.sampled_from((1, 6, 24, 24, 48, 24 * 6)))
    def time_passes(self, hours: int) -> None:
        self.world.advance(hours=hours)

    # -- what must hold -----------------------------------------------------------------------

    def look(self) -> None:
        """Judge each email that left since the last look by what stands at this moment."""
        nothing_twice(self.world)
        state = self.world.state()
        new, self.seen_emails = state["emails"][self.seen_emails :], len(state["emails"])
        invoices = {str(row["id"]): row for row in state["invoices"]}
        for email in new:
            row = invoices[email["invoice_id"]]
            said = f"an email about {row['number']} left, and it"
            assert row["status"] in {"AUTHORISED", "open"}, f"{said} is {row['status']}"
            assert Decimal(row["amount_due"]) > 0, f"{said} owes nothing"
            assert not self.is_promised(row["id"]), f"{said} is promised"
            assert not self.is_disputed(row["id"]), f"{said} is disputed"
            assert not self.is_covered(state, row), f"{said} is covered by money in hand"
            assert date.fromisoformat(row["due_on"]) < self.today, f"{said} is not overdue"

    def is_promised(self, invoice_id: str) -> bool:
        rows = self.world.app.store.people.promises(self.world.mine().id, invoice_id)
        return any(not one.replaced and one.kept is None and one.promised_on >= self.today
                   for one in rows)  # fmt: skip

    def is_disputed(self, invoice_id: str) -> bool:
        rows = self.world.app.store.people.disputes(self.world.mine().id, invoice_id)
        return any(one.settled_on is None for one in rows)

    @staticmethod
    def is_covered(state: dict[str, Any], row: dict[str, Any]) -> bool:
        """Say whether money in hand pays all of the customer's invoices up to and with this one."""
        money = sum(Decimal(one["remaining"]) for one in state["credits"]
                    if one["contact_id"] == row["contact_id"]
                    and one["status"] in {"AUTHORISED", "open"})  # fmt: skip
        older = [one for one in state["invoices"]
                 if one["contact_id"] == row["contact_id"]
                 and one["status"] in {"AUTHORISED", "open"}
                 and (one["due_on"], one["number"]) <= (row["due_on"], row["number"])]  # fmt: skip
        return money >= sum(Decimal(one["amount_due"]) for one in older)

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
        world.run_until_quiet()
        world.settle_as_a_person()
        world.run_until_quiet()
        self.look()
        audit_is_whole(world)
        money_is_conserved(world)
        self.holds_have_reasons()
        self.gaps_are_kept()
        self.steps_follow_each_other()

    def holds_have_reasons(self) -> None:
        state = self.world.state()
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in state["invoices"]:
            if row["status"] in {"AUTHORISED", "open"}:
                owed[row["contact_id"]] += Decimal(row["amount_due"])
        for one in state["credits"]:
            if one["status"] in {"AUTHORISED", "open"}:
                owed[one["contact_id"]] -= Decimal(one["remaining"])
        held = {one for group in state["groups"] if group["name"] == "Credit hold"
                for one in group["members"]}  # fmt: skip
        for contact in state["contacts"]:
            if contact["status"].lower() != "active" or self.merged:
                continue
            is_held = contact["id"] in held or "credit hold [arsync" in (contact["notes"] or "")
            over = owed[contact["id"]] > LIMIT * Decimal("1.1")
            assert is_held == over, f"{contact['name']} owes {owed[contact['id']]}: held {is_held}"
            cash = is_cash_on_delivery(contact["terms"], state["terms"])
            assert cash == over, f"{contact['name']} owes {owed[contact['id']]}: cash {cash}"

    def gaps_are_kept(self) -> None:
        """Days between the first emails of two contact moments of one customer."""
        if self.merged:
            return
        at: dict[str, list[date]] = defaultdict(list)
        for email in self.world.state()["emails"]:
            day = datetime.fromisoformat(email["at"]).astimezone(LONDON).date()
            at[email["invoice_id"]].append(day)
        moments: dict[tuple[str, str], date] = {}
        for row in self.world.my_rows(*STARTED_STATES):
            if row.action.kind is ActionKind.REMINDER:
                (ref,) = row.action.invoices
                # An invoice's emails leave in the order of its steps.
                if at[ref.id]:
                    day = at[ref.id].pop(0)
                    key = row.action.contact_id, row.action.moment
                    moments[key] = min(moments.get(key, day), day)
        days: dict[str, list[date]] = defaultdict(list)
        for (contact, _), day in moments.items():
            days[contact].append(day)
        for contact, all_days in days.items():
            for first, second in pairwise(sorted(all_days)):
                assert (second - first).days >= GAP_DAYS, f"{contact}: emails on {all_days}"

    def steps_follow_each_other(self) -> None:
        """No step is skipped or repeated, within one stretch of being owed under one due date."""
        if self.reopened or self.refused:
            return
        taken: dict[str, list[str]] = defaultdict(list)
        for row in sorted(self.world.my_rows(*STARTED_STATES), key=lambda one: one.created_at):
            if row.action.kind is ActionKind.REMINDER and row.state is not ActionState.UNKNOWN:
                taken[row.action.invoices[0].number].append(row.action.step)
        for number, steps in taken.items():
            assert steps == STEPS[: len(steps)], f"{number}: {steps}"


CI = settings(
    max_examples=6, stateful_step_count=20, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck), print_blob=True,
)  # fmt: skip
LONG = settings(CI, max_examples=25, stateful_step_count=50, derandomize=False)
SHARE = 0.15
"""Of the long profile's time, for each platform."""


@pytest.mark.parametrize("name", ["xero", "quickbooks"])
def test_any_order_of_events_commands_faults_and_clocks_keeps_every_promise(
    migrated: Path, count: Count, name: str
) -> None:
    members = {"platform": name, "migrated": migrated, "examples": 0, "steps": 0}
    machine: type[AnyOrder] = type(f"AnyOrder{name.title()}", (AnyOrder,), members)
    ends_at = profile.ends_at(SHARE)
    while True:
        run_state_machine_as_test(machine, settings=LONG if profile.LONG else CI)
        if not profile.LONG or time.monotonic() > ends_at:
            break
    count(f"stories in any order, {name}", Tally(schedules=machine.examples))
    count(f"events in those stories, {name}", Tally(schedules=machine.steps))
