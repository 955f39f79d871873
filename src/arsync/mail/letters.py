"""Letters: the texts of reminders, shipped and the user's own, rendered for one customer.

A shipped text is one file with three blocks (`subject`, `opening`, `closing`); the subject, the
plain text and the HTML are made from it, so that they cannot differ. A user's own text stands in
the rules folder: `templates/NAME.txt` (its first line `Subject: ...`) and, where wanted,
`templates/NAME.html`; without the latter, the HTML is made from the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2.exceptions import TemplateError
from markupsafe import Markup, escape

from arsync.core.statutory import LatePayment
from arsync.errors import UserMistake
from arsync.mail.context import sample_context
from arsync.mail.language import DEFAULT_LANGUAGE, language, shipped
from arsync.mail.sandboxed import (
    TEMPLATE_CHARACTERS_MAX,
    LetterEnvironment,
    environment,
    first_problem,
    html_paragraphs,
    rendered,
)

TEXT_NAMES = ("upcoming", "first reminder", "second reminder", "third reminder", "final notice",
              "formal notice", "promise broken")  # fmt: skip
"""The texts that arsync brings along, in the order of a cadence."""

SUBJECT_CHARACTERS_MAX = 200
OWN_TEMPLATES_MAX = 200
"""A templates folder with more files is refused: it is not a templates folder."""

_LAYOUTS = ("layout.subject", "layout.txt", "layout.html", "invoices.txt", "invoices.html")


class TextProblem(NamedTuple):
    """Something wrong with a user's own text."""

    file: str
    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" + (
            f"\n    hint: {self.hint}" if self.hint else ""
        )


class Letter(NamedTuple):
    """A rendered letter."""

    subject: str
    text: str
    html: str


def known_texts(folder: Path | None = None, code: str = DEFAULT_LANGUAGE) -> tuple[str, ...]:
    """Return every text name a rulebook may ask for: the shipped ones, then the user's own.

    Args:
        folder: the rules folder; its `templates` folder is looked into.
        code: the language.
    """
    own = _own_sources(folder, code)[0]
    names = {Path(name).stem: None for name in own if name.endswith(".txt")}
    return (*TEXT_NAMES, *(name for name in sorted(names) if name not in TEXT_NAMES))


def text_name(stem: str) -> str:
    """Return a text's name from a file's: `Second_Reminder` means `second reminder`."""
    return " ".join(stem.replace("_", " ").replace("-", " ").lower().split())


def _own_sources(
    folder: Path | None, code: str
) -> tuple[dict[str, str], dict[str, str], list[TextProblem]]:
    """Read the user's templates: text by normalised name, shown file by the same name, problems."""
    sources: dict[str, str] = {}
    shown_as: dict[str, str] = {}
    problems: list[TextProblem] = []
    if folder is None:
        return sources, shown_as, problems
    root = folder / "templates"
    for place in (root, root / code):
        if not place.is_dir():
            continue
        found = sorted(one for one in place.iterdir() if one.suffix in {".txt", ".html"})
        if len(found) > OWN_TEMPLATES_MAX:
            problems.append(TextProblem(str(place), 1, f"more than {OWN_TEMPLATES_MAX} templates."))
            continue
        for file in found:
            name = text_name(file.stem) + file.suffix
            try:
                # One character more than a letter may have is enough to refuse it later.
                with file.open(encoding="utf-8") as opened:
                    sources[name] = opened.read(TEMPLATE_CHARACTERS_MAX + 1)
                shown_as[name] = str(file)
            except OSError as error:
                problems.append(TextProblem(str(file), 1, f"cannot be read: {error.strerror}."))
            except UnicodeDecodeError:
                problems.append(TextProblem(str(file), 1, "not UTF-8 text.", "save it as UTF-8"))
    return sources, shown_as, problems


class Letters:
    """The texts of one rules folder in one language, ready to be rendered."""

    def __init__(
        self,
        folder: Path | None = None,
        code: str = DEFAULT_LANGUAGE,
        law: LatePayment | None = None,
    ) -> None:
        """Read the texts. What is wrong with them is in `problems`, nothing is raised.

        Args:
            folder: the rules folder, or None for the shipped texts alone.
            code: the language.
            law: what the law gives for late payment, for texts that claim it.

        Raises:
            UserMistake: no such language.
        """
        self.law = law
        self.language = language(code)
        own, self._shown_as, self.problems = _own_sources(folder, code)
        templates = {name: shipped(name) for name in _LAYOUTS}
        for name in TEXT_NAMES:
            templates[f"{name}.letter"] = shipped(f"{code}/{name}.letter")
        self._own: dict[str, str] = {}
        for name, source in own.items():
            if name in templates:
                self.problems.append(
                    TextProblem(self._shown_as[name], 1, "this name belongs to arsync.")
                )
            elif name.endswith(".txt") and not source.lower().startswith("subject:"):
                self.problems.append(
                    TextProblem(
                        self._shown_as[name], 1, "the first line must be the subject.",
                        "write Subject: Invoices due - {{ organisation.name }}",
                    )
                )  # fmt: skip
            else:
                self._own[name] = source
        templates |= self._own
        self._text = environment(templates, for_html=False)
        self._html = environment(templates, for_html=True)
        self._check_own()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all texts that can be rendered."""
        own = [Path(name).stem for name in self._own if name.endswith(".txt")]
        return (*TEXT_NAMES, *sorted(name for name in own if name not in TEXT_NAMES))

    def has(self, name: str) -> bool:
        """Return whether there is a text of this name."""
        return text_name(name) in self.names

    def render(self, name: str, context: Mapping[str, Any]) -> Letter:
        """Render one text for one customer.

        Args:
            name: `second reminder`, or the name of a user's own text.
            context: from `letter_context`.

        Raises:
            UserMistake: no such text, or the user's own fails on these values.
        """
        name = text_name(name)
        if name not in self.names:
            raise UserMistake(
                f"there is no text {name!r}. Known: {', '.join(self.names)}."
                f"\n    hint: put your own into the rules folder as templates/{name}.txt"
            )
        try:
            if f"{name}.txt" in self._own:
                return self._render_own(name, context)
            return self._rendershipped(name, context)
        except TemplateError as error:
            raise UserMistake(f"the text {name!r} cannot be rendered: {error}.") from None

    def _rendershipped(self, name: str, context: Mapping[str, Any]) -> Letter:
        def one(made: LetterEnvironment, layout: str) -> str:
            return rendered(made.get_template(f"{name}.letter"), {**context, "layout": layout})

        return Letter(
            subject=_one_line(one(self._text, "layout.subject")),
            text=one(self._text, "layout.txt").strip() + "\n",
            html=one(self._html, "layout.html").strip() + "\n",
        )

    def _render_own(self, name: str, context: Mapping[str, Any]) -> Letter:
        whole = rendered(self._text.get_template(f"{name}.txt"), context)
        head, _, body = whole.partition("\n")
        body = body.strip() + "\n"
        if f"{name}.html" in self._own:
            html = rendered(self._html.get_template(f"{name}.html"), context).strip() + "\n"
        else:
            html = _html_of(body, self.language.code)
        return Letter(_one_line(head.partition(":")[2]), body, html)

    def _check_own(self) -> None:
        sample = sample_context(self.language)
        for name, source in list(self._own.items()):
            made = self._html if name.endswith(".html") else self._text
            stem, kind = Path(name).stem, Path(name).suffix
            if kind == ".html" and f"{stem}.txt" not in self._own:
                self._forget(name, 1, f"there is no {stem}.txt beside it.", "it holds the subject")
                continue

            def trial(made: LetterEnvironment = made, name: str = name) -> None:
                rendered(made.get_template(name), sample)

            problem = first_problem(name, source, trial, made)
            if problem:
                unknown_word = "undefined" in problem[1] or "no attribute" in problem[1]
                hint = "known: " + ", ".join(sorted(sample)) if unknown_word else ""
                self._forget(name, *problem, hint)

    def _forget(self, name: str, line: int, message: str, hint: str = "") -> None:
        del self._own[name]
        self.problems.append(TextProblem(self._shown_as[name], line, message, hint))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SUBJECT_CHARACTERS_MAX]


def _html_of(text: str, code: str) -> str:
    body = Markup("\n").join(
        html_paragraphs(part) if "\n- " not in part else Markup("<pre>{}</pre>").format(part)
        for part in text.split("\n\n")
    )
    head = f'<!doctype html>\n<html lang="{escape(code)}"><head><meta charset="utf-8"></head><body>'
    return f"{head}\n{body}\n</body></html>\n"
