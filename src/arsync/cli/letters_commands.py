"""`letters`: what customers get, seen before it leaves, and registered after."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    DAY,
    config_option,
    connection_option,
    json_option,
    one_connection_option,
    opened,
    print_table,
    refuse_unknown_command,
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.letters.notice_register import RegisteredNotice
    from arsync.application.letters.text_listing import ListedText


class _Letters(click.Group):
    """The group; it knows near misses of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-"):
            refuse_unknown_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=_Letters)
def letters() -> None:
    """List, look at, copy, check and try letters; the register of notices."""


# -- texts ----------------------------------------------------------------------------------------


@letters.command("list", short_help="List every text, and what sends it.")
@connection_option
@json_option
@config_option
def list_(connection: tuple[str, ...], as_json: bool, config_file: Path | None) -> int:
    """List every text: its languages, where it stands, and what sends it."""
    from arsync.application.letters.text_listing import list_texts, unused

    with opened(config_file) as (actor, container):
        texts = list_texts(actor, container, connection)
        if as_json:
            print_json(texts)
            return EXIT_DONE
        for names in dict.fromkeys(listed.connections for listed in texts):
            _show_texts([listed for listed in texts if listed.connections == names])
        say(
            f"\n{word(len(texts), 'text')}, {unused(texts):,} of them sent by no rule. `arsync "
            "letters preview NAME` shows one, and\n`arsync letters copy NAME` puts a copy into the "
            "rules folder, to be changed."
        )
    return EXIT_DONE


def _show_texts(texts: list[ListedText]) -> None:
    rows: list[list[str]] = []
    for listed in texts:
        named = f"{listed.text} (numbered)" if listed.bears_number else listed.text
        sources = "; ".join(map(str, listed.sources)) + _lacking(listed)
        use, *further_uses = map(str, listed.uses or ("-",))
        rows += [[named, sources, use], *(["", "", further] for further in further_uses)]
    print_table(", ".join(texts[0].connections), ["text", "from", "sent by"], rows)


def _lacking(listed: ListedText) -> str:
    return f"; none in {' '.join(listed.missing)}" if listed.missing else ""


@letters.command(short_help="Copy a shipped text, as the beginning of your own.")
@click.argument("name")
@click.option("--language", default="", metavar="CODE", help="Its language (default: as sent).")
@one_connection_option
@json_option
@config_option
def copy(
    name: str, language: str, connection: str | None, as_json: bool, config_file: Path | None
) -> int:
    """Copy a shipped text into the rules folder, as the beginning of your own.

    The copy is sent in place of the shipped text, to customers of its language. Nothing is written
    over.
    """
    from arsync.application.letters.text_copying import copy_text

    with opened(config_file) as (actor, container):
        copied = copy_text(actor, container, name, language=language, connection=connection or "")
    if as_json:
        print_json(copied)
    whose = f"{copied.connection}'s customers" if copied.connection else "all customers"
    say(
        f"{copied.file}: sent from now on in place of the shipped text, to {whose} of this "
        "language.\nChange it, then: `arsync letters check`, and "
        f"`arsync letters preview '{copied.text}' --language {copied.language}`."
    )
    return EXIT_DONE


# -- the register ---------------------------------------------------------------------------------


@letters.command(short_help="Print the register of numbered notices.")
@click.option("--from", "since", type=DAY, metavar="DATE", help="Only numbers given since.")
@click.option("--to", "until", type=DAY, metavar="DATE", help="Only numbers given until.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV to stdout.")
@connection_option
@json_option
@config_option
def register(
    since: datetime | None,
    until: datetime | None,
    as_csv: bool,
    connection: tuple[str, ...],
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Print the register of numbered notices, with what became of each.

    Final and formal notices, warnings before a registration or a hand-over, and letters bear a
    running number of their connection. A number is never given twice, and none is left out: what
    was refused after it got its number stands here as not sent.
    """
    from arsync.application.letters.notice_register import notice_register, register_csv

    if as_csv and as_json:
        raise UserMistake("--csv or --json, not both.")
    with opened(config_file) as (actor, container):
        notices = notice_register(
            actor,
            container,
            connection,
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
    if as_json:
        print_json(notices)
    elif as_csv:
        click.echo(register_csv(notices), nl=False)
    elif notices:
        for name in dict.fromkeys(notice.connection for notice in notices):
            _show_register([notice for notice in notices if notice.connection == name])
    if not as_json:
        numbered = [notice for notice in notices if notice.key]
        say(f"{word(len(numbered), 'numbered notice')}.")
    return EXIT_DONE


def _show_register(notices: list[RegisteredNotice]) -> None:
    from arsync.application.letters.notice_register import amount_shown

    rows = [
        [
            f"{notice.number:,}",
            notice.given_on.isoformat(),
            notice.text,
            notice.customer,
            " ".join(notice.invoices),
            amount_shown(notice),
            notice.way,
            notice.outcome,
            notice.key[:12],
        ]
        for notice in notices
    ]
    columns = ["number", "given", "text", "customer", "invoices", "amount", "way", "outcome", "key"]
    print_table(notices[0].connection, columns, rows, right=("number", "amount"))
