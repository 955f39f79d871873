"""What people say came of a task is kept, noted, and has its consequences."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.books import RULES, TODAY, Books

from arsync.application.connections import connecting
from arsync.application.customers import customer_data
from arsync.application.decisions.why import why
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.persons_words import Recorded
from arsync.application.runs import pulling, runs
from arsync.application.tasks import tasks
from arsync.application.tasks.worklist import WorkChoice, WorkItem, one_task, open_tasks, worklist
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Phone
from arsync.errors import UserMistake
from arsync.store.agreements.tasks import OPENED_HERE
from arsync.store.models import ActionRow

OWNER = Actor("Olga", Role.OWNER)
START, END = RULES.index("reminders:"), RULES.index("sending:")
CALLS = (
    RULES[:START]
    + """reminders:
  - name: Calls
    wait_after_seen: none
    steps:
      - {day: 2, task: Call the customer, assign_to: credit control}
"""
    + RULES[END:]
)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def called(container: Container, books: Books) -> Container:
    """Three customers are to be called: 100 for 5 days, 900 for 40, 900 for 5 days."""
    (now(container).config.rules_folder / "standard.yaml").write_text(CALLS)
    for number, (overdue, amount) in enumerate(((5, "100"), (40, "900"), (5, "900")), 1):
        contact = books.add_contact(number)
        books.contacts[contact.id] = contact._replace(
            people=("Ann Lee",),
            phones=(Phone("020 7946 0018"),),
            address=("12 Mill Lane", "Leeds"),
            customer_number="A-17",
        )
        books.add_invoice(contact, number, overdue=overdue, amount=amount)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    runs.sync(OWNER, now(container))
    return container


def of(container: Container, number: int) -> ActionRow:
    """Return a customer's task."""
    rows = now(container).store.actions.list(kinds={ActionKind.TASK})
    (row,) = (row for row in rows if row.action.contact_id == f"c{number}")
    return row


def say(container: Container, number: int, outcome: str, **words: Any) -> Recorded:
    report = tasks.CallReport(outcome, **words)
    return tasks.complete_task(OWNER, container, of(container, number).key, report)


def names(works: list[WorkItem]) -> list[str]:
    return [work.row.action.contact_name for work in works]


def notes(container: Container, books: Books) -> list[str]:
    runs.sync(OWNER, now(container))
    return [done.write.text for done in books.done if done.kind is ActionKind.TASK_DONE]


def test_a_voicemail_brings_a_task_back_some_times(called: Container, books: Books) -> None:
    assert "It comes back on 2026-11-24." in say(called, 1, "voicemail").message
    row = of(called, 1)
    assert (row.next_on, row.tries, row.done_on) == (date(2026, 11, 24), 1, None)
    assert "Customer 1" not in names(worklist(OWNER, called, None, WorkChoice(due_only=True)))
    say(called, 1, "voicemail: at reception")
    assert say(called, 1, "voicemail").message.startswith("Task done")
    assert of(called, 1).done_on == TODAY
    task, back = "by Olga: Call the customer. Outcome:", ". It comes back on 2026-11-24."
    assert sorted(notes(called, books)) == [
        f"Task done {task} voicemail",
        f"Task tried {task} voicemail{back}",
        f"Task tried {task} voicemail: at reception{back}",
    ]


def test_a_promise_on_the_telephone_is_a_promise(called: Container) -> None:
    said = say(called, 1, "will pay on 2026-12-10", note="by transfer")
    assert "Promise to pay recorded" in said.message
    (promise,) = now(called).store.promises.recorded(now(called).id)
    assert promise.promised_on == date(2026, 12, 10)
    row = of(called, 1)
    assert (row.outcome_code, row.outcome) == ("promised", "will pay on 2026-12-10: by transfer")


def test_a_dispute_on_the_telephone_is_a_dispute(called: Container) -> None:
    say(called, 2, "dispute", note="wrong price", amount=Decimal(50))
    (dispute,) = now(called).store.disputes.recorded(now(called).id)
    assert dispute.reason == "wrong price"
    assert of(called, 2).outcome_code == "dispute"


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("", {}, "needs an outcome"),
    ("promised", {}, "for which day"),
    ("dispute", {}, "what is disputed"),
    ("spoke", {"promised_on": TODAY}, "only with --outcome promised"),
    ("spoke", {"amount": Decimal(5)}, "goes only with a promise"),
    ("will pay on 2026-02-31", {}, "names a day that is none"),
    ("will pay on 2031-01-01", {}, "more than 366 days ahead"),
    ("", {"next_on": TODAY - timedelta(1)}, "is past"),
    ("", {"next_on": date(2031, 1, 1)}, "check the year"),
    ("spoke", {"corrects": True}, "no outcome of a person's"),
)


def test_what_cannot_be_meant_is_refused(called: Container) -> None:
    for outcome, words, message in REFUSED:
        with pytest.raises(UserMistake, match=message):
            say(called, 1, outcome, **words)
    assert of(called, 1).done_on is None
    assert of(called, 1).tries == 0


def test_a_wrong_outcome_is_corrected_and_remembered(called: Container, books: Books) -> None:
    say(called, 1, "spoke: nothing agreed")
    with pytest.raises(UserMistake, match="--correct"):
        say(called, 1, "refused")
    say(called, 1, "voicemail", corrects=True)
    row = of(called, 1)
    assert (row.done_on, row.tries, row.outcome) == (None, 1, "voicemail")
    say(called, 1, "refused", corrects=True)
    assert of(called, 1).tries == 0
    reasons = [event.reason for event in now(called).store.actions.events(row.key)]
    assert reasons[-3:] == [
        "done: spoke: nothing agreed",
        "corrected: voicemail",
        "corrected: refused",
    ]
    corrected = "Task done by Olga, corrected: Call the customer. Outcome: refused"
    assert corrected in notes(called, books)


def test_a_task_that_ended_by_itself_is_not_corrected(called: Container, books: Books) -> None:
    books.pay(books.invoices["i1"])
    runs.sync(OWNER, now(called))
    with pytest.raises(UserMistake, match="no outcome of a person's"):
        say(called, 1, "spoke", corrects=True)
    with pytest.raises(UserMistake, match="closed: INV-1 was paid"):
        say(called, 1, "spoke")


def test_a_task_can_be_put_off_and_given_away(called: Container) -> None:
    key = of(called, 1).key
    tasks.arrange_task(OWNER, called, key, owner="Ben", next_on=TODAY + timedelta(3))
    work = one_task(OWNER, called, key)
    assert (work.owner, work.is_due, work.row.next_on) == ("Ben", False, TODAY + timedelta(3))
    assert names(open_tasks(OWNER, called, None, WorkChoice("ben"))) == ["Customer 1"]
    assert names(open_tasks(OWNER, called, None, WorkChoice(due_only=True))) == [
        "Customer 2",
        "Customer 3",
    ]
    with pytest.raises(UserMistake, match="nothing to settle"):
        tasks.arrange_task(OWNER, called, key)


def test_the_worklist_is_ordered_by_worth(called: Container, books: Books) -> None:
    works = worklist(OWNER, called)
    assert names(works) == ["Customer 2", "Customer 3", "Customer 1"]
    assert works[0].reason == ("GBP 900.00 overdue for 40 days, nothing was paid within a year.")
    books.invoices["i2"] = books.invoices["i2"]._replace(amount_due=Decimal(80))
    pulling.pull_ledger(OWNER, now(called))
    works = worklist(OWNER, called, None, WorkChoice(customer="customer 2"))
    assert [invoice.amount_due for invoice in works[0].about] == [Decimal(80)]
    assert names(worklist(OWNER, called)) == ["Customer 3", "Customer 2", "Customer 1"]


def test_approvals_stand_in_the_worklist(called: Container) -> None:
    connecting.set_mode(OWNER, now(called), "approve")
    visits = "follow_ups: [{name: Big, when: {balance: {more_than: 500}}, task: Visit}]\n"
    (now(called).config.rules_folder / "standard.yaml").write_text(CALLS + visits)
    runs.sync(OWNER, now(called))
    works = worklist(OWNER, called)
    assert names(works) == ["Customer 2"] * 2 + ["Customer 3"] * 2 + ["Customer 1"]
    assert sorted(work.is_task for work in works[:2]) == [False, True]


def test_who_may_only_read_records_nothing(called: Container) -> None:
    reader = Actor("Rita", Role.READER)
    assert worklist(reader, called)
    with pytest.raises(UserMistake, match="may not complete tasks"):
        tasks.complete_task(reader, called, of(called, 1).key, tasks.CallReport("spoke"))
    with pytest.raises(UserMistake, match="may not complete tasks"):
        tasks.arrange_task(reader, called, of(called, 1).key, owner="Rita")


def test_a_forgotten_customer_leaves_no_words(called: Container, books: Books) -> None:
    tasks.arrange_task(OWNER, called, of(called, 1).key, owner="Ben")
    say(called, 1, "spoke: Ann is ill")
    runs.sync(OWNER, now(called))
    books.pay(books.invoices["i1"])
    books.invoices["i1"] = books.invoices["i1"]._replace(purchase_order="PO 77")
    books.contacts["c1"] = books.contacts["c1"]._replace(status="archived")
    runs.sync(OWNER, now(called))
    exported = customer_data.export_contact(OWNER, called, "Customer 1")
    assert exported["contact"]["phones"] == [{"number": "020 7946 0018", "kind": ""}]
    assert exported["contact"]["address"] == ("12 Mill Lane", "Leeds")
    assert exported["contact"]["customer_number"] == "A-17"
    assert exported["invoices"][0]["purchase_order"] == "PO 77"
    (task,) = (row for row in exported["actions"] if row["owner"])
    assert (task["owner"], task["outcome_code"]) == ("Ben", "spoke")
    customer_data.forget_contact(OWNER, called, "Customer 1")
    left = str(customer_data.export_contact(OWNER, called, "c1"))
    for word in ("Ann", "0018", "Ben", "Mill Lane", "A-17", "PO 77"):
        assert word not in left


SCRIPT = """Subject: Ask {{ customer.person }} for a day
You owe {{ total }} of {{ invoices[0].number }}. Dial {{ customer.phone }}.
"""


def test_a_script_says_what_is_owed_now(called: Container, books: Books) -> None:
    folder = now(called).config.rules_folder
    (folder / "templates").mkdir()
    (folder / "templates" / "second_call.txt").write_text(SCRIPT)
    text = CALLS.replace("task: Call the customer", "call: Ask for a day, script: second call")
    (folder / "standard.yaml").write_text(text)
    # The first run ends the task with the old words, the second opens the call.
    for _ in range(2):
        assert runs.sync(OWNER, now(called)).all_problems == []
    books.invoices["i1"] = books.invoices["i1"]._replace(amount_due=Decimal(60))
    books.contacts["c1"] = books.contacts["c1"]._replace(
        people=("Zoe Gray",), phones=(Phone("020 7946 0099", "mobile"),)
    )
    pulling.pull_ledger(OWNER, now(called))
    (call,) = open_tasks(OWNER, called, None, WorkChoice(customer="Customer 1"))
    assert call.script == ""
    assert one_task(OWNER, called, call.row.key).script == (
        "Ask Zoe Gray for a day\n\nYou owe GBP 60.00 of INV-1. Dial 020 7946 0099 (mobile)."
    )
    (folder / "templates" / "second_call.txt").unlink()
    problems = now(called).rules.problems
    assert any("there is no reminder text 'second call'" in problem for problem in problems)


def test_a_role_says_whose_a_customers_task_is(called: Container, books: Books) -> None:
    roles = "roles: {credit control: {by_contact_group: {North: jo@example.com}}}\n"
    (now(called).config.rules_folder / "standard.yaml").write_text(CALLS + roles)
    books.contacts["c2"] = books.contacts["c2"]._replace(groups=("North",))
    pulling.pull_ledger(OWNER, now(called))
    assert names(worklist(OWNER, called, None, WorkChoice("jo@example.com"))) == ["Customer 2"]
    assert len(worklist(OWNER, called, None, WorkChoice("Credit Control"))) == 3


def test_why_tells_of_open_tasks_and_their_end(called: Container, books: Books) -> None:
    say(called, 1, "voicemail")

    def lines() -> list[str]:
        explained = why(OWNER, now(called), "Customer 1")
        return [line.text for line in explained.lines if line.section == "tasks"]

    opened = "Call the customer, open since 2026-11-20; tried: voicemail"
    assert lines() == [opened]
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(called))
    assert lines() == [f"{opened}; ends: INV-1 was paid on 2026-11-20"]


def test_a_task_opened_by_hand_waits_for_a_person(called: Container, books: Books) -> None:
    new = tasks.NewTask("Call about the contract", "Ben", TODAY + timedelta(3))
    opened = tasks.open_task(OWNER, called, "Customer 1", new)
    assert opened.message.endswith("It is listed once the next run has noted it.")
    with pytest.raises(UserMistake, match="opened today already"):
        tasks.open_task(OWNER, called, "Customer 1", new)
    runs.sync(OWNER, now(called))
    assert opened.row is not None
    assert "contract" not in opened.row.action.subject
    written = [done.write.text for done in books.done if done.key == opened.row.key]
    assert written == ["Task opened by Olga: Call about the contract."]
    # Everything is paid, and the task of the rules ends by itself.
    books.pay(books.invoices["i1"])
    runs.sync(OWNER, now(called))
    (work,) = open_tasks(OWNER, called, None, WorkChoice(owner="Ben"))
    assert (work.row.key, work.row.due_on) == (opened.row.key, TODAY + timedelta(3))
    assert [work.row.key for work in open_tasks(OWNER, called, None, WorkChoice("", "Customer 1"))]
    report = tasks.CallReport("spoke: renewed")
    assert "Task done" in tasks.complete_task(OWNER, called, opened.row.key, report).message
    assert "Task done by Olga: Call about the contract." in " ".join(notes(called, books))


def test_a_task_is_kept_here_while_observing(called: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(called), "observe")
    new = tasks.NewTask("Visit the site", "Ben", due_on=TODAY + timedelta(3))
    opened = tasks.open_task(OWNER, called, "INV-2", new)
    assert opened.message.endswith(
        "only observes: no note goes to the accounting system, and the task is kept here alone."
    )
    written = len(books.done)
    runs.sync(OWNER, now(called))
    assert len(books.done) == written
    assert opened.row is not None
    keys = {work.row.key for work in open_tasks(OWNER, called, None, WorkChoice(owner="Ben"))}
    assert keys == {opened.row.key}
    (event,) = called.store.actions.events(opened.row.key)
    assert (event.from_state, event.reason) == (None, OPENED_HERE)
    assert list(called.store.faults(opened.row.connection_id)) == []
    done = tasks.complete_task(OWNER, called, opened.row.key, tasks.CallReport("spoke: renewed"))
    assert "Task done" in done.message
    # Once it may write, what was kept here stays here: it says nothing of a day long past.
    connecting.set_mode(OWNER, now(called), "auto")
    runs.sync(OWNER, now(called))
    assert not [each for each in books.done if each.key == opened.row.key]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (tasks.NewTask(" "), "say what is to be done"),
        (tasks.NewTask("Call", due_on=TODAY - timedelta(1)), "is past"),
        (tasks.NewTask("Call", due_on=TODAY + timedelta(367)), "check the year"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(
    called: Container, new: tasks.NewTask, message: str
) -> None:
    with pytest.raises(UserMistake, match=message):
        tasks.open_task(OWNER, called, "Customer 1", new)
