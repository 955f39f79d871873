"""Letters: the texts of reminders, shipped and the user's own, rendered for one customer.

A shipped text is one file with three blocks (`subject`, `opening`, `closing`); the subject, the
plain text, the HTML and the page are made from it, so that they cannot differ. A user's own text
stands in the rules folder, or in a connection's folder inside it: as `templates/NAME.letter`, with
the same blocks, or as `templates/NAME.txt` (its first line `Subject: ...`) and, where wanted,
`templates/NAME.html`; without the latter, the HTML is made from the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from arsync.core.ledger.late_payment_law import LatePayment
from arsync.errors import UserMistake
from arsync.mail.language import DEFAULT_LANGUAGE, language, languages, shipped
from arsync.mail.own_texts import LETTER, TextProblem, TextsOf, own_texts, text_name
from arsync.mail.text_names import ANSWER, INCLUDED, SHIPPED_NAMES, TABLES

if TYPE_CHECKING:  # Jinja is imported when a letter is rendered: most rulebooks have no own texts
    from markupsafe import Markup

    from arsync.mail.sandboxed import LetterEnvironment

SUBJECT_CHARACTERS_MAX = 200
DRAWN = (*TABLES, "payment")
"""What a page draws by itself, and a mail shows by a template."""

_LAYOUTS = (
    "layout.subject",
    "layout.txt",
    "layout.html",
    "layout.parts",
    "head.html",
    "logo.html",
    "own.html",
    *(f"{piece}.{kind}" for piece in (*DRAWN, ANSWER, "signature") for kind in ("txt", "html")),
)


class Letter(NamedTuple):
    """A rendered letter."""

    subject: str
    text: str
    html: str
    opening: str = ""
    """What stands before the table, for a page that draws the table itself."""
    closing: str = ""
    """What stands behind it."""
    drawn: tuple[str, ...] = ()
    """What stands between them, by the name of its template: `invoices`, `schedule`, `payment`."""
    is_whole: bool = False
    """The opening and the closing are all that is said: the greeting and the name are in them."""


class Letters:
    """The texts of one rules folder in one language, ready to be rendered."""

    def __init__(
        self,
        folder: Path | Sequence[Path] | None = None,
        code: str = DEFAULT_LANGUAGE,
        law: LatePayment | None = None,
        *,
        own: TextsOf | None = None,
    ) -> None:
        """Read the texts. Mistakes in them go into `problems` and raise nothing.

        Args:
            folder: the rules folder, or it and a connection's own folder, whose texts count; None
                for the shipped texts alone.
            code: the language.
            law: what the law gives for late payment, for texts that claim it.
            own: reads the user's own texts, when they are kept elsewhere than in a folder.

        Raises:
            UserMistake: no such language.
        """
        self.law = law
        self.language = language(code)
        folders = [folder] if isinstance(folder, Path) else folder or ()
        self._texts_of: TextsOf = own or partial(own_texts, folders)
        texts = self._texts_of(code)
        self._shown_as, self.problems = texts.shown_as, texts.problems
        self.warnings: list[TextProblem] = []
        """What leaves as it stands, and may say what is not so."""
        self._own: dict[str, str] = {}
        for name, source in texts.sources.items():
            if name in _LAYOUTS:
                self.problems.append(
                    TextProblem(self._shown_as[name], 1, "this name belongs to arsync.")
                )
            elif name.endswith(".txt") and not source.lower().startswith("subject:"):
                self.problems.append(
                    TextProblem(
                        self._shown_as[name],
                        1,
                        "the first line must be the subject.",
                        "write Subject: Invoices due - {{ organisation.name }}",
                    )
                )
            elif not source.strip():
                self.problems.append(TextProblem(self._shown_as[name], 1, "this text is empty."))
            else:
                self._own[name] = source
        # A text that is refused below can still be included by another, which is refused as well.
        self._included = dict(self._own)
        if self._own:
            self._check_own()

    @cached_property
    def _templates(self) -> dict[str, str]:
        templates = {name: shipped(name) for name in _LAYOUTS}
        for name in SHIPPED_NAMES:
            templates[f"{name}{LETTER}"] = shipped(f"{self.language.code}/{name}{LETTER}")
        return templates | self._included

    @cached_property
    def _text(self) -> LetterEnvironment:
        from arsync.mail.sandboxed import environment

        return environment(self._templates, for_html=False)

    @cached_property
    def _parts(self) -> LetterEnvironment:
        """Return where a letter is rendered with a mark in place of each table and the payment."""
        from arsync.mail.sandboxed import environment

        marks = {f"{table}.txt": f"{_MARK}{table}{_MARK}" for table in DRAWN}
        # Nobody follows a link to an answer on paper: the text asks for it in words as well.
        marks[f"{ANSWER}.txt"] = ""
        return environment({**self._templates, **marks}, for_html=False)

    @cached_property
    def _html(self) -> LetterEnvironment:
        from arsync.mail.sandboxed import environment

        return environment(self._templates, for_html=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all texts that can be rendered."""
        own = {Path(name).stem for name in self._own if not name.endswith(".html")}
        return (*SHIPPED_NAMES, *sorted(own - set(SHIPPED_NAMES)))

    @property
    def own_names(self) -> tuple[str, ...]:
        """Return the names of the user's own texts that can be rendered, by file: `nudge.txt`."""
        return tuple(sorted(self._own))

    @property
    def own_files(self) -> dict[str, str]:
        """Return the user's own texts of every language that count, by file as it is shown."""
        every_language = map(self._texts_of, languages())
        return {
            texts.shown_as[name]: source
            for texts in every_language
            for name, source in texts.sources.items()
        }

    def in_language(self, code: str) -> Letters:
        """Return the same texts in another language.

        Raises:
            UserMistake: no such language.
        """
        return Letters(code=code, law=self.law, own=self._texts_of)

    def in_other_languages(self) -> Iterator[Letters]:
        """Yield the texts of each language in which the user's own are others."""
        for code in languages():
            if code != self.language.code and self._texts_of(code).shown_as != self._shown_as:
                yield self.in_language(code)

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
        from jinja2.exceptions import TemplateError

        name = text_name(name)
        if name not in self.names:
            raise UserMistake(
                f"there is no text {name!r}. Known: {', '.join(self.names)}."
                f"\n    hint: put your own into the rules folder as templates/{name}.txt"
            )
        try:
            if f"{name}.txt" in self._own:
                return self._render_own(name, context)
            return self._in_layout(name, context)
        except TemplateError as error:
            raise UserMistake(f"the text {name!r} cannot be rendered: {error}.") from None

    def wording(self, name: str) -> tuple[str, ...]:
        """Return what shows whether a text says the same as another of its name.

        A shipped text is known by its language; a user's own by its source, and by how it reads
        with sample values: it may include others.
        """
        name = text_name(name)
        sources = [self._own.get(name + suffix, "") for suffix in (LETTER, ".txt", ".html")]
        if not any(sources):
            return ("shipped", self.language.code)
        from arsync.mail.sample import sample_context

        letter = self.render(name, sample_context(self.language))
        return (*sources, letter.subject, letter.text, letter.html)

    def shown_as(self, name: str) -> str:
        """Return the file of a text; empty for a shipped one."""
        stem = text_name(name)
        return self._shown_as.get(f"{stem}{LETTER}", "") or self._shown_as.get(f"{stem}.txt", "")

    def _in_layout(self, name: str, context: Mapping[str, Any]) -> Letter:
        from arsync.mail.sandboxed import rendered

        def in_layout(letters: LetterEnvironment, layout: str) -> str:
            kind = "html" if letters is self._html else "txt"
            included = {name: f"{piece}.{kind}" for name, piece in INCLUDED.items()}
            layouts = {"layout": layout, **included}
            return rendered(letters.get_template(f"{name}.letter"), {**context, **layouts})

        return Letter(
            _one_line(in_layout(self._text, "layout.subject")),
            _less_empty_lines(in_layout(self._text, "layout.txt")),
            in_layout(self._html, "layout.html").strip() + "\n",
            *_around_tables(in_layout(self._parts, "layout.parts")),
        )

    def _render_own(self, name: str, context: Mapping[str, Any]) -> Letter:
        from arsync.mail.sandboxed import rendered

        whole = rendered(self._text.get_template(f"{name}.txt"), context)
        head, _, body = whole.partition("\n")
        line = str(context.get("personal_line", ""))
        body = _with_line(line, body.strip()) + "\n"
        if f"{name}.html" in self._own:
            html = rendered(self._html.get_template(f"{name}.html"), context).strip() + "\n"
            html = _with_line_in_page(line, html)
        else:
            shown = {**context, "body": _html_of(body)}
            html = rendered(self._html.get_template("own.html"), shown).strip() + "\n"
        parted = rendered(self._parts.get_template(f"{name}.txt"), context).partition("\n")[2]
        parted = _with_line(line, parted.lstrip())
        subject = _one_line(head.partition(":")[2])
        return Letter(subject, body, html, *_around_tables(parted), is_whole=True)

    def _check_own(self) -> None:
        from arsync.mail.sample import sample_context
        from arsync.mail.sandboxed import rendered
        from arsync.mail.text_checks import TextToCheck, slips_of
        from arsync.mail.text_guards import unguarded_law

        sample = sample_context(self.language)
        for name, source in list(self._own.items()):
            letters = self._html if name.endswith(".html") else self._text
            stem, kind = Path(name).stem, Path(name).suffix
            if kind == ".html" and f"{stem}.txt" not in self._own:
                problem = f"there is no {stem}.txt beside it."
                self._forget(name, 1, problem, "it holds the subject")
                continue

            def trial(
                values: Mapping[str, Any],
                letters: LetterEnvironment = letters,
                name: str = name,
            ) -> None:
                if name.endswith(LETTER):
                    self._in_layout(Path(name).stem, values)
                else:
                    rendered(letters.get_template(name), values)

            text = TextToCheck(name, source, letters, self._templates, sample, trial)
            slips = slips_of(text)
            for slip in slips:
                self._forget(name, *slip)
            if not slips:
                self.warnings += [
                    TextProblem(self._shown_as[name], use.line, use.message, use.hint, use.column)
                    for use in unguarded_law(letters.parse(source), source)
                ]

    def _forget(self, name: str, line: int, message: str, hint: str = "") -> None:
        self._own.pop(name, None)
        self.problems.append(TextProblem(self._shown_as[name], line, message, hint))


_MARK = "\ue000"
"""Stands around the name of what is drawn; of private use: no record's value can hold it."""


def _around_tables(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Return what stands before the first table and behind it, and what is drawn between."""
    pieces = text.split(_MARK)
    opening, *behind = pieces[::2]
    names = tuple(name for name in pieces[1::2] if name in DRAWN)
    return opening.strip(), "\n\n".join(behind).strip(), names


_BODY = re.compile("<body[^>]*>", re.IGNORECASE)


def _with_line(line: str, text: str) -> str:
    """Return a user's own text with a person's line above it, unless the text places it itself."""
    return text if not line or line in text else f"{line}\n\n{text}"


def _with_line_in_page(line: str, page: str) -> str:
    from markupsafe import Markup, escape

    if not line or str(escape(line)) in page:
        return page
    opening = _BODY.search(page)
    place = opening.end() if opening else 0
    return f"{page[:place]}{Markup('<p>{}</p>').format(line)}{page[place:]}"


def _less_empty_lines(text: str) -> str:
    """Return a letter without the gap of what it does not say: no table, no bank details."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SUBJECT_CHARACTERS_MAX]


def _html_of(text: str) -> Markup:
    from markupsafe import Markup

    from arsync.mail.sandboxed import html_paragraphs

    kept_lines = Markup('<p style="white-space:pre-line">{}</p>')
    return Markup("\n").join(
        # A list keeps its lines; running text flows.
        kept_lines.format(block.strip("\n")) if "\n- " in block else html_paragraphs(block)
        for block in text.split("\n\n")
    )
