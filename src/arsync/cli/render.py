"""Plans, actions and results as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import groupby, islice
from types import MappingProxyType

import click

from arsync.application.decisions.choosing import Decision
from arsync.application.results import Listed, RunResult
from arsync.application.store_values import ActionRow, Later
from arsync.cli.common import print_table, word, wrapped
from arsync.cli.render_reasons import Reasons
from arsync.clock import in_words
from arsync.core.actions import (
    Action,
    ActionKind,
    InvoiceRef,
    TermsPayload,
    UndoPayload,
    is_our_letter,
    payload_of,
)
from arsync.core.actions.message_words import what_leaves
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.money import shown
from arsync.core.planning.customer_locale import LANGUAGE_NAMES
from arsync.core.planning.plan import EndedTask
from arsync.core.planning.planner import HeldBack, Plan
from arsync.core.rulebook.rules_text import short_hash

CUSTOMERS_SHOWN_MAX = 100
"""A plan shows so many customers; `--all` shows every one."""

HELD_BACK_SHOWN_MAX = 20
"""A plan shows so many lines of what was held back; `--all` shows every one."""

ROWS_PER_TABLE_MAX = 2_000
"""A longer list is printed as several tables."""

INVOICES_SHOWN_MAX = 12
"""An action shows so many of its invoices; `--json` has all."""

KEY_SHOWN = 12
"""So many characters of a key are shown; they are enough to name it."""


def what(action: Action, when: str = "") -> str:
    """Return what an action does, in a few words; `when` says when its step comes."""
    if action.kind is ActionKind.UNDO:
        return f"UNDO {KINDS[payload_of(action, UndoPayload).undone_kind].verb}"
    if isinstance(action.payload, TermsPayload) and action.payload.terms:
        return f"TERMS TO {action.payload.terms.upper()}"
    return what_leaves(action, when)


def titled(row: ActionRow) -> str:
    """Return an action in a few words, with whom and what it is about."""
    numbers = ", ".join(invoice.number or invoice.id for invoice in row.action.invoices[:3])
    more = " and more" if len(row.action.invoices) > 3 else ""
    about_them = f" about {numbers}{more}" if numbers else ""
    return f"{what(row.action)} for {row.action.contact_name}{about_them}"


def about(action: Action, most: int = 3) -> str:
    """Return the invoices an action names, with what was due, in one line."""
    refs = [
        f"{invoice.number or invoice.id} {shown(invoice.amount_due, invoice.currency)}"
        for invoice in action.invoices[:most]
    ]
    more = len(action.invoices) - most
    return ", ".join([*refs, f"{more:,} more"] if more > 0 else refs)


def show_plan(
    plan: Plan, *, mode: str = "", reasons: Reasons | None = None, everything: bool = False
) -> None:
    """Print a plan: what would be done and why, then what is held back and why.

    Args:
        plan: what to show.
        mode: the connection's; `observe` is told.
        reasons: puts the reasons into words.
        everything: show every customer and every line held back.
    """
    click.secho(f"{plan.connection}, as of {plan.as_of.isoformat()}", bold=True)
    click.echo(f"by rulebook {short_hash(plan.rulebook_hash)}")
    for problem in plan.problems:
        click.echo("  ! " + problem.replace("\n", "\n    "))
    for pause in plan.paused:
        click.echo(f"  ! for now {pause.text}")
    for message in plan.safety.messages:
        click.echo(f"  ! over a safety limit: {message}. Nothing is sent until a person approves.")
    counted = _Counted()
    left_out = 0
    by_customer = groupby(plan.actions, lambda action: action.contact_id)
    for number, (_, group) in enumerate(by_customer):
        actions = list(group)
        counted.add(actions)
        if not everything and number >= CUSTOMERS_SHOWN_MAX:
            # Counted above all the same: totals must not depend on what is shown.
            left_out += 1
            continue
        click.secho(f"\n{actions[0].contact_name}", bold=True)
        show_actions_of_one(actions, reasons or Reasons())
    if left_out:
        more = word(left_out, "more customer", "more customers")
        click.echo(f"\n... and {more}: --all shows them.")
    if plan.ended_tasks:
        click.echo()
    for ended in plan.ended_tasks:
        click.echo(f"CLOSE TASK of {ended_in_words(ended)}")
    if plan.held_back:
        click.echo()
        show_held_back(plan.held_back, None if everything else HELD_BACK_SHOWN_MAX)
    click.echo(f"\n{counted.words()} {len(plan.held_back):,} held back. Nothing was changed.")
    if mode == "observe":
        click.echo(observing(plan.connection))


def observing(connection: str) -> str:
    """Return that nothing is written while a connection observes, and how to change it."""
    return (
        f"{connection} only observes: nothing of this is written. "
        "To let it act, one action at a time:\n"
        f"  arsync connections {connection} --mode approve"
    )


class _Counted:
    """How many actions of each kind a plan has, counted as they are shown."""

    def __init__(self) -> None:
        self.kinds: Counter[ActionKind] = Counter()
        self.asking = 0

    def add(self, actions: Sequence[Action]) -> None:
        """Count some."""
        self.kinds.update(action.kind for action in actions)
        self.asking += sum(action.needs_approval for action in actions)

    def words(self) -> str:
        """Return the numbers in words: `3 actions planned: 2 reminders, 1 task`."""
        if not self.kinds:
            return "Nothing to do."
        words = [
            word(count, *(KINDS[kind].planned or KINDS[kind].done))
            for kind, count in self.kinds.items()
        ]
        text = f"{word(self.kinds.total(), 'action')} planned: {', '.join(words)}"
        if self.asking:
            need = "need" if self.asking > 1 else "needs"
            text += f"; {self.asking:,} of them {need} approval"
        return f"{text}."


def show_actions_of_one(
    actions: Sequence[Action],
    reasons: Reasons,
    *,
    keys: bool = False,
    along: Mapping[str, Sequence[Action]] = MappingProxyType({}),
) -> None:
    """Print one customer's actions, those with the same reason together.

    Args:
        actions: of one customer.
        reasons: puts the reasons into words.
        keys: show each action's key, and each action by itself.
        along: by key, what is decided together with an action, and shown in its line.
    """
    for _, group in groupby(actions, lambda action: _alike(action, keys=keys)):
        alike = list(group)
        first = alike[0]
        heads = (
            _head(action, reasons, keys=keys, along=along.get(action.key, ())) for action in alike
        )
        for head in dict.fromkeys(heads):
            click.echo(f"  {head}")
        for line in _invoice_lines(alike):
            click.echo(f"      {line}")
        click.echo(f"      because {reasons.place(first.because)}")
        facts = "" if _by_step(first) else reasons.facts(first.because)
        if facts:
            click.echo(wrapped(facts, indent=14))


def _by_step(action: Action) -> bool:
    """Return whether a step of a cadence asks for it: its facts stand beside its invoices."""
    return bool(action.invoices and action.invoices[0].step)


def _alike(action: Action, *, keys: bool) -> tuple[object, ...]:
    """Return what actions share that are shown together: a hold with its terms, one moment."""
    same = (action.because.file, action.because.line, action.not_before, bool(action.invoices))
    return (*same, action.key) if keys else same


def _head(action: Action, reasons: Reasons, *, keys: bool, along: Sequence[Action] = ()) -> str:
    when = ""
    if _by_step(action):
        take_over = action.because.facts.get("take_over", "")
        started = f", take_over: {take_over}" if take_over else ""
        when = f"{action.invoices[0].step_day}{started}"
    owner = action.payload.owner
    if owner and when:
        words = [f"{what(action)} for {owner} ({when})"]
    else:
        words = [what(action, when) + (f" for {owner}" if owner else "")]
    text = " and ".join([*words, *map(what, along)])
    spoken = action.payload.language_code
    if is_our_letter(action) and spoken not in {"", "en"}:
        text += f" in {LANGUAGE_NAMES.get(spoken, spoken)}"
    if action.not_before is not None and reasons.waits(action.not_before):
        not_before = reasons.local(action.not_before)
        text += f", not before {not_before:%a %d %b %Y %H:%M %Z}".rstrip()
        if action.payload.waits_for_holidays:
            text += f" ({action.payload.waits_for_holidays})"
    if action.needs_approval:
        text += f", needs {action.approval_words}"
    return f"{action.key[:KEY_SHOWN]}  {text}" if keys else text


def _invoice_lines(actions: Sequence[Action]) -> Iterator[str]:
    # What is known of the day it falls due is about an action's only, or highest, step.
    refs = [
        (ref, action.because.facts.get("days_until_due", 0) if len(action.invoices) == 1 else 0)
        for action in actions
        for ref in action.invoices
    ]
    rows = [
        (
            ref.number or ref.id,
            shown(ref.amount_due, ref.currency),
            ", ".join(filter(None, (_age(ref, until_due), _net_of(ref)))),
        )
        for ref, until_due in refs[:INVOICES_SHOWN_MAX]
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for number, amount, age in rows:
        yield f"{number:{widths[0]}}  {amount:>{widths[1]}}  {age}".rstrip()
    if len(refs) > len(rows):
        yield f"... and {word(len(refs) - len(rows), 'more invoice')}"


def _net_of(ref: InvoiceRef) -> str:
    """Return what is due on the invoice itself, and what is taken off, where something is."""
    if ref.document_amount_due is None:
        return ""
    covered = ref.document_amount_due - ref.amount_due - (ref.disputed or 0) > 0
    taken_off = ["unapplied cash"] if covered else []
    taken_off += [f"{shown(ref.disputed, ref.currency)} in dispute"] if ref.disputed else []
    in_books = shown(ref.document_amount_due, ref.currency)
    return f"net of {' and '.join(taken_off)} ({in_books} in the books)"


def _age(ref: InvoiceRef, until_due: int) -> str:
    if ref.days_overdue > 0:
        return f"{word(ref.days_overdue, 'day')} overdue"
    return f"due in {word(until_due, 'day')}" if until_due > 0 else ""


def show_held_back(held: Sequence[HeldBack], rows_max: int | None = None) -> None:
    """Print what was not done, the first thing that stopped it, and the next date."""
    most = len(held) if rows_max is None else min(rows_max, len(held))
    held_backs = iter(held)
    for start in range(0, most, ROWS_PER_TABLE_MAX):
        # One table of them all would be held in memory to find out how wide its columns are.
        print_table(
            "" if start else "Held back",
            ["customer", "invoice", "next", "why"],
            [
                [
                    held_back.contact_name,
                    held_back.invoice_number or "",
                    held_back.next_date.isoformat() if held_back.next_date else "",
                    held_back.why,
                ]
                for held_back in islice(held_backs, min(ROWS_PER_TABLE_MAX, most - start))
            ],
        )
    if len(held) > most:
        click.echo(f"... and {len(held) - most:,} more: --all shows them.")


def show_waiting(waiting: Iterable[Decision], reasons: Mapping[str, Reasons]) -> None:
    """Print the actions that wait for a person, with their keys and all their reasons.

    Args:
        waiting: the actions; what is decided together is one line.
        reasons: by connection, puts the reasons into words.
    """
    for (connection, _), group in groupby(
        waiting,
        lambda decision: (decision.listed.connection, decision.listed.row.action.contact_id),
    ):
        decisions = list(group)
        actions = [decision.listed.row.action for decision in decisions]
        along = {
            decision.listed.row.key: [listed.row.action for listed in decision.along]
            for decision in decisions
        }
        click.secho(f"\n{actions[0].contact_name} ({connection})", bold=True)
        shown_reasons = reasons.get(connection) or Reasons()
        show_actions_of_one(actions, shown_reasons, keys=True, along=along)


def show_actions(listed_actions: Sequence[Listed], zones: Mapping[str, tzinfo]) -> None:
    """Print actions and where they stand, one a line.

    Args:
        listed_actions: the actions.
        zones: by connection, the organisation's time zone.
    """
    if not listed_actions:
        click.echo("No actions.")
        return
    print_table(
        "",
        [
            "key",
            "changed",
            "connection",
            "customer",
            "action",
            "invoices",
            "state",
            "rulebook",
            "what happened",
        ],
        [
            [
                listed.row.key[:KEY_SHOWN],
                f"{listed.row.changed_at.astimezone(zones.get(listed.connection)):%Y-%m-%d}",
                listed.connection,
                listed.row.action.contact_name,
                what(listed.row.action),
                about(listed.row.action),
                listed.row.state.word,
                short_hash(listed.row.rulebook_hash),
                listed.row.reason,
            ]
            for listed in listed_actions
        ],
        if_room=["rulebook"],
    )


def result_line(result: RunResult) -> str:
    """Return one run's result as one line."""
    phrases: list[str] = []
    if result.pulled:
        pulled = result.pulled
        if result.kind == "rebuild":  # every row counts as changed there, though none may differ
            phrases.append(f"{word(pulled.inserted + pulled.updated, 'record')} read again")
        elif pulled.inserted or pulled.updated:
            phrases.append(f"{pulled.inserted:,} new, {pulled.updated:,} changed")
        else:
            phrases.append("nothing new")
    if result.plan:
        by_rulebook = short_hash(result.plan.rulebook_hash)
        phrases.append(f"{len(result.plan.actions):,} planned by rulebook {by_rulebook}")
    if result.applied:
        done = Counter(effect.state.word for effect in result.applied.effects)
        phrases += [f"{count:,} {state}" for state, count in done.items()]
    if result.mode == "observe" and result.kind != "pull":
        phrases.append("only observes, so nothing was written")
    if result.stopped:
        phrases.append(result.stopped)
    if result.all_problems:
        phrases.append(word(len(result.all_problems), "problem"))
    did = bool(result.applied and result.applied.effects)
    number = f" (run {result.run_id})" if did else ""
    return f"{result.connection}: {', '.join(phrases) or 'nothing to do'}{number}"


def later_in_words(later: Later, zone: tzinfo | None) -> str:
    """Return what is approved and may not leave yet, and when the first of it may."""
    first = in_words(later.first, zone)
    if later.actions == 1:
        return f"1 approved action leaves later, not before {first}"
    return f"{later.actions:,} approved actions leave later, the first not before {first}"


def ended_in_words(ended: EndedTask) -> str:
    """Return whose task ends, which, and why."""
    return f"{ended.contact_name}, {ended.text}: {ended.reason}"


def show_result(result: RunResult, *, stamp: str = "") -> None:
    """Print one run's result: the line, then every problem and what waits for a person.

    Args:
        result: of `sync` and of each round of `run`, in the same words.
        stamp: when it began, before the line; empty where a person has just asked.
    """
    click.echo(" ".join(filter(None, (stamp, result_line(result)))))
    for problem in (*result.all_problems, *result.notices):
        click.echo("  ! " + problem.replace("\n", "\n    "))
    if result.kind == "pull":
        return
    if result.later is not None:
        click.echo(f"  - {later_in_words(result.later, result.zone)}")
    for ended in result.ended_tasks:
        click.echo(f"  - task closed: {ended_in_words(ended)}")
    for sentence in result.applied.held_up if result.applied else ():
        click.echo(f"  - {sentence}")
    for wait in result.waits:
        them = "it" if wait.startswith("1 ") else "them"
        hint = f": `arsync approve` lists {them}" if wait.endswith("for approval") else ""
        click.echo(f"  ? {wait}{hint}")
