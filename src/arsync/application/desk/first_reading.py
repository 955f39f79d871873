"""The first reading of a ledger, in the background, and what its owner is asked meanwhile."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import yaml

from arsync.application.desk.long_work import Lane, LongJob, LongWork, WorkProgress
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.runs.pulling import RunWatch, pull_ledger
from arsync.application.runs.runs import sync
from arsync.config import connection_file
from arsync.config.settings_writer import with_settings
from arsync.core.ledger.records import RecordKind
from arsync.core.ledger.sanitising import one_line
from arsync.errors import RetryLater, UserMistake
from arsync.files import write_private
from arsync.mail import addresses
from arsync.sync.pull import Progress

KINDS = (RecordKind.CONTACTS, RecordKind.INVOICES, RecordKind.CREDITS, RecordKind.PAYMENTS)
"""In the order in which they are shown."""

OLD_DEBTS = ("first step", "spread over 10 days", "by hand")
"""What `take_over` may say here, the kindest first."""

ANSWERS_FILE = "first-answers.yaml"
"""In the connection's own folder of rules: what was answered while it was read first."""

NEVER_TAG = "never write to"

NAMES_MAX = 200


class KindRead(NamedTuple):
    """How much of one kind is read."""

    kind: str
    records: int
    state: str
    """`read`, `reading` or `next`."""


class LedgerReading(NamedTuple):
    """How far a ledger is read."""

    kinds: Sequence[KindRead]
    is_done: bool
    is_running: bool
    problem: str
    """Why the last attempt ended early; empty: it did not."""


class FirstAnswers(NamedTuple):
    """What the owner answered."""

    old_debts: str
    """One of `OLD_DEBTS`."""
    never: str
    """Names, one a line."""
    replies_to: str
    """An address; empty: as the settings say."""


def begin_reading(actor: Actor, organisation: OrganisationContext, work: LongWork) -> LongJob[None]:
    """Read a ledger and plan for it, unless that is going on already."""
    permit(actor, Permission.PULL)
    read = partial(_read, actor, organisation)
    return work.begin(Lane.READINGS, reading_key(organisation.id), read, again=True)


def reading_of(actor: Actor, organisation: OrganisationContext, work: LongWork) -> LedgerReading:
    """Return how far a ledger is read."""
    permit(actor, Permission.READ)
    number, ledger = organisation.id, organisation.store.ledger
    job = work.find(reading_key(number))
    is_running = job is not None and job.is_open
    is_done = ledger.pulled_at(number) is not None
    counts: Mapping[RecordKind, int] = ledger.counts(number)
    kinds = []
    for kind in KINDS:
        reading = is_running and not is_done and job is not None and job.progress.doing == kind
        count = counts.get(kind, 0)
        state = "reading" if reading else "read" if is_done or count else "next"
        kinds.append(KindRead(kind.value, count, state))
    return LedgerReading(kinds, is_done, is_running, job.problem if job is not None else "")


def reading_key(connection_id: int) -> Hashable:
    """Return by what long work knows the first reading of a ledger."""
    return "first reading", connection_id


def _read(actor: Actor, organisation: OrganisationContext, job: LongJob[None]) -> None:
    def note(progress: Progress) -> None:
        job.say(WorkProgress(progress.records, doing=progress.kind))

    watch = RunWatch(note, job.is_unwanted)
    result = pull_ledger(actor, organisation, watch)
    if result.problems:
        raise RetryLater(result.problems[0])
    if organisation.refreshed().observes:
        # Nothing can leave: the first plan is there when the pages are.
        sync(actor, organisation.refreshed(), watch)


def saved_answers(actor: Actor, organisation: OrganisationContext) -> FirstAnswers:
    """Return what was answered before, else what is usual."""
    permit(actor, Permission.CONNECT, only_looks=True)
    config = organisation.container.config
    replies = "" if organisation.settings_problem else organisation.config.smtp.reply_to
    file = config.rules_folder / organisation.name / ANSWERS_FILE
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return FirstAnswers(OLD_DEBTS[0], "", replies)
    if not isinstance(written, dict):
        return FirstAnswers(OLD_DEBTS[0], "", replies)
    customers = written.get("customers") or []
    names = [str(customer.get("contact", "")) for customer in customers]
    return FirstAnswers(str(written.get("take_over", OLD_DEBTS[0])), "\n".join(names), replies)


def save_answers(
    actor: Actor, organisation: OrganisationContext, answers: FirstAnswers
) -> tuple[Path, ...]:
    """Write the answers where rules and settings of this connection stand, and return where.

    Raises:
        UserMistake: an answer is none that is offered, the rules come from the store, or a file
            cannot be written.
    """
    permit(actor, Permission.CONNECT)
    if answers.old_debts not in OLD_DEBTS:
        raise UserMistake("Choose how old debts start.")
    config = organisation.container.config
    address = answers.replies_to.strip()
    if address and not addresses([address]):
        raise UserMistake(f"{address!r} is no email address.")
    if config.rules.source != "folder":
        raise UserMistake(
            "the rulebook comes from the store: say `take_over` and whom never to write to in the "
            "rulebook that is pushed there."
        )
    names = [one_line(line).strip() for line in answers.never.splitlines()][:NAMES_MAX]
    rules = config.rules_folder / organisation.name / ANSWERS_FILE
    before = rules.read_text(encoding="utf-8") if rules.is_file() else None
    _write(rules, _rules_text(answers.old_debts, [name for name in names if name]))
    if problem := organisation.refreshed().rules.problems:
        # A rulebook that cannot be read stops every run: what was answered is taken back.
        _restore(rules, before)
        raise UserMistake(f"the rulebook does not take these answers: {problem[0]}")
    if not address:
        return (rules,)
    settings = connection_file(config.folder, organisation.name)
    text = settings.read_text(encoding="utf-8") if settings.is_file() else ""
    _write(settings, with_settings(text, {("smtp", "reply_to"): address}))
    return rules, settings


def _rules_text(old_debts: str, names: Sequence[str]) -> str:
    lines = [
        "# What was answered while these books were read first. Change it as any rules.",
        f"take_over: {old_debts}",
    ]
    if names:
        lines += [
            "leave_alone:",
            "  - name: Never write to",
            f"    when: {{tag: {NEVER_TAG}}}",
            "customers:",
        ]
        for name in names:
            lines += [f"  - contact: {_quoted(name)}", f"    tags: [{NEVER_TAG}]"]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    # YAML's single quotes know one escape alone: a quote is doubled.
    return "'" + re.sub("'", "''", name) + "'"


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, text)
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None


def _restore(file: Path, before: str | None) -> None:
    if before is None:
        file.unlink(missing_ok=True)
    else:
        write_private(file, before)
