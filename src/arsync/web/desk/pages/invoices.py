"""One invoice, and why something is done about it or about its customer."""

from __future__ import annotations

from itertools import groupby

from werkzeug.wrappers import Response

from arsync.application.desk.invoice import invoice_page, why_page
from arsync.core.planning.rules_read import SECTIONS_READ
from arsync.translation import ReaderText
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

SECTIONS = {
    "facts": ReaderText("Facts"),
    "leave_alone": ReaderText("Left alone"),
    "credit_limits": ReaderText("Credit limit"),
    "credit_holds": ReaderText("Credit hold"),
    "reminders": ReaderText("Reminders"),
    "trial": ReaderText("On trial"),
    "invoice": ReaderText("Invoices"),
    "sent": ReaderText("Sent"),
    "take_over": ReaderText("Taken over"),
    "next": ReaderText("Next"),
    "planned": ReaderText("Planned"),
    "held back": ReaderText("Held back"),
    "tasks": ReaderText("Tasks"),
    "promises": ReaderText("Promises"),
    "disputes": ReaderText("Disputes"),
    "payment plan": ReaderText("Payment plan"),
    "placed": ReaderText("Placed"),
    "follow_ups": ReaderText("Follow-ups"),
    "alerts": ReaderText("Alerts"),
    "charges": ReaderText("Charges for late payment"),
    "discounts": ReaderText("Prompt-payment discounts"),
    "placements": ReaderText("Placements with an agency"),
    "write_offs": ReaderText("Write-offs"),
    "terms": ReaderText("Payment terms"),
    "statements": ReaderText("Statements"),
    "after_issue": ReaderText("Letters after the issue of an invoice"),
    "thank_you": ReaderText("Thank-you letters"),
    "announcements": ReaderText("Announcements"),
    "late payment": ReaderText("Late payment"),
    "payables": ReaderText("Owed to them as a supplier"),
    "supplier_alerts": ReaderText("Watched as a supplier"),
}
"""The sections of an explanation, as pages call them."""

LINES_MAX = 400


@routes.page("/c/<connection>/invoices/<invoice>")
def one_invoice(visit: Visit, invoice: str) -> Response:
    """Show one invoice: what was done about it, and what paid it."""
    page = invoice_page(visit.actor, visit.organisation, invoice)
    return visit.page(
        "invoice.html",
        page=page,
        home=visit.organisation.connection.organisation.base_currency,
        today=visit.organisation.today,
        label=visit.organisation.label,
    )


@routes.page("/c/<connection>/why/<subject>")
def explain_why(visit: Visit, subject: str) -> Response:
    """Explain a customer or an invoice, rule by rule."""
    of_invoice = visit.request.args.get("of") == "invoice"
    shown = why_page(visit.actor, visit.organisation, subject, of_invoice=of_invoice)
    lines = shown.lines[:LINES_MAX]
    sections = [
        (SECTIONS.get(name, name.capitalize()), list(some))
        for name, some in groupby(
            sorted(lines, key=lambda line: _order(line.section)), key=lambda line: line.section
        )
    ]
    return visit.page(
        "why.html",
        shown=shown,
        sections=sections,
        read=SECTIONS_READ,
        left_out=len(shown.lines) - len(lines),
        today=visit.organisation.today,
    )


def _order(section: str) -> int:
    """Put first what will happen, then what keeps it, then the rest as it is read."""
    first = ("planned", "held back", "next")
    if section in first:
        return first.index(section)
    names = list(SECTIONS)
    return len(first) + (names.index(section) if section in names else len(names))
