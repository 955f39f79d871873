"""Applications for credit: kept whole, decided once, and read with the accounts they are about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.records import a_contact

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.ledger.agreements.credit_applications import (
    AgreedCredit,
    ApplicantPerson,
    ApplicationState,
    CreditApplication,
    CreditDatum,
    CreditOutcome,
    CreditReference,
    CreditStanding,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
    SignedTerms,
)
from arsync.core.ledger.records import RecordKind
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.credit_applications import NewDecision
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
ASKED = CreditApplication(
    0,
    "Contact c1",
    TODAY,
    contact_id="c1",
    registration_number="00445790",
    country="GB",
    limit_asked=Decimal("4000.00"),
    currency="GBP",
    terms_asked="30 days",
    trading_since=date(2020, 1, 1),
    people=(ApplicantPerson("Jane Doe", "director", "jane@example.com"),),
    signed=SignedTerms("terms.pdf", "a" * 64, TODAY, "2026"),
)
REFERENCE = CreditReference(0, ReferenceKind.TRADE, "Acme Ltd", email="a@acme.example")
SCORE = CreditDatum(DatumKind.SCORE, "82", "bureau", TODAY)


@pytest.fixture(autouse=True)
def ledger(store: Store, connection: ConnectionRow) -> None:
    page = Page(RecordKind.CONTACTS, (a_contact("c1", name="Contact c1"),), "x")
    store.ledger.apply(connection.id, page, NOW)


def decided(store: Store, connection: ConnectionRow, number: int, **agreed: Any) -> int:
    """Decide about an application, whatever was decided before."""
    application = store.credit.get(connection.id, number)
    before = store.credit.decisions(connection.id, [number])
    values: dict[str, Any] = {
        "outcome": CreditOutcome.ACCEPT,
        "limit": Decimal("4000.00"),
        "currency": "GBP",
    }
    new = AgreedCredit(0, decided_on=TODAY, contact_id="", **(values | agreed))
    over = before[0].agreed.number if before else 0
    return store.credit.decide(
        connection.id, NewDecision(application, new, {"score": 82}), who="Ann", over=over
    )


def standing(
    store: Store, connection: ConnectionRow, before: datetime | None = None
) -> CreditStanding | None:
    (whole,) = store.ledger.accounts(connection.id, done_before=before)
    if before is None:
        (single,) = store.ledger.accounts(connection.id, ["c1"])
        assert single.credit == whole.credit
    return whole.credit_of("c1")


def test_an_application_is_kept_whole(store: Store, connection: ConnectionRow) -> None:
    number = store.credit.add(connection.id, ASKED, who="Ann")
    reference = store.credit_references.add(number, REFERENCE, who="Ann")
    answered = REFERENCE._replace(
        number=reference,
        answer=ReferenceAnswer.GOOD,
        answered_on=TODAY,
        highest_credit=Decimal("900.00"),
        words="always pays",
    )
    store.credit_references.answer(answered, who="Ann")
    assert store.credit.add_data(number, [SCORE, SCORE], who="Ann") == 1
    assert store.credit.add_data(number, [SCORE], who="Ann") == 0
    whole = ASKED._replace(number=number, references=(answered,), data=(SCORE,))
    assert store.credit.get(connection.id, number) == whole
    assert store.credit.all(connection.id) == store.credit.all(connection.id, ["c1"]) == [whole]


def test_an_application_of_another_connection_is_unknown(
    store: Store, connection: ConnectionRow
) -> None:
    number = store.credit.add(connection.id, ASKED, who="Ann")
    with pytest.raises(UserMistake, match="there is no application"):
        store.credit.get(connection.id + 1, number)


def test_accounts_know_how_their_application_stands(
    store: Store, connection: ConnectionRow
) -> None:
    assert standing(store, connection) is None
    number = store.credit.add(connection.id, ASKED, who="Ann")
    assert standing(store, connection) == CreditStanding("c1", ApplicationState.OPEN)
    decision = decided(store, connection, number, terms="30 days", review_on=TODAY)
    now = standing(store, connection)
    assert now is not None
    assert now.agreed is not None
    assert (now.state, now.agreed.number) == (ApplicationState.ACCEPTED, decision)
    assert (now.agreed.limit, now.agreed.terms) == (Decimal("4000.00"), "30 days")


def test_a_later_decision_takes_the_place(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    first = store.credit.add(connection.id, ASKED, who="Ann")
    decided(store, connection, first)
    clock.advance(timedelta(days=1))
    second = store.credit.add(connection.id, ASKED, who="Ann")
    decided(store, connection, second, limit=Decimal("9000.00"))
    rows = store.credit.decisions(connection.id)
    assert [(row.application, row.stands) for row in rows] == [(second, True), (first, False)]
    now = standing(store, connection)
    before = standing(store, connection, NOW + timedelta(hours=1))
    assert now is not None
    assert before is not None
    assert now.agreed is not None
    assert before.agreed is not None
    assert (now.agreed.limit, before.agreed.limit) == (Decimal("9000.00"), Decimal("4000.00"))


def test_a_refusal_leaves_what_was_agreed(store: Store, connection: ConnectionRow) -> None:
    decided(store, connection, store.credit.add(connection.id, ASKED, who="Ann"))
    more = store.credit.add(connection.id, ASKED, who="Ann")
    decided(store, connection, more, outcome=CreditOutcome.REFUSE, limit=None)
    now = standing(store, connection)
    assert now is not None
    assert now.agreed is not None
    assert (now.state, now.agreed.limit) == (ApplicationState.REFUSED, Decimal("4000.00"))


def test_two_people_at_once_decide_once(store: Store, connection: ConnectionRow) -> None:
    number = store.credit.add(connection.id, ASKED, who="Ann")
    application = store.credit.get(connection.id, number)
    new = NewDecision(application, AgreedCredit(0, "", CreditOutcome.REFUSE, TODAY))
    store.credit.decide(connection.id, new, who="Ann", over=0)
    with pytest.raises(UserMistake, match="meanwhile"):
        store.credit.decide(connection.id, new, who="Bob", over=0)
    assert len(store.credit.decisions(connection.id)) == 1


def test_what_is_taken_back_stands_no_more(store: Store, connection: ConnectionRow) -> None:
    number = store.credit.add(connection.id, ASKED, who="Ann")
    decision = decided(store, connection, number)
    assert store.credit.end(connection.id, decision, who="Bob", why="a slip")
    assert not store.credit.end(connection.id, decision, who="Bob", why="a slip")
    assert standing(store, connection) == CreditStanding("c1", ApplicationState.OPEN)


def test_a_prospect_is_bound_to_its_contact(store: Store, connection: ConnectionRow) -> None:
    prospect = ASKED._replace(contact_id="", name="  CONTACT  c1 ")
    number = store.credit.add(connection.id, prospect, who="Ann")
    assert store.credit.unbound(connection.id) == [(number, "contact c1")]
    assert standing(store, connection) is None
    store.credit.bind(connection.id, {number: "c1"})
    assert standing(store, connection) == CreditStanding("c1", ApplicationState.OPEN)


def test_forgetting_takes_out_who_applied(store: Store, connection: ConnectionRow) -> None:
    number = store.credit.add(connection.id, ASKED, who="Ann")
    store.credit_references.add(number, REFERENCE, who="Ann")
    store.credit.add_data(number, [SCORE], who="Ann")
    decided(store, connection, number)
    exported = store.privacy.export(connection.id, "Contact c1")["credit_applications"]
    assert exported[0]["references"][0]["name"] == "Acme Ltd"
    assert "Jane Doe" in exported[0]["people"]
    assert exported[0]["data"][0]["value"] == "82"
    store.privacy.forget(connection.id, "c1")
    (left,) = store.credit.all(connection.id)
    assert (left.name, left.people, left.references, left.data) == ("forgotten", (), (), ())
    assert left.registration_number == ""
    (row,) = store.credit.decisions(connection.id)
    assert (row.agreed.limit, row.facts) == (Decimal("4000.00"), {})


def test_a_prospect_is_exported_and_forgotten(store: Store, connection: ConnectionRow) -> None:
    prospect = ASKED._replace(contact_id="", name="Nova Ltd")
    store.credit.add(connection.id, prospect, who="Ann")
    exported = store.privacy.export(connection.id, "nova ltd")["credit_applications"]
    assert [application["name"] for application in exported] == ["Nova Ltd"]
    store.privacy.forget(connection.id, "Nova Ltd")
    assert [left.name for left in store.credit.all(connection.id)] == ["forgotten"]
    with pytest.raises(UserMistake, match="there is no contact"):
        store.privacy.export(connection.id, "Nova Ltd")
