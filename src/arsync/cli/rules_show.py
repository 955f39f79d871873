"""`rules show` and `rules drift`: the rulebook as it counts, and how connections differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    one_connection_option,
    opened,
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.clock import in_words
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice


@click.command("show", short_help="Print the effective rulebook, with file and line of each part.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--version",
    "prefix",
    metavar="HASH",
    default="",
    help="A rulebook that runs went by, by its hash or the first six characters of it.",
)
@click.option(
    "--files", "as_written", is_flag=True, help="With --version: its files and letters as written."
)
@one_connection_option
@json_option
@config_option
def rules_show(
    paths: tuple[Path, ...],
    prefix: str,
    as_written: bool,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Print the effective rulebook, with the file and line of each part.

    PATHS are files or folders; without them, the current rulebook is used. The output is a rulebook
    itself: saved to a file, it means the same. With --json it is a text, with its name, files and
    hash. The hash of a past rulebook stands in `arsync why`, `arsync rules versions` and with each
    action in --json.
    """
    if prefix:
        if paths or connection:
            raise UserMistake("--version names a rulebook: give neither PATHS nor --connection.")
        return _show_version(prefix, config_file, as_written=as_written, as_json=as_json)
    if as_written:
        raise UserMistake("--files needs --version: the files of today are in the rules folder.")
    from arsync.application.rules.rule_checking import effective_rules, effective_rules_view

    with opened(config_file, needs_config=not paths) as (actor, container):
        rulebook, text = effective_rules(actor, container, paths, connection)
    if as_json:
        print_json(effective_rules_view(rulebook, text))
    else:
        click.echo(text, nl=False)
    return EXIT_DONE


def _show_version(prefix: str, config_file: Path | None, *, as_written: bool, as_json: bool) -> int:
    from arsync.application.rules.rulebook_versions import kept_rulebook, kept_rulebook_view

    with opened(config_file) as (actor, container):
        kept = kept_rulebook(actor, container, prefix)
    view = kept_rulebook_view(kept)
    if as_json:
        print_json(view)
        return EXIT_DONE
    row = kept.row
    say(
        f"Rulebook {row.hash}, first used {in_words(row.recorded_at, None)} by {row.recorded_by}, "
        f"from {row.source}."
    )
    if row.redacted_at is not None:
        say(f"A customer's name was taken out of it on {row.redacted_at.date().isoformat()}.")
    if as_written:
        for file in (*kept.text.files, *kept.text.letters):
            click.secho(f"# {file.path}", bold=True)
            click.echo(file.text.rstrip("\n"))
        return EXIT_DONE
    if view.rulebook is None:
        raise UserMistake(
            "\n".join(kept.problems) + "\nThis version of arsync cannot read it any more."
            f"\n    hint: its files as written: arsync rules show --version {prefix} --files"
        )
    click.echo(view.rulebook, nl=False)
    return EXIT_DONE


@click.command("drift", short_help="List how connections differ from the shared rules.")
@connection_option
@json_option
@config_option
def rules_drift(connection: ConnectionChoice, as_json: bool, config_file: Path | None) -> int:
    """List how each connection's rulebook differs from the shared rulebook."""
    from arsync.application.rules import rule_checking
    from arsync.cli.summaries import is_summarised, show_drift_summary

    with opened(config_file) as (actor, container):
        drifts = list(rule_checking.rules_drift(actor, container, connection))
    summarised = is_summarised(drifts, everything=False)
    if summarised and not as_json:
        broken = sum(bool(drift.problems) for drift in drifts)
        differing = sum(bool(drift.differences) for drift in drifts)
        show_drift_summary(len(drifts), differing, broken)
    for drift in drifts:
        if summarised and not drift.differences and not drift.problems:
            continue
        if drift.problems:
            click.echo("\n".join(drift.problems), err=True)
        elif not as_json:
            count = len(drift.differences)
            say(f"{drift.connection}: {word(count, 'difference') if count else 'as shared'}.")
            for difference in drift.differences:
                click.echo(f"    {difference}")
    if as_json:
        print_json([view for drift in drifts for view in rule_checking.drift_views(drift)])
    return EXIT_MISTAKE if any(drift.problems for drift in drifts) else EXIT_DONE
