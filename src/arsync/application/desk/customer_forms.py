"""What the forms about one customer are filled in from: its open invoices, and what they touch."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.desk.customer import customer_read
from arsync.application.desk.customer_figures import Assessed, sums_of
from arsync.application.desk.waiting import Waiting, waiting_about
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.ledger.records import Contact, Invoice
from arsync.core.rulebook.model import CreditHold


class FormSubject(NamedTuple):
    """A customer as its forms need it. Amounts due are net of unapplied cash."""

    contact: Contact
    owed: tuple[Invoice, ...]
    """The oldest due date first."""
    overdue: tuple[Invoice, ...]
    ticked: tuple[Invoice, ...]
    """Of `owed`, what was ticked on the page before."""
    assessed: Assessed
    waits: tuple[Waiting, ...]
    """What waits or leaves next about it."""

    @property
    def reasons(self) -> tuple[CreditHold, ...]:
        """Return the rules that ask for a hold today."""
        assessment = self.assessed.assessment
        return assessment.reasons if assessment is not None else ()

    def chosen(self, covers: str) -> tuple[Invoice, ...]:
        """Return the invoices that a choice covers: `ticked`, `overdue` or `all`."""
        return {"ticked": self.ticked, "overdue": self.overdue}.get(covers, self.owed)

    def sums(self, covers: str) -> dict[str, Decimal]:
        """Return by currency what is due on them."""
        return sums_of(self.chosen(covers))

    def touched(self, covers: str) -> tuple[Waiting, ...]:
        """Return what waits or leaves next about some of them."""
        ids = {invoice.id for invoice in self.chosen(covers)}
        return tuple(
            waits
            for waits in self.waits
            if ids.intersection(ref.id for ref in waits.row.action.invoices)
        )


def form_subject(
    actor: Actor,
    organisation: OrganisationContext,
    contact_id: str,
    invoice_ids: Sequence[str] = (),
) -> FormSubject:
    """Return what a form about a customer is filled in from.

    Args:
        actor: who asks.
        organisation: whose customer.
        contact_id: its id.
        invoice_ids: what was ticked; what is not owed is left out.

    Raises:
        UserMistake: there is no such customer.
    """
    permit(actor, Permission.READ)
    assessed = customer_read(organisation, contact_id)
    ids = frozenset(invoice_ids)
    owed, today = assessed.view.owed, assessed.account_view.today
    return FormSubject(
        assessed.contact,
        tuple(owed),
        tuple(invoice for invoice in owed if invoice.due_on < today),
        tuple(invoice for invoice in owed if invoice.id in ids),
        assessed,
        tuple(waiting_about(organisation, [contact_id]).get(contact_id, ())),
    )
