"""Which waiting actions a person means, by what they are about."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import pytest
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.decisions import approvals
from arsync.application.decisions.choosing import Selected, Selection, left_to_roles, selected
from arsync.application.letters.letter_preview import letter_shown
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import UserMistake

OWNER = Actor("Olga", Role.OWNER)
REMINDER, HOLD = ActionKind.REMINDER, ActionKind.CREDIT_HOLD


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """Two customers owe 100 and 9,000, a third 200 dollars at 0.5, a fourth at no known rate."""
    for number, amount in enumerate(("100", "9000", "200", "700"), 1):
        books.add_invoice(books.add_contact(number), number, overdue=5, amount=amount)
    for id_, rate in (("i3", Decimal("0.5")), ("i4", None)):
        books.invoices[id_] = books.invoices[id_]._replace(currency="USD", rate=rate)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "approve")
    runs.prepare(OWNER, now(container))
    return container


def chosen(
    container: Container,
    *words: str,
    states: Collection[ActionState] = approvals.WAITING,
    **by: object,
) -> Selected:
    return selected(OWNER, container, Selection(words, **by), states)  # type: ignore[arg-type]


def numbers(selected_: Selected) -> set[str]:
    return {ref.number for listed in selected_.members for ref in listed.row.action.invoices}


def test_customers_and_invoices_choose_what_is_about_them(ledger: Container) -> None:
    by_name, by_number = chosen(ledger, "customer 1"), chosen(ledger, "INV-1")
    assert numbers(by_name) == numbers(by_number) == {"INV-1"}
    assert numbers(chosen(ledger, "INV-1", "Customer 3")) == {"INV-1", "INV-3"}


def test_amounts_are_compared_in_the_currency_of_the_books(ledger: Container) -> None:
    low = chosen(ledger, under=Decimal(101), kinds=[REMINDER])
    assert (numbers(low), low.unpriced) == ({"INV-1", "INV-3"}, 1), "the fourth has no rate"
    assert numbers(chosen(ledger, over=Decimal(100), kinds=[REMINDER])) == {"INV-2"}
    assert low.sums == {"GBP": Decimal(100), "USD": Decimal(200)}


def test_a_hold_is_chosen_with_its_terms(ledger: Container) -> None:
    hold = chosen(ledger, kinds=[ActionKind.TERMS])
    assert hold.kinds == {HOLD: 1, ActionKind.TERMS: 1}
    approvals.approve_decisions(OWNER, ledger, hold.decisions)
    assert hold.kinds == chosen(ledger, kinds=[HOLD], states=approvals.STOPPABLE).kinds
    with pytest.raises(UserMistake, match="nothing here has the kind 'credit_hold'"):
        chosen(ledger, kinds=[HOLD])


def test_a_step_that_nothing_has_names_those_there(ledger: Container) -> None:
    assert len(chosen(ledger, steps=["FIRST reminder"]).decisions) == 4
    with pytest.raises(UserMistake, match="hint: there is: 'first reminder'"):
        chosen(ledger, steps=["third reminder"])
    with pytest.raises(UserMistake, match="nothing here has the rule 'nobody'"):
        chosen(ledger, rules=["nobody"])


def test_words_that_name_nothing_say_what_is_missing(ledger: Container) -> None:
    with pytest.raises(UserMistake, match="there is no contact and no invoice 'nobody'"):
        chosen(ledger, "nobody")
    with pytest.raises(UserMistake, match="no action's key begins with 'ffff'"):
        chosen(ledger, "ffff")
    approvals.approve_decisions(OWNER, ledger, chosen(ledger, "INV-1").decisions)
    with pytest.raises(UserMistake, match="nothing about INV-1 waits for approval"):
        chosen(ledger, "INV-1")


def test_a_number_that_begins_a_key_is_asked_back(ledger: Container, books: Books) -> None:
    other = chosen(ledger, "INV-2", kinds=[REMINDER]).members[0].row.key
    books.invoices["i1"] = books.invoices["i1"]._replace(number=other[:4])
    pulling.pull_ledger(OWNER, now(ledger))
    with pytest.raises(UserMistake, match="and the beginning of a key too"):
        chosen(ledger, other[:4])


def test_the_platforms_own_email_is_called_what_it_is(ledger: Container) -> None:
    (listed,) = chosen(ledger, "INV-1").members
    letter = letter_shown(now(ledger), listed.row)
    assert letter is not None
    assert letter.way == "Books emails INV-1 in its own words"
    assert (letter.to, letter.subject, letter.text) == (("c1@x.example",), "", "")
    assert letter.remarks[0].startswith("'first reminder' is the step's name here: Books uses its")


def test_the_letter_shows_what_would_leave_now(ledger: Container, books: Books) -> None:
    file = ledger.config.rules_folder / "standard.yaml"
    file.write_text(file.read_text().replace("via: accounting system", "via: smtp"))
    runs.prepare(OWNER, now(ledger))
    (listed,) = chosen(ledger, "INV-1").members
    books.invoices["i1"] = books.invoices["i1"]._replace(amount_due=Decimal("60.00"))
    pulling.pull_ledger(OWNER, now(ledger))
    letter = letter_shown(now(ledger), listed.row)
    assert letter is not None
    assert (letter.way, letter.to) == (
        "by email from Accounts <accounts@example.com>",
        ("c1@x.example",),
    )
    assert "INV-1" in letter.subject
    assert "GBP 60.00" in letter.text
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(ledger))
    paid = letter_shown(now(ledger), listed.row)
    assert paid is not None
    assert paid.remarks[0].startswith("By the books of now it would not be written")


DIRECTOR = ", approval: {over: 5000, by: Finance Director}}"


def test_a_roles_approval_is_not_given_in_passing(ledger: Container, books: Books) -> None:
    rules = ledger.config.folder / "rules" / "standard.yaml"
    rules.write_text(rules.read_text().replace("first reminder}", f"first reminder{DIRECTOR}"))
    runs.prepare(OWNER, now(ledger))
    everything = Selection(kinds=[REMINDER])
    free, left = left_to_roles(chosen(ledger, kinds=[REMINDER]), everything)
    assert (left, "INV-2" in numbers(free)) == (2, False), "a fourth has no rate, so it asks"
    role = chosen(ledger, roles=["finance director"])
    assert numbers(role) == {"INV-2", "INV-4"}
    by_role = Selection(roles=["finance director"])
    assert left_to_roles(role, by_role) == (role, 0)
    key = next(listed.row.key for listed in role.members if listed.row.action.invoices)
    assert left_to_roles(chosen(ledger, key), Selection([key]))[1] == 0
    assert not any(listed.row.action.approvers for listed in approvals.approve(OWNER, ledger)), (
        "all that wait, without the role's"
    )
    approvals.approve(OWNER, ledger, [key])
    (event,) = ledger.store.actions.events(key)[-1:]
    assert event.reason == "approved by Olga, for Finance Director"
