"""The doctor: everything that has to be right, checked one by one, each with what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace
from sqlalchemy import text

from arsync.application.connections.outage_text import outage_words
from arsync.application.customers.customer_entries import matching
from arsync.application.customers.unreachable_customers import in_one_line, unreachable_customers
from arsync.application.health.alert_ways import alert_findings
from arsync.application.health.findings import NOTE, OK, WRONG, Finding, connection_of
from arsync.application.health.letter_ways import way_findings
from arsync.application.health.likely_queries import query_findings
from arsync.application.health.mail_health import mail_findings
from arsync.application.health.secret_files import OPEN_TO_OTHERS, secrets_open_to_others
from arsync.application.health.webhook_health import webhook_findings
from arsync.application.organisation.app_limits import app_use
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.organisation.rulebook_notes import rulebook_notes
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.telling.owner_mail import daily_mail_failure
from arsync.config import Config, connection_file, stray_settings
from arsync.core.ledger.records import Organisation, RecordKind
from arsync.core.planning.send_blocks import difference_in_words
from arsync.errors import ArsyncError, NeedsReconnect, RetryLater, UserMistake

PLATFORMS = ("xero", "quickbooks")
"""The sections of the config that name an app."""


def examine(actor: Actor, container: Container, connection: Chosen = None) -> Iterator[Finding]:
    """Yield a finding for each check, in the order in which things rest on each other.

    One call is made to each connection's platform, nothing is changed. Several connections are
    examined at the same time, as many as `[runs] parallel` says; what is found keeps their order.
    """
    permit(actor, Permission.READ)
    yield from _config(container.config)
    try:
        yield _store(container)
        yield from _rights(container.config)
        every = container.store.connections.all()
    except ArsyncError as error:
        yield Finding("store", WRONG, str(error))
        return
    if not every:
        yield _unconnected(container.config)
        yield from _shared_rules(container)
        for stray in stray_settings(container.config.folder, ()):
            yield Finding("settings", NOTE, f"{stray.file}: {stray.message} Connect it first.")
    examined = organisations(container, connection) if every else []
    yield from _organisations(actor, container, examined)
    for platform in dict.fromkeys(each.connection.platform for each in examined):
        use = app_use(actor, container, platform)
        if use.connections_max:
            yield Finding(platform, WRONG if use.is_over else OK, f"{use.words}.")
    yield from _clocks(container)
    names = {organisation.name for organisation in examined}
    for finding in mail_findings(container.config, examined):
        yield replace(finding, connection=connection_of(finding.about, names))
    yield from webhook_findings(actor, container)
    if failure := daily_mail_failure(container.store):
        yield Finding("daily mail", WRONG, failure)


def _organisations(
    actor: Actor, container: Container, examined: Sequence[OrganisationContext]
) -> Iterator[Finding]:
    if len(examined) < 2:
        for organisation in examined:
            yield from _organisation(actor, organisation)
        return
    # Threads, because each check waits for its platform nearly all the time.
    with ThreadPoolExecutor(container.config.runs.parallel, "doctor") as pool:
        try:
            for findings in pool.map(lambda each: list(_organisation(actor, each)), examined):
                yield from findings
        finally:
            pool.shutdown(cancel_futures=True)


def _organisation(actor: Actor, organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield everything about one connection."""
    for findings in (
        _settings(organisation),
        _connection(actor, organisation),
        _rules(organisation),
        way_findings(organisation),
        alert_findings(organisation),
        query_findings(organisation),
    ):
        for finding in findings:
            yield replace(finding, connection=organisation.name)


def _config(config: Config) -> Iterator[Finding]:
    if config.file is None:
        yield Finding("config", NOTE, "no config.toml here; defaults and variables apply.")
        return
    yield Finding("config", OK, str(config.file))
    yield from secrets_open_to_others("config", config.file, config)


def _unconnected(config: Config) -> Finding:
    """Say what is next before anything is connected; without an app nothing can be."""
    named = [name for name in PLATFORMS if config.get(name, "client_id")]
    if named:
        remedy = " or ".join(f"arsync connect {name}" for name in named)
        return Finding("connections", NOTE, f"none yet. Next: {remedy}.")
    return Finding(
        "config",
        WRONG,
        "client_id is empty under [xero] and [quickbooks], so nothing can be connected. Put in the"
        " id of your app: developer.xero.com or developer.intuit.com.",
    )


def _store(container: Container) -> Finding:
    with container.store.engine.connect() as db:
        if db.dialect.name == "sqlite":
            verdict = db.execute(text("PRAGMA quick_check(1)")).scalar_one()
            if verdict != "ok":
                return Finding("store", WRONG, f"the file is damaged: {verdict}. Restore a backup.")
        else:
            db.execute(text("SELECT 1"))
    return Finding("store", OK, container.store.url)


def _rights(config: Config) -> Iterator[Finding]:
    """Say which files of customers' data and secrets other users can read."""
    if os.name != "posix" or config.store_file is None:
        return
    file = config.store_file
    beside = (file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))
    for path in (file, *beside):
        if path.exists() and path.stat().st_mode & OPEN_TO_OTHERS:
            words = f"{path} holds customers' data and others can read it. Run: chmod 600 {path}"
            yield Finding("store", WRONG, words)


def _connection(actor: Actor, organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield what is found at one platform, and in its copy."""
    row, name = organisation.connection, organisation.name
    try:
        platform = organisation.platform
        if row.grant_id is None:
            remedy = f"Run: arsync connect {row.platform}"
            yield Finding(name, WRONG, f"not authorised. {remedy}")
            return
        token = organisation.store.tokens.load(row.grant_id)
        yield from _reads(organisation)
        at_platform, calls_left = _ask_platform(organisation)
    except NeedsReconnect as error:
        hint = "" if "arsync connect" in str(error) else f" Run: arsync connect {row.platform}"
        yield Finding(name, WRONG, f"{error}{hint}")
        return
    except RetryLater as error:
        yield Finding(name, WRONG, f"{platform.label} cannot be reached: {error}")
        return
    except ArsyncError as error:
        yield Finding(name, WRONG, str(error))
        return
    yield Finding(name, OK, f"{platform.label} answers for {at_platform.name}.")
    outage = organisation.outage()
    if outage is not None:
        yield Finding(name, NOTE, outage_words(organisation, outage))
    if token.scope:
        yield Finding(name, OK, f"authorisation covers: {token.scope}")
    if calls_left is not None:
        reserve = organisation.container.rate_limits(row.platform).reserve_per_day
        verdict = OK if calls_left > reserve else WRONG
        yield Finding(name, verdict, f"{calls_left:,} calls left today.")
    yield _today(organisation)
    yield from _own_reminders(organisation, at_platform)
    yield from _copy(actor, organisation)


def _ask_platform(organisation: OrganisationContext) -> tuple[Organisation, int | None]:
    """Return the organisation as the platform tells it, and how many calls are left today."""
    row, container = organisation.connection, organisation.container
    with container.transport(row.platform, row.grant_id, row.organisation_id) as transport:
        connector = organisation.platform.open(
            transport, row.organisation_id, organisation.platform_settings
        )
        return connector.organisation(), transport.pacer.day_left


def _own_reminders(
    organisation: OrganisationContext, at_platform: Organisation
) -> Iterator[Finding]:
    """Say whether the platform reminds as well."""
    switched_on = at_platform.own_reminders
    if switched_on is None:
        switched_on = organisation.connection.organisation.own_reminders
    if switched_on:
        yield Finding(
            organisation.name,
            NOTE,
            f"{organisation.label}'s own invoice reminders are switched on: customers may be "
            "reminded twice. Switch them off there.",
        )
    elif switched_on is None:
        yield Finding(
            organisation.name,
            NOTE,
            f"{organisation.label} does not report whether its own reminders are on. Check there, "
            f"then run: arsync connections {organisation.name} --own-reminders off",
        )


def _copy(actor: Actor, organisation: OrganisationContext) -> Iterator[Finding]:
    """Say where the copy and the platform's own balances do not agree, and whom it cannot reach."""
    ledger = organisation.store.ledger
    for difference in ledger.differences(organisation.id):
        words = difference_in_words(difference, organisation.label)
        yield Finding(organisation.name, WRONG, f"{difference.contact_name}: {words}.")
    if not ledger.counts(organisation.id).get(RecordKind.CONTACTS):
        yield Finding(organisation.name, NOTE, "nothing was pulled yet. Next: arsync pull")
    if words := in_one_line(unreachable_customers(actor, organisation)):
        yield Finding(organisation.name, NOTE, f"{words} Fill them in in {organisation.label}.")


def _reads(organisation: OrganisationContext) -> Iterator[Finding]:
    """Say how much of the month is used, where calls that read are metered."""
    platform = organisation.connection.platform
    limits = organisation.container.rate_limits(platform)
    if limits.reads_per_month:
        used = organisation.container.reads_this_month(platform)
        enough = used < limits.reads_per_month - limits.reads_reserve
        yield Finding(
            organisation.name,
            OK if enough else WRONG,
            f"{used:,} of {limits.reads_per_month:,} reads of this month are used, over all "
            "companies of the app.",
        )


def _today(organisation: OrganisationContext) -> Finding:
    if organisation.time_zone:
        words = f"today is {organisation.today} ({organisation.time_zone})."
        return Finding(organisation.name, OK, words)
    return Finding(
        organisation.name,
        NOTE,
        "the platform does not report the time zone, so days are counted in UTC. "
        'Set: [runs] time_zone = "Europe/London"',
    )


def _clocks(container: Container) -> Iterator[Finding]:
    """Yield one finding about this computer's clock, or one for each that it differs from."""
    clock_reads = list(container.clock_reads())
    off = [clock_read for clock_read in clock_reads if clock_read.is_off]
    yield from (Finding("clock", WRONG, clock_read.text) for clock_read in off)
    if clock_reads and not off:
        names = " and ".join(dict.fromkeys(clock_read.whose for clock_read in clock_reads))
        most = max(abs(clock_read.ahead_seconds) for clock_read in clock_reads)
        yield Finding("clock", OK, f"within {max(1.0, most):.0f} seconds of {names}.")
    elif not clock_reads and container.platform_clocks.hosts:
        host = container.platform_clocks.hosts[0]
        yield Finding("clock", NOTE, f"not compared: {host} is a sandbox, with a clock of its own.")


def _shared_rules(container: Container) -> Iterator[Finding]:
    """Say what is wrong with the rulebook while nothing is connected yet."""
    try:
        rules = container.rules()
    except UserMistake as mistake:
        yield Finding("rulebook", WRONG, str(mistake))
        return
    for problem in rules.problems:
        yield Finding("rulebook", WRONG if rules.errors else NOTE, problem)
    yield from (Finding("rulebook", WRONG, str(unread)) for unread in rules.unread)
    if rules.rulebook is not None and not rules.unread:
        yield Finding("rulebook", OK, rules.rulebook.name)


def _settings(organisation: OrganisationContext) -> Iterator[Finding]:
    """Say which settings of a connection are its own, and who can read their file."""
    file = connection_file(organisation.container.config.folder, organisation.name)
    about = f"settings of {organisation.name}"
    if organisation.settings_problem:
        yield Finding(about, WRONG, organisation.settings_problem)
    elif named := organisation.config.own_settings:
        words = ", ".join(f"[{section}] {key}" for section, key in named)
        yield Finding(about, OK, f"its own: {words}.")
        yield from secrets_open_to_others(about, file, organisation.config)


def _rules(organisation: OrganisationContext) -> Iterator[Finding]:
    """Say what is wrong with a connection's rulebook, also for its platform."""
    about = f"rulebook of {organisation.name}"
    if organisation.settings_problem:
        return
    try:
        rules = organisation.rules
    except UserMistake as mistake:
        yield Finding(about, WRONG, str(mistake))
        return
    for problem in rules.problems if rules.errors else ():
        yield Finding(about, WRONG, problem)
    for problem in organisation.misfits:
        yield Finding(about, WRONG, problem)
    unread_files = organisation.unread_files
    yield from (Finding(about, WRONG, str(unread)) for unread in unread_files)
    if rules.rulebook is None or organisation.misfits or unread_files:
        return
    yield Finding(about, OK, rules.rulebook.name)
    for note in rulebook_notes(organisation, matching(organisation)):
        yield Finding(about, NOTE, note)
