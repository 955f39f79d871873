"""What invoices and credit notes have in common when they are written: contact, days, lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from . import wire
from .contacts import ContactChange, check_email, find_meant
from .documents import APPROVED, UNAPPROVED, XeroContact, XeroDocument, XeroLine
from .errors import Invalid
from .forms import Json
from .ledger import XeroLedger
from .organisation import TAX_RATES, active_account
from .postings import rate_for

DESCRIPTION_CHARS_MAX = 4000
"""The longest description of a line, in characters."""

REFERENCE_CHARS_MAX = 255
NUMBER_CHARS_MAX = 255

TRANSITIONS = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"SUBMITTED", "DRAFT", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}
"""The statuses that an app may set, by the present one."""

NOT_MODIFIABLE = "Invoice not of valid status for modification"

_CONTACT_ONLY_ID = {"ContactID", "HasValidationErrors", "HasAttachments"}


def contact_of(
    ledger: XeroLedger, element: Json
) -> tuple[XeroContact, Callable[[], object] | None]:
    """The contact that a document names, and what must be written to it, if anything.

    Raises:
        Invalid: inside the nested contact.
    """
    inside = element.get("Contact")
    try:
        if not isinstance(inside, dict):
            raise Invalid(  # noqa: TRY301 - the handler below says where it belongs
                "The Contact must contain at least 1 of the following elements to identify the "
                "contact Name, ContactID, ContactNumber"
            )
        contact = find_meant(ledger, inside)
        if contact is not None and contact.status != "ACTIVE":
            raise Invalid("The contact is archived and cannot be used")  # noqa: TRY301
        check_email(contact.email if contact and "EmailAddress" not in inside else "")
        if contact is not None and set(inside) <= _CONTACT_ONLY_ID:
            return contact, None
        # Other sub-fields update the contact, and what they do not list of its persons is gone.
        change = ContactChange(ledger, contact, {"ContactPersons": [], **inside})
    except Invalid as error:
        raise Invalid(*error.messages, inside="Contact") from error
    return contact or change.draft, change.commit


def read_day(element: Json, key: str) -> date | None:
    """A day of an element.

    Raises:
        Invalid: it cannot be read.
    """
    value = element.get(key)
    if value in {None, ""}:
        return None
    try:
        return wire.read_day(value)
    except (ValueError, TypeError) as error:
        raise Invalid(f"{key} '{value}' is not a valid date") from error


def read_number(row: Json, key: str) -> Decimal | None:
    """A number of an element.

    Raises:
        Invalid: it cannot be read.
    """
    value = row.get(key)
    if value is None:
        return None
    try:
        return wire.number(value)
    except ValueError as error:
        raise Invalid(f"{key} '{value}' is not a valid number") from error


def apply_common(ledger: XeroLedger, draft: XeroDocument, element: Json, places: int) -> None:
    """Set days, reference, currency and lines of a draft.

    Raises:
        Invalid: with Xero's message.
    """
    if (day := read_day(element, "Date")) is not None:
        draft.issued_on = day
    if (day := read_day(element, "DueDate")) is not None:
        draft.due_on = day
    if element.get("Reference") is not None:
        draft.reference = str(element["Reference"])
        if len(draft.reference) > REFERENCE_CHARS_MAX:
            raise Invalid(f"Reference must be no longer than {REFERENCE_CHARS_MAX} characters")
    if element.get("BrandingThemeID"):
        draft.theme = wire.guid(element["BrandingThemeID"])
    if code := element.get("CurrencyCode"):
        if code not in ledger.currencies:
            raise Invalid(f"Organisation is not subscribed to currency {code}")
        draft.currency = str(code)
        draft.rate = rate_for(ledger, draft.currency)
    if rate := read_number(element, "CurrencyRate"):
        draft.rate = wire.rate(rate)
    if kind := element.get("LineAmountTypes"):
        if kind not in {"Exclusive", "Inclusive", "NoTax"}:
            raise Invalid(f"LineAmountTypes '{kind}' is not valid")
        draft.line_amount_types = str(kind)
    if element.get("LineItems") is not None:
        old = {line.id: line for line in draft.lines}
        draft.lines = [_line(row, old, draft, places) for row in element["LineItems"]]
        add_up(draft)


def check_lock(ledger: XeroLedger, *days: date | None) -> None:
    """Refuse days on or before the lock date.

    Raises:
        Invalid: one of them is.
    """
    lock = ledger.lock_date
    if lock and any(day and day <= lock for day in days):
        raise Invalid(
            f"The document date cannot be before the period lock date, currently set at {lock}"
        )


def check_status(draft: XeroDocument, status: str, *, new: bool) -> None:
    """Refuse a status that an app may not set now.

    Raises:
        Invalid: with Xero's message.
    """
    if new:
        if status not in {*UNAPPROVED, "AUTHORISED"}:
            raise Invalid(f"Status {status} is not valid for a new document")
    elif status not in TRANSITIONS.get(draft.status, set()):
        raise Invalid(NOT_MODIFIABLE)
    draft.status = status
    if status in APPROVED and not draft.lines:
        raise Invalid("At least one line item is required to approve a document")
    if status in APPROVED and any(not line.account_code for line in draft.lines):
        raise Invalid("Account code must be specified")


def _line(row: Json, old: dict[str, XeroLine], draft: XeroDocument, places: int) -> XeroLine:
    kept = old.get(wire.guid(row.get("LineItemID")))
    line = XeroLine(kept.id if kept else wire.new_guid())
    if kept:
        for name in ("description", "quantity", "unit_amount", "account_code", "tax_type"):
            setattr(line, name, getattr(kept, name))
    if row.get("Description") is not None:
        line.description = str(row["Description"])
    if not 1 <= len(line.description) <= DESCRIPTION_CHARS_MAX:
        raise Invalid(f"Description must be 1 to {DESCRIPTION_CHARS_MAX} characters long")
    quantity, unit = read_number(row, "Quantity"), read_number(row, "UnitAmount")
    line.quantity = line.quantity if quantity is None else quantity
    line.unit_amount = line.unit_amount if unit is None else wire.units(unit, places)
    for key, name in (("AccountCode", "account_code"), ("TaxType", "tax_type")):
        if row.get(key) is not None:
            setattr(line, name, str(row[key]))
    if line.account_code and not active_account(line.account_code):
        code = line.account_code
        raise Invalid(f"Account code '{code}' is not a valid code for this document.")
    more: dict[str, Any] = {key: row[key] for key in ("ItemCode", "Tracking") if row.get(key)}
    discount = read_number(row, "DiscountRate") or Decimal(0)
    if discount:
        more["DiscountRate"] = discount
    line.more = more or None
    line.line_amount = wire.cents(line.quantity * line.unit_amount * (100 - discount) / 100)
    amount = read_number(row, "LineAmount")
    if amount is not None and unit is None:
        line.line_amount = wire.cents(amount)
        line.unit_amount = wire.units(amount / (line.quantity or Decimal(1)), places)
    elif amount is not None and wire.cents(amount) != line.line_amount:
        raise Invalid(
            f"The line total {amount} does not match the expected line total {line.line_amount}"
        )
    tax = read_number(row, "TaxAmount")
    line.tax_amount = _tax(line, draft.line_amount_types) if tax is None else wire.cents(tax)
    return line


def _tax(line: XeroLine, line_amount_types: str) -> Decimal:
    """Tax of one line; it is rounded per line and then summed."""
    rate = TAX_RATES.get(line.tax_type, Decimal(0))
    if line_amount_types == "NoTax":
        return wire.ZERO
    if line_amount_types == "Inclusive":
        return wire.cents(line.line_amount * rate / (1 + rate))
    return wire.cents(line.line_amount * rate)


def add_up(draft: XeroDocument) -> None:
    """Let the totals follow from the lines."""
    lines = sum((line.line_amount for line in draft.lines), wire.ZERO)
    draft.total_tax = sum((line.tax_amount for line in draft.lines), wire.ZERO)
    inclusive = draft.line_amount_types == "Inclusive"
    draft.sub_total = lines - draft.total_tax if inclusive else lines
    draft.total = draft.sub_total + draft.total_tax
