"""Nothing is chased that is not owed, whatever happens between the plan and the message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, START, World

from arsync.application.results import RunResult
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import DisputeOutcome
from arsync.errors import UserMistake
from arsync.sync.pull import Progress

RULES = """\
version: 1
name: Not owed
currency: GBP
reminders:
  - name: Polite
    skip_invoices_when: {amount_due: {less_than: 10}}
    steps:
      - {day: 1, email: first reminder, approval: required}
      - {day: 14, email: second reminder, approval: required}
sending:
  days: every day
  between: 00:00-23:59
"""
TODAY = START.date()


class Case(NamedTuple):
    """What a person does after the message was approved, and the words that tell of it."""

    does: Callable[[World, str], object]
    why: str
    platforms: tuple[str, ...] = PLATFORMS


def person(do: str, *about: str, **arguments: str) -> Callable[[World, str], object]:
    """Return an edit in the platform itself, of INV-0001 or of its customer."""

    def edit(world: World, name: str) -> object:
        ids = {
            "invoice_id": lambda: world.invoice_id(name, "INV-0001"),
            "contact_id": lambda: world.contact_id(name, "Ada"),
            "into_id": lambda: world.contact_id(name, "Bob"),
        }
        named = {kind: ids[kind]() for kind in about}
        return world.control.person(name, do, **named, **arguments)

    return edit


def credited_in_full(world: World, name: str) -> object:
    return person("credit", "contact_id", "invoice_id", amount="100")(world, name)


def moved(world: World, name: str) -> object:
    invoice_id, bob = world.invoice_id(name, "INV-0001"), world.contact_id(name, "Bob")
    return world.control.person(name, "move_invoice", invoice_id=invoice_id, contact_id=bob)


CASES = {
    "paid": Case(person("pay", "invoice_id", amount="100", on="2026-11-18"), "is paid"),
    "paid but for a little": Case(
        person("pay", "invoice_id", amount="95", on="2026-11-18"), "skipped: amount_due"
    ),
    "voided": Case(person("void", "invoice_id"), "was voided"),
    "deleted": Case(person("delete_invoice", "invoice_id"), "was deleted", ("quickbooks",)),
    "moved to another customer": Case(moved, "now belongs to another customer"),
    "contact merged": Case(
        person("merge", "contact_id", "into_id"), "the contact was merged into", ("xero",)
    ),
    # QuickBooks takes the merged customer away, and puts what it owed under the other one.
    "customer merged": Case(
        person("merge", "contact_id", "into_id"), "now belongs to another customer", ("quickbooks",)
    ),
    "credited": Case(credited_in_full, "is paid"),
    "covered by a prepayment": Case(
        person("prepay", "contact_id", amount="150"), "covered by unapplied cash"
    ),
    "covered by a credit note": Case(
        person("credit", "contact_id", amount="100"), "covered by unapplied cash"
    ),
    "contact archived": Case(person("archive", "contact_id"), "the contact is archived"),
    "re-dated": Case(
        person("set_due_date", "invoice_id", on="2026-12-24"), "no longer requires it"
    ),
    "disputed": Case(
        lambda world, name: world.app.dispute("INV-0001", reason="broken", connection=name),
        "dispute open",
    ),
    "disputed in part": Case(
        lambda world, name: world.app.dispute(
            "INV-0001", reason="broken", amount=Decimal(20), connection=name
        ),
        "GBP 20.00 is disputed: the accounting system's email would ask for all of it",
    ),
    # By the customer, in the online view of the invoice.
    "disputed at the platform": Case(
        person("set_einvoice_status", "invoice_id", status="Disputed"),
        "dispute open since 2026-11-18 (the accounting system shows it as disputed)",
        ("quickbooks",),
    ),
    "promised": Case(
        lambda world, name: world.app.promise(
            "INV-0001", TODAY + timedelta(days=7), connection=name
        ),
        "promise_to_pay open until 2026-11-25",
    ),
    "promised at the platform": Case(
        person("expect", "invoice_id", on="2026-11-25"),
        "promise_to_pay open until 2026-11-25 (entered in the accounting system",
        ("xero",),
    ),
}


def approved(world: World, name: str) -> None:
    """Plan a reminder, and have it approved by a person."""
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=5)],
    )
    world.rules(RULES)
    world.connect(name)
    world.app.pull(name)
    world.app.prepare(name)
    (waiting,) = world.app.waiting(name)
    world.app.approve([waiting.row.key], who="a person")


def apply(world: World, name: str, case: Case) -> RunResult:
    """It happens between the approval and `arsync apply`."""
    case.does(world, name)
    (result,) = world.app.apply(name)
    return result


def sync(world: World, name: str, case: Case) -> RunResult:
    """It happens between the approval and the scheduler's next run."""
    case.does(world, name)
    (result,) = world.app.sync(name)
    return result


def sync_too_late(world: World, name: str, case: Case) -> RunResult:
    """It happens in the run itself, when the pull has read everything that could show it."""
    done: list[object] = []

    def watch(progress: Progress) -> None:
        # QuickBooks tells of all changes in one answer; Xero lists payments last.
        if not done and (name == "quickbooks" or progress.kind == "payments"):
            done.append(case.does(world, name))

    (result,) = world.app.sync(name, progress=watch)
    assert done
    return result


EVERY = [
    (name, label, run)
    for label, case in CASES.items()
    for name in case.platforms
    for run in (apply, sync, sync_too_late)
]


@pytest.mark.parametrize(
    ("name", "case", "run"), EVERY, ids=lambda one: getattr(one, "__name__", one)
)
def test_what_is_not_owed_any_more_is_not_sent(
    world: World, name: str, case: str, run: Callable[[World, str, Case], RunResult]
) -> None:
    approved(world, name)
    result = run(world, name, CASES[case])
    assert result.all_problems == []
    assert not world.control.state(name)["emails"]
    reminders = [row for row in world.rows(name) if row.action.kind is ActionKind.REMINDER]
    (row,) = (row for row in reminders if row.action.contact_name == "Ada")
    assert row.state is ActionState.WITHDRAWN, row.reason
    assert CASES[case].why in row.reason


@pytest.mark.parametrize("is_a_change", [True, False])
def test_chasing_resumes_when_quickbooks_no_longer_shows_a_dispute(
    world: World, *, is_a_change: bool
) -> None:
    """Also where that status alone does not count as a change: nobody knows whether it does."""
    name = "quickbooks"
    world.control.settings(quickbooks_einvoice_status_is_a_change=is_a_change)
    world.load(
        name, contacts=[contact_row("c1", "Ada")], invoices=[invoice_row(1, "c1", overdue=5)]
    )
    world.rules(RULES.replace(", approval: required", ""))
    world.connect(name)
    world.app.pull(name)
    person("set_einvoice_status", "invoice_id", status="DISPUTED")(world, name)
    world.sync_until_quiet(name)
    assert emails(world, name) == []
    (held,) = world.app.why("INV-0001", connection=name).held_back
    assert "the accounting system shows it as disputed" in held.why
    with pytest.raises(UserMistake, match="it ends here when it ends there"):
        world.app.dispute("INV-0001", settled=True, connection=name)
    person("set_einvoice_status", "invoice_id", status="Viewed")(world, name)
    # So long after the change, no overlap of pulls brings it by chance.
    world.advance(hours=6)
    world.sync_until_quiet(name)
    assert emails(world, name) == ["c1"]


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_disputed_part_ends_with_its_credit_note(world: World, name: str) -> None:
    world.load(
        name, contacts=[contact_row("c1", "Ada")], invoices=[invoice_row(1, "c1", overdue=5)]
    )
    world.rules(RULES.replace(", approval: required", ""))
    world.connect(name)
    world.app.pull(name)
    world.app.dispute("INV-0001", reason="broken", amount=Decimal(20), connection=name)
    world.app.dispute("INV-0001", outcome=DisputeOutcome.CREDITED, connection=name)
    world.sync_until_quiet(name)
    assert emails(world, name) == []
    ids = world.contact_id(name, "Ada"), world.invoice_id(name, "INV-0001")
    world.control.person(name, "credit", contact_id=ids[0], amount="20", invoice_id=ids[1])
    world.advance(hours=1)
    world.sync_until_quiet(name)
    [row] = world.app.store.disputes.recorded(world.app.store.connections.get(name).id)
    assert (row.outcome, row.settled_by) == ("credited", "the books")
    notes = [note["text"] for note in world.control.state(name)["history"]]
    assert len([text for text in notes if "Dispute about" in text]) == 3


def test_our_own_promise_read_back_is_no_second_one(world: World) -> None:
    world.load(
        "xero", contacts=[contact_row("c1", "Ada")], invoices=[invoice_row(1, "c1", overdue=5)]
    )
    world.rules(RULES.replace(", approval: required", ""))
    world.connect("xero")
    world.app.pull("xero")
    world.app.promise("INV-0001", TODAY + timedelta(days=2), connection="xero")
    world.sync_until_quiet("xero")
    (invoice,) = world.control.state("xero")["invoices"]
    assert invoice["expected_on"] == (TODAY + timedelta(days=2)).isoformat()
    (account,) = world.app.store.ledger.accounts(world.connection("xero").id)
    assert [promise.by_platform for promise in account.promises] == [False]
    assert emails(world, "xero") == []
    # Staff put it off in Xero itself: their day counts, until it is over.
    person("expect", "invoice_id", on="2026-11-27")(world, "xero")
    world.advance(days=4)
    world.sync_until_quiet("xero")
    (held,) = world.app.why("INV-0001", connection="xero").held_back
    assert "entered in the accounting system" in held.why
    world.advance(days=6)
    world.sync_until_quiet("xero")
    assert emails(world, "xero") == ["c1"]


def emails(world: World, name: str) -> list[str]:
    """Return whom an email reached, in their order."""
    return [email["to"][0].partition("@")[0] for email in world.control.state(name)["emails"]]


def steps(world: World, name: str) -> list[str]:
    rows = sorted(world.rows(name, ActionState.CONFIRMED), key=lambda row: row.created_at)
    return [row.action.step for row in rows if row.action.kind is ActionKind.REMINDER]


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_earlier_due_date_starts_at_the_first_step(world: World, name: str) -> None:
    world.load(
        name, contacts=[contact_row("c1", "Ada")], invoices=[invoice_row(1, "c1", overdue=-5)]
    )
    world.rules(RULES.replace(", approval: required", ""))
    world.connect(name)
    world.sync_until_quiet(name)
    assert emails(world, name) == []
    earlier = (TODAY - timedelta(days=20)).isoformat()
    person("set_due_date", "invoice_id", on=earlier)(world, name)
    world.advance(minutes=15)
    world.sync_until_quiet(name)
    # 20 days late by now, and past the day of the second step: it comes when its gap is over.
    assert steps(world, name) == ["first reminder"]
    world.advance(days=12)
    world.sync_until_quiet(name)
    assert emails(world, name) == ["c1"]
    world.advance(days=1)
    world.sync_until_quiet(name)
    assert steps(world, name) == ["first reminder", "second reminder"]
    assert emails(world, name) == ["c1", "c1"]


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_merged_customer_resumes_at_the_step_both_had(world: World, name: str) -> None:
    world.load(
        name,
        contacts=[contact_row("c1", "Ada"), contact_row("c2", "Bob")],
        invoices=[invoice_row(1, "c1", overdue=5), invoice_row(2, "c2", overdue=0)],
    )
    world.rules(RULES.replace(", approval: required", "") + "  days_between_emails: 5\n")
    world.connect(name)
    world.sync_until_quiet(name)
    assert emails(world, name) == ["c1"]
    person("merge", "contact_id", "into_id")(world, name)
    # Bob's own invoice is due its first step now; but he heard of Ada's yesterday.
    world.advance(days=2)
    world.sync_until_quiet(name)
    assert emails(world, name) == ["c1"]
    (held,) = world.app.why("INV-0002", connection=name).held_back
    assert "5 days between messages" in held.why
    world.advance(days=3)
    world.sync_until_quiet(name)
    assert len(emails(world, name)) == 2
    world.advance(days=9)
    world.sync_until_quiet(name)
    # Nothing is said twice about what came from Ada; its second step follows the first.
    by_invoice = sorted(
        (row.action.invoices[0].number, row.action.step)
        for row in world.rows(name, ActionState.CONFIRMED)
    )
    assert by_invoice == [
        ("INV-0001", "first reminder"),
        ("INV-0001", "second reminder"),
        ("INV-0002", "first reminder"),
    ]
