"""`rules test`: stories of customers, played through the rulebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    json_option,
    one_connection_option,
    opened,
    word,
    wrapped,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_MISTAKE, UserMistake

if TYPE_CHECKING:
    from arsync.application.rules.scenarios import PlayedFile
    from arsync.core.trials.scenario import Failure

LINE_LENGTH = 78
"""How long the lines are between two failures."""


@click.command("test", short_help="Play the scenarios, and report what differs and why.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-k", "chosen", metavar="WORD", default="", help="Only scenarios with this word in their name."
)
@click.option("--names", is_flag=True, help="Print a line for each scenario instead of a dot.")
@click.option(
    "--rulebook",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Play this rulebook instead of the one that each file names.",
)
@click.option(
    "--write",
    "about",
    metavar="INVOICE|CONTACT",
    default="",
    help="Print a scenario drafted from a real customer, anonymised.",
)
@one_connection_option
@json_option
@config_option
def rules_test(
    paths: tuple[Path, ...],
    chosen: str,
    names: bool,
    rulebook: Path | None,
    about: str,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Play the scenarios of the rules folder, and report what differs, why, and in which line.

    PATHS are scenario files or folders of them; without them, the folder `scenarios` of the rules
    folder and of each connection's folder in it. Nothing is sent, and nothing is written: --write
    prints a draft. The exit code is 1 if anything differs, and 2 if a file has mistakes.
    """
    from arsync.application.rules.scenarios import draft_scenario, play_scenarios, scenarios_view
    from arsync.config import load_config

    if about:
        if paths:
            raise UserMistake("--write prints a new scenario: it takes no PATHS.")
        with opened(config_file) as (actor, container):
            click.echo(draft_scenario(actor, container, about, connection), nl=False)
        return EXIT_DONE
    config = load_config(config_file)
    played: list[PlayedFile] = []
    for played_file in play_scenarios(
        config, paths, connection=connection or "", rulebook=rulebook, word=chosen
    ):
        played.append(played_file)
        if not as_json:
            _progress(played_file, names=names)
    if as_json:
        print_json(scenarios_view(played))
    else:
        _report(played)
    if any(played_file.problems for played_file in played):
        return EXIT_MISTAKE
    verdicts = [verdict for played_file in played for verdict in played_file.verdicts]
    # A misspelt word must not look like a passed test.
    if not verdicts:
        raise UserMistake(f"no scenario has {chosen!r} in its name.")
    return EXIT_DONE if all(verdict.passed for verdict in verdicts) else EXIT_FAILED


def _progress(played_file: PlayedFile, *, names: bool) -> None:
    file, verdicts = played_file.file, played_file.verdicts
    if not played_file.problems and not verdicts:
        return
    if not names:
        signs = "".join("." if verdict.passed else "F" for verdict in verdicts)
        click.echo(f"{file} {'E' if played_file.problems else signs}")
        return
    for verdict in verdicts:
        outcome = "passed" if verdict.passed else "FAILED"
        click.echo(f"{file}:{verdict.scenario.place.line} {verdict.scenario.name}: {outcome}")


def _report(played: list[PlayedFile]) -> None:
    for played_file in played:
        if played_file.problems:
            _line(f"{played_file.file} cannot be played")
        for problem in played_file.problems:
            click.echo(problem)
    for played_file in played:
        for verdict in played_file.verdicts:
            if not verdict.passed:
                _line(verdict.scenario.name)
                for failure in verdict.failures:
                    _failure(failure)
    verdicts = [verdict for played_file in played for verdict in played_file.verdicts]
    failed = sum(not verdict.passed for verdict in verdicts)
    skipped = sum(played_file.skipped for played_file in played)
    broken = sum(bool(played_file.problems) for played_file in played)
    counts = [
        f"{failed} failed" if failed else "",
        f"{len(verdicts) - failed} passed",
        f"{skipped} not chosen" if skipped else "",
        f"{word(broken, 'file')} with mistakes" if broken else "",
    ]
    click.echo(f"\n{', '.join(filter(None, counts))}")


def _line(title: str) -> None:
    click.echo()
    click.secho(f" {title} ".center(LINE_LENGTH, "_"), bold=True)


def _failure(failure: Failure) -> None:
    click.echo(f"{failure.place.file}:{failure.place.line}")
    click.echo(wrapped(f"expected  {failure.expected}", indent=2))
    click.echo(wrapped(f"but       {failure.instead}", indent=2))
    for reason in failure.reasons:
        click.echo(wrapped(f"because   {reason}", indent=2))
