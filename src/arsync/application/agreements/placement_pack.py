"""The pack of a placement: the papers that an agency or a lawyer asks for, as a folder.

Everything is of the books as of now. What cannot be had is named in the pack instead of being made
up: the accounting system keeps the invoices themselves, and is asked for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from arsync.application.agreements.pack_papers import (
    OPEN_ITEMS,
    PAYMENTS,
    PROOF,
    agreements,
    money_received,
    notes,
    open_items,
    proof_of_sending,
    statement_of,
    table,
)
from arsync.application.agreements.placements import PlacedCustomer, customer_assessed, latest_of
from arsync.application.letters.invoice_papers import InvoicePapers, invoice_papers
from arsync.application.letters.letter_preview import extras_as_sent
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import Recorded
from arsync.core.actions import STARTED_STATES, ActionKind, is_our_letter
from arsync.core.collections.placements import PlacementFigures, sums_in_words
from arsync.core.ledger.records import Contact, Invoice
from arsync.core.ledger.sanitising import file_name
from arsync.errors import ArsyncError, UserMistake
from arsync.files import new_private_folder, refuse_taken
from arsync.mail import statement_pdf
from arsync.mail.postal_lines import lines_abroad
from arsync.store.models import ActionRow, LogRow

LETTERS_MAX = 50
"""So many letters are in a pack, the newest; the others are in the proof of sending."""

ACTIONS_MAX = 5_000
"""So many actions of the customer are looked through."""

INVOICES = "invoices/"
"""The folder of the invoices within the pack."""

INDEX_BYTES_MAX = 500_000
"""So much room is left for the index when invoices are added."""

PACK_BYTES_MAX = 25_000_000
"""A larger pack would fit into no email; it is refused rather than cut."""

refuse_taken_folder = refuse_taken
"""What a command asks before it records anything."""


class _Gathered(NamedTuple):
    """What one pack is made of."""

    customer: PlacedCustomer
    figures: PlacementFigures
    debts: tuple[Invoice, ...]
    """The invoices that were placed, as the books have them."""
    rows: tuple[ActionRow, ...]
    """What was done about them, the oldest first."""
    log: tuple[LogRow, ...]
    """What people noted about the customer, or about one of these invoices."""


def write_pack(
    actor: Actor,
    container: Container,
    contact: str,
    folder: Path,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Write the papers of a customer's latest placement into a new folder, whole or not at all.

    Raises:
        UserMistake: there is no such customer or placement, the folder is there already, or the
            pack is too large.
    """
    permit(actor, Permission.PLACE)
    refuse_taken(folder)
    gathered = _gather(customer_assessed(container, contact, connection))
    files = _files(gathered)
    size = sum(len(content) for content in files.values())
    if size > PACK_BYTES_MAX:
        raise UserMistake(f"the pack has {size:,} bytes; {PACK_BYTES_MAX:,} fit.")
    new_private_folder(folder, files)
    return Recorded(None, f"{folder}: {len(files)} files for {gathered.figures.placement.agency}.")


def _gather(customer: PlacedCustomer) -> _Gathered:
    figures = latest_of(customer)
    ids = {debt.invoice_id for debt in figures.placement.debts}
    debts = tuple(invoice for invoice in customer.account.invoices if invoice.id in ids)
    organisation = customer.organisation
    rows = [
        row
        for member in customer.account.contacts
        for row in organisation.store.actions.list(
            organisation.id, contact_id=member.id, states=STARTED_STATES, rows_max=ACTIONS_MAX
        )
        if any(ref.id in ids for ref in row.action.invoices)
    ]
    rows.sort(key=lambda row: (row.first_sent_at or row.created_at, row.key))
    members = [member.id for member in customer.account.contacts]
    log = [
        entry
        for entry in organisation.store.log.of(organisation.id, members)
        if entry.taken_back_at is None and entry.invoice_id in {"", *ids}
    ]
    return _Gathered(customer, figures, debts, tuple(rows), tuple(log))


def _files(gathered: _Gathered) -> dict[str, bytes]:
    customer, figures = gathered.customer, gathered.figures
    organisation, today = customer.organisation, customer.organisation.today
    books = organisation.connection.organisation
    statement = statement_of(
        customer.assessment,
        gathered.debts,
        figures.placement,
        creditor=books,
        customer=customer.party.view.contact,
        today=today,
    )
    letters, missing = _letters(gathered)
    papers = {
        "statement.pdf": statement_pdf(statement, now=organisation.clock.now()),
        "open items.csv": table(OPEN_ITEMS, open_items(customer.assessment, gathered.debts, today)),
        "payments.csv": table(PAYMENTS, money_received(customer.account, gathered.debts)),
        "proof of sending.csv": table(PROOF, proof_of_sending(gathered.rows)),
        "notes.txt": _text(notes(gathered.rows, gathered.log)),
        "agreements.txt": _text(agreements(customer.assessment, gathered.debts)),
        "terms.txt": _text(_terms(gathered)),
        **letters,
    }
    room = PACK_BYTES_MAX - sum(map(len, papers.values())) - INDEX_BYTES_MAX
    printed = invoice_papers(organisation, gathered.debts, room)
    names = _invoice_files(gathered.debts, printed)
    files = papers | {names[id_]: printed.papers[id_] for id_ in names}
    index = _index(gathered, files, (*missing, *printed.remarks), names)
    return {"INDEX.txt": _text(index), **files}


def _invoice_files(debts: Sequence[Invoice], printed: InvoicePapers) -> dict[str, str]:
    """Return the name of each invoice's file, by the invoice's id."""
    names: dict[str, str] = {}
    for debt in debts:
        if debt.id in printed.papers:
            stem = f"{INVOICES}{file_name(debt.number or debt.id, '')}"
            names[debt.id] = _free(stem, names.values())
    return names


def _text(text: str) -> bytes:
    return (text.rstrip() + "\n").encode()


_ABOUT = {
    "statement.pdf": "the debts on one page, for people",
    "open items.csv": "the debts with every figure, for a spreadsheet",
    "payments.csv": "payments and credits that were matched to them",
    "proof of sending.csv": "each message, and what the accounting system or mail server answered",
    "notes.txt": "what was done and noted, by day",
    "agreements.txt": "promises, payment plans and disputes",
    "terms.txt": "the payment terms",
}


_ABOUT_LETTERS = (
    "Letters are composed again from what was recorded of their day, with the texts of today."
)


def _index(
    gathered: _Gathered,
    files: Mapping[str, bytes],
    missing: Sequence[str],
    invoice_files: Mapping[str, str],
) -> str:
    customer, placement = gathered.customer, gathered.figures.placement
    organisation, contact = customer.organisation, customer.party.view.contact
    books = organisation.connection.organisation
    creditor = (books.legal_name or books.name, *books.address, f"books in {organisation.label}")
    lines = [
        f"{contact.name}: placed with {placement.agency}",
        "",
        f"Creditor       {', '.join(creditor)}",
        f"Debtor         {', '.join(_debtor(contact, books.country))}",
        f"Placed on      {placement.placed_on}: {sums_in_words(gathered.figures.placed)}",
        f"State today    {gathered.figures.state}, {organisation.today}",
        f"Recovered      {sums_in_words(gathered.figures.recovered)}",
        "",
        "Files",
        *(f"  {name}: {_about(name)}" for name in files),
        "",
        *(_remarks(files, missing)),
        "Invoices",
        *(_invoice_line(debt, invoice_files.get(debt.id, "")) for debt in gathered.debts),
    ]
    return "\n".join(lines)


def _remarks(files: Mapping[str, bytes], missing: Sequence[str]) -> Iterator[str]:
    """Yield what is to be known of the files, and a blank line if there is anything."""
    letters = any(name.startswith("letters/") for name in files)
    remarks = [*([_ABOUT_LETTERS] if letters else []), *missing]
    yield from remarks
    if remarks:
        yield ""


def _about(name: str) -> str:
    if name.startswith(INVOICES):
        return "an invoice, as the accounting system prints it"
    return _ABOUT.get(name, "a letter")


def _debtor(contact: Contact, home: str) -> Iterator[str]:
    """Yield what an agency needs to find a customer."""
    yield from (contact.name, *lines_abroad(contact.address, contact.country, home))
    yield from filter(None, (contact.email, *map(str, contact.phones)))
    if contact.customer_number:
        yield f"customer number {contact.customer_number}"


def _invoice_line(debt: Invoice, paper: str) -> str:
    places = ", ".join(filter(None, (paper, debt.link)))
    line = f"  {debt.number or debt.id} of {debt.issued_on}"
    return f"{line}: {places}" if places else line


def _terms(gathered: _Gathered) -> str:
    contact = gathered.customer.party.view.contact
    lines = [f"Payment terms: {contact.terms or 'the accounting system does not say'}"]
    law = gathered.customer.organisation.rulebook.statutory
    if law is not None:
        lines.append(f"Late payment: {law.law}")
    lines += [
        f"{debt.number or debt.id}: issued {debt.issued_on}, due {debt.due_on}"
        for debt in gathered.debts
    ]
    return "\n".join(lines)


def _letters(gathered: _Gathered) -> tuple[dict[str, bytes], list[str]]:
    """Return the letters in our own words as PDF, and what is missing of them, in words."""
    messages = [
        row
        for row in gathered.rows
        if row.action.kind in {ActionKind.REMINDER, ActionKind.LETTER} and is_our_letter(row.action)
    ]
    letters: dict[str, bytes] = {}
    missing = []
    if len(messages) > LETTERS_MAX:
        missing.append(f"Only the last {LETTERS_MAX} of {len(messages):,} letters are here.")
    for row in messages[-LETTERS_MAX:]:
        name = file_name(f"{row.sent_on} {row.action.payload.title or row.action.step}", "")
        try:
            letters[_free(f"letters/{name}", letters.keys())] = _letter_again(
                gathered.customer, row
            )
        except ArsyncError as error:
            missing.append(f"Not composed: {name}: {str(error).splitlines()[0]}")
    platforms = sum(
        row.action.kind is ActionKind.REMINDER and not is_our_letter(row.action)
        for row in gathered.rows
    )
    if platforms:
        label = gathered.customer.organisation.label
        missing.append(f"{label} emailed {platforms:,} times in its own words: see the proof.")
    return letters, missing


def _free(stem: str, taken: Collection[str]) -> str:
    """Return a name that no other file has, also where capitals make no difference."""
    folded = {name.casefold() for name in taken}
    names = (f"{stem}.pdf", *(f"{stem} ({n}).pdf" for n in range(2, len(taken) + 2)))
    return next(name for name in names if name.casefold() not in folded)


def _letter_again(customer: PlacedCustomer, row: ActionRow) -> bytes:
    """Return a letter as it was composed on its day: from the books as they stood then."""
    organisation, action = customer.organisation, row.action
    day = row.sent_on or organisation.today
    account = next(accounts_on(organisation, day, [action.contact_id]), None)
    if account is None:
        raise UserMistake("the customer is no longer in the books.")
    moment = row.first_sent_at or row.created_at
    extras = extras_as_sent(organisation, row)
    return organisation.letter_maker.pdf(action, account, day, extras, moment=moment)
