"""The worklist: whom to call first, what to say, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from werkzeug.wrappers import Response

from arsync.application.desk.work import BY_MISTAKE, WorkFilter, WorkPage, task_of, work_page
from arsync.application.permissions import Permission
from arsync.application.tasks.tasks import CallReport, arrange_task, complete_task
from arsync.errors import UserMistake
from arsync.store.models import ActionRow
from arsync.translation import ReaderText, gettext, in_readers_words
from arsync.web.desk.fields import amount_of, day_of, refusal, text_of
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

ONE = "/c/<connection>/worklist/<task>"


class OutcomeButton(NamedTuple):
    """One of the nine buttons."""

    code: str
    title: str
    key: str
    """The letter after `o`."""
    agrees: bool = False
    """Whether it records an agreement, which not everybody may."""


OUTCOMES = (
    OutcomeButton("spoke", ReaderText("Spoke"), "s"),
    OutcomeButton("promised", ReaderText("Promised"), "p", agrees=True),
    OutcomeButton("instalments", ReaderText("Instalments"), "i", agrees=True),
    OutcomeButton("dispute", ReaderText("Dispute"), "d", agrees=True),
    OutcomeButton("asks for copy", ReaderText("Asks for copy"), "c"),
    OutcomeButton("voicemail", ReaderText("Voicemail"), "v"),
    OutcomeButton("unreachable", ReaderText("Unreachable"), "u"),
    OutcomeButton("wrong number", ReaderText("Wrong number"), "w"),
    OutcomeButton("refused", ReaderText("Refused"), "r"),
)

PROMISED_DAYS_AHEAD = 7


@routes.page("/c/<connection>/worklist")
def worklist(visit: Visit) -> Response:
    """List what waits for a person, with the first one opened."""
    return _work_page(visit, "")


@routes.page(ONE)
def one_task(visit: Visit, task: str) -> Response:
    """The same, with one task opened."""
    return _work_page(visit, task)


@routes.act(ONE, Permission.COMPLETE_TASKS, audited="recorded what came of a task")
def record_outcome(visit: Visit, task: str) -> Response:
    """Record what came of a task, and open the next one."""
    row = _row(visit, task)
    code = visit.request.form.get("outcome", "")
    outcome = next((each for each in OUTCOMES if each.code == code), None)
    if outcome is None or code == "instalments":
        visit.field_errors["outcome"] = gettext("What came of it? Choose an outcome.")
        return _work_page(visit, task, 422)
    report = _report(visit, outcome)
    if not visit.field_errors:
        try:
            recorded = complete_task(visit.actor, visit.container, row.key, report)
        except UserMistake as mistake:
            field = "day" if code == "promised" else "note"
            visit.field_errors[field] = refusal(mistake)
        else:
            visit.log_words = str(recorded.message)
            shown = visit.words.told(
                in_readers_words(recorded.message), today=visit.organisation.today
            )
            return _go_on(visit, gettext("Recorded. %(shown)s", shown=shown), done=row.key)
    return _work_page(visit, task, 422)


def _report(visit: Visit, outcome: OutcomeButton) -> CallReport:
    note = text_of(
        visit, "note", gettext("What is disputed, and why?") if outcome.code == "dispute" else ""
    )
    promised = outcome.code == "promised"
    day = day_of(visit, "day", gettext("Which day was promised?")) if promised else None
    if day is not None and day < visit.organisation.today:
        visit.field_errors["day"] = gettext("That day is past.")
    return CallReport(
        outcome.code,
        note,
        promised_on=day,
        amount=amount_of(visit, "amount") if outcome.agrees else None,
        invoice=visit.request.form.get("about", "") if outcome.agrees else "",
        next_on=None if outcome.agrees else day_of(visit, "next"),
    )


@routes.act(f"{ONE}/skip", Permission.COMPLETE_TASKS, audited="put a task off")
def skip(visit: Visit, task: str) -> Response:
    """Let a task come back tomorrow."""
    row = _row(visit, task)
    tomorrow = visit.organisation.today + timedelta(days=1)
    arrange_task(visit.actor, visit.container, row.key, next_on=tomorrow)
    return _go_on(
        visit,
        gettext("%(contact_name)s: it comes back tomorrow.", contact_name=row.action.contact_name),
    )


@routes.act(f"{ONE}/undo", Permission.COMPLETE_TASKS, audited="undid what came of a task")
def undo(visit: Visit, task: str) -> Response:
    """Take back what was recorded: the task is open again, and the note says so."""
    row = _row(visit, task)
    if not can_undo(row):
        raise UserMistake(
            gettext(
                "a promise or a dispute was recorded with it: change that on the customer's page."
            )
        )
    report = CallReport(BY_MISTAKE, next_on=visit.organisation.today, corrects=True)
    complete_task(visit.actor, visit.container, row.key, report)
    visit.log_words = BY_MISTAKE
    return visit.see(
        visit.address(f"worklist/{row.key}"),
        gettext("Undone. %(contact_name)s is open again.", contact_name=row.action.contact_name),
    )


def can_undo(row: ActionRow) -> bool:
    """Return whether an outcome can be taken back by itself: nothing else was recorded with it."""
    return row.outcome_code in {each.code for each in OUTCOMES if not each.agrees}


def _row(visit: Visit, task: str) -> ActionRow:
    row = task_of(visit.organisation, task)
    visit.about = row.action.contact_name
    return row


def _go_on(visit: Visit, message: str, done: str = "") -> Response:
    following = visit.request.form.get("following", "")
    path = f"worklist/{following}" if following.isalnum() else "worklist"
    kept = {name: visit.request.args.get(name, "") for name in ("for", "due", "kind")}
    return visit.see(visit.address(path, **kept, done=done), message)


def _work_page(visit: Visit, key: str, status: int = 200) -> Response:
    query = visit.request.args
    chosen = WorkFilter(
        query.get("for", "")[:100], query.get("kind", "")[:200], query.get("due") == "all"
    )
    page = work_page(visit.actor, visit.organisation, chosen, key)
    may_agree = visit.may(Permission.AGREE)
    # Nothing is agreed with a supplier here: it owes nothing.
    is_suppliers = page.opened is not None and page.opened.work.row.action.is_about_supplier
    agrees = may_agree and not is_suppliers
    outcomes = [outcome for outcome in OUTCOMES if agrees or not outcome.agrees]
    codes = {outcome.code for outcome in outcomes} - {"instalments"}
    code = visit.request.values.get("outcome", "")
    done = query.get("done", "")
    today = visit.organisation.today
    return visit.page(
        "worklist.html",
        status,
        page=page,
        chosen=chosen,
        outcomes=outcomes,
        outcome=code if code in codes else "spoke",
        typed=visit.request.values,
        usual_day=(today + timedelta(days=PROMISED_DAYS_AHEAD)).isoformat(),
        kept={name: query[name] for name in ("for", "due", "kind") if query.get(name)},
        just_done=next((row for row in page.done if done and row.key == done), None),
        can_undo=can_undo,
        home=visit.organisation.connection.organisation.base_currency,
        today=today,
        label=visit.organisation.label,
        plan_address=_plan_address(visit, page),
    )


def _plan_address(visit: Visit, page: WorkPage) -> str:
    if page.opened is None:
        return ""
    work = page.opened.work
    return visit.address(
        f"customers/{work.row.action.contact_id}/plan",
        invoice=[invoice.id for invoice in work.about],
        task=work.row.key,
    )
