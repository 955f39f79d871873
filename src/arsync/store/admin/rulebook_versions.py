"""The text of each rulebook by which something was planned or carried out, by its hash.

Plans, actions and limits bear the hash of their rulebook; here stands what it said. A text is
written once, by the first run that goes by it, and never changed; only a customer's name is taken
out of it when the customer is forgotten, and that is marked.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arsync.clock import Clock
from arsync.core.rulebook.rules_text import SHORT_HASH_CHARACTERS, RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.store.db.database import Database
from arsync.store.db.policy_tables import rules_drafts
from arsync.store.db.tables import actions, pushed_rules, rulebook_versions
from arsync.store.ledger.record_rows import FORGOTTEN
from arsync.store.models import VersionRow

VERSION_BYTES_MAX = 25_000_000
"""A rulebook with its letters. A larger one is kept without them: a rulebook alone is never so
large."""

KEPT_TEXT_BYTES_MAX = 100_000_000
"""What is kept is never unpacked to more than this: a damaged row must not fill the memory."""

REMEMBERED_MAX = 10_000
"""So many versions a process remembers having recorded; then it asks the store anew."""

HASH_CHARACTERS_MIN = 6
"""Fewer characters of a hash are a typing mistake, not a choice."""

NAMED_MAX = 5
"""So many versions are named to somebody whose hash begins several."""

_LOG = logging.getLogger(__name__)


class RulebookVersions:
    """The table of rulebooks' texts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        bytes_max: int = VERSION_BYTES_MAX,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        """Work on this database; the limits are smaller in tests."""
        self._database = database
        self._clock = clock
        self._bytes_max = bytes_max
        self._remembered_max = remembered_max
        self._recorded: set[tuple[str, str]] = set()
        self._guard = Lock()

    def record(self, *texts: RulesText, who: str, source: str) -> None:
        """Keep texts, unless they are kept already. Asks nothing of those this process recorded.

        Args:
            texts: each of one rulebook and its letters.
            who: on whose behalf they are used.
            source: where they were read.
        """
        identities = {(text.hash, text.letters_hash): text for text in texts}
        with self._guard:
            unrecorded = [text for key, text in identities.items() if key not in self._recorded]
        if not unrecorded:
            return
        told_of = {"recorded_at": self._clock.now(), "recorded_by": who, "source": source}
        with self._database.write() as db:
            make = sqlite if db.dialect.name == "sqlite" else postgresql
            for text in unrecorded:
                row = make.insert(rulebook_versions).values({**self._kept(text), **told_of})
                db.execute(row.on_conflict_do_nothing())
        with self._guard:
            if len(self._recorded) + len(identities) > self._remembered_max:
                self._recorded.clear()
            self._recorded.update(islice(identities, self._remembered_max))

    def _kept(self, text: RulesText) -> dict[str, str | bytes | None]:
        content = packed(text, self._bytes_max)
        if content is None:
            _LOG.warning(
                "the letters of rulebook %s are larger than %s bytes: it is kept without them",
                text.hash[:SHORT_HASH_CHARACTERS],
                f"{self._bytes_max:,}",
            )
            text = msgspec.structs.replace(text, letters=())
            content = packed(text)
        return {"hash": text.hash, "letters_hash": text.letters_hash, "content": content}

    def list(self) -> list[VersionRow]:
        """Return all versions, the latest first, each with how many actions its hash planned."""
        columns = actions.c
        planned = (
            select(columns.rulebook_hash, func.count().label("planned"))
            .group_by(columns.rulebook_hash)
            .subquery()
        )
        counted = func.coalesce(planned.c.planned, 0)
        query = (
            _rows()
            .add_columns(counted)
            .join_from(
                rulebook_versions,
                planned,
                planned.c.rulebook_hash == rulebook_versions.c.hash,
                isouter=True,
            )
        )
        with self._database.read() as db:
            return [VersionRow(*row) for row in db.execute(query)]

    def of_connection(self, connection_id: int, hashes: Collection[str]) -> Sequence[VersionRow]:
        """Return the versions that planned something for a connection, the latest first.

        Args:
            connection_id: whose.
            hashes: these as well, whatever they planned.
        """
        columns = actions.c
        planned = (
            select(columns.rulebook_hash, func.count().label("planned"))
            .where(columns.connection_id == connection_id)
            .group_by(columns.rulebook_hash)
            .subquery()
        )
        counted = func.coalesce(planned.c.planned, 0)
        mine = or_(planned.c.planned > 0, rulebook_versions.c.hash.in_(hashes))
        query = (
            _rows()
            .add_columns(counted)
            .join_from(
                rulebook_versions,
                planned,
                planned.c.rulebook_hash == rulebook_versions.c.hash,
                isouter=True,
            )
            .where(mine)
        )
        with self._database.read() as db:
            return [VersionRow(*row) for row in db.execute(query)]

    def get(self, prefix: str) -> tuple[VersionRow, RulesText]:
        """Return the version whose hash begins so; of several with other letters, the latest.

        The beginning of its letters' hash is as good, and names those letters.

        Raises:
            UserMistake: too few characters, none begins so, or several do; or it is damaged.
        """
        beginning = prefix.strip().lower()
        if not re.fullmatch(rf"[0-9a-f]{{{HASH_CHARACTERS_MIN},64}}", beginning):
            raise UserMistake(
                f"{prefix!r} is no hash of a rulebook: give at least {HASH_CHARACTERS_MIN} of its "
                "characters, 0-9 and a-f.\n    hint: `arsync rules versions` lists them"
            )
        columns = rulebook_versions.c
        planned = (
            select(func.count())
            .where(actions.c.rulebook_hash == columns.hash)
            .scalar_subquery()
            .label("planned")
        )
        query = _rows(planned, columns.content).where(
            or_(columns.hash.startswith(beginning), columns.letters_hash.startswith(beginning))
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        by_hash = [row for row in rows if row.hash.startswith(beginning)]
        hashes = list(dict.fromkeys(row.hash for row in by_hash or rows))
        if not hashes:
            raise UserMistake(
                f"no rulebook whose hash begins with {prefix!r} is kept."
                "\n    hint: `arsync rules versions` lists what is"
            )
        if len(hashes) > 1:
            named = ", ".join(name[: len(beginning) + 6] for name in hashes[:NAMED_MAX])
            raise UserMistake(
                f"{prefix!r} begins {len(hashes):,} rulebooks: {named}."
                "\n    hint: give more of its characters"
            )
        row = (by_hash or rows)[0]
        text = unpacked(row.content)
        if text is None:
            raise UserMistake(
                f"the text of rulebook {row.hash[:SHORT_HASH_CHARACTERS]} is damaged."
                "\n    hint: `arsync doctor --deep` names all damage; a backup may have the text"
            )
        return VersionRow(*row[:-1]), text


def _rows(*more: ColumnElement[Any]) -> Select[Any]:
    columns = rulebook_versions.c
    return select(
        columns.hash,
        columns.letters_hash,
        columns.recorded_at,
        columns.recorded_by,
        columns.source,
        columns.redacted_at,
        *more,
    ).order_by(columns.recorded_at.desc(), columns.hash, columns.letters_hash)


# -- packing --------------------------------------------------------------------------------------


def packed(text: RulesText, bytes_max: int = VERSION_BYTES_MAX) -> bytes | None:
    """Return a text as it is kept: the same bytes for the same text. None: it is too large."""
    encoded = msgspec.json.encode(text)
    return None if len(encoded) > bytes_max else zlib.compress(encoded, level=9)


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_RULES_TEXTS = msgspec.json.Decoder(RulesText)


def unpacked(content: bytes, bytes_max: int = KEPT_TEXT_BYTES_MAX) -> RulesText | None:
    """Return what was packed; None when the bytes are damaged, or far too many."""
    unpacker = zlib.decompressobj()
    try:
        encoded = unpacker.decompress(content, bytes_max)
        if not unpacker.eof:
            return None
        return _RULES_TEXTS.decode(encoded)
    except (zlib.error, msgspec.MsgspecError):
        return None


# -- damage ---------------------------------------------------------------------------------------


def damaged_texts(database: Database) -> Iterator[str]:
    """Yield, in words, each kept text that is not that of its hash; changes nothing."""
    columns = rulebook_versions.c
    with database.read() as db:
        for row in db.execute(_rows(columns.content)):
            text = unpacked(row.content)
            short = row.hash[:SHORT_HASH_CHARACTERS]
            if text is None:
                yield f"the text of rulebook {short} cannot be read."
            # A forgotten customer's name was taken out: what is left has another hash.
            elif row.redacted_at is None and (text.hash, text.letters_hash) != (
                row.hash,
                row.letters_hash,
            ):
                yield f"the text of rulebook {short} is not the one of its hash."
        pushes = pushed_rules.c
        for push in db.execute(select(pushes.id, pushes.hash, pushes.content)):
            pushed = unpacked(push.content)
            if pushed is None or (push.hash and pushed.whole_hash != push.hash):
                yield f"the rules of push {push.id} are not those that were pushed."


# -- names of customers ---------------------------------------------------------------------------


def _named(name: str) -> re.Pattern[str] | None:
    """Return what finds a customer's name in rules, however it is quoted or spaced there."""
    words = r"\s+".join(re.escape(word).replace("'", "'{1,2}") for word in name.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE) if words else None


def versions_naming(db: Connection, name: str) -> list[dict[str, object]]:
    """Return the versions whose text names a customer, for JSON."""
    pattern = _named(name)
    rows = db.execute(_rows(rulebook_versions.c.content)) if pattern else ()
    return [
        {"hash": row.hash, "letters_hash": row.letters_hash, "recorded_at": row.recorded_at}
        for row in rows
        if pattern
        and (text := unpacked(row.content)) is not None
        and any(pattern.search(file.text) for file in (*text.files, *text.letters))
    ]


def take_name_out(db: Connection, name: str, *, now: datetime) -> None:
    """Take a customer's name out of all texts but the last push, which people still work by."""
    pattern = _named(name)
    if pattern is None:
        return
    columns = rulebook_versions.c
    for row in db.execute(_rows(columns.content)).all():
        content = _without(pattern, row.content)
        if content is not None:
            db.execute(
                update(rulebook_versions)
                .where(columns.hash == row.hash, columns.letters_hash == row.letters_hash)
                .values(content=content, redacted_at=now)
            )
    pushes = pushed_rules.c
    last = select(func.max(pushes.id)).scalar_subquery()
    for push in db.execute(select(pushes.id, pushes.content).where(pushes.id < last)).all():
        content = _without(pattern, push.content)
        if content is not None:
            # Without its hash it is not told from what was pushed.
            values = {"content": content, "hash": ""}
            db.execute(update(pushed_rules).where(pushes.id == push.id).values(values))
    drafts = rules_drafts.c
    for draft in db.execute(select(drafts.connection_id, drafts.base, drafts.content)).all():
        texts = {"base": _without(pattern, draft.base), "content": _without(pattern, draft.content)}
        named = {column: content for column, content in texts.items() if content is not None}
        if named:
            this = drafts.connection_id == draft.connection_id
            db.execute(update(rules_drafts).where(this).values(**named))


def _without(pattern: re.Pattern[str], content: bytes) -> bytes | None:
    """Return a packed text without a name; None when it does not have it."""
    text = unpacked(content)
    if text is None:
        return None

    def cleaned(files: tuple[RuleFile, ...]) -> tuple[RuleFile, ...]:
        return tuple(
            msgspec.structs.replace(file, text=pattern.sub(FORGOTTEN, file.text)) for file in files
        )

    nameless = msgspec.structs.replace(
        text,
        files=cleaned(text.files),
        letters=cleaned(text.letters),
        scenarios=cleaned(text.scenarios),
    )
    return None if nameless == text else packed(nameless, KEPT_TEXT_BYTES_MAX)
