"""Mail, as the doctor sees it: the server, the sender and whom letters are copied to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.application.organisation_context import OrganisationContext
from arsync.config import Config
from arsync.errors import UserMistake


def mail_findings(
    shared: Config, organisations: Sequence[OrganisationContext]
) -> Iterator[Finding]:
    """Yield what is right and wrong with mail: of config.toml, then of what differs from it."""
    yield from _server("smtp", shared)
    for organisation in organisations:
        if not organisation.settings_problem and _differs(organisation.config):
            yield from _server(f"smtp of {organisation.name}", organisation.config)
    yield from _shared_account(shared, organisations)


def _differs(config: Config) -> bool:
    return any(section == "smtp" or key == "notify" for section, key in config.own_settings)


def _server(about: str, config: Config) -> Iterator[Finding]:
    from arsync.mail import smtp_server

    url = config.smtp.url
    if not url:
        if config.runs.notify:
            words = (
                "[runs] notify names an address, and [smtp] url no mail server: nothing is mailed."
            )
            yield Finding(about, WRONG, words)
        return
    try:
        smtp_server(url)
    except UserMistake as mistake:
        yield Finding(about, WRONG, str(mistake))
        return
    if config.smtp.sender:
        yield Finding(about, OK, f"mail leaves as {config.smtp.sender}.")
    else:
        yield Finding(about, WRONG, "[smtp] sender is empty: letters need a sender.")


def _account(config: Config) -> str:
    return config.letters.iban or config.letters.account_number


def _shared_account(
    shared: Config, organisations: Sequence[OrganisationContext]
) -> Iterator[Finding]:
    """Say whose letters name the bank account of config.toml: often the practice's own."""
    account = shared.letters.iban or shared.letters.account_number
    named = [
        organisation.name
        for organisation in organisations
        if not organisation.settings_problem
        and account
        in {organisation.config.letters.iban, organisation.config.letters.account_number}
    ]
    if account and len(named) > 1:
        names = ", ".join(named[:NAMES_SHOWN_MAX])
        more = len(named) - NAMES_SHOWN_MAX
        beyond = f" and {more:,} more" if more > 0 else ""
        yield Finding(
            "letters",
            NOTE,
            f"the letters of {names}{beyond} name one bank account, that of config.toml. If it is"
            " not theirs, put theirs into connections/NAME.toml.",
        )


NAMES_SHOWN_MAX = 5
"""So many connections are named in one finding."""
