"""Why something is done about a customer or an invoice, and what is not. Changes nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

from arsync.application.customers.name_search import NotFound, subject_named
from arsync.application.decisions.action_history import customer_history
from arsync.application.decisions.supplier_watching import SupplierWhy, explained_suppliers
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import Why
from arsync.core.ledger.records import Account, Contact
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan import Plan
from arsync.core.planning.rules_read import ReasonLine
from arsync.core.rulebook.facts import CONTACT_BY_NAME, contact_row, in_json
from arsync.errors import UserMistake
from arsync.store.models import LimitRow, LogRow


def why_anywhere(
    actor: Actor,
    container: Container,
    about: str,
    *,
    connection: Chosen = None,
    as_of: date | None = None,
) -> tuple[OrganisationContext, Why]:
    """Explain a customer or an invoice, in whichever connection it is.

    Args:
        actor: who asks.
        container: holds the ledgers.
        about: a customer's name or id, or an invoice's number or id.
        connection: only this connection's; None looks in all.
        as_of: another day than today.

    Raises:
        UserMistake: nothing is called so, or something in several connections is.
    """
    permit(actor, Permission.READ)
    explanations: list[tuple[OrganisationContext, Why]] = []
    mistakes: list[str] = []
    for organisation in organisations(container, connection):
        try:
            explanations.append((organisation, why(actor, organisation, about, as_of)))
        except NotFound as mistake:
            mistakes.append(str(mistake))
    if not explanations:
        raise UserMistake("\n".join(dict.fromkeys(mistakes)))
    if len(explanations) > 1:
        names = ", ".join(organisation.name for organisation, _ in explanations)
        raise UserMistake(
            f"{about} is in several connections: {names}.\n    hint: choose with --connection"
        )
    return explanations[0]


def why(
    actor: Actor, organisation: OrganisationContext, about: str, as_of: date | None = None
) -> Why:
    """Explain what is done about a customer or an invoice, what is not, and why.

    Args:
        actor: who asks.
        organisation: in which ledger.
        about: a customer's name or id, or an invoice's number or id.
        as_of: another day than today.

    Raises:
        NotFound: neither a customer nor an invoice is called so.
    """
    permit(actor, Permission.READ)
    contact, invoice = subject_named(organisation, about)
    account = next(accounts_on(organisation, as_of, [contact.id]), None)
    if account is None:
        raise UserMistake(f"{contact.name} has no account to explain.")
    circumstances = organisation.circumstances()
    people = {member.id for member in account.contacts}
    # Of unreadable documents those of this customer, or of nobody known.
    missing = tuple(
        problem
        for problem in circumstances.missing
        if not problem.contact_id or problem.contact_id in people
    )
    plan = organisation.plan([account], circumstances._replace(missing=missing), as_of)
    lines = explain(
        account,
        organisation.rulebook,
        plan,
        organisation=organisation.connection.organisation,
        contact_id=contact.id,
        invoice_id=invoice.id if invoice else "",
        calendar=organisation.bank_days,
    )
    lines += [
        ReasonLine("supplier_alerts", text)
        for explained in explained_suppliers(organisation, contact_id=contact.id)
        for text in explained.lines
    ]
    held = plan.held_back
    if invoice is not None:
        held = tuple(held_back for held_back in held if held_back.invoice_id in {"", invoice.id})
    own_ids = _own_ids(account, contact.id)
    return Why(
        connection=organisation.name,
        as_of=plan.as_of,
        contact=contact,
        invoice=invoice,
        facts=_facts(organisation, account, contact, plan),
        lines=tuple(lines),
        plan=plan,
        held_back=held,
        history=customer_history(organisation, contact, invoice),
        log=_log(organisation, own_ids, plan.as_of),
        terms_signed_on=organisation.store.log.terms_signed_on(organisation.id, own_ids),
        limits=_limits(organisation, account, plan.as_of),
        currency=organisation.rulebook.currency,
    )


def why_supplier(
    actor: Actor, container: Container, about: str, *, connection: Chosen = None
) -> list[SupplierWhy]:
    """Explain what is watched of a supplier, in whichever connections it is.

    Args:
        actor: who asks.
        container: holds the ledgers.
        about: its name or id.
        connection: only this connection's; None looks in all.
    """
    permit(actor, Permission.READ)
    return [
        explained
        for organisation in organisations(container, connection)
        for explained in explained_suppliers(organisation, about)
    ]


def _limits(organisation: OrganisationContext, account: Account, day: date) -> tuple[LimitRow, ...]:
    """Return the limits of the debtor, and of contacts that were merged into it, up to a day."""
    ids = _own_ids(account, account.contacts[0].id)
    limits = organisation.store.limits.of(organisation.id, ids)
    return tuple(limit for limit in limits if limit.since <= day)


def _log(organisation: OrganisationContext, ids: list[str], day: date) -> tuple[LogRow, ...]:
    entries = organisation.store.log.of(organisation.id, ids)
    standing = [row for row in entries if row.taken_back_at is None and row.happened_on <= day]
    return tuple(reversed(standing))


def _own_ids(account: Account, contact_id: str) -> list[str]:
    """Return a contact's id, and those of contacts that were merged into it."""
    merged = (member.id for member in account.contacts if member.merged_into == contact_id)
    return [contact_id, *merged]


def _facts(
    organisation: OrganisationContext, account: Account, contact: Contact, plan: Plan
) -> dict[str, Any]:
    """Return every fact of a customer, by name, as the rules see it."""
    assessor = Assessor(
        organisation.rulebook,
        organisation.connection.organisation,
        plan.as_of,
        organisation.bank_days,
        plan.ledger_due,
    )
    customer = assessor.assess(account).party_of(contact.id)
    row = contact_row(customer.view, [field.position for field in CONTACT_BY_NAME.values()])
    return {
        name: in_json(field, row[field.position]) for name, field in sorted(CONTACT_BY_NAME.items())
    }
