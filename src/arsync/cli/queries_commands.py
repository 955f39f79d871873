"""`why`, `actions`, `status`: looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, tzinfo
from decimal import Decimal
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
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.cli.render_reasons import Reasons
from arsync.cli.summaries import is_summarised
from arsync.clock import in_words
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.money import shown
from arsync.core.planning.send_blocks import difference_in_words
from arsync.core.rulebook.rules_text import short_hash
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.results import ConnectionStatus, Listed
    from arsync.application.runs.webhooks import WebhookView


@click.command()
@click.argument("about", metavar="CONTACT|INVOICE|KEY")
@click.option("--full", is_flag=True, help="Also show every fact, invoice, past action and event.")
@click.option("--timeline", is_flag=True, help="Show all that happened with a customer, in order.")
@connection_option
@as_of_option
@json_option
@config_option
def why(
    about: str,
    full: bool,
    timeline: bool,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Explain what is done about a customer or an invoice, and why.

    Shows what is to be done, what is held back and until when, and the rules in the order they
    were read. KEY is an action's key, as `arsync actions` and the notes in the books show it; of a
    message that has not left, the letter is shown as it would leave now.

    --timeline lists everything that happened with a customer, newest last: documents and money,
    what arsync did, what was promised, disputed, agreed, logged and decided, and the notes in the
    accounting system, which are read there.
    """
    from arsync.application.decisions.action_history import action_history
    from arsync.application.decisions.supplier_watching import supplier_view
    from arsync.application.decisions.why import why_anywhere, why_supplier
    from arsync.application.letters.letter_preview import letter_shown
    from arsync.application.result_views import action_why_view, why_view
    from arsync.cli.render_letter import show_letter
    from arsync.cli.render_why import show_history, show_suppliers, show_why

    if timeline:
        return _show_timeline(about, connection, as_of, config_file, full=full, as_json=as_json)
    with opened(config_file) as (actor, container):
        explained = None
        try:
            if not about.startswith("[arsync:"):
                explained = why_anywhere(
                    actor, container, about, connection=connection, as_of=as_of
                )
        except UserMistake:
            suppliers = why_supplier(actor, container, about, connection=connection)
            if suppliers:
                if as_json:
                    print_json([supplier_view(explained) for explained in suppliers])
                else:
                    show_suppliers(suppliers)
                return EXIT_DONE
            if not _KEY.fullmatch(about):
                raise
        if explained is None:
            organisation, history = action_history(actor, container, about)
            letter = letter_shown(organisation, history.listed.row)
            if as_json:
                print_json(action_why_view(history, letter))
            else:
                show_history(history, reasons=reasons_of(organisation, history.listed))
                show_letter(letter)
            return EXIT_DONE
        organisation, explanation = explained
        if as_json:
            print_json(why_view(explanation))
        else:
            now = organisation.clock.now()
            reasons = Reasons(organisation.rulebook, organisation.zone, now)
            show_why(explanation, reasons=reasons, full=full)
    return EXIT_DONE


def _show_timeline(
    about: str,
    connection: ConnectionChoice,
    as_of: date | None,
    config_file: Path | None,
    *,
    full: bool,
    as_json: bool,
) -> int:
    from arsync.application.timeline.customer_timeline import timeline
    from arsync.cli.render_timeline import show_timeline

    with opened(config_file) as (actor, container):
        events = timeline(
            actor, container, about, connection=connection, as_of=as_of, everything=full
        )
    if as_json:
        print_json(events)
    else:
        show_timeline(events)
    return EXIT_DONE


_KEY = re.compile(r"[0-9a-fA-F]{4,32}")
"""What may be the beginning of an action's key, when no customer and no invoice is called so."""


def reasons_of(organisation: OrganisationContext, listed: Listed) -> Reasons:
    """Return how to word an action's reason: with thresholds only while its rulebook stands."""
    rulebook = organisation.rules.rulebook
    same = rulebook is not None and rulebook.hash == listed.row.rulebook_hash
    return Reasons(rulebook if same else None, organisation.zone, organisation.clock.now())


class _StateWord(click.Choice[str]):
    """A state as people say it, or as JSON has it."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        is_kept = value in set(ActionState)
        return super().convert(ActionState(value).word if is_kept else value, param, ctx)


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=_StateWord([state.word for state in ActionState]),
    help="Only actions in this state.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in ActionKind]),
    help="Only actions of this kind.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="How many actions to list, newest first.",
)
@connection_option
@json_option
@config_option
def actions(
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """List actions and their outcomes, newest first."""
    from arsync.application.connections import connecting
    from arsync.application.decisions import action_history
    from arsync.application.result_views import listed_view
    from arsync.cli.render import show_actions

    choice = action_history.ActionFilter(
        states={state for state in ActionState if state.word in states} or None,
        kinds={ActionKind(kind) for kind in kinds} or None,
    )
    with opened(config_file) as (actor, container):
        listed_actions = action_history.actions(actor, container, connection, choice)
        zones = connecting.zones(actor, container)
    listed_actions.sort(key=lambda listed: listed.row.changed_at, reverse=True)
    newest = listed_actions[:limit]
    if as_json:
        print_json([listed_view(listed) for listed in newest])
    else:
        show_actions(newest, zones)
        unknown = sum(listed.row.state is ActionState.UNKNOWN for listed in newest)
        if unknown:
            say(f"\n{word(unknown, 'unknown outcome')}: `arsync resolve` lists what to check.")
    return EXIT_DONE


@click.command()
@connection_option
@click.option(
    "--all", "overall", is_flag=True, help="Show a line for each that needs somebody, worst first."
)
@click.option("--full", is_flag=True, help="With --all: also a line for each that is in order.")
@json_option
@config_option
def status(
    connection: ConnectionChoice,
    overall: bool,
    full: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show the state of each connection.

    More than five connections are shown as with --all: totals, then a line for each that needs
    somebody, worst first.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.overview.status import status as status_of
    from arsync.application.result_views import status_view
    from arsync.application.runs.webhooks import webhook_counts

    if full and not overall:
        raise UserMistake("--full belongs to --all.\n    hint: arsync status --all --full")
    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        many = not as_json and is_summarised(organisations, everything=False)
        if overall or many:
            return _show_overview(actor, container, connection, full=full, as_json=as_json)
        statuses = [status_of(actor, organisation) for organisation in organisations]
        webhooks = webhook_counts(actor, container)
        zones = [organisation.zone for organisation in organisations]
    if as_json:
        print_json([status_view(connection_status) for connection_status in statuses])
    else:
        _show_statuses(statuses, zones)
    if not as_json:
        # Of the installation, not of a connection: said once.
        for failure in {connection_status.daily_mail for connection_status in statuses} - {""}:
            click.echo(failure)
        _show_webhooks(webhooks)
    if any(
        connection_status.state != "connected"
        or connection_status.outage
        or not connection_status.rulebook_ok
        for connection_status in statuses
    ):
        return EXIT_FAILED
    if any(
        connection_status.awaiting or connection_status.unknown for connection_status in statuses
    ):
        return EXIT_WAITING
    return EXIT_DONE


def _show_overview(
    actor: Actor, container: Container, connection: ConnectionChoice, *, full: bool, as_json: bool
) -> int:
    """Print where all connections stand, and return the exit code that says the worst of it."""
    from arsync.application.overview.overview import Need, overview
    from arsync.application.runs.webhooks import webhook_counts
    from arsync.cli.render_overview import show_overview

    whole = overview(actor, container, connection)
    if as_json:
        print_json({"totals": whole.totals, "connections": iter(whole.connections)})
    else:
        show_overview(whole, full=full)
        _show_webhooks(webhook_counts(actor, container))
    if {Need.RECONNECT, Need.FAILING} & whole.totals.needs.keys():
        return EXIT_FAILED
    return EXIT_WAITING if whole.totals.awaiting or whole.totals.unknown else EXIT_DONE


def _show_webhooks(webhooks: Sequence[WebhookView]) -> None:
    """Say what came from each platform whose webhooks are switched on."""
    for view in webhooks:
        if view.switched_on:
            click.echo(f"Webhooks of {view.label}: {view.received}.")


def _show_statuses(statuses: Sequence[ConnectionStatus], zones: Sequence[tzinfo]) -> None:
    """Print a row for each connection, and below what a person should know of it."""
    print_table(
        "",
        [
            "connection",
            "mode",
            "state",
            "rulebook",
            "last pull",
            "last run",
            "waiting",
            "tasks",
            "owed",
        ],
        [
            _status_row(connection_status, zone)
            for connection_status, zone in zip(statuses, zones, strict=True)
        ],
        right=["waiting", "tasks"],
    )
    for connection_status, zone in zip(statuses, zones, strict=True):
        for line in status_lines(connection_status, zone):
            click.echo(f"  {connection_status.name}: {line}")


def _status_row(status: ConnectionStatus, zone: tzinfo) -> list[str]:
    return [
        f"{status.name} ({status.label})",
        status.mode,
        status.state,
        short_hash(status.rulebook_hash),
        in_words(status.pulled_at, zone) if status.pulled_at else "never",
        f"{status.last_kind} {status.last_run}: {status.last_outcome}"
        if status.last_run
        else "never",
        f"{status.awaiting:,}",
        f"{status.open_tasks:,}",
        ", ".join(_owed(status, currency) for currency in status.totals),
    ]


def _owed(status: ConnectionStatus, currency: str) -> str:
    """Return what is owed net in one currency, and what the books say where that is more."""
    owed, net = Decimal(status.totals[currency]), Decimal(status.net_totals[currency])
    text = shown(net, currency)
    return text if net == owed else f"{text} net ({shown(owed, currency)} in the books)"


DIFFERENCES_SHOWN_MAX = 20
"""The status names so many customers whose balance differs."""

PLANS_SHOWN_MAX = 20
"""How many payment plans `status` names."""

UNREADABLE_SHOWN_MAX = 20
"""The status names so many documents that could not be read."""


def status_lines(status: ConnectionStatus, zone: tzinfo) -> list[str]:
    """Return what a person should know of a connection, and what to do about it.

    Args:
        status: the connection's status.
        zone: the organisation's time zstatus.
    """
    lines = [line for line in (status.paused_by, status.pace_today) if line]
    if status.state != "connected":
        lines.append(f"{status.state}: run `arsync connect {status.platform}` again.")
    if not status.rulebook_ok:
        lines.append(status.rulebook)
    lines += [f"for now {text}" for text in status.paused]
    lines += status.refused
    lines += status.warnings
    lines += status.holds_by_hand
    lines += status.payment_plans[:PLANS_SHOWN_MAX]
    if len(status.payment_plans) > PLANS_SHOWN_MAX:
        lines.append(f"{len(status.payment_plans):,} payment plans in all: arsync agree")
    lines += [
        f"{difference.contact_name}: {difference_in_words(difference, status.label)}"
        for difference in status.differences[:DIFFERENCES_SHOWN_MAX]
    ]
    if len(status.differences) > DIFFERENCES_SHOWN_MAX:
        more = len(status.differences) - DIFFERENCES_SHOWN_MAX
        lines.append(f"{more:,} more customers differ: --json names them all")
    if status.reads_this_month and status.reads_per_month:
        used = f"{status.reads_this_month:,} of {status.reads_per_month:,}"
        lines.append(f"{used} reads of this month are used, over all companies of the app")
    if status.outage:
        lines.append(status.outage)
    unreadable = status.document_problems
    lines += [f"unreadable: {problem}" for problem in unreadable[:UNREADABLE_SHOWN_MAX]]
    if len(unreadable) > UNREADABLE_SHOWN_MAX:
        lines.append(
            f"{len(unreadable) - UNREADABLE_SHOWN_MAX:,} more unreadable: --json names them all"
        )
    lines += _action_lines(status, zone)
    if status.last_message and status.last_outcome != "done":
        lines.append(f"last run: {status.last_message}")
    return lines


def _action_lines(status: ConnectionStatus, zone: tzinfo) -> list[str]:
    """Return what is open among a connection's actions."""
    from arsync.cli.render import later_in_words, titled

    lines = []
    if status.unknown:
        lines.append(
            f"{word(len(status.unknown), 'unknown outcome')}: `arsync resolve` lists what to check"
        )
    lines += [
        f"outcome unknown: {unknown.row.key[:12]} {titled(unknown.row)}: {unknown.row.reason}"
        for unknown in status.unknown
    ]
    lines += [
        f"sent but not confirmed since {in_words(late.row.changed_at, zone)}: "
        f"{late.row.key[:12]}"
        f" {titled(late.row)}"
        for late in status.unconfirmed
    ]
    if status.awaiting:
        lines.append(f"{word(status.awaiting, 'decision')} waiting for approval: `arsync approve`")
    if status.later is not None:
        lines.append(later_in_words(status.later, zone))
    if status.open_disputes:
        lines.append(f"{word(status.open_disputes, 'open dispute')}: `arsync dispute`")
    promises = [
        word(number, f"{state} promise")
        for state, number in (("open", status.open_promises), ("broken", status.broken_promises))
        if number
    ]
    if promises:
        lines.append(f"{', '.join(promises)}: `arsync promise`")
    if status.open_placements:
        lines.append(f"{word(status.open_placements, 'placement')} stand: `arsync placements`")
    if status.open_tasks:
        lines.append(f"{word(status.open_tasks, 'open task')}: `arsync tasks`")
    return lines
