"""Placing, recalling and listing: whatever a person says, disputed debts stay here."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from tests.builders.books import INVOICE_PDF, RULES, TODAY, Books, Fault
from tests.builders.mail_server import AnyPort, Sink

from arsync.application.agreements import disputes
from arsync.application.agreements.placement_pack import write_pack
from arsync.application.agreements.placements import end_placement, place, placements, record_cost
from arsync.application.connections import connecting
from arsync.application.customers.contact_log import LogEntry, log
from arsync.application.decisions import approvals
from arsync.application.decisions.why import why
from arsync.application.letters.invoice_papers import invoice_papers
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Allocation, DocumentStatus, Payment, Phone
from arsync.errors import Rejected, RetryLater, UserMistake

OWNER = Actor("Olga", Role.OWNER)
AGENCY = "Example Collections"
RULE = (
    "placements:\n"
    "  - {name: To the agency, when: {days_overdue: {at_least: 90}}, to: Example Collections}\n"
)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


@pytest.fixture
def ledger(container: Container, books: Books) -> Container:
    """One customer owes 800 and 300, long overdue, and 100 that is not due yet."""
    customer = books.add_contact(1)
    books.contacts["c1"] = customer._replace(
        address=("12 Mill Lane", "Leeds"),
        country="GB",
        phones=(Phone("020 7946 0018"),),
        customer_number="A-17",
    )
    for number, overdue, amount in ((1, 95, "800"), (2, 94, "300"), (3, -10, "100")):
        books.add_invoice(customer, number, overdue=overdue, amount=amount)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    return container


def noted(books: Books) -> list[tuple[str, list[str]]]:
    """Return the notes about placements, each with the numbers of its invoices."""
    return [
        (effect.write.action.note, [ref.number for ref in effect.write.action.invoices])
        for effect in books.done
        if effect.kind is ActionKind.PLACEMENT
    ]


def paid(books: Books, amount: int, on: date = TODAY) -> None:
    """Let a part of the first invoice be paid."""
    books.invoices["i1"] = books.invoices["i1"]._replace(amount_due=Decimal(800 - amount))
    allocation = Allocation("i1", Decimal(amount), on)
    books.payments["p1"] = Payment(
        "p1", "c1", "active", on, "GBP", Decimal(1), Decimal(amount), Decimal(0), (allocation,)
    )


def test_what_is_placed_is_noted_and_no_longer_chased(ledger: Container, books: Books) -> None:
    result = place(OWNER, ledger, "Customer 1", agency=AGENCY)
    assert result.message.startswith(
        "Customer 1 is placed with Example Collections: 2 invoices, GBP 1,100.00 due in all."
    )
    runs.sync(OWNER, now(ledger))
    assert noted(books) == [
        (
            f"Placed with {AGENCY}: 2 invoices, GBP 1,100.00 due in all. Recorded by Olga.",
            ["INV-1", "INV-2"],
        )
    ]
    assert not books.emails
    reasons = {held.why for held in why(OWNER, now(ledger), "Customer 1").held_back}
    assert reasons == {f"placed with {AGENCY} since {TODAY}"}
    lines = [line.text for line in why(OWNER, now(ledger), "INV-1").lines]
    assert f"INV-1: placed with {AGENCY}, placed on {TODAY}, nothing recovered" in lines


def test_disputed_and_promised_debts_are_left_out(ledger: Container) -> None:
    disputes.open_dispute(OWNER, ledger, "INV-2", disputes.DisputeWords("wrong price"))
    result = place(OWNER, ledger, "Customer 1", agency=AGENCY)
    assert "INV-2: dispute open since" in result.message
    with pytest.raises(UserMistake, match=r"(?s)nothing to place.*INV-1: placed with"):
        place(OWNER, ledger, "Customer 1", agency="Another")


@pytest.mark.parametrize(
    ("numbers", "words"), [(("INV-3",), "not overdue"), (("INV-9",), "owes nothing on INV-9")]
)
def test_what_cannot_be_placed_is_refused(
    ledger: Container, numbers: tuple[str, ...], words: str
) -> None:
    with pytest.raises(UserMistake, match=words):
        place(OWNER, ledger, "Customer 1", agency=AGENCY, invoices=numbers)


def test_only_who_decides_may_place(ledger: Container) -> None:
    accountant = Actor("Ann", Role.ACCOUNTANT)
    with pytest.raises(UserMistake, match="may not place debts"):
        place(accountant, ledger, "Customer 1", agency=AGENCY)
    with pytest.raises(UserMistake, match="may not place debts"):
        end_placement(accountant, ledger, "Customer 1")


def test_a_recalled_debt_is_chased_again(ledger: Container, books: Books) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY, invoices=("INV-1",))
    ended = end_placement(OWNER, ledger, "Customer 1", reason="they called", cost=Decimal(45))
    assert "recalled from Example Collections, nothing recovered of GBP 800.00, cost GBP 45.00" in (
        ended.message
    )
    runs.sync(OWNER, now(ledger))
    assert [note for note, _ in noted(books)][-1].endswith("Recorded by Olga. they called")
    assert books.emails
    with pytest.raises(UserMistake, match="nothing of Customer 1 is placed"):
        end_placement(OWNER, ledger, "Customer 1")


def test_a_rules_placement_counts_once_approved(ledger: Container, books: Books) -> None:
    (ledger.config.folder / "rules" / "standard.yaml").write_text(RULES + RULE)
    runs.sync(OWNER, now(ledger))
    assert placements(OWNER, ledger) == []
    (waiting,) = now(ledger).store.actions.list(now(ledger).id, kinds={ActionKind.PLACEMENT})
    approvals.approve(OWNER, ledger, [waiting.key])
    runs.sync(OWNER, now(ledger))
    (view,) = placements(OWNER, ledger)
    assert (view.customer, view.agency, view.state) == ("Customer 1", AGENCY, "placed")
    assert view.placed == {"GBP": Decimal("1100.00")}
    assert status(OWNER, now(ledger)).open_placements == 1
    end_placement(OWNER, ledger, "Customer 1", returned=True)
    assert placements(OWNER, ledger, "Customer 1")[0].state == "returned"
    runs.sync(OWNER, now(ledger))
    kinds = [row.action.kind for row in now(ledger).store.actions.list(now(ledger).id)]
    # It came back: the rule does not propose it again.
    assert kinds.count(ActionKind.PLACEMENT) == 2


def test_what_came_back_and_its_cost_are_listed(ledger: Container, books: Books) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY, invoices=("INV-1",))
    clock = ledger.clock
    assert isinstance(clock, SetClock)
    clock.moment += timedelta(days=1)
    paid(books, 500, TODAY + timedelta(1))
    pulling.pull_ledger(OWNER, now(ledger))
    record_cost(OWNER, ledger, "Customer 1", Decimal(75))
    (view,) = placements(OWNER, ledger)
    assert view.recovered == {"GBP": Decimal(500)}
    assert (view.cost, view.share_percent) == (Decimal(75), Decimal(15))
    paid(books, 800, TODAY + timedelta(1))
    books.pay(books.invoices["i1"])
    pulling.pull_ledger(OWNER, now(ledger))
    assert placements(OWNER, ledger)[0].state == "collected"


def test_a_connection_that_observes_notes_nothing(ledger: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(ledger), "observe")
    result = place(OWNER, ledger, "Customer 1", agency=AGENCY)
    assert "only observes" in result.message
    assert placements(OWNER, ledger)[0].state == "placed"


@pytest.fixture
def by_mail(ledger: Container) -> Iterator[Container]:
    """The ledger, with a mail server that takes its letters."""
    controller = AnyPort(Sink(), hostname="127.0.0.1", port=0)
    controller.start()
    settings = ledger.config.folder / "config.toml"
    settings.write_text(settings.read_text().replace(":2525", f":{controller.port}"))
    ledger.config = load_config(settings, {})
    yield ledger
    controller.stop()


def test_the_pack_holds_what_an_agency_asks_for(
    by_mail: Container, books: Books, tmp_path: Path
) -> None:
    ledger = by_mail
    letters = RULES.replace("email: first reminder", "letter: final notice")
    (ledger.config.folder / "rules" / "standard.yaml").write_text(letters)
    runs.sync(OWNER, now(ledger))
    paid(books, 500)
    pulling.pull_ledger(OWNER, now(ledger))
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    log(OWNER, ledger, "Customer 1", LogEntry("Promised nothing."))
    write_pack(OWNER, ledger, "Customer 1", tmp_path / "pack")
    files = {str(path.relative_to(tmp_path / "pack")) for path in (tmp_path / "pack").rglob("*.*")}
    assert files == {
        "INDEX.txt",
        "agreements.txt",
        "invoices/INV-1.pdf",
        "invoices/INV-2.pdf",
        f"letters/{TODAY} final notice.pdf",
        "notes.txt",
        "open items.csv",
        "payments.csv",
        "proof of sending.csv",
        "statement.pdf",
        "terms.txt",
    }
    opened = {name: (tmp_path / "pack" / name).read_text() for name in files if ".pdf" not in name}
    assert "INV-1" in opened["open items.csv"]
    assert ",300.00," in opened["open items.csv"]
    assert opened["payments.csv"].splitlines()[1].startswith(f"payment,{TODAY},GBP,500.00,INV-1")
    assert opened["proof of sending.csv"].count("final notice") == 1
    assert "Final notice sent by email" in opened["notes.txt"]
    assert "noted by Olga: Promised nothing." in opened["notes.txt"]
    assert f"Placed on      {TODAY}: GBP 600.00" in opened["INDEX.txt"]
    assert "Recovered      nothing" in opened["INDEX.txt"]
    assert (tmp_path / "pack" / "invoices" / "INV-1.pdf").read_bytes() == INVOICE_PDF
    assert "INV-1 of 2026-07-18: invoices/INV-1.pdf" in opened["INDEX.txt"]
    who = "Customer 1, 12 Mill Lane, Leeds, c1@x.example, 020 7946 0018, customer number A-17"
    assert f"Debtor         {who}\n" in opened["INDEX.txt"]
    assert "\n\n\n" not in opened["INDEX.txt"]
    page = pypdfium2.PdfDocument(tmp_path / "pack" / "statement.pdf")[0].get_textpage()
    assert "Customer 1\r\n12 Mill Lane\r\nLeeds" in page.get_text_bounded()
    assert stat.S_IMODE((tmp_path / "pack" / "INDEX.txt").stat().st_mode) == 0o600


def index_of(ledger: Container, folder: Path) -> str:
    write_pack(OWNER, ledger, "Customer 1", folder)
    return (folder / "INDEX.txt").read_text()


def test_a_pack_names_the_invoices_that_it_lacks(
    ledger: Container, books: Books, tmp_path: Path
) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    books.faults.append(Fault("invoice_pdf", Rejected("Xero: there is no such record.")))
    index = index_of(ledger, tmp_path / "one")
    assert "The PDF of INV-1 could not be had: Xero: there is no such record." in index
    assert "INV-2 of 2026-07-19: invoices/INV-2.pdf" in index
    books.calls.clear()
    books.faults.append(Fault("invoice_pdf", RetryLater("Books answers 503.")))
    index = index_of(ledger, tmp_path / "two")
    assert "Books could not be read, so PDFs of invoices are missing: Books answers 503." in index
    assert books.calls == ["invoice_pdf"], "the next one would fail as well"
    assert not (tmp_path / "two" / "invoices").exists()
    books.invoices["i1"] = books.invoices["i1"]._replace(
        status=DocumentStatus.VOIDED, amount_due=Decimal(0)
    )
    pulling.pull_ledger(OWNER, now(ledger))
    index = index_of(ledger, tmp_path / "three")
    assert "INV-1 is voided in Books: its PDF was left out." in index
    assert "an invoice, as the accounting system prints it" in index


def test_a_pack_holds_no_more_invoices_than_fit(
    ledger: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    room = f"{invoice_papers.__module__}.INVOICES_MAX"
    monkeypatch.setattr(room, 1)
    index = index_of(ledger, tmp_path / "one")
    assert "Only 1 of 2 invoices were read as PDF." in index
    debts = [
        invoice
        for account in now(ledger).store.ledger.accounts(now(ledger).id)
        for invoice in account.invoices
    ]
    monkeypatch.undo()
    some = invoice_papers(now(ledger), debts, len(INVOICE_PDF))
    assert list(some.papers) == ["i1"]
    assert some.remarks[0] == "There was no room for the PDF of INV-2."


def test_no_pack_is_written_over_another(ledger: Container, tmp_path: Path) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    (tmp_path / "pack").mkdir()
    with pytest.raises(UserMistake, match="is there already"):
        write_pack(OWNER, ledger, "Customer 1", tmp_path / "pack")


def test_who_was_never_placed_has_no_pack(ledger: Container, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="was never placed"):
        write_pack(OWNER, ledger, "Customer 1", tmp_path / "pack")


def test_a_pack_leaves_nothing_of_itself_when_refused(
    ledger: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    monkeypatch.setattr("arsync.application.agreements.placement_pack.PACK_BYTES_MAX", 100)
    with pytest.raises(UserMistake, match="100 fit"):
        write_pack(OWNER, ledger, "Customer 1", tmp_path / "pack")
    assert not [path for path in tmp_path.iterdir() if "pack" in path.name]


def test_a_past_day_knows_no_later_placement(ledger: Container) -> None:
    place(OWNER, ledger, "Customer 1", agency=AGENCY)
    yesterday = why(OWNER, now(ledger), "Customer 1", TODAY - timedelta(1))
    assert not any("placed with" in held.why for held in yesterday.held_back)
