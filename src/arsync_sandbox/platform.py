"""What the frame (server, clock, faults, journal, debtors) and the two platforms agree on.

The frame owns time and the outside world; a `Book` is one organisation's ledger at one platform,
kept in the platform's own document shapes, with the Flask blueprint that serves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from flask import Blueprint

from .places import Place, place


class SandboxSetting(NamedTuple):
    """A switch of the sandbox: a row of the table that `GET /_sandbox/settings` shows."""

    name: str
    default: Any
    meaning: str
    choices: tuple[Any, ...] = ()
    """The values it can have; empty: any of the default's type."""


@dataclass(frozen=True)
class SandboxOrganisation:
    """The owner of a ledger; each Book has its platform's word for it (tenant, company)."""

    name: str = "Sandbox Trading Ltd"
    id: str = ""
    """The platform's own id (tenantId, realmId); empty: the Book chooses a fixed one."""
    currency: str = "GBP"
    country: str = "GB"
    time_zone: str = "Europe/London"
    # Ofcom keeps this number for drama, and no register has these: no letter misleads anybody.
    phone: str = "+44 20 7946 0999"
    email: str = "accounts@sandbox.example"
    tax_number: str = "GB 999 9999 73"
    registration_number: str = "00000000"

    @property
    def place(self) -> Place:
        """Where it is."""
        return place(self.country, 0)


class ContactRow(NamedTuple):
    """A line of contacts.csv."""

    id: str
    name: str
    email: str = ""
    currency: str = ""
    country: str = ""
    contact_group: str = ""
    terms_days: int | None = None
    created_on: date | None = None
    contact_person: str = ""
    """First and last name, parted by the last blank."""
    phone: str = ""
    mobile: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    account_number: str = ""
    """Under which the organisation keeps the customer (Xero only)."""

    @property
    def has_address(self) -> bool:
        """Whether any field of the address says something."""
        return any((self.street, self.city, self.region, self.postcode, self.country))

    @property
    def person_names(self) -> tuple[str, str]:
        """The contact person's first name and last name."""
        first, _, last = self.contact_person.rpartition(" ")
        return (first, last) if first else (last, "")


class InvoiceRow(NamedTuple):
    """A line of invoices.csv. `status`: draft, open, paid, voided, deleted."""

    id: str
    number: str
    contact_id: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    status: str = "open"
    purchase_order: str = ""
    """The customer's order number: Xero's Reference, a custom field at QuickBooks."""


class PaymentRow(NamedTuple):
    """A line of payments.csv."""

    id: str
    invoice_id: str
    paid_on: date
    amount: Decimal


class Unpaid(NamedTuple):
    """An open invoice as a debtor sees it."""

    invoice_id: str
    contact_id: str
    number: str
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    amount_due: Decimal
    emails_received: int


@dataclass
class SandboxEmail:
    """A message that a platform sent, or that the SMTP sink received."""

    at: datetime
    origin: str
    """`xero`, `quickbooks` or `smtp`."""
    to: list[str]
    subject: str
    text: str = ""
    html: str = ""
    invoice_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    organisation: str = ""
    """The id of the organisation whose platform sent it; empty where nobody can tell."""


class Frame(Protocol):
    """What a Book may use of the server."""

    lock: Any
    """A re-entrant lock; held while a request is answered, released while an answer is delayed."""

    def now(self) -> datetime:
        """The sandbox's moment, aware, in UTC. Tokens, limits and caps live by it too."""
        ...

    @property
    def limits_enforced(self) -> bool:
        """Whether rate limits and daily caps refuse calls (headers are sent in any case)."""
        ...

    @property
    def url(self) -> str:
        """The server's own address, without a slash at the end."""
        ...

    def setting(self, name: str) -> Any:
        """A switch set through `POST /_sandbox/settings`; see `settings.SETTINGS` for all names.

        A Book declares its own switches in a class attribute `settings: tuple[Setting, ...]`,
        each name beginning with the platform's (`xero_...`, `quickbooks_...`).
        """
        ...

    def in_flight(self) -> list[dict[str, Any]]:
        """WSGI environments of the requests being answered now, delayed ones and this one too.

        Requests are answered one at a time under `lock`, but an answer held back by a delay is
        still under way: limits on concurrent calls count these.
        """
        ...

    def send_email(self, email: SandboxEmail) -> None:
        """Put a message into the mailbox that `GET /_sandbox/state` shows."""
        ...

    def notify(self, url_setting: str, body: bytes, headers: dict[str, str]) -> None:
        """Queue a webhook delivery; `url_setting` names the setting that holds its address."""
        ...


class Book(Protocol):
    """One organisation's ledger at one platform.

    A view sets `flask.g.took_effect = True` for the journal once it has changed anything. A replay
    of a remembered answer changes nothing, and does not set it.

    A Book may offer more, and the frame uses it where it is there: a class attribute
    `settings: tuple[Setting, ...]`; `setting_changed(name)` after a switch was set;
    `day_begins(on)` each time the clock reaches a new day, before rows and debtors; and the edits
    of `PeopleEdits`, which `POST /_sandbox/people` dispatches to.
    """

    name: str
    """`xero` or `quickbooks`."""
    organisation: SandboxOrganisation
    """Whose ledger, with its id at the platform."""

    def beside(self, organisation: SandboxOrganisation) -> Book:
        """Return the ledger of another organisation that the same apps can be let into."""
        ...

    def asked_for(self, environ: Mapping[str, Any]) -> str:
        """Return the id of the organisation that a request names (tenant, realm); empty: none."""
        ...

    def blueprint(self) -> Blueprint:
        """Routes of the platform's API and OAuth. Paths of the two platforms never collide."""
        ...

    def load_contacts(self, rows: Iterable[ContactRow]) -> None: ...

    def load_invoices(self, rows: Iterable[InvoiceRow]) -> None:
        """Ids and numbers are kept where the platform's form allows; else mapped and remembered."""
        ...

    def load_payments(self, rows: Iterable[PaymentRow]) -> None: ...

    def load_documents(self, documents: dict[str, list[dict[str, Any]]]) -> None:
        """Take documents in the platform's own JSON as they are: `{"Invoices": [...]}`."""
        ...

    def unpaid(self) -> list[Unpaid]: ...

    def pay(self, invoice_id: str, amount: Decimal, on: date) -> str:
        """Record a customer's payment as the bank feed would; returns the payment's id."""
        ...

    def void(self, invoice_id: str) -> None: ...

    def state(self) -> dict[str, Any]:
        """The ledger for `GET /_sandbox/state`, the same shape for both, money as decimal strings.

        contacts [{id,name,email,currency,groups,terms,notes,status,parent_id}],
        invoices [{id,number,contact_id,status,issued_on,due_on,currency,total,amount_due,sent,
        expected_on,notes}], payments [{id,invoice_id,amount,paid_on,status}],
        credits [{id,contact_id,kind,status,remaining}],
        history [{record,id,at,text}] (History rows or note Attachables),
        groups [{id,name,members}], terms [..], attachments [{record,id,file_name,size}].
        Xero's also has currency_rates {currency: the day rate of a document that brings none}.
        """
        ...


class PeopleEdits(Protocol):
    """What a person may do to a ledger in the platform itself; each method is optional.

    `POST /_sandbox/people {"platform": "xero", "do": "rename", "contact_id": ..., "name": ...}`
    calls the method named by `do` with the remaining keys: `*_id` and texts as strings, `amount`
    as Decimal, `on` as date. `pay` and `void` of `Book` can be called in the same way.
    """

    def credit(self, contact_id: str, amount: Decimal, invoice_id: str = "") -> str:
        """Issue a credit note, applied to the invoice where one is named; returns its id."""
        ...

    def prepay(self, contact_id: str, amount: Decimal) -> str:
        """Receive money that belongs to no invoice yet; returns the document's id."""
        ...

    def delete_payment(self, payment_id: str) -> None:
        """Take a payment back (a bounced cheque); the invoice is owed again."""
        ...

    def rename(self, contact_id: str, name: str) -> None: ...

    def set_email(self, contact_id: str, email: str) -> None: ...

    def set_address(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        """Let a contact's letters go to another place in the same country."""
        ...

    def archive(self, contact_id: str) -> None: ...

    def merge(self, contact_id: str, into_id: str) -> None: ...

    def set_due_date(self, invoice_id: str, on: date) -> None: ...

    def move_invoice(self, invoice_id: str, contact_id: str) -> None:
        """Put an invoice under another customer: it was issued to the wrong one."""

    def set_terms(self, contact_id: str, days: str) -> None:
        """Let a contact's invoices be due so many days after their date."""
        ...

    def expect(self, invoice_id: str, on: date) -> None:
        """Set the day on which an invoice's money is expected (Xero only)."""
        ...

    def approve_invoice(self, invoice_id: str) -> None:
        """Approve a draft (Xero only)."""
        ...

    def set_private_note(self, invoice_id: str, text: str) -> None:
        """Write into Invoice.PrivateNote (QuickBooks only)."""
        ...

    def set_einvoice_status(self, invoice_id: str, status: str) -> None:
        """Let the customer's e-invoicing say `Viewed`, `Disputed`, ... (QuickBooks only)."""
        ...

    def subscribe(self, status: str) -> None:
        """Let the subscription be `SUBSCRIBED`, or lapse with `EXPIRED` (QuickBooks only)."""
        ...

    def set_notes(self, contact_id: str, text: str) -> None:
        """Write into the field that users see (a note on Xero, Customer.Notes on QuickBooks)."""
        ...

    def delete_invoice(self, invoice_id: str) -> None: ...

    def enter_bill(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Enter a bill of the supplier that this contact is as well; returns its id."""
        ...

    def pay_bill(self, bill_id: str, amount: Decimal) -> str:
        """Record a payment to a supplier; returns its id, or the bill's."""
        ...

    def enter_supplier_credit(
        self, contact_id: str, amount: Decimal, kind: str = "credit note"
    ) -> str:
        """Enter what the supplier that this contact is as well owes back; returns its id.

        A credit note; at Xero also a `prepayment` or an `overpayment`.
        """
        ...

    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        """Apply an amount of a supplier's credit to a bill."""
        ...

    def create_invoice(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Issue an invoice as a person would; returns its id."""
        ...

    def disconnect(self) -> None:
        """Withdraw every app's access to this organisation."""
        ...
