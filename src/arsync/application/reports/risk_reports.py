"""The provision and the concentration of one connection: as rows, CSV and JSON, with documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from arsync.application.json_values import six_places
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.past_days import past_day
from arsync.application.rules.trials import Watch
from arsync.core.analytics.concentration import Concentrating, Concentration
from arsync.core.analytics.forecast_definitions import CONCENTRATION, PROVISION, FigureDefinition
from arsync.core.analytics.measure_sums import WINDOW_DAYS
from arsync.core.analytics.open_parts import OpenPart
from arsync.core.analytics.provision import (
    Outlook,
    Provision,
    Provisioning,
    ProvisionRow,
)
from arsync.core.ledger.age_buckets import BUCKETS, bucket_of
from arsync.core.ledger.money import ZERO, bare, plain
from arsync.core.ledger.sanitising import no_formula
from arsync.core.rulebook.model import (
    INTEREST_PERCENT_MAX,
    OUTLOOK_PERCENT_LEAST,
    OUTLOOK_PERCENT_MAX,
    ProvisionRules,
)
from arsync.errors import UserMistake


class OwedDocument(Struct, frozen=True):
    """An open invoice, or a part of one, behind a provision or a concentration."""

    number: str
    invoice_id: str
    contact_id: str
    contact: str
    segment: str
    """Of its customer; empty where segments do not count."""
    currency: str
    due_on: date
    bucket: str
    amount: Decimal


class ProvisionTable(NamedTuple):
    """The provision of one connection."""

    connection: str
    organisation: str
    base_currency: str
    provision: Provision
    documents: tuple[OwedDocument, ...]


class ConcentrationTable(NamedTuple):
    """The concentration of one connection."""

    connection: str
    as_of: date
    rows: tuple[Concentration, ...]
    documents: tuple[OwedDocument, ...]
    """Of the customers that are named, the largest amounts first."""


def provision_report(
    actor: Actor,
    organisation: OrganisationContext,
    as_of: date | None = None,
    *,
    outlook: Outlook | None = None,
    interest_percent: Decimal | None = None,
    window_days: int = WINDOW_DAYS,
    watch: Watch = iter,
) -> ProvisionTable:
    """Return the provision of one connection.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day; None: the organisation's today.
        outlook: what is said of the future: a percentage, and why; None: as the rulebook says.
        interest_percent: what borrowed money costs in a year; None: as the rulebook says.
        window_days: over how many days sales and late amounts are looked at.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the day is in the future, the outlook has no reason, or a rate is out of range.
    """
    permit(actor, Permission.READ)
    rules = provision_rules(organisation)
    if outlook is None:
        outlook = Outlook(rules.outlook_percent, rules.because, rules.name)
    if interest_percent is None:
        interest_percent = rules.interest_percent
    _check(outlook, interest_percent)
    books = organisation.connection.organisation
    provisioning = Provisioning(
        past_day(organisation, as_of),
        zone=organisation.zone,
        base_currency=books.base_currency,
        window_days=window_days,
    )
    names: dict[str, str] = {}
    for account in watch(organisation.store.ledger.accounts(organisation.id)):
        provisioning.add(account)
        names |= {contact.id: contact.name for contact in account.contacts}
    provision = provisioning.provision(outlook, interest_percent)
    segments = {contact_id: provisioning.segment(contact_id) for contact_id in names}
    documents = _documents(provisioning.parts, provision.as_of, names, segments)
    return ProvisionTable(organisation.name, books.name, books.base_currency, provision, documents)


def provision_rules(organisation: OrganisationContext) -> ProvisionRules:
    """Return what the rulebook says of losses to come; nothing where it cannot be read."""
    rulebook = organisation.rules.rulebook
    return ProvisionRules() if rulebook is None else rulebook.provision


def _check(outlook: Outlook, interest_percent: Decimal | None) -> None:
    if outlook.percent and not outlook.reason.strip():
        raise UserMistake(
            "an outlook needs its reason: an auditor will ask for it.\n"
            '    hint: --outlook 10 --because "two large customers are in trouble"'
        )
    if not OUTLOOK_PERCENT_LEAST <= outlook.percent <= OUTLOOK_PERCENT_MAX:
        bounds = f"{OUTLOOK_PERCENT_LEAST} to {OUTLOOK_PERCENT_MAX:,}"
        raise UserMistake(f"an outlook is {bounds} percent.")
    if interest_percent is not None and not 0 <= interest_percent <= INTEREST_PERCENT_MAX:
        raise UserMistake(f"interest is 0 to {INTEREST_PERCENT_MAX} percent a year.")


def concentration_report(
    actor: Actor, organisation: OrganisationContext, as_of: date | None = None
) -> ConcentrationTable:
    """Return the concentration of one connection, as of a day that is not in the future."""
    permit(actor, Permission.READ)
    day = past_day(organisation, as_of)
    concentrating = Concentrating(
        day,
        zone=organisation.zone,
        base_currency=organisation.connection.organisation.base_currency,
    )
    for account in organisation.store.ledger.accounts(organisation.id):
        concentrating.add(account)
    rows = concentrating.concentrations()
    names = {debtor.contact_id: debtor.contact for row in rows for debtor in row.largest}
    named_parts = [debt for debt in concentrating.parts if debt.contact_id in names]
    documents = _documents(named_parts, day, names, {})
    return ConcentrationTable(organisation.name, day, rows, documents)


def _documents(
    open_debts: Sequence[OpenPart],
    day: date,
    names: Mapping[str, str],
    segments: Mapping[str, str],
) -> tuple[OwedDocument, ...]:
    ordered = sorted(open_debts, key=lambda debt: (debt.currency, -debt.amount, debt.number))
    return tuple(
        OwedDocument(
            debt.number,
            debt.invoice_id,
            debt.contact_id,
            names.get(debt.contact_id, debt.contact_id),
            segments.get(debt.contact_id, ""),
            debt.currency,
            debt.due_on,
            BUCKETS[bucket_of(debt.due_on, day)],
            debt.amount,
        )
        for debt in ordered
    )


def provision_view(table: ProvisionTable, *, with_documents: bool = False) -> dict[str, Any]:
    """Return the JSON view: decimals as texts with six places, and what each figure is."""
    view = {
        "connection": table.connection,
        "buckets": list(BUCKETS),
        **six_places(table.provision),
        "definitions": six_places(dict(PROVISION)),
    }
    for name in ("rows", "totals"):
        for row, shown in zip(getattr(table.provision, name), view[name], strict=True):
            shown["provision"] = six_places(row.provision)
    if with_documents:
        view["documents"] = six_places(table.documents)
    return view


def concentration_view(
    table: ConcentrationTable, *, with_documents: bool = False
) -> dict[str, Any]:
    """Return the JSON view: decimals as texts with six places, and what each figure is."""
    view = {
        "connection": table.connection,
        "rows": six_places(table.rows),
        "definitions": six_places(dict(CONCENTRATION)),
    }
    if with_documents:
        view["documents"] = six_places(table.documents)
    return view


def provision_rows(table: ProvisionTable) -> tuple[list[str], list[list[str]]]:
    """Return the matrix for people: what is owed, the rate and the loss of each bucket."""
    columns = ["segment", "currency", "bucket", "owed", "loss rate", "expected loss"]
    rows: list[list[str]] = []
    for row in (*table.provision.rows, *table.provision.totals):
        name = row.segment or "all"
        for bucket, amount, rate, loss in zip(
            BUCKETS, row.owed, row.rates, row.losses, strict=True
        ):
            if amount:
                shown_rate = "not known" if row.segment else ""
                rows.append(
                    [
                        name,
                        row.currency,
                        bucket,
                        bare(amount, row.currency),
                        shown_rate if rate is None else f"{rate:.2%}",
                        _amount(loss, row.currency),
                    ]
                )
        rows.append(
            [
                name,
                row.currency,
                "sum",
                bare(sum(row.owed, ZERO), row.currency),
                "",
                _amount(row.provision, row.currency),
            ]
        )
    return columns, rows


def roll_rate_rows(table: ProvisionTable) -> tuple[list[str], list[list[str]]]:
    """Return the roll rates of the ledger for people."""
    columns = ["from", "to", "invoices", "reached", "went on", "rate"]
    rows = [
        [
            roll.bucket,
            roll.becomes,
            f"{roll.invoices:,}",
            bare(roll.reached, table.base_currency),
            bare(roll.rolled, table.base_currency),
            "not known" if roll.rate is None else f"{roll.rate:.2%}",
        ]
        for roll in table.provision.ledger_rates.rolls
    ]
    return columns, rows


def late_rows(table: ProvisionTable) -> tuple[list[str], list[list[str]]]:
    """Return sales at risk and the cost of late payment for people."""
    columns = ["currency", "sales", "at risk", "of sales", "interest cost"]
    rows = [
        [
            late.currency,
            bare(late.sales, late.currency),
            bare(late.sales_at_risk, late.currency),
            "" if late.sales_at_risk_percent is None else f"{late.sales_at_risk_percent / 100:.1%}",
            _amount(late.interest_cost, late.currency),
        ]
        for late in table.provision.late
    ]
    return columns, rows


def _amount(amount: Decimal | None, currency: str) -> str:
    return "not known" if amount is None else bare(amount, currency)


def provision_notes(table: ProvisionTable) -> list[str]:
    """Return what has to be read beside the provision."""
    provision = table.provision
    notes = ["Owed net of unapplied cash. Loss rates by roll rates of the last three years."]
    if not provision.ledger_rates.is_known:
        notes.append(
            "Not known: too few invoices of three years reached the later buckets, or came to an "
            "end there. A rate that arsync cannot count, your auditor may still agree to."
        )
    elif not provision.ledger_rates.has_losses:
        notes.append("Nothing was lost in these years. That is no promise that nothing will be.")
    if provision.outlook_percent:
        named = f" ({provision.outlook_name})" if provision.outlook_name else ""
        moved = f"Rates moved by {provision.outlook_percent:+}%{named}"
        notes.append(f"{moved}: {provision.outlook_reason}")
    if provision.unrated:
        notes.append(f"No rate recorded, and not in the loss rates: {', '.join(provision.unrated)}")
    return notes


def concentration_rows(row: Concentration) -> tuple[list[str], list[list[str]]]:
    """Return the largest debtors for people."""
    rows = [
        [debtor.contact, bare(debtor.owed, row.currency), f"{debtor.percent:.1f}"]
        for debtor in row.largest
    ]
    return ["customer", row.currency, "% of all"], rows


def concentration_note(row: Concentration) -> str:
    """Return the concentration in a sentence."""
    if row.customers == 1:
        return "One customer owes all of it."
    owed = bare(row.owed, row.currency)
    return (
        f"{row.customers:,} customers owe {owed} net; the largest {len(row.largest)} owe "
        f"{row.largest_percent:.1f}%. Herfindahl {row.herfindahl:.4f}: as concentrated as "
        f"{row.equal_customers:.1f} customers that owe alike."
    )


def provision_csv(tables: Sequence[ProvisionTable]) -> str:
    """Return a line for each segment, currency and bucket, then each currency's other figures."""
    head = ["connection", "as_of", "figure", "segment", "currency", "bucket"]
    lines: list[list[str]] = []
    for table in tables:
        start = [no_formula(table.connection), table.provision.as_of.isoformat()]
        for row in (*table.provision.rows, *table.provision.totals):
            lines += ([*start, *cells] for cells in _matrix_cells(row))
        for late in table.provision.late:
            for name in ("sales_at_risk", "interest_cost"):
                definition = _definition_cells(PROVISION[name])
                amount = getattr(late, name)
                cells = ["", late.currency, "", "", "", _cell(amount), *definition]
                lines.append([*start, name, *cells])
    return _as_csv([*head, "owed", "rate", "amount", *_DEFINITION], lines)


def _matrix_cells(row: ProvisionRow) -> list[list[str]]:
    start = ["expected_loss", no_formula(row.segment), row.currency]
    cells = [
        [
            *start,
            bucket,
            plain(amount),
            _cell(rate),
            _cell(loss),
            *_definition_cells(PROVISION["expected_loss"]),
        ]
        for bucket, amount, rate, loss in zip(BUCKETS, row.owed, row.rates, row.losses, strict=True)
    ]
    total = plain(sum(row.owed, Decimal(0)))
    definition = _definition_cells(PROVISION["provision"])
    return [
        *cells,
        ["provision", *start[1:], "", total, "", _cell(row.provision), *definition],
    ]


def concentration_csv(tables: Sequence[ConcentrationTable]) -> str:
    """Return a line for each of the largest debtors, and one for each other figure."""
    head = ["connection", "as_of", "currency", "in_base", "figure", "contact_id", "contact"]
    lines: list[list[str]] = []
    for table in tables:
        for row in table.rows:
            start = [
                no_formula(table.connection),
                table.as_of.isoformat(),
                row.currency,
                str(row.in_base).lower(),
            ]
            for debtor in row.largest:
                contact = map(no_formula, (debtor.contact_id, debtor.contact))
                definition = _definition_cells(CONCENTRATION["owed"])
                lines.append([*start, "owed", *contact, plain(debtor.owed), *definition])
            for name in ("owed", "largest_percent", "herfindahl", "equal_customers"):
                definition = _definition_cells(CONCENTRATION[name])
                lines.append([*start, name, "", "", plain(getattr(row, name)), *definition])
    return _as_csv([*head, "amount", *_DEFINITION], lines)


def owed_documents_csv(tables: Sequence[ProvisionTable | ConcentrationTable]) -> str:
    """Return a line for each open part of an invoice behind a provision or a concentration."""
    head = ["connection", "currency", "number", "invoice_id", "contact_id", "contact", "segment"]
    lines = [
        [
            *map(no_formula, (table.connection, document.currency, document.number)),
            *map(no_formula, (document.invoice_id, document.contact_id, document.contact)),
            no_formula(document.segment),
            document.due_on.isoformat(),
            document.bucket,
            plain(document.amount),
        ]
        for table in tables
        for document in table.documents
    ]
    return _as_csv([*head, "due_on", "bucket", "amount"], lines)


_DEFINITION = ("definition", "source", "window")


def _definition_cells(definition: FigureDefinition) -> list[str]:
    return [definition.definition, definition.source, definition.window]


def _cell(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)


def _as_csv(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(lines)
    return out.getvalue()
