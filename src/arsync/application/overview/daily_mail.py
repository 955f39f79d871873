"""The one mail a day to the owner: made when its hour has come, sent once, failing quietly."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisations
from arsync.application.overview.daily_digest import (
    CONNECTIONS_PER_SECTION_MAX,
    LINE_CHARACTERS_MAX,
    LINES_PER_CONNECTION_MAX,
    Digest,
    DigestLine,
    DigestSection,
    daily_digest,
)
from arsync.application.telling.owner_mail import OwnerMailbox, mail_owner, owner_mailboxes
from arsync.errors import ArsyncError, OutcomeUnknown, UserMistake
from arsync.mail import Letter

PATIENCE = timedelta(hours=1)
"""So long after its hour the mail waits for runs that are going on; then it says what is known."""

_LOG = logging.getLogger(__name__)


def mail_of_the_day(
    container: Container,
    *,
    settled: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Send each owner today's mail if its hour has come and it has not been sent.

    Never twice a day, whatever dies and however many processes run. A mail server that fails stops
    nothing: the mail is tried again half an hour later, and `status` and `doctor` tell.

    Args:
        container: the installation.
        settled: no run is going on: what they find is in the mail.
        stop: True gives up before anything is sent.

    Returns:
        Whether a mail left, or may have.
    """
    if container.config.runs.daily_mail == "off":
        return False
    try:
        mailboxes = owner_mailboxes(container.config, organisations(container))
    except ArsyncError as error:
        _LOG.warning("the daily mail: %s", error)
        return False
    # Each of them is to get its mail: `any` alone would end at the first that left.
    departed = [_mail_to(container, mailbox, settled, stop) for mailbox in mailboxes]
    return any(departed)


def _mail_to(
    container: Container, mailbox: OwnerMailbox, settled: bool, stop: Callable[[], bool]
) -> bool:
    """Send one owner's mail if its hour has come; returns whether it left, or may have."""
    runs, mails = container.config.runs, container.store.daily_mails
    try:
        zone = _zone(container, mailbox)
        here = container.clock.now().astimezone(zone)
        hour = datetime.combine(here.date(), time.fromisoformat(runs.notify_at), tzinfo=zone)
        if here < hour or (not settled and here < hour + PATIENCE):
            return False
        # One read a run: on most of them the day's mail has left.
        if not mails.is_due(here.date(), mailbox.address):
            return False
        return _mail(container, mailbox, here.date(), stop)
    except ArsyncError as error:
        _LOG.warning("the daily mail: %s", error)
        return False
    except Exception as error:  # noqa: BLE001 - a bug met in one ledger must not stop the runs
        _LOG.exception("the daily mail could not be made")
        words = f"an internal error ({type(error).__name__}), see the log."
        mails.failed(here.date(), mailbox.address, words)
        return False


def _zone(container: Container, mailbox: OwnerMailbox) -> tzinfo:
    """Return on whose clock its hour is: the setting's, else that of the first connection."""
    if container.config.runs.time_zone:
        try:
            return ZoneInfo(container.config.runs.time_zone)
        except (LookupError, ValueError, OSError) as error:
            raise UserMistake(f"[runs] time_zone is no time zone: {error}.") from None
    return mailbox.organisations[0].zone


def _mail(container: Container, mailbox: OwnerMailbox, day: date, stop: Callable[[], bool]) -> bool:
    mails, address = container.store.daily_mails, mailbox.address
    with mails.telling(day, address) as is_due:
        if not is_due:
            return False
        digest = daily_digest(mailbox.organisations, stop=stop)
        if digest is None:
            return False
        if digest.is_empty:
            mails.nothing_to_say(day, address)
            return False
        letter = letter_of(digest, day)
        mails.leaves(day, address)
        try:
            # The same key for the same day: a second copy shows as one in most mailboxes.
            now = container.clock.now()
            mail_owner(mailbox.config, address, letter, f"daily-{day}", now)
        except OutcomeUnknown:
            _told(container, mailbox, day)
            return True
        except ArsyncError as error:
            mails.failed(day, address, str(error))
            _LOG.warning("the daily mail could not be sent: %s", error)
            return False
        _told(container, mailbox, day)
        return True


def _told(container: Container, mailbox: OwnerMailbox, day: date) -> None:
    """Note that the mail left, or may have, with what it says once alone."""
    container.store.daily_mails.told(day, mailbox.address)
    connection_ids = [organisation.id for organisation in mailbox.organisations]
    container.store.snapshots.misses_told(connection_ids, day)


# -- in words ---------------------------------------------------------------------------------


def letter_of(digest: Digest, day: date) -> Letter:
    """Return the mail, as text and HTML: bounded, whatever there is to say."""
    sections = ", ".join(section.subject for section in digest.sections)
    text = "\n".join(line for section in digest.sections for line in _text_lines(section))
    page = "\n".join(line for section in digest.sections for line in _html_lines(section))
    foot = (
        'You get this mail once a day while there is something to say. [runs] daily_mail = "off"'
        " in config.toml ends it."
    )
    return Letter(
        f"arsync, {day}: {sections}"[:LINE_CHARACTERS_MAX],
        f"{text}\n{foot}\n",
        f"{page}\n<p>{html.escape(foot)}</p>\n",
    )


def _text_lines(section: DigestSection) -> Iterator[str]:
    yield _title(section).upper()
    for name, lines in section.by_connection[:CONNECTIONS_PER_SECTION_MAX]:
        yield f"\n{name}"
        for line in lines[:LINES_PER_CONNECTION_MAX]:
            yield f"- {_short(line.text)}"
            if line.command:
                yield f"    {line.command}"
        if more := _more(lines):
            yield f"- {more}"
    if more := _more_connections(section):
        yield f"\n{more}"
    yield "\n"


def _html_lines(section: DigestSection) -> Iterator[str]:
    yield f"<h3>{html.escape(_title(section))}</h3>"
    for name, lines in section.by_connection[:CONNECTIONS_PER_SECTION_MAX]:
        yield f"<p><b>{html.escape(name)}</b></p><ul>"
        for line in lines[:LINES_PER_CONNECTION_MAX]:
            command = f"<br><code>{html.escape(line.command)}</code>" if line.command else ""
            yield f"<li>{html.escape(_short(line.text))}{command}</li>"
        if more := _more(lines):
            yield f"<li>{html.escape(more)}</li>"
        yield "</ul>"
    if more := _more_connections(section):
        yield f"<p>{html.escape(more)}</p>"


def _title(section: DigestSection) -> str:
    """Return its title, with how many connections it is about where not all are shown."""
    count = len(section.by_connection)
    if count <= CONNECTIONS_PER_SECTION_MAX:
        return section.title
    return f"{section.title} ({count:,} connections)"


def _more(lines: Sequence[DigestLine]) -> str:
    count = len(lines) - LINES_PER_CONNECTION_MAX
    return f"and {count:,} more" if count > 0 else ""


def _more_connections(section: DigestSection) -> str:
    count = len(section.by_connection) - CONNECTIONS_PER_SECTION_MAX
    return f"And {count:,} more connections: `arsync status --all` shows them." if count > 0 else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_CHARACTERS_MAX else f"{line[: LINE_CHARACTERS_MAX - 1]}…"
