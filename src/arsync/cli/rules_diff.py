"""`rules diff`: whose treatment another rulebook would change, how, and by which line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    as_of_option,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    word,
)
from arsync.cli.json_output import print_json_of_each
from arsync.errors import EXIT_DONE, EXIT_FAILED, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.rules.trials import RulesDiff
    from arsync.core.trials.rulebook_diff import CustomerDifference, RulebookSide

CUSTOMERS_SHOWN_MAX = 100
"""So many customers are shown; `--all` and `--json` show every one."""

LINES_SHOWN_MAX = 200
"""So many lines of the texts' difference are shown; `--all` and `--json` show every one."""


@click.command("diff", short_help="Show which customers an edit would treat differently, and why.")
@click.argument("old", required=False, default="")
@click.argument("new", required=False, default="")
@click.option(
    "--git",
    "revision",
    metavar="REV",
    default="",
    help="Compare with the rules folder of this git revision, instead of OLD.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything would change.")
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
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show which customers would be treated differently, how, and by which line.

    OLD and NEW are files, folders, git revisions as in HEAD~1:rules, or hashes of rulebooks that
    runs went by (`arsync rules versions`). Without NEW, the current rulebook is used. Each side
    uses the texts beside it, and a letter with different words is a difference. With a hash, the
    lines that differ are shown as well. Nothing is sent, and nothing is written.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.rules.trials import Comparison, diff_rulebooks, rules_diff_view

    if not old and not revision:
        raise UserMistake(
            "which rulebook is the old one?"
            "\n    hint: arsync rules diff OLD NEW, or: arsync rules diff --git HEAD"
        )
    if revision and new:
        raise UserMistake("with --git give at most one more rulebook: the new one.")
    if revision:
        old, new = "", old
    with opened(config_file) as (actor, container):
        comparison = Comparison(old, new, revision)
        rules_diffs = [
            diff_rulebooks(actor, organisation, comparison, as_of)
            for organisation in connections(actor, container, connection)
        ]
        if as_json:
            views = [rules_diff_view(rules_diff) for rules_diff in rules_diffs]
            changed = any(view.customers or view.texts for view in views)
            print_json_of_each(views)
        else:
            changed = _show_diffs(rules_diffs, everything=everything)
    # Only on request, as with `diff` in git: a difference is no failure by itself.
    return EXIT_FAILED if exit_code and changed else EXIT_DONE


def _show_diffs(rules_diffs: Sequence[RulesDiff], *, everything: bool) -> bool:
    """Print differences, an empty line between connections; return whether there are any."""
    changed = False
    for number, rules_diff in enumerate(rules_diffs):
        if number:
            click.echo()
        changed = show_diff(rules_diff, everything=everything) or changed
    return changed


def show_diff(rules_diff: RulesDiff, *, everything: bool = False) -> bool:
    """Print one connection's differences; return whether there are any."""
    click.secho(f"{rules_diff.connection}, as of {rules_diff.as_of.isoformat()}", bold=True)
    click.echo(f"old: {', '.join(rules_diff.old.files)}")
    click.echo(f"new: {', '.join(rules_diff.new.files)}")
    shown: list[CustomerDifference] = []
    customers = changes = 0
    _show_lines(rules_diff.text_diff, everything=everything)
    for difference in rules_diff.differences:
        customers += 1
        changes += len(difference.changes)
        if everything or len(shown) < CUSTOMERS_SHOWN_MAX:
            shown.append(difference)
    if rules_diff.texts:
        click.echo()
        for text in rules_diff.texts:
            places = " and ".join(place or "the shipped one" for place in (text.old, text.new))
            click.echo(f"The text of `{text.name}` differs: {places}.")
    if not customers:
        click.echo(
            "\nNo customer is treated differently on this day"
            + ("; only the words of letters differ." if rules_diff.texts else ".")
        )
        return bool(rules_diff.texts)
    click.echo()
    print_table("", ["customer", "about", "old", "new", "old line", "new line"], _rows(shown))
    if len(shown) < customers:
        more = word(customers - len(shown), "more customer", "more customers")
        click.echo(f"... and {more}: --all shows them.")
    click.echo(
        f"\n{word(customers, 'customer')} treated differently, {word(changes, 'change')}. "
        "Nothing was changed."
    )
    return True


def _show_lines(lines: Sequence[str], *, everything: bool) -> None:
    if lines:
        click.echo()
    for line in lines if everything else lines[:LINES_SHOWN_MAX]:
        click.echo(line)
    if len(lines) > LINES_SHOWN_MAX and not everything:
        click.echo(f"... and {word(len(lines) - LINES_SHOWN_MAX, 'more line')}: --all shows them.")


def _rows(differences: list[CustomerDifference]) -> Iterator[list[str]]:
    for difference in differences:
        for change in difference.changes:
            yield [
                difference.contact.name,
                change.about,
                change.old.text,
                change.new.text,
                _line(change.old),
                _line(change.new),
            ]


def _line(side: RulebookSide) -> str:
    reason = side.because
    return f'{reason.file}:{reason.line} "{reason.rule}"' if reason else ""
