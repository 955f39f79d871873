"""Contacts written: the contact that is meant, the refusals, and what is replaced as a whole."""

from __future__ import annotations

import copy
import dataclasses
import re
from typing import Any

from . import wire
from .batches import Batch, Commit
from .documents import XeroContact
from .errors import Invalid
from .forms import Json, contact_form
from .ledger import XeroLedger

PERSONS_MAX = 5
"""How many ContactPersons a contact may have."""

TERM_TYPES = (
    "DAYSAFTERBILLDATE",
    "DAYSAFTERBILLMONTH",
    "OFCURRENTMONTH",
    "OFFOLLOWINGMONTH",
)
TERM_DAYS = range(32)
"""What `Day` of payment terms may be."""

_EMAIL = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TEXTS = {
    "Name": ("name", 255),
    "FirstName": ("first_name", 255),
    "LastName": ("last_name", 255),
    "EmailAddress": ("email", 255),
    "ContactNumber": ("number", 50),
    "AccountNumber": ("account_number", 50),
    "CompanyNumber": ("company_number", 50),
    "DefaultCurrency": ("currency", 3),
}
"""Fields with their longest length in characters."""

_KEPT = (
    "TaxNumber",
    "AccountsReceivableTaxType",
    "SalesDefaultAccountCode",
    "SalesDefaultLineAmountType",
    "SalesTrackingCategories",
)
_NO_IDENTITY = (
    "The Contact must contain at least 1 of the following elements to identify the contact "
    "Name, ContactID, ContactNumber"
)


def contact_prepare(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    """Check an element of /Contacts and return what writes it.

    Raises:
        Invalid: with Xero's message.
    """
    existing = find_meant(ledger, element, batch.path_id)
    if batch.creates_only and existing is not None:
        raise Invalid(_name_taken(str(element.get("Name") or existing.name)))
    change = ContactChange(ledger, existing, element)
    name = change.draft.name.lower()
    batch.claim("contact", change.draft.id if existing else name, _name_taken(change.draft.name))

    def commit() -> Json:
        contact = change.commit()
        body: Json = wire.decode(contact_form(ledger, contact, "full"))
        return body

    return commit


def find_meant(ledger: XeroLedger, element: Json, path_id: str = "") -> XeroContact | None:
    """The contact that an element identifies by id, number or name.

    Raises:
        Invalid: it identifies none, or by an id that is unknown.
    """
    id_ = path_id or str(element.get("ContactID") or "")
    if id_:
        contact = ledger.contacts.rows.get(wire.guid(id_))
        if contact is None:
            raise Invalid("The contact with the supplied ContactID could not be found")
        return contact
    number, name = element.get("ContactNumber"), str(element.get("Name") or "").strip()
    if number:
        for row in ledger.contacts.rows.values():
            if row.number == number:
                return row
    if name:
        return active_named(ledger, name)
    if not number:
        raise Invalid(_NO_IDENTITY)
    return None


def active_named(ledger: XeroLedger, name: str) -> XeroContact | None:
    """The active contact of this name."""
    folded_name = name.lower()
    for row in ledger.contacts.rows.values():
        if row.status == "ACTIVE" and row.name.lower() == folded_name:
            return row
    return None


class ContactChange:
    """A contact as it will be; nothing changes before `commit`."""

    def __init__(self, ledger: XeroLedger, contact: XeroContact | None, element: Json) -> None:
        self._ledger = ledger
        self._contact = contact
        if contact is None:
            self.draft = XeroContact(wire.new_guid(), "", ledger.frame.now())
        else:
            self.draft = copy.copy(contact)
        self._apply(element)

    def _apply(self, element: Json) -> None:
        draft = self.draft
        draft.odd = {key: value for key, value in draft.odd.items() if key not in element}
        for key, (name, longest) in _TEXTS.items():
            if element.get(key) is not None:
                text = str(element[key]).strip()
                if len(text) > longest:
                    raise Invalid(f"{key} must be no longer than {longest} characters")
                setattr(draft, name, text)
        if not draft.name:
            raise Invalid(_NO_IDENTITY)
        check_email(draft.email)
        status = element.get("ContactStatus")
        if status is not None:
            if status not in {"ACTIVE", "ARCHIVED", "GDPRREQUEST"}:
                raise Invalid(f"ContactStatus {status} is not valid")
            draft.status = status
        self._apply_lists(element)
        if element.get("PaymentTerms") is not None:
            draft.terms = self._terms(element["PaymentTerms"])
        if more := {key: element[key] for key in _KEPT if element.get(key) is not None}:
            draft.more = {**draft.more, **more}
        contact = active_named(self._ledger, draft.name) if draft.status == "ACTIVE" else None
        if contact is not None and contact is not self._contact:
            raise Invalid(_name_taken(draft.name))

    def _apply_lists(self, element: Json) -> None:
        draft = self.draft
        persons = element.get("ContactPersons")
        if persons is not None:
            if len(persons) > PERSONS_MAX:
                raise Invalid(f"A contact can have at most {PERSONS_MAX} contact persons")
            for person in persons:
                check_email(str(person.get("EmailAddress") or ""))
            # Replaced as a whole: a person who is not listed is gone, as at the real service.
            draft.persons = [
                {**person, "IncludeInEmails": wire.truth(person.get("IncludeInEmails"))}
                for person in persons
            ]
        if element.get("Addresses") is not None:
            draft.addresses = list(element["Addresses"])
        if element.get("Phones") is not None:
            draft.phones = list(element["Phones"])

    def _terms(self, given: Json) -> dict[str, dict[str, Any]]:
        old = self.draft.terms
        # Whether terms of the side that is left out are cleared is not documented: a switch.
        keeps = not self._ledger.setting("clears_omitted_terms")
        terms = dict(old) if keeps else {}
        for side in ("Bills", "Sales"):
            term = given.get(side)
            if not term:
                continue
            day, kind = term.get("Day"), term.get("Type")
            if kind not in TERM_TYPES:
                raise Invalid(f"Payment terms type '{kind}' is not valid")
            if isinstance(day, bool) or not isinstance(day, int) or day not in TERM_DAYS:
                raise Invalid("Payment terms day must be between 0 and 31")
            terms[side] = {"Day": day, "Type": kind}
        return terms

    def commit(self) -> XeroContact:
        """Write it."""
        ledger, draft = self._ledger, self.draft
        contact = self._contact
        if contact is None:
            ledger.contacts.add(draft)
            ledger.note(draft.id, "", "Created")
            kind, contact = "CREATE", draft
        else:
            kind, renamed = "UPDATE", contact.name != draft.name
            for field in dataclasses.fields(contact):
                setattr(contact, field.name, getattr(draft, field.name))
            if renamed:
                ledger.renamed(contact)
        ledger.changed(contact)
        ledger.event("CONTACT", kind, contact)
        return contact


def check_email(address: str) -> None:
    """Refuse an address that Xero does not accept, such as one with umlauts.

    Raises:
        Invalid: the address is not valid.
    """
    if address and not _EMAIL.fullmatch(address):
        raise Invalid(f"The email address '{address}' is not valid")


def _name_taken(name: str) -> str:
    return (
        f"The contact name {name} is already assigned to another contact. The contact name must "
        "be unique across all active contacts."
    )
