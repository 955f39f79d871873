"""`pull`, `plan`, `approve`, `refuse`, `apply`, `sync`, `run`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
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
    say,
    show_each,
    verbose_option,
    word,
)
from arsync.cli.json_output import print_json, print_json_of_each
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.results import RunResult
    from arsync.application.store_values import Progress
    from arsync.core.planning.planner import Plan

NAMED_MAX = 5
"""So many connections are named in one line; the rest is counted."""


def worst(codes: Sequence[int]) -> int:
    """Return the exit code of several results: a mistake, then a failure, then a wait."""
    return next((code for code in (2, 1, 3) if code in codes), EXIT_DONE)


@click.command()
@connection_option
@json_option
@verbose_option
@config_option
def pull(
    connection: ConnectionChoice, as_json: bool, verbose: bool, config_file: Path | None
) -> int:
    """Bring the copy of the ledger up to date."""
    from arsync.application.runs.pulling import RunWatch, pull_ledger
    from arsync.workers.stop_signals import stop_on_signals

    with (
        opened(config_file, verbose=verbose) as (actor, container),
        watched(as_json=as_json) as progress,
        stop_on_signals() as stop,
    ):
        watch = RunWatch(progress, stop.is_set)
        organisations = to_run(actor, container, connection)
        results = [pull_ledger(actor, organisation, watch) for organisation in organisations]
    # What waits for a person is no part of a pull: only its own failures count.
    return finish(results, as_json=as_json, ignored=EXIT_WAITING)


@click.command()
@connection_option
@as_of_option
@click.option("--all", "everything", is_flag=True, help="Show every customer.")
@click.option(
    "--diff",
    "since",
    is_flag=True,
    help="Show what is new, gone or changed since the last run's plan: by data, rule, or time.",
)
@click.option("--letters", is_flag=True, help="Show every letter, as it would leave now.")
@json_option
@config_option
def plan(
    connection: ConnectionChoice,
    as_of: date | None,
    everything: bool,
    since: bool,
    letters: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show what the rulebook would do now; changes nothing.

    For a past day, the ledger and the history are those of that evening. For a future day, a
    connection that only observes is assumed to start work today. With --json the plan of one
    connection is an object; plans of several are a list. Of more than five connections a summary
    is shown, with those that need a person; --all shows every plan in full.

    --letters shows the letters of today's plan, word for word, in place of the plan.
    """
    from arsync.application.connections.connecting import connections

    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        if letters:
            if since or as_of is not None:
                raise UserMistake("letters are shown as of now: without --diff and --as-of.")
            return _print_letters(actor, organisations, as_json=as_json, everything=everything)
        if since:
            _print_changes(actor, organisations, as_of, as_json=as_json, everything=everything)
            unread = [file for organisation in organisations for file in organisation.unread_files]
            for file in dict.fromkeys(unread):
                say(f"arsync: {file}")
            return EXIT_MISTAKE if unread else EXIT_DONE
        return _print_plans(actor, organisations, as_of, as_json=as_json, everything=everything)


def _print_letters(
    actor: Actor, organisations: Sequence[OrganisationContext], *, as_json: bool, everything: bool
) -> int:
    """Print the letters of the plans, and nothing of the rest."""
    from arsync.application.letters.plan_letters import LETTERS_SHOWN_MAX, letters_of_plan
    from arsync.cli.render_letter import show_letter

    most = None if everything or as_json else LETTERS_SHOWN_MAX
    planned = [
        letter
        for organisation in organisations
        for letter in letters_of_plan(actor, organisation, most)
    ]
    if as_json:
        print_json(planned)
        return EXIT_DONE
    for letter in planned:
        show_letter(letter.letter, f"{letter.customer} ({letter.connection}): {letter.text}")
    shown = word(len(planned), "letter")
    full = most is not None and len(planned) >= most
    say(f"\n{shown}.{' --all shows every one.' if full else ''} Nothing was changed.")
    return EXIT_DONE


def _print_changes(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    as_of: date | None,
    *,
    as_json: bool,
    everything: bool,
) -> None:
    from arsync.application.decisions.plan_changes import since_last_plan
    from arsync.cli.render_plan_diff import print_since

    changes = [since_last_plan(actor, organisation, as_of) for organisation in organisations]
    print_since(changes, as_json=as_json, everything=everything)


def _print_plans(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    as_of: date | None,
    *,
    as_json: bool,
    everything: bool,
) -> int:
    """Print plans, and return whether a person has to look at one."""
    from arsync.application.decisions import plans
    from arsync.cli.render import show_plan
    from arsync.cli.render_reasons import Reasons
    from arsync.cli.summaries import is_summarised, show_plan_summary
    from arsync.core.planning.plan_views import plan_view

    planned = [
        (organisation, plans.plan(actor, organisation, as_of)) for organisation in organisations
    ]
    if as_json:
        print_json_of_each([plan_view(plan) for _, plan in planned])
    elif is_summarised(planned, everything=everything):
        show_plan_summary([plan for _, plan in planned])
    else:

        def show(organisation_and_plan: tuple[OrganisationContext, Plan]) -> None:
            organisation, plan = organisation_and_plan
            reasons = Reasons(organisation.rulebook, now=organisation.clock.now())
            show_plan(plan, mode=organisation.mode, reasons=reasons, everything=everything)

        show_each(planned, show)
    if any(organisation.unread_files for organisation, _ in planned):
        return EXIT_MISTAKE
    # A scheduled plan over its limits must reach a person.
    return EXIT_WAITING if any(plan.safety.exceeded for _, plan in planned) else EXIT_DONE


@click.command("apply")
@connection_option
@json_option
@verbose_option
@config_option
def apply(
    connection: ConnectionChoice, as_json: bool, verbose: bool, config_file: Path | None
) -> int:
    """Carry out the approved actions.

    Before a message leaves, the invoices it names are read again from the platform.
    """
    from arsync.application.runs import runs
    from arsync.application.runs.pulling import RunWatch
    from arsync.workers.stop_signals import stop_on_signals

    with (
        opened(config_file, verbose=verbose) as (actor, container),
        watched(as_json=as_json) as progress,
        stop_on_signals() as stop,
    ):
        organisations = to_run(actor, container, connection)
        # What has lost its reason since it was approved is withdrawn first.
        for organisation in organisations:
            runs.prepare(actor, organisation)
        watch = RunWatch(progress, stop.is_set)
        results = [runs.apply(actor, each.refreshed(), watch) for each in organisations]
    return finish(results, as_json=as_json)


@click.command()
@click.option("--now", is_flag=True, help="Also try connections that are paused after an outage.")
@click.option(
    "--soon", is_flag=True, help="Leave it to `arsync run` or a worker, before its next turn."
)
@connection_option
@json_option
@verbose_option
@config_option
def sync(
    now: bool,
    soon: bool,
    connection: ConnectionChoice,
    as_json: bool,
    verbose: bool,
    config_file: Path | None,
) -> int:
    """Pull, plan, approve by rulebook, apply: what a scheduler runs.

    The run is idempotent and guarded by a lock: a second run waits or exits, and nothing happens
    twice. With --soon nothing is done here: the next `arsync run` or worker that is free does it
    within seconds, before what is merely due.
    """
    if soon:
        if now:
            raise UserMistake("--soon leaves the run to another process, --now makes it here.")
        return _want(connection, config_file, as_json=as_json)
    from arsync.application.runs.pulling import RunWatch
    from arsync.workers.embedded_loop import sync_all
    from arsync.workers.stop_signals import stop_on_signals

    with (
        opened(config_file, verbose=verbose) as (actor, container),
        watched(as_json=as_json) as progress,
        stop_on_signals() as stop,
    ):
        to_run(actor, container, connection)  # says which are paused
        watch = RunWatch(progress, stop.is_set)
        results = list(sync_all(actor, container, connection, watch, now=now))
    # Threads end in any order; a script compares outputs.
    results.sort(key=lambda result: result.connection)
    return finish(results, as_json=as_json)


def _want(connection: ConnectionChoice, config_file: Path | None, *, as_json: bool) -> int:
    """Let connections be synced soon, and say by what."""
    from arsync.application.runs.scheduling import want_sync

    with opened(config_file) as (actor, container):
        wishes = want_sync(actor, container, connection)
    if as_json:
        print_json(wishes)
        return EXIT_DONE
    for wish in wishes:
        if wish.waits_for:
            say(f"{wish.connection} waits: {wish.waits_for}")
    names = ", ".join(wish.connection for wish in wishes[:NAMED_MAX])
    more = f" and {len(wishes) - NAMED_MAX:,} more" if len(wishes) > NAMED_MAX else ""
    served_by = " or ".join(f"`{command}`" for command in wishes[0].served_by.split(", "))
    say(f"Wanted soon: {names}{more}. {served_by} on this store takes it within seconds.")
    say("Where none is running it waits; `arsync sync` does it at once.")
    return EXIT_DONE


@click.command()
@click.option(
    "--every", metavar="TIME", help="The interval: 30s, 15m, 2h (default: from the config)."
)
@connection_option
@json_option
@verbose_option
@config_option
def run(
    every: str | None,
    connection: ConnectionChoice,
    as_json: bool,
    verbose: bool,
    config_file: Path | None,
) -> int:
    """Sync repeatedly.

    It runs until SIGTERM or Ctrl-C: each connection stops at its next safe step, after the current
    action; a second signal ends at once. One broken connection never stops the others. Each run is
    printed as `sync` prints it, with every cause; with --json it is one line. The exit code is the
    worst of each connection's last complete run.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.permissions import SCHEDULE
    from arsync.application.result_views import run_view
    from arsync.cli.render import show_result
    from arsync.clock import in_words
    from arsync.config import seconds
    from arsync.workers.embedded_loop import run_forever
    from arsync.workers.stop_signals import stop_on_signals

    codes: dict[str, int] = {}

    def report(result: RunResult) -> None:
        # A run that a signal cut short says nothing about the work.
        if not result.cut_short:
            codes[result.connection] = result.exit_code
        if as_json:
            print_json(run_view(result), one_line=True)
        else:
            show_result(result, stamp=in_words(result.started_at, result.zone))

    with opened(config_file, verbose=verbose) as (actor, container), stop_on_signals() as stop:
        pace = seconds(every) if every else container.config.every_seconds
        # A wrong name is refused now, not ignored for ever.
        named = [each.name for each in connections(actor, container, connection)]
        say(f"Running every {pace} seconds. Ctrl-C to stop.")
        rounds = run_forever(
            SCHEDULE,
            container,
            every_seconds=pace,
            stop=stop,
            names=named if connection else None,
            report=report,
        )
    say(f"Stopped after {word(rounds, 'round')}.")
    return worst(list(codes.values()))


def to_run(
    actor: Actor, container: Container, connection: ConnectionChoice
) -> list[OrganisationContext]:
    """Return what a command works on; who is paused is told."""
    from arsync.application.connections.connection_changes import connections_to_run

    working_on = connections_to_run(actor, container, connection)
    for note in working_on.notes:
        say(note)
    return working_on.organisations


def plan_and_save(actor: Actor, container: Container, connection: ConnectionChoice) -> list[str]:
    """Bring the waiting actions up to date with the rulebook and the copy of the ledger.

    Returns:
        What went wrong: one connection's broken rulebook stops only that connection.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.runs.runs import prepare

    results = [
        prepare(actor, organisation) for organisation in connections(actor, container, connection)
    ]
    return list(dict.fromkeys(text for result in results for text in result.all_problems))


def finish(results: Sequence[RunResult], *, as_json: bool, ignored: int = EXIT_DONE) -> int:
    """Print what runs did, and return the exit code of them all; `ignored` counts as done."""
    if as_json:
        from arsync.application.result_views import run_view

        print_json([run_view(result) for result in results])
    else:
        from arsync.cli.render import show_result

        for result in results:
            show_result(result)
    return worst([result.exit_code for result in results if result.exit_code != ignored])


@contextlib.contextmanager
def watched(*, as_json: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show a progress line on a terminal, nothing in a pipe."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading")

        def watch(progress: Progress) -> None:
            bar.update(task, description=progress.text)

        yield watch
