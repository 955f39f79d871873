"""Files that hold secrets or customers' data: for their owner alone, from the first byte on.

In a folder that others can write to, somebody may have put a link under the name that arsync is
about to use, to make it write into their file, or over one of arsync's own. A link is followed only
if its owner could do the same without it: the user who runs arsync, and root.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from arsync.errors import UserMistake

OWNER_ONLY = 0o600

SQLITE_BEGINS = b"SQLite format 3\0"
"""The first bytes of each SQLite file."""


def write_private(path: Path, text: str | bytes) -> None:
    """Write a whole file in place of an earlier one; line ends stay as they are.

    A reader finds either the old text or the new one, whole. A new file is for its owner alone; a
    file of the user's own keeps the rights it has. What is no file (`/dev/stdout`, a pipe) is
    written to as it is.

    Raises:
        UserMistake: the name is a link that somebody else made. OSError: it cannot be written.
    """
    content = text.encode() if isinstance(text, str) else text
    refuse_foreign_link(path)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_bytes(content)
        return
    # Under a name that nobody can guess, so that nobody can put a link there first; O_EXCL follows
    # none either way. Synced before the rename: a power cut leaves the old file or the new one.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Only a file of the user's own: somebody else's may be open to everybody.
        if path.exists() and _is_ours(path.stat()):
            draft.chmod(stat.S_IMODE(path.stat().st_mode))
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def new_private(path: Path) -> Iterator[TextIO]:
    """Open a new file for its owner alone, to be written piece by piece; none is replaced.

    Raises:
        OSError: there is one already, or it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def new_private_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder with all its files, for its owner alone: whole, or not at all.

    Args:
        folder: a name that is not taken.
        contents: by path within it, with `/` between names.

    Raises:
        UserMistake: the name is taken, or it cannot be written.
    """
    refuse_taken(folder)
    # Beside it, so that the rename is one step on one file system.
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        for name, content in contents.items():
            path = draft / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        refuse_taken(folder)
        draft.rename(folder)
    except OSError as error:
        raise UserMistake(f"{folder}: {error.strerror}.") from None
    finally:
        if draft.exists():
            shutil.rmtree(draft, ignore_errors=True)


def refuse_taken(folder: Path) -> None:
    """Refuse the name of a new folder that is taken already.

    Raises:
        UserMistake: it is.
    """
    if folder.exists() or folder.is_symlink():
        raise UserMistake(
            f"{folder} is there already; nothing is written over it.\n    hint: name a new folder"
        )


def write_report(
    path: Path, text: str | bytes, *, files: Iterable[Path] = (), folders: Iterable[Path] = ()
) -> None:
    """Write a report, in place of an earlier one; nothing that arsync lives by is replaced.

    Args:
        path: where; a new name, an earlier report, or what is no file (`/dev/stdout`).
        text: all of it; for its owner alone, as it holds customers' data.
        files: arsync's own; neither they nor what stands beside them under their name is replaced.
        folders: nor is anything in these.

    Raises:
        UserMistake: the name is that of a store or of another file of arsync's, or it cannot be
            written.
    """
    kept = _kept_by(path, files, folders)
    if kept:
        raise UserMistake(f"{path}: {kept}; nothing is written over it.\n    hint: name a new file")
    try:
        write_private(path, text)
    except OSError as error:
        raise UserMistake(f"{path}: {error.strerror}.") from None


def _kept_by(path: Path, files: Iterable[Path], folders: Iterable[Path]) -> str:
    """Return why a file must stay as it is; empty when it may be replaced."""
    if not path.is_file():
        return ""
    target = path.resolve()
    for file in (file.resolve() for file in files):
        beside = target.parent == file.parent and target.name.startswith(f"{file.name}-")
        if target == file or beside:
            return "arsync needs this file"
    if any(target.is_relative_to(folder.resolve()) for folder in folders):
        return "this file is part of the rulebook"
    try:
        with path.open("rb") as opened:
            begins = opened.read(len(SQLITE_BEGINS))
    except OSError as error:
        return f"{error.strerror}"
    return "this is a database" if begins == SQLITE_BEGINS else ""


def refuse_foreign_link(path: Path) -> None:
    """Refuse a name that is somebody else's link.

    Raises:
        UserMistake: it is.
    """
    if path.is_symlink() and not _is_ours(path.lstat(), or_root=True):
        raise UserMistake(
            f"{path}: this is a link that another user of this computer made; it is not followed."
            "\n    hint: remove it, or work in a folder that only you can write to"
        )


def refuse_link(path: Path) -> None:
    """Refuse a name that is a link, whoever made it: there is no good reason for one there.

    Raises:
        UserMistake: it is.
    """
    if path.is_symlink():
        raise UserMistake(
            f"{path}: this is a link, where arsync keeps a file of its own. Remove it."
        )


def _is_ours(status: os.stat_result, *, or_root: bool = False) -> bool:
    # Windows shows no owner here, and only administrators make links there.
    if os.name != "posix":
        return True
    return status.st_uid == os.geteuid() or (or_root and status.st_uid == 0)


def text_of(file: Path, *, bytes_max: int) -> str:
    """Return the text of a file that a person wrote.

    Raises:
        UserMistake: it is too large, no text, or cannot be read.
    """
    try:
        if file.stat().st_size > bytes_max:
            raise UserMistake(f"{file}: larger than {bytes_max:,} bytes.")
        # Editors on Windows begin a file with a byte order mark.
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserMistake(f"{file}: not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
