"""`connections`: list them, change one or many at once, connect those of a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arsync.cli.common import config_option, json_option, opened, print_table, say, word
from arsync.cli.common import label_option as only_label_option
from arsync.cli.json_output import print_json
from arsync.cli.setup_commands import (
    MODES,
    ask_consent,
    no_browser_option,
    own_reminders_option,
)
from arsync.config.mode_words import mode_value
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.connections.connection_changes import ConnectionChange
    from arsync.application.connections.connection_import import ImportPlan
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.connector_sdk.rate_window import DayLeft

UNASKED_MAX = 10
"""A script may change so many connections at once without `--yes`; then it has to say it."""

CHANGES_SHOWN_MAX = 20
"""So many changes are shown before the question; the rest is counted."""


class _Mode(click.Choice[str]):
    """A mode by its value or in words: `approve`, `ask first`."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        named = mode_value(value) if isinstance(value, str) else value
        return super().convert(named, param, ctx)


class _Connections(click.Group):
    """A command that takes names, with commands of its own beside."""

    allow_interspersed_args = True

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        command = self.commands.get(args[0]) if args else None
        if command is None:
            return super().make_context(info_name, args, parent, **extra)
        return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return click.Command.collect_usage_pieces(self, ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Not the group's: what follows are names of connections, and no command.
        return click.Command.parse_args(self, ctx, args)


@click.group(cls=_Connections, invoke_without_command=True)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--connection", multiple=True, metavar="NAME", help="The same as NAME.")
@only_label_option
@click.option(
    "--mode",
    type=_Mode(MODES),
    help="Change the mode: only look (observe), ask first (approve), by the rulebook (auto).",
)
@click.option("--pause", is_flag=True, help="Let no scheduled run touch them; give --why.")
@click.option("--why", "reason", metavar="TEXT", help="Why they are paused.")
@click.option("--resume", is_flag=True, help="End the pause.")
@click.option("--add-label", multiple=True, metavar="TEXT", help="Add a label.")
@click.option("--remove-label", multiple=True, metavar="TEXT", help="Remove a label.")
@own_reminders_option
@click.option("--yes", is_flag=True, help="Change several without a confirmation.")
@json_option
@config_option
def connections(
    names: tuple[str, ...],
    connection: tuple[str, ...],
    label: tuple[str, ...],
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **options: Any,
) -> int:
    """List connections, or change their mode, labels or pauses.

    NAME may be a pattern: 'client-*' stands for all that begin so, '*' for all. All of them are
    changed, or none.

    observe plans and writes nothing; approve requires approval for every action; auto only where
    the rulebook requires it. A paused connection is left alone until it is resumed: by run, by
    workers, and by sync and apply unless they name it.
    """
    from arsync.application.connections.connecting import connections as chosen_connections
    from arsync.application.organisation.app_limits import calls_left_today
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.result_views import connection_view

    choice = ConnectionChoice((*names, *connection), label)
    change = _change(**options)
    with opened(config_file) as (actor, container):
        organisations = chosen_connections(actor, container, choice)
        if change is not None:
            if not choice:
                raise UserMistake(
                    "name the connections: arsync connections NAME --mode MODE"
                    "\n    hint: a pattern stands for several: 'client-*', or '*' for all"
                )
            _change_all(actor, organisations, change, yes=yes)
            organisations = [organisation.refreshed() for organisation in organisations]
        calls = calls_left_today(actor, container, organisations)
        if as_json:
            print_json([connection_view(each, calls.get(each.name)) for each in organisations])
        else:
            _print(organisations)
            _print_limits(actor, container, organisations, calls)
    return EXIT_DONE


@connections.command("import", short_help="Connect and set up the connections of a list.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Replace settings that say something else already.")
@click.option("--no-consent", is_flag=True, help="Connect nothing new; say what needs consent.")
@no_browser_option
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@json_option
@config_option
def import_(
    file: Path,
    replace: bool,
    no_consent: bool,
    no_browser: bool,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Connect, label and set up the connections of a list, as a spreadsheet saves it (CSV).

    Columns: platform, organisation (its name or id), name, mode, labels, and settings of the
    connection's own such as letters.iban or channels.NAME.KEY. All rows are checked before anything
    is done.

    One consent at Xero opens all organisations that are chosen there; QuickBooks asks for each
    company. Import the same list again after the next consent: what is done stays.
    """
    from arsync.application.connections import connection_import
    from arsync.application.connections.connecting import connections as chosen_connections
    from arsync.application.result_views import connection_view

    with opened(config_file) as (actor, container):
        plan = connection_import.plan_import(actor, container, file, replace=replace)
        changes = connection_import.changes_in_words(actor, container, plan)
        _show_changes(changes)
        for platform in plan.platforms:
            count = word(len(plan.to_connect(platform)), "organisation")
            say(f"{count} to connect at {container.platform(platform).label}.")
        if (changes or plan.platforms) and not yes:
            click.confirm("Go on?", abort=True, err=True)
        connection_import.carry_out(actor, container, plan)
        for platform in () if no_consent else plan.platforms:
            _connect_by_consent(actor, container, plan, platform, no_browser=no_browser)
        for line in plan.done:
            say(line)
        for line in plan.remaining:
            say(line)
        if as_json:
            names = tuple(dict.fromkeys(plan.connected))
            listed = chosen_connections(actor, container, names) if names else []
            views = [connection_view(organisation) for organisation in listed]
            print_json({"connections": views, "done": plan.done, "remaining": plan.remaining})
    return EXIT_WAITING if plan.remaining else EXIT_DONE


def _connect_by_consent(
    actor: Actor, container: Container, plan: ImportPlan, platform: str, *, no_browser: bool
) -> None:
    """Ask for consent as often as it brings organisations of the list."""
    from arsync.application.connections.connection_import import ONE_CONSENT_FOR_ALL, connect_listed

    while before := len(plan.to_connect(platform)):
        grant = ask_consent(container, platform, no_browser=no_browser)
        connect_listed(actor, container, plan, platform, grant)
        if len(plan.to_connect(platform)) == before:
            opened_names = ", ".join(ref.name for ref in grant.organisations) or "nothing"
            say(f"The consent opens {opened_names}; the list names something else.")
            return
        if platform in ONE_CONSENT_FOR_ALL:
            return


def _change(
    *,
    mode: str | None,
    pause: bool,
    reason: str | None,
    resume: bool,
    add_label: tuple[str, ...],
    remove_label: tuple[str, ...],
    own_reminders: str | None,
) -> ConnectionChange | None:
    """Return what is to change; None: nothing, they are listed.

    Raises:
        UserMistake: options that contradict each other.
    """
    from arsync.application.connections.connection_changes import ConnectionChange, Mode

    if pause and resume:
        raise UserMistake("--pause and --resume contradict each other.")
    if reason is not None and not pause:
        raise UserMistake("--why gives the reason of a pause: --pause --why TEXT.")
    change = ConnectionChange(
        mode=Mode(mode) if mode else None,
        own_reminders=own_reminders == "on" if own_reminders else None,
        paused=True if pause else False if resume else None,
        reason=reason or "",
        add_labels=add_label,
        remove_labels=remove_label,
    )
    return change if change != ConnectionChange() else None


def _change_all(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    change: ConnectionChange,
    *,
    yes: bool,
) -> None:
    """Show what will change, ask where it is several, and change it.

    Raises:
        UserMistake: a script would change many without `--yes`, or the change is none.
    """
    from arsync.application.connections.connection_changes import change_connections, preview

    count = word(len(organisations), "connection")
    if len(organisations) > 1 and not yes:
        changes = [each for each in preview(actor, organisations, change) if each.words]
        _show_changes([str(each) for each in changes])
        if len(organisations) > UNASKED_MAX and not sys.stdin.isatty():
            raise UserMistake(f"this would change {count}; say --yes if all are meant.")
        click.confirm(f"Change {count}?", abort=True, err=True)
    for changed in change_connections(actor, organisations, change):
        say(str(changed))


def _show_changes(changes: Sequence[str]) -> None:
    for change in changes[:CHANGES_SHOWN_MAX]:
        say(change)
    if len(changes) > CHANGES_SHOWN_MAX:
        say(f"... and {len(changes) - CHANGES_SHOWN_MAX:,} more.")


def _print(organisations: Sequence[OrganisationContext]) -> None:
    from arsync.application.connections.connection_changes import paused_words

    columns = ["connection", "platform", "organisation", "currency", "mode", "state"]
    labelled = any(organisation.connection.labels for organisation in organisations)
    print_table(
        "",
        [*columns, *(["labels"] if labelled else []), "own settings"],
        [_row(organisation, labelled=labelled) for organisation in organisations],
    )
    for organisation in organisations:
        if words := paused_words(organisation):
            click.echo(f"  {organisation.name}: {words}")
    say(word(len(organisations), "connection") + ".")


def _print_limits(
    actor: Actor,
    container: Container,
    organisations: Sequence[OrganisationContext],
    calls: Mapping[str, DayLeft],
) -> None:
    """Say how much of what the platforms allow is used."""
    from arsync.application.organisation.app_limits import app_use

    for platform in dict.fromkeys(each.connection.platform for each in organisations):
        use = app_use(actor, container, platform)
        if use.connections_max:
            say(f"{use.words}.")
    if calls:
        least = min(calls, key=lambda name: calls[name].calls)
        say(f"Calls left today: at least {calls[least].calls:,} ({least}).")


def _row(organisation: OrganisationContext, *, labelled: bool) -> list[str]:
    row = organisation.connection
    return [
        row.name,
        organisation.label,
        row.organisation.name,
        row.organisation.base_currency,
        str(row.mode),
        f"{row.state}, paused" if row.paused else str(row.state),
        *([", ".join(row.labels)] if labelled else []),
        "wrong: see doctor" if organisation.settings_problem else _sections(organisation),
    ]


def _sections(organisation: OrganisationContext) -> str:
    """Return in which sections it has settings of its own."""
    return ", ".join(dict.fromkeys(name.split(".")[0] for name in organisation.own_settings))
