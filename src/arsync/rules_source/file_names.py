"""What the name of a file, or its first words, say of what it is meant for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from arsync.core.rulebook.reading.merge import LISTS
from arsync.core.rulebook.reading.sections import SECTION_NAMES
from arsync.mail.own_texts import text_name
from arsync.rules_source.listing import EntryKind, FolderEntry

_TYPING_SLIPS = frozenset({".yalm", ".ymal", ".yam", ".yal", ".ylm", ".aml", ".yamll", ".yamk"})

SNIFFED = frozenset(
    {"", ".txt", ".text", ".conf", ".cfg", ".bak", ".old", ".orig", ".save", ".tmp", ".new"}
)
"""Endings under which a rulebook may lie that somebody saved wrongly."""

_SECTION = re.compile(
    # Many other YAML files have a version and a name.
    rf"^(?:{'|'.join(sorted(SECTION_NAMES - {'version', 'name'}))})\s*:(?:\s|$)",
    re.MULTILINE,
)
_LIST = re.compile(
    # Nothing behind the colon: a note may say "customers: call them on Monday".
    rf"^(?:{'|'.join(LISTS)})\s*:\s*(?:#.*|\[.*|\{{.*)?$",
    re.MULTILINE,
)

LETTER_SUFFIXES = frozenset(
    {
        ".letter",
        ".txt",
        ".html",
        ".htm",
        ".text",
        ".docx",
        ".doc",
        ".dotx",
        ".odt",
        ".rtf",
        ".pages",
    }
    | {".eml", ".msg", ".oft"}
)
"""Endings under which people save letters."""

_SAYS_OFF = frozenset({".disabled", ".off", ".inactive", ".example", ".sample", ".dist"})
"""Endings by which a file says itself that it is not meant."""

_COPY_TAIL = re.compile(
    r"~|\.~\d+~|\.(bak|backup|orig|old|save|sav|sw[a-p]|tmp|temp|rej|prev|\d+)|___jb_(tmp|old)___",
    re.IGNORECASE,
)
"""What editors and merges put behind the name of a file that they keep a copy of."""

_HIDDEN = frozenset({"__pycache__", "Thumbs.db", "desktop.ini", "lost+found"})

INCLUDED = re.compile(r"{%-?\s*(?:include|extends)\s+['\"]([^'\"]+)['\"]")
EXTENDS = re.compile(r"^extends\s*:\s*([^#\n]+?)\s*(?:#.*)?$", re.MULTILINE)
_STEP_TEXT = re.compile(r"\b(?:email|letter)\s*:\s*['\"]?([^,}'\"#\n]+)")


def is_rules_name(name: str) -> bool:
    """Return whether a name says YAML, in whatever spelling: `legal.YAML`, `legal.yaml.txt`."""
    folded_name = name.casefold()
    return (
        ".yaml" in folded_name
        or ".yml" in folded_name
        or PurePosixPath(folded_name).suffix in _TYPING_SLIPS
    )


def names_path(said: str, path: str) -> bool:
    """Return whether a name of `not_rules:` is that of a path, or of a folder that it is in.

    Args:
        said: a path from the rules folder, or a name alone, which counts in any folder; `*` stands
            for any characters.
        path: from the rules folder.
    """
    pattern = said.removeprefix("./").strip("/")
    names = path.split("/")
    if "/" in pattern:
        return any(
            fnmatchcase("/".join(names[:count]), pattern) for count in range(1, len(names) + 1)
        )
    return any(fnmatchcase(name, pattern) for name in names)


def says_nothing(text: str) -> bool:
    """Return whether a YAML text holds nothing but blanks and comments."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return all(not line or line.startswith("#") for line in lines)


def is_hidden(name: str) -> bool:
    """Return whether a file is a program's own: people do not write rules under such a name."""
    # Office programs keep `~$letter.docx` beside a letter that is open.
    return name.startswith((".", "~$")) or name in _HIDDEN


def placeholder(entry: FolderEntry) -> FolderEntry | None:
    """Return the file that iCloud took off this computer, of which it leaves `.NAME.icloud`."""
    match = re.fullmatch(r"\.(.+)\.icloud", entry.name)
    if match is None:
        return None
    return FolderEntry(str(PurePosixPath(entry.path).with_name(match[1])), EntryKind.LOST)


def is_copy(name: str, siblings: Iterable[str]) -> bool:
    """Return whether a file is what an editor keeps of another file, which is still there."""
    for sibling in siblings:
        if name == f"#{sibling}#":
            return True
        for original in (sibling, PurePosixPath(sibling).stem):
            if name.startswith(original) and _COPY_TAIL.fullmatch(name[len(original) :]):
                return True
    return False


def says_off(name: str) -> bool:
    """Return whether a file's name says that it is not meant now: `legal.yaml.disabled`."""
    return PurePosixPath(name.casefold()).suffix in _SAYS_OFF


def right_name(name: str) -> str:
    """Return the name under which a file would be read: `legal.yaml` for `legal.yaml.txt`."""
    stem = re.split(r"\.(?:yaml|yml)", name.strip("#~"), maxsplit=1, flags=re.IGNORECASE)[0]
    return f"{stem if stem != name else PurePosixPath(name).stem}.yaml"


def without_suffixes(name: str) -> str:
    """Return a letter's name without its endings: `first reminder` for `first reminder.txt.txt`."""
    path = PurePosixPath(name)
    while path.suffix.casefold() in LETTER_SUFFIXES:
        path = path.with_suffix("")
    return path.name if path.name != name else path.stem


def has_sections(text: str) -> bool:
    """Return whether a YAML text has a section of a rulebook."""
    return _SECTION.search(text) is not None


def has_rules(text: str | None) -> bool:
    """Return whether any text has a list of rules, as a rulebook has it."""
    return text is not None and _LIST.search(text) is not None


def texts_in(text: str) -> set[str]:
    """Return the names of the letters that a rulebook's text names in its steps."""
    return {text_name(name) for name in _STEP_TEXT.findall(text)}


def near_text(name: str, names: Iterable[str]) -> str:
    """Return the letter that a name is most likely a slip for; empty when it is like none."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.8)
    return close[0] if close else ""


def nearest(name: str, names: Iterable[str]) -> set[str]:
    """Return the names that a name is most likely a slip for; none when it is like none of them."""

    def bare(text: str) -> str:
        return re.sub(r"[\s_-]+", "", text.casefold())

    alike = {
        each: difflib.SequenceMatcher(None, bare(name), bare(each), autojunk=False).ratio()
        for each in names
    }
    best = max(alike.values(), default=0.0)
    return {each for each, ratio in alike.items() if ratio >= max(0.75, best - 0.02)}


def joined(folder: str, name: str) -> str:
    """Return the path of a name in a folder; the rules folder itself is the empty path."""
    return f"{folder}/{name}" if folder else name


def plain(path: PurePosixPath) -> str:
    """Return a path without `.` and `..`."""
    names: list[str] = []
    for name in path.parts:
        if name == ".." and names:
            names.pop()
        elif name != ".":
            names.append(name)
    return "/".join(names)


def quoted(path: str) -> str:
    """Return a path as it can stand in a YAML list."""
    plain = re.fullmatch(r"[A-Za-z0-9_./ -]*[A-Za-z0-9_./-]", path) and not path.startswith("-")
    return path if plain else "'" + path.replace("'", "''") + "'"
