"""`init`, `connect`, `connections`, `disconnect`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    json_option,
    open_app,
    print_json,
    print_table,
    say,
    word,
)
from arsync.connector_sdk import Grant, OrganisationRef
from arsync.errors import EXIT_DONE, UserMistake
from arsync.files import write_private

if TYPE_CHECKING:
    from arsync.application.facade import App
    from arsync.store.models import ConnectionRow

MODES = ("observe", "approve", "auto")

own_reminders_option = click.option(
    "--own-reminders",
    type=click.Choice(["on", "off"]),
    help="Whether the platform sends reminders of its own, where it does not tell (QuickBooks).",
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
    "--currency", metavar="CODE", help="The rulebook's currency, e.g. NZD (default: its own)."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where (default: here).",
)
@json_option
def init(rulebook: str, currency: str | None, folder: Path, as_json: bool) -> int:
    """Make a config file, a rules folder and a first rulebook.

    What is there already is left as it is.
    """
    import arsync_rulebooks
    from arsync.config import example_config

    if rulebook not in arsync_rulebooks.names():
        known = ", ".join(arsync_rulebooks.names())
        raise UserMistake(f"there is no rulebook {rulebook!r}.\n    hint: known: {known}")
    pack = rulebook in arsync_rulebooks.packs()
    text = _PACK.format(name=rulebook) if pack else arsync_rulebooks.text(rulebook)
    if currency and pack:
        text += f"currency: {_code(currency)}\n"
    elif currency:
        text = _in_currency(text, currency)
    files = {
        folder / "config.toml": example_config(),
        folder / "rules" / f"{rulebook}.yaml": text,
        folder / "rules" / "rulebook.schema.json": arsync_rulebooks.schema_text(),
    }
    rules = folder / "rules"
    if any(rules.glob("*.yaml")) and not (rules / f"{rulebook}.yaml").exists():
        del files[rules / f"{rulebook}.yaml"]
        say(f"{rules} holds a rulebook already; no other is added.")
    done: dict[str, list[str]] = {"wrote": [], "kept": []}
    for path, content in files.items():
        if path.exists():
            say(f"kept   {path}")
            done["kept"].append(str(path))
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.name == "config.toml":
                write_private(path, content)
            else:
                path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise UserMistake(f"{path}: {error.strerror}.") from None
        say(f"wrote  {path}")
        done["wrote"].append(str(path))
    if as_json:
        print_json(done)
    say("\nNext: put your client id into config.toml, then `arsync connect xero` (or quickbooks).")
    return EXIT_DONE


_PACK = """\
# yaml-language-server: $schema=./rulebook.schema.json
#
# Everything stands in the pack; write here only what you want otherwise, by its name, as in
#
# credit_limits:
#   - name: Everyone else
#     limit: 5,000
#
#     arsync rules show           prints the whole, with the file and line each part came from
#     arsync rules check          says what is wrong, with line and hint

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
@click.option("--name", help="What to call the connection (default: made from its name).")
@click.option("--organisation", metavar="NAME", help="Which one, where the consent opens several.")
@click.option("--all", "connect_all", is_flag=True, help="Connect all that the consent opens.")
@click.option("--no-browser", is_flag=True, help="Print the address, and paste the answer.")
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

    A new connection observes: it reads and plans, and writes nothing.
    """
    from arsync.application.oauth_consent import consent

    with open_app(config_file) as app:
        label = app.platform(platform).label
        if not app.config.get(platform, "client_id"):
            where = app.config.file or "config.toml"
            raise UserMistake(
                f"[{platform}] client_id is empty in {where}.\n"
                f"    hint: make an app at {_DEVELOPER_SITES.get(platform, label)} "
                "and put its client id there; `arsync init` makes the file"
            )
        _ = app.store  # a store that cannot be opened is told before consent is asked for
        if app.authoriser(platform).interactive:
            say(
                f"{label} shows an error page instead of asking? Then its app does not know the "
                f"client id\nor the address {app.config.get(platform, 'redirect_url')}. "
                "Ctrl-C stops.\n"
            )
        grant = consent(
            app.authoriser(platform),
            redirect_url=app.config.get(platform, "redirect_url"),
            say=say,
            ask=(lambda question: click.prompt(question, err=True)) if no_browser else None,
        )
        chosen = _chosen(grant, organisation, connect_all=connect_all)
        if name and len(chosen) > 1:
            raise UserMistake("--name serves one organisation; leave it out to connect several.")
        rows = app.add_connections(platform, grant, [(ref, name or "") for ref in chosen])
        rows = [_with_own_reminders(app, row, own_reminders, label) for row in rows]
    if as_json:
        print_json([_row_json(row) for row in rows])
    for row in rows:
        say(f"Connected {row.organisation.name} at {label} as {row.name!r}, mode {row.mode}.")
    say("\nNext: `arsync pull`, then `arsync plan`. Nothing is written while the mode is observe.")
    return EXIT_DONE


def _with_own_reminders(
    app: App, row: ConnectionRow, answer: str | None, label: str
) -> ConnectionRow:
    """Ask once whether the platform sends reminders of its own, where it does not tell."""
    known = row.organisation.own_reminders is not None
    if answer is None and not known and sys.stdin.isatty():
        say(
            f"\n{label} can send reminders of its own, and does not tell whether it does. If both "
            "remind,\ncustomers hear twice."
        )
        question = f"Are {label}'s own reminders for {row.organisation.name} switched on"
        choice = click.Choice(["on", "off", "not sure"])
        answer = click.prompt(question, type=choice, default="not sure", err=True)
    if answer not in {"on", "off"}:
        return row
    return app.set_own_reminders(row.name, on=answer == "on")


_DEVELOPER_SITES = {"xero": "developer.xero.com", "quickbooks": "developer.intuit.com"}


def _chosen(
    grant: Grant, organisation: str | None, *, connect_all: bool
) -> Sequence[OrganisationRef]:
    organisation_refs = grant.organisations
    names = "\n".join(f"    {ref.name}" for ref in organisation_refs)
    if not organisation_refs:
        raise UserMistake("the consent opens no organisation. Choose one on the consent page.")
    if organisation:
        wanted = organisation.casefold()
        match = [
            ref for ref in organisation_refs if wanted in {ref.name.casefold(), ref.id.casefold()}
        ]
        if not match:
            raise UserMistake(f"the consent does not open {organisation!r}. It opens:\n{names}")
        return match
    if connect_all or len(organisation_refs) == 1:
        return organisation_refs
    if not sys.stdin.isatty():
        raise UserMistake(
            f"the consent opens several organisations:\n{names}\n"
            "    hint: choose with --organisation NAME, or --all"
        )
    for number, ref in enumerate(organisation_refs, 1):
        say(f"{number:3}  {ref.name}")
    number = click.prompt("Which one", type=click.IntRange(1, len(organisation_refs)), err=True)
    return [organisation_refs[number - 1]]


@click.command()
@click.argument("name", required=False)
@click.option("--connection", metavar="NAME", help="The same as NAME.")
@click.option("--mode", type=click.Choice(MODES), help="Change how far it may go.")
@own_reminders_option
@json_option
@config_option
def connections(
    name: str | None,
    connection: str | None,
    mode: str | None,
    own_reminders: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """List the connections, or change one: its mode, what is known of it.

    observe plans and writes nothing; approve lets every action wait for a person; auto asks only
    where the rulebook does.
    """
    name = name or connection
    with open_app(config_file) as app:
        if mode:
            if not name:
                raise UserMistake("say which connection: arsync connections NAME --mode MODE")
            before = app.store.connections.get(name).mode
            row = app.set_mode(name, mode)
            say(f"{row.name}: {before} -> {row.mode}.")
        if own_reminders:
            if not name:
                raise UserMistake(
                    "say which connection: arsync connections NAME --own-reminders on"
                )
            row = app.set_own_reminders(name, on=own_reminders == "on")
            say(f"{row.name}: the platform's own reminders are {own_reminders}.")
        connection_rows = app.connections(name)
        if as_json:
            print_json([_row_json(row) for row in connection_rows])
            return EXIT_DONE
        print_table(
            "",
            ["connection", "platform", "organisation", "currency", "mode", "state"],
            [
                [
                    row.name,
                    app.platform(row.platform).label,
                    row.organisation.name,
                    row.organisation.base_currency,
                    str(row.mode),
                    str(row.state),
                ]
                for row in connection_rows
            ],
        )
        say(word(len(connection_rows), "connection") + ".")
    return EXIT_DONE


def _row_json(row: object) -> dict[str, object]:
    from arsync.store.models import ConnectionRow

    assert isinstance(row, ConnectionRow)
    return {
        "name": row.name,
        "platform": row.platform,
        "organisation": {"id": row.organisation_id, "name": row.organisation.name},
        "currency": row.organisation.base_currency,
        "time_zone": row.organisation.time_zone,
        "mode": str(row.mode),
        "state": str(row.state),
        "own_reminders": row.organisation.own_reminders,
        "created_at": row.created_at.isoformat(),
        "taken_over_on": row.taken_over_on,
    }


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@config_option
def disconnect(name: str, yes: bool, as_json: bool, config_file: Path | None) -> int:
    """Withdraw the consent and forget a connection's tokens.

    Its copy of the ledger goes too; what was done, promised and agreed is kept.
    """
    with open_app(config_file) as app:
        row = app.store.connections.get(name)
        if not yes:
            click.confirm(f"Disconnect {row.organisation.name}?", abort=True, err=True)
        said = app.disconnect(name)
        if as_json:
            print_json({"name": name, "message": said})
        say(said)
    return EXIT_DONE
