"""Where each connection stands. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.application.agreements.disputes import count_disputes
from arsync.application.agreements.payment_plans import plans_of
from arsync.application.agreements.placements import open_placements
from arsync.application.agreements.promises import promises_of
from arsync.application.connections.connection_changes import paused_words
from arsync.application.connections.outage_text import outage_words
from arsync.application.customers.customer_entries import matching
from arsync.application.decisions.unknown_outcomes import is_late
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.rulebook_notes import rulebook_notes
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import ConnectionStatus, Listed
from arsync.application.runs.day_budget import day_budget
from arsync.application.runs.mailbox import mailbox_failure
from arsync.application.telling.owner_mail import daily_mail_failure
from arsync.core.actions import ActionState
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.promises import BROKEN, OPEN
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.money import ZERO
from arsync.core.planning.plan_coverage import plan_in_full
from arsync.core.planning.send_blocks import Circumstances, pauses, unknown_in_totals, warnings
from arsync.errors import HealsWhen, UserMistake
from arsync.store.models import Total


def status(actor: Actor, organisation: OrganisationContext) -> ConnectionStatus:
    """Return where one connection stands."""
    permit(actor, Permission.READ)
    store, row = organisation.store, organisation.connection
    # Listing what waits plans too: that is no run in which anything was done.
    last = store.runs.last(row.id, besides="plan")
    outage = store.outages.get(row.id)
    # Asked once: every line of the status then speaks of the same moment.
    circumstances = organisation.circumstances()
    rules_status = _rules_status(organisation, circumstances)
    promises = Counter(view.state for view in promises_of(organisation))
    budget = day_budget(organisation)
    owed = _owed(store.ledger.totals(row.id, circumstances.today))
    return ConnectionStatus(
        name=row.name,
        platform=row.platform,
        label=organisation.label,
        organisation=row.organisation.name,
        mode=str(row.mode),
        state=str(row.state),
        today=circumstances.today,
        time_zone=organisation.time_zone or "UTC",
        pulled_at=circumstances.pulled_at,
        last_run_at=last.started_at if last else None,
        last_run=last.id if last else None,
        last_kind=last.kind if last else "",
        last_outcome=last.outcome if last else "",
        last_message=last.message if last else "",
        payment_plans=tuple(
            f"{listed.customer}: payment plan {plan_in_full(listed.judged)}"
            for listed in plans_of(organisation)
            if not listed.is_over
        ),
        holds_by_hand=tuple(
            f"{name} is {decision.words}"
            for name, decision in store.holds.standing(row.id, circumstances.today)
        ),
        actions={state.value: count for state, count in store.actions.counts(row.id).items()},
        awaiting=organisation.decisions_waiting,
        unknown=_in_state(organisation, ActionState.UNKNOWN),
        unconfirmed=tuple(
            listed
            for listed in _in_state(organisation, ActionState.SENT)
            if is_late(listed.row, circumstances.now)
        ),
        outage=outage_words(organisation, outage) if outage else "",
        open_tasks=len(store.actions.open_tasks(row.id)),
        open_disputes=count_disputes(organisation),
        open_promises=promises[OPEN],
        broken_promises=promises[BROKEN],
        open_placements=open_placements(organisation),
        document_problems=tuple(
            f"{problem.kind} {problem.number or problem.id}: {problem.message}"
            for problem in store.ledger.problems(row.id)
        ),
        records={kind.value: count for kind, count in store.ledger.counts(row.id).items()},
        totals=owed,
        net_totals=_net(organisation, owed, circumstances.today),
        rulebook=rules_status.text,
        rulebook_ok=rules_status.sound,
        rulebook_hash=rules_status.hash,
        later=store.actions.later(row.id, circumstances.now),
        paused=rules_status.paused,
        refused=_refused(organisation),
        warnings=(*rules_status.warnings, *_unread_mail(organisation)),
        daily_mail=daily_mail_failure(organisation.store),
        reads_this_month=organisation.container.reads_this_month(row.platform),
        reads_per_month=organisation.container.rate_limits(row.platform).reads_per_month,
        differences=circumstances.differences,
        calls_left_today=budget.day_left.calls if budget else None,
        calls_per_day=budget.calls_per_day if budget else 0,
        pace_today=budget.words if budget else "",
        labels=row.labels,
        paused_by=paused_words(organisation),
    )


class _RulesStatus(NamedTuple):
    text: str
    sound: bool
    paused: tuple[str, ...]
    warnings: tuple[str, ...]
    hash: str = ""


def _rules_status(organisation: OrganisationContext, circumstances: Circumstances) -> _RulesStatus:
    """Return the rulebook's name, or what is wrong with it; and what it pauses and warns of."""
    try:
        rulebook = organisation.rulebook
    except UserMistake as mistake:
        unknown = (*unknown_in_totals(circumstances), *circumstances.unplaced)
        return _RulesStatus(str(mistake), False, (), unknown)
    unread = "\n".join(map(str, organisation.unread_files))
    return _RulesStatus(
        unread or rulebook.name,
        not unread,
        tuple(pause.text for pause in pauses(rulebook, circumstances)),
        (
            *rulebook_notes(organisation, matching(organisation)),
            *warnings(rulebook, circumstances, organisation.name),
        ),
        rulebook.hash,
    )


def _unread_mail(organisation: OrganisationContext) -> tuple[str, ...]:
    """Return that what came back of letters is not known, if it is so."""
    failure = "" if organisation.settings_problem else mailbox_failure(organisation)
    return (f"what came back of letters is not known: {failure}",) if failure else ()


REFUSALS_SHOWN_MAX = 20
"""The status tells of so many different refusals, the most frequent first."""


def _refused(organisation: OrganisationContext) -> tuple[str, ...]:
    rows = organisation.store.actions.refused(organisation.id)
    # What a person refused until a day is their decision, and nothing that has to be mended.
    reasons = Counter(row.reason for row in rows if row.heals_when is not HealsWhen.DATE)
    return tuple(
        f"{count:,} {'action was' if count == 1 else 'actions were'} refused: {reason}"
        for reason, count in reasons.most_common(REFUSALS_SHOWN_MAX)
    )


def _in_state(organisation: OrganisationContext, state: ActionState) -> tuple[Listed, ...]:
    rows = organisation.store.actions.list(organisation.id, states={state})
    return tuple(Listed(organisation.name, row) for row in rows)


def _owed(totals: Iterable[Total]) -> dict[str, Decimal]:
    """Return the sum of amounts due by currency."""
    sums: dict[str, Decimal] = {}
    for total in totals:
        sums[total.currency] = sums.get(total.currency, ZERO) + total.amount_due
    return dict(sorted(sums.items()))


def _net(
    organisation: OrganisationContext, owed: Mapping[str, Decimal], today: date
) -> dict[str, Decimal]:
    """Return what is owed net by currency: less the unapplied cash that covers it."""
    ledger, base = organisation.store.ledger, organisation.connection.organisation.base_currency
    net = dict(owed)
    # Most customers have none, and are not read.
    holders = ledger.holders_of_cash(organisation.id)
    for account in ledger.accounts(organisation.id, holders) if holders else ():
        view = AccountView(
            as_issued(account, today),
            today,
            currency=base,
            base=base,
            unapplied_cash=organisation.cash_counts,
        )
        currency_of = {invoice.id: invoice.currency for invoice in view.documents}
        for invoice_id, covers in view.cash_covers.items():
            net[currency_of[invoice_id]] -= sum((cover.amount for cover in covers), ZERO)
    return net
