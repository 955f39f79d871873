"""Customers: the list, and the page of one."""

from __future__ import annotations

from decimal import Decimal

from werkzeug.wrappers import Response

from arsync.application.desk.customer import CustomerPage, customer_page, found_contact
from arsync.application.desk.customers import After, CustomersShown, ListOf, customers_page
from arsync.application.permissions import Permission
from arsync.application.timeline.events import MARK_DIGITS
from arsync.application.timeline.pins import pin_entry, take_pin_down
from arsync.errors import UserMistake
from arsync.translation import ReaderText
from arsync.web.desk.age_bar import age_bar
from arsync.web.desk.fields import refusal
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

NAME_CHARACTERS_MAX = 100

SHOWS = (
    (CustomersShown.OWING, ReaderText("Who owes")),
    (CustomersShown.OVERDUE, ReaderText("Overdue")),
    (CustomersShown.HELD, ReaderText("On credit hold")),
    (CustomersShown.AGREED, ReaderText("With an agreement")),
    (CustomersShown.WAITING, ReaderText("Something waits")),
    (CustomersShown.ALL, ReaderText("Everybody")),
)

EVENTS = (
    ("", ReaderText("Everything")),
    ("letters", ReaderText("Letters")),
    ("people", ReaderText("Calls and agreements")),
    ("money", ReaderText("Invoices and payments")),
    ("credit", ReaderText("Credit")),
)
"""The filter of the timeline."""


@routes.page("/c/<connection>/customers")
def customers(visit: Visit) -> Response:
    """List customers."""
    query = visit.request.args
    shows = query.get("show", "")
    chosen = ListOf(
        CustomersShown(shows)
        if shows in {choice.value for choice, _ in SHOWS}
        else CustomersShown.OWING,
        query.get("name", "").strip()[:NAME_CHARACTERS_MAX],
        query.get("order") == "name",
    )
    listed = customers_page(visit.actor, visit.organisation, chosen, _after(visit, chosen))
    following = None
    if listed.after is not None:
        following = visit.address(
            "customers",
            show=chosen.shows.value,
            name=chosen.begins,
            order="name" if chosen.by_name else "",
            after=listed.after.contact_id,
            place=listed.after.place,
        )
    return visit.page(
        "customers.html",
        rows=listed.rows,
        chosen=chosen,
        shows=SHOWS,
        following=following,
        is_first="after" not in query,
        home=home_of(visit),
        today=visit.organisation.today,
    )


def _after(visit: Visit, chosen: ListOf) -> After | None:
    contact_id, place = visit.request.args.get("after", ""), visit.request.args.get("place", "")
    if not contact_id or (not chosen.by_name and not place.isdecimal()):
        return None
    return After(place, contact_id)


@routes.page("/c/<connection>/customers/<customer>")
def one_customer(visit: Visit, customer: str) -> Response:
    """Show everything about one customer."""
    query = visit.request.args
    events_of = query.get("events", "")
    page = customer_page(
        visit.actor,
        visit.organisation,
        customer,
        events_of=events_of if events_of in dict(EVENTS) else "",
        all_invoices="all" in query,
        all_events="earlier" in query,
    )
    return visit.page(
        "customer.html",
        page=page,
        base=visit.address(f"customers/{customer}"),
        events=EVENTS,
        events_of=events_of,
        ticked=frozenset(query.getlist("invoice")),
        bar=age_bar(page.ages) if visit.actor.sees_amounts else None,
        home=home_of(visit),
        today=visit.organisation.today,
        label=visit.organisation.label,
        next_sums=_next_sums(page),
    )


@routes.act(
    "/c/<connection>/customers/<customer>/pin",
    Permission.LOG,
    audited="pinned an entry, or took one down",
)
def pin(visit: Visit, customer: str) -> Response:
    """Keep an entry of the timeline on top, or no longer."""
    contact = found_contact(visit.organisation, customer)
    form, visit.about = visit.request.form, contact.name
    try:
        if form.get("pin"):
            event = pin_entry(visit.actor, visit.organisation, contact, form["pin"][:MARK_DIGITS])
            visit.log_words = f"pinned: {event.kind} of {event.on}"
        elif form.get("take_down"):
            mark = form["take_down"][:MARK_DIGITS]
            take_pin_down(visit.actor, visit.organisation, contact, mark)
            visit.log_words = "taken down"
        message = ""
    except UserMistake as mistake:
        message = refusal(mistake)
    where = visit.address(f"customers/{customer}", events=form.get("events", ""))
    return visit.see(f"{where}#timeline", message)


def _next_sums(page: CustomerPage) -> dict[str, dict[str, Decimal]]:
    return {waits.row.key: waits.sums for waits in page.next.waits}


def home_of(visit: Visit) -> str:
    """Return the currency of the books."""
    return visit.organisation.connection.organisation.base_currency
