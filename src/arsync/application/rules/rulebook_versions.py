"""The rulebooks that were gone by: recorded before anything is saved, and read again later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.rulebook.effective import effective_text
from arsync.core.rulebook.rules_text import RuleFile, RulesText, short_hash
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules
from arsync.rules_source.tree import TextTree
from arsync.store.admin.rulebook_versions import HASH_CHARACTERS_MIN
from arsync.store.models import VersionRow

_HASH = re.compile(rf"[0-9a-fA-F]{{{HASH_CHARACTERS_MIN},64}}")


class KeptRulebook(NamedTuple):
    """A rulebook of the past: its text, and what this version of arsync reads in it."""

    row: VersionRow
    text: RulesText
    rules: Rules | None
    """None when it cannot be read any more."""
    problems: tuple[str, ...]
    """Why it cannot be read any more."""


class VersionView(Struct, frozen=True):
    """The JSON view of a version."""

    hash: str
    letters_hash: str
    recorded_at: str
    recorded_by: str
    source: str
    redacted_at: str | None
    planned: int


class KeptRulebookView(VersionView, frozen=True):
    """The JSON view of a rulebook of the past, with all its text."""

    rulebook: str | None
    """As it counts, with the place of each part; null when it cannot be read any more."""
    problems: tuple[str, ...]
    files: tuple[dict[str, str], ...]
    letters: tuple[dict[str, str], ...]


def version_view(row: VersionRow) -> VersionView:
    """Return the JSON view of a version."""
    return VersionView(
        row.hash,
        row.letters_hash,
        row.recorded_at.isoformat(),
        row.recorded_by,
        row.source,
        row.redacted_at.isoformat() if row.redacted_at else None,
        row.planned,
    )


def kept_rulebook_view(kept: KeptRulebook) -> KeptRulebookView:
    """Return the JSON view of a rulebook of the past."""

    def files(some: Sequence[RuleFile]) -> tuple[dict[str, str], ...]:
        return tuple({"path": file.path, "text": file.text} for file in some)

    return KeptRulebookView(
        **asdict(version_view(kept.row)),
        rulebook=effective_text(kept.rules.effective) if kept.rules is not None else None,
        problems=kept.problems,
        files=files(kept.text.files),
        letters=files(kept.text.letters),
    )


def keep_rulebook(actor: Actor, organisation: OrganisationContext) -> None:
    """Keep the text of a connection's rulebook, before anything is saved that bears its hash.

    Costs no query when this process has kept it already.

    Raises:
        UserMistake: with every problem of the rulebook.
    """
    permit(actor, Permission.PREPARE)
    _ = organisation.rulebook
    reading = organisation.rules_read
    assert reading.rules.text is not None, "a rulebook without mistakes has a text"
    organisation.store.rulebooks.record(reading.rules.text, who=actor.name, source=reading.source)


def rulebook_versions(actor: Actor, container: Container) -> list[VersionRow]:
    """Return the rulebooks that were gone by, the latest first."""
    permit(actor, Permission.READ)
    return container.store.rulebooks.list()


def kept_rulebook(actor: Actor, container: Container, prefix: str) -> KeptRulebook:
    """Return a rulebook by its hash, or the beginning of it.

    Raises:
        UserMistake: none begins so, or several do.
    """
    permit(actor, Permission.READ)
    row, text = container.store.rulebooks.get(prefix)
    shown = f"{short_hash(row.hash)}:{text.root}"
    try:
        rules = TextTree(text, shown).read(text.connection)
    except UserMistake as mistake:
        return KeptRulebook(row, text, None, (str(mistake),))
    if rules.rulebook is None:
        return KeptRulebook(row, text, None, rules.problems)
    return KeptRulebook(row, text, rules, ())


def is_hash(spec: str) -> bool:
    """Return whether a text may be the beginning of a rulebook's hash."""
    return _HASH.fullmatch(spec) is not None


def kept_rules(actor: Actor, container: Container, prefix: str) -> Rules:
    """Return a rulebook of the past to be tried.

    Raises:
        UserMistake: none begins so, several do, or it cannot be read any more.
    """
    permit(actor, Permission.READ)
    kept = kept_rulebook(actor, container, prefix)
    if kept.rules is None:
        raise UserMistake("\n".join((*kept.problems, _AS_WRITTEN.format(prefix))))
    return kept.rules


_AS_WRITTEN = (
    "this version of arsync cannot read it any more."
    "\n    hint: its text as it was written: arsync rules show --version {} --files"
)


def text_diff(old: RulesText, new: RulesText) -> Iterator[str]:
    """Yield, line by line, how the files and letters of two rulebooks differ.

    Files are matched by their path; of two that are alone under different paths, too.
    """
    sides = [{file.path: file.text for file in (*text.files, *text.letters)} for text in (old, new)]
    gone = [path for path in sides[0] if path not in sides[1]]
    come = [path for path in sides[1] if path not in sides[0]]
    pairs = [(path, path) for path in sides[0] if path in sides[1]]
    if len(gone) == len(come) == 1:
        pairs.append((gone[0], come[0]))
    else:
        pairs += [*((path, "") for path in gone), *(("", path) for path in come)]
    for before, after in sorted(pairs, key=lambda pair: pair[1] or pair[0]):
        yield from unified_diff(
            sides[0].get(before, "").splitlines(),
            sides[1].get(after, "").splitlines(),
            before or "nothing",
            after or "nothing",
            lineterm="",
        )
