"""The rulebook: the live text and those before it, and the draft with everything it changes."""

from __future__ import annotations

from collections.abc import Iterator

from flask import jsonify
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from arsync.application.decisions.why import why
from arsync.application.desk.putting_live import (
    ask_second_person,
    put_live,
    readiness,
    scenarios_of,
    shares,
    take_request_back,
)
from arsync.application.desk.rules_draft import (
    FILE_CHARACTERS_MAX,
    CheckedDraft,
    DraftChange,
    WrittenMeanwhile,
    check_draft,
    drafted,
    drop_draft,
    editing,
    file_named,
    is_shared,
    mended,
    own_files,
    save_draft,
    take_over_live,
    with_file,
)
from arsync.application.desk.rules_versions import live_rules, version_of
from arsync.application.desk.tries import (
    effect_of,
    settings_of,
    tries_of_draft,
)
from arsync.application.permissions import NotPermitted, Permission, permit
from arsync.application.results import Why
from arsync.core.rulebook.rules_text import short_hash
from arsync.core.rulebook.three_way import diff_lines
from arsync.core.trials.rulebook_diff import action_in_words
from arsync.errors import Overtaken, UserMistake
from arsync.store.policy.tries import TryKind
from arsync.translation import gettext
from arsync.web.desk.answers import file_answer
from arsync.web.desk.draft_work import (
    SCENARIO_SECONDS_MAX,
    acts_everywhere,
    checking_rules,
    look_at_effect,
    within,
)
from arsync.web.desk.editor_words import editor_words
from arsync.web.desk.guard import style_nonce
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

REASON_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 200


@routes.page("/c/<connection>/rules", amounts=True)
def rules(visit: Visit) -> Response:
    """Show the live rulebook, and the versions before it."""
    with checking_rules():
        live = live_rules(visit.actor, visit.organisation)
    return visit.page(
        "rules.html",
        live=live,
        short=short_hash,
        has_draft=visit.may(Permission.PUSH_RULES)
        and visit.organisation.store.drafts.get(visit.organisation.id) is not None,
    )


@routes.page("/c/<connection>/rules/<version>", amounts=True)
def version(visit: Visit, version: str) -> Response:
    """Show a rulebook that was gone by, and how it differs from the live one."""
    try:
        kept = version_of(visit.actor, visit.organisation, version)
        live = live_rules(visit.actor, visit.organisation)
    except UserMistake as mistake:
        raise NotFound(str(mistake)) from None
    now = {file.path: file.text for file in live.text.files}
    diffs = [
        (file, list(diff_lines(file.text, now.get(file.path, ""))))
        for file in kept.text.files
        if not file.is_shipped
    ]
    return visit.page(
        "rules_version.html",
        kept=kept,
        diffs=diffs,
        is_live=kept.row.hash == live.text.hash,
        short=short_hash,
    )


@routes.page("/c/<connection>/rules/draft", Permission.PUSH_RULES, amounts=True)
def draft(visit: Visit) -> Response:
    """Show the draft, or the live text to begin one from."""
    return _editor(visit)


@routes.act("/c/<connection>/rules/draft", Permission.PUSH_RULES, audited="saved a draft")
def save(visit: Visit) -> Response:
    """Keep the draft, or look at it without keeping it."""
    form = visit.request.form
    change = DraftChange(
        form.get("file", ""),
        _lines(form.get("text", "")),
        _lines(form.get("opened", "")),
        form.get("reason", "").strip()[:REASON_CHARACTERS_MAX],
    )
    if len(change.text) > FILE_CHARACTERS_MAX:
        visit.field_errors["text"] = gettext(
            "A file has at most %(limit)s characters.",
            limit=format(FILE_CHARACTERS_MAX, ","),
        )
        return _editor(visit, change=change._replace(text=change.opened), status=422)
    if form.get("do") == "check":
        return _editor(visit, change=change)
    if form.get("do", "").startswith("mend "):
        change = change._replace(text=_mended(visit, change, form["do"].removeprefix("mend ")))
    try:
        save_draft(visit.actor, visit.organisation, change, everywhere=acts_everywhere(visit))
    except WrittenMeanwhile as meanwhile:
        visit.field_errors["text"] = gettext(
            "%(saved_by)s saved this file while you wrote. Both changes stand below; "
            "nothing was saved yet.",
            saved_by=meanwhile.saved_by or "Somebody",
        )
        return _editor(visit, change=change, meanwhile=meanwhile, status=422)
    visit.about = change.path
    visit.log_words = change.reason
    look_at_effect(visit)
    return visit.see(
        visit.address("rules/draft", file=change.path),
        gettext("Saved as a draft. Nobody goes by it yet."),
    )


@routes.act("/c/<connection>/rules/draft/check", Permission.PUSH_RULES)
def check(visit: Visit) -> Response:
    """Return as JSON what is wrong with a text, for the editor."""
    form = visit.request.form
    path, words = form.get("file", ""), _lines(form.get("text", ""))
    if len(words) > FILE_CHARACTERS_MAX:
        return _json({"problems": [], "is_sound": False, "is_too_long": True}, 422)
    now = editing(visit.actor, visit.organisation)
    file_named(visit.organisation, now.text, path)
    with checking_rules():
        checked = check_draft(visit.actor, visit.organisation, with_file(now.text, path, words))
    return _json({"is_sound": checked.is_sound, "problems": list(_problems(checked, path))}, 200)


@routes.page("/c/<connection>/rules/draft/words", Permission.PUSH_RULES)
def words(visit: Visit) -> Response:
    """Return as JSON the words that the editor completes."""
    permit(visit.actor, Permission.PUSH_RULES)
    return _json(editor_words(), 200)


@routes.page("/c/<connection>/rules/draft/file", Permission.PUSH_RULES, amounts=True)
def download(visit: Visit) -> Response:
    """Return a file of the draft, for whoever keeps the rules folder."""
    now = editing(visit.actor, visit.organisation)
    try:
        file = file_named(visit.organisation, now.text, visit.request.args.get("file", ""))
    except UserMistake as mistake:
        raise NotFound(str(mistake)) from None
    return file_answer(file.text, "application/yaml", file.path.rpartition("/")[2])


@routes.act("/c/<connection>/rules/draft/drop", Permission.PUSH_RULES, audited="dropped a draft")
def drop(visit: Visit) -> Response:
    """Throw the draft away."""
    drop_draft(visit.actor, visit.organisation)
    return visit.see(
        visit.address("rules"), gettext("The draft is gone. The live rulebook is as it was.")
    )


@routes.act(
    "/c/<connection>/rules/draft/live-text", Permission.PUSH_RULES, audited="merged a draft"
)
def take_over(visit: Visit) -> Response:
    """Put what changed in the live text meanwhile into the draft."""
    clashes = take_over_live(visit.actor, visit.organisation)
    look_at_effect(visit)
    message = gettext("The draft has the live text's changes.")
    if clashes:
        message += gettext(
            " Both changed the same lines at %(join)s: there the draft's stand.",
            join="; ".join(clashes),
        )
    return visit.see(visit.address("rules/draft"), message)


@routes.act("/c/<connection>/rules/draft/look", Permission.PUSH_RULES)
def look(visit: Visit) -> Response:
    """Work out once more what the draft changes, on the ledger as it is now."""
    look_at_effect(visit, again=True)
    return visit.see(visit.address("rules/draft"))


@routes.page("/c/<connection>/rules/draft/live", Permission.PUSH_RULES, amounts=True)
def ask_live(visit: Visit) -> Response:
    """Ask whether the draft is to go live, and show what that means."""
    return _live_page(visit)


@routes.act(
    "/c/<connection>/rules/draft/live/ask",
    Permission.PUSH_RULES,
    audited="asked for rules to go live",
)
def ask_for_live(visit: Visit) -> Response:
    """Ask a second person to put the draft live, or take that back."""
    form = visit.request.form
    if "take_back" in form:
        take_request_back(visit.actor, visit.organisation)
        visit.log_words = "taken back"
        return visit.see(visit.address("rules/draft/live"), gettext("Taken back."))
    reason = form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    if not reason:
        visit.field_errors["reason"] = gettext("Say why: whoever confirms it reads it.")
        return _live_page(visit, 422)
    try:
        ask_second_person(
            visit.actor,
            visit.organisation,
            reason=reason,
            seen=form.get("seen", ""),
            go_on=within(SCENARIO_SECONDS_MAX),
        )
    except NotPermitted:
        raise
    except UserMistake as mistake:
        visit.field_errors["live"] = str(mistake).partition("\n")[0]
        return _live_page(visit, 422)
    visit.log_words = reason
    return visit.see(
        visit.address("rules/draft/live"), gettext("Asked. A second person has to confirm it here.")
    )


@routes.act("/c/<connection>/rules/draft/live", Permission.PUSH_RULES, audited="put rules live")
def go_live(visit: Visit) -> Response:
    """Put the draft live."""
    form = visit.request.form
    reason = form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    if not reason:
        visit.field_errors["reason"] = gettext("Say why: it stands with this version for good.")
        return _live_page(visit, 422)
    try:
        pushed = put_live(
            visit.actor,
            visit.organisation,
            everywhere=acts_everywhere(visit),
            reason=reason,
            seen=form.get("seen", ""),
            go_on=within(SCENARIO_SECONDS_MAX),
        )
    except (Overtaken, NotPermitted):
        raise
    except UserMistake as mistake:
        visit.field_errors["live"] = str(mistake).partition("\n")[0]
        return _live_page(visit, 422)
    visit.about = f"push {pushed.row.id}, {short_hash(pushed.rulebooks[0].hash)}"
    visit.log_words = reason
    return visit.see(
        visit.address("rules"), gettext("Live. Every machine goes by it from its next run on.")
    )


# -- the editor ---------------------------------------------------------------------------------


def _editor(
    visit: Visit,
    *,
    change: DraftChange | None = None,
    meanwhile: WrittenMeanwhile | None = None,
    status: int = 200,
) -> Response:
    organisation = visit.organisation
    now = editing(visit.actor, organisation)
    files = own_files(organisation, now.text)
    wanted_path = change.path if change is not None else visit.request.args.get("file", "")
    file = next((each for each in files if each.path == wanted_path), files[0])
    text = meanwhile.together.text if meanwhile else change.text if change else file.text
    tried = with_file(now.text, file.path, text) if text.strip() or file.text else now.text
    with checking_rules():
        checked = check_draft(visit.actor, organisation, tried)
        scenarios = scenarios_of(visit.actor, organisation, checked, within(SCENARIO_SECONDS_MAX))
    live = next((each.text for each in now.live.files if each.path == file.path), "")
    row, effect = effect_of(
        visit.actor,
        organisation,
        now.text.whole_hash if now.draft is not None else "",
        or_before=now.draft is not None and not checked.is_sound,
    )
    customer = visit.request.args.get("customer", "").strip()[:NAME_CHARACTERS_MAX]
    explained, problem = _explained(visit, checked, customer)
    return visit.page(
        "rules_draft.html",
        status,
        now=now,
        files=files,
        file=file,
        text=text,
        opened=meanwhile.saved if meanwhile else file.text,
        meanwhile=meanwhile,
        theirs=list(diff_lines(change.opened, meanwhile.saved)) if meanwhile and change else [],
        yours=list(diff_lines(meanwhile.saved, text)) if meanwhile else [],
        diff=list(diff_lines(live, text)) if live != text else [],
        live_file=live,
        checked=checked,
        problems=list(_problems(checked, file.path)),
        scenarios=scenarios,
        row=row,
        effect=effect,
        lines=[line for line in effect.lines if line.file.endswith(file.path)] if effect else [],
        tried_of_draft=tries_of_draft(
            visit.actor, organisation, now.text.whole_hash if now.draft is not None else ""
        ),
        settings_of=settings_of,
        kinds=TryKind,
        reason=change.reason if change else now.draft.reason if now.draft else "",
        is_unsaved=change is not None,
        may_write=not is_shared(organisation, file.path) or acts_everywhere(visit) is not None,
        is_shared=is_shared(organisation, file.path),
        customer=customer,
        explained=explained,
        in_words=action_in_words,
        explained_problem=problem,
        nonce=style_nonce(),
        short=short_hash,
        home=organisation.connection.organisation.base_currency,
    )


def _live_page(visit: Visit, status: int = 200) -> Response:
    with checking_rules():
        ready = readiness(visit.actor, visit.organisation, within(SCENARIO_SECONDS_MAX))
    if ready is None or ready.now.draft is None:
        return visit.see(visit.address("rules/draft"), gettext("There is no draft to put live."))
    draft_files = {file.path: file.text for file in ready.now.text.files if not file.is_shipped}
    live_files = {file.path: file.text for file in ready.now.live.files if not file.is_shipped}
    diffs = [
        (path, list(diff_lines(live_files.get(path, ""), draft_files.get(path, ""))))
        for path in dict.fromkeys([*live_files, *draft_files])
        if live_files.get(path) != draft_files.get(path)
    ]
    reason = visit.request.form.get("reason", ready.now.draft.reason)
    is_for_all = shares(visit.organisation, ready.now)
    return visit.page(
        "rules_live.html",
        status,
        ready=ready,
        diffs=diffs,
        reason=reason,
        seen=ready.now.text.whole_hash,
        is_for_all=is_for_all,
        may_all=not is_for_all or acts_everywhere(visit) is not None,
        connections=len(visit.container.store.connections.all()),
        home=visit.organisation.connection.organisation.base_currency,
    )


def _explained(visit: Visit, checked: CheckedDraft, customer: str) -> tuple[Why | None, str]:
    """Return what the text does about one customer, and why."""
    if not customer:
        return None, ""
    if checked.rules is None or not checked.is_sound:
        return None, gettext("Mend the problems first.")
    try:
        context = drafted(visit.container, visit.organisation, checked.rules)
        return why(visit.actor, context, customer), ""
    except UserMistake as mistake:
        return None, str(mistake)


def _problems(checked: CheckedDraft, path: str) -> Iterator[dict[str, object]]:
    """Yield what is wrong, for the page and for the editor, that of the open file first."""
    every = [(fault.problem, fault.mend) for fault in checked.faults]
    every += [(warning, None) for warning in checked.warnings]
    shown = f"{checked.text.root}/{path}".lstrip("/")
    for problem, mend in sorted(every, key=lambda each: each[0].file != shown):
        yield {
            "file": problem.file.removeprefix(f"{checked.text.root}/"),
            "here": problem.file == shown,
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "hint": problem.hint,
            "severity": problem.severity,
            "mend": mend._asdict() if mend is not None and problem.file == shown else None,
        }


def _mended(visit: Visit, change: DraftChange, place: str) -> str:
    """Return the text with the slip mended that stands at a place, `12:5`."""
    now = editing(visit.actor, visit.organisation)
    tried = with_file(now.text, change.path, change.text)
    with checking_rules():
        checked = check_draft(visit.actor, visit.organisation, tried)
    for fault in checked.faults:
        mend = fault.mend
        if mend is not None and place == f"{fault.problem.line}:{fault.problem.column}":
            return mended(change.text, mend)
    return change.text


def _json(value: object, status: int) -> Response:
    response = jsonify(value)
    response.status_code = status
    return response


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
