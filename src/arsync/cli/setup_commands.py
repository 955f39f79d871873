"""`init`, `connect`, `disconnect`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import config_option, json_option, opened, say
from arsync.cli.json_output import print_json
from arsync.cli.rules_new import say_ways
from arsync.config.mode_words import WORDS_OF_MODES, both_words
from arsync.connector_sdk import Grant, OrganisationRef
from arsync.core.rulebook.starter import LETTERS
from arsync.errors import EXIT_DONE, UserMistake
from arsync.files import write_private

if TYPE_CHECKING:
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor

MODES = tuple(WORDS_OF_MODES)

own_reminders_option = click.option(
    "--own-reminders",
    type=click.Choice(["on", "off"]),
    help=(
        "Whether the platform sends reminders of its own, if it does not report this (QuickBooks)."
    ),
)

no_browser_option = click.option(
    "--no-browser",
    is_flag=True,
    help="Print the address, and ask for the answer instead of opening a browser.",
)


@click.command()
@click.option(
    "--rulebook",
    metavar="NAME",
    default="standard",
    show_default=True,
    help="The rulebook to start from: gentle, standard or strict, or a pack such as uk-standard.",
)
@click.option(
    "--currency",
    metavar="CODE",
    help="The rulebook's currency, e.g. NZD (default: the rulebook's own).",
)
@click.option(
    "--letters",
    type=click.Choice(list(LETTERS)),
    help=(
        "How reminders and notices leave; asked on a terminal (default: the accounting system's"
        " own email)."
    ),
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder (default: the current folder).",
)
@json_option
def init(
    rulebook: str, currency: str | None, letters: str | None, folder: Path, as_json: bool
) -> int:
    """Create a config file, a rules folder, a first rulebook and its stories.

    Existing files are left unchanged.
    """
    import arsync_rulebooks
    from arsync.config import example_config
    from arsync.core.rulebook.starter import with_letters

    if rulebook not in arsync_rulebooks.names():
        names = ", ".join(arsync_rulebooks.names())
        raise UserMistake(f"there is no rulebook {rulebook!r}.\n    hint: known: {names}")
    pack = rulebook in arsync_rulebooks.packs()
    text = _PACK.format(name=rulebook) if pack else arsync_rulebooks.text(rulebook)
    if currency and pack:
        text += f"currency: {_code(currency)}\n"
    elif currency:
        text = _in_currency(text, currency)
    if letters is None and not as_json and sys.stdin.isatty():
        say_ways()
        kind = click.Choice(list(LETTERS))
        letters = click.prompt("Letters leave by", default=next(iter(LETTERS)), type=kind, err=True)
    if letters is not None:
        text = with_letters(text, letters)
    rules = folder / "rules"
    files = {
        folder / "config.toml": example_config(),
        rules / f"{rulebook}.yaml": text,
        rules / arsync_rulebooks.SCHEMA_FILE: arsync_rulebooks.schema_text(),
        rules / "scenarios" / f"{rulebook}.yaml": arsync_rulebooks.stories(rulebook),
        rules / arsync_rulebooks.SCENARIO_SCHEMA_FILE: arsync_rulebooks.scenario_schema_text(),
    }
    # All files of the folder are one rulebook: a second starter would be merged into it.
    if any(rules.glob("*.yaml")) and not (rules / f"{rulebook}.yaml").exists():
        del files[rules / f"{rulebook}.yaml"]
        del files[rules / "scenarios" / f"{rulebook}.yaml"]
        say(f"{rules} already contains a rulebook; none was added.")
    outcome: dict[str, list[str]] = {"wrote": [], "kept": []}
    for path, content in files.items():
        # An edited file is never overwritten.
        verb = "kept" if path.exists() else "wrote"
        if verb == "wrote":
            _write(path, content)
        say(f"{verb:5}  {path}")
        outcome[verb].append(str(path))
    if as_json:
        print_json(outcome)
    chosen = letters or next(iter(LETTERS))
    say(f"\nLetters leave by {chosen}: {LETTERS[chosen]}.")
    say("Webhooks bring changes within seconds, and spare calls: docs/webhooks.md sets them up.")
    say("\nNext: put your client id into config.toml, then `arsync connect xero` (or quickbooks).")
    return EXIT_DONE


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It will hold the app's secret, so only its owner may read it.
        if path.name == "config.toml":
            write_private(path, content)
        else:
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserMistake(f"{path}: {error.strerror}.") from None


_PACK = """\
# yaml-language-server: $schema=./rulebook.schema.json
#
# The pack contains everything; write here only what differs, by its name, as in
#
# credit_limits:
#   - name: Everyone else
#     limit: 5,000
#
#     arsync rules show           prints everything, with the file and line of each part
#     arsync rules check          reports mistakes, with line and hint

version: 1
extends: {name}
"""
"""A rulebook that starts from a pack."""


def _code(currency: str) -> str:
    code = currency.upper()
    if len(code) != 3 or not code.isalpha() or not code.isascii():
        raise UserMistake(f"{currency!r} is not a currency code such as GBP, NZD or USD.")
    return code


def _in_currency(text: str, currency: str) -> str:
    code = _code(currency)
    lines = text.splitlines(keepends=True)
    return "".join(
        f"currency: {code}                     # every amount below is in this currency\n"
        if line.startswith("currency:")
        else line
        for line in lines
    )


@click.command()
@click.argument("platform", metavar="xero|quickbooks")
@click.option("--name", help="The connection's name (default: from the organisation's name).")
@click.option(
    "--organisation", metavar="NAME", help="The organisation, if the authorisation covers several."
)
@click.option(
    "--all",
    "connect_all",
    is_flag=True,
    help="Connect every organisation that the authorisation covers.",
)
@no_browser_option
@own_reminders_option
@json_option
@config_option
def connect(
    platform: str,
    name: str | None,
    organisation: str | None,
    connect_all: bool,
    no_browser: bool,
    own_reminders: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Connect an organisation at Xero or QuickBooks Online.

    A new connection only observes: it reads and plans, and writes nothing.
    """
    from arsync.application.connections import connecting
    from arsync.application.result_views import connection_view

    with opened(config_file) as (actor, container):
        connecting.check_ready_to_connect(actor, container, platform)
        label = container.platform(platform).label
        grant = ask_consent(container, platform, no_browser=no_browser)
        chosen = _chosen(grant, organisation, connect_all=connect_all)
        if name and len(chosen) > 1:
            raise UserMistake(
                "--name applies to one organisation; leave it out to connect several."
            )
        named = [(ref, name or "") for ref in chosen]
        connected = [
            _with_own_reminders(actor, context, own_reminders)
            for context in connecting.add_connections(actor, container, platform, grant, named)
        ]
    if as_json:
        print_json([connection_view(context) for context in connected])
    for context in connected:
        books = context.connection.organisation.name
        say(f"Connected {books} at {label} as {context.name!r}, mode {both_words(context.mode)}.")
    say("\nNext: `arsync pull`, then `arsync plan`. Nothing is written while the mode is observe.")
    return EXIT_DONE


def ask_consent(container: Container, platform: str, *, no_browser: bool) -> Grant:
    """Send a person to a platform's consent page, and return what it grants."""
    from arsync.application.organisation.oauth_authorisation import authorise

    authoriser = container.authoriser(platform)
    redirect_url = container.config.get(platform, "redirect_url")
    # Said beforehand: the platform's own error page names neither cause.
    if authoriser.interactive:
        say(
            f"If {container.platform(platform).label} shows an error page instead of its consent "
            f"page, its app does not\nknow the client id or the address {redirect_url}. "
            "Ctrl-C to stop.\n"
        )
    return authorise(
        authoriser,
        redirect_url=redirect_url,
        say=say,
        ask=(lambda question: click.prompt(question, err=True)) if no_browser else None,
    )


def _with_own_reminders(
    actor: Actor, organisation: OrganisationContext, answer: str | None
) -> OrganisationContext:
    """Ask once whether the platform sends reminders of its own, if it does not report this."""
    from arsync.application.connections.connecting import set_own_reminders

    books, label = organisation.connection.organisation, organisation.label
    # Asked now, before anything can leave: two systems must not chase one invoice.
    if answer is None and books.own_reminders is None and sys.stdin.isatty():
        say(
            f"\n{label} can send reminders of its own, and does not report whether it does. "
            "If both send\nreminders, customers are reminded twice."
        )
        question = f"Are {label}'s own reminders for {books.name} switched on"
        choice = click.Choice(["on", "off", "not sure"])
        answer = click.prompt(question, type=choice, default="not sure", err=True)
    if answer not in {"on", "off"}:
        return organisation
    return set_own_reminders(actor, organisation, on=answer == "on")


def _chosen(
    grant: Grant, organisation: str | None, *, connect_all: bool
) -> Sequence[OrganisationRef]:
    organisation_refs = grant.organisations
    names = "\n".join(f"    {ref.name}" for ref in organisation_refs)
    if not organisation_refs:
        raise UserMistake(
            "the authorisation covers no organisation. Choose one on the consent page."
        )
    if organisation:
        folded = organisation.casefold()
        match = [
            ref for ref in organisation_refs if folded in {ref.name.casefold(), ref.id.casefold()}
        ]
        if not match:
            raise UserMistake(
                f"the authorisation does not cover {organisation!r}. It covers:\n{names}"
            )
        return match
    if connect_all or len(organisation_refs) == 1:
        return organisation_refs
    # A script must not hang at a question.
    if not sys.stdin.isatty():
        raise UserMistake(
            f"the authorisation covers several organisations:\n{names}\n"
            "    hint: choose with --organisation NAME, or --all"
        )
    for number, ref in enumerate(organisation_refs, 1):
        say(f"{number:3}  {ref.name}")
    number = click.prompt("Which one", type=click.IntRange(1, len(organisation_refs)), err=True)
    return [organisation_refs[number - 1]]


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@json_option
@config_option
def disconnect(name: str, yes: bool, as_json: bool, config_file: Path | None) -> int:
    """Withdraw the authorisation and delete a connection's tokens.

    Its copy of the ledger is deleted as well; the history, promises and agreements are kept.
    """
    from arsync.application.connections import connecting

    with opened(config_file) as (actor, container):
        (organisation,) = connecting.connections(actor, container, name)
        if not yes:
            books = organisation.connection.organisation.name
            click.confirm(f"Disconnect {books}?", abort=True, err=True)
        message = connecting.disconnect(actor, organisation)
        if as_json:
            print_json({"name": name, "message": message})
        say(message)
    return EXIT_DONE
