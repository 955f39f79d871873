"""Rulebooks to compare: files, folders, and revisions of a git repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from arsync.config import Config
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.errors import UserMistake
from arsync.run.rules import RULEBOOK_BYTES_MAX, RULEBOOK_FILES_MAX, holidays_of, read_paths

GIT_SECONDS_MAX = 30
"""Git answers about a rules folder at once; when it does not, it waits for something."""

_SUFFIXES = (".yaml", ".yml")


class _Blob(NamedTuple):
    path: str
    object_id: str


def rulebook_named(config: Config, spec: str, connection: str = "") -> Rulebook:
    """Return the rulebook that a text names: a file, a folder, or `REVISION:PATH`.

    Args:
        config: its folder is where revisions are looked for.
        spec: as the user wrote it.
        connection: in a revision, the connection's own folder below PATH counts as well.

    Raises:
        UserMistake: there is no such thing, or it is no rulebook; with every problem.
    """
    path = Path(spec)
    if not path.exists() and ":" in spec:
        revision, _, inside = spec.partition(":")
        return at_revision(config, revision, inside, connection)
    rules = read_paths(config, [path])
    if rules.rulebook is None:
        raise UserMistake("\n".join(rules.problems))
    return rules.rulebook


def at_revision(config: Config, revision: str, inside: str, connection: str = "") -> Rulebook:
    """Return the rulebook of a folder or file as it stood in a git revision.

    Args:
        config: its folder lies in the repository.
        revision: `HEAD~1`, a branch, a tag, a commit.
        inside: the path, from the config's folder or from the top of the repository.
        connection: the connection's own folder below it counts as well.

    Raises:
        UserMistake: no git, no repository, no such revision, nothing there, or no rulebook.
    """
    folder = config.folder
    commit = _git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    ).strip()
    if not commit:
        raise UserMistake(f"git knows no revision {revision!r} here.")
    blobs = _blobs(folder, commit, inside, connection)
    if not blobs:
        raise UserMistake(f"there is no *.yaml in {inside or '.'} at {revision}.")
    if len(blobs) > RULEBOOK_FILES_MAX:
        raise UserMistake(f"{revision}:{inside} holds more than {RULEBOOK_FILES_MAX} files.")
    files = [
        (f"{revision}:{blob.path}", _git(folder, "cat-file", "blob", blob.object_id))
        for blob in blobs
    ]
    if sum(len(text) for _, text in files) > RULEBOOK_BYTES_MAX:
        raise UserMistake(f"{revision}:{inside} is larger than {RULEBOOK_BYTES_MAX:,} bytes.")
    rulebook, problems = read_rulebook(files)
    if rulebook is None:
        raise UserMistake("\n".join(map(str, problems)))
    holidays_of(rulebook.sending.holidays)
    return rulebook


def _blobs(folder: Path, commit: str, inside: str, connection: str) -> list[_Blob]:
    wanted = (inside.strip("/").removeprefix("./") or ".").rstrip("/")
    for more in ((), ("--full-tree",)):
        listed = _git(folder, "ls-tree", "-r", "-z", *more, commit, "--", wanted)
        places = {wanted, f"{wanted}/{connection}"} if connection else {wanted}
        found = []
        for line in filter(None, listed.split("\0")):
            about, _, path = line.partition("\t")
            parent = path.rpartition("/")[0] or "."
            if path.endswith(_SUFFIXES) and (path == wanted or parent in places):
                found.append(_Blob(path, about.split()[2]))
        if found:
            # As in the folder: the shared files first, then the connection's own.
            return sorted(found, key=lambda one: (one.path.count("/"), one.path))
    return []


def _git(folder: Path, *words: str) -> str:
    """Run git in a folder and return its output; an unknown revision is an empty text.

    Raises:
        UserMistake: there is no git, no repository, or it fails otherwise.
    """
    git = shutil.which("git")
    if git is None:
        raise UserMistake("git is not installed, and a revision was asked for.")
    try:
        done = subprocess.run(  # noqa: S603 - fixed words; what users write is a value of them
            [git, "-C", str(folder), *words],
            capture_output=True, check=False, timeout=GIT_SECONDS_MAX, encoding="utf-8",
        )  # fmt: skip
    except (UnicodeDecodeError, subprocess.TimeoutExpired) as error:
        raise UserMistake(f"git gave nothing to read: {type(error).__name__}.") from None
    if done.returncode and words[0] == "rev-parse" and not done.stderr.strip():
        return ""
    if done.returncode:
        said = done.stderr.strip()
        if "not a git repository" in said:
            raise UserMistake(
                f"{folder} is not in a git repository."
                "\n    hint: give a file or a folder, or keep the rules in git"
            )
        raise UserMistake(f"git: {said.removeprefix('fatal: ')}")
    return done.stdout
