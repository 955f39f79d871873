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
from arsync.core.rulebook.conditions import fields_of
from arsync.core.rulebook.facts import contact_row
from arsync.core.rulebook.model import CreditLimit, Place, Problem, Rulebook

LEDGER_ACCOUNTS_MAX = 20_000
"""How many accounts are examined; a larger ledger gets no warnings, since "nobody" needs all."""

TOO_LOW_CUSTOMERS_MIN = 3
"""A limit is called too low when at least this many customers owe, and all owe more."""


def ledger_warnings(
    rulebook: Rulebook, accounts: Iterable[Account], organisation: Organisation, today: date
) -> list[Problem]:
    """Return warnings about groups and limits that fit no customer of the ledger.

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
    problems = [*_groups(census), *census.owed.too_low(rulebook)]
    return sorted(
        problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.message)
    )


class OwedByLimit:
    """What customers owe under each limit rule, counted account by account."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._owed: dict[str, tuple[int, Decimal]] = {}
        """By limit rule: how many customers owe anything, and the least that one owes."""

    def add(self, assessment: Assessment) -> None:
        """Count what is owed under the limit rule that gives this account its limit."""
        rule, exposure = assessment.limit_rule, assessment.account_view.exposure
        # Customers who owe nothing say nothing about whether a limit is too low.
        if rule is not None and rule.amount is not None and exposure and exposure > 0:
            count, least = self._owed.get(rule.name, (0, exposure))
            self._owed[rule.name] = count + 1, min(least, exposure)

    def too_low(self, rulebook: Rulebook) -> Iterator[Problem]:
        """Yield a warning for each limit that all of its many customers are over."""
        for rule in rulebook.credit_limits:
            count, least = self._owed.get(rule.name, (0, Decimal(0)))
            if count >= TOO_LOW_CUSTOMERS_MIN and rule.amount is not None and rule.amount < least:
                yield _too_low(rule, rule.amount, count, least, rulebook.currency)


@dataclass
class _Census:
    """The customers of the ledger, counted account by account."""

    rulebook: Rulebook
    assessor: Assessor
    members: dict[str, int] = field(default_factory=dict)
    owed: OwedByLimit = field(default_factory=OwedByLimit)

    def add(self, account: Account) -> None:
        """Count one account."""
        assessment = self.assessor.assess(account)
        # A contact alone is its own parent, and is counted once.
        for party in {
            id(each_party): each_party for each_party in (assessment.root, *assessment.parties)
        }.values():
            self.count_groups(party)
        self.owed.add(assessment)

    def count_groups(self, party: DunnedParty) -> None:
        """Count the groups that a contact is certainly in."""
        for name, condition in self.rulebook.groups.items():
            # One member is enough to know that the group is not empty.
            if name in self.members:
                continue
            row = contact_row(party.view, {field.position for field in fields_of(condition.tree)})
            if condition.test(row, None) is True:
                self.members[name] = 1


def _warning(place: Place, message: str, hint: str = "") -> Problem:
    return Problem(*place, message, hint, "warning")


def _groups(census: _Census) -> Iterator[Problem]:
    for name, place in census.rulebook.group_places.items():
        if name in census.rulebook.groups and name not in census.members:
            yield _warning(place, f"no customer is in the group {name!r} today.")


def _too_low(
    rule: CreditLimit, amount: Decimal, customers: int, least: Decimal, currency: str
) -> Problem:
    return _warning(
        rule.place,
        f"the limit of {rule.name!r}, {shown(amount, currency)}, is below what each of its "
        f"{customers:,} customers owes: the lowest amount is {shown(least, currency)}.",
        "is a digit missing?",
    )
