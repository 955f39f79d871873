"""POST /Invoices/{id}/Email: sends at once, with a template that no app can choose."""

from __future__ import annotations

from flask import Response

from arsync_sandbox.platform import SandboxEmail

from .api import XeroApi, took_effect
from .documents import XeroContact, XeroInvoice
from .errors import invalid
from .reads import find_invoice

PER_DAY_MAX = {"paying": 1000, "trial": 20, "demo": 0}
"""How many invoice emails an organisation sends a day, by its plan."""

_SENDABLE = frozenset({"SUBMITTED", "AUTHORISED", "PAID"})


class Emails:
    """The route."""

    def __init__(self, api: XeroApi) -> None:
        self._api = api

    def send(self, name: str) -> Response:
        """Email one invoice to its contact."""
        ledger = self._api.ledger
        invoice = find_invoice(ledger, name)
        if invoice.type != "ACCREC" or invoice.status not in _SENDABLE:
            raise invalid("The invoice cannot be emailed in its present status")
        to = recipients(invoice.contact)
        if not to:
            raise invalid("The contact does not have an email address")
        now = ledger.frame.now()
        cap = PER_DAY_MAX.get(ledger.setting("plan"), PER_DAY_MAX["paying"])
        if ledger.frame.limits_enforced and self._api.emails_sent[now.date()] >= cap:
            raise invalid("The daily limit of emails has been reached")
        self._api.emails_sent[now.date()] += 1
        ledger.emails[invoice.id] += 1
        ledger.frame.send_email(_message(self._api, invoice, to))
        took_effect()
        # Neither side effect of an email is documented, so each is a switch.
        if ledger.setting("email_marks_sent") and not invoice.sent:
            invoice.sent = True
            ledger.changed(invoice, bump=not invoice.part_paid)
            ledger.event("INVOICE", "UPDATE", invoice)
        if ledger.setting("email_writes_history"):
            ledger.note(
                invoice.id, f"This invoice has been sent to {', '.join(to)}", "Invoice sent"
            )
        return Response(status=204)


def recipients(contact: XeroContact) -> list[str]:
    """The contact's address and those persons who are included in emails."""
    persons = [
        str(person.get("EmailAddress"))
        for person in contact.persons
        if person.get("IncludeInEmails") and person.get("EmailAddress")
    ]
    return [contact.email, *persons] if contact.email else []


def _message(api: XeroApi, invoice: XeroInvoice, to: list[str]) -> SandboxEmail:
    owner = api.ledger.organisation.name
    return SandboxEmail(
        at=api.ledger.frame.now(),
        origin="xero",
        to=to,
        subject=f"Invoice {invoice.number} from {owner} for {invoice.contact.name}",
        text=(
            f"Hi,\n\nHere's invoice {invoice.number} for {invoice.currency} {invoice.total}. "
            f"The amount outstanding of {invoice.currency} {invoice.due} is due on "
            f"{invoice.due_on}.\n\nThanks,\n{owner}\n"
        ),
        invoice_id=invoice.id,
        organisation=api.ledger.organisation.id,
    )
