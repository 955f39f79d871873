"""The invoices themselves, as the accounting system prints them: read when a person asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.connector_sdk import Capability, Connector
from arsync.core.ledger.records import DocumentStatus, Invoice
from arsync.errors import ArsyncError, Rejected

INVOICES_MAX = 100
"""So many invoices are read as PDF: each takes a call."""

_ISSUED = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})
"""A voided invoice is printed as well, and would be taken for a claim."""


class InvoicePapers(NamedTuple):
    """The PDFs that could be had, by invoice id, and a word on each that could not."""

    papers: Mapping[str, bytes] = {}
    remarks: tuple[str, ...] = ()


def invoice_papers(
    organisation: OrganisationContext, invoices: Sequence[Invoice], bytes_max: int
) -> InvoicePapers:
    """Return the platform's own PDF of each invoice, as far as it serves them.

    Args:
        organisation: whose.
        invoices: as the books have them, the most important first.
        bytes_max: how much there is room for in all.
    """
    label = organisation.label
    if Capability.INVOICE_PDF.value not in organisation.offers:
        return InvoicePapers(remarks=(f"{label} serves no PDF of an invoice.",))
    remarks = [
        f"{_number(invoice)} is {invoice.status} in {label}: its PDF was left out."
        for invoice in invoices
        if invoice.status not in _ISSUED
    ]
    issued = [invoice for invoice in invoices if invoice.status in _ISSUED]
    if len(issued) > INVOICES_MAX:
        remarks.append(f"Only {INVOICES_MAX} of {len(issued):,} invoices were read as PDF.")
    papers: dict[str, bytes] = {}
    room = bytes_max
    try:
        with organisation.open_connector() as connector:
            for invoice, paper in _read(connector, issued[:INVOICES_MAX]):
                if isinstance(paper, Rejected):
                    remarks.append(f"The PDF of {_number(invoice)} could not be had: {paper}")
                elif len(paper) > room:
                    remarks.append(f"There was no room for the PDF of {_number(invoice)}.")
                else:
                    papers[invoice.id] = paper
                    room -= len(paper)
    except ArsyncError as error:
        # What keeps one from being read keeps the next as well: the platform is not asked again.
        words = str(error).splitlines()[0]
        remarks.append(f"{label} could not be read, so PDFs of invoices are missing: {words}")
    return InvoicePapers(papers, tuple(remarks))


def _read(
    connector: Connector, invoices: Sequence[Invoice]
) -> Iterator[tuple[Invoice, bytes | Rejected]]:
    for invoice in invoices:
        try:
            yield invoice, connector.invoice_pdf(invoice.id)
        except Rejected as refused:
            yield invoice, refused


def _number(invoice: Invoice) -> str:
    return invoice.number or invoice.id
