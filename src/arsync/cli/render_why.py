"""`why`: what is done about a customer, an invoice or one action, what is not, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from arsync.cli.common import word, wrapped
from arsync.cli.render import about, show_actions_of_one, what
from arsync.cli.render_reasons import Reasons, plain
from arsync.core.actions import Action, ActionState
from arsync.core.ledger.money import shown
from arsync.core.planning.rules_read import SECTIONS_READ
from arsync.core.rulebook.rules_text import short_hash

if TYPE_CHECKING:
    from arsync.application.decisions.supplier_watching import SupplierWhy
    from arsync.application.results import ActionHistory, Why
    from arsync.core.planning.rules_read import ReasonLine

INVOICES_EXPLAINED_MAX = 5
"""About a customer, `why` says of so many open invoices what comes next; `--full` of all."""

HISTORY_SHOWN_MAX = 10
"""`why` shows so many past actions, the newest; `--full` shows all."""

LOG_SHOWN_MAX = 3
"""`why` shows so many entries of the log, the newest; `--full` shows all."""

_STANDS = frozenset({ActionState.SENT, ActionState.CONFIRMED})
_SIGNS = {True: "yes", False: "no", None: "unknown"}


def show_why(explained: Why, *, reasons: Reasons, full: bool) -> None:
    """Print what is done, what is not, the rules read in order, and what was done before.

    Args:
        explained: what to show.
        reasons: puts the reasons into words.
        full: also every fact, every invoice, every past action and its events.
    """
    _head(explained)
    for problem in explained.plan.problems:
        click.echo(f"  ! {problem}")
    for pause in explained.plan.paused:
        click.echo(f"  ! for now {pause.text}")
    actions = [action for action in explained.plan.actions if _concerns(explained, action.invoices)]
    if actions:
        click.secho("\nTo do now", bold=True)
        show_actions_of_one(actions, reasons)
        _notes("The note in the books will say", actions)
    if explained.held_back:
        click.secho("\nNot now", bold=True)
    for held in explained.held_back:
        subject = f"{held.invoice_number}: " if held.invoice_number else ""
        again = f" Next: {held.next_date.isoformat()}." if held.next_date else ""
        click.echo(f"  {subject}{held.why.rstrip('.')}.{again}")
        if held.because:
            click.echo(f"      because {reasons.place(held.because)}")
            click.echo(wrapped(reasons.facts(held.because), indent=14))
    if not actions and not explained.held_back:
        click.echo("\nNothing to do now.")
    by_rulebook = short_hash(explained.plan.rulebook_hash)
    click.secho(f"\nRules read, in order, of rulebook {by_rulebook}", bold=True)
    _rules(explained.lines)
    _invoices(explained.lines, full=full)
    _agreed("What you owe to them as a supplier", "payables", explained.lines)
    _agreed("Watched as a supplier", "supplier_alerts", explained.lines)
    _agreed("Disputes", "disputes", explained.lines)
    _agreed("Payment plans", "payment plan", explained.lines)
    _agreed("Placements", "placed", explained.lines)
    _agreed("Open tasks", "tasks", explained.lines)
    if full:
        _late_payment(explained.lines)
        click.secho("\nFacts", bold=True)
        for name, value in explained.facts.items():
            click.echo(f"  {name:28} {plain(value)}")
        _limits(explained)
    _log(explained, full=full)
    _history(explained.history, reasons, full=full)


def show_history(entry: ActionHistory, *, reasons: Reasons) -> None:
    """Print one action with its reason and everything that happened to it."""
    row = entry.listed.row
    click.secho(
        f"{what(row.action)}, {row.action.contact_name} ({entry.listed.connection})", bold=True
    )
    click.echo(f"  key   {row.key}")
    click.echo(f"  state {row.state.word}" + (f": {row.reason}" if row.reason else ""))
    if row.rulebook_hash:
        click.echo(f"  rulebook {short_hash(row.rulebook_hash)}")
    if entry.notice_number:
        click.echo(f"  notice {entry.notice_number}")
    if row.receipt and row.receipt.detail:
        click.echo(f"  there {row.receipt.detail}")
    if row.outcome:
        click.echo(f"  outcome {row.outcome}")
    click.secho("\nWhy", bold=True)
    show_actions_of_one([row.action], reasons)
    _notes(f"The note in the books {'says' if row.state in _STANDS else 'would say'}", [row.action])
    click.secho("\nWhat happened", bold=True)
    _events(entry, reasons, indent=2)


def _notes(head: str, actions: Sequence[Action]) -> None:
    """Print the sentences that stand, or will, in the platform, word for word."""
    sentences = dict.fromkeys(action.note for action in actions if action.note)
    if sentences:
        click.secho(f"\n{head}", bold=True)
    for sentence in sentences:
        click.echo(f"  {sentence}")


def _head(explained: Why) -> None:
    day, invoice = explained.as_of.isoformat(), explained.invoice
    title = f"{explained.contact.name} ({explained.connection}), as of {day}"
    if invoice is not None:
        title = f"{invoice.number or invoice.id}, {title}"
    click.secho(title, bold=True)
    if invoice is not None:
        click.echo(
            f"  {invoice.status}, due {invoice.due_on.isoformat()}, "
            f"{shown(invoice.amount_due, invoice.currency)} of "
            f"{shown(invoice.total, invoice.currency)} to pay"
        )
    if explained.terms_signed_on is not None:
        click.echo(f"  terms signed on {explained.terms_signed_on.isoformat()}")
    facts = [line.text for line in explained.lines if line.section == "facts"]
    click.echo(wrapped(" · ".join(facts), indent=2))


def _concerns(explained: Why, refs: Sequence[object]) -> bool:
    ids = {getattr(ref, "id", "") for ref in refs}
    return explained.invoice is None or not refs or explained.invoice.id in ids


def _rules(lines: Sequence[ReasonLine]) -> None:
    section = ""
    for line in lines:
        if line.section not in SECTIONS_READ:
            continue
        if line.section != section:
            click.echo(f"  {line.section}")
            section = line.section
        where = f"  {line.place.file}:{line.place.line}" if line.place else ""
        name, _, words = line.text.partition(f": {_SIGNS[line.answer]}, ")
        click.echo(f"    {_SIGNS[line.answer]:8}{name}{where}")
        if words and words != "everyone":
            click.echo(wrapped(words, indent=14))


def _invoices(lines: Sequence[ReasonLine], *, full: bool) -> None:
    """Print, for each open invoice, what was done and what comes next."""
    sections = [line for line in lines if line.section in {"invoice", "sent", "next"}]
    if not sections:
        return
    click.secho("\nInvoices and their next step", bold=True)
    count = 0
    for line in sections:
        if line.section == "invoice":
            count += 1
        if count > INVOICES_EXPLAINED_MAX and not full:
            continue
        number, _, text = line.text.partition(": ")
        if line.section == "invoice":
            click.echo(f"  {number}: {text}")
        elif line.section == "next":
            where = f"  {line.place.file}:{line.place.line}" if line.place else ""
            click.echo(f"      next  {text}{where}")
        else:
            click.echo(f"      done  {text}")
    if count > INVOICES_EXPLAINED_MAX and not full:
        click.echo(f"  ... and {word(count - INVOICES_EXPLAINED_MAX, 'more invoice')}: --full")


def _agreed(title: str, section: str, lines: Sequence[ReasonLine]) -> None:
    """Print what is disputed, or what was agreed, and what has come of it."""
    texts = [line.text for line in lines if line.section == section]
    if texts:
        click.secho(f"\n{title}", bold=True)
    for text in texts:
        click.echo(wrapped(text, indent=2))


def _late_payment(lines: Sequence[ReasonLine]) -> None:
    """Print what the law gives for late payment, invoice by invoice."""
    texts = [line.text for line in lines if line.section == "late payment"]
    if texts:
        click.secho("\nLate payment", bold=True)
    for text in texts:
        click.echo(wrapped(text, indent=2))


def _limits(explained: Why) -> None:
    """Print the credit limits as they changed, the newest first."""
    if explained.limits:
        click.secho("\nCredit limit, as it changed", bold=True)
    for limit in explained.limits:
        if limit.amount is not None:
            amount = shown(limit.amount, explained.currency)
        else:
            amount = "no limit" if limit.is_unlimited else "unknown"
        until = f" until {limit.until.isoformat()}" if limit.until else ""
        rule = f"{limit.rule}  {limit.file}:{limit.line}" if limit.rule else "no rule matches"
        click.echo(f"  {limit.since.isoformat()}  {amount}{until}: {rule}")
        click.echo(f"      rulebook {short_hash(limit.rulebook_hash)}, by {limit.recorded_by}")


def _log(explained: Why, *, full: bool) -> None:
    entries = explained.log if full else explained.log[:LOG_SHOWN_MAX]
    if entries:
        click.secho("\nLogged", bold=True)
    for row in entries:
        day = row.happened_on.isoformat()
        click.echo(f"  {day}  {row.kind}, by {row.recorded_by}: {row.text}")
    if len(explained.log) > len(entries):
        click.echo(f"  ... and {len(explained.log) - len(entries):,} more: --full")


def _history(histories: Sequence[ActionHistory], reasons: Reasons, *, full: bool) -> None:
    if not histories:
        return
    click.secho("\nSo far", bold=True)
    entries = histories if full else histories[:HISTORY_SHOWN_MAX]
    for entry in entries:
        row = entry.listed.row
        line = f"  {reasons.local(row.changed_at):%Y-%m-%d}  {row.key[:12]}  {what(row.action)}"
        if row.action.invoices:
            line += f", {about(row.action)}"
        click.echo(f"{line}: {row.state.word}" + (f" ({row.reason})" if row.reason else ""))
        if full:
            _events(entry, reasons, indent=14)
    if len(histories) > len(entries):
        click.echo(f"  ... and {len(histories) - len(entries):,} more: --full")


def _events(entry: ActionHistory, reasons: Reasons, *, indent: int) -> None:
    for event in entry.events:
        moved = event.from_state is not None and event.from_state != event.to_state
        start = f"{event.from_state.word} -> " if event.from_state and moved else ""
        click.echo(
            f"{' ' * indent}{reasons.local(event.at):%Y-%m-%d %H:%M}  "
            f"{start}{event.to_state.word}, by {event.actor}"
            f"{': ' + event.reason if event.reason else ''}"
        )


def show_suppliers(suppliers: Sequence[SupplierWhy]) -> None:
    """Show what is watched of suppliers."""
    for explained in suppliers:
        click.secho(f"{explained.supplier.name}, a supplier of {explained.connection}", bold=True)
        click.echo(f"  {explained.owed or 'Nothing is open with it.'}")
        for line in explained.lines:
            click.echo(wrapped(line, indent=2))
