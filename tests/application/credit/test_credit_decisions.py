"""Credit: an application is decided by the rulebook or a person, and comes to the books once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.books import RULES, TODAY, Books

from arsync.application.connections import connecting
from arsync.application.credit.credit_applications import (
    ApplicantWords,
    ReferenceWords,
    apply_for_credit,
    change_application,
    record_data,
    record_reference,
    signed_file,
)
from arsync.application.credit.credit_decisions import (
    DecidedByHand,
    decide_credit,
    explained,
    listed,
    take_credit_back,
)
from arsync.application.credit.credit_views import application_view
from arsync.application.decisions import plans
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.application.runs import pulling, runs
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.agreements.credit_applications import CreditOutcome, ReferenceAnswer
from arsync.errors import UserMistake

OWNER = Actor("Olga", Role.OWNER)
POLICY = """\
acceptance:
  - {name: Insolvent, when: {insolvency: yes}, decide: refuse}
  - {name: Known, when: {score: {at_least: 70}, references_good: {at_least: 1}}, decide: accept,
     limit: at most 4000, terms: 14 days, review: every 12 months}
  - {name: The rest, decide: ask, by: finance director}
"""
LIMITS = (
    "  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}\n  - name: Everyone\n"
)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def rules(container: Container, more: str = "") -> None:
    text = RULES.replace("  - name: Everyone\n", LIMITS, 1) + POLICY + more
    (container.config.rules_folder / "standard.yaml").write_text(text)


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """One customer owes 500, not due yet."""
    books.add_invoice(books.add_contact(1), 1, overdue=-10, amount="500")
    rules(container)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def applied(container: Container, name: str = "c1", limit: int = 3000) -> int:
    words = ApplicantWords(limit=Decimal(limit), terms="30 days")
    return apply_for_credit(OWNER, container, name, words).application.number


def known(container: Container, number: int, insolvency: str = "no", score: str = "82") -> None:
    values = [("score", score), ("insolvency", insolvency)]
    record_data(OWNER, container, number, values, source="bureau")
    good = ReferenceWords(ReferenceAnswer.GOOD)
    record_reference(OWNER, container, number, "Acme Ltd", said=good)


def accepted(container: Container) -> int:
    number = applied(container)
    known(container, number)
    decide_credit(OWNER, container, number)
    return number


def effects(books: Books) -> list[str]:
    return [done.write.action.payload.title for done in books.done if done.kind is AGREED]


AGREED = ActionKind.AGREED_CREDIT


def test_what_the_rulebook_decides_comes_to_the_books_once(ledger: Container, books: Books) -> None:
    number = accepted(ledger)
    view = application_view(explained(OWNER, ledger, number))
    assert view.state == "accepted"
    (decision,) = view.decisions
    assert decision.because.rule == "Known"
    assert decision.because.facts == {"score": 82, "references_good": 1}
    for _ in range(2):
        runs.sync(OWNER, now(ledger))
    assert effects(books) == ["14 days"]
    books.assert_nothing_twice()
    (limit, *_) = ledger.store.limits.of(now(ledger).id, ["c1"])
    assert (limit.amount, limit.rule) == (Decimal(3000), "Agreed")


def test_a_slip_is_taken_back_in_time(ledger: Container, books: Books) -> None:
    number = accepted(ledger)
    assert "is taken back" in take_credit_back(OWNER, ledger, number, reason="a slip")
    runs.sync(OWNER, now(ledger))
    assert effects(books) == []
    assert explained(OWNER, ledger, number).state == "open"
    with pytest.raises(UserMistake, match="no decision about"):
        take_credit_back(OWNER, ledger, number, reason="a slip")


def test_a_connection_that_observes_writes_nothing(ledger: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(ledger), "observe")
    number = applied(ledger)
    known(ledger, number)
    assert "only observes" in decide_credit(OWNER, ledger, number).message
    runs.sync(OWNER, now(ledger))
    assert effects(books) == []


def test_the_rulebook_asks_a_person_where_data_are_missing(ledger: Container) -> None:
    number = applied(ledger)
    with pytest.raises(UserMistake, match="the rulebook leaves it to a person, for finance dir"):
        decide_credit(OWNER, ledger, number)
    with pytest.raises(UserMistake, match="needs a limit"):
        decide_credit(OWNER, ledger, number, DecidedByHand(CreditOutcome.ACCEPT))
    by_hand = DecidedByHand(CreditOutcome.ACCEPT, Decimal(900), until=TODAY + timedelta(90))
    assert decide_credit(OWNER, ledger, number, by_hand).message.startswith(
        "Customer 1: accepted, limit GBP 900.00 until 2027-02-18."
    )


def test_against_the_rulebook_needs_a_reason(ledger: Container) -> None:
    number = applied(ledger)
    known(ledger, number, insolvency="yes")
    by_hand = DecidedByHand(CreditOutcome.ACCEPT, Decimal(900))
    with pytest.raises(UserMistake, match="the rulebook proposes otherwise"):
        decide_credit(OWNER, ledger, number, by_hand)
    decide_credit(OWNER, ledger, number, by_hand._replace(reason="the parent guarantees"))
    (decision,) = explained(OWNER, ledger, number).decisions
    assert (decision.agreed.rule, decision.reason) == ("", "the parent guarantees")


def test_the_rulebooks_own_limit_is_not_contradicted(ledger: Container) -> None:
    rules(ledger, "customers: [{contact: Customer 1, credit_limit: 700}]\n")
    number = applied(ledger)
    known(ledger, number)
    with pytest.raises(UserMistake, match=r"GBP 700.00 with Customer 1 \(.*standard.yaml:\d+\)"):
        decide_credit(OWNER, ledger, number)
    decide_credit(OWNER, ledger, number, DecidedByHand(limit=Decimal(700), reason="as agreed"))
    assert "counts before" in explained(OWNER, ledger, number).overruled


def test_above_a_persons_limit_two_decide(ledger: Container) -> None:
    number = applied(ledger)
    known(ledger, number)
    tom, ann = (
        Actor(name, Role.CONTROLLER, approves_up_to=Decimal(2000), user_id=user_id)
        for name, user_id in (("Tom", 1), ("Ann", 2))
    )
    for _ in range(2):
        first = decide_credit(tom, ledger, number)
        assert (first.decision, "first of two approvals" in first.message) == (None, True)
    assert decide_credit(ann, ledger, number).decision is not None
    (decision,) = explained(OWNER, ledger, number).decisions
    assert (decision.first_approved_by, decision.agreed.decided_by) == ("Tom", "Ann")


def test_another_limit_is_another_first_approval(ledger: Container) -> None:
    number = applied(ledger)
    known(ledger, number)
    tom, ann = (
        Actor(name, Role.CONTROLLER, approves_up_to=Decimal(100), user_id=user_id)
        for name, user_id in (("Tom", 1), ("Ann", 2))
    )
    decide_credit(tom, ledger, number)
    other = DecidedByHand(limit=Decimal(900), reason="enough")
    assert decide_credit(ann, ledger, number, other).decision is None


def test_an_accountant_records_and_does_not_decide(ledger: Container) -> None:
    accountant = Actor("Al", Role.ACCOUNTANT)
    made = apply_for_credit(accountant, ledger, "c1", ApplicantWords(limit=Decimal(5)))
    with pytest.raises(NotPermitted):
        decide_credit(accountant, ledger, made.application.number)


def test_a_prospect_gets_its_credit_with_its_first_invoice(ledger: Container, books: Books) -> None:
    made = apply_for_credit(OWNER, ledger, "Customer 2", ApplicantWords(limit=Decimal(3000)))
    assert "there is no contact 'Customer 2'" in made.caution
    number = made.application.number
    known(ledger, number)
    assert "once a contact" in decide_credit(OWNER, ledger, number).message
    runs.sync(OWNER, now(ledger))
    assert effects(books) == []
    books.add_invoice(books.add_contact(2), 2, overdue=-10, amount="100")
    for _ in range(2):
        runs.sync(OWNER, now(ledger))
    assert effects(books) == ["14 days"]


def test_a_name_that_two_contacts_bear_binds_neither(ledger: Container, books: Books) -> None:
    made = apply_for_credit(OWNER, ledger, "Twin Ltd", ApplicantWords())
    for number in (2, 3):
        twin = books.add_contact(number)
        books.contacts[twin.id] = twin._replace(name="Twin Ltd")
    runs.sync(OWNER, now(ledger))
    assert explained(OWNER, ledger, made.application.number).application.contact_id == ""


def test_what_is_not_said_anew_stays(ledger: Container, tmp_path: Path) -> None:
    signed = tmp_path / "terms.pdf"
    signed.write_bytes(b"%PDF signed")
    number = applied(ledger)
    words = ApplicantWords(
        signed_file=signed_file(signed),
        signed_version="2026",
        people=("Jane Doe, director, j@example.com",),
    )
    change_application(OWNER, ledger, number, words)
    application = change_application(OWNER, ledger, number, ApplicantWords(vat_number="GB1"))
    assert application.application.limit_asked == Decimal(3000)
    assert application.application.signed is not None
    assert application.application.signed.file_name == "terms.pdf"
    assert len(application.application.signed.sha256) == 64
    assert application.application.people[0].role == "director"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (ApplicantWords(limit=Decimal(0)), "above nothing"),
        (ApplicantWords(country="England"), "two letters"),
        (ApplicantWords(terms="0 days"), "no payment terms"),
        (ApplicantWords(trading_since=TODAY + timedelta(1)), "still to come"),
        (ApplicantWords(signed_on=TODAY), "needs the signed file"),
        (ApplicantWords(signed_version="2026"), "needs the signed file"),
        (ApplicantWords(registration_number="1" * 41), "too long"),
        (ApplicantWords(people=("a, b, c, d",)), "is no person"),
    ],
)
def test_a_wrong_application_is_one_clear_message(
    ledger: Container, words: ApplicantWords, message: str
) -> None:
    with pytest.raises(UserMistake, match=message):
        apply_for_credit(OWNER, ledger, "c1", words)
    assert listed(OWNER, ledger) == []


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("score", "good", "whole number"),
        ("insolvency", "maybe", "yes or no"),
        ("vat_number_valid", "1", "yes or no"),
        ("country", "England", "two letters"),
        ("incorporated_on", "2020", "no day"),
        ("credit", "1", "is not known"),
        ("rating", "", "needs a value"),
    ],
)
def test_data_are_checked(ledger: Container, kind: str, value: str, message: str) -> None:
    number = applied(ledger)
    with pytest.raises(UserMistake, match=message):
        record_data(OWNER, ledger, number, [(kind, value)], source="bureau")


def test_a_reference_answers_with_words_or_not_at_all(ledger: Container) -> None:
    number = applied(ledger)
    record_reference(OWNER, ledger, number, "Acme Ltd", email="a@acme.example")
    with pytest.raises(UserMistake, match="what did they answer"):
        record_reference(OWNER, ledger, number, "acme ltd", said=ReferenceWords(words="nice"))
    said = ReferenceWords(ReferenceAnswer.BAD, highest_credit=Decimal(10))
    record_reference(OWNER, ledger, number, "acme ltd", said=said)
    (reference,) = explained(OWNER, ledger, number).application.references
    assert (reference.name, reference.email) == ("Acme Ltd", "a@acme.example")
    assert (reference.answer, reference.answered_on) == (ReferenceAnswer.BAD, TODAY)


def test_the_action_that_notes_it_names_rule_and_facts(ledger: Container, books: Books) -> None:
    accepted(ledger)
    runs.sync(OWNER, now(ledger))
    (row,) = ledger.store.actions.list(now(ledger).id, kinds={AGREED})
    assert row.state in {ActionState.SENT, ActionState.CONFIRMED}
    assert row.action.because.rule == "Known"
    assert row.action.note.startswith("Credit: accepted, limit GBP 3,000.00, terms 14 days.")


def test_a_new_customer_without_application_is_told(ledger: Container, books: Books) -> None:
    def told() -> list[str]:
        warnings = status(OWNER, now(ledger)).warnings
        return [line for line in warnings if "application for credit" in line]

    books.add_invoice(books.add_contact(2), 2, overdue=200, amount="100")
    pulling.pull_ledger(OWNER, now(ledger))
    (line,) = told()
    assert line.endswith("1 customer is new and without an application for credit: Customer 1")
    assert any(line in problem for problem in plans.plan(OWNER, now(ledger)).problems)
    applied(ledger)
    assert told() == []


def test_a_prospect_who_bought_has_its_application(ledger: Container, books: Books) -> None:
    applied(ledger)
    applied(ledger, "Customer 2")
    books.add_invoice(books.add_contact(2), 2, overdue=1, amount="100")
    result = runs.sync(OWNER, now(ledger))
    assert not any("without an application" in str(notice) for notice in result.notices)
