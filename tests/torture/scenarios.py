"""What is going on while everything goes wrong: each thing arsync can do, at least once.

To put a new action under torture, add a scenario here: every test of this folder goes through them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tests.builders.ledgers import ONE_OF_EACH, contact_row, invoice_row, one_of_each
from tests.builders.stores import STORE, put_store

from arsync.application.credit.credit_applications import (
    ApplicantWords,
    apply_for_credit,
    record_reference,
)
from arsync.application.credit.credit_decisions import DecidedByHand, decide_credit
from arsync.application.credit.credit_references import ask_reference
from arsync.application.permissions import Actor, Role
from arsync.core.actions import ActionKind
from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.ledger.records import DisputeOutcome
from arsync.errors import UserMistake

from .world import WatchedWorld


class Scenario(NamedTuple):
    """Something to be done, and what a person does again when the process died over it."""

    name: str
    prepare: Callable[[WatchedWorld], object]
    """Leaves a world in which all is quiet and the work is about to begin."""
    work: Callable[[WatchedWorld], object] = WatchedWorld.run_until_quiet
    again: Callable[[WatchedWorld], object] = lambda _: None
    """What a person whose command died gives once more, before the next run."""
    share: float = 1.0
    """Which share of its points CI tries; `make torture` tries all."""


def everything_once(world: WatchedWorld) -> None:
    """An email, a letter, a fee, a task, a hold with its terms, a promise, a dispute."""
    one_of_each(world, world.name)


def the_day_after(world: WatchedWorld) -> None:
    """The held customer pays, a dispute is settled: hold and terms go back.

    What somebody is to be called about is paid as well: the task ends by itself, with a note.
    """
    everything_once(world)
    world.run_until_quiet()
    world.advance(days=1)
    day = world.clock.now().date().isoformat()
    invoice = world.invoice_id(world.name, "INV-0005")
    world.control.person(world.name, "pay", invoice_id=invoice, amount="9000", on=day)
    (task,) = world.app.tasks(world.name)
    for ref in task.row.action.invoices:
        amount = str(ref.amount_due)
        world.control.person(world.name, "pay", invoice_id=ref.id, amount=amount, on=day)
    world.app.dispute("INV-0007", settled=True, connection=world.name, who="Jane")


def other_reasons(world: WatchedWorld) -> None:
    """Another rule asks for the hold that stands, and reminder levels are shown."""
    everything_once(world)
    world.run_until_quiet()
    also = "credit_holds:\n  - {name: Much, when: {balance: {at_least: 8000}}}\n"
    shown = "sending:\n  reminder_level: shown\n"
    rules = ONE_OF_EACH.replace("credit_holds:\n", also)
    assert "sending:\n" in rules, "the word has a place"
    world.rules(rules.replace("sending:\n", shown))


BY_MAIL = ONE_OF_EACH.replace("days: every day", "via: smtp\n  days: every day")


def letters(world: WatchedWorld) -> None:
    """Two customers get a letter by SMTP, one of them about two invoices."""
    world.with_mail()
    world.load(
        world.name,
        contacts=[contact_row(f"c{name}", name, contact_group="Emails") for name in ("Ada", "Bob")],
        invoices=[
            invoice_row(1, "cAda", overdue=3),
            invoice_row(2, "cAda", overdue=4, total="250.00"),
            invoice_row(3, "cBob", overdue=3),
        ],
    )
    world.rules(BY_MAIL)
    world.connect(world.name)
    world.app.pull(world.name)


def letters_by_every_way(world: WatchedWorld) -> None:
    """A formal notice by mail with what goes along, one by post, and a text message."""
    world.with_every_way()
    place = {"street": "12 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP"}
    world.load(
        world.name,
        contacts=[
            # Each has its own telephone: who shares one would hear of one of them alone.
            contact_row(f"c{name}", name, contact_group=group, mobile=mobile, **place)
            for name, group, mobile in (
                ("Ada", "Post", "+447911123454"),
                ("Bob", "Mail", "+447911123455"),
                ("Cleo", "Text", "+447911123456"),
            )
        ],
        invoices=[
            invoice_row(number, f"c{name}", overdue=3)
            for number, name in enumerate(("Ada", "Bob", "Cleo"), 1)
        ],
    )
    world.rules(EVERY_WAY)
    world.connect(world.name)
    world.app.pull(world.name)


EVERY_WAY = """\
version: 1
name: By every way
currency: GBP
reminders:
  - name: By post
    when: {contact_group: Post}
    steps: [{day: 1, letter: formal notice, via: post}]
  - name: By mail
    when: {contact_group: Mail}
    steps: [{day: 1, letter: final notice, via: smtp, attach: [invoice]}]
  - name: By text message
    when: {contact_group: Text}
    steps: [{day: 1, email: first reminder, via: sms}]
sending:
  days: every day
  between: 00:00-23:59
"""


def account_letters(world: WatchedWorld) -> None:
    """One customer gets its statement, another is thanked for what it paid in time.

    A supplier is asked about somebody who is no customer yet.
    """
    world.with_mail()
    world.load(
        world.name,
        contacts=[contact_row(f"c{name}", name) for name in ("Ada", "Bob")],
        invoices=[invoice_row(1, "cAda", overdue=3), invoice_row(2, "cBob", overdue=-3)],
    )
    world.rules(ACCOUNT_LETTERS)
    world.connect(world.name)
    world.app.pull(world.name)
    day = world.clock.now().date().isoformat()
    invoice = world.invoice_id(world.name, "INV-0002")
    world.control.person(world.name, "pay", invoice_id=invoice, amount="100", on=day)
    jane, who = Actor("Jane", Role.OWNER), "Acme Supply"
    words = ApplicantWords(consented_on=world.clock.now().date())
    applied = apply_for_credit(jane, world.app, "Cleo", words, connection=world.name)
    number = applied.application.number
    record_reference(jane, world.app, number, who, email="accounts@acme.example")
    ask_reference(jane, world.app, number, who)


def a_restored_store(world: WatchedWorld) -> None:
    """A backup of before anything left is restored after everything has; a person looks."""
    everything_once(world)
    backup = world.folder / "backup.db"
    world.app.store.back_up(backup)
    world.run_until_quiet()
    world.advance(days=1)
    world.app.close()
    for file in world.folder.glob(f"{STORE}*"):
        file.unlink()
    put_store(world.folder)
    world.app = world.new_app()
    world.app.store.restore(backup)
    backup.unlink()
    world.connect(world.name)


def approve_what_waits(world: WatchedWorld) -> None:
    """A person approves all that waits, again and again, and the scheduler runs."""
    world.run_until_quiet()
    world.app.approve(connection=world.name, who="Jane")
    world.run_until_quiet()


def what_a_person_says(world: WatchedWorld) -> None:
    """A promise, a call, a plan, a dispute, its end, a task done: each a command of its own."""
    _say(world, lambda: _promise(world))
    _say(world, lambda: _call(world))
    soon = world.clock.now().date() + timedelta(days=5)
    _say(world, lambda: world.app.agree("INV-0001", on={soon: "60"}, connection=world.name))
    part: dict[str, Any] = {"amount": Decimal(1), "reason_code": "damaged", "owner": "Jo"}
    _say(
        world,
        lambda: world.app.dispute("INV-0004", reason="broken", connection=world.name, **part),
    )
    # The books show no credit yet: it waits.
    credited = DisputeOutcome.CREDITED
    _say(world, lambda: world.app.dispute("INV-0007", outcome=credited, connection=world.name))
    _say(world, lambda: world.app.done(_task(world), outcome="will pay"))
    world.run_until_quiet()


def before_a_person_speaks(world: WatchedWorld) -> None:
    everything_once(world)
    world.run_until_quiet()
    world.advance(hours=2)


def _promise(world: WatchedWorld) -> None:
    """Record it unless it stands already, as a person looks first whether the command took."""
    promises = world.app.store.promises.recorded(world.mine().id)
    promised = {invoice_id for promise in promises for invoice_id in promise.invoice_ids}
    if world.invoice_id(world.name, "INV-0003") not in promised:
        day = world.clock.now().date() + timedelta(days=5)
        world.app.promise("INV-0003", day, connection=world.name, who="Jane")


def _call(world: WatchedWorld) -> None:
    """Log it unless it stands already."""
    if not world.app.store.log.recorded(world.mine().id):
        customer = world.my_rows()[0].action.contact_name
        world.app.log(customer, "Spoke to Jane.", connection=world.name, who="Jane")


def _task(world: WatchedWorld) -> str:
    (row,) = (row for row in world.my_rows() if row.action.kind is ActionKind.TASK)
    return row.key


def _say(world: WatchedWorld, command: Callable[[], object]) -> None:
    """Give a command; that it has been heard already is no harm."""
    try:
        command()
    except UserMistake as heard:
        words = str(heard)
        assert any(word in words for word in ("was done on", "dispute", "a payment plan already"))


def a_discount_taken(world: WatchedWorld) -> None:
    """Two customers took their discounts: draft credit notes, or tasks; one has credit agreed."""
    world.load(
        world.name,
        contacts=[contact_row(f"c{name}", name) for name in ("Ada", "Bob")],
        invoices=[
            invoice_row(1, "cAda", overdue=3),
            invoice_row(2, "cBob", overdue=3),
        ],
    )
    # Issued 33 days ago, paid three days later.
    on = (world.clock.now().date() - timedelta(30)).isoformat()
    for number in ("INV-0001", "INV-0002"):
        invoice = world.invoice_id(world.name, number)
        world.control.person(world.name, "pay", invoice_id=invoice, amount="98", on=on)
    world.rules(DISCOUNTS)
    world.connect(world.name)
    world.app.pull(world.name)
    jane = Actor("Jane", Role.OWNER)
    applied = apply_for_credit(jane, world.app, "Ada", ApplicantWords(), connection=world.name)
    agreed = DecidedByHand(CreditOutcome.ACCEPT, Decimal(500), "14 days")
    decide_credit(jane, world.app, applied.application.number, agreed)


def debts_for_the_agency(world: WatchedWorld) -> None:
    """A customer whose debts a rule has proposed for the agency: a note on each invoice."""
    world.load(
        world.name,
        contacts=[contact_row("cAda", "Ada")],
        invoices=[
            invoice_row(1, "cAda", overdue=95),
            invoice_row(2, "cAda", overdue=92),
        ],
    )
    world.rules(AGENCY)
    world.connect(world.name)
    world.app.pull(world.name)
    # The rule has proposed them: a person's approval is what goes on.
    world.run_until_quiet()


AGENCY = """\
version: 1
name: Agency
currency: GBP
placements:
  - {name: To the agency, when: {days_overdue: {at_least: 90}}, to: Example Collections}
"""

ACCOUNT_LETTERS = """\
version: 1
name: Statements and thanks
currency: GBP
statements: [{name: Weekly, on: wednesday, attach: pdf}]
thank_you: {when: {days_late: {at_most: 0}}}
sending: {days: every day, between: 00:00-23:59}
"""

DISCOUNTS = """\
version: 1
name: Discounts
currency: GBP
discounts:
  - {name: Prompt payment, percent: 2%, within: 10 days, approval: none}
"""

SCENARIOS = (
    Scenario("everything once", everything_once),
    Scenario("the day after", the_day_after, share=0.15),
    Scenario("other reasons", other_reasons, share=0.5),
    Scenario("letters by mail", letters, share=0.5),
    Scenario("letters by every way", letters_by_every_way, share=0.3),
    Scenario("letters about the account", account_letters, share=0.15),
    Scenario("a discount taken", a_discount_taken, share=0.5),
    Scenario(
        "placements",
        debts_for_the_agency,
        approve_what_waits,
        lambda world: world.app.approve(connection=world.name, who="Jane"),
        0.15,
    ),
    Scenario(
        "restored",
        a_restored_store,
        approve_what_waits,
        lambda world: world.app.approve(connection=world.name, who="Jane"),
        0.15,
    ),
    Scenario(
        "what a person says", before_a_person_speaks, what_a_person_says, what_a_person_says, 0.15
    ),
)
