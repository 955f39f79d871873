"""The doctor: everything that has to be right, checked one by one, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import make_url

from arsync.application.clock_drift import clocks
from arsync.application.container import Parts, configured_limits
from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.application.outage_text import outage_words
from arsync.clock import today_in
from arsync.core.ledger.records import RecordKind
from arsync.core.planning.send_blocks import difference_in_words
from arsync.errors import ArsyncError, NeedsReconnect, RetryLater, UserMistake
from arsync.store.models import ConnectionRow

OPEN_TO_OTHERS = 0o077


def examine(parts: Parts) -> Iterator[Finding]:
    """Yield a finding for each check, in the order in which things rest on each other.

    One call is made to each connection's platform, nothing is changed.
    """
    yield from _config(parts)
    try:
        yield _store(parts)
        rows = parts.store.connections.all()
    except ArsyncError as error:
        yield Finding("store", WRONG, str(error))
        return
    if not rows:
        yield Finding("connections", NOTE, "none yet. Next: arsync connect xero, or quickbooks.")
        yield from _rules(parts, None)
    for row in rows:
        yield from _connection(parts, row)
        yield from _rules(parts, row)
    yield from _clocks(parts)
    yield from _mail(parts)


def _config(parts: Parts) -> Iterator[Finding]:
    config = parts.config
    if config.file is None:
        yield Finding("config", NOTE, "no config.toml here; the defaults and variables serve.")
        return
    yield Finding("config", OK, str(config.file))
    secret = any(
        config.get(section, key)
        for section, key in (
            ("xero", "client_secret"),
            ("quickbooks", "client_secret"),
            ("smtp", "url"),
        )
    )
    mode = config.file.stat().st_mode
    if secret and mode & OPEN_TO_OTHERS:
        yield Finding(
            "config",
            WRONG,
            f"it holds secrets and others can read it. Do: chmod 600 {config.file}",
        )


def _store(parts: Parts) -> Finding:
    url = make_url(parts.config.store_url)
    with parts.store.engine.connect() as connection:
        if url.get_backend_name() == "sqlite":
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            if found != "ok":
                return Finding("store", WRONG, f"the file is damaged: {found}. Restore a backup.")
        else:
            connection.execute(text("SELECT 1"))
    return Finding("store", OK, url.render_as_string(hide_password=True))


def _connection(parts: Parts, row: ConnectionRow) -> Iterator[Finding]:
    """Yield what is found at one platform."""
    try:
        platform = parts.platform(row.platform)
        if row.grant_id is None:
            yield Finding(row.name, WRONG, f"it has no consent. Do: arsync connect {row.platform}")
            return
        token = parts.store.tokens.load(row.grant_id)
        section = {**parts.config.section(row.platform), **row.settings}
        yield from _reads(parts, row)
        with parts.transport(row.platform, row.grant_id, row.organisation_id) as transport:
            organisation = platform.open(transport, row.organisation_id, section).organisation()
            left = transport.pacer.day_left
    except NeedsReconnect as error:
        yield Finding(row.name, WRONG, f"{error} Do: arsync connect {row.platform}")
        return
    except RetryLater as error:
        yield Finding(row.name, WRONG, f"{platform.label} cannot be reached: {error}")
        return
    except ArsyncError as error:
        yield Finding(row.name, WRONG, str(error))
        return
    yield Finding(row.name, OK, f"{platform.label} answers for {organisation.name}.")
    outage = parts.resting(row)
    if outage is not None:
        yield Finding(row.name, NOTE, outage_words(parts, row, outage))
    if token.scope:
        yield Finding(row.name, OK, f"consent covers: {token.scope}")
    if left is not None:
        enough = left > configured_limits(platform.limits, section).reserve_per_day
        yield Finding(row.name, OK if enough else WRONG, f"{left:,} calls left today.")
    yield _today(parts, row)
    told = organisation.own_reminders
    if told is None:
        told = row.organisation.own_reminders
    if told:
        yield Finding(
            row.name,
            NOTE,
            f"{platform.label}'s own invoice reminders are switched on: customers may hear twice. "
            "Switch them off there.",
        )
    elif told is None:
        yield Finding(
            row.name,
            NOTE,
            f"{platform.label} does not tell whether its own reminders are on. Look there, then: "
            f"arsync connections {row.name} --own-reminders off",
        )
    for difference in parts.store.ledger.differences(row.id):
        words = difference_in_words(difference, platform.label)
        yield Finding(row.name, WRONG, f"{difference.contact_name}: {words}.")
    counts = parts.store.ledger.counts(row.id)
    if not counts.get(RecordKind.CONTACTS):
        yield Finding(row.name, NOTE, "nothing was pulled yet. Next: arsync pull")


def _reads(parts: Parts, row: ConnectionRow) -> Iterator[Finding]:
    """Say how much of the month is used, where calls that read are metered."""
    used, limits = parts.reads_this_month(row.platform)
    if limits.reads_per_month:
        enough = used < limits.reads_per_month - limits.reads_reserve
        yield Finding(
            row.name,
            OK if enough else WRONG,
            f"{used:,} of {limits.reads_per_month:,} reads of this month are used, over all "
            "companies of the app.",
        )


def _today(parts: Parts, row: ConnectionRow) -> Finding:
    zone = parts.time_zone(row)
    if zone:
        return Finding(row.name, OK, f"today is {today_in(parts.clock, zone)} ({zone}).")
    return Finding(
        row.name,
        NOTE,
        "the platform does not tell the time zone, so days are counted in UTC. "
        'Do: [runs] time_zone = "Europe/London"',
    )


def _clocks(parts: Parts) -> Iterator[Finding]:
    """Yield one finding about this computer's clock, or one for each that it differs from."""
    clock_reads = list(clocks(parts))
    off = [clock_read for clock_read in clock_reads if clock_read.is_off]
    yield from (Finding("clock", WRONG, clock_read.text) for clock_read in off)
    if clock_reads and not off:
        names = " and ".join(dict.fromkeys(clock_read.whose for clock_read in clock_reads))
        most = max(abs(clock_read.ahead_seconds) for clock_read in clock_reads)
        yield Finding("clock", OK, f"within {max(1.0, most):.0f} seconds of {names}.")
    elif not clock_reads and parts.platform_clocks:
        host = next(host for host, _ in parts.platform_clocks.values())
        yield Finding("clock", NOTE, f"not compared: {host} is a sandbox, with a clock of its own.")


def _rules(parts: Parts, row: ConnectionRow | None) -> Iterator[Finding]:
    about = f"rulebook of {row.name}" if row else "rulebook"
    try:
        rules = parts.rules(row.name if row else "")
    except UserMistake as mistake:
        yield Finding(about, WRONG, str(mistake))
        return
    lacking = parts.lacking(rules, row) if row else []
    for problem in [*rules.problems, *lacking]:
        yield Finding(about, WRONG if rules.errors or problem in lacking else NOTE, problem)
    if rules.rulebook is None or lacking:
        return
    yield Finding(about, OK, rules.rulebook.name)
    base = row.organisation.base_currency if row else ""
    if base and base != rules.rulebook.currency:
        yield Finding(
            about,
            NOTE,
            f"its amounts are in {rules.rulebook.currency}, the organisation's books in {base}: "
            "they are converted at the rates recorded on the documents; without one, a rule that "
            "asks for an amount does not fire.",
        )


def _mail(parts: Parts) -> Iterator[Finding]:
    from arsync.mail import smtp_server

    url = parts.config.get("smtp", "url")
    if not url:
        return
    try:
        smtp_server(url)
    except UserMistake as mistake:
        yield Finding("smtp", WRONG, str(mistake))
        return
    sender = parts.config.get("smtp", "sender")
    if sender:
        yield Finding("smtp", OK, f"mail leaves as {sender}.")
    else:
        yield Finding("smtp", WRONG, "[smtp] sender is empty: nobody to write as.")
