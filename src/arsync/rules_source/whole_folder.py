"""A whole rules folder as text: the files that all share, and those of every connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from arsync.config import Config
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.files import text_of
from arsync.mail.own_texts import TEMPLATE_SUFFIXES
from arsync.rules_source.file_names import is_hidden
from arsync.rules_source.folder import RULEBOOK_BYTES_MAX
from arsync.rules_source.listing import RULE_SUFFIXES
from arsync.rules_source.unread import SCENARIOS, TEMPLATES

FOLDER_FILES_MAX = 20_000
"""A practice of 5,000 clients with four files each; more are no rules folder."""

FOLDER_CHARACTERS_MAX = 50_000_000
"""All files together."""

FOLDER_DEPTH_MAX = 6
"""So many folders inside one another: a link that leads back into the folder must end."""


def folder_text(
    config: Config,
    shipped: Iterable[RuleFile] = (),
    *,
    files_max: int = FOLDER_FILES_MAX,
    characters_max: int = FOLDER_CHARACTERS_MAX,
) -> RulesText:
    """Return all rules, letters and scenarios of the rules folder.

    Files that cannot be read are not among them; whoever reads a rulebook from this text misses
    those that it needs.

    Args:
        config: names the folder.
        shipped: the shipped rulebooks that these extend. They are kept with the others: each
            version of arsync brings its own along.
        files_max: more are refused.
        characters_max: the same of all together.

    Raises:
        UserMistake: there is no folder, or it holds too much.
    """
    root = config.rules_folder
    if not root.is_dir():
        raise UserMistake(f"{root}: there is no such folder.")
    paths = list(islice(_files(root, "", FOLDER_DEPTH_MAX), files_max + 1))
    if len(paths) > files_max:
        raise UserMistake(f"{root} holds more than {files_max:,} rules, letters and scenarios.")
    rules: list[RuleFile] = []
    letters: list[RuleFile] = []
    scenarios: list[RuleFile] = []
    characters = 0
    for path in paths:
        is_letter = f"/{TEMPLATES}/" in f"/{path}"
        try:
            text = _letter(root / path) if is_letter else text_of(root / path, bytes_max=_MAX)
        except (UserMistake, OSError, UnicodeDecodeError):
            continue
        characters += len(text)
        if characters > characters_max:
            raise UserMistake(f"{root} holds more than {characters_max:,} characters.")
        is_scenario = path.rpartition("/")[0].rpartition("/")[2] == SCENARIOS
        files = letters if is_letter else scenarios if is_scenario else rules
        files.append(RuleFile(path, text))
    try:
        shown = root.relative_to(config.folder).as_posix() if root != config.folder else ""
    except ValueError:
        shown = root.name
    every_shipped = sorted(dict.fromkeys(shipped), key=lambda file: file.path)
    return RulesText(shown, (*rules, *every_shipped), tuple(letters), scenarios=tuple(scenarios))


_MAX = RULEBOOK_BYTES_MAX


def _letter(file: Path) -> str:
    # As letters are read: with the mark that some editors put at the beginning.
    return file.read_text(encoding="utf-8")


def _files(folder: Path, path: str, depth: int) -> Iterator[str]:
    """Yield the files below a folder that may be read as rules, letters or scenarios, by path."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserMistake(f"{folder}: {error.strerror}.") from None
    for entry in entries:
        inside = f"{path}{entry.name}"
        if is_hidden(entry.name):
            continue
        if entry.is_dir():
            # In a folder of scenarios nothing but scenarios is read.
            if depth > 1:
                yield from _files(entry, f"{inside}/", 1 if entry.name == SCENARIOS else depth - 1)
        elif entry.is_file() and entry.suffix in (
            TEMPLATE_SUFFIXES if f"/{TEMPLATES}/" in f"/{path}" else RULE_SUFFIXES
        ):
            yield inside


def with_folder_of(connection: str, last: RulesText, now: RulesText) -> RulesText:
    """Return what was pushed last, with one connection's own folder as it is now.

    Args:
        connection: whose folder.
        last: the last push.
        now: the rules folder.
    """
    start = f"{connection}/"

    def mixed(old: tuple[RuleFile, ...], new: tuple[RuleFile, ...]) -> Iterator[RuleFile]:
        yield from (file for file in old if not file.path.startswith(start))
        yield from (file for file in new if file.path.startswith(start))

    # Others go on by the shipped text that was pushed with them.
    there = {file.path for file in last.files if file.is_shipped}
    shipped = [file for file in now.files if file.is_shipped and file.path not in there]
    files = sorted((*mixed(last.files, now.files), *shipped), key=_order)
    letters = sorted(mixed(last.letters, now.letters), key=_order)
    scenarios = sorted(mixed(last.scenarios, now.scenarios), key=_order)
    return RulesText(last.root, tuple(files), tuple(letters), scenarios=tuple(scenarios))


def _order(file: RuleFile) -> tuple[bool, str]:
    return file.is_shipped, file.path
