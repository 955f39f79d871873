"""Print the statements of a share of a ledger's customers as PDF, into a folder.

python -m benchmarks.print_statements HOME FOLDER SHARE SHARES COUNT
"""

from __future__ import annotations

import sys
from pathlib import Path

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.config import load_config
from arsync.core.actions import AccountLetterPayload, Action, Because, StatementAsked
from arsync.core.ledger.records import Account
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.rulebook.model import STATEMENT_OF_ACCOUNT

READ_AT_ONCE = 100


def main() -> None:
    """Print them."""
    home, folder = Path(sys.argv[1]), Path(sys.argv[2])
    share, shares, count = map(int, sys.argv[3:])
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"c{number:06}" for number in range(count) if number % shares == share]
    with Container(load_config(home / "config.toml", {})) as container:
        (organisation,) = organisations(container)
        for start in range(0, len(ids), READ_AT_ONCE):
            chunk = ids[start : start + READ_AT_ONCE]
            for account in organisation.store.ledger.accounts(organisation.id, chunk):
                pdf = printed(organisation, account)
                (folder / f"{account.contacts[0].id}.pdf").write_bytes(pdf)


def printed(organisation: OrganisationContext, account: Account) -> bytes:
    """Return the statement of a customer as of today, as it goes by post."""
    contact = account.contacts[0]
    action = Action(
        payload=AccountLetterPayload(
            letter=STATEMENT_OF_ACCOUNT, statement=StatementAsked(StatementKind.OPEN_ITEMS.value)
        ),
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("benchmark.yaml", 1, "Monthly"),
        step=STATEMENT_OF_ACCOUNT,
    )
    return organisation.letter_maker.pdf(action, account, organisation.today)


if __name__ == "__main__":
    main()
