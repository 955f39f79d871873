"""Rulebooks to compare: files, folders, and revisions of a git repository."""

from __future__ import annotations

import posixpath
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from arsync.config import Config
from arsync.core.rulebook.reading.extends import Extended
from arsync.errors import UserMistake
from arsync.rules_source.folder import ReadFrom, Rules, read_paths, shipped
from arsync.rules_source.listing import TreeListing
from arsync.rules_source.tree import read_tree

GIT_SECONDS_MAX = 30
"""Git answers about a rules folder at once; when it does not, it waits for something."""

_SUFFIXES = (".yaml", ".yml")


class _Blob(NamedTuple):
    path: str
    object_id: str


def rules_named(config: Config, spec: str, connection: str = "") -> Rules:
    """Return the rulebook that a text names: a file, a folder, or `REVISION:PATH`, and its texts.

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
    return _sound(read_paths(config, [path]))


def at_revision(config: Config, revision: str, inside: str, connection: str = "") -> Rules:
    """Return the rulebook of a folder or file, and the texts beside it, as a git revision has them.

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
    files, prefix = _files(folder, commit, inside)
    if not files:
        raise UserMistake(f"there is no *.yaml in {inside or '.'} at {revision}.")
    folder_path, only = _wanted(inside), ""
    if any(blob.path == folder_path for blob in files):
        folder_path, only = posixpath.split(folder_path)
    all_files, _ = _files(folder, commit, folder_path or ".", ("",))
    top = "" if folder_path in {"", "."} else f"{folder_path}/"
    blobs = {blob.path.removeprefix(top): blob.object_id for blob in all_files}
    listing = TreeListing(
        list(blobs),
        lambda path: _git(folder, "cat-file", "blob", blobs[path]),
        lambda path: f"{revision}:{top}{path}",
    )

    def find(name: str, asking: str) -> Extended:
        if not name.endswith(_SUFFIXES):
            return shipped(name)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(asking), name))
        path = path.removeprefix(f"{revision}:")
        at = _git(
            folder,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{commit}:{prefix}{path}",
        ).strip()
        if not at:
            raise LookupError(f"there is no file {name!r} beside {asking}.")
        return Extended(f"{revision}:{path}", _git(folder, "cat-file", "blob", at))

    root = top.rstrip("/")
    return _sound(read_tree(listing, find, ReadFrom(f"{revision}:{root}", root, connection), only))


def _sound(rules: Rules) -> Rules:
    if rules.rulebook is None:
        raise UserMistake("\n".join(rules.problems))
    return rules


def _wanted(inside: str) -> str:
    return inside.removeprefix("./").strip("/") or "."


def _files(
    folder: Path, commit: str, inside: str, suffixes: Collection[str] = _SUFFIXES
) -> tuple[list[_Blob], str]:
    """Return the files below a path, and what makes git read such a path from where it is."""
    for more, prefix in (((), "./"), (("--full-tree",), "")):
        listed = _git(folder, "ls-tree", "-r", "-z", *more, commit, "--", _wanted(inside))
        blobs = []
        for line in filter(None, listed.split("\0")):
            about, _, path = line.partition("\t")
            if path.endswith(tuple(suffixes)):
                blobs.append(_Blob(path, about.split()[2]))
        if blobs:
            return sorted(blobs), prefix
    return [], ""


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
            capture_output=True,
            check=False,
            timeout=GIT_SECONDS_MAX,
            encoding="utf-8",
        )
    except (UnicodeDecodeError, subprocess.TimeoutExpired) as error:
        raise UserMistake(f"git gave nothing to read: {type(error).__name__}.") from None
    if done.returncode and words[0] == "rev-parse" and not done.stderr.strip():
        return ""
    if done.returncode:
        complaint = done.stderr.strip()
        if "not a git repository" in complaint:
            raise UserMistake(
                f"{folder} is not in a git repository."
                "\n    hint: give a file or a folder, or keep the rules in git"
            )
        raise UserMistake(f"git: {complaint.removeprefix('fatal: ')}")
    return done.stdout
