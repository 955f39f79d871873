"""`agree`: payment by instalments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    DAY,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
)
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.core.ledger.agreements.payment_plans import Every
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.money import bare, shown
from arsync.core.ledger.records import Instalment
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.agreements.payment_plans import ListedPlan, Schedule
    from arsync.application.organisation.connection_choice import ConnectionChoice


@click.command()
@click.argument("names", nargs=-1, metavar="[CUSTOMER | INVOICE...]")
@click.option("--instalments", type=int, help="So many equal instalments.")
@click.option(
    "--every",
    type=click.Choice([each.value for each in Every]),
    help="How often one is due [month].",
)
@click.option("--first", type=DAY, metavar="DATE", help="The day of the first one.")
@click.option(
    "--on",
    "listed",
    multiple=True,
    metavar="DATE:AMOUNT",
    help="An instalment of its own, as in 2026-12-10:400; once for each.",
)
@click.option("--note", default="", help="Anything to remember.")
@click.option("--preview", is_flag=True, help="Show the schedule, and record nothing.")
@click.option("--cancel", is_flag=True, help="End the plan: its debt is chased again.")
@click.option("--replace", is_flag=True, help="Agree it in place of the plan that stands.")
@click.option("--all", "also_over", is_flag=True, help="List completed and ended plans too.")
@connection_option
@json_option
@config_option
def agree(
    names: tuple[str, ...],
    instalments: int | None,
    every: str | None,
    first: datetime | None,
    listed: tuple[str, ...],
    note: str,
    preview: bool,
    cancel: bool,
    replace: bool,
    also_over: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Agree payment by instalments, or list payment plans.

    Without arguments it lists them. Name a customer for all that it owes, or invoices by their
    numbers. Give equal instalments
    (--instalments 3 --every month --first 2026-12-10), or each by itself (--on 2026-12-10:400).
    """
    from arsync.application.agreements import payment_plans
    from arsync.application.persons_words import recorded_view

    if not names:
        with opened(config_file) as (actor, container):
            plans = payment_plans.payment_plans(actor, container, connection, also_over=also_over)
        _show_plans(plans, as_json=as_json)
        return EXIT_DONE
    if cancel:
        with opened(config_file) as (actor, container):
            ended = payment_plans.cancel(actor, container, names, connection=connection)
        if as_json:
            print_json(recorded_view(ended))
        say(ended.message)
        return EXIT_DONE
    terms = _terms(instalments, every, first.date() if first else None, listed)
    with opened(config_file) as (actor, container):
        if preview:
            _show_schedule(
                payment_plans.preview(
                    actor, container, names, terms, replaces=replace, connection=connection
                )
            )
            say("Nothing was recorded.")
            return EXIT_DONE
        schedule, recorded = payment_plans.agree(
            actor, container, names, terms, note=note, replaces=replace, connection=connection
        )
    if as_json:
        print_json(recorded_view(recorded))
    else:
        _show_schedule(schedule)
    say(recorded.message)
    return EXIT_DONE


def _terms(
    instalments: int | None, every: str | None, first: date | None, listed: Sequence[str]
) -> Terms:
    if listed and (instalments is not None or every or first):
        raise UserMistake("give equal instalments, or each by itself with --on: not both.")
    if listed:
        return Terms(listed=tuple(map(_instalment, listed)))
    if instalments is None:
        raise UserMistake(
            "how is it paid?\n    hint: --instalments 3 --every month --first 2026-12-10,"
            " or --on 2026-12-10:400 for each instalment"
        )
    if first is None:
        raise UserMistake("when is the first instalment due?\n    hint: --first 2026-12-10")
    return Terms(equal_parts=instalments, every=Every(every or Every.MONTH), first=first)


def _instalment(text: str) -> Instalment:
    day, _, amount = text.partition(":")
    try:
        due_on = date.fromisoformat(day)
    except ValueError:
        raise UserMistake(
            f"{text!r} is no instalment.\n    hint: a day and an amount: 2026-12-10:400"
        ) from None
    paid = amount_of(amount.strip())
    assert paid is not None, "a text is read as an amount, or refused"
    return Instalment(due_on, paid)


def _show_schedule(schedule: Schedule) -> None:
    agreed = schedule.agreement
    plan = agreed.plan
    click.secho(f"Payment plan with {schedule.customer} ({schedule.organisation.name})", bold=True)
    for invoice in agreed.covered:
        amount = shown(invoice.amount_due, invoice.currency)
        click.echo(f"  {invoice.number or invoice.id}: {amount} owed")
    print_table(
        "",
        ["instalment", "due on", "amount"],
        [
            [str(number), instalment.due_on.isoformat(), shown(instalment.amount, plan.currency)]
            for number, instalment in enumerate(plan.instalments, 1)
        ],
    )
    click.echo(f"In all {shown(plan.total, plan.currency)}.")
    for uncovered in agreed.uncovered:
        invoice = uncovered.invoice
        amount = shown(uncovered.amount, invoice.currency)
        click.echo(f"Not covered, and chased as ever: {amount} of {invoice.number or invoice.id}.")


_COLUMNS = (
    *("connection", "plan", "customer", "invoices", "agreed"),
    *("state", "to come", "next", "missed"),
)


def _show_plans(plans: Sequence[ListedPlan], *, as_json: bool) -> None:
    from arsync.application.agreements.payment_plans import payment_plan_view

    if as_json:
        print_json([payment_plan_view(listed) for listed in plans])
        return
    if not plans:
        click.echo("No payment plans.")
        return
    rows = []
    for listed in plans:
        judged = listed.judged
        currency, following = judged.plan.currency, judged.following
        to_come = ""
        if following:
            to_come = f"{bare(following.outstanding, currency)} on {following.due_on}"
        rows.append(
            [
                listed.connection,
                str(judged.plan.id),
                listed.customer,
                ", ".join(listed.numbers),
                judged.plan.made_on.isoformat(),
                judged.state.value,
                f"{shown(judged.outstanding, currency)} of {shown(judged.plan.total, currency)}",
                to_come,
                str(judged.missed),
            ]
        )
    print_table("", _COLUMNS, rows)
