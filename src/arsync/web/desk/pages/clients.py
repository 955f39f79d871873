"""`/clients`: all clients of a practice, worst first, and what is decided for several at once."""

from __future__ import annotations

from dataclasses import replace

from werkzeug.wrappers import Response

from arsync.application.desk.clients import (
    PracticeClient,
    approve_batches,
    batches,
    clients,
    refuse_others,
    set_modes,
    stop_clients,
    stoppable,
)
from arsync.application.permissions import Permission
from arsync.application.runs.scheduling import want_sync
from arsync.errors import UserMistake
from arsync.store.models import Mode
from arsync.translation import ReaderText, gettext
from arsync.web.desk.reader_locale import ReaderLocale
from arsync.web.desk.routing import DESK, Routes
from arsync.web.desk.visit import Visit
from arsync.workers.queue_status import queue_status

routes = Routes()

TEXT_MAX = 200

SHOWN_MAX = 200
"""So many clients that need somebody stand on one page; a filter finds the others."""

NOTED_MAX = 10
"""So many clients that were left out are named."""

LOOKS = {
    "needs reconnect": "red",
    "failing runs": "red",
    "unknown outcomes": "red",
    "stopped by a safety limit": "amber",
    "paused": "",
    "late": "amber",
    "odd data": "amber",
    "approvals or tasks": "blue",
}
WORDS = {
    "needs reconnect": ReaderText("Consent is over"),
    "failing runs": ReaderText("Run failed"),
    "unknown outcomes": ReaderText("Outcome unknown"),
    "stopped by a safety limit": ReaderText("Stopped by a limit"),
    "paused": ReaderText("Paused"),
    "late": ReaderText("Late"),
    "odd data": ReaderText("Differs from the books"),
    "approvals or tasks": ReaderText("Waits"),
}

MODE_WORDS = {
    Mode.OBSERVE: ReaderText("only looks"),
    Mode.APPROVE: ReaderText("asks first"),
    Mode.AUTO: ReaderText("goes by the rulebook"),
}

MODES = (
    (
        Mode.OBSERVE.value,
        ReaderText("Only look"),
        ReaderText("Nothing leaves and nothing is written."),
    ),
    (
        Mode.APPROVE.value,
        ReaderText("Ask first"),
        ReaderText("Everything waits for somebody’s yes."),
    ),
    (
        Mode.AUTO.value,
        ReaderText("Go by the rulebook"),
        ReaderText("Only what the rulebook says waits."),
    ),
)


@routes.page("/clients", None)
def show(visit: Visit) -> Response:
    """Show the clients, worst first; those that need nothing are folded."""
    every = _clients(visit)
    if not every:
        return visit.page("no_clients.html", may_connect=visit.may(Permission.CONNECT))
    args = visit.request.args
    label, name = args.get("label", "")[:TEXT_MAX], args.get("q", "").strip()[:TEXT_MAX]
    listed = [client for client in every if _fits(client, label, name)]
    needy = [client for client in listed if client.needs_somebody]
    labels = sorted({label for client in every for label in client.line.labels}, key=str.casefold)
    return visit.page(
        "clients.html",
        needy=needy[:SHOWN_MAX],
        more=max(0, len(needy) - SHOWN_MAX),
        healthy=[client for client in listed if not client.needs_somebody],
        every=every,
        stuck=sum(LOOKS.get(client.line.need.value, "") == "red" for client in every),
        waiting=sum(client.line.awaiting for client in every),
        waiting_clients=sum(client.line.awaiting > 0 for client in every),
        tasks=sum(client.line.open_tasks for client in every),
        alerts=sum(client.line.open_alerts for client in every),
        alerted_clients=sum(client.line.open_alerts > 0 for client in every),
        labels=[("", gettext("All")), *((label, label) for label in labels)],
        label=label,
        name=name,
        looks=LOOKS,
        need_words=WORDS,
        mode_words=MODE_WORDS,
        words_of=lambda client: _words_of(visit, client),
        today=visit.today,
    )


@routes.page("/clients/approve", None)
def ask_approve(visit: Visit) -> Response:
    """Show, client by client, what would be approved."""
    chosen = _chosen(visit)
    able = [client for client in chosen if client.may_approve]
    return visit.page(
        "clients_approve.html",
        batches=batches(visit.container, able),
        left_out=[client for client in chosen if not client.may_approve],
        words_of=lambda client: _words_of(visit, client),
    )


@routes.act("/clients/approve", None)
def approve(visit: Visit) -> Response:
    """Approve what was shown."""
    digests = {
        name.removeprefix("digest-"): value
        for name, value in visit.request.form.items()
        if name.startswith("digest-")
    }
    chosen = _chosen(visit)
    outcome = approve_batches(visit.container, chosen, digests)
    visit.about = ", ".join(client.line.name for client in chosen)
    lines = [gettext("Approved: %(approved)s.", approved=outcome.approved)]
    if outcome.first_of_two:
        lines.append(
            gettext(
                "Above your limit, a second person has to approve: %(first_of_two)s.",
                first_of_two=outcome.first_of_two,
            )
        )
    lines += outcome.refused[:NOTED_MAX]
    visit.log_words = " ".join(lines)
    visit.audit(DESK, "approved for several clients")
    return visit.see("/clients", "\n".join(lines))


@routes.page("/clients/mode", None)
def ask_mode(visit: Visit) -> Response:
    """Ask how far arsync may go for some clients."""
    return _mode_page(visit)


@routes.act("/clients/mode", None, audited="changed the mode of several clients")
def change_mode(visit: Visit) -> Response:
    """Let arsync go as far for some clients."""
    chosen = _chosen(visit)
    refuse_others(chosen, Permission.CONNECT)
    mode = visit.request.form.get("mode", "")
    try:
        changed = set_modes(visit.container, chosen, mode)
    except UserMistake as mistake:
        visit.field_errors["mode"] = str(mistake)
        return _mode_page(visit, 422)
    visit.about = ", ".join(client.line.name for client in chosen)
    visit.log_words = mode
    return visit.see("/clients", gettext("Changed: %(changed)s.", changed=changed))


@routes.act("/clients/sync", None, audited="asked for a sync of several clients")
def sync(visit: Visit) -> Response:
    """Ask for a sync of some clients as soon as a process is free."""
    chosen = _chosen(visit)
    refuse_others(chosen, Permission.RUN)
    names = [client.line.name for client in chosen]
    wishes = want_sync(chosen[0].actor, visit.container, names) if chosen else []
    visit.about = ", ".join(names)
    return visit.see(
        "/clients", gettext("As soon as a process is free: %(count)s.", count=len(wishes))
    )


@routes.page("/clients/stop", None)
def ask_stop(visit: Visit) -> Response:
    """Ask whether everything is to stop, for every client."""
    return _stop_page(visit)


@routes.act("/clients/stop", None, audited="stopped everything for all clients")
def stop(visit: Visit) -> Response:
    """Stop everything for every client, once their number was typed."""
    may_stop = stoppable(_clients(visit))
    form = visit.request.form
    reason = form.get("reason", "").strip()[:TEXT_MAX]
    if not reason:
        visit.field_errors["reason"] = gettext("Say why: everybody who signs in reads it.")
    if form.get("number", "").strip() != str(len(may_stop)):
        visit.field_errors["number"] = gettext(
            "Type %(count)s: so many clients are stopped.", count=len(may_stop)
        )
    if visit.field_errors or not may_stop:
        return _stop_page(visit, 422)
    stopped = stop_clients(visit.container, may_stop, reason)
    visit.log_words = f"{stopped} clients: {reason}"
    return visit.see(
        "/clients",
        gettext("Stopped: %(stopped)s. Each is started again by itself.", stopped=stopped),
    )


@routes.page("/clients/workers", Permission.CONNECT)
def show_workers(visit: Visit) -> Response:
    """Show the workers and their queue."""
    try:
        queue, problem = queue_status(visit.actor, visit.container), ""
    except UserMistake as mistake:
        # SQLite has no queue: one process serves all.
        queue, problem = None, str(mistake).split("\n", maxsplit=1)[0]
    return visit.page("workers.html", queue=queue, problem=problem, today=visit.today)


def _clients(visit: Visit) -> list[PracticeClient]:
    assert visit.person is not None, "only whoever is signed in comes here"
    return clients(visit.container, visit.person, visit.connections())


def _chosen(visit: Visit) -> list[PracticeClient]:
    values = visit.request.args if visit.request.method == "GET" else visit.request.form
    names = set(values.getlist("key"))
    return [client for client in _clients(visit) if client.line.name in names]


def _fits(client: PracticeClient, label: str, name: str) -> bool:
    in_name = name.casefold() in f"{client.line.organisation} {client.line.name}".casefold()
    return in_name and (not label or label in client.line.labels)


def _words_of(visit: Visit, client: PracticeClient) -> ReaderLocale:
    """Return how amounts of a client are written: of each, somebody may see them or not."""
    return replace(visit.words, shows_amounts=client.actor.sees_amounts)


def _mode_page(visit: Visit, status: int = 200) -> Response:
    return visit.page(
        "clients_mode.html",
        status,
        chosen=_chosen(visit),
        modes=MODES,
        mode_words=MODE_WORDS,
        mode=visit.request.form.get("mode", ""),
    )


def _stop_page(visit: Visit, status: int = 200) -> Response:
    every = _clients(visit)
    may_stop = stoppable(every)
    form = visit.request.form
    return visit.page(
        "clients_stop.html",
        status,
        count=len(may_stop),
        others=len(every) - len(may_stop),
        stopped=sum(client.row.stopped is not None for client in may_stop),
        reason=form.get("reason", ""),
        number=form.get("number", ""),
    )
