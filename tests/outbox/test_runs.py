"""Runs: one connection never stops another, one run at a time, and every question has an answer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.builders.books import NOW, ORGANISATION, RULES, TODAY, Books, BooksWorld, Fault
from tests.builders.printed import printed

from arsync.application.connections.connecting import connection_name
from arsync.application.result_views import run_view, status_view, why_view
from arsync.application.results import RunResult
from arsync.cli.queries_commands import status_lines
from arsync.config import Config
from arsync.connector_sdk import Grant, OrganisationRef, Token
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import DocumentProblem
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.rules_source.folder import holidays_of, read_rules
from arsync.store.models import ConnectionState, Mode
from arsync.workers.stop_signals import stop_on_signals


def add_second(world: BooksWorld) -> None:
    organisation = ORGANISATION._replace(id="org2", name="Second Ltd")
    world.store.connections.add("second", platform="books", organisation=organisation)


def test_a_broken_connection_never_stops_the_others(world: BooksWorld) -> None:
    add_second(world)
    for error in (
        NeedsReconnect("connect again"),
        RetryLater("away"),
        UserMistake("x"),
        ZeroDivisionError(),
    ):
        world.books.faults.append(Fault("pull", error))
        results = list(world.app.sync())
        assert {result.connection for result in results} == {"books", "second"}
        # They work at the same time, so either may meet it.
        assert [result.broke for result in results if result.failed] == [True]
    world.sync()
    assert world.state() == ConnectionState.CONNECTED


def test_consent_that_is_gone_is_remembered_and_forgotten_again(world: BooksWorld) -> None:
    world.books.faults.append(Fault("pull", NeedsReconnect("connect again")))
    world.sync()
    assert world.state() == ConnectionState.NEEDS_RECONNECT
    world.sync()
    assert world.state() == ConnectionState.CONNECTED


def test_a_rulebook_of_one_connection_alone_is_its_folders(world: BooksWorld) -> None:
    add_second(world)
    folder = world.config.rules_folder / "second"
    folder.mkdir()
    (folder / "customers.yaml").write_text(
        "version: 1\ncustomers:\n  - contact: Customer 1\n    credit_limit: 1\n"
    )
    rulebook = read_rules(world.config, "books").rulebook
    second = read_rules(world.config, "second").rulebook
    assert rulebook is not None
    assert second is not None
    assert rulebook.files == ("rules/standard.yaml",)
    assert second.files == ("rules/standard.yaml", "rules/second/customers.yaml")
    assert len(second.customers) == 1


def test_a_broken_rulebook_is_a_mistake_listing_all_problems(world: BooksWorld) -> None:
    world.rules(
        RULES.replace("email: first reminder", "email: frist reminder").replace(
            "day: 14, email", "day: 14, emial"
        )
    )
    result = world.sync()
    assert result.exit_code == 2
    (text,) = result.all_problems
    assert "rules/standard.yaml:15:25:" in text
    assert "no reminder text 'frist reminder'" in text
    assert "rules/standard.yaml:16:" in text
    assert world.books.calls == []


def test_a_missing_rulebook_is_named_with_the_way_out(world: BooksWorld) -> None:
    (world.config.rules_folder / "standard.yaml").unlink()
    result = world.sync()
    assert result.exit_code == 2
    assert "there is no rulebook in" in result.all_problems[0]
    assert "`arsync init`" in result.all_problems[0]


def test_a_rulebook_needing_missing_capabilities_is_refused(world: BooksWorld) -> None:
    offers = world.books.capabilities.offers
    world.books.capabilities = world.books.capabilities._replace(
        offers=frozenset(offer for offer in offers if offer != "payment terms")
    )
    (problem,) = world.sync().all_problems
    assert problem == "rules/standard.yaml:8:1: Books (books) offers no payment terms."


def test_a_wrong_user_text_is_reported_with_rulebook_problems(world: BooksWorld) -> None:
    texts = world.config.rules_folder / "templates"
    texts.mkdir()
    (texts / "first reminder.txt").write_text("Subject: x\n\n{{ custmer.name }}\n")
    (problem,) = world.sync().all_problems
    assert "first reminder.txt:3: there is no 'custmer' in a letter." in problem


@pytest.mark.parametrize(
    ("place", "day", "expected"),
    [
        ("GB-ENG", date(2026, 8, 31), True),
        ("GB-SCT", date(2026, 8, 31), False),
        ("GB-SCT", date(2026, 11, 30), True),
        ("gb-eng", date(2026, 12, 25), True),
        ("DE-BY", date(2026, 1, 6), True),
        ("US", date(2026, 7, 3), True),
        ("", date(2026, 12, 25), False),
    ],
)
def test_holidays_are_those_of_the_place(place: str, day: date, expected: bool) -> None:
    assert holidays_of(place)(day) is expected


def test_an_unknown_place_for_holidays_has_file_and_line(world: BooksWorld) -> None:
    world.rules(RULES.replace("days: every day", "days: business days\n  holidays: GB-XYZ"))
    (problem,) = world.sync().all_problems
    assert problem.startswith("rules/standard.yaml:1")
    assert "no holidays are known for 'GB-XYZ'" in problem


def in_zone(world: BooksWorld, name: str) -> Config:
    return replace(world.config, runs=replace(world.config.runs, time_zone=name))


def test_the_organisations_day_counts_and_the_setting_wins(world: BooksWorld) -> None:
    world.clock.moment = NOW.replace(hour=23, minute=30)
    assert world.app.today(world.connection) == TODAY
    world.app.config = in_zone(world, "Pacific/Auckland")
    assert world.app.today(world.connection) == TODAY + timedelta(days=1)
    world.app.config = in_zone(world, "Mars/Base")
    with pytest.raises(UserMistake, match="'Mars/Base' is not a time zone"):
        world.app.today(world.connection)


def test_a_second_run_of_the_same_connection_leaves(world: BooksWorld) -> None:
    second = BooksWorld(world.books, world.config, world.clock)
    second.app.lock_wait_seconds = 0.01
    with world.store.runs.lock(world.connection.id):
        result = second.sync()
    second.app.close()
    assert result.stopped
    assert not result.failed
    assert world.books.calls == []


def test_a_run_reports_its_progress_reading_and_writing(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)
    steps: list[str] = []
    list(world.app.sync(world.name, progress=lambda one: steps.append(one.text)))
    assert steps[0].startswith("reading ")
    writing = [step for step in dict.fromkeys(steps) if not step.startswith("reading ")]
    assert writing == [f"carrying out actions: {number}" for number in (0, 1, 2)]


def test_the_loop_runs_until_asked_to_stop(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    stop = threading.Event()
    run_results: list[RunResult] = []

    def report(result: RunResult) -> None:
        run_results.append(result)
        world.advance(minutes=15)
        if len(run_results) == 3:
            stop.set()

    assert world.app.run_forever(every_seconds=900, stop=stop, report=report) == 3
    assert len(world.books.emails) == 1


def test_a_signal_ends_the_loop_between_two_actions(world: BooksWorld) -> None:
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)

    with stop_on_signals() as stop:

        def asked_to_stop(name: str) -> None:
            if name == "perform":
                os.kill(os.getpid(), signal.SIGTERM)
                # The main thread hears of it, and this may be another one.
                stop.wait()

        world.books.before_call = asked_to_stop
        assert world.app.run_forever(every_seconds=60, stop=stop) == 1
    assert len(world.books.emails) == 1
    assert {row.state for row in world.rows()} == {ActionState.SENT, ActionState.APPROVED}
    world.books.before_call = lambda _: None
    world.sync()
    assert len(world.books.emails) == 2


def test_a_pull_stops_between_pages_and_reports_it(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    (result,) = world.app.sync(world.name, stop=lambda: world.books.calls == ["pull", "pull"])
    assert world.books.calls == ["pull", "pull"], "of four pages"
    assert (result.cut_short, result.failed) == (True, False)
    (never,) = world.app.sync(world.name, stop=lambda: True)
    assert (never.stopped, never.exit_code) == ("not started: asked to stop", 1)
    world.sync()
    assert len(world.books.emails) == 1


def test_runs_are_recorded_with_their_outcome(world: BooksWorld) -> None:
    world.sync()
    world.books.faults.append(Fault("pull", RetryLater("the platform is away")))
    world.sync()
    last, first = world.store.runs.latest(world.connection.id)
    assert (first.kind, first.outcome) == ("sync", "done")
    assert (last.outcome, last.message) == ("failed", "the platform is away")


def test_status_says_where_a_connection_stands(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.sync()
    (status,) = world.app.status()
    assert status.organisation == "Example Ltd"
    assert status.label == "Books"
    assert status.actions == {"confirmed": 1}
    assert status.totals == {"GBP": Decimal("100.00")}
    assert status.records["invoices"] == 1
    assert (status.rulebook, status.rulebook_ok) == ("Standard", True)
    assert status.last_outcome == "done"
    assert printed(status_view(status))["mode"] == "auto"


def test_a_run_names_the_first_odd_documents(
    world: BooksWorld,
) -> None:
    world.books.odd = [
        DocumentProblem("invoices", f"x{n}", f"ODD-{n:03}", "no DueDate") for n in range(150)
    ]
    world.books.add_invoice(world.books.add_contact(1), 1)
    result = world.sync()
    assert len(world.books.emails) == 1
    assert len(result.problems) == 21
    assert result.problems[0] == "invoices ODD-000: no DueDate"
    assert result.problems[-1] == "130 more documents could not be read: see `arsync status`"
    (status,) = world.app.status()
    assert len(status.document_problems) == 150
    lines = status_lines(status, UTC)
    assert sum(line.startswith("unreadable: ") for line in lines) == 20
    assert "130 more unreadable: --json names them all" in lines


def test_status_still_answers_when_the_rulebook_is_broken(world: BooksWorld) -> None:
    world.rules("version: 9\n")
    (status,) = world.app.status()
    assert not status.rulebook_ok
    assert "rules/standard.yaml" in status.rulebook


def test_why_explains_actions_taken_and_not_taken(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 1)
    world.books.add_invoice(contact, 2, overdue=3)
    world.sync()
    world.app.promise("INV-2", TODAY + timedelta(days=4), who="Jane")
    customer = world.app.why("customer 1")
    assert customer.invoice is None
    assert customer.facts["balance"] == "200.00"
    assert len(customer.history) == 3
    about = world.app.why("INV-2")
    assert about.invoice is not None
    assert [held.why for held in about.held_back] == ["promise_to_pay open until 2026-11-24"]
    assert any("Standard cadence" in str(line) for line in about.lines)
    story = printed(why_view(about))
    assert story["history"][-1]["events"][0]["to"] == "planned"
    with pytest.raises(UserMistake):
        world.app.why("nobody")


def test_a_plan_for_another_day_changes_nothing(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-10)
    world.app.pull()
    (now,) = world.app.plan()
    (later,) = world.app.plan(as_of=TODAY + timedelta(days=11))
    assert now.actions == ()
    assert [action.step for action in later.actions] == ["first reminder"]
    assert world.rows() == []


def test_a_future_plan_assumes_an_observing_connection_starts_today(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode="observe")
    world.rules(RULES + "take_over: spread over 5 days\n")
    for number in range(1, 9):
        world.books.add_invoice(world.books.add_contact(number), number, overdue=40)
    world.app.pull()
    (now,) = world.app.plan()
    (later,) = world.app.plan(as_of=TODAY + timedelta(days=14))
    assert len(now.actions) < 8, "they are spread"
    assert {action.contact_id for action in later.actions} == set(books.contacts)
    waits = now.held_back[0]
    assert waits.next_date is not None
    answer = world.app.why(waits.contact_name, as_of=waits.next_date)
    assert [action.step for action in answer.plan.actions] == ["first reminder"]


def test_the_ageing_is_of_any_day(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=40)
    world.app.pull()
    ((_, report),) = world.app.report()
    ((_, earlier),) = world.app.report(as_of=TODAY - timedelta(days=39))
    assert str(report.base_total.overdue) == "100.00"
    assert earlier.base_total.buckets != report.base_total.buckets


def test_a_sync_prints_as_json(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, amount="9000")
    shown = printed(run_view(world.sync()))
    assert shown["exit_code"] == 0
    assert shown["saved"]["new"] == 3
    assert shown["applied"]["counts"] == {"sent": 3, "confirmed": 3}
    assert len(shown["plan"]["actions"]) == 3


def test_a_consent_is_saved_and_its_organisations_are_connected(world: BooksWorld) -> None:
    token = Token("a", "r", NOW + timedelta(hours=1))
    grant = Grant(token, (OrganisationRef("org3", "Third & Co. Ltd"),))
    (row,) = world.app.add_connections("books", grant, [(grant.organisations[0], "")])
    assert row.name == "example-ltd"
    assert row.mode == Mode.OBSERVE
    assert row.grant_id is not None
    assert world.store.tokens.load(row.grant_id) == token
    (again,) = world.app.add_connections("books", grant, [(grant.organisations[0], "")])
    assert again.id == row.id
    assert again.grant_id != row.grant_id


def test_an_authorisation_is_withdrawn_with_its_last_connection(world: BooksWorld) -> None:
    grant = Grant(Token("a", "r", NOW + timedelta(hours=1)), ())
    refs = [OrganisationRef("org3", "Third"), OrganisationRef("org4", "Fourth")]
    world.app.add_connections("books", grant, [(refs[0], "third"), (refs[1], "fourth")])
    assert "the authorisation remains: fourth needs it" in world.app.disconnect("third").lower()
    assert "revoke" not in world.books.calls
    world.books.faults.append(Fault("revoke", RetryLater("away")))
    assert "The platform could not be notified: away" in world.app.disconnect("fourth")
    assert [row.name for row in world.app.connections()] == ["books"]


def test_the_first_connection_is_requested_when_none_exists(world: BooksWorld) -> None:
    world.store.connections.remove(world.name)
    with pytest.raises(UserMistake, match="nothing is connected yet"):
        world.app.status()


@pytest.mark.parametrize(
    ("text", "name"),
    [("Acme (UK) Ltd", "acme-uk-ltd"), ("Ünique", "nique"), ("株式会社", "connection")],
)
def test_a_connection_gets_a_name_that_can_be_typed(text: str, name: str) -> None:
    assert connection_name(text) == name


def test_an_invoice_number_that_two_connections_know_asks_which(
    world: BooksWorld, books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    add_second(world)
    books.add_invoice(books.add_contact(1), 1)
    world.app.pull()
    with pytest.raises(UserMistake, match="INV-1 is in several connections: books, second"):
        world.app.promise("INV-1", TODAY + timedelta(days=3))
    world.app.promise("INV-1", TODAY + timedelta(days=3), connection="books")
    assert len(world.store.promises.recorded(world.connection.id)) == 1
    assert ActionKind.PROMISE in {row.action.kind for row in world.rows()}
