"""How much one mailbox hears, however it is written and whoever's it is."""

from __future__ import annotations

from tests.builders.books import RULES, BooksWorld


def whys(world: BooksWorld, number: str) -> list[str]:
    return [held.why for held in world.app.why(number, connection=world.name).held_back]


def test_two_customers_with_one_mailbox_are_one_reader(world: BooksWorld) -> None:
    world.rules(RULES)
    for number, email in ((1, "Office@x.example"), (2, "office@X.example"), (3, "")):
        world.books.add_invoice(world.books.add_contact(number, email=email), number)
    world.sync()
    assert [email.action.contact_id for email in world.books.emails] == ["c1", "c3"]
    assert "days between messages" in whys(world, "INV-2")[0]
    world.advance(days=5)
    world.sync()
    assert [email.action.contact_id for email in world.books.emails][2:] == ["c2"]
