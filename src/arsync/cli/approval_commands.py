"""`approve` and `refuse`: a person decides what leaves, and sees it before it does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.cli.runs_commands import plan_and_save
from arsync.core.actions import ActionKind
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.money import shown
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.decisions.choosing import Decision, Selected, Selection
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.permissions import Actor
    from arsync.application.results import Listed

F = TypeVar("F", bound=Callable[..., Any])

SAYS_WHAT = "[KEY|CUSTOMER|INVOICE]..."


def _choosing(command: F) -> F:
    """Add the options by which a person chooses among actions."""
    for option in reversed(
        (
            click.option(
                "--kind",
                "kinds",
                multiple=True,
                type=click.Choice([kind.value for kind in ActionKind]),
                help="Only actions of this kind.",
            ),
            click.option(
                "--step",
                "steps",
                multiple=True,
                metavar="TEXT",
                help="Only this step, or task: 'second reminder'.",
            ),
            click.option(
                "--rule",
                "rules",
                multiple=True,
                metavar="NAME",
                help="Only what this rule or cadence asks for.",
            ),
            click.option(
                "--for",
                "roles",
                multiple=True,
                metavar="ROLE",
                help="Only what waits for this role's approval.",
            ),
            click.option(
                "--over",
                metavar="AMOUNT",
                help="Only what is about more, in the currency of the books.",
            ),
            click.option("--under", metavar="AMOUNT", help="Only what is about less."),
            click.option("--each", is_flag=True, help="Go through them one by one: y, n, why, q."),
            click.option("--yes", is_flag=True, help="Skip the confirmation."),
            connection_option,
        )
    ):
        command = option(command)
    return command


def _selection(
    words: tuple[str, ...],
    kinds: tuple[str, ...],
    steps: tuple[str, ...],
    rules: tuple[str, ...],
    over: str | None,
    under: str | None,
    connection: ConnectionChoice,
    roles: tuple[str, ...],
) -> Selection:
    from arsync.application.decisions.choosing import Selection

    return Selection(
        words,
        [ActionKind(kind) for kind in kinds],
        steps,
        rules,
        amount_of(over),
        amount_of(under),
        connection,
        roles,
    )


@click.command()
@click.argument("words", nargs=-1, metavar=SAYS_WHAT)
@click.option("--all", "approve_all", is_flag=True, help="Approve all waiting actions.")
@click.option("--show", is_flag=True, help="Show them with the letters; approve nothing.")
@click.option(
    "--line", metavar="TEXT", default="", help="Put a personal line above the text of one letter."
)
@_choosing
@json_option
@config_option
def approve(
    words: tuple[str, ...],
    approve_all: bool,
    show: bool,
    line: str,
    kinds: tuple[str, ...],
    steps: tuple[str, ...],
    rules: tuple[str, ...],
    roles: tuple[str, ...],
    over: str | None,
    under: str | None,
    each: bool,
    yes: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Approve actions that need approval.

    Without anything chosen it lists the actions that need approval. Choose by key (its beginning is
    enough), by customer, by invoice number, and by the options below; all that is given must fit.
    What was not named by its key is counted first, and confirmed. What waits for a role is approved
    with --for, by its key or with --each.

    A credit hold and its change of payment terms are one decision, and so are lifting it and giving
    the terms back.
    """
    from arsync.application.decisions import approvals
    from arsync.application.decisions.choosing import left_to_roles, selected
    from arsync.application.result_views import listed_view

    if words and approve_all:
        raise UserMistake("give keys or --all, not both.")
    selection = _selection(words, kinds, steps, rules, over, under, connection, roles)
    with opened(config_file) as (actor, container):
        # Planned afresh, so that nobody approves what has lost its reason.
        problems = plan_and_save(actor, container, connection)
        for problem in problems:
            say(f"arsync: {problem}")
        failed = EXIT_MISTAKE if problems else EXIT_DONE
        if not (words or approve_all or each or show or line or selection.narrows):
            code = _list_waiting(actor, container, connection, as_json=as_json)
            return failed or code
        chosen = selected(actor, container, selection, approvals.WAITING)
        _say_unpriced(chosen)
        if show:
            code = _show_chosen(actor, container, chosen, as_json=as_json)
            return failed or code
        for_roles = 0
        if not each:
            chosen, for_roles = left_to_roles(chosen, selection)
            _say_left_to_roles(for_roles)

        def let_go(decisions: Sequence[Decision]) -> list[Listed]:
            return approvals.approve_decisions(actor, container, decisions)

        if line:
            _put_line(actor, container, chosen, line)
        if each:
            approved = _one_by_one(actor, container, chosen, "Approve", let_go)
        else:
            _confirm(selection, chosen, "Approve", yes=yes)
            approved = let_go(chosen.decisions)
    if as_json:
        print_json([listed_view(listed) for listed in approved])
    say(
        f"Approved {word(len(approved), 'action')}. `arsync apply` carries them out."
        if approved
        else "Approved nothing."
        if chosen.decisions or for_roles
        else "Nothing waits for approval."
    )
    return failed


@click.command()
@click.argument("words", nargs=-1, metavar=SAYS_WHAT)
@click.option("--why", "reason", default="", help="The reason, recorded with the action.")
@click.option("--take-back", is_flag=True, help="Withdraw refusals, including the platform's.")
@_choosing
@json_option
@config_option
def refuse(
    words: tuple[str, ...],
    reason: str,
    take_back: bool,
    kinds: tuple[str, ...],
    steps: tuple[str, ...],
    rules: tuple[str, ...],
    roles: tuple[str, ...],
    over: str | None,
    under: str | None,
    each: bool,
    yes: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Refuse actions that wait for approval or have not left yet.

    Choose as with `arsync approve`; give the reason with --why. They are not planned again.
    --take-back withdraws a refusal: the next plan requests the action again if its reason
    remains. `arsync actions --state refused` lists refusals.
    """
    from arsync.application.decisions import approvals
    from arsync.application.decisions.choosing import selected
    from arsync.application.result_views import listed_view

    selection = _selection(words, kinds, steps, rules, over, under, connection, roles)
    if not (words or each or selection.narrows):
        raise click.UsageError("Missing argument 'KEY, CUSTOMER or INVOICE'.")
    if not reason.strip() and not each:
        raise click.UsageError("Missing option '--why'.")
    with opened(config_file) as (actor, container):
        states = approvals.REJECTED if take_back else approvals.STOPPABLE
        chosen = selected(actor, container, selection, states)
        _say_unpriced(chosen)

        def decide(decisions: Sequence[Decision]) -> list[Listed]:
            line = reason.strip() or click.prompt("Why", err=True)
            if not take_back:
                return approvals.reject_decisions(actor, container, decisions, reason=line)
            keys = [decision.listed.row.key for decision in decisions]
            return approvals.take_back(actor, container, keys, reason=line)

        question = "Withdraw the refusal of" if take_back else "Refuse"
        if each:
            decided = _one_by_one(actor, container, chosen, question, decide)
        else:
            _confirm(selection, chosen, question, yes=yes)
            decided = decide(chosen.decisions)
    if as_json:
        print_json([listed_view(listed) for listed in decided])
    if take_back:
        say(
            f"Withdrew {word(len(decided), 'refusal')}. Actions with a remaining reason are "
            "planned again: `arsync approve`\nlists those that need approval."
        )
    else:
        say(f"Refused {word(len(decided), 'action')}.")
    return EXIT_DONE


def _put_line(actor: Actor, container: Container, chosen: Selected, line: str) -> None:
    from arsync.application.decisions.personal_lines import put_personal_line

    if len(chosen.decisions) != 1:
        raise UserMistake(
            f"a personal line goes into one letter; {len(chosen.decisions):,} were chosen."
            "\n    hint: `arsync approve KEY --line TEXT`"
        )
    put_personal_line(actor, container, chosen.decisions[0].listed.row.key, line)


# -- what is chosen, counted and confirmed ------------------------------------------------------


def _say_unpriced(chosen: Selected) -> None:
    if chosen.unpriced:
        say(
            f"{word(chosen.unpriced, 'action')} left out: no amount is known in the currency of the"
            " books."
        )


def _say_left_to_roles(for_roles: int) -> None:
    if for_roles:
        say(
            f"{word(for_roles, 'action')} left to a role: `arsync approve --for ROLE`, or name each"
            " by its key."
        )


def counted(chosen: Selected) -> str:
    """Return what is chosen in one line: `3 actions: 2 reminders, 1 task; GBP 900.00`."""
    kinds = ", ".join(
        word(count, *(KINDS[kind].planned or KINDS[kind].done))
        for kind, count in chosen.kinds.items()
    )
    amounts = ", ".join(shown(amount, currency) for currency, amount in chosen.sums.items())
    head = f"{word(len(chosen.members), 'action')}: {kinds}"
    return f"{head}; {amounts}" if amounts else head


def _confirm(selection: Selection, chosen: Selected, verb: str, *, yes: bool) -> None:
    """Ask before what was not named by its key; a script says --yes.

    `approve --all` says by itself what it is about: without a terminal it asks nothing.
    """
    by_key = not selection.narrows and _are_keys(selection.words, chosen)
    everything = not selection.words and not selection.narrows
    if yes or by_key or not chosen.decisions or (everything and not sys.stdin.isatty()):
        return
    say(counted(chosen))
    click.confirm(f"{verb} {word(len(chosen.members), 'action')}?", abort=True, err=True)


def _are_keys(words: Sequence[str], chosen: Selected) -> bool:
    from arsync.application.decisions.choosing import key_prefix

    keys = [listed.row.key for listed in chosen.members]
    prefixes = list(map(key_prefix, words))
    return bool(prefixes) and all(
        prefix and any(key.startswith(prefix) for key in keys) for prefix in prefixes
    )


# -- one by one ---------------------------------------------------------------------------------

ANSWERS = {"y": "yes", "n": "no", "why": "why", "q": "quit"}


def _one_by_one(
    actor: Actor,
    container: Container,
    chosen: Selected,
    verb: str,
    decide: Callable[[Sequence[Decision]], list[Listed]],
) -> list[Listed]:
    """Ask about each decision; what was decided before q stands."""
    decided: list[Listed] = []
    for number, decision in enumerate(chosen.decisions, 1):
        _show_decisions(actor, container, [decision])
        answer = "why"
        while answer == "why":
            question = f"{number:,}/{len(chosen.decisions):,} {verb} this? y, n, why, q"
            answer = click.prompt(question, type=click.Choice(list(ANSWERS)), err=True)
            if answer == "why":
                _explain(actor, container, decision)
        if answer == "q":
            break
        if answer == "y":
            decided += decide([decision])
    return decided


def _explain(actor: Actor, container: Container, decision: Decision) -> None:
    """Print everything about a decision, with the letter as it will leave."""
    from arsync.application.decisions.action_history import action_history
    from arsync.application.letters.letter_preview import letter_shown
    from arsync.cli.queries_commands import reasons_of
    from arsync.cli.render_letter import show_letter
    from arsync.cli.render_why import show_history

    for listed in decision.members:
        organisation, history = action_history(actor, container, listed.row.key)
        show_history(history, reasons=reasons_of(organisation, history.listed))
        show_letter(letter_shown(organisation, history.listed.row))


# -- lists --------------------------------------------------------------------------------------


def _show_decisions(
    actor: Actor, container: Container, decisions: Sequence[Decision], *, letters: bool = False
) -> None:
    from arsync.application.connections.connecting import connections
    from arsync.application.letters.letter_preview import letter_shown
    from arsync.cli.queries_commands import reasons_of
    from arsync.cli.render import show_waiting
    from arsync.cli.render_letter import show_letter

    names = tuple(dict.fromkeys(decision.listed.connection for decision in decisions))
    by_name = {
        organisation.name: organisation
        for organisation in (connections(actor, container, names) if names else ())
    }
    for decision in decisions:
        listed = decision.listed
        organisation = by_name[listed.connection]
        show_waiting([decision], {listed.connection: reasons_of(organisation, listed)})
        if letters:
            show_letter(letter_shown(organisation, listed.row))


def _show_chosen(actor: Actor, container: Container, chosen: Selected, *, as_json: bool) -> int:
    """Print what is chosen with its letters, and decide nothing."""
    from arsync.application.connections.connecting import connections
    from arsync.application.letters.letter_preview import letter_shown
    from arsync.application.result_views import with_letter_view

    if as_json:
        by_name = {
            organisation.name: organisation for organisation in connections(actor, container)
        }
        print_json(
            [
                with_letter_view(listed, letter_shown(by_name[listed.connection], listed.row))
                for listed in chosen.members
            ]
        )
    else:
        _show_decisions(actor, container, chosen.decisions, letters=True)
        say(f"\n{counted(chosen)}. Nothing was approved.")
    return EXIT_WAITING if chosen.decisions else EXIT_DONE


def _list_waiting(
    actor: Actor, container: Container, connection: ConnectionChoice, *, as_json: bool
) -> int:
    """Print what waits for a person, and how to let it go."""
    from arsync.application.connections.connecting import connections
    from arsync.application.decisions import approvals
    from arsync.application.decisions.choosing import decisions as as_decisions
    from arsync.application.result_views import listed_view
    from arsync.cli.queries_commands import reasons_of
    from arsync.cli.render import show_waiting

    organisations = {
        organisation.name: organisation
        for organisation in connections(actor, container, connection)
    }
    observers = [name for name, organisation in organisations.items() if organisation.observes]
    waiting = [
        listed
        for listed in approvals.waiting(actor, container, connection)
        if listed.connection not in observers
    ]
    decisions = as_decisions(waiting)
    if as_json:
        print_json([listed_view(listed) for listed in waiting])
    else:
        reasons = {
            listed.connection: reasons_of(organisations[listed.connection], listed)
            for listed in waiting
        }
        show_waiting(decisions, reasons)
        if not waiting:
            click.echo("Nothing waits for approval.")
    for name in observers:
        say(f"{name} only observes: `arsync plan` shows its actions, and none is written.")
    if waiting:
        say(
            f"\n{word(len(decisions), 'action')} waiting: `arsync approve KEY ...` approves some, "
            "`arsync approve CUSTOMER`\none customer's, `arsync approve --each` asks about each, "
            "`arsync approve --all` approves\nall, "
            "and `arsync refuse KEY --why REASON` refuses one."
        )
    return EXIT_WAITING if waiting else EXIT_DONE
