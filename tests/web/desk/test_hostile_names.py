"""Names and notes that want to be more than text stay text on every page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from tests.builders.desk import HOSTILE, DeskDriver, a_desk, add_person
from tests.builders.driver import an_owner
from tests.builders.every_route import HOSTILE_CUSTOMER, address_of, opened

from arsync.application.agreements.disputes import DisputeWords, open_dispute
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.connections.connection_changes import stop_everything
from arsync.application.credit.credit_applications import (
    ApplicantWords,
    ReferenceWords,
    apply_for_credit,
    record_data,
    record_reference,
)
from arsync.application.credit.credit_decisions import DecidedByHand, decide_credit
from arsync.application.customers.contact_log import LogEntry, log
from arsync.application.people.audit import AuditEntry, note
from arsync.application.permissions import Role
from arsync.application.tasks.tasks import NewTask, open_task
from arsync.core.ledger.agreements.credit_applications import CreditOutcome, ReferenceAnswer
from arsync.store.people.users import UserRow
from arsync.web.desk.pages import every_route
from arsync.web.desk.routing import Route

PAGES = [route for route in every_route() if route.method == "GET"]

WHO = an_owner(HOSTILE)


class Hostile(NamedTuple):
    """A desk on which whatever a person can write is hostile, and an owner who looks at it."""

    desk: DeskDriver
    owner: UserRow
    browser: FlaskClient


@pytest.fixture(scope="module")
def hostile(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hostile]:
    with a_desk(tmp_path_factory.mktemp("hostile")) as desk:
        app = desk.container
        owner = add_person(app, "Hannah Reid", Role.OWNER)
        app.store.users.add("mallory@example.com", HOSTILE, owner.roles)
        (books,) = app.contexts("books")
        (invoice,) = app.store.ledger.open_invoices(books.id, HOSTILE_CUSTOMER)
        log(WHO, app, HOSTILE_CUSTOMER, LogEntry(HOSTILE), connection="books")
        open_task(WHO, app, HOSTILE_CUSTOMER, NewTask(HOSTILE, HOSTILE), connection="books")
        words = DisputeWords(HOSTILE, owner=HOSTILE, needs=HOSTILE)
        open_dispute(WHO, app, "i1", words, connection="books")
        said = ReferenceWords(ReferenceAnswer.BAD, words=HOSTILE)
        applied = ApplicantWords(registration_number=HOSTILE[:40], people=(HOSTILE,))
        apply_for_credit(WHO, app, HOSTILE, applied, connection="books")
        record_reference(WHO, app, 1, HOSTILE, said=said)
        record_data(WHO, app, 1, [("rating", HOSTILE)], source=HOSTILE)
        by_hand = DecidedByHand(CreditOutcome.REFUSE, reason=HOSTILE)
        decide_credit(WHO, app, 1, by_hand)
        day = books.today + timedelta(3)
        promise(WHO, app, [invoice], PromiseToPay(day, note=HOSTILE), connection="books")
        note(app, AuditEntry(HOSTILE, "desk", HOSTILE, HOSTILE, HOSTILE, books.id))
        stop_everything(WHO, books, HOSTILE)
        yield Hostile(desk, owner, desk.signed_in(owner))


@pytest.mark.parametrize("route", PAGES, ids=lambda route: str(route.rule))
def test_a_hostile_text_stays_text(hostile: Hostile, route: Route) -> None:
    page = _page(hostile, route)
    assert "<img src=x" not in page
    assert 'onerror="document' not in page
    assert "&49" not in page
    assert "&amp;49" not in page


def test_the_hostile_texts_are_shown(hostile: Hostile) -> None:
    shown = [route.rule for route in PAGES if str(escape(HOSTILE)) in _page(hostile, route)]
    assert len(shown) > 5, shown


def _page(hostile: Hostile, route: Route) -> str:
    address = address_of(route, hostile.desk, hostile.owner, HOSTILE_CUSTOMER)
    answer = opened(hostile.browser, route, address)
    assert answer.status_code < 500
    return answer.text if answer.mimetype == "text/html" else ""
