"""Ledger warnings: what a rulebook says of customers that this ledger does not have.

They need the records of a pulled connection. Like the rulebook's own warnings they stop nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Organisation
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.rulebook.conditions import Condition, OneOf, fields_of, leaves
from arsync.core.rulebook.facts import contact_row
from arsync.core.rulebook.model import CreditLimit, Place, Problem, Rulebook, folded

LEDGER_ACCOUNTS_MAX = 20_000
"""How many accounts are examined; a larger ledger gets no warnings, since "nobody" needs all."""

TOO_LOW_CUSTOMERS_MIN = 3
"""A limit is called too low when at least this many customers owe, and all owe more."""


def ledger_warnings(
    rulebook: Rulebook, accounts: Iterable[Account], organisation: Organisation, today: date
) -> list[Problem]:
    """Return warnings about groups, names, tags and limits that fit no customer of the ledger.

    Args:
        rulebook: a sound one.
        accounts: every debtor of the connection.
        organisation: whose ledger it is.
        today: the day to look at it.
    """
    census = _Census(rulebook, Assessor(rulebook, organisation, today))
    count = 0
    for count, account in enumerate(accounts, 1):
        if count > LEDGER_ACCOUNTS_MAX:
            return []
        census.add(account)
    if not count:
        return []
    problems = [*_groups(census), *_words(census), *_limits(census)]
    return sorted(
        problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.message)
    )


@dataclass
class _Census:
    """The customers of the ledger, counted account by account."""

    rulebook: Rulebook
    assessor: Assessor
    members: dict[str, int] = field(default_factory=dict)
    contact_groups: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    exposures: dict[str, list[Decimal]] = field(default_factory=dict)
    """By limit rule: the exposure of each of its customers with anything open."""

    def add(self, account: Account) -> None:
        """Count one account."""
        for contact in account.contacts:
            self.contact_groups |= {folded(name) for name in contact.groups}
            self.names |= {folded(contact.name), folded(contact.id)}
        assessment = self.assessor.assess(account)
        # A contact alone is its own parent, and is counted once.
        for party in {
            id(each_party): each_party for each_party in (assessment.root, *assessment.parties)
        }.values():
            self.tags |= party.view.agreed.tags
            self.count_groups(party)
        self.count_limit(assessment)

    def count_groups(self, party: DunnedParty) -> None:
        """Count the groups that a contact is certainly in."""
        for name, condition in self.rulebook.groups.items():
            # One member is enough to know that the group is not empty.
            if name in self.members:
                continue
            row = contact_row(party.view, {field.position for field in fields_of(condition.tree)})
            if condition.test(row, None) is True:
                self.members[name] = 1

    def count_limit(self, assessment: Assessment) -> None:
        """Count what is owed under the limit rule that gives this account its limit."""
        rule, exposure = assessment.limit_rule, assessment.account_view.exposure
        # Customers who owe nothing say nothing about whether a limit is too low.
        if rule is not None and rule.amount is not None and exposure and exposure > 0:
            self.exposures.setdefault(rule.name, []).append(exposure)


def _warning(place: Place, message: str, hint: str = "") -> Problem:
    return Problem(*place, message, hint, "warning")


def _groups(census: _Census) -> Iterator[Problem]:
    for name, place in census.rulebook.group_places.items():
        if name in census.rulebook.groups and name not in census.members:
            yield _warning(place, f"no customer is in the group {name!r} today.")


def _words(census: _Census) -> Iterator[Problem]:
    """Yield a warning for each contact group, tag and name that no customer has."""
    has = {"contact_group": census.contact_groups, "tag": census.tags, "contact": census.names}
    worded: set[tuple[str, str]] = set()
    for place, condition in _conditions(census.rulebook):
        for leaf in leaves(condition.tree):
            if not isinstance(leaf, OneOf) or leaf.field.name not in has:
                continue
            for text in sorted(leaf.values - has[leaf.field.name]):
                if (leaf.field.name, text) not in worded:
                    worded.add((leaf.field.name, text))
                    yield _warning(place, *_nobody(leaf.field.name, text))


def _nobody(fact: str, text: str) -> tuple[str, str]:
    if fact == "tag":
        return f"no customer has the tag {text!r}.", "tags are given under 'customers:'"
    if fact == "contact":
        return f"no contact is called {text!r}.", "write the name as in the accounting system"
    return f"no customer is in the contact group {text!r}.", "write it as in the accounting system"


def _conditions(rulebook: Rulebook) -> Iterator[tuple[Place, Condition]]:
    for name, condition in rulebook.groups.items():
        if name in rulebook.group_places:
            yield rulebook.group_places[name], condition
    yield from rulebook.conditions()


def _limits(census: _Census) -> Iterator[Problem]:
    for rule in census.rulebook.credit_limits:
        owed = census.exposures.get(rule.name, [])
        if len(owed) >= TOO_LOW_CUSTOMERS_MIN and rule.amount is not None:
            least = min(owed)
            if rule.amount < least:
                yield _too_low(rule, rule.amount, len(owed), least, census.rulebook.currency)


def _too_low(
    rule: CreditLimit, amount: Decimal, customers: int, least: Decimal, currency: str
) -> Problem:
    return _warning(
        rule.place,
        f"the limit of {rule.name!r}, {shown(amount, currency)}, is below what each of its "
        f"{customers:,} customers owes: the lowest amount is {shown(least, currency)}.",
        "is a digit missing?",
    )
