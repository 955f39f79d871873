"""`resolve`, `undo`: what only a person can settle, and what a person takes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    say,
    word,
    wrapped,
)
from arsync.cli.json_output import print_json
from arsync.clock import in_words
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.decisions.unknown_outcomes import Unsettled
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.runs.undoing import UndoPlan, UndoResult

_WORDS = {"sent": True, "not-sent": False}


RUN_NUMBER_MAX = 2**31 - 1
"""No store counts its runs any further."""


@click.command()
@click.argument("key", required=False, metavar="[KEY]")
@click.argument("outcome", required=False, metavar="[sent|not-sent]")
@click.option("--note", default="", help="How you know, recorded with the action.")
@connection_option
@json_option
@config_option
def resolve(
    key: str | None,
    outcome: str | None,
    note: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Settle an unknown outcome: was it sent or not?

    Without an outcome it lists the unknown outcomes: what was tried and when, what arsync checked,
    and what to check yourself. The beginning of a key is enough. `sent` marks the action as done;
    with `not-sent` the next run tries again.
    """
    from arsync.application.decisions import unknown_outcomes
    from arsync.application.decisions.unknown_outcomes import unsettled_view
    from arsync.application.result_views import listed_view

    if outcome is not None and outcome not in _WORDS:
        raise UserMistake(f"{outcome!r} is no outcome: write sent or not-sent.")
    if outcome is None and note:
        raise UserMistake("a note needs an outcome: arsync resolve KEY sent --note TEXT.")
    with opened(config_file) as (actor, container):
        if key is None or outcome is None:
            open_outcomes = unknown_outcomes.unsettled(actor, container, connection, key=key)
            if as_json:
                print_json([unsettled_view(unsettled) for _, unsettled in open_outcomes])
            else:
                show_unsettled(open_outcomes)
            return EXIT_WAITING if open_outcomes else EXIT_DONE
        settled = unknown_outcomes.resolve(actor, container, key, sent=_WORDS[outcome], note=note)
    if as_json:
        print_json(listed_view(settled))
    consequence = "marked as done" if _WORDS[outcome] else "the next run will try again"
    say(f"{settled.row.key[:12]}: {settled.row.reason}; {consequence}.")
    return EXIT_DONE


def show_unsettled(open_outcomes: Sequence[tuple[OrganisationContext, Unsettled]]) -> None:
    """Print what is unknown, each with what was tried and what a person should look at."""
    from arsync.cli.render import KEY_SHOWN, titled

    if not open_outcomes:
        click.echo("No unknown outcomes.")
        return
    for organisation, unsettled in open_outcomes:
        row = unsettled.listed.row
        click.secho(
            f"\n{row.key[:KEY_SHOWN]}  {titled(row)} ({unsettled.listed.connection})", bold=True
        )
        zone = organisation.zone
        tried = f"{in_words(unsettled.tried_at, zone)}: " if unsettled.tried_at else ""
        looked = f"{in_words(unsettled.looked_at, zone)}: " if unsettled.looked_at else ""
        click.echo(wrapped(f"tried      {tried}{unsettled.happened}", indent=2))
        click.echo(wrapped(f"looked up  {looked}{unsettled.looked}", indent=2))
        click.echo(wrapped(f"check      {unsettled.look_for}", indent=2))
        for link in unsettled.links:
            click.echo(f"             {link.shown}: {link.address}")
    unknown = word(len(open_outcomes), "unknown outcome")
    say(
        f"\n{unknown}. After you have checked: `arsync resolve KEY sent` marks it as done,\n"
        "`arsync resolve KEY not-sent` lets the next run try again."
    )


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option(
    "--run",
    "run_id",
    type=click.IntRange(1, RUN_NUMBER_MAX),
    metavar="NUMBER",
    help="Everything that one run did.",
)
@click.option("--note", default="", help="The reason; it is noted in the accounting system.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@click.option(
    "--allow-again", is_flag=True, help="Allow an undone hold to be planned again instead."
)
@json_option
@config_option
def undo(
    keys: tuple[str, ...],
    run_id: int | None,
    note: str,
    dry_run: bool,
    yes: bool,
    allow_again: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Undo what arsync changed, unless it has been changed since.

    It can undo holds, payment terms, promises, payment plans, late fees and draft credit notes. It
    shows what was there before, what arsync wrote and what is there now, and asks for confirmation.
    Later changes by a person are left alone. A hold is lifted together with its payment terms, and
    is not placed again while its reason remains. `arsync status` gives the number of the last run.
    """
    from arsync.application.runs import undoing
    from arsync.application.runs.undoing import undo_plan_view, undo_result_view
    from arsync.workers.stop_signals import stop_on_signals

    if keys and run_id is not None:
        raise UserMistake("give keys or --run, not both.")
    with opened(config_file) as (actor, container):
        if allow_again:
            return _allow_again(actor, container, keys, note, as_json=as_json)
        plans = undoing.undo_plan(actor, container, keys, run_id=run_id)
        going = sum(plan.going for plan in plans)
        if not as_json:
            show_undo_plans(plans)
        if dry_run or not going:
            if as_json:
                print_json([undo_plan_view(plan) for plan in plans])
            # "Undone already" is what was wanted; anything else that stays as it is, is a failure.
            return EXIT_DONE if dry_run or _all_undone(plans) else EXIT_FAILED
        # It writes to the books, and what is there now may surprise the person who asked.
        if not yes:
            click.confirm(f"Undo {word(going, 'action')}?", abort=True, err=True)
        with stop_on_signals() as stop:
            results = undoing.undo(actor, plans, reason=note, stop=stop.is_set)
    if as_json:
        print_json([undo_result_view(undo_result) for undo_result in results])
    return _show_undone(results)


def _allow_again(
    actor: Actor, container: Container, keys: tuple[str, ...], note: str, *, as_json: bool
) -> int:
    from arsync.application.result_views import listed_view
    from arsync.application.runs import undoing

    if not keys:
        raise UserMistake("give the key of the hold: arsync undo KEY --allow-again.")
    allowed = undoing.allow_again(actor, container, keys, reason=note)
    if as_json:
        print_json([listed_view(listed) for listed in allowed])
    say(f"{word(len(allowed), 'action')} may be planned again if a reason remains.")
    return EXIT_DONE


def _all_undone(plans: list[UndoPlan]) -> bool:
    from arsync.application.runs.undo_lines import UndoVerdict

    return all(line.verdict is UndoVerdict.UNDONE for plan in plans for line in plan.lines)


def show_undo_plans(plans: list[UndoPlan]) -> None:
    """Print what undoing would do: the three states of each, and what becomes of it."""
    from arsync.cli.render import KEY_SHOWN, titled

    for plan in plans:
        for line in plan.lines:
            row = line.row
            day = f", {row.sent_on.isoformat()}" if row.sent_on else ""
            click.secho(
                f"\n{row.key[:KEY_SHOWN]}  {titled(row)} ({plan.connection.name}{day})", bold=True
            )
            if line.undoing:
                click.echo(wrapped(f"it was  {line.undoing.was}", indent=2))
                click.echo(wrapped(f"arsync  {line.undoing.wrote}", indent=2))
                click.echo(wrapped(f"now     {line.undoing.now}", indent=2))
            reason = f": {line.reason}" if line.reason else ""
            click.echo(wrapped(f"-> {line.verdict.value}{reason}", indent=2))
        left_alone = len(plan.lines) - plan.going
        click.echo(
            f"\n{plan.connection.name}: {word(plan.going, 'action')} to undo, "
            f"{left_alone:,} left alone."
        )


def _show_undone(results: Sequence[UndoResult]) -> int:
    """Say what became of it; what did not come to its end is left for the next run."""
    code = EXIT_DONE
    for undo_result in results:
        name, run = undo_result.plan.connection.name, undo_result.result
        undone = len(undo_result.rows) - undo_result.unfinished
        say(f"{name}: {word(undone, 'action')} undone.")
        for problem in run.all_problems:
            say(f"  ! {problem}")
        for wait in run.applied.waits if run.applied else ():
            say(f"  ? {wait}")
        if run.stopped:
            say(f"  ! {run.stopped}")
        if undo_result.unfinished or run.all_problems or run.stopped:
            code = EXIT_FAILED
            say("The next run continues with the rest; `arsync actions` shows it.")
    return code
