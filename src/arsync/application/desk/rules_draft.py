"""The rulebook as people write it at the desk: the live text, the draft, and what is wrong with it.

A draft is all files of one connection's rulebook as somebody wants them, beside the live ones that
they were begun from. Nobody goes by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.rules_reading import STORE, ReadRules
from arsync.application.permissions import Actor, NotPermitted, Permission, permit
from arsync.core.rulebook import Problem, rulebook_warnings
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.core.rulebook.three_way import Merged, merged
from arsync.errors import Overtaken, UserMistake
from arsync.rules_source.folder import Rules
from arsync.rules_source.holiday_regions import region_warnings
from arsync.rules_source.tree import TextTree
from arsync.rules_source.whole_folder import folder_text
from arsync.store.policy.rules_drafts import DraftRow
from arsync.translation import gettext

FILE_CHARACTERS_MAX = 100_000
"""A longer file is written in the folder: it is read anew at each pause of whoever writes."""

OWN_FILE = "rules.yaml"
"""The file of a connection that had no rules of its own."""

_GUESS = re.compile(r"did you mean '(?P<word>[^']+)'\?")
_QUOTED = re.compile(r"'([^']+)'")


class Mend(NamedTuple):
    """How a slip is mended: which characters of which line, and what stands there instead."""

    line: int
    column: int
    """The first character, from 1."""
    wrong: str
    right: str


class DraftFault(NamedTuple):
    """Something wrong in a rulebook, and how it is mended where that is known."""

    problem: Problem
    mend: Mend | None = None


class CheckedDraft(NamedTuple):
    """A text, as it is read."""

    text: RulesText
    rules: Rules | None
    """None: there is no rulebook in it at all."""
    faults: tuple[DraftFault, ...]
    """Errors: nobody can go by it before they are gone."""
    warnings: tuple[Problem, ...]

    @property
    def is_sound(self) -> bool:
        """Return whether somebody could go by it."""
        return self.rules is not None and self.rules.rulebook is not None and not self.faults


class Editing(NamedTuple):
    """What is being written of one connection's rulebook."""

    live: RulesText
    text: RulesText
    """The draft; without one, the live text."""
    draft: DraftRow | None

    @property
    def is_overtaken(self) -> bool:
        """Return whether the live text changed since the draft was begun."""
        return self.draft is not None and self.draft.base.whole_hash != self.live.whole_hash


class DraftChange(NamedTuple):
    """One file as somebody wrote it."""

    path: str
    text: str
    opened: str
    """What it said when it was opened."""
    reason: str


class WrittenMeanwhile(Overtaken):
    """Somebody else saved the same file since it was opened."""

    def __init__(self, saved_by: str, saved: str, together: Merged) -> None:
        """Tell of it.

        Args:
            saved_by: who; empty: the live text was changed.
            saved: the file as it was saved.
            together: the file with both changes.
        """
        super().__init__(gettext("somebody else saved it meanwhile."))
        self.saved_by = saved_by
        self.saved = saved
        self.together = together


def live_text(organisation: OrganisationContext) -> RulesText:
    """Return the files of the live rulebook, also where they have mistakes.

    Raises:
        UserMistake: there is no rules folder, or nothing was pushed.
    """
    if organisation.rules.text is not None:
        return organisation.rules.text
    container = organisation.container
    if container.config.rules.source == STORE:
        last = container.store.pushes.last()
        whole = last.text if last is not None else RulesText("rules", ())
    else:
        whole = folder_text(container.config)
    others = {f"{name}/" for name in container.store.connections.all_names()}
    others.discard(f"{organisation.name}/")

    def mine(files: tuple[RuleFile, ...]) -> tuple[RuleFile, ...]:
        return tuple(file for file in files if not file.path.startswith(tuple(others)))

    return RulesText(whole.root, mine(whole.files), mine(whole.letters), organisation.name)


def editing(actor: Actor, organisation: OrganisationContext) -> Editing:
    """Return what is being written: the draft, or the live text where there is none.

    Raises:
        UserMistake: there are no rules at all.
    """
    permit(actor, Permission.PUSH_RULES)
    live = live_text(organisation)
    draft = organisation.store.drafts.get(organisation.id)
    return Editing(live, draft.text if draft is not None else live, draft)


def own_files(organisation: OrganisationContext, text: RulesText) -> list[RuleFile]:
    """Return the files that can be changed; the connection's own come last.

    One that has no rules of its own is offered an empty file for them.
    """
    written = [file for file in text.files if not file.is_shipped]
    own = f"{organisation.name}/"
    if not any(file.path.startswith(own) for file in written):
        written.append(RuleFile(f"{own}{OWN_FILE}", ""))
    return written


def is_shared(organisation: OrganisationContext, path: str) -> bool:
    """Return whether other connections go by a file as well."""
    return not path.startswith(f"{organisation.name}/")


def with_file(text: RulesText, path: str, words: str) -> RulesText:
    """Return a text with one file as it is given; without any words, it goes."""
    if any(file.path == path for file in text.files):
        files = [RuleFile(path, words) if file.path == path else file for file in text.files]
    else:
        files = [*text.files, RuleFile(path, words)]
    kept = tuple(file for file in files if file.path != path or file.text.strip())
    return replace(text, files=kept)


def save_draft(
    actor: Actor,
    organisation: OrganisationContext,
    change: DraftChange,
    *,
    everywhere: Actor | None,
) -> None:
    """Keep one file as somebody wrote it, with whatever is wrong in it.

    Args:
        actor: who writes.
        organisation: whose rulebook.
        change: the file.
        everywhere: as what they act on all connections; None: they do not.

    Raises:
        NotPermitted: it is not theirs to change.
        WrittenMeanwhile: somebody else saved it since it was opened.
        UserMistake: there is no such file, or it is too long.
    """
    permit(actor, Permission.PUSH_RULES)
    if is_shared(organisation, change.path) and everywhere is None:
        raise NotPermitted(
            gettext(
                "%(path)s is shared by all connections: %(name)s may not.",
                path=change.path,
                name=actor.name,
            )
        )
    now = editing(actor, organisation)
    saved = file_named(organisation, now.text, change.path).text
    if len(change.text) > FILE_CHARACTERS_MAX:
        raise UserMistake(
            gettext(
                "a file has at most %(limit)s characters here.",
                limit=format(FILE_CHARACTERS_MAX, ","),
            )
        )
    if _lines(saved) != _lines(change.opened) and _lines(saved) != _lines(change.text):
        together = merged(_lines(change.opened), _lines(saved), _lines(change.text))
        raise WrittenMeanwhile(now.draft.saved_by if now.draft else "", saved, together)
    organisation.store.drafts.save(
        organisation.id,
        with_file(now.text, change.path, _lines(change.text)),
        base=now.draft.base if now.draft is not None else now.live,
        reason=change.reason,
        who=actor.name,
        over=now.text.whole_hash if now.draft is not None else "",
    )


def file_named(organisation: OrganisationContext, text: RulesText, path: str) -> RuleFile:
    """Return a file that can be changed.

    Raises:
        UserMistake: there is none of that name.
    """
    for file in own_files(organisation, text):
        if file.path == path:
            return file
    raise UserMistake(gettext("there is no file %(path)s among the rules.", path=repr(path)))


def take_over_live(actor: Actor, organisation: OrganisationContext) -> tuple[str, ...]:
    """Put what changed in the live text since the draft was begun into the draft.

    Returns:
        The places, as `standard.yaml, line 12`, at which both changed the same lines: there the
        draft's stand.

    Raises:
        Overtaken: somebody saved the draft meanwhile.
    """
    permit(actor, Permission.PUSH_RULES)
    now = editing(actor, organisation)
    if now.draft is None:
        return ()
    base, live, draft = (_by_path(text) for text in (now.draft.base, now.live, now.draft.text))
    clashes: list[str] = []
    text = replace(now.live, connection=now.draft.text.connection or now.live.connection)
    for path in dict.fromkeys([*live, *draft]):
        together = merged(base.get(path, ""), live.get(path, ""), draft.get(path, ""))
        text = with_file(text, path, together.text)
        clashes += [
            gettext("%(path)s, line %(line)s", path=path, line=line) for line in together.clashes
        ]
    organisation.store.drafts.save(
        organisation.id,
        text,
        base=now.live,
        reason=now.draft.reason,
        who=actor.name,
        over=now.draft.text.whole_hash,
    )
    return tuple(clashes)


def drop_draft(actor: Actor, organisation: OrganisationContext) -> bool:
    """Throw the draft away; return whether there was one."""
    permit(actor, Permission.PUSH_RULES)
    return organisation.store.drafts.drop(organisation.id)


def changed_files(draft: DraftRow) -> tuple[tuple[RuleFile, ...], Mapping[str, str]]:
    """Return the files that a draft changes, and what each said before."""
    base, text = _by_path(draft.base), _by_path(draft.text)
    paths = [path for path in dict.fromkeys([*base, *text]) if base.get(path) != text.get(path)]
    files = tuple(RuleFile(path, text.get(path, "")) for path in paths)
    return files, {path: base[path] for path in paths if path in base}


def check_draft(actor: Actor, organisation: OrganisationContext, text: RulesText) -> CheckedDraft:
    """Return what is wrong with a text as the rulebook of a connection."""
    permit(actor, Permission.READ)
    try:
        rules = TextTree(text).read(organisation.name)
    except UserMistake as mistake:
        return CheckedDraft(text, None, (DraftFault(Problem("", 0, 0, str(mistake))),), ())
    files = {f"{text.root}/{file.path}".lstrip("/"): file.text for file in text.files}
    faults = [
        DraftFault(problem, mend_of(problem, files.get(problem.file, "")))
        for problem in rules.faults
        if problem.severity == "error"
    ]
    warnings = [problem for problem in rules.faults if problem.severity != "error"]
    if rules.rulebook is not None:
        context = drafted(organisation.container, organisation, rules)
        faults += [DraftFault(_placed(misfit)) for misfit in context.misfits]
        own = frozenset(name.rpartition(".")[0] for name in rules.letters.own_names)
        warnings += [*rulebook_warnings(rules.rulebook, own), *region_warnings(rules.rulebook)]
        warnings += rules.doubts
    return CheckedDraft(text, rules, tuple(faults), tuple(dict.fromkeys(warnings)))


def drafted(
    container: Container, organisation: OrganisationContext, rules: Rules
) -> OrganisationContext:
    """Return an organisation as if it went by these rules."""
    return OrganisationContext(container, organisation.connection, ReadRules(rules, "the draft"))


def mend_of(problem: Problem, text: str) -> Mend | None:
    """Return how a slip is mended; None where nobody knows what was meant, or where it stands."""
    guess = _GUESS.search(problem.hint)
    lines = text.splitlines()
    if guess is None or not 0 < problem.line <= len(lines):
        return None
    onwards = lines[problem.line - 1][problem.column - 1 :]
    quote = len(onwards) - len(onwards.lstrip("'\""))
    for wrong in _QUOTED.findall(problem.message):
        if onwards[quote:].startswith(wrong):
            return Mend(problem.line, problem.column + quote, wrong, guess["word"])
    return None


def mended(text: str, mend: Mend) -> str:
    """Return a text with a slip mended."""
    lines = text.splitlines(keepends=True)
    line, start = lines[mend.line - 1], mend.column - 1
    lines[mend.line - 1] = line[:start] + mend.right + line[start + len(mend.wrong) :]
    return "".join(lines)


def _placed(words: str) -> Problem:
    """Return what was said with its place in front, as a problem of that place."""
    first, _, hint = words.partition("\n    hint: ")
    match = re.fullmatch(r"(?s)([^:\n]+):(\d+):(\d+): (.*)", first)
    if match is None:
        return Problem("", 0, 0, first, hint)
    return Problem(match[1], int(match[2]), int(match[3]), match[4], hint)


def _by_path(text: RulesText) -> dict[str, str]:
    return {file.path: file.text for file in _written(text)}


def _written(text: RulesText) -> Iterator[RuleFile]:
    return (file for file in text.files if not file.is_shipped)


def _lines(text: str) -> str:
    """Return a text as it is kept: browsers end lines otherwise."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
