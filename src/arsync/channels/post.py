"""By post: each letter as a PDF in the post folder, and all of them joined to be printed at once.

A person prints, folds and posts them. So what is delivered here is a file; that it was posted is
said by whoever did it.

Exactly once, though people take files out of the folder: the draft is written first, then the
register of the day, and only then the letter gets its name. Where a draft is left, the letter never
came; where the register knows a letter and there is no draft, it did, even if it is not there now.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from arsync.channels.contract import Carries, Message, MessageTrace
from arsync.channels.joined_letters import add_to_joined, with_enclosures
from arsync.config import Config
from arsync.connector_sdk import Receipt
from arsync.core.actions import MARKER_LENGTH, Via
from arsync.core.ledger.records import Contact
from arsync.core.ledger.sanitising import file_name
from arsync.errors import HealsWhen, Rejected, RetryLater, UserMistake
from arsync.files import OWNER_ONLY, refuse_link

FOLDER_RIGHTS = 0o700
"""The folders hold customers' letters."""

REGISTER = ".letters"
"""The register of a day: a line for each letter, with its key and its file."""

REGISTER_BYTES_MAX = 10_000_000
"""Some 80,000 letters of one day; a larger one is not arsync's."""

FULL_SECONDS = 900.0
"""A full disk is tried again after a quarter of an hour."""

NUMBER_DIGITS = 4

_NAME_CHARACTERS = {"customer": 34, "title": 24, "number": 14}
"""What of each goes into a file's name."""

_PASSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBUSY, errno.ESTALE})
"""What a disk says that is full or away for now."""


class PostChannel:
    """The post folder of `[letters] post_folder`."""

    name = Via.POST.value
    label = "post"
    carries = frozenset({Carries.PDF})
    max_characters = 0
    settings = None

    def __init__(self, write: Callable[[Path, bytes], None] | None = None) -> None:
        """Make the channel.

        Args:
            write: writes a whole file to the disk, or raises an OSError and leaves nothing of it.
        """
        self._write = write or write_whole

    def settings_problem(self, config: Config) -> str:
        """Return that no folder is named."""
        try:
            _named_folder(config)
        except UserMistake as mistake:
            return str(mistake)
        return ""

    def obstacle(self, config: Config) -> str:
        """Return that the folder is not there, or cannot be written to."""
        try:
            _root(config)
        except UserMistake as mistake:
            return str(mistake)
        return ""

    def messages_per_day(self, config: Config) -> int:
        """Return 0: a person posts as many as there are."""
        return 0

    def recipients(
        self, config: Config, contact: Contact | None, named: str, home: str
    ) -> tuple[str, ...]:
        """Return the lines of the customer's postal address."""
        if contact is None or not contact.address:
            name = (contact.name if contact else "") or "the customer"
            raise Rejected(
                f"{name} has no postal address in the books.", heals_when=HealsWhen.RECORD
            )
        return (contact.name, *contact.address)

    def prepare(self, config: Config, message: Message) -> Mapping[str, str]:
        """Make sure that there is a letter and a folder."""
        if not message.pdf:
            raise Rejected("by post leaves a PDF alone, and there is none.")
        _root(config)
        with_enclosures(message.pdf, message.attachments)
        return {}

    def deliver(self, config: Config, message: Message) -> Receipt:
        """Put the letter into the folder of its connection and day."""
        folder = _root(config) / file_name(message.connection, "") / message.day.isoformat()
        with _told(folder):
            folder.mkdir(mode=FOLDER_RIGHTS, parents=True, exist_ok=True)
            refuse_link(folder)
            earlier = _stands(folder, message.key)
            if earlier is not None:
                return earlier
            name = self._put(folder, message)
            joined = add_to_joined(folder, message.key, folder / name)
        return Receipt(name, f"{_detail(folder, name)}{joined}")

    def look_up(self, config: Config, trace: MessageTrace) -> Receipt | None:
        """Look for the letter in the folders of its connection."""
        connection = _root(config) / file_name(trace.connection, "")
        with _told(connection):
            for folder in sorted(connection.glob("????-??-??"), reverse=True):
                if receipt := _stands(folder, trace.key):
                    return receipt
        return None

    def where_to_look(self, config: Config, trace: MessageTrace) -> str:
        """Return the folder, and how the file's name ends."""
        key = trace.key[:MARKER_LENGTH]
        return f"the post folder {config.letters.post_folder}, for a file that ends in {key}.pdf"

    def _put(self, folder: Path, message: Message) -> str:
        """Write a letter and return its name; when that fails, nothing of it stays."""
        register = _Register(folder)
        name = _name_of(message, len(register.names()) + 1)
        draft = folder / draft_name(message.key)
        self._write(draft, with_enclosures(message.pdf, message.attachments))
        try:
            register.add(message.key, name)
            draft.replace(folder / name)
        except OSError:
            _forget(folder, message.key)
            raise
        _sync_folder(folder)
        return name


class _Register:
    """What was put into one day's folder, though it may have been taken out since."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / REGISTER

    def names(self) -> dict[str, str]:
        """Return the letters' files by the beginning of their keys."""
        refuse_link(self._file)
        if not self._file.exists():
            return {}
        with self._file.open(encoding="utf-8", errors="replace") as opened:
            lines = opened.read(REGISTER_BYTES_MAX).split("\n")
        # A line that a full disk or a crash broke off has no draft: its letter never got a name.
        entries = (line.partition(" ") for line in lines)
        return {key: name for key, _, name in entries if len(key) == MARKER_LENGTH and name}

    def add(self, key: str, name: str) -> None:
        """Add a letter; what stands there stays whole whatever happens."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        # On a line of its own, whatever broke off before it.
        line = f"\n{key[:MARKER_LENGTH]} {name}\n".encode()
        with os.fdopen(os.open(self._file, flags, OWNER_ONLY), "ab", buffering=0) as opened:
            before = os.fstat(opened.fileno()).st_size
            try:
                if opened.write(line) != len(line):
                    _refuse_half()
                os.fsync(opened.fileno())
            except OSError:
                os.ftruncate(opened.fileno(), before)
                raise

    def remove(self, key: str) -> None:
        """Take a letter out that never got its name."""
        names = self.names()
        names.pop(key[:MARKER_LENGTH], None)
        kept = [f"{mark} {name}\n" for mark, name in names.items()]
        draft = self._file.with_name(f"{REGISTER}.draft")
        write_whole(draft, "".join(kept).encode())
        draft.replace(self._file)


def _refuse_half() -> NoReturn:
    """Say of a line that only half of it fitted what the disk did not say."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _stands(folder: Path, key: str) -> Receipt | None:
    """Return what stands of a letter in one day's folder; what was not finished is cleared away."""
    if (folder / draft_name(key)).exists():
        _forget(folder, key)
        return None
    name = _Register(folder).names().get(key[:MARKER_LENGTH], "")
    return Receipt(name, _detail(folder, name)) if name else None


def _forget(folder: Path, key: str) -> None:
    """Clear away a letter that never got its name: its draft last, which is the sign of it."""
    register = _Register(folder)
    if key[:MARKER_LENGTH] in register.names():
        register.remove(key)
    (folder / draft_name(key)).unlink(missing_ok=True)


def _named_folder(config: Config) -> Path:
    named = config.letters.post_folder
    if not named:
        raise UserMistake(
            "the rulebook sends by post, but [letters] post_folder is empty."
            '\n    hint: post_folder = "post", a folder that whoever posts the letters can open'
        )
    return config.folder / named


def _root(config: Config) -> Path:
    folder = _named_folder(config)
    if not folder.is_dir():
        # Not made here: in place of a network drive that is away would stand an empty folder.
        raise UserMistake(
            f"[letters] post_folder: there is no folder {folder}."
            "\n    hint: make it, or connect the drive that it is on"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserMistake(
            f"[letters] post_folder: nothing can be written into {folder}."
            "\n    hint: give the user that runs arsync the right to"
        )
    return folder


def _name_of(message: Message, number: int) -> str:
    """Return a file's name: in the order of delivery, for a person to tell letters apart."""
    words = {
        "customer": message.customer,
        "title": message.title,
        "number": message.notice_number,
    }
    short = (words[name][:characters].strip() for name, characters in _NAME_CHARACTERS.items())
    stem = " ".join(filter(None, (f"{number:0{NUMBER_DIGITS}}", *short)))
    return file_name(stem, f" {message.key[:MARKER_LENGTH]}.pdf")


def draft_name(key: str) -> str:
    """Return the name of a letter while it is written."""
    return f".{key[:MARKER_LENGTH]}.draft"


def _detail(folder: Path, name: str) -> str:
    where = f"{folder.parent.name}/{folder.name}/{name}"
    if (folder / name).exists():
        return f"in the post folder: {where}; to be posted"
    return f"it was in the post folder, and was taken out: {where}; to be posted"


def write_whole(file: Path, content: bytes) -> None:
    """Write a file to the disk; when that fails, nothing of it stays."""
    refuse_link(file)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell a disk that is full or away for now from one that arsync may not use."""
    try:
        yield
    except OSError as error:
        words = error.strerror or type(error).__name__
        if error.errno in _PASSES:
            raise RetryLater(
                f"the post folder {folder}: {words}.", after_seconds=FULL_SECONDS
            ) from None
        raise UserMistake(
            f"[letters] post_folder: {folder}: {words}."
            "\n    hint: see who owns the folder, and what may be written there"
        ) from None


CHANNEL = PostChannel()
