"""`dispute`: what a customer will not pay, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
)
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.agreements.disputes import DisputeView
    from arsync.application.organisation.connection_choice import ConnectionChoice

OUTCOMES = ("credited", "upheld", "dropped")
_NOT_SAID = "not said"
_WHOLE = "all"


@click.command()
@click.argument("invoice", required=False)
@click.option("--amount", help="The part that is disputed, as 200 or 1,500.00; all: the whole.")
@click.option("--reason-code", help="A code of UN/EDIFACT 4465, or its word: wrong price.")
@click.option("--reason", help="The customer's words.")
@click.option("--owner", help="Who answers it; without it, you.")
@click.option("--needs", help="What is needed for an answer.")
@click.option("--change", is_flag=True, help="Change the open dispute.")
@click.option(
    "--settled",
    is_flag=False,
    flag_value=_NOT_SAID,
    metavar="OUTCOME",
    help="What came of it: credited, upheld or dropped.",
)
@click.option("--note", help="Anything to remember of its outcome.")
@connection_option
@json_option
@config_option
def dispute(
    invoice: str | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Record, change or settle a dispute, or list the open ones.

    Without INVOICE the open disputes are listed, the oldest first. While a dispute is open, what is
    disputed is not asked for; the rest of the invoice is. `--settled credited` holds once the books
    show the credit; before that the dispute waits for it. Upheld and dropped: all of it is owed.
    """
    from arsync.application.agreements import disputes
    from arsync.application.persons_words import recorded_view

    if invoice is None:
        _refuse_without_invoice(options)
        with opened(config_file) as (actor, container):
            views = disputes.open_disputes(actor, container, connection)
        return _show(views, as_json=as_json)
    if options["settled"] is not None:
        return _settle(invoice, options, connection, config_file, as_json=as_json)
    words = _words(options)
    if options["note"]:
        raise UserMistake(
            "--note belongs to --settled.\n    hint: for the dispute itself: --reason"
        )
    if not options["change"] and not words.reason and not words.reason_code:
        raise UserMistake('give the reason: arsync dispute INVOICE --reason "wrong price"')
    record = disputes.change_dispute if options["change"] else disputes.open_dispute
    with opened(config_file) as (actor, container):
        recorded = record(actor, container, invoice, words, connection=connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE


def _words(options: dict[str, Any]) -> Any:
    from arsync.application.agreements.disputes import DisputeWords

    whole = (options["amount"] or "").strip().casefold() == _WHOLE
    return DisputeWords(
        options["reason"],
        options["reason_code"],
        None if whole else amount_of(options["amount"]),
        whole,
        options["owner"],
        options["needs"],
    )


def _settle(
    invoice: str,
    options: dict[str, Any],
    connection: ConnectionChoice,
    config_file: Path | None,
    *,
    as_json: bool,
) -> int:
    from arsync.application.agreements.disputes import settle_dispute
    from arsync.application.persons_words import recorded_view
    from arsync.core.ledger.records import DisputeOutcome

    word = options["settled"].strip().casefold()
    if word not in {*OUTCOMES, _NOT_SAID}:
        raise UserMistake(
            f"{options['settled']!r} is no outcome: credited, upheld or dropped."
            "\n    hint: arsync dispute INVOICE --settled credited"
        )
    others = [
        name for name in ("amount", "reason_code", "reason", "owner", "needs") if options[name]
    ]
    if others or options["change"]:
        raise UserMistake("--settled goes with --note alone.")
    outcome = None if word == _NOT_SAID else DisputeOutcome(word)
    with opened(config_file) as (actor, container):
        settled = settle_dispute(
            actor,
            container,
            invoice,
            outcome=outcome,
            note=options["note"] or "",
            connection=connection,
        )
    if as_json:
        print_json(recorded_view(settled.recorded))
    say(settled.recorded.message)
    return EXIT_DONE if settled.is_settled else EXIT_WAITING


def _refuse_without_invoice(options: dict[str, Any]) -> None:
    if any(options.values()):
        raise UserMistake("say which invoice: arsync dispute INVOICE ...")


def _show(views: Sequence[DisputeView], *, as_json: bool) -> int:
    from arsync.core.ledger.money import shown

    if as_json:
        print_json(list(views))
        return EXIT_WAITING if views else EXIT_DONE
    if not views:
        click.echo("No open disputes.")
        return EXIT_DONE
    print_table(
        "",
        [
            "connection",
            "customer",
            "invoice",
            "days",
            "amount",
            "of it",
            "reason",
            "owner",
            "needs",
        ],
        [
            [
                view.connection,
                view.contact,
                view.invoice,
                str(view.days),
                shown(view.amount, view.currency),
                view.disputed,
                _reason(view),
                view.owner,
                "the credit note" if view.waits_for_credit else view.needs,
            ]
            for view in views
        ],
    )
    say("\nSettle one with: arsync dispute INVOICE --settled credited|upheld|dropped")
    return EXIT_WAITING


def _reason(view: DisputeView) -> str:
    word = view.word if view.word != "unspecified" else ""
    return ": ".join(filter(None, (word, view.reason)))
