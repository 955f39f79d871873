"""Tells people and programs of alerts and holds by mail and webhook, once they are carried out.

An alert's task, or a hold, waits, is approved and ends like any action; what is told besides
follows it. A mail that may have left is not repeated. A webhook is: its id tells the receiver that
it had it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.telling.hold_telling import (
    TOLD_KINDS,
    begins_a_hold,
    holds_that_stand,
    holds_to_tell,
    reached_before,
    told_about,
)
from arsync.application.telling.owner_mail import mail_owner, owner_letter
from arsync.config import Config
from arsync.core.actions import TaskPayload
from arsync.core.ledger.records import Contact, RecordKind
from arsync.core.ledger.supplier_standing import PARTY
from arsync.core.planning.planning_context import cited
from arsync.core.rulebook.model import OWNER, TellBy, folded
from arsync.errors import ArsyncError, OutcomeUnknown, UserMistake
from arsync.http.provider_session import ProviderSession
from arsync.http.signed_webhooks import signed_headers
from arsync.mail import Letter
from arsync.outbox import WHO
from arsync.store.actions.action_queries import is_open
from arsync.store.actions.alert_tellings import AlertTelling, TellingState
from arsync.store.models import ActionRow

TRIES_MAX = 8
"""After so many tries, some ten hours, somebody is told that nobody could be."""

FIRST_PAUSE_SECONDS = 300
"""Before the second try; before each further one twice as long."""

NAMED_MAX = 20
"""A mail names so many alerts; the worklist shows all."""

WEBHOOKS_PER_RUN_MAX = 100
"""The others go with the next run: a receiver that is slow must not hold up a ledger."""

READ_SECONDS = 10.0
"""How long a receiver may take; it is to take the alert, and not to work on it."""

NOT_OPEN = "it had ended before it could be told"

_LOG = logging.getLogger(__name__)


class _Customer(msgspec.Struct, frozen=True):
    id: str
    name: str


class _Because(msgspec.Struct, frozen=True):
    file: str
    line: int
    rule: str
    facts: Mapping[str, object]


class AlertPosted(msgspec.Struct, frozen=True):
    """What a webhook is given: the body of the call, in JSON."""

    type: str
    id: str
    """The key of the alert, the same for each try."""
    connection: str
    organisation: str
    customer: _Customer | None
    """None: it is about a supplier."""
    supplier: _Customer | None
    alert: str
    observation: str
    """What was seen, in words."""
    tell: tuple[str, ...]
    invoices: tuple[str, ...]
    """Their numbers, of an alert about an invoice."""
    opened_at: datetime | None
    because: _Because


def tell_alerts(organisation: OrganisationContext) -> None:
    """Tell of the alerts and holds of one connection that stand and are not told yet.

    Every failure has its outcome: what surely did not leave is tried again with growing pauses,
    `TRIES_MAX` times; then the daily mail says so. The caller holds the run lock.

    Args:
        organisation: whose run has carried out its actions.
    """
    tellings = organisation.store.alerts
    for interrupted in tellings.interrupted(organisation.id):
        _settle_interrupted(organisation, interrupted)
    tellings.begin(
        organisation.id, chain(_wanted_of_alerts(organisation), _wanted_of_holds(organisation))
    )
    due = tellings.due(organisation.id, organisation.clock.now())
    if not due:
        return
    rows = {row.key: row for row in organisation.store.actions.rows({t.action_key for t in due})}
    standing_keys = holds_that_stand(organisation, rows.values())
    standing_keys |= {key for key, row in rows.items() if is_open(row) and _is_task(row)}
    over = [telling for telling in due if telling.action_key not in standing_keys]
    _end(organisation, over, TellingState.OVER, NOT_OPEN)
    standing = [telling for telling in due if telling.action_key in standing_keys]
    by_address: dict[str, list[AlertTelling]] = defaultdict(list)
    for telling in standing:
        if telling.way == TellBy.MAIL:
            by_address[telling.address].append(telling)
    for address, its_tellings in by_address.items():
        _mail(organisation, address, its_tellings, rows)
    posted = [telling for telling in standing if telling.way == TellBy.WEBHOOK]
    for telling in posted[:WEBHOOKS_PER_RUN_MAX]:
        if not _post(organisation, telling, rows[telling.action_key]):
            break  # whoever does not answer for one is not asked for the others now


def _is_task(row: ActionRow) -> bool:
    return isinstance(row.action.payload, TaskPayload) and row.done_at is None


def _is_older_than_backup(organisation: OrganisationContext, row: ActionRow) -> bool:
    """Return whether nobody knows if it was told: a restore came after it."""
    restored = organisation.connection.restored
    return restored is not None and (row.first_sent_at or row.created_at) <= restored.at


def _wanted_of_holds(organisation: OrganisationContext) -> Iterator[AlertTelling]:
    """Yield whom holds that were placed, changed and ended are to be told to."""
    rows = [
        row for row in holds_to_tell(organisation) if not _is_older_than_backup(organisation, row)
    ]
    if not rows:
        return
    reached, contacts = reached_before(organisation, rows), _contacts(organisation, rows)
    for row in rows:
        addresses = reached[row.key]
        if begins_a_hold(row.action):
            colleagues = row.action.payload.mailed_colleagues
            named = _addresses(organisation, row, colleagues, contacts)
            addresses = frozenset(named) - addresses
        for address in sorted(addresses):
            yield AlertTelling(row.key, TellBy.MAIL, address, since=row.first_sent_at)


def _wanted_of_alerts(organisation: OrganisationContext) -> Iterator[AlertTelling]:
    """Yield what open alerts ask for besides their tasks."""
    rulebook = organisation.rules.rulebook
    if rulebook is None or not any(rule.by for rule in rulebook.every_alert):
        return
    rows = organisation.store.actions.open_tasks(organisation.id)
    contacts = _contacts(organisation, rows)
    for row in rows:
        payload = row.action.payload
        if not isinstance(payload, TaskPayload) or not payload.told_by:
            continue
        if _is_older_than_backup(organisation, row):
            continue
        if TellBy.WEBHOOK in payload.told_by:
            yield AlertTelling(row.key, TellBy.WEBHOOK, "")
        if TellBy.MAIL in payload.told_by:
            for address in _addresses(organisation, row, payload.recipients, contacts):
                yield AlertTelling(row.key, TellBy.MAIL, address)


def _addresses(
    organisation: OrganisationContext,
    row: ActionRow,
    names: Sequence[str],
    contacts: Mapping[str, Contact],
) -> Iterator[str]:
    """Yield the addresses of those whom an alert tells; `rules check` warns of who has none."""
    rulebook = organisation.rules.rulebook
    contact = contacts.get(row.action.contact_id)
    if row.action.is_about_supplier:
        # It is in no group by which a role could go: then the role's address for all counts.
        contact = Contact(row.action.contact_id, row.action.contact_name)
    for name in names:
        if "@" in name:
            yield name
            continue
        role = rulebook.role(name) if rulebook else None
        if role is not None and contact is not None and (address := role.address_for(contact)):
            yield address
        elif role is None and folded(name) == OWNER and organisation.config.runs.notify:
            yield organisation.config.runs.notify


def _contacts(organisation: OrganisationContext, rows: Iterable[ActionRow]) -> dict[str, Contact]:
    """Return by id the customers that some actions are about."""
    ids = sorted({row.action.contact_id for row in rows})
    records = organisation.store.ledger.records(organisation.id, RecordKind.CONTACTS, ids)
    return {
        contact_id: contact
        for contact_id, contact in records.items()
        if isinstance(contact, Contact)
    }


def _settle_interrupted(organisation: OrganisationContext, telling: AlertTelling) -> None:
    if telling.way == TellBy.WEBHOOK:
        organisation.store.alerts.put_off([telling], "the process ended while it was posted", None)
    else:
        words = f"the process ended while {telling.address} was mailed: it may have left or not"
        _end(organisation, [telling], TellingState.UNKNOWN, words)


def _end(
    organisation: OrganisationContext,
    tellings: Sequence[AlertTelling],
    state: TellingState,
    words: str,
) -> None:
    now = organisation.clock.now()
    organisation.store.alerts.ended(tellings, state, words, who=WHO, now=now)


def _failed(organisation: OrganisationContext, tellings: Sequence[AlertTelling], why: str) -> None:
    """Put off what surely did not leave; after the last try it is given up."""
    now = organisation.clock.now()
    for telling in tellings:
        _LOG.warning(
            "%s: somebody could not be told by %s: %s", organisation.name, telling.way, why
        )
        if telling.tries + 1 >= TRIES_MAX:
            words = f"given up after {TRIES_MAX} tries: {why}"
            _end(organisation, [telling], TellingState.GIVEN_UP, words)
            continue
        pause = timedelta(seconds=FIRST_PAUSE_SECONDS * 2**telling.tries)
        organisation.store.alerts.put_off([telling], why, now + pause)


# -- by mail ------------------------------------------------------------------------------------


def _mail(
    organisation: OrganisationContext,
    address: str,
    tellings: Sequence[AlertTelling],
    rows: Mapping[str, ActionRow],
) -> None:
    """Mail all that one address is told of, in one letter."""
    keys = sorted(telling.action_key for telling in tellings)
    letter = _letter(organisation, [rows[telling.action_key] for telling in tellings])
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()
    now = organisation.clock.now()
    organisation.store.alerts.leaves(tellings, now)
    try:
        mail_owner(_mailing(organisation), address, letter, f"alert-{digest[:24]}", now)
    except OutcomeUnknown as error:
        words = f"mailed to {address}, or not: {error}"
        _end(organisation, tellings, TellingState.UNKNOWN, words)
    except ArsyncError as error:
        _failed(organisation, tellings, str(error))
    else:
        _end(organisation, tellings, TellingState.TOLD, f"mailed to {address}")


def _mailing(organisation: OrganisationContext) -> Config:
    """Return whose mail server is used: the practice's where it has one, as for the owner's mail.

    Raises:
        UserMistake: there is none.
    """
    shared = organisation.container.config
    config = shared if shared.smtp.url else organisation.config
    if not config.smtp.url:
        raise UserMistake("colleagues are to be mailed, but [smtp] url is empty.")
    return config


def _letter(organisation: OrganisationContext, rows: Sequence[ActionRow]) -> Letter:
    name = organisation.connection.organisation.name
    lines = [_in_words(row) for row in rows[:NAMED_MAX]]
    of_holds = sum(row.action.kind in TOLD_KINDS for row in rows)
    if len(rows) > NAMED_MAX:
        shows = "arsync actions" if of_holds else "arsync worklist"
        lines.append(f"And {len(rows) - NAMED_MAX:,} more: `{shows}` shows all.")
    return owner_letter(f"{name}: {_about(rows, of_holds)}", *lines, *_ending(rows, of_holds))


def _about(rows: Sequence[ActionRow], of_holds: int) -> str:
    """Return the subject of a mail, without whose ledger it is."""
    if len(rows) == 1:
        action = rows[0].action
        what = told_about(action) if of_holds else action.because.rule
        return f"{what}: {action.contact_name}"
    counted = {"alerts": len(rows) - of_holds, "messages about credit holds": of_holds}
    return " and ".join(f"{count:,} {noun}" for noun, count in counted.items() if count)


def _ending(rows: Sequence[ActionRow], of_holds: int) -> Iterator[str]:
    if of_holds < len(rows):
        yield "You are told once, for as long as it stands. `arsync why CUSTOMER` shows more."
    if of_holds:
        yield (
            "You are told of a credit hold once, and once more when it is over."
            " `arsync why CUSTOMER` shows more."
        )


def _in_words(row: ActionRow) -> str:
    action, payload = row.action, row.action.payload
    if action.kind in TOLD_KINDS:
        return f"{action.contact_name}: {action.note}"
    observation = payload.observation if isinstance(payload, TaskPayload) else ""
    numbers = ", ".join(ref.number or ref.id for ref in action.invoices)
    about = f"{action.contact_name}, {numbers}" if numbers else action.contact_name
    return f"{about}: {action.because.rule}: {observation} ({cited(action.because)})."


# -- by webhook ---------------------------------------------------------------------------------


def _post(organisation: OrganisationContext, telling: AlertTelling, row: ActionRow) -> bool:
    """Post one alert; returns whether the receiver took it."""
    now = organisation.clock.now()
    organisation.store.alerts.leaves([telling], now)
    try:
        status = _posted(organisation.config, telling.action_key, _body(organisation, row), now)
    except OutcomeUnknown as error:
        # It is repeated: the receiver knows it by its id.
        _failed(organisation, [telling], str(error))
        return False
    except ArsyncError as error:
        _failed(organisation, [telling], str(error))
        return False
    if not 200 <= status < 300:
        _failed(organisation, [telling], f"the webhook answers {status}")
        return False
    _end(organisation, [telling], TellingState.TOLD, "posted to the webhook")
    return True


def _posted(config: Config, message_id: str, body: bytes, now: datetime) -> int:
    """Post a body, and return the answer's status; redirects are not followed.

    Raises:
        UserMistake: a setting is missing or wrong. Unreachable, OutcomeUnknown: as named.
    """
    if not config.alerts.webhook:
        raise UserMistake("an alert goes by webhook, but [alerts] webhook is empty.")
    if not config.alerts.secret:
        raise UserMistake("[alerts] secret is empty: nothing is posted that is not signed.")
    headers = signed_headers(config.alerts.secret, message_id, now, body)
    with ProviderSession("the webhook", read_seconds=READ_SECONDS) as session:
        return session.request("POST", config.alerts.webhook, form=body, headers=headers).status


def _body(organisation: OrganisationContext, row: ActionRow) -> bytes:
    action, payload = row.action, row.action.payload
    assert isinstance(payload, TaskPayload), "an alert is a task"
    because, about_supplier = action.because, action.is_about_supplier
    return msgspec.json.encode(
        AlertPosted(
            type="alert",
            id=row.key,
            connection=organisation.name,
            organisation=organisation.connection.organisation.name,
            customer=None if about_supplier else _Customer(action.contact_id, action.contact_name),
            supplier=_Customer(action.contact_id.removeprefix(PARTY), action.contact_name)
            if about_supplier
            else None,
            alert=because.rule,
            observation=payload.observation,
            tell=payload.recipients,
            invoices=tuple(ref.number or ref.id for ref in action.invoices),
            opened_at=row.first_sent_at,
            because=_Because(because.file, because.line, because.rule, because.facts),
        )
    )
