"""Reading payables, where the rulebook asks for them, and binding suppliers to customers."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.results import RunResult
from arsync.connector_sdk import Capability, Connector
from arsync.core.ledger.payables import BILL_PROBLEM, SUPPLIER_CREDIT_PROBLEM
from arsync.core.ledger.records import DocumentProblem
from arsync.core.rulebook.customer_matching import Matching
from arsync.core.rulebook.model import folded
from arsync.errors import Rejected, RetryLater

PROBLEMS_NAMED_MAX = 20
"""A run names so many bills and credits that could not be read."""

_NOUNS = {BILL_PROBLEM: "bill", SUPPLIER_CREDIT_PROBLEM: "supplier credit"}


def read_bills(organisation: OrganisationContext, connector: Connector, result: RunResult) -> None:
    """Bring the copy of payables up to date; without a rulebook that asks for it, there is none.

    Part of a run, after its pull.
    """
    bills = organisation.store.payables
    cursor = bills.cursor(organisation.id)
    if organisation.rulebook.bills_asked_at is None:
        if cursor is not None:
            bills.forget(organisation.id)
        return
    if Capability.BILLS not in connector.capabilities.offers:
        return
    unreadable, named = 0, list[DocumentProblem]()
    try:
        for page in connector.bills(cursor):
            bills.apply(organisation.id, page)
            unreadable += len(page.problems)
            named += page.problems[: PROBLEMS_NAMED_MAX - len(named)]
    except Rejected as refusal:
        # Not every subscription has bills, and one that has may not show what suppliers owe back.
        # Without a copy what is owed to them is unknown, and the run goes on: no reminder waits.
        bills.forget(organisation.id)
        result.problems.append(f"open bills could not be read: {refusal}")
        return
    except RetryLater as busy:
        # What customers owe was read whole, so no reminder waits for bills. The next run goes on.
        bills.doubt(organisation.id)
        result.problems.append(f"open bills were not read to the end: {busy}")
        return
    result.problems += [
        f"{_NOUNS[problem.kind]} {problem.number or problem.id}: {problem.message}"
        for problem in named
    ]
    if unreadable > len(named):
        more = unreadable - len(named)
        result.problems.append(f"{more:,} more bills or supplier credits could not be read")


def bind_suppliers(organisation: OrganisationContext, matching: Matching) -> None:
    """Bind the suppliers of open bills to the customers that the rulebook says they are."""
    rulebook = organisation.rulebook
    if rulebook.bills_asked_at is None:
        return
    organisation.store.payables.bind(
        organisation.id,
        {
            folded(supplier): matching.entries[folded(customer.contact)].contact_id
            for customer in rulebook.customers
            for supplier in customer.suppliers
            if folded(customer.contact) in matching.entries
        },
    )
