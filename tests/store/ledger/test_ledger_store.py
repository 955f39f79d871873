"""The ledger keeps what the platform said, exactly, and page by page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import StatementError
from tests.builders.records import a_payment, an_invoice

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.money import AMOUNT_MAX
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    Credit,
    DocumentProblem,
    Invoice,
    Organisation,
    OwnBalance,
    Payment,
    Phone,
    RecordKind,
)
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow, DisputeTerms, PageResult

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
KINDS = RecordKind
ODD_TEXT = "a \"quoted\", text\twith\nlines\\N, ünïcödé 👩‍🌾 and 'marks'"


def apply(
    store: Store, connection: ConnectionRow, kind: RecordKind, *records: Record, **more: Any
) -> PageResult:
    page = Page(kind, records, more.pop("cursor", "next"), **more)
    return store.ledger.apply(connection.id, page, NOW)


def stored_invoices(store: Store, connection: ConnectionRow) -> dict[str, Invoice]:
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Customer"))
    accounts = store.ledger.accounts(connection.id)
    return {invoice.id: invoice for account in accounts for invoice in account.invoices}


def test_a_newer_version_brings_nobody_forgotten_back(
    store: Store, connection: ConnectionRow
) -> None:
    """A record with more fields has another hash, though the platform's document is the same."""
    gone = Contact("c1", "Acme", "archived", "a@example.com", phones=(Phone("1"),), version="7")

    def kept(contact: Contact) -> tuple[Any, ...]:
        apply(store, connection, KINDS.CONTACTS, contact)
        held = store.privacy.export(connection.id, "c1")["contact"]
        return held["name"], held["email"], held["phones"], held["address"], held["terms"]

    assert kept(gone)[0] == "Acme"
    store.privacy.forget(connection.id, "c1")
    more = gone._replace(address=("1 High Street",), customer_number="A-17", terms="30 days")
    assert kept(more) == ("forgotten", "", [], (), "30 days")
    changed = more._replace(version="8")
    assert kept(changed)[0::3] == ("Acme", ("1 High Street",))


def test_every_field_of_every_record_is_read_back(store: Store, connection: ConnectionRow) -> None:
    moment = datetime(2026, 11, 20, 23, 59, 59, 123456, tzinfo=UTC)
    allocations = (
        Allocation("i1", Decimal("10.0001"), date(2026, 10, 2)),
        Allocation('odd "id"', Decimal("-0.5"), date(2026, 10, 3)),
    )
    contact = Contact(
        "c1",
        ODD_TEXT,
        "active",
        "a@example.com",
        ("b@example.com", "c@example.com"),
        "Ann",
        ("Ann Lee", ODD_TEXT),
        (Phone("+44 20 7946 0018"), Phone(ODD_TEXT, "mobile")),
        ("1 High Street", ODD_TEXT),
        "C-1",
        "GBP",
        "GB",
        ("Key accounts", ODD_TEXT),
        "",
        True,
        "",
        date(2020, 2, 29),
        "30 days",
        ODD_TEXT,
        "7",
        moment,
    )
    invoice = Invoice(
        "i1",
        "c1",
        "INV-1",
        "open",
        date(2026, 9, 1),
        date(2026, 10, 1),
        "EUR",
        Decimal("1.123456789012345678"),
        Decimal("99999999999999.9999"),
        Decimal("-0.0001"),
        ODD_TEXT,
        "PO 77",
        True,
        date(2026, 10, 5),
        date(2026, 10, 9),
        "x@example.com",
        "https://example.com/1",
        ODD_TEXT,
        date(2026, 10, 7),
        "v1",
        moment,
    )
    payment = Payment(
        "p1",
        "c1",
        "active",
        date(2026, 10, 2),
        "EUR",
        Decimal("0.000001"),
        Decimal(10),
        Decimal("0.25"),
        allocations,
        ODD_TEXT,
        True,
        "3",
        moment,
    )
    credit = Credit(
        "k1",
        "c1",
        "overpayment",
        "CN-1",
        "open",
        date(2026, 10, 2),
        "EUR",
        None,
        Decimal(10),
        Decimal(0),
        allocations,
        "4",
        moment,
    )
    apply(store, connection, KINDS.CONTACTS, contact)
    apply(store, connection, KINDS.INVOICES, invoice, an_invoice("i2"))
    apply(store, connection, KINDS.PAYMENTS, payment)
    apply(store, connection, KINDS.CREDITS, credit)

    (account,) = store.ledger.accounts(connection.id)

    assert account.contacts == (contact,)
    assert account.invoices == (invoice, an_invoice("i2"))
    assert account.payments == (payment,)
    assert account.credits == (credit,)
    assert [type(value) for value in account.invoices[0]] == [type(value) for value in invoice]


def test_a_page_seen_again_changes_nothing(store: Store, connection: ConnectionRow) -> None:
    many = [an_invoice(f"i{number}") for number in range(50)]
    first = apply(store, connection, KINDS.INVOICES, *many)
    again = apply(store, connection, KINDS.INVOICES, *many)
    assert (first.inserted, first.unchanged) == (50, 0)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 50)


@pytest.mark.parametrize("known", [0, 1, 7, 39])
def test_new_and_edited_rows_are_told_apart(
    store: Store, connection: ConnectionRow, known: int
) -> None:
    """Whichever row of the page is the known one: only some are looked at beforehand."""
    many = [an_invoice(f"i{number:02}") for number in range(40)]
    apply(store, connection, KINDS.INVOICES, many[known])
    many[known] = many[known]._replace(amount_due=Decimal(7))
    result = apply(store, connection, KINDS.INVOICES, *many)
    assert (result.inserted, result.updated, result.unchanged) == (39, 1, 0)
    assert stored_invoices(store, connection) == {invoice.id: invoice for invoice in many}


def test_the_last_of_two_copies_on_a_page_counts(store: Store, connection: ConnectionRow) -> None:
    newer = an_invoice(amount_due=Decimal(5))
    result = apply(store, connection, KINDS.INVOICES, an_invoice(), newer)
    assert result.inserted == 1
    assert stored_invoices(store, connection) == {"i1": newer}


def test_rows_and_cursor_are_saved_together(store: Store, connection: ConnectionRow) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), cursor="one")
    page = Page(KINDS.INVOICES, [an_invoice("i2")], "two")
    # Refused together with the cursor, after the rows were written.
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="moments are aware"):
        store.ledger.apply(connection.id, page, naive)
    assert store.ledger.cursor(connection.id) == "one"
    assert list(stored_invoices(store, connection)) == ["i1"]


def test_a_page_read_by_ids_leaves_the_cursor(store: Store, connection: ConnectionRow) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), cursor="one")
    page = Page(KINDS.INVOICES, [an_invoice("i2")], "")
    store.ledger.apply(connection.id, page, NOW, moves_cursor=False)
    assert store.ledger.cursor(connection.id) == "one"


def test_a_completed_pull_is_remembered(store: Store, connection: ConnectionRow) -> None:
    assert store.ledger.cursor(connection.id) is None
    apply(store, connection, KINDS.INVOICES, an_invoice(), cursor="half")
    assert store.ledger.pulled_at(connection.id) is None
    apply(store, connection, KINDS.INVOICES, cursor="whole", complete=True)
    assert store.ledger.pulled_at(connection.id) == NOW


@pytest.mark.parametrize(
    "changes",
    [
        {"total": AMOUNT_MAX + 1},
        {"total": Decimal("0.00001")},
        {"amount_due": Decimal("NaN")},
        {"amount_due": Decimal("Infinity")},
        {"reference": "NUL \0 inside"},
        {"note": "\ud800"},
    ],
)
@pytest.mark.parametrize("beside", [0, 1])
def test_an_unstorable_document_becomes_a_problem_and_paging_continues(
    store: Store, connection: ConnectionRow, changes: dict[str, Any], beside: int
) -> None:
    if beside:
        apply(store, connection, KINDS.INVOICES, an_invoice("good"))
    odd = an_invoice("odd", **{"amount_due": 100, **changes})
    result = apply(store, connection, KINDS.INVOICES, an_invoice("good"), odd)
    assert [(problem.id, problem.number) for problem in result.problems] == [("odd", "INV-odd")]
    assert [problem.id for problem in store.ledger.problems(connection.id)] == ["odd"]
    assert list(stored_invoices(store, connection)) == ["good"]


def test_the_largest_amount_fits(store: Store, connection: ConnectionRow) -> None:
    largest = an_invoice(total=AMOUNT_MAX, amount_due=-AMOUNT_MAX)
    apply(store, connection, KINDS.INVOICES, largest)
    assert stored_invoices(store, connection) == {"i1": largest}


def test_a_problem_stands_until_the_document_is_understood(
    store: Store, connection: ConnectionRow
) -> None:
    problem = DocumentProblem("invoices", "i1", "INV-1", "no due date")
    apply(store, connection, KINDS.INVOICES, problems=(problem,))
    apply(store, connection, KINDS.INVOICES, an_invoice("i2"))
    assert store.ledger.problems(connection.id) == [problem]
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"))
    assert store.ledger.problems(connection.id) == []


def test_an_invoice_whose_new_version_is_unreadable_is_excluded(
    store: Store, connection: ConnectionRow
) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), an_invoice("i2"))
    problem = DocumentProblem("invoices", "i1", "INV-1", "unknown status")
    apply(store, connection, KINDS.INVOICES, problems=(problem,))
    assert list(stored_invoices(store, connection)) == ["i2"]


def episode(store: Store, connection: ConnectionRow) -> int:
    stored_invoices(store, connection)
    (account,) = store.ledger.accounts(connection.id)
    return account.episodes["i1"]


def test_being_owed_again_opens_a_new_episode(store: Store, connection: ConnectionRow) -> None:
    owed, partly = an_invoice(), an_invoice(amount_due=Decimal(1))
    paid = an_invoice(status="paid", amount_due=Decimal(0))
    history = [(owed, 1), (partly, 1), (paid, 1), (owed, 2), (partly, 2), (paid, 2), (owed, 3)]
    for invoice, expected in history:
        apply(store, connection, KINDS.INVOICES, invoice)
        assert episode(store, connection) == expected


def test_a_draft_was_never_owed(store: Store, connection: ConnectionRow) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice(status="draft"))
    assert episode(store, connection) == 0
    apply(store, connection, KINDS.INVOICES, an_invoice())
    assert episode(store, connection) == 1


def test_a_deleted_invoice_is_not_owed_but_can_return(
    store: Store, connection: ConnectionRow
) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), an_invoice("i2"))
    result = apply(store, connection, KINDS.INVOICES, gone=("i1", "never seen"))
    assert result.gone == 1
    assert stored_invoices(store, connection)["i1"].status == "deleted"
    assert store.ledger.counts(connection.id)[KINDS.INVOICES] == 1
    assert apply(store, connection, KINDS.INVOICES, gone=("i1",)).gone == 0
    assert apply(store, connection, KINDS.INVOICES, an_invoice("i1")).updated == 1
    assert stored_invoices(store, connection)["i1"].status == "open"


def test_totals_are_exact_and_by_currency(store: Store, connection: ConnectionRow) -> None:
    tenth = Decimal("0.1")
    apply(
        store,
        connection,
        KINDS.INVOICES,
        *(an_invoice(f"i{number}", amount_due=tenth) for number in range(3)),
        an_invoice("e1", currency="EUR", amount_due=Decimal("0.0001")),
        an_invoice("paid", status="paid", amount_due=Decimal(0)),
        an_invoice("void", status="voided", amount_due=Decimal(9)),
    )
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Customer"))
    totals = store.ledger.totals(connection.id)
    assert [
        (total.contact_name, total.currency, total.invoices, total.amount_due) for total in totals
    ] == [
        ("Customer", "EUR", 1, Decimal("0.0001")),
        ("Customer", "GBP", 3, Decimal("0.3")),
    ]


def test_the_organisation_is_kept_with_its_connection(
    store: Store, connection: ConnectionRow
) -> None:
    organisation = Organisation(
        "org-1", "Acme Limited", "GBP", "GB", "Europe/London", "!x", True, date(2026, 3, 31), False
    )
    apply(store, connection, KINDS.ORGANISATION, organisation)
    assert store.connections.get("acme").organisation == organisation


def test_two_connections_do_not_see_each_others_documents(
    store: Store, connection: ConnectionRow
) -> None:
    connection_row = store.connections.add(
        "other", platform="xero", organisation=Organisation("org-2", "Other", "GBP")
    )
    apply(store, connection, KINDS.INVOICES, an_invoice(amount_due=Decimal(1)))
    apply(store, connection_row, KINDS.INVOICES, an_invoice(amount_due=Decimal(2)))
    assert stored_invoices(store, connection)["i1"].amount_due == 1
    assert stored_invoices(store, connection_row)["i1"].amount_due == 2


def test_a_rebuild_rewrites_rows_and_keeps_local_history(
    store: Store, connection: ConnectionRow
) -> None:
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Customer"))
    apply(store, connection, KINDS.INVOICES, an_invoice())
    apply(store, connection, KINDS.INVOICES, an_invoice(amount_due=Decimal(0)))
    apply(store, connection, KINDS.INVOICES, an_invoice())
    terms = DisputeTerms("short")
    store.disputes.record(connection.id, an_invoice(), terms, opened_on=NOW.date(), who="Ann")
    (before,) = store.ledger.accounts(connection.id, ["c1"])
    assert before.episodes == {"i1": 2}
    store.ledger.start_over(connection.id)
    assert store.ledger.cursor(connection.id) is None
    assert list(store.ledger.accounts(connection.id, ["c1"])) == [before]
    again = apply(store, connection, KINDS.INVOICES, an_invoice())
    assert (again.updated, again.unchanged) == (1, 0)
    assert list(store.ledger.accounts(connection.id, ["c1"])) == [before]
    assert len(store.disputes.recorded(connection.id)) == 1


def test_contacts_that_documents_name_and_nobody_brought_are_known(
    store: Store, connection: ConnectionRow
) -> None:
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Customer"))
    apply(store, connection, KINDS.INVOICES, an_invoice(), an_invoice("i2", contact_id="c2"))
    assert store.ledger.missing_contacts(connection.id) == ["c2"]
    problem = DocumentProblem("contacts", "c2", "", "odd")
    apply(store, connection, KINDS.CONTACTS, problems=(problem,))
    assert store.ledger.missing_contacts(connection.id) == []


def test_an_invoice_is_found_by_number_or_id(store: Store, connection: ConnectionRow) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), an_invoice("i2", number="INV-77"))
    assert store.ledger.invoice(connection.id, "inv-77 ").id == "i2"
    assert store.ledger.invoice(connection.id, "i1").id == "i1"
    with pytest.raises(UserMistake, match="did you mean 'INV-77'"):
        store.ledger.invoice(connection.id, "INV-7")
    with pytest.raises(UserMistake, match=r"there is no invoice 'zzz'\.$"):
        store.ledger.invoice(connection.id, "zzz")


def test_of_several_invoices_with_one_number_a_person_chooses(
    store: Store, connection: ConnectionRow
) -> None:
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Acme Ltd"))
    twice = [an_invoice(f"i{n}", f"c{n}", number="7") for n in (1, 2)]
    apply(store, connection, KINDS.INVOICES, *twice)
    several = r"2 invoices have the number '7'\. .*: i1 \(Acme Ltd, issued .*\), i2 \(c2, issued "
    with pytest.raises(UserMistake, match=several):
        store.ledger.invoice(connection.id, "7")


def test_a_contact_is_found_by_name_whatever_the_capitals(
    store: Store, connection: ConnectionRow
) -> None:
    apply(
        store,
        connection,
        KINDS.CONTACTS,
        Contact("c1", "Ridgeway University"),
        Contact("c2", "City Agency"),
        Contact("c3", "City Agency", "archived"),
    )
    assert store.ledger.contact(connection.id, "ridgeway university").id == "c1"
    assert store.ledger.contact(connection.id, "City Agency").id == "c2"
    with pytest.raises(UserMistake, match="did you mean 'Ridgeway University'"):
        store.ledger.contact(connection.id, "Ridgway University")
    with pytest.raises(UserMistake, match=r"there is no contact '100%_'\.$"):
        store.ledger.contact(connection.id, "100%_")


def test_a_voided_document_keeps_what_it_was(store: Store, connection: ConnectionRow) -> None:
    matched = (Allocation("i1", Decimal(40), date(2026, 10, 2)),)
    payment = a_payment(amount=40, allocations=matched)
    apply(store, connection, KINDS.INVOICES, an_invoice())
    apply(store, connection, KINDS.PAYMENTS, payment)
    # QuickBooks sets what it voids to nothing.
    emptied = an_invoice(status="voided", total=0, version="2")
    apply(store, connection, KINDS.INVOICES, emptied)
    nothing = payment._replace(status="voided", amount=Decimal(0), allocations=(), version="2")
    apply(store, connection, KINDS.PAYMENTS, nothing)
    assert stored_invoices(store, connection)["i1"] == emptied._replace(total=Decimal(100))
    (account,) = store.ledger.accounts(connection.id)
    assert account.payments == (payment._replace(status="voided", version="2"),)
    assert apply(store, connection, KINDS.INVOICES, emptied).unchanged == 1


def test_a_deletion_counts_from_when_it_was_missed(store: Store, connection: ConnectionRow) -> None:
    apply(store, connection, KINDS.INVOICES, an_invoice())
    apply(store, connection, KINDS.INVOICES, gone=("i1",))
    assert stored_invoices(store, connection)["i1"].updated_at == NOW


def test_sums_beyond_64_bits_stay_exact(store: Store, connection: ConnectionRow) -> None:
    invoices = [an_invoice(f"i{number}", total="99000000000000.01") for number in range(12)]
    apply(store, connection, KINDS.INVOICES, *invoices)
    apply(store, connection, KINDS.CONTACTS, Contact("c1", "Customer"))
    (total,) = store.ledger.totals(connection.id)
    assert total.amount_due == Decimal("1188000000000000.12")
    store.ledger.save_balances(connection.id, [OwnBalance("c1", Decimal(0))], NOW)
    (difference,) = store.ledger.compare(connection.id, ["c1"])
    assert difference.ours == Decimal("1188000000000000.12")


def test_totals_of_a_day_leave_out_later_documents(store: Store, connection: ConnectionRow) -> None:
    tomorrow = date(2026, 11, 23)
    apply(store, connection, KINDS.INVOICES, an_invoice("i1"), an_invoice("i2", issued_on=tomorrow))
    assert [total.invoices for total in store.ledger.totals(connection.id, NOW.date())] == [1]
    assert [total.invoices for total in store.ledger.totals(connection.id, tomorrow)] == [2]


def test_who_owes_and_cannot_be_written_to_is_found(
    store: Store, connection: ConnectionRow
) -> None:
    lines = ("1 High Street", "Leeds")
    whole = Contact("c1", "Whole", email="a@x.example", address=lines)
    others = (
        whole._replace(id="c2", name="No email", email=""),
        whole._replace(id="c3", name="No address", address=(), phones=(Phone("1"),)),
        whole._replace(id="c4", name="Neither", email="", address=()),
        whole._replace(id="c5", name="Owes nothing", email="", address=()),
        whole._replace(id="c6", name="Gone", email="", status="archived"),
    )
    apply(store, connection, KINDS.CONTACTS, whole, *others)
    owed = [an_invoice(f"i{number}", f"c{number}") for number in (1, 2, 3, 4, 6)]
    paid = an_invoice("i5", "c5", status="paid", amount_due=0)
    named = an_invoice("i7", "c4")._replace(email="site@x.example")
    apply(store, connection, KINDS.INVOICES, *owed, paid, named)
    assert [tuple(row) for row in store.ledger.unreachable(connection.id)] == [
        ("c4", "Neither", True, True, ()),
        ("c3", "No address", False, True, (Phone("1"),)),
        ("c2", "No email", True, False, ()),
    ]
    unmailed = store.ledger.without_email(connection.id, 1)
    assert (unmailed.in_all, unmailed.named) == (2, (("c4", "Neither"),))
