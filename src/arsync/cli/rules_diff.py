"""`rules diff`: whose treatment another rulebook would change, how, and by which line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    as_of_option,
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    print_table,
    word,
)
from arsync.errors import EXIT_DONE, EXIT_FAILED, UserMistake

if TYPE_CHECKING:
    from arsync.application.trials import RulesDiff
    from arsync.core.trials.rulebook_diff import CustomerDifference, RulebookSide

CUSTOMERS_SHOWN_MAX = 100
"""So many customers are shown; `--all` and `--json` show every one."""


@click.command("diff", short_help="Show whose treatment an edit would change, and why.")
@click.argument("old", required=False, default="")
@click.argument("new", required=False, default="")
@click.option(
    "--git",
    "revision",
    metavar="REV",
    default="",
    help="The rules folder as it stood in a git revision, in place of OLD.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything would change.")
@click.option("--all", "everything", is_flag=True, help="Show every customer.")
@as_of_option
@connection_option
@json_option
@config_option
def rules_diff(
    old: str,
    new: str,
    revision: str,
    exit_code: bool,
    everything: bool,
    as_of: date | None,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show whose treatment would change, how, and because of which line.

    OLD and NEW are files, folders, or git revisions as in HEAD~1:rules. Without NEW it is the
    rulebook as it stands. Your own texts are those beside each of the two, and a letter that reads
    otherwise is a difference. Nothing is sent, and nothing is written.
    """
    from arsync.application.trials import diff

    if not old and not revision:
        raise UserMistake(
            "which rulebook is the old one?"
            "\n    hint: arsync rules diff OLD NEW, or: arsync rules diff --git HEAD"
        )
    if revision and new:
        raise UserMistake("with --git there is one more rulebook at most: the new one.")
    if revision:
        old, new = "", old
    changed = False
    with open_app(config_file) as app:
        rows = app.connections(connection)
        rules_diffs = [diff(app, row, old, new, revision=revision, as_of=as_of) for row in rows]
        if as_json:
            read = [one.as_json() for one in rules_diffs]
            changed = any(one["customers"] or one["texts"] for one in read)
            print_json(read[0] if len(read) == 1 else read)
        else:
            for number, one in enumerate(rules_diffs):
                if number:
                    click.echo()
                changed = show_diff(one, everything=everything) or changed
    return EXIT_FAILED if exit_code and changed else EXIT_DONE


def show_diff(found: RulesDiff, *, everything: bool = False) -> bool:
    """Print one connection's differences; return whether there are any."""
    click.secho(f"{found.connection}, as of {found.as_of.isoformat()}", bold=True)
    click.echo(f"old: {', '.join(found.old.files)}")
    click.echo(f"new: {', '.join(found.new.files)}")
    shown: list[CustomerDifference] = []
    customers = changes = 0
    for difference in found.differences:
        customers += 1
        changes += len(difference.changes)
        if everything or len(shown) < CUSTOMERS_SHOWN_MAX:
            shown.append(difference)
    if found.texts:
        click.echo()
        for text in found.texts:
            places = " and ".join(f"{one or 'the shipped one'}" for one in (text.old, text.new))
            click.echo(f"The text of `{text.name}` differs: {places}.")
    if not customers:
        click.echo(
            "\nNothing changes for anyone on this day"
            + (", but what the letters say." if found.texts else ".")
        )
        return bool(found.texts)
    click.echo()
    print_table("", ["customer", "about", "old", "new", "old line", "new line"], _rows(shown))
    if len(shown) < customers:
        left = word(customers - len(shown), "more customer", "more customers")
        click.echo(f"... and {left}: --all shows them.")
    click.echo(
        f"\n{word(customers, 'customer')} treated differently, {word(changes, 'change')}. "
        "Nothing was changed."
    )
    return True


def _rows(found: list[CustomerDifference]) -> Iterator[list[str]]:
    for difference in found:
        for change in difference.changes:
            yield [
                difference.contact_name,
                change.about,
                change.old.text,
                change.new.text,
                _line(change.old),
                _line(change.new),
            ]


def _line(side: RulebookSide) -> str:
    reason = side.because
    return f'{reason.file}:{reason.line} "{reason.rule}"' if reason else ""
