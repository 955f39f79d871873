"""The desk's pages, a module for each entry of its menu."""

from __future__ import annotations

from arsync.web.desk.pages.approvals import routes as approvals
from arsync.web.desk.pages.audit import routes as audit
from arsync.web.desk.pages.clients import routes as clients
from arsync.web.desk.pages.connect import routes as connect
from arsync.web.desk.pages.connection import routes as connection
from arsync.web.desk.pages.credit import routes as credit
from arsync.web.desk.pages.credit_asking import routes as credit_asking
from arsync.web.desk.pages.credit_recording import routes as credit_recording
from arsync.web.desk.pages.customer_forms import routes as customer_forms
from arsync.web.desk.pages.customer_letters import routes as customer_letters
from arsync.web.desk.pages.customers import routes as customers
from arsync.web.desk.pages.decisions import routes as decisions
from arsync.web.desk.pages.ending_agreements import routes as ending_agreements
from arsync.web.desk.pages.first_page import routes as first_page
from arsync.web.desk.pages.forecast import routes as forecast
from arsync.web.desk.pages.invoices import routes as invoices
from arsync.web.desk.pages.keys import routes as keys
from arsync.web.desk.pages.letters import routes as letters
from arsync.web.desk.pages.me import routes as me
from arsync.web.desk.pages.measures import routes as measures
from arsync.web.desk.pages.mode import routes as mode
from arsync.web.desk.pages.payment_plan import routes as payment_plan
from arsync.web.desk.pages.people import routes as people
from arsync.web.desk.pages.rules import routes as rules
from arsync.web.desk.pages.search import routes as search
from arsync.web.desk.pages.sign_in import routes as sign_in
from arsync.web.desk.pages.stop import routes as stop
from arsync.web.desk.pages.today import routes as today
from arsync.web.desk.pages.tries import routes as tries
from arsync.web.desk.pages.worklist import routes as worklist
from arsync.web.desk.routing import Route, Routes

ALL: tuple[Routes, ...] = (
    approvals,
    audit,
    clients,
    connect,
    connection,
    credit,
    credit_asking,
    credit_recording,
    customer_forms,
    customer_letters,
    customers,
    decisions,
    ending_agreements,
    first_page,
    forecast,
    invoices,
    keys,
    letters,
    me,
    measures,
    mode,
    payment_plan,
    people,
    rules,
    search,
    sign_in,
    stop,
    today,
    tries,
    worklist,
)
"""The routes of every module; the tests of roles, forms and screens go through them."""


def every_route() -> list[Route]:
    """Return all routes of the desk."""
    return [route for routes in ALL for route in routes.all]
