"""The command `sandbox`: start the local accounting server and say how to use it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .server import Sandbox
    from .timeline import LoadedRows

CONTACTS_DEFAULT, INVOICES_DEFAULT = 40, 400
"""The ledger that a bare `sandbox` serves."""

IMAP_PORT_DEFAULT = 8752

DAYS_AHEAD = 90
"""For how many days a generated business goes on issuing invoices."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date. Write it as 2026-12-31.") from None


@click.command(name="sandbox")
@click.option(
    "--platform",
    type=click.Choice(["xero", "quickbooks", "both"]),
    default="both",
    show_default=True,
    help="Which platform to serve.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8750,
    show_default=True,
    help="0 chooses a free port.",
)
@click.option(
    "--smtp-port",
    type=click.IntRange(0, 65535),
    default=8751,
    show_default=True,
    help="The port for mail; 0 chooses a free port.",
)
@click.option(
    "--imap-port",
    type=click.IntRange(0, 65535),
    help="The port for what comes back of mail (default: 8752, or a free one where that is taken).",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The seed of all random choices."
)
@click.option("--contacts", type=click.IntRange(0), help="The number of customers to generate.")
@click.option("--invoices", type=click.IntRange(0), help="The number of invoices to generate.")
@click.option(
    "--organisations",
    metavar="N|NAMES",
    default="1",
    show_default=True,
    help="How many organisations each platform has, or their names with commas.",
)
@click.option(
    "--load",
    "ledgers",
    metavar="[NAME=]FOLDER",
    multiple=True,
    help="Fill it from contacts.csv, invoices.csv and payments.csv in this folder: the first "
    "organisation, or the one of this name.",
)
@click.option(
    "--start",
    metavar="YYYY-MM-DD",
    callback=lambda _ctx, _param, value: None if value is None else _day(value),
    help="The first day of its clock (default: today).",
)
@click.option(
    "--limits/--no-limits", default=True, show_default=True, help="Refuse calls over rate limits."
)
@click.option(
    "--debtors/--no-debtors", default=True, show_default=True, help="Customers behave as days pass."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print its addresses as one line of JSON, then serve."
)
def main(
    *,
    platform: str,
    port: int,
    smtp_port: int,
    imap_port: int | None,
    seed: int,
    contacts: int | None,
    invoices: int | None,
    organisations: str,
    ledgers: tuple[str, ...],
    start: date | None,
    limits: bool,
    debtors: bool,
    as_json: bool,
) -> None:
    """Serve a local accounting system that behaves like Xero and QuickBooks Online.

    It serves until it is stopped. With --json its one line of output comes when it is ready: url,
    smtp_port, imap_port, platforms, now, control and pid.
    """
    from .books import organisations_named, platforms_served
    from .server import PLATFORMS, Sandbox

    if ledgers and (contacts is not None or invoices is not None):
        raise click.UsageError("--load brings its own ledger: leave --contacts and --invoices out")
    names = _names(organisations)
    try:
        owners = organisations_named(names)
    except ValueError as error:
        raise click.UsageError(f"--organisations {organisations!r}: {error}") from error
    loaded = loaded_ledgers(ledgers, names)
    sandbox = Sandbox(
        PLATFORMS if platform == "both" else (platform,),
        port=port,
        smtp_port=smtp_port,
        imap_port=_free_or_0(IMAP_PORT_DEFAULT) if imap_port is None else imap_port,
        start=start,
        seed=seed,
        settings={"limits": limits, "debtors": debtors},
        organisations=owners,
    )
    if not loaded:
        contacts, invoices = _counts(contacts, invoices)
        sandbox.generate(contacts=contacts, invoices=invoices, days_ahead=DAYS_AHEAD)
    for name, rows in loaded.items():
        sandbox.load(rows, name)
    try:
        sandbox.listen()
    except OSError as error:
        hint = "is a sandbox running already? --port 0 --smtp-port 0 take free ports"
        raise _Mistake(f"{error.strerror}\n    hint: {hint}") from error
    if as_json:
        click.echo(json.dumps(start_values(sandbox)))
    else:
        platforms = tuple(platforms_served(sandbox.books))
        mail = (sandbox.smtp_port, sandbox.imap_port)
        click.echo(start_text(sandbox.url, mail, platforms, sandbox.now()))
    sys.stdout.flush()  # a pipe's reader gets the address at once
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sandbox.serve_forever()
    if not as_json:
        click.echo("\nStopped.")


def _free_or_0(port: int) -> int:
    """Return a port if nobody listens there: a second sandbox needs no third port named."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


class _Mistake(click.ClickException):
    """Something that the user can fix."""

    exit_code = 2


def _counts(contacts: int | None, invoices: int | None) -> tuple[int, int]:
    if contacts is None and invoices is None:
        return CONTACTS_DEFAULT, INVOICES_DEFAULT
    if contacts is None:
        assert invoices is not None
        return max(1, invoices // 10), invoices
    return contacts, contacts * 10 if invoices is None else invoices


def _names(organisations: str) -> list[str]:
    """Return the names that `--organisations` gives or stands for."""
    from .books import ORGANISATIONS_MAX, numbered_names

    if organisations.isascii() and organisations.isdigit():
        count = int(organisations[:9])
        return numbered_names(min(count, ORGANISATIONS_MAX + 1))
    return [name.strip() for name in organisations.split(",")]


def loaded_ledgers(ledgers: tuple[str, ...], names: list[str]) -> dict[str, LoadedRows]:
    """Return the rows that `--load` names, by organisation.

    Args:
        ledgers: folders, each with `NAME=` before it or not.
        names: the organisations there are; the first owns a folder without a name.

    Raises:
        click.ClickException: a folder cannot be read, or one organisation has two.
    """
    from .load import LoadProblem, rows_from_folder

    loaded: dict[str, LoadedRows] = {}
    for ledger in ledgers:
        before, equals, after = ledger.partition("=")
        name, folder = (before, after) if equals and before in names else (names[0], ledger)
        if name in loaded:
            raise click.UsageError(f"--load fills {name!r} twice")
        try:
            loaded[name] = rows_from_folder(Path(folder))
        except LoadProblem as problem:
            raise _Mistake(str(problem)) from problem
    return loaded


def start_values(sandbox: Sandbox) -> dict[str, object]:
    """Return what a program needs to know to use a running sandbox."""
    from .books import organisations_served, platforms_served

    return {
        "url": sandbox.url,
        "smtp_port": sandbox.smtp_port,
        "imap_port": sandbox.imap_port,
        "platforms": platforms_served(sandbox.books),
        "organisations": organisations_served(sandbox.books),
        "now": sandbox.now().isoformat(),
        "control": f"{sandbox.url}/_sandbox",
        "pid": os.getpid(),
    }


def start_text(url: str, mail: tuple[int, int], platforms: tuple[str, ...], now: date) -> str:
    """Return what a person needs to know to use a running sandbox.

    Args:
        url: where it serves.
        mail: the ports for mail, and for what comes back of it.
        platforms: which it serves.
        now: its day.
    """
    from .imap import PASSWORD
    from .registers import COMPANIES_HOUSE, GLEIF, KEY
    from .text_messages import ACCOUNT, SENDER, TOKEN

    lines = [
        f"The sandbox serves {' and '.join(platforms)} on {url} (this computer only).",
        f"Its clock says {now:%Y-%m-%d %H:%M} UTC. Stop it with Ctrl+C.",
        "",
        "For config.toml:",
        "",
    ]
    for name in platforms:
        lines += [f"  {line}" for line in CONFIG_LINES[name].format(url=url).splitlines()]
    lines += [
        "  [smtp]",
        f'  url = "smtp://127.0.0.1:{mail[0]}"',
        '  sender = "Accounts <accounts@sandbox.example>"',
        "  [mailbox]",
        f'  url = "imap://accounts%40sandbox.example:{PASSWORD}@127.0.0.1:{mail[1]}"',
        "  [sms]",
        f'  account = "{ACCOUNT}"',
        f'  token = "{TOKEN}"',
        f'  sender = "{SENDER}"',
        f'  api_url = "{url}"',
        "  [credit_data]",
        '  sources = "companies_house, gleif"',
        f'  companies_house_key = "{KEY}"',
        f'  companies_house_url = "{url}{COMPANIES_HOUSE}"',
        f'  gleif_url = "{url}{GLEIF}"',
        "",
        f"See the ledgers and all mail:  {url}/_sandbox/state",
        f"See what was asked of it:      {url}/_sandbox/journal",
        f"See its switches:              {url}/_sandbox/settings",
        f'Let days pass:                 curl -d \'{{"to": "2026-12-24"}}\' {url}/_sandbox/clock',
    ]
    lines += ["", "Have changes posted to `arsync webhooks`, where that listens already:", ""]
    for name in platforms:
        setting = f'{{"{name}_webhook_url": "{RECEIVER}/{name}"}}'
        lines.append(f"  curl -d '{setting}' {url}/_sandbox/settings")
    return "\n".join(lines)


RECEIVER = "http://127.0.0.1:8485/webhooks"
"""Where `arsync webhooks` listens, by default."""

CONFIG_LINES = {
    "xero": """\
[xero]
flow = "pkce"
client_id = "sandbox-pkce-app"
api_url = "{url}"
login_url = "{url}"
identity_url = "{url}"
webhook_key = "sandbox-xero-webhook-key"
""",
    "quickbooks": """\
[quickbooks]
client_id = "sandbox-web-app"
client_secret = "sandbox-web-secret"
api_url = "{url}"
authorize_url = "{url}/connect/oauth2"
token_url = "{url}/oauth2/v1/tokens/bearer"
revoke_url = "{url}/v2/oauth2/tokens/revoke"
webhook_token = "sandbox-quickbooks-verifier"
""",
}
"""How a config file names the sandbox instead of the platform."""
