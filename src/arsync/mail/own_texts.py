"""A user's own texts, as they stand in the rules folder or in a connection's folder inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from arsync.mail.language import DEFAULT_LANGUAGE, TEMPLATE_CHARACTERS_MAX
from arsync.mail.text_names import TEXT_NAMES

LETTER = ".letter"
"""The ending of a text with blocks, which keeps arsync's layout."""

TEMPLATE_SUFFIXES = frozenset({LETTER, ".txt", ".html"})
OWN_TEMPLATES_MAX = 200
"""A templates folder with more files is refused: it is not a templates folder."""


class TextProblem(NamedTuple):
    """Something wrong with a user's own text."""

    file: str
    line: int
    message: str
    hint: str = ""
    column: int = 0
    """0: the line alone is known."""

    def __str__(self) -> str:
        column = f"{self.column}:" if self.column else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{column} {self.message}{hint}"


def text_name(stem: str) -> str:
    """Return a text's name from a file's: `Second_Reminder` means `second reminder`."""
    return " ".join(stem.replace("_", " ").replace("-", " ").lower().split())


class OwnTexts(NamedTuple):
    """A user's own templates, wherever they were read."""

    sources: dict[str, str]
    """By normalised name: `second reminder.txt`."""
    shown_as: dict[str, str]
    """The file to show, by the same name."""
    problems: list[TextProblem]

    def put_folder(self, sources: Mapping[str, str]) -> None:
        """Add the texts of one folder; they replace those of the same names of earlier folders.

        Args:
            sources: the text of each file, by the file as it is shown.
        """
        named: dict[str, tuple[str, str]] = {}
        for file, source in sources.items():
            path = Path(file)
            if is_about_the_folder(path.name):
                continue
            name = text_name(path.stem) + path.suffix
            if name in named:
                self._twice(file, named[name][0])
            named[name] = (file, source)
        for name, (file, _) in named.items():
            stem, _, suffix = name.rpartition(".")
            if f".{suffix}" == LETTER and f"{stem}.txt" in named:
                self._twice(file, named[f"{stem}.txt"][0])
            if suffix != "html":
                self._forget_others(stem, named)
        self.sources.update({name: source for name, (_, source) in named.items()})
        self.shown_as.update({name: file for name, (file, _) in named.items()})

    def _twice(self, file: str, other: str) -> None:
        message = f"is the same text as {Path(other).name}: only one of them could be sent."
        self.problems.append(TextProblem(file, 1, message, "keep one of them"))

    def _forget_others(self, stem: str, named: Mapping[str, object]) -> None:
        """Forget other forms of a text in earlier folders: a mail would say two things."""
        for suffix in TEMPLATE_SUFFIXES:
            if f"{stem}{suffix}" not in named:
                self.sources.pop(f"{stem}{suffix}", None)
                self.shown_as.pop(f"{stem}{suffix}", None)

    def copy(self) -> OwnTexts:
        """Return the same templates, to be changed by themselves."""
        return OwnTexts(dict(self.sources), dict(self.shown_as), list(self.problems))


TextsOf = Callable[[str], OwnTexts]
"""Reads a user's own texts of one language, wherever they are kept."""

_ABOUT = frozenset({"readme", "read me", "license", "licence", "changelog", "contributing"})


def is_about_the_folder(name: str) -> bool:
    """Return whether a file tells people about its folder, whatever lies there: `README.txt`."""
    return text_name(name.partition(".")[0]) in _ABOUT


def template_folders(folder: str, code: str) -> tuple[str, str]:
    """Return the folders of a user's own templates: for all languages, and for one."""
    root = f"{folder}/templates"
    return root, f"{root}/{code}"


def own_texts(
    folders: Sequence[Path], code: str = DEFAULT_LANGUAGE, shown_from: Path | None = None
) -> OwnTexts:
    """Read a user's own templates.

    Args:
        folders: the rules folder and a connection's own; what stands in a later one counts.
        code: the language.
        shown_from: files below this folder are shown by their path from it, as rulebooks are.
    """
    texts = OwnTexts({}, {}, [])
    for folder in folders:
        for place in map(Path, template_folders(str(folder), code)):
            if place.is_dir():
                _read_templates(place, texts, shown_from)
    return texts


def _read_templates(place: Path, texts: OwnTexts, shown_from: Path | None) -> None:
    def shown(file: Path) -> str:
        if shown_from is not None and file.is_relative_to(shown_from):
            return file.relative_to(shown_from).as_posix()
        return str(file)

    try:
        files = sorted(path for path in place.iterdir() if path.suffix in TEMPLATE_SUFFIXES)
    except OSError as error:
        texts.problems.append(TextProblem(shown(place), 1, f"cannot be read: {error.strerror}."))
        return
    if len(files) > OWN_TEMPLATES_MAX:
        more = f"more than {OWN_TEMPLATES_MAX} templates."
        texts.problems.append(TextProblem(shown(place), 1, more))
        return
    sources: dict[str, str] = {}
    for file in files:
        try:
            # One character more than a letter may have is enough to refuse it later.
            with file.open(encoding="utf-8") as opened:
                sources[shown(file)] = opened.read(TEMPLATE_CHARACTERS_MAX + 1)
        except OSError as error:
            problem = TextProblem(shown(file), 1, f"cannot be read: {error.strerror}.")
            texts.problems.append(problem)
        except UnicodeDecodeError:
            problem = TextProblem(shown(file), 1, "not UTF-8 text.", "save it as UTF-8")
            texts.problems.append(problem)
    texts.put_folder(sources)


def known_texts(folder: Path | None = None, code: str = DEFAULT_LANGUAGE) -> tuple[str, ...]:
    """Return every text name a rulebook may ask for: the shipped ones, then the user's own.

    Args:
        folder: the rules folder; its `templates` folder is looked into.
        code: the language.
    """
    own = own_texts([folder] if folder else [], code).sources
    names = {Path(name).stem: None for name in own if not name.endswith(".html")}
    return (*TEXT_NAMES, *(name for name in sorted(names) if name not in TEXT_NAMES))
