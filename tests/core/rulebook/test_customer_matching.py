"""Entries of `customers` are bound to contacts, keep to them, and say what is odd."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.records import a_contact, a_debtor
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.customer_matching import (
    ContactName,
    CustomerEntry,
    Matching,
    customer_of,
    match_customers,
)

HEAD = "version: 1\ncurrency: GBP\n"
ADA = ContactName("c1", "Ada Ltd")
NAME_OR_ID = "write the contact's name as in the accounting system, or its id"
BOUND = {"ada ltd": CustomerEntry("c1")}


def matched(entries: str, *contacts: ContactName, bound: Any = None) -> Matching:
    return match_customers(a_rulebook(f"{HEAD}customers: [{entries}]\n"), bound or {}, contacts)


def told(matching: Matching) -> list[str]:
    return [f"{problem.message} {problem.hint}" for problem in matching.problems]


@pytest.mark.parametrize("name", ["Ada Ltd", "ADA  ltd", "c1"])
def test_an_entry_is_bound_to_the_one_that_fits(name: str) -> None:
    matching = matched(f"{{contact: {name}}}", ADA, ContactName("c2", "Ada Limited"))
    assert (list(matching.entries.values()), matching.problems) == ([CustomerEntry("c1")], ())


def test_a_rename_keeps_the_entry_and_is_told() -> None:
    matching = matched("{contact: Ada Ltd}", ADA._replace(name="Ada PLC"), bound=BOUND)
    assert matching.entries == BOUND
    assert told(matching) == ["'Ada Ltd' is called 'Ada PLC' now. change the name here"]
    place = matching.problems[0]
    assert (place.file, place.line, place.column) == ("rules/test.yaml", 3, 13)


def test_a_newcomer_of_the_old_name_gets_nothing() -> None:
    newcomer = ContactName("c9", "Ada Ltd")
    matching = matched("{contact: Ada Ltd}", ADA._replace(name="B"), newcomer, bound=BOUND)
    assert matching.entries == BOUND
    assert "another contact (c9) is called 'Ada Ltd' now" in told(matching)[1]
    customers = a_rulebook(HEAD + "customers: [{contact: Ada Ltd}]\n").by_contact()
    account = a_debtor(contacts=(a_contact("c9", name="Ada Ltd"),), entries={"ada ltd": "c1"})
    assert customer_of(customers, account.contacts[0], account) is None


def test_two_contacts_of_one_name_bind_nothing() -> None:
    matching = matched("{contact: Ada Ltd}", ADA, ContactName("c2", "Ada Ltd"))
    assert (matching.entries, told(matching)) == (
        {},
        ["2 contacts are called 'Ada Ltd'. write the id instead"],
    )
    archived = ContactName("c2", "Ada Ltd", status="archived")
    assert matched("{contact: Ada Ltd}", ADA, archived).entries == BOUND


def test_an_entry_goes_with_a_merged_contact() -> None:
    merged = ADA._replace(status="merged", merged_into="c2")
    matching = matched("{contact: Ada Ltd}", merged, ContactName("c2", "Bob"), bound=BOUND)
    assert matching.entries == {"ada ltd": CustomerEntry("c2")}
    customers = a_rulebook(HEAD + "customers: [{contact: Ada Ltd}]\n").by_contact()
    contacts = (a_contact("c2"), a_contact("c1", status="merged", merged_into="c2"))
    account = a_debtor(contacts=contacts, entries={"ada ltd": "c1"})
    assert customer_of(customers, contacts[0], account) is not None


def test_a_deleted_contact_and_a_missing_one_are_told() -> None:
    gone = ADA._replace(status="deleted")
    matching = matched("{contact: Ada Ltd}, {contact: Eve}", gone, bound=BOUND)
    assert told(matching) == [
        "'Ada Ltd' is the contact c1, which is deleted. remove the entry, or write another id",
        f"no contact is called 'Eve'. {NAME_OR_ID}",
    ]


def test_two_entries_for_one_contact_are_told() -> None:
    matching = matched("{contact: Ada Ltd}, {contact: c1}", ADA)
    assert told(matching)[0].startswith("'c1' and 'Ada Ltd' are the same contact.")


def test_a_parent_is_bound_like_an_entry() -> None:
    group = ContactName("c2", "Group plc")
    matching = matched("{contact: Ada Ltd, parent: Group PLC}", ADA, group)
    assert matching.entries == {
        "ada ltd": CustomerEntry("c1", "c2"),
        "group plc": CustomerEntry("c2"),
    }
    renamed = matched(
        "{contact: Ada Ltd, parent: Group PLC}",
        ADA,
        group._replace(name="X"),
        bound=matching.entries,
    )
    assert renamed.entries == matching.entries
    assert told(renamed) == ["'Group PLC' is called 'X' now. change the name here"]


@pytest.mark.parametrize(
    ("group", "child", "words"),
    [
        (ContactName("c2", "Other"), ADA, "no contact is called 'Group'."),
        (ContactName("c2", "Group", parent_id="c3"), ADA, "families have two levels"),
        (ContactName("c2", "Group"), ADA._replace(parent_id="c3"), "it counts"),
    ],
)
def test_a_parent_that_cannot_be_one_is_told(
    group: ContactName, child: ContactName, words: str
) -> None:
    matching = matched("{contact: Ada Ltd, parent: Group}", group, child)
    assert matching.entries["ada ltd"] == CustomerEntry("c1")
    (problem,) = matching.problems
    assert words in problem.message
    assert (problem.line, problem.column) == (3, 40)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ("{contact: A, parent: a}", "'A' cannot be its own parent."),
        ("{contact: A, parent: B}, {contact: B, parent: A}", "the parents of 'A', 'B' go in a"),
        ("{contact: A, parent: B}, {contact: B, parent: C}", "'B' has a parent itself"),
    ],
)
def test_a_family_that_is_none_is_a_problem(entries: str, words: str) -> None:
    rulebook, problems = read_rulebook([("r.yaml", f"{HEAD}customers: [{entries}]\n")])
    assert rulebook is None
    assert problems[0].message.startswith(words)
    assert (problems[0].line, problems[0].column) == (3, 34)
