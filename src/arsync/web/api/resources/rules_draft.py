"""The draft of a rulebook: written, checked, looked at, and put live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.desk.draft_effect import DraftEffect
from arsync.application.desk.putting_live import (
    ask_second_person,
    put_live,
    readiness,
    shares,
    take_request_back,
)
from arsync.application.desk.rules_draft import (
    FILE_CHARACTERS_MAX,
    CheckedDraft,
    DraftChange,
    Editing,
    changed_files,
    check_draft,
    drop_draft,
    editing,
    is_shared,
    own_files,
    save_draft,
    take_over_live,
)
from arsync.application.permissions import Permission
from arsync.application.rules.rules_push import ChangedRules, PushView, push_changed, push_view
from arsync.application.rules.rules_push_by_two import AskedPushView, PushWaits
from arsync.core.rulebook.rules_text import RuleFile, short_hash
from arsync.errors import UserMistake
from arsync.store.policy.live_requests import LiveRequest
from arsync.web.api.operations import NoBody, Operations
from arsync.web.caller import Caller
from arsync.web.desk.draft_work import (
    SCENARIO_SECONDS_MAX,
    acts_everywhere,
    checking_rules,
    look_at_effect,
    within,
)

operations = Operations("rulebook draft")

BASE = "/connections/{connection}/rulebook"

FILES_MAX = 50
"""So many files one push changes here."""

COUNTING_SECONDS_MAX = 20.0
"""So long customers are counted whom a push treats otherwise."""

FilePath = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="From the rules folder: `books/rules.yaml`."),
]
FileText = Annotated[str, Meta(max_length=FILE_CHARACTERS_MAX)]
Why = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"\S", description="It stands there for good.")
]


class FileBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One file as somebody wrote it."""

    path: FilePath
    text: FileText
    opened: Annotated[FileText, Meta(description="What it said when it was read.")]
    reason: Annotated[str, Meta(max_length=200)] = ""


class PushedFileBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One file as it is to be."""

    path: FilePath
    text: Annotated[FileText, Meta(description="Empty: the file goes.")]
    opened: Annotated[
        FileText | None, Meta(description="What it said when it was read; null: it is new.")
    ] = None


class PushBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Files that were written elsewhere, and why they are pushed."""

    files: Annotated[tuple[PushedFileBody, ...], Meta(min_length=1, max_length=FILES_MAX)]
    reason: Why


class PushedView(Struct, frozen=True):
    """What came of a push."""

    pushed: PushView | None
    """Null: it waits for a second person."""
    waits: AskedPushView | None
    """What it waits for: somebody else who pushes the same; null: it was pushed."""


class LiveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which draft is put live, and why."""

    reason: Why
    seen: Annotated[
        str,
        Meta(pattern="^[0-9a-f]{64}$", description="The `hash` of the draft that was looked at."),
    ]


class DraftFileView(Struct, frozen=True):
    """A file that can be changed."""

    path: str
    text: str
    is_shared: bool
    """Whether other connections go by it as well: who may change it has to be theirs, too."""


class DraftProblemView(Struct, frozen=True):
    """Something wrong in a rulebook."""

    file: str
    line: int
    column: int
    message: str
    hint: str
    severity: str
    """error or warning."""


class DraftView(Struct, frozen=True):
    """What is being written of a rulebook."""

    is_draft: bool
    """False: nobody has begun one; the files are those that count."""
    hash: str
    is_overtaken: bool
    """Whether what counts was changed since the draft was begun."""
    reason: str
    saved_by: str
    saved_at: datetime | None
    files: tuple[DraftFileView, ...]
    changed: tuple[str, ...]
    is_sound: bool
    """Whether anybody could go by it."""
    problems: tuple[DraftProblemView, ...]


class MergedView(Struct, frozen=True):
    """A draft with what changed in the live text since."""

    draft: DraftView
    clashes: tuple[str, ...]
    """Where both changed the same lines: there the draft's stand."""


class DroppedView(Struct, frozen=True):
    """Whether there was a draft to throw away."""

    dropped: bool


class LiveRequestView(Struct, frozen=True):
    """Somebody asked for this draft to be put live by a second person."""

    hash: str
    """Of the draft: of another text another request has to be made."""
    asked_by: str
    asked_at: datetime
    reason: str
    is_own: bool
    """Whether it is the asker's own: then somebody else has to put it live."""


class TakenRequestView(Struct, frozen=True):
    """Whether there was a request of one's own to take back."""

    taken_back: bool


class ReadinessView(Struct, frozen=True):
    """Whether a draft can be put live, and what it would change."""

    hash: str
    """Of the draft: `seen` of putting it live."""
    obstacles: tuple[str, ...]
    """What has to be done first, in sentences; none: it can be put live."""
    can_be_pushed: bool
    """False: this installation goes by its rules folder, and the desk does not write there."""
    is_for_all: bool
    """Whether other connections go by what it changes."""
    scenarios_passed: int
    scenarios_failed: int
    effect: DraftEffect | None
    """What it changes today; null: not worked out yet."""
    needs_two: bool
    """It treats so many customers otherwise that a second person has to put it live."""
    request: LiveRequestView | None
    """Somebody asked for a second person; null: nobody has."""


@operations.read(f"{BASE}/draft", Permission.PUSH_RULES, policy=True)
def get_draft(caller: Caller) -> DraftView:
    """Get the draft with what is wrong in it, or the files to begin one from."""
    return _draft(caller)


@operations.act(f"{BASE}/draft", Permission.PUSH_RULES, audited="saved a draft", policy=True)
def save_file_of_draft(caller: Caller, body: FileBody) -> DraftView:
    """Keep one file of the draft, with whatever is wrong in it; nobody goes by it yet.

    Saved by somebody else since it was read, it is refused (409).
    """
    change = DraftChange(body.path, body.text, body.opened, body.reason)
    save_draft(caller.actor, caller.organisation, change, everywhere=acts_everywhere(caller))
    caller.about, caller.log_words = body.path, body.reason
    return _draft(caller)


@operations.act(f"{BASE}/draft/drop", Permission.PUSH_RULES, audited="dropped a draft")
def throw_draft_away(caller: Caller, body: NoBody) -> DroppedView:
    """Throw the draft away."""
    return DroppedView(drop_draft(caller.actor, caller.organisation))


@operations.act(f"{BASE}/draft/merge", Permission.PUSH_RULES, audited="merged a draft", policy=True)
def merge_draft(caller: Caller, body: NoBody) -> MergedView:
    """Take what changed in the live text since into the draft."""
    clashes = take_over_live(caller.actor, caller.organisation)
    return MergedView(_draft(caller), clashes)


@operations.act(f"{BASE}/draft/work-out", Permission.PUSH_RULES, amounts=True)
def check_effect(caller: Caller, body: NoBody) -> ReadinessView:
    """Work out what the draft changes; on a large ledger it is not there at once: get it later."""
    look_at_effect(caller, again=True)
    return _readiness(caller)


@operations.read(f"{BASE}/draft/readiness", Permission.PUSH_RULES, amounts=True)
def get_readiness(caller: Caller) -> ReadinessView:
    """Get whether the draft can be put live, and what it would change."""
    return _readiness(caller)


@operations.act(f"{BASE}/draft/ask", Permission.PUSH_RULES, audited="asked for a second person")
def ask_for_second_person(caller: Caller, body: LiveBody) -> LiveRequestView:
    """Ask for the draft to be put live by a second person; refused where one is enough.

    The request is about this text: once it is changed, it has to be asked for again.
    """
    with checking_rules():
        request = ask_second_person(
            caller.actor,
            caller.organisation,
            reason=body.reason,
            seen=body.seen,
            go_on=within(SCENARIO_SECONDS_MAX),
        )
    caller.log_words = body.reason
    return _request(caller, request)


@operations.act(
    f"{BASE}/draft/take-back",
    Permission.PUSH_RULES,
    audited="took the request for a second person back",
)
def take_own_request_back(caller: Caller, body: NoBody) -> TakenRequestView:
    """Take one's own request for a second person back."""
    return TakenRequestView(take_request_back(caller.actor, caller.organisation))


@operations.act(f"{BASE}/draft/live", Permission.PUSH_RULES, audited="put rules live")
def put_draft_live(caller: Caller, body: LiveBody) -> PushView:
    """Put the draft live: every machine goes by it from its next run on.

    It has no mistakes, its scenarios pass, and what it changes was worked out; else it is refused.
    Where it `needs_two`, somebody else asked for it before.
    """
    with checking_rules():
        pushed = put_live(
            caller.actor,
            caller.organisation,
            everywhere=acts_everywhere(caller),
            reason=body.reason,
            seen=body.seen,
            go_on=within(SCENARIO_SECONDS_MAX),
        )
    caller.about = f"push {pushed.row.id}, {short_hash(pushed.rulebooks[0].hash)}"
    caller.log_words = body.reason
    return push_view(pushed)


@operations.act(f"{BASE}/push", Permission.PUSH_RULES, audited="pushed rules")
def push_rule_files(caller: Caller, body: PushBody) -> PushedView:
    """Push files that were written elsewhere, once all rules are checked; others stay as they are.

    What was changed since it was read is refused (409). Where two people have to want a large
    change, it waits until somebody else pushes the same. Scenarios are not played.
    """
    files = tuple(RuleFile(file.path, file.text) for file in body.files)
    opened = {file.path: file.opened for file in body.files if file.opened is not None}
    caller.log_words = body.reason
    try:
        with checking_rules():
            pushed = push_changed(
                caller.actor,
                caller.container,
                caller.organisation,
                ChangedRules(files, opened, body.reason),
                everywhere=acts_everywhere(caller),
                go_on=within(COUNTING_SECONDS_MAX),
            )
    except PushWaits as waits:
        caller.about = f"asked for a second person, {short_hash(waits.view.hash)}"
        return PushedView(None, waits.view)
    caller.about = f"push {pushed.row.id}, {short_hash(pushed.rulebooks[0].hash)}"
    return PushedView(push_view(pushed), None)


def _draft(caller: Caller) -> DraftView:
    organisation = caller.organisation
    now = editing(caller.actor, organisation)
    with checking_rules():
        checked = check_draft(caller.actor, organisation, now.text)
    draft = now.draft
    return DraftView(
        draft is not None,
        now.text.whole_hash,
        now.is_overtaken,
        draft.reason if draft else "",
        draft.saved_by if draft else "",
        draft.saved_at if draft else None,
        tuple(
            DraftFileView(file.path, file.text, is_shared(organisation, file.path))
            for file in own_files(organisation, now.text)
        ),
        _changed(now),
        checked.is_sound,
        tuple(_problems(checked)),
    )


def _changed(now: Editing) -> tuple[str, ...]:
    if now.draft is None:
        return ()
    files, _ = changed_files(now.draft)
    return tuple(file.path for file in files)


def _problems(checked: CheckedDraft) -> Iterator[DraftProblemView]:
    for problem in (*(fault.problem for fault in checked.faults), *checked.warnings):
        yield DraftProblemView(
            problem.file.removeprefix(f"{checked.text.root}/"),
            problem.line,
            problem.column,
            problem.message,
            problem.hint,
            problem.severity,
        )


def _readiness(caller: Caller) -> ReadinessView:
    organisation = caller.organisation
    with checking_rules():
        ready = readiness(caller.actor, organisation, within(SCENARIO_SECONDS_MAX))
    if ready is None:
        raise UserMistake("there is no draft.")
    return ReadinessView(
        ready.now.text.whole_hash,
        ready.obstacles,
        ready.is_pushed,
        shares(organisation, ready.now),
        ready.scenarios.passed,
        ready.scenarios.failed,
        ready.effect,
        ready.needs_two,
        _request(caller, ready.request) if ready.request is not None else None,
    )


def _request(caller: Caller, request: LiveRequest) -> LiveRequestView:
    return LiveRequestView(
        request.draft_hash,
        request.who,
        request.asked_at,
        request.reason,
        request.user_id == caller.actor.user_id,
    )
