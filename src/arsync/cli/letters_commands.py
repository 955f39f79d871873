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
    write_output,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, UserMistake

if TYPE_CHECKING:
    from arsync.application.letters.notice_register import RegisteredNotice
    from arsync.application.letters.text_listing import ListedText
    from arsync.application.organisation.connection_choice import ConnectionChoice


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
    """List, look at, copy, check, try and send letters; the register of notices."""


# -- texts ----------------------------------------------------------------------------------------


@letters.command("list", short_help="List every text, and what sends it.")
@connection_option
@json_option
@config_option
def list_(connection: ConnectionChoice, as_json: bool, config_file: Path | None) -> int:
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


@letters.command(short_help="Check texts, settings, and whom no letter can reach.")
@connection_option
@json_option
@config_option
def check(connection: ConnectionChoice, as_json: bool, config_file: Path | None) -> int:
    """Check everything that letters need before any leaves.

    Each text in each folder and language, with file and line; the settings that are missing for
    what the rulebook sends; customers who owe and whom no letter can reach. Exit code 2: something
    has to be put right.
    """
    from arsync.application.letters.checking import check_letters

    with opened(config_file) as (actor, container):
        findings = check_letters(actor, container, connection)
    mistakes = sum(finding.is_mistake for finding in findings)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(str(finding))
        doubts = word(len(findings) - mistakes, "warning")
        say(f"{word(mistakes, 'mistake')}, {doubts}." if findings else "Letters: no mistakes.")
    return EXIT_MISTAKE if mistakes else EXIT_DONE


# -- looking at letters ---------------------------------------------------------------------------


_FORMS = ("text", "html", "pdf")


@letters.command(short_help="Show any letter for any customer; nothing leaves.")
@click.argument("name", metavar="NAME|KEY")
@click.option("--customer", default="", metavar="CUSTOMER", help="Whose letter it is.")
@click.option("--language", default="", metavar="CODE", help="In this language.")
@click.option(
    "--as", "form", type=click.Choice(_FORMS), default="text", show_default=True, help="As what."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to FILE.",
)
@connection_option
@json_option
@config_option
def preview(
    name: str,
    customer: str,
    language: str,
    form: str,
    output: Path | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show a letter as it would leave now: its way, to whom, what goes along, and every word.

    NAME is a text, as `arsync letters list` names it; KEY is a message of the plan. Any text can be
    looked at for any customer, also for one who owes nothing, and in any language. Without
    --customer the customer and the invoices are made up, and so is what neither `[letters]` nor the
    books say of the sender. Nothing leaves, and the accounting system is not called.
    """
    from arsync.application.letters.previewing import LetterWanted, preview_letter, preview_view
    from arsync.cli.render_letter import show_letter

    if form == "pdf" and output is None and not as_json:
        raise UserMistake("a PDF needs a file.\n    hint: --output letter.pdf")
    choice = LetterWanted(name, customer, language)
    with opened(config_file) as (actor, container):
        preview_of = preview_letter(actor, container, choice, connection)
        if output is not None:
            letter = preview_of.letter
            by_form = {"text": letter.text, "html": letter.html}
            content = by_form[form] if form in by_form else preview_of.pdf()
            write_output(output, content, container.config)
            for remark in preview_of.shown.remarks:
                say(f"! {remark}")
            say(f"{output}: {preview_of.text}.")
    if as_json:
        print_json(preview_view(preview_of))
    elif output is None and form == "html":
        click.echo(preview_of.letter.html, nl=False)
    elif output is None:
        whose = preview_of.customer or "a sample"
        show_letter(preview_of.shown, f"{preview_of.text}: {whose}")
    return EXIT_DONE


@letters.command("send-test", short_help="Send a letter to yourself.")
@click.argument("name")
@click.option("--to", required=True, metavar="ADDRESS", help="Your own address.")
@click.option("--customer", default="", metavar="CUSTOMER", help="Whose letter it is.")
@click.option("--language", default="", metavar="CODE", help="In this language.")
@connection_option
@json_option
@config_option
def send_test(
    name: str,
    to: str,
    customer: str,
    language: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Send a letter to yourself, exactly as the mail would be, by the connection's mail server.

    Its subject begins with TEST. Nobody else gets a copy, no note is written, and no number of a
    notice is used up. It never goes to the customer's own address.
    """
    from arsync.application.letters.previewing import LetterWanted
    from arsync.application.letters.trying import send_test as send

    with opened(config_file) as (actor, container):
        sent = send(actor, container, LetterWanted(name, customer, language), to, connection)
    if as_json:
        print_json(sent)
    say(f"{sent.text}: sent to {sent.to} by the mail server of {sent.connection}: {sent.detail}")
    return EXIT_DONE


@letters.command(short_help="Have a letter about the account sent to a customer.")
@click.argument("name")
@click.option("--customer", required=True, metavar="CUSTOMER", help="To whom: a name or an id.")
@click.option("--invoice", default="", metavar="NUMBER", help="The invoice that it is about.")
@click.option("--plan", "plan_id", type=int, metavar="NUMBER", help="The payment plan it is about.")
@click.option("--language", default="", metavar="CODE", help="Its language (default: as sent).")
@click.option("--via", default="", metavar="WAY", help="By which way (default: as by rule).")
@click.option("--line", default="", metavar="TEXT", help="A line of yours above its text.")
@connection_option
@json_option
@config_option
def send(
    name: str,
    customer: str,
    invoice: str,
    plan_id: int | None,
    language: str,
    via: str,
    line: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Have the next run send a letter about the account to a customer, on your word.

    NAME is `statement of account`, `thank you`, `satisfaction check`, `terms of trade`, `credit
    hold placed`, `credit hold lifted`, `credit limit changed`, `payment plan agreed`, `instalment
    due`, `instalment missed`, `hand over announced`, or a text of yours that `thank_you` or
    `after_issue` sends. No rule has to ask for it. It leaves only if it is true, then and now,
    and once for one occasion: neither a rule nor a person sends it again. Your word is its
    approval; where you may not approve, it waits for somebody who may. Reminders and
    notices leave by their cadence alone.
    """
    from arsync.application.letters.sending import LetterToSend, send_letter
    from arsync.application.persons_words import recorded_view

    letter = LetterToSend(name, customer, invoice, via, language, line, plan_id)
    with opened(config_file) as (actor, container):
        recorded = send_letter(actor, container, letter, connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
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
    connection: ConnectionChoice,
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
            notice.written,
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
