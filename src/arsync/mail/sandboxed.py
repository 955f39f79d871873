"""Where letters are rendered: a template may show what it is given, and no more."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import DictLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.environment import Template
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.runtime import BlockReference
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from arsync.mail.language import TEMPLATE_CHARACTERS_MAX

OUTPUT_CHARACTERS_MAX = 200_000
"""Rendering stops beyond this many characters."""

LOOPS_NESTED_MAX = 2
"""Loops inside loops grow without showing anything; a letter needs one."""

FILTERS = (
    "capitalize",
    "default",
    "e",
    "escape",
    "first",
    "join",
    "last",
    "length",
    "lower",
    "sort",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
)
"""Jinja filters that a letter may use; the others can be made to eat memory."""

REFUSED = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.Macro,
    nodes.CallBlock,
    nodes.With,
    nodes.Import,
    nodes.FromImport,
)
"""Statements that can double a text again and again; no letter needs them."""

LINE_CHARACTERS = 78
"""Plain text is wrapped at this width."""


class LetterEnvironment(ImmutableSandboxedEnvironment):
    """Jinja without globals, without methods of values, without arithmetic that grows."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_callable(self, obj: Any) -> bool:
        """Allow a template's own blocks, nothing else."""
        return isinstance(obj, BlockReference)

    def call_binop(self, _context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse the operators by which a short text becomes an enormous one."""
        raise SecurityError(f"the operator {operator} cannot be used in a letter")


def environment(templates: Mapping[str, str], *, for_html: bool) -> LetterEnvironment:
    """Return an environment over these template texts, and no file besides.

    Args:
        templates: every template that may be rendered or included, by name.
        for_html: escape values, and make paragraphs of HTML.
    """
    letter_environment = LetterEnvironment(
        loader=DictLoader(dict(templates)),
        autoescape=for_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    letter_environment.globals.clear()
    allowed = {name: letter_environment.filters[name] for name in FILTERS}
    letter_environment.filters.clear()
    letter_environment.filters.update(allowed)
    letter_environment.filters["paragraphs"] = html_paragraphs if for_html else text_paragraphs
    return letter_environment


def _paragraphs(text: str) -> list[str]:
    # Not at blanks where no line may break: those inside amounts.
    paragraphs = re.split(r"\n[ \t\r]*\n", text)
    return [
        re.sub(r"[ \t\r\n\f\v]+", " ", paragraph).strip()
        for paragraph in paragraphs
        if paragraph.strip()
    ]


def text_paragraphs(text: str) -> str:
    """Wrap each paragraph, with an empty line between two."""
    return "\n\n".join(
        textwrap.fill(paragraph, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
        for paragraph in _paragraphs(str(text))
    )


def html_paragraphs(text: str) -> Markup:
    """Put each paragraph into `<p>`. Text that is not marked safe is escaped."""
    # Escaping leaves alone what is marked safe already, so the result is safe to mark again.
    paragraphs = (f"<p>{paragraph}</p>" for paragraph in _paragraphs(str(escape(text))))
    return Markup("\n".join(paragraphs))  # noqa: S704


def rendered(template: Template, context: Mapping[str, Any]) -> str:
    """Render, and stop when the output grows beyond its limit.

    Raises:
        SecurityError: it did.
    """
    pieces: list[str] = []
    size = 0
    for piece in template.generate(dict(context)):
        size += len(piece)
        if size > OUTPUT_CHARACTERS_MAX:
            raise SecurityError(f"the letter grows beyond {OUTPUT_CHARACTERS_MAX:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def line_of(error: BaseException, name: str) -> int:
    """Return the line of the template at which rendering failed, 1 when not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line = 1
    trace = error.__traceback__
    while trace is not None:
        # Jinja writes the template's name and line into the traceback of what it compiled.
        if trace.tb_frame.f_code.co_filename in {name, "<template>", f"<{name}>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def first_problem(
    name: str, source: str, trial: Callable[[], object], letters: LetterEnvironment
) -> tuple[int, str] | None:
    """Return line and message of the first thing wrong with a template, or None.

    Args:
        name: the name under which the environment knows it.
        source: its text.
        trial: renders it with sample values.
        letters: the environment.
    """
    if len(source) > TEMPLATE_CHARACTERS_MAX:
        return 1, f"longer than {TEMPLATE_CHARACTERS_MAX:,} characters; not a letter."
    try:
        tree = letters.parse(source, name, name)
        for statement in tree.find_all(REFUSED):
            return statement.lineno, "set, macro, with, call and import cannot be used in a letter."
        for call in tree.find_all(nodes.Call):
            return call.lineno, "nothing can be called in a letter; write {{ name|upper }}."
        for loop in tree.find_all(nodes.For):
            if _nesting(loop) > LOOPS_NESTED_MAX:
                return loop.lineno, f"loops are nested deeper than {LOOPS_NESTED_MAX}."
        trial()
    except RecursionError:
        return 1, "it includes itself."
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        message = (str(error) or type(error).__name__).rstrip(".") + "."
        return line_of(error, name), message
    return None


def _nesting(loop: nodes.For) -> int:
    return 1 + max((_nesting(inner) for inner in loop.find_all(nodes.For)), default=0)
