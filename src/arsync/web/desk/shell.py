"""What stands around every page: the menu, the top bar, and the banners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from arsync.application.permissions import Permission, is_permitted
from arsync.store.models import ConnectionState, Mode
from arsync.translation import ReaderText, gettext
from arsync.web.desk.visit import Visit

STALE_AFTER = timedelta(hours=6)
"""A copy older than this is told of on every page."""

MODE_WORDS = {
    Mode.OBSERVE: ReaderText("Only looks"),
    Mode.APPROVE: ReaderText("Asks first"),
    Mode.AUTO: ReaderText("Goes by the rulebook"),
}


class MenuEntry(NamedTuple):
    """One entry of the menu."""

    title: str
    path: str
    is_here: bool
    waiting: int | None = None


class MenuGroup(NamedTuple):
    """Entries of the menu under one heading."""

    title: str
    entries: tuple[MenuEntry, ...]


class Banner(NamedTuple):
    """What every page says above its content."""

    look: str
    """blue, amber or red."""
    bold: str
    text: str
    path: str = ""
    button: str = ""


class Shell(NamedTuple):
    """What stands around a page."""

    groups: tuple[MenuGroup, ...]
    banners: tuple[Banner, ...]
    connection: str
    """The organisation's name; empty: the page is of no connection."""
    base: str
    """The beginning of the connection's addresses: `/c/acme`."""
    mode: str
    has_clients: bool
    """Whether there is more than one connection to choose from."""
    message: str
    """What the last form had to say."""
    person: str
    role: str
    theme: str
    keys: str
    is_stopped: bool
    locale: str


def shell_of(visit: Visit) -> Shell:
    """Return what stands around a page for its reader."""
    person = visit.person
    organisation = visit.organisation_at_hand
    row = organisation.connection if organisation else None
    return Shell(
        groups=tuple(_groups(visit)) if person else (),
        banners=tuple(_banners(visit)) if organisation else (),
        connection=row.organisation.name if row else "",
        base=visit.address().rstrip("/") if organisation else "",
        mode=MODE_WORDS[row.mode] if row else "",
        has_clients=person is not None and (row is None or visit.has_several_connections()),
        message=visit.said_once() if visit.request.method == "GET" else "",
        person=(person.user.name or person.user.email) if person else "",
        role=str(visit.at_hand.role) if visit.at_hand and organisation else "",
        theme=person.user.theme if person else "auto",
        keys=person.user.shortcuts if person else "off",
        is_stopped=row is not None and row.stopped is not None,
        locale=str(visit.words.locale).replace("_", "-"),
    )


def _groups(visit: Visit) -> Iterator[MenuGroup]:
    here = visit.request.path
    organisation = visit.organisation_at_hand
    if organisation is not None:
        yield MenuGroup(
            "",
            _entries(
                visit,
                here,
                (gettext("Today"), "today", None),
                (
                    gettext("Worklist"),
                    "worklist",
                    visit.container.store.actions.count_open_tasks(organisation.id),
                ),
                (gettext("Approvals"), "approvals", organisation.decisions_waiting),
                (gettext("Customers"), "customers", None),
                (gettext("Credit"), "credit", None),
            ),
        )
        yield MenuGroup(
            gettext("Policy"),
            _entries(
                visit,
                here,
                (gettext("Rulebook"), "rules", None),
                (gettext("Letters"), "letters", None),
                (gettext("Try it"), "tries", None),
            ),
        )
        yield MenuGroup(
            gettext("Figures"),
            _entries(
                visit,
                here,
                (gettext("Measures"), "measures", None),
                (gettext("Month end"), "close", None),
            ),
        )
    settings: list[MenuEntry] = []
    if organisation is not None and visit.may(Permission.READ):
        settings += _entries(visit, here, (gettext("Connection"), "connection", None))
    everywhere = visit.person.actor() if visit.person else None
    if everywhere and is_permitted(everywhere, Permission.PEOPLE):
        settings.append(MenuEntry(gettext("People"), "/people", here.startswith("/people")))
    if everywhere and is_permitted(everywhere, Permission.AUDIT):
        settings.append(MenuEntry(gettext("Audit log"), "/audit", here.startswith("/audit")))
    if visit.has_several_connections():
        settings.append(MenuEntry(gettext("All clients"), "/clients", here == "/clients"))
    if settings:
        yield MenuGroup(gettext("Settings"), tuple(settings))


def _entries(
    visit: Visit, here: str, *wanted: tuple[str, str, int | None]
) -> tuple[MenuEntry, ...]:
    entries = []
    for title, path, count in wanted:
        address = visit.address(path)
        is_here = here == address or here.startswith(f"{address}/")
        entries.append(MenuEntry(title, address, is_here, count or None))
    return tuple(entries)


def _banners(visit: Visit) -> Iterator[Banner]:
    organisation, words = visit.organisation, visit.words
    row = organisation.connection
    if row.stopped is not None:
        yield Banner(
            "amber",
            gettext("Stopped."),
            gettext(
                "Nothing leaves since %(moment)s: %(by)s stopped everything, “%(reason)s”. "
                "Reading goes on.",
                moment=words.moment(row.stopped.at, today=organisation.today),
                by=row.stopped.by,
                reason=row.stopped.reason,
            ),
            visit.address("start") if visit.may(Permission.START) else "",
            gettext("Start again…"),
        )
    if row.state is ConnectionState.NEEDS_RECONNECT:
        yield Banner(
            "red",
            gettext("%(label)s no longer lets arsync in.", label=organisation.label),
            gettext("Nothing is read and nothing leaves until somebody signs in there again."),
            visit.address("connection") if visit.may(Permission.CONNECT) else "",
            gettext("Connect again…"),
        )
    elif row.paused is not None:
        yield Banner(
            "amber",
            gettext("Paused."),
            gettext(
                "%(by)s paused the runs: %(reason)s.", by=row.paused.by, reason=row.paused.reason
            ),
        )
    read_at = organisation.store.ledger.pulled_at(organisation.id)
    if read_at is not None and _is_stale(read_at, organisation.clock.now()):
        read = words.moment(read_at, today=organisation.today)
        yield Banner(
            "blue",
            gettext("You see what was read %(read)s.", read=read),
            gettext("Later changes are not shown yet."),
        )


def _is_stale(read_at: datetime, now: datetime) -> bool:
    return now - read_at > STALE_AFTER
