"""`promise`: what a customer promised to pay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
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
from arsync.core.ledger.money import shown, typed_amount
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.agreements.promises import PromiseView
    from arsync.application.organisation.connection_choice import ConnectionChoice

INVOICES_SHOWN_MAX = 3
"""A line shows so many of its invoices; `--json` names all."""


def amount_of(text: str | None) -> Decimal | None:
    """Read an amount as people write it: `1500`, `1,500.00`.

    Raises:
        UserMistake: it is not an amount above zero.
    """
    return None if text is None else typed_amount(text)


def words_of(words: tuple[str, ...]) -> tuple[tuple[str, ...], date, Decimal | None]:
    """Return what is promised, by when, and how much: `INV-1 INV-2 2026-12-01 500`.

    Raises:
        UserMistake: the amount is none.
        click.BadParameter: the date is none.
    """
    # The amount is the last word only where the word before it is, or is meant as, the date.
    has_amount = len(words) > 2 and not _LIKE_A_DATE.fullmatch(words[-1])
    names = words[: -2 if has_amount else -1]
    day = DAY.convert(words[len(names)], None, None)
    return names, day.date(), amount_of(words[-1]) if has_amount else None


_LIKE_A_DATE = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")


@click.command()
@click.argument("words", nargs=-1, metavar="[INVOICE... DATE [AMOUNT]]")
@click.option("--note", default="", help="The customer's words.")
@click.option("--also", is_flag=True, help="Keep what was promised before; otherwise replace it.")
@click.option("--withdraw", is_flag=True, help="Withdraw the promise that stands.")
@connection_option
@json_option
@config_option
def promise(
    words: tuple[str, ...],
    note: str,
    connection: ConnectionChoice,
    config_file: Path | None,
    *,
    also: bool,
    withdraw: bool,
    as_json: bool,
) -> int:
    """Record a promise to pay, or list the open and the broken ones.

    Without arguments it lists them, the earliest day first.
    INVOICE is the number of an invoice, or of several; or a customer's name, for all that it owes.
    DATE has the form 2026-12-01, and AMOUNT is needed only for a part of what is due.
    With --withdraw only INVOICE is given, and --note says why: what was noted of the promise in
    the accounting system is put back by the next run.
    """
    from arsync.application.agreements import promises
    from arsync.application.persons_words import recorded_view

    if withdraw and not words:
        raise UserMistake("which promise? arsync promise INVOICE --withdraw")
    if not words:
        with opened(config_file) as (actor, container):
            listed = promises.listed_promises(actor, container, connection)
        _show(listed, as_json=as_json)
        return EXIT_DONE
    if withdraw:
        from arsync.application.agreements.withdrawing_promises import withdraw_promise

        with opened(config_file) as (actor, container):
            withdrawn = withdraw_promise(
                actor, container, words, reason=note, connection=connection
            )
        if as_json:
            print_json(recorded_view(withdrawn))
        say(withdrawn.message)
        return EXIT_DONE
    if len(words) < 2:
        raise UserMistake("a promise needs a date: arsync promise INVOICE 2026-12-01")
    names, day, amount = words_of(words)
    promised = promises.PromiseToPay(day, amount, note, also)
    with opened(config_file) as (actor, container):
        recorded = promises.promise(actor, container, names, promised, connection=connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE


def _show(listed: Sequence[PromiseView], *, as_json: bool) -> None:
    if as_json:
        print_json(list(listed))
        return
    if not listed:
        click.echo("No open or broken promises.")
        return
    print_table(
        "",
        ["connection", "customer", "invoices", "promised for", "amount", "state"],
        [
            [
                view.connection,
                view.customer,
                _numbers(view.invoices),
                view.promised_on.isoformat(),
                "all" if view.amount is None else shown(view.amount, view.currency),
                view.state,
            ]
            for view in listed
        ],
    )


def _numbers(numbers: Sequence[str]) -> str:
    more = len(numbers) - INVOICES_SHOWN_MAX
    named = ", ".join(numbers[:INVOICES_SHOWN_MAX])
    return f"{named}, {more:,} more" if more > 0 else named
