"""What keeps letters from their customers is said before one is due."""

from __future__ import annotations

import pytest
from tests.builders.driver import examine
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World


@pytest.mark.parametrize("name", PLATFORMS)
def test_doctor_counts_whom_no_letter_reaches(world: World, name: str) -> None:
    place = {"street": "12 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP"}
    world.load(
        name,
        contacts=[
            contact_row("c1", "Ada", **place),
            contact_row("c2", "Bob", email="", **place),
            contact_row("c3", "Cleo"),
        ],
        invoices=[invoice_row(number, f"c{number}", overdue=5) for number in (1, 2, 3)],
    )
    world.rules("version: 1\nname: Nothing\ncurrency: GBP\n")
    world.connect(name)
    world.app.pull(name)
    (said,) = (row for row in examine(world.app) if "of the customers who owe" in row.message)
    assert said.verdict == "note"
    assert said.message.startswith(
        "of the customers who owe, 1 has no email address (Bob) and 1 has no postal address (Cleo)."
    )
