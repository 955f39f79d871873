"""A ledger with more of everything than Xero lists at once ends up whole in the store."""

from __future__ import annotations

from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import START, World

from arsync.core.ledger.records import RecordKind


def test_every_debtor_is_known_although_xero_caps_its_lists(
    world: World,
) -> None:
    contacts = [contact_row(f"c{n}", f"Customer {n}") for n in range(60)]
    contacts += [contact_row("c-none", "Without an invoice")]
    invoices = [invoice_row(n + 1, f"c{n}", overdue=n * 14) for n in range(60)]
    world.load("xero", contacts=contacts, invoices=invoices)
    world.connect("xero")
    world.control.settings(xero_high_volume_rows=45)
    (result,) = world.app.pull("xero")
    assert result.all_problems == []
    connection = world.connection("xero")
    counts = world.app.store.ledger.counts(connection.id)
    assert counts[RecordKind.INVOICES] == 60
    assert counts[RecordKind.CONTACTS] == 60, "who was never billed owes nothing"
    accounts = list(world.app.store.ledger.accounts(connection.id))
    assert sum(len(account.invoices) for account in accounts) == 60
    # The next day's sweeps find everything as it is.
    world.move_to(START.replace(day=20))
    (result,) = world.app.pull("xero")
    assert result.all_problems == []
    assert result.pulled is not None
    assert (result.pulled.inserted, result.pulled.gone) == (0, 0)
