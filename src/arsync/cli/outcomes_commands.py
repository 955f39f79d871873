"""`resolve`, `undo`: what only a person can settle, and what a person takes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    say,
    word,
    wrapped,
)
from arsync.clock import in_words
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.facade import App
    from arsync.application.undoing import Undone, UndoPlan
    from arsync.application.unknown_outcomes import Unsettled

_WORDS = {"sent": True, "not-sent": False}


@click.command()
@click.argument("key", required=False, metavar="[KEY]")
@click.argument("outcome", required=False, metavar="[sent|not-sent]")
@click.option("--note", default="", help="How you know; it is kept with the action.")
@connection_option
@json_option
@config_option
def resolve(
    key: str | None,
    outcome: str | None,
    note: str,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Say whether something went out, where nothing else can tell.

    Without an outcome it lists what is unknown: what was tried and when, what arsync looked at, and
    what to look at yourself. The beginning of a key is enough. `sent` counts it as done; `not-sent`
    lets the next run try it again.
    """
    if outcome is not None and outcome not in _WORDS:
        raise UserMistake(f"{outcome!r} is no outcome: write sent or not-sent.")
    if outcome is None and note:
        raise UserMistake("a note goes with an outcome: arsync resolve KEY sent --note TEXT.")
    with open_app(config_file) as app:
        if key is None or outcome is None:
            unsettleds = app.unsettled(connection, key=key)
            if as_json:
                print_json([unsettled.as_json() for unsettled in unsettleds])
            else:
                show_unsettled(unsettleds, {row.name: app.zone(row) for row in app.connections()})
            return EXIT_WAITING if unsettleds else EXIT_DONE
        done = app.resolve(key, sent=_WORDS[outcome], note=note)
    if as_json:
        print_json(done.as_json())
    said = "it counts as done" if _WORDS[outcome] else "the next run tries it again"
    say(f"{done.row.key[:12]}: {done.row.reason}; {said}.")
    return EXIT_DONE


def show_unsettled(found: list[Unsettled], zones: Mapping[str, tzinfo]) -> None:
    """Print what is unknown, each with what was tried and what a person should look at.

    Args:
        found: what is unknown.
        zones: by connection, the organisation's time zone.
    """
    from arsync.cli.render import KEY_SHOWN, titled

    if not found:
        click.echo("Every outcome is known.")
        return
    for unsettled in found:
        row = unsettled.listed.row
        click.secho(
            f"\n{row.key[:KEY_SHOWN]}  {titled(row)} ({unsettled.listed.connection})", bold=True
        )
        zone = zones.get(unsettled.listed.connection)
        tried = f"{in_words(unsettled.tried_at, zone)}: " if unsettled.tried_at else ""
        looked = f"{in_words(unsettled.looked_at, zone)}: " if unsettled.looked_at else ""
        click.echo(wrapped(f"tried      {tried}{unsettled.happened}", indent=2))
        click.echo(wrapped(f"looked up  {looked}{unsettled.looked}", indent=2))
        click.echo(wrapped(f"look at    {unsettled.look_for}", indent=2))
        for link in unsettled.links:
            click.echo(f"             {link.shown}: {link.address}")
    say(
        f"\n{word(len(found), 'unknown outcome')}. When you have looked: `arsync resolve KEY sent`"
        " counts it as done,\n`arsync resolve KEY not-sent` lets the next run try it again."
    )


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--run", "run_id", type=click.IntRange(1), metavar="NUMBER", help="All a run did.")
@click.option("--note", default="", help="Why; it is noted in the accounting system.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--allow-again", is_flag=True, help="Let a hold that was undone be planned again instead."
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
    """Put back what arsync changed, where nobody changed it since.

    That is holds, payment terms, promises and late fees. It shows what was there before, what
    arsync wrote and what is there now, and asks. What a person changed since is left alone. A hold
    goes back together with its payment terms, and does not come again while its reason stands.
    `arsync status` names the last run.
    """
    from arsync.application.scheduler import stop_on_signals

    if keys and run_id is not None:
        raise UserMistake("give keys or --run, not both.")
    with open_app(config_file) as app:
        if allow_again:
            return _allow_again(app, keys, note, as_json=as_json)
        plans = app.undo_plan(keys, run_id=run_id)
        going = sum(plan.going for plan in plans)
        if not as_json:
            show_undo_plans(plans)
        if dry_run or not going:
            if as_json:
                print_json([plan.as_json() for plan in plans])
            return EXIT_DONE if dry_run or _all_undone(plans) else EXIT_FAILED
        if not yes:
            click.confirm(f"Undo {word(going, 'action')}?", abort=True, err=True)
        with stop_on_signals() as stop:
            done = app.undo(plans, reason=note, stop=stop.is_set)
    if as_json:
        print_json([undone.as_json() for undone in done])
    return _show_undone(done)


def _allow_again(app: App, keys: tuple[str, ...], note: str, *, as_json: bool) -> int:
    if not keys:
        raise UserMistake("name what may come again: arsync undo KEY --allow-again.")
    done = app.allow_again(keys, reason=note)
    if as_json:
        print_json([listed.as_json() for listed in done])
    say(f"{word(len(done), 'action')} may be planned again, where a reason stands.")
    return EXIT_DONE


def _all_undone(plans: list[UndoPlan]) -> bool:
    from arsync.outbox import Verdict

    return all(line.verdict is Verdict.UNDONE for plan in plans for line in plan.lines)


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
            why = f": {line.why}" if line.why else ""
            click.echo(wrapped(f"-> {line.verdict.value}{why}", indent=2))
        left = len(plan.lines) - plan.going
        click.echo(
            f"\n{plan.connection.name}: {word(plan.going, 'action')} to undo, {left:,} left alone."
        )


def _show_undone(done: list[Undone]) -> int:
    """Say what became of it; what did not come to its end is left for the next run."""
    code = EXIT_DONE
    for one in done:
        name = one.plan.connection.name
        undone = len(one.rows) - one.left
        say(f"{name}: {word(undone, 'action')} undone.")
        for problem in one.result.all_problems:
            say(f"  ! {problem}")
        for wait in one.result.applied.waits if one.result.applied else ():
            say(f"  ? {wait}")
        if one.result.stopped:
            say(f"  ! {one.result.stopped}")
        if one.left or one.result.all_problems or one.result.stopped:
            code = EXIT_FAILED
            say("What is not done yet goes on with the next run; `arsync actions` shows it.")
    return code
