"""What is wrong with a user's own text: every slip in it, with its line and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError

from arsync.mail.language import TEMPLATE_CHARACTERS_MAX
from arsync.mail.letter_variables import VARIABLES
from arsync.mail.sandboxed import FILTERS, TURNS, LetterEnvironment
from arsync.mail.text_names import INCLUDED

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

LOOPS_NESTED_MAX = 2
"""Loops inside loops grow without showing anything; a letter needs one."""

BLOCKS = ("subject", "opening", "table", "payment", "closing", "answer")
"""What a text that keeps arsync's layout may fill in."""

SLIPS_MAX = 20
"""So many are told of one text: the rest waits until these are mended."""

NEAR = 0.6
"""How alike two words have to be, of 1, for one to be a slip of the other."""


class Slip(NamedTuple):
    """Something wrong in a text."""

    line: int
    message: str
    hint: str = ""


class TextToCheck(NamedTuple):
    """A user's own text, and what it is tried with."""

    name: str
    """As the environment knows it: `second reminder.txt`."""
    source: str
    letters: LetterEnvironment
    templates: Collection[str]
    """The names of all texts that it may include."""
    sample: Mapping[str, Any]
    trial: Callable[[Mapping[str, Any]], object]
    """Renders it with some values."""


def slips_of(text: TextToCheck) -> list[Slip]:
    """Return all that is wrong with a text, by line; empty: it can be sent."""
    if len(text.source) > TEMPLATE_CHARACTERS_MAX:
        return [Slip(1, f"longer than {TEMPLATE_CHARACTERS_MAX:,} characters; not a letter.")]
    try:
        tree = text.letters.parse(text.source, text.name, text.name)
        refused = list(_statements(tree))
        slips = [*refused, *_missing_words(tree, text), *_shape(tree, text)]
        if not refused:
            # What is set or called has names that only their statements would explain.
            slips += _Values(text.sample).slips_in(tree)
        if not slips:
            text.trial(text.sample)
            slips = _without_account(text)
    except RecursionError:
        return [Slip(1, "it includes itself, or is nested too deeply.")]
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        message = (str(error) or type(error).__name__).rstrip(".") + "."
        return [Slip(line_of(error, text.name), message)]
    return sorted(dict.fromkeys(slips))[:SLIPS_MAX]


def _without_account(text: TextToCheck) -> list[Slip]:
    """Return what fails where the settings name no bank account: nothing, if the text asks."""
    try:
        text.trial({**text.sample, "bank": {}, "bank_lines": ()})
    except TemplateError as error:
        message = "this cannot be sent where [letters] names no bank account."
        return [Slip(line_of(error, text.name), message, "write {% if bank %} ... {% endif %}")]
    return []


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


def _statements(tree: nodes.Template) -> Iterator[Slip]:
    """Yield what no letter may say."""
    for statement in tree.find_all(REFUSED):
        yield Slip(
            statement.lineno, "set, macro, with, call and import cannot be used in a letter."
        )
    for call in tree.find_all(nodes.Call):
        yield Slip(call.lineno, "nothing can be called in a letter; write {{ name|upper }}.")
    for loop in tree.find_all(nodes.For):
        if _nesting(loop) > LOOPS_NESTED_MAX:
            yield Slip(loop.lineno, f"loops are nested deeper than {LOOPS_NESTED_MAX}.")


def _nesting(loop: nodes.For) -> int:
    return 1 + max((_nesting(inner) for inner in loop.find_all(nodes.For)), default=0)


def _missing_words(tree: nodes.Template, text: TextToCheck) -> Iterator[Slip]:
    """Yield filters, tests and included texts that there are not."""
    for shown in tree.find_all(nodes.Filter):
        if shown.name not in text.letters.filters:
            hint = _nearest(shown.name, FILTERS) or f"known: {', '.join(FILTERS)}"
            yield Slip(shown.lineno, f"No filter named {shown.name!r}.", hint)
    for test in tree.find_all(nodes.Test):
        if test.name not in text.letters.tests:
            hint = _nearest(test.name, sorted(text.letters.tests))
            yield Slip(test.lineno, f"there is no test named {test.name!r}.", hint)
    includes: list[nodes.Include | nodes.Extends] = list(tree.find_all(nodes.Include))
    for include in (*includes, *tree.find_all(nodes.Extends)):
        named = include.template
        if isinstance(named, nodes.Const) and named.value not in text.templates:
            hint = _nearest(str(named.value), text.templates) or "texts of this folder alone"
            message = f"there is no text {str(named.value)!r} to include."
            yield Slip(include.lineno, message, hint)


def _shape(tree: nodes.Template, text: TextToCheck) -> Iterator[Slip]:
    """Yield what is wrong with the blocks of a text that keeps arsync's layout."""
    if not text.name.endswith(".letter"):
        return
    if tree.find(nodes.Extends) is None:
        yield Slip(1, "the first line must be {% extends layout %}.", "or save it as .txt")
        return
    blocks = {block.name: block.lineno for block in tree.find_all(nodes.Block)}
    for name, line in blocks.items():
        if name not in BLOCKS:
            hint = _nearest(name, BLOCKS) or f"known: {', '.join(BLOCKS)}"
            yield Slip(line, f"there is no block {name!r}: it would never be sent.", hint)
    for name in ("subject", "opening"):
        if name not in blocks:
            yield Slip(
                1, f"there is no {name}.", f"write {{% block {name} %}} ... {{% endblock %}}"
            )
    for output in tree.body:
        if isinstance(output, nodes.Output):
            for piece in output.nodes:
                if not isinstance(piece, nodes.TemplateData) or piece.data.strip():
                    line = piece.lineno + _empty_lines(piece)
                    message = "this stands outside of the blocks: it would never be sent."
                    yield Slip(line, message, "move it into the opening or the closing")
                    break


def _empty_lines(piece: nodes.Expr) -> int:
    """Return how many lines of a text are empty before it says something."""
    text: str = piece.data if isinstance(piece, nodes.TemplateData) else ""
    return text[: len(text) - len(text.lstrip())].count("\n")


_ANY = object()
"""A value of which nothing is known: whatever is asked of it may be there."""


class _Values:
    """Follows what a text says of its values, as far as it can be known without rendering it."""

    def __init__(self, sample: Mapping[str, Any]) -> None:
        self._sample = sample
        self._slips: list[Slip] = []

    def slips_in(self, tree: nodes.Template) -> list[Slip]:
        """Return every value that a text names and that no letter has."""
        # `layout` and the tables are given to texts with blocks alone.
        names = {"layout": _ANY, **self._sample}
        self._look(tree, {**dict.fromkeys(INCLUDED, _ANY), **names})
        return self._slips

    def _look(self, node: nodes.Node, scope: Mapping[str, Any]) -> None:
        if isinstance(node, nodes.For):
            element = _element(self._value(node.iter, scope))
            inner = {**scope, **_bound(node.target, element), "loop": _ANY}
            for child in (*node.body, *filter(None, [node.test])):
                self._look(child, inner)
            for child in node.else_:
                self._look(child, scope)
        elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter):
            self._value(node, scope)
        elif not _asks_whether_known(node):
            for child in node.iter_child_nodes():
                self._look(child, scope)

    def _value(self, node: nodes.Node, scope: Mapping[str, Any]) -> Any:
        """Return what an expression gives of the sample, and note what is not there."""
        if isinstance(node, nodes.Name):
            if node.name in scope:
                return scope[node.name]
            self._note(node, node.name, _nearest_value(node.name, scope))
            return _ANY
        if isinstance(node, nodes.Getattr):
            return self._member(node, node.attr, scope)
        if isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                return self._member(node, node.arg.value, scope)
            self._look(node.arg, scope)
            return _element(self._value(node.node, scope))
        if isinstance(node, nodes.Filter) and node.node is not None:
            return self._filtered(node, node.node, scope)
        self._look(node, scope)
        return _ANY

    def _filtered(self, node: nodes.Filter, value: nodes.Expr, scope: Mapping[str, Any]) -> Any:
        for child in (*node.args, *node.kwargs):
            self._look(child, scope)
        if node.name == "default":
            return _ANY
        kept = self._value(value, scope)
        if node.name in {TURNS, "sort", "unique"}:
            return kept
        return _element(kept) if node.name in {"first", "last"} else _ANY

    def _member(
        self, node: nodes.Getattr | nodes.Getitem, name: str, scope: Mapping[str, Any]
    ) -> Any:
        value = self._value(node.node, scope)
        if value is _ANY:
            return _ANY
        members = _members(value)
        if name in members:
            return members[name]
        whole = _written(node.node)
        near = difflib.get_close_matches(name, members, 1, NEAR)
        if near:
            hint = f"did you mean {whole}.{near[0]}?"
        else:
            names = ", ".join(f"{whole}.{member}" for member in members)
            hint = f"known: {names}" if members else f"write {{{{ {whole} }}}}"
        self._note(node, f"{whole}.{name}", hint)
        return _ANY

    def _note(self, node: nodes.Node, written: str, hint: str) -> None:
        self._slips.append(Slip(node.lineno, f"there is no {written!r} in a letter.", hint))


def _asks_whether_known(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}


def _element(value: Any) -> Any:
    """Return what a list holds; of an empty one nothing is known."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return value[0] if value else _ANY
    return _ANY


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        members: dict[str, Any] = value._asdict()
        return members
    return {}


def _bound(target: nodes.Node, element: Any) -> dict[str, Any]:
    """Return what the names of a loop stand for."""
    if isinstance(target, nodes.Name):
        return {target.name: element}
    return dict.fromkeys((name.name for name in target.find_all(nodes.Name)), _ANY)


def _written(node: nodes.Node) -> str:
    """Return an expression as it was written: `invoices[0].number`."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_written(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_written(node.node)}[{node.arg.value!r}]"
    return "it"


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), 1, NEAR)
    return f"did you mean {near[0]!r}?" if near else ""


def _nearest_value(name: str, scope: Mapping[str, Any]) -> str:
    """Return which value was meant: `customer_name` is near `customer.name`."""
    written = {variable.name.replace(".", "_"): variable.name for variable in VARIABLES}
    written |= {value: value for value in scope}
    near = difflib.get_close_matches(name, written, 1, NEAR)
    if near:
        return f"did you mean {written[near[0]]}?"
    shown = sorted(word for word, value in scope.items() if value is not _ANY)
    return f"known: {', '.join(shown)}"
