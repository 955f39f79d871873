"""Colleagues are mailed of a credit hold once it is placed, and once it is over; nobody twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, Books, BooksPlatform, Fault
from tests.builders.mail_server import Sink
from tests.builders.many_ledgers import statements
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.customers.hold_customer import hold_customer
from arsync.application.customers.release_customer import release_customer
from arsync.application.decisions import approvals
from arsync.application.health.alert_ways import HOLDS_UNTOLD, alert_findings
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import runs, undoing
from arsync.application.telling.alert_telling import TRIES_MAX, tell_alerts
from arsync.application.telling.failed_tellings import failures_to_tell
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import OutcomeUnknown
from arsync.store import open_store
from arsync.store.actions.alert_tellings import AlertTelling

OWNER = Actor("Olga", Role.OWNER)
RULES = """version: 1
currency: GBP
roles:
  sales: sales@example.com
  account manager: {by_contact_group: {North: jo@example.com}}
credit_holds:
  - name: Late
    when: {oldest_days_overdue: {at_least: 3}}
    tell: [customer, sales, account manager, owner, fd@example.com]
"""
TOLD = ["fd@example.com", "owner@example.com", "sales@example.com"]


@pytest.fixture
def opened(tmp_path: Path, server: tuple[Sink, int], books: Books) -> Iterator[Container]:
    """One connection whose rulebook holds a customer who is 5 days late."""
    put_store(tmp_path)
    (tmp_path / "rules").mkdir()
    write_rules(tmp_path, RULES)
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        '[runs]\nnotify = "owner@example.com"\ndaily_mail = "off"\n'
        f'[smtp]\nurl = "smtp://127.0.0.1:{server[1]}"\nsender = "accounts@example.com"\n'
    )
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    ) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        books.add_invoice(books.add_contact(1), 1, overdue=5)
        yield container


def write_rules(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules" / "standard.yaml").write_text(text)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def run(container: Container, mode: str = "auto") -> None:
    connecting.set_mode(OWNER, now(container), mode)
    result = runs.sync(OWNER, now(container))
    assert not result.broke, result.all_problems


def pass_time(container: Container, **step: float) -> None:
    assert isinstance(container.clock, SetClock)
    container.clock.advance(timedelta(**step))


def mails(sink: Sink) -> list[tuple[str, str]]:
    """Return whom each mail to a colleague reached, and its subject behind the ledger's name."""
    found = []
    for envelope in sink.envelopes:
        content = envelope.content
        assert isinstance(content, bytes)
        subject = str(message_from_bytes(content, policy=policy.default)["Subject"])
        found += [
            (address, subject.removeprefix(f"{ORGANISATION.name}: "))
            for address in envelope.rcpt_tos
            if address.endswith("@example.com")
        ]
    return sorted(found)


def body(sink: Sink) -> str:
    (content, *_) = (
        envelope.content
        for envelope in reversed(sink.envelopes)
        if envelope.rcpt_tos[0].endswith("@example.com")
    )
    assert isinstance(content, bytes)
    text = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert text is not None
    return " ".join(text.get_content().split())


def test_each_is_told_of_a_hold_once(opened: Container, sink: Sink) -> None:
    for _ in range(3):
        run(opened)
        pass_time(opened, hours=1)
    assert mails(sink) == [(address, "credit hold placed: Customer 1") for address in TOLD]
    assert "Customer 1: Credit hold placed: 5 days overdue, 3 allowed (standard.yaml:7, Late)." in (
        body(sink)
    )
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    events = [event.reason for event in opened.store.actions.events(hold.key)]
    assert {f"mailed to {address}" for address in TOLD} <= set(events)


def test_a_role_by_contact_group_is_told_too(opened: Container, sink: Sink, books: Books) -> None:
    books.contacts["c1"] = books.contacts["c1"]._replace(groups=("North",))
    run(opened)
    assert [address for address, _ in mails(sink)] == sorted([*TOLD, "jo@example.com"])


def test_who_was_told_hears_that_it_is_lifted(
    opened: Container, sink: Sink, books: Books, tmp_path: Path
) -> None:
    run(opened)
    sink.envelopes.clear()
    # Who comes to stand in the rule later was not told of the hold, and is not told of its end.
    write_rules(tmp_path, RULES.replace("[customer, sales,", "[customer, sales, new@example.com,"))
    books.pay(books.invoices["i1"])
    pass_time(opened, hours=1)
    for _ in range(2):
        run(opened)
    assert mails(sink) == [(address, "credit hold lifted: Customer 1") for address in TOLD]


def test_a_hold_by_a_second_rule_tells_its_own(
    opened: Container, sink: Sink, books: Books, tmp_path: Path
) -> None:
    run(opened)
    sink.envelopes.clear()
    more = (
        "  - {name: Much, when: {overdue_amount: {more_than: 1000}},"
        " tell: [sales, max@example.com]}\n"
    )
    write_rules(tmp_path, RULES + more)
    books.add_invoice(books.contacts["c1"], 2, overdue=4, amount="5000")
    pass_time(opened, hours=1)
    for _ in range(2):
        run(opened)
    assert mails(sink) == [("max@example.com", "credit hold: Customer 1")]


@pytest.mark.parametrize(("mode", "waits"), [("observe", False), ("approve", True)])
def test_the_mail_follows_the_hold(opened: Container, sink: Sink, mode: str, waits: bool) -> None:
    run(opened, mode)
    assert not mails(sink)
    keys = [listed.row.key for listed in approvals.waiting(OWNER, opened)]
    assert bool(keys) is waits
    if waits:
        approvals.approve(OWNER, opened, keys)
        pass_time(opened, hours=1)
        run(opened, mode)
        assert [address for address, _ in mails(sink)] == TOLD


def test_a_refused_hold_is_told_to_nobody(opened: Container, sink: Sink) -> None:
    run(opened, "approve")
    keys = [listed.row.key for listed in approvals.waiting(OWNER, opened)]
    approvals.reject(OWNER, opened, keys, reason="he pays tomorrow")
    run(opened, "approve")
    assert not mails(sink)


def test_who_was_told_hears_that_it_was_undone(opened: Container, sink: Sink) -> None:
    run(opened)
    sink.envelopes.clear()
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    undoing.undo(OWNER, undoing.undo_plan(OWNER, opened, [hold.key]), reason="wrong customer")
    run(opened)
    assert mails(sink) == [(address, "credit hold undone: Customer 1") for address in TOLD]
    assert "wrong customer" in body(sink)


def test_what_was_undone_before_is_not_told(opened: Container, sink: Sink) -> None:
    for address in TOLD:
        sink.refused[address] = "450 4.2.1 mailbox busy"
    run(opened)
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    undoing.undo(OWNER, undoing.undo_plan(OWNER, opened, [hold.key]))
    sink.refused.clear()
    pass_time(opened, hours=1)
    run(opened)
    assert not mails(sink)


def test_what_was_lifted_before_is_not_told(opened: Container, sink: Sink, books: Books) -> None:
    for address in TOLD:
        sink.refused[address] = "450 4.2.1 mailbox busy"
    run(opened)
    books.pay(books.invoices["i1"])
    sink.refused.clear()
    pass_time(opened, hours=1)
    run(opened)
    assert not mails(sink)


def test_a_hold_placed_again_is_told_again(opened: Container, sink: Sink, books: Books) -> None:
    run(opened)
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    undoing.undo(OWNER, undoing.undo_plan(OWNER, opened, [hold.key]))
    books.pay(books.invoices["i1"])
    pass_time(opened, days=1)
    run(opened)
    sink.envelopes.clear()
    books.add_invoice(books.contacts["c1"], 2, overdue=9)
    pass_time(opened, days=1)
    run(opened)
    assert mails(sink) == [(address, "credit hold placed: Customer 1") for address in TOLD]


def test_a_release_by_hand_is_told(opened: Container, sink: Sink) -> None:
    run(opened)
    sink.envelopes.clear()
    release_customer(OWNER, opened, "Customer 1", reason="he paid by cheque")
    pass_time(opened, hours=1)
    run(opened)
    assert mails(sink) == [(address, "credit hold lifted: Customer 1") for address in TOLD]
    assert "he paid by cheque" in body(sink)


def test_a_hold_by_hand_alone_tells_nobody(opened: Container, sink: Sink, books: Books) -> None:
    books.pay(books.invoices["i1"])
    run(opened)
    hold_customer(OWNER, opened, "Customer 1", reason="cheque bounced")
    run(opened)
    assert opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    assert not mails(sink)


def test_one_mail_names_all_holds_of_a_run(opened: Container, sink: Sink, books: Books) -> None:
    books.add_invoice(books.add_contact(2), 2, overdue=7)
    run(opened)
    assert mails(sink) == [(address, "2 messages about credit holds") for address in TOLD]


def test_more_holds_are_asked_about_together(opened: Container, sink: Sink, books: Books) -> None:
    """Each run asks of all holds of ten days whom they are to be told to."""
    run(opened)
    with statements(opened.store) as of_one:
        tell_alerts(now(opened))
    for number in range(2, 6):
        books.add_invoice(books.add_contact(number), number, overdue=5)
    run(opened)
    with statements(opened.store) as of_five:
        tell_alerts(now(opened))
    assert len(of_five) == len(of_one)


def test_who_dies_while_mailing_repeats_nothing(opened: Container, sink: Sink) -> None:
    sink.refused["sales@example.com"] = "450 4.2.1 mailbox busy"
    run(opened)
    sink.refused.clear()
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    # As a process leaves it that ended between the mark and the answer.
    mail = AlertTelling(hold.key, "mail", "sales@example.com")
    opened.store.alerts.leaves([mail], opened.clock.now())
    sink.envelopes.clear()
    pass_time(opened, hours=1)
    run(opened)
    assert not mails(sink)
    (failure,) = failures_to_tell(now(opened))
    assert failure.startswith("a credit hold could not be told by mail to sales@example.com: ")


def test_who_cannot_be_mailed_is_named(opened: Container, sink: Sink) -> None:
    sink.refused["sales@example.com"] = "550 5.1.1 no such mailbox"
    run(opened)
    for _ in range(TRIES_MAX + 2):
        pass_time(opened, hours=12)
        tell_alerts(now(opened))
    (failure,) = failures_to_tell(now(opened))
    assert "given up after" in failure
    wrong = [found.message for found in alert_findings(now(opened)) if found.verdict != "ok"]
    assert wrong == [failure]
    pass_time(opened, days=11)
    assert not list(failures_to_tell(now(opened)))


def test_the_doctor_misses_a_mail_server(opened: Container, tmp_path: Path) -> None:
    text = (tmp_path / "config.toml").read_text().partition("[smtp]")[0]
    (tmp_path / "config.toml").write_text(text)
    opened.config = load_config(tmp_path / "config.toml", {})
    assert [found.message for found in alert_findings(now(opened))] == [HOLDS_UNTOLD]


def test_after_a_restore_no_hold_is_told_again(
    opened: Container, sink: Sink, tmp_path: Path
) -> None:
    run(opened)
    opened.store.back_up(tmp_path / "kept.db")
    sink.envelopes.clear()
    pass_time(opened, hours=1)
    with open_store(f"sqlite:///{tmp_path}/new.db", clock=opened.clock) as restored:
        restored.restore(tmp_path / "kept.db")
        opened.store = restored
        tell_alerts(now(opened))
    assert not mails(sink)


def test_a_hold_of_unknown_outcome_is_not_told_yet(
    opened: Container, sink: Sink, books: Books
) -> None:
    books.blind = True
    books.faults.append(Fault("perform", OutcomeUnknown("no answer"), after=True))
    run(opened)
    (hold,) = opened.store.actions.list(kinds={ActionKind.CREDIT_HOLD})
    assert hold.state is ActionState.UNKNOWN
    assert [subject for _, subject in mails(sink)] == ["books: 1 action to check"]
    sink.envelopes.clear()
    books.blind = False
    pass_time(opened, hours=1)
    run(opened)
    assert [address for address, _ in mails(sink)] == TOLD
