"""Plans, actions and results as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click

from arsync.cli.common import print_table, word
from arsync.core.actions import Action, ActionKind, Because
from arsync.core.money import shown
from arsync.core.plan import HeldBack, Plan
from arsync.run import Listed, RunResult

VERBS: Mapping[ActionKind, str] = {
    ActionKind.REMINDER: "REMIND",
    ActionKind.CREDIT_HOLD: "PLACE CREDIT HOLD",
    ActionKind.LIFT_CREDIT_HOLD: "LIFT CREDIT HOLD",
    ActionKind.TERMS: "TERMS TO CASH ON DELIVERY",
    ActionKind.RESTORE_TERMS: "RESTORE TERMS",
    ActionKind.NOTE: "NOTE",
    ActionKind.PROMISE: "NOTE PROMISE",
    ActionKind.DISPUTE: "NOTE DISPUTE",
    ActionKind.TASK: "OPEN TASK",
    ActionKind.TASK_DONE: "NOTE TASK DONE",
    ActionKind.LETTER: "ATTACH LETTER",
    ActionKind.LATE_FEE: "DRAFT LATE FEE",
}

HELD_BACK_SHOWN_MAX = 40
"""A plan's table shows so many lines of what was held back; `--json` shows all."""


def what(action: Action) -> str:
    """Return what an action does, in a few words."""
    detail = action.step or action.details.get("task", "") or action.details.get("letter", "")
    return f"{VERBS[action.kind]} {detail}".strip()


def about(action: Action) -> str:
    """Return the invoices an action names, with what is due."""
    return ", ".join(
        f"{ref.number or ref.id} {shown(ref.amount_due, ref.currency)}" for ref in action.invoices
    )


def because(reason: Because) -> str:
    """Return a reason: the file, the line, the rule, the facts."""
    where = f"{reason.file}:{reason.line} " if reason.file else ""
    facts = " · ".join(f"{name} {_value(value)}" for name, value in reason.facts.items())
    return f'{where}"{reason.rule}"' + (f": {facts}" if facts else "")


def _value(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(one) for one in sorted(value, key=str)) or "none"
    return str(value) or "none"


def show_plan(plan: Plan) -> None:
    """Print a plan: what would be done and why, then what is held back and why."""
    click.secho(f"{plan.connection}, as of {plan.as_of.isoformat()}", bold=True)
    for problem in plan.problems:
        click.echo(f"  ! {problem}")
    for message in plan.safety.messages:
        click.secho(f"  ! over a safety limit: {message}. Nothing is sent until you decide.")
    if plan.actions:
        print_table(
            "",
            ["customer", "action", "invoices", "because", "when"],
            [
                [
                    action.contact_name,
                    what(action) + ("  (asks first)" if action.needs_approval else ""),
                    about(action),
                    because(action.because),
                    f"{action.not_before:%Y-%m-%d %H:%M %Z}" if action.not_before else "now",
                ]
                for action in plan.actions
            ],
        )
    click.echo(
        f"{word(len(plan.actions), 'action')} planned, {len(plan.held_back):,} held back. "
        "Nothing was changed."
    )
    if plan.held_back:
        show_held_back(plan.held_back)


def show_held_back(held: Sequence[HeldBack], rows_max: int = HELD_BACK_SHOWN_MAX) -> None:
    """Print what was not done, the first thing that stopped it, and the next date."""
    print_table(
        "Held back",
        ["customer", "invoice", "why", "next"],
        [
            [
                one.contact_name,
                one.invoice_number or "",
                one.why,
                one.next_date.isoformat() if one.next_date else "",
            ]
            for one in held[:rows_max]
        ],
    )
    if len(held) > rows_max:
        click.echo(f"... and {len(held) - rows_max:,} more; `--json` shows all.")


def show_actions(found: Sequence[Listed], title: str = "") -> None:
    """Print actions and where they stand."""
    if not found:
        click.echo(f"{title}: none." if title else "None.")
        return
    print_table(
        title,
        ["key", "connection", "customer", "action", "invoices", "state", "because"],
        [
            [
                one.row.key[:12],
                one.connection,
                one.row.action.contact_name,
                what(one.row.action),
                about(one.row.action),
                one.row.state.value,
                because(one.row.action.because)
                + (f" ({one.row.reason})" if one.row.reason else ""),
            ]
            for one in found
        ],
    )


def result_line(result: RunResult) -> str:
    """Return one run's result as one line."""
    parts: list[str] = []
    if result.pulled:
        pulled = result.pulled
        parts.append(f"{pulled.inserted:,} new, {pulled.updated:,} changed")
    if result.plan:
        parts.append(f"{len(result.plan.actions):,} planned")
    if result.applied:
        done = Counter(effect.state.value for effect in result.applied.effects)
        parts += [f"{count:,} {state}" for state, count in done.items()]
    if result.mode == "observe" and result.kind == "sync":
        parts.append("observing, nothing written")
    if result.stopped:
        parts.append(result.stopped)
    if result.all_problems:
        parts.append(word(len(result.all_problems), "problem"))
    return f"{result.connection}: {', '.join(parts) or 'nothing to do'}"


def show_result(result: RunResult) -> None:
    """Print one run's result: the line, then every problem and what waits for a person."""
    click.echo(result_line(result))
    for problem in result.all_problems:
        click.echo(f"  ! {problem}")
    for wait in result.waits:
        click.echo(f"  ? {wait}")
