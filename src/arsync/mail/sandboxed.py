"""Where letters are rendered: a template may show what it is given, and no more."""

from __future__ import annotations

import re
import textwrap
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, DictLoader, StrictUndefined, nodes, pass_context
from jinja2.bccache import Bucket
from jinja2.environment import Template
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

OUTPUT_CHARACTERS_MAX = 200_000
"""Rendering stops beyond this many characters."""

STEPS_MAX = 20_000
"""Loop turns, includes, blocks and filters of one rendering together. A letter about the most
invoices takes some hundreds; loops whose bodies include loops would take thousands of millions."""

RENDER_SECONDS_MAX = 5.0
"""How long one rendering may take."""

INCLUDES_MAX = 500
"""Texts that one rendering includes, each time counted."""

COMPILED_MAX = 1_000
"""So many compiled texts are kept; beyond that, the one longest not used goes."""

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
"""Jinja filters that a letter may use; the others can be made to eat memory, and so could some of
these if they were not counted and bounded."""

LINE_CHARACTERS = 78
"""Plain text is wrapped at this width."""


class _Steps:
    """Counts what one rendering does."""

    def __init__(self) -> None:
        self._left = STEPS_MAX
        self._includes_left = INCLUDES_MAX
        self._ends_at = time.monotonic() + RENDER_SECONDS_MAX

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise SecurityError(f"the letter takes more than {STEPS_MAX:,} steps")
        if time.monotonic() > self._ends_at:
            raise SecurityError(f"the letter takes more than {RENDER_SECONDS_MAX:g} seconds")

    def include(self) -> None:
        self._includes_left -= 1
        if self._includes_left < 0:
            raise SecurityError(
                f"more than {INCLUDES_MAX} texts are included; perhaps one includes itself"
            )


_STEPS: ContextVar[_Steps] = ContextVar("steps of the rendering")

_CONTAINERS = (list, tuple, dict, set, frozenset)
TURNS = "_turns"
"""The filter that counts the turns of a loop."""


class _CountedWork(NodeTransformer):
    """Changes what a text says into what is counted and bounded, and means the same."""

    def visit_For(self, loop: nodes.For) -> nodes.For:  # noqa: N802 - Jinja's name
        self.generic_visit(loop)
        loop.iter = nodes.Filter(loop.iter, TURNS, [], [], None, None, lineno=loop.lineno)
        return loop

    def visit_Concat(self, concat: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(concat)
        operands = nodes.List(concat.nodes, lineno=concat.lineno)
        return nodes.Filter(operands, "join", [], [], None, None, lineno=concat.lineno)

    def visit_Include(self, include: nodes.Include) -> nodes.Include:  # noqa: N802
        # Without context Jinja renders the whole of it into memory first.
        include.with_context = True
        return include


class LetterEnvironment(ImmutableSandboxedEnvironment):
    """Jinja without globals, without methods of values, without anything that grows unseen."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _CountedWork().visit(super()._parse(source, name, filename))
        return tree

    def is_safe_callable(self, obj: Any) -> bool:
        """Allow a template's own blocks, nothing else."""
        return isinstance(obj, BlockReference)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Render a block, as one step."""
        _STEPS.get().take()
        return super().call(*args, **kwargs)

    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        """Return a template; within a rendering, it is one that is included."""
        steps = _STEPS.get(None)
        if steps is not None:
            steps.include()
        return super().get_template(*args, **kwargs)

    def call_binop(self, _context: Any, operator: str, left: Any, right: Any) -> Any:
        """Add numbers; refuse the operators by which a short text becomes an enormous one."""
        if operator == "+" and all(isinstance(side, int | Decimal) for side in (left, right)):
            return left + right
        if operator == "+":
            raise SecurityError("+ adds numbers; write {{ a ~ b }} to put texts together")
        raise SecurityError(f"the operator {operator} cannot be used in a letter")


class CompiledTexts(BytecodeCache):
    """What texts were compiled to in this process, by name and source.

    To compile a text takes longer than to render it, and most connections have the same texts.
    """

    def __init__(self, texts_max: int = COMPILED_MAX) -> None:
        self._texts_max = texts_max
        self._compiled: OrderedDict[tuple[str, str], CodeType] = OrderedDict()

    def __len__(self) -> int:
        return len(self._compiled)

    def load_bytecode(self, bucket: Bucket) -> None:
        key = (bucket.key, bucket.checksum)
        # Other threads compile as well: what is gone meanwhile is compiled anew.
        bucket.code = self._compiled.pop(key, None)
        if bucket.code is not None:
            self._compiled[key] = bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code
        while len(self._compiled) > self._texts_max:
            self._compiled.popitem(last=False)


# What is compiled depends on whether values are escaped, and not on the other texts.
_COMPILED = {True: CompiledTexts(), False: CompiledTexts()}


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
        # Texts made of constants alone would be made, and grow, before anything is counted.
        optimized=False,
        finalize=_shown,
        bytecode_cache=_COMPILED[for_html],
    )
    letter_environment.globals.clear()
    letter_environment.concat = _concatenated  # type: ignore[method-assign]
    allowed = {name: letter_environment.filters[name] for name in FILTERS}
    allowed["paragraphs"] = html_paragraphs if for_html else text_paragraphs
    letter_environment.filters.clear()
    for name, function in allowed.items():
        letter_environment.filters[name] = _counted(function, _CHECKS.get(name))
    letter_environment.filters[TURNS] = _turns
    return letter_environment


@pass_context
def _shown(_context: Context, value: Any) -> Any:
    """Return what is printed."""
    _refuse_lists(value)
    return value


def _refuse_lists(value: Any) -> None:
    # A list in a list in a list would be written out again and again.
    if isinstance(value, _CONTAINERS):
        raise SecurityError("a list cannot be shown as it is; write {{ the_list|join(', ') }}")


@pass_context
def _turns(_context: Context, values: Iterable[Any]) -> Iterator[Any]:
    """Count each turn of a loop."""
    steps = _STEPS.get()
    for value in values:
        steps.take()
        yield value


def _counted(function: Callable[..., Any], check: Callable[..., None] | None) -> Callable[..., Any]:
    """Return a filter that counts as a step, and looks at its values first."""
    takes = getattr(function, "jinja_pass_arg", None)

    # With the context no filter is worked out while a text is compiled, where nothing is counted.
    @pass_context
    def filtered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        _STEPS.get().take()
        if check:
            check(value, *args, **kwargs)
        name = takes.name if takes else ""
        first = {"context": context, "eval_context": context.eval_ctx}.get(name)
        if name == "environment":
            first = context.environment
        return (
            function(value, *args, **kwargs)
            if first is None
            else function(first, value, *args, **kwargs)
        )

    return filtered


def _joinable(values: Any, d: object = "", attribute: object = None) -> None:
    if attribute is None and isinstance(values, str | list | tuple):
        size = 0
        for value in values:
            _refuse_lists(value)
            size += len(str(value))
        if size + len(str(d)) * len(values) <= OUTPUT_CHARACTERS_MAX:
            return
        raise SecurityError(f"the letter grows beyond {OUTPUT_CHARACTERS_MAX:,} characters")
    raise SecurityError("join takes a list of texts")


def _addable(_values: Any, attribute: object = None, start: object = 0) -> None:
    if not isinstance(start, int | Decimal):
        raise SecurityError("sum adds numbers")


_CHECKS: dict[str, Callable[..., None]] = {"join": _joinable, "sum": _addable}


def _concatenated(pieces: Iterable[str]) -> str:
    """Join pieces, and stop when they grow beyond their limit.

    Raises:
        SecurityError: they did.
    """
    kept: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > OUTPUT_CHARACTERS_MAX:
            raise SecurityError(f"the letter grows beyond {OUTPUT_CHARACTERS_MAX:,} characters")
        kept.append(piece)
    return "".join(kept)


@contextmanager
def _counting() -> Iterator[None]:
    token = _STEPS.set(_Steps())
    try:
        yield
    finally:
        _STEPS.reset(token)


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
    """Render, and stop when the output, the steps or the time grow beyond their limits.

    Raises:
        SecurityError: they did.
    """
    with _counting():
        return _concatenated(template.generate(dict(context)))
