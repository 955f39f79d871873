"""A realistic ledger: the same for the same seed, on every computer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from .places import place
from .platform import ContactRow, InvoiceRow, PaymentRow
from .timeline import LoadedRows

HISTORY_DAYS = 365
"""How far back the generated invoices reach."""

CONTACTS_MAX = 100_000
INVOICES_MAX = 1_000_000

FIRST = (
    *("Ashford", "Bellweather", "Calder", "Dunmore", "Eastgate", "Fairholm", "Greystone"),
    *("Harrow", "Ivybridge", "Juniper", "Kestrel", "Larkfield", "Marlow", "Northwick", "Oakham"),
    *("Pemberton", "Quayside", "Redcliff", "Silverdale", "Thornbury", "Umber", "Verity"),
    *("Westmoor", "Yarrow", "Zephyr", "Blackwood", "Copperfield", "Driftwood", "Elmhurst"),
    *("Foxglove", "Granary", "Hollin", "Inkwell", "Kingsley", "Linden", "Millbrook"),
)
SECOND = (
    *("Architects", "Bakery", "Builders", "Catering", "Ceramics", "Cycles", "Dental", "Design"),
    *("Electrical", "Engineering", "Events", "Farms", "Flooring", "Foods", "Furniture", "Garages"),
    *("Gardens", "Glass", "Haulage", "Hotels", "Interiors", "Joinery", "Logistics", "Marine"),
    *("Media", "Motors", "Optics", "Plumbing", "Printing", "Publishing", "Roofing", "Software"),
    *("Supplies", "Textiles", "Timber", "Tools", "Travel", "University", "Veterinary", "Wines"),
)
LEGAL_FORMS = ("Ltd", "Ltd", "Ltd", "Limited", "& Sons", "LLP", "Group", "")

PEOPLE = (
    *("Amelia", "Ben", "Chloe", "Daniel", "Esther", "Farah", "George", "Hannah", "Imran"),
    *("Julia", "Kofi", "Laura", "Martin", "Nadia", "Oliver", "Priya", "Robert", "Sofia"),
)
SURNAMES = (
    *("Archer", "Bennett", "Clarke", "Doyle", "Ellis", "Foster", "Grant", "Hughes", "Ingram"),
    *("Jones", "Khan", "Lewis", "Mason", "Newton", "Okafor", "Palmer", "Quinn", "Reid"),
)
NOBODY_TO_CALL = 17
"""One contact in so many has neither a contact person nor a telephone number, nor an address."""

ACCOUNT_NUMBERS_FROM = 10_001
ORDER_NUMBERS_FROM = 4_500
ORDERS_IN_WRITING = 3
"""One contact in so many orders in writing: its invoices bear an order number."""

TERMS_DAYS = (7, 14, 30, 30, 30, 30, 45, 60)
GROUPS = (("Key accounts", 0.05), ("Wholesale", 0.10), ("Trade", 0.20))
"""Each group with its share of the contacts."""

FOREIGN = (("EUR", "DE"), ("USD", "US"), ("EUR", "IE"), ("AUD", "AU"))
FOREIGN_SHARE = 0.12
"""Share of the contacts who are invoiced in another currency."""

NO_EMAIL_SHARE = 0.03
DRAFT_SHARE, VOIDED_SHARE = 0.01, 0.01
PART_PAID_SHARE = 0.04

PAY_CHANCES = (0.995, 0.97, 0.93, 0.85, 0.6)
"""How likely a contact has paid an invoice whose day of payment has come; one kind a contact."""


def generate(
    *,
    seed: int,
    contacts: int,
    invoices: int,
    today: date,
    currency: str,
    country: str,
    days_ahead: int = 0,
    number_prefix: str = "INV-",
) -> LoadedRows:
    """Return a ledger with a year of history up to `today`.

    Args:
        seed: the same seed and numbers give the same ledger.
        contacts: how many customers.
        invoices: how many invoices; without customers there are none.
        today: nothing is paid after it.
        currency: the organisation's own.
        country: where most customers are.
        days_ahead: for how many days after `today` there are invoices, at the same rate; they are
            not paid yet.
        number_prefix: what an invoice's number begins with.
    """
    if not 0 <= contacts <= CONTACTS_MAX or not 0 <= invoices <= INVOICES_MAX:
        raise ValueError(
            f"a generated ledger has at most {CONTACTS_MAX} contacts and {INVOICES_MAX} invoices"
        )
    chance = random.Random(seed)
    people = list(_contacts(chance, contacts, today, currency, country))
    if not people:
        return LoadedRows([], [], [])
    payment_days = [_habit(chance) for _ in people]
    invoice_rows: list[InvoiceRow] = []
    payment_rows: list[PaymentRow] = []
    issued = sorted(int(chance.random() * HISTORY_DAYS) for _ in range(invoices))
    ahead = invoices * days_ahead // HISTORY_DAYS
    issued += sorted(HISTORY_DAYS + int(chance.random() * days_ahead) for _ in range(ahead))
    first_day = today - timedelta(days=HISTORY_DAYS - 1)
    for index, day in enumerate(issued):
        # Squaring the chance gives a few customers most of the invoices, as it is in life.
        customer = int(chance.random() ** 2 * len(people))
        number = f"{number_prefix}{index + 1:06}"
        issued_on = first_day + timedelta(days=day)
        invoice = _invoice(chance, index, number, people[customer], issued_on)
        invoice_rows.append(invoice)
        if invoice.status == "open" and invoice.issued_on <= today:
            payment_rows += _payments(chance, invoice, payment_days[customer], today)
    return LoadedRows(people, invoice_rows, payment_rows)


def _contacts(
    chance: random.Random, count: int, today: date, currency: str, country: str
) -> Iterator[ContactRow]:
    used: dict[str, int] = {}
    for index in range(count):
        stem = f"{chance.choice(FIRST)} {chance.choice(SECOND)}"
        name = f"{stem} {chance.choice(LEGAL_FORMS)}".strip()
        used[name] = again = used.get(name, 0) + 1
        if again > 1:
            name = f"{name} ({again})"
        # `.example` is reserved: no letter of a test can ever reach a mailbox.
        domain = f"{stem.lower().replace(' ', '-')}-{index + 1}.example"
        foreign = chance.random() < FOREIGN_SHARE
        money, place_of = chance.choice(FOREIGN) if foreign else (currency, country)
        yield ContactRow(
            id=f"C{index + 1:05}",
            name=name,
            email="" if chance.random() < NO_EMAIL_SHARE else f"accounts@{domain}",
            currency=money,
            country=place_of,
            contact_group=_group(chance.random()),
            terms_days=chance.choice(TERMS_DAYS),
            created_on=today - timedelta(days=HISTORY_DAYS + int(chance.random() * 1500)),
            **_to_speak_to(index),
            **_to_write_to(index, place_of),
        )


def _to_speak_to(index: int) -> dict[str, str]:
    """Return a contact person and telephone numbers: by the index, so that no chance is drawn."""
    if index % NOBODY_TO_CALL == NOBODY_TO_CALL - 1:
        return {}
    person = f"{PEOPLE[index % len(PEOPLE)]} {SURNAMES[index // len(PEOPLE) % len(SURNAMES)]}"
    # Ofcom keeps these numbers for drama: no call of a test can ever reach a telephone.
    number = f"{index % 1000:03}"
    mobile = f"+44 7700 900{number}" if index % 3 == 0 else ""
    return {"contact_person": person, "phone": f"+44 20 7946 0{number}", "mobile": mobile}


def _to_write_to(index: int, country: str) -> dict[str, str]:
    """Return an address and the customer's number: of nobody to call it has neither."""
    if index % NOBODY_TO_CALL == NOBODY_TO_CALL - 1:
        return {}
    return {**place(country, index)._asdict(), "account_number": str(ACCOUNT_NUMBERS_FROM + index)}


def _group(where: float) -> str:
    for name, share in GROUPS:
        if where < share:
            return name
        where -= share
    return ""


def _habit(chance: random.Random) -> tuple[int, float]:
    """Return how many days after the due date a contact pays, and how likely at all."""
    kind = chance.random()
    likely = chance.choice(PAY_CHANCES)
    if kind < 0.45:
        return -3, likely
    if kind < 0.75:
        return 6, likely
    if kind < 0.92:
        return 21, likely
    return 48, likely


def _invoice(
    chance: random.Random, index: int, number: str, contact: ContactRow, issued_on: date
) -> InvoiceRow:
    # Log-normal, as invoices are: many small ones, and a few that are a hundred times as large.
    pence = int(chance.lognormvariate(11.2, 1.0)) + 1500
    status_draw = chance.random()
    status = "open"
    due_on: date | None = issued_on + timedelta(days=contact.terms_days or 30)
    if status_draw < DRAFT_SHARE:
        status = "draft"
        # Many drafts have no due date yet, as recordings show.
        due_on = due_on if index % 2 else None
    elif status_draw < DRAFT_SHARE + VOIDED_SHARE:
        status = "voided"
    return InvoiceRow(
        id=f"I{index + 1:06}",
        number=number,
        contact_id=contact.id,
        issued_on=issued_on,
        due_on=due_on,
        currency=contact.currency,
        total=Decimal(pence).scaleb(-2),
        status=status,
        purchase_order=_order_number(index, contact),
    )


def _order_number(index: int, contact: ContactRow) -> str:
    orders_in_writing = int(contact.id[1:]) % ORDERS_IN_WRITING == 0
    return f"PO {ORDER_NUMBERS_FROM + index}" if orders_in_writing else ""


def _payments(
    chance: random.Random, invoice: InvoiceRow, habit: tuple[int, float], today: date
) -> Iterator[PaymentRow]:
    usual, likely = habit
    assert invoice.due_on is not None
    paid_on = invoice.due_on + timedelta(days=usual + int(chance.gauss(0, 4)))
    paid_on = max(paid_on, invoice.issued_on)
    if paid_on > today or chance.random() > likely:
        return
    amount = invoice.total
    if chance.random() < PART_PAID_SHARE:
        amount = (amount / 2).quantize(Decimal("0.01"))
    yield PaymentRow(f"P{invoice.id[1:]}", invoice.id, paid_on, amount)
