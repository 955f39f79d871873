"""Disputes: what comes of one has to fit what the books show."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.builders.books import TODAY, BooksWorld
from tests.builders.records import a_credit

from arsync.application.agreements.disputes import open_disputes
from arsync.application.permissions import SCHEDULE
from arsync.core.actions import ActionKind
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import DisputeOutcome

CREDITED = DisputeOutcome.CREDITED


def disputed(world: BooksWorld) -> str:
    """A part of an invoice over 100 is disputed."""
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.dispute("INV-1", reason="two short", amount=Decimal(30), who="Jane")
    return "i1"


def credited(world: BooksWorld, amount: str) -> None:
    world.books.credits["cn"] = a_credit(
        "cn", "c1", kind=CreditKind.CREDIT_NOTE, issued_on=TODAY, rate=1, total=amount
    )


def notes(world: BooksWorld) -> list[str]:
    return [done.write.text for done in world.books.done if done.kind is ActionKind.DISPUTE]


def test_an_agreed_credit_settles_when_the_books_show_it(world: BooksWorld) -> None:
    invoice_id = disputed(world)
    recorded = world.app.dispute("INV-1", outcome=CREDITED, who="Jim")
    assert "The dispute waits for the credit note" in recorded.message
    world.sync()
    assert [view.waits_for_credit for view in open_disputes(SCHEDULE, world.app)] == [True]
    credited(world, "29.99")
    world.sync()
    [row] = world.store.disputes.open_ones(world.connection.id)
    credited(world, "30")
    world.sync()
    [row] = world.store.disputes.recorded(world.connection.id, invoice_id)
    assert (row.settled_on, row.settled_by, row.outcome) == (TODAY, "the books", "credited")
    world.sync()
    assert notes(world) == [
        "Dispute about GBP 30.00 of INV-1: two short. Recorded by Jane.",
        "Dispute about GBP 30.00 of INV-1: a credit is agreed, recorded by Jim.",
        f"Dispute about INV-1 settled on {TODAY}: credited, recorded by the books.",
    ]


def test_a_credit_in_the_books_settles_at_once(world: BooksWorld) -> None:
    disputed(world)
    credited(world, "30")
    world.app.pull(world.name)
    recorded = world.app.dispute("INV-1", outcome=CREDITED, who="Jim")
    assert recorded.message.startswith("Dispute about INV-1 settled: credited.")
    assert open_disputes(SCHEDULE, world.app) == []


def test_a_settled_dispute_can_be_opened_again(world: BooksWorld) -> None:
    disputed(world)
    world.app.dispute("INV-1", outcome=DisputeOutcome.DROPPED)
    world.advance(hours=24)
    world.app.dispute("INV-1", reason="three short")
    [view] = open_disputes(SCHEDULE, world.app)
    assert (view.opened_on, view.disputed) == (str(TODAY + timedelta(1)), "all")


def test_what_the_platform_shows_is_listed_too(world: BooksWorld) -> None:
    invoice = world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.invoices[invoice.id] = invoice._replace(disputed_on=TODAY - timedelta(4))
    world.app.pull(world.name)
    [view] = open_disputes(SCHEDULE, world.app)
    assert (view.days, view.by_platform, view.amount) == (4, True, Decimal(100))
