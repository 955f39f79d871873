"""Invoices: what is owed on them, and why they are treated so."""

from __future__ import annotations

from operator import attrgetter

from arsync.application.decisions.why import why
from arsync.application.desk.record_pages import InvoiceDetailView, invoices_page, one_invoice
from arsync.application.result_views import WhyView, why_view
from arsync.web.api.operations import Operations, Paged, PageQuery, RecordId, page_of
from arsync.web.api.resources.customers import DayQuery
from arsync.web.caller import Caller

operations = Operations("invoices")


@operations.read("/connections/{connection}/invoices")
def list_invoices(caller: Caller, query: PageQuery) -> Paged[InvoiceDetailView]:
    """List invoices, in the order of their ids."""
    rows = invoices_page(caller.actor, caller.organisation, query.wanted)
    return page_of(rows, query, lambda row: row, attrgetter("id"))


@operations.read("/connections/{connection}/invoices/{invoice}")
def get_invoice(caller: Caller, invoice: RecordId) -> InvoiceDetailView:
    """Get an invoice."""
    return one_invoice(caller.actor, caller.organisation, invoice)


@operations.read("/connections/{connection}/invoices/{invoice}/why")
def explain_invoice(caller: Caller, invoice: RecordId, query: DayQuery) -> WhyView:
    """Explain what is done about an invoice, what is not, and why."""
    document = one_invoice(caller.actor, caller.organisation, invoice)
    return why_view(why(caller.actor, caller.organisation, document.id, query.as_of))
