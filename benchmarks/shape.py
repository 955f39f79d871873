"""The shape of the code in figures: `python -m benchmarks.shape`.

Counts what a reader stumbles over: files that import each other in a circle, local names that say
nothing, class names of two meanings, long functions, long test names, and in how many files the
kinds of action are known. tests/test_shape.py holds the figures that must not grow.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("src/arsync", "connectors")
RIVALS = ROOT / "benchmarks" / "out"
"""Where benchmarks install what they compare with: not ours to shape."""

VAGUE = frozenset(
    "one other found part parts ours theirs who why known left made rest seen got thing things item"
    " items data info tmp obj val res ret stuff told asked wanted given taken".split()
)
"""Names that do not say what they hold."""

BODY_LINES_LONG = 40
FILE_LINES_LONG = 400
TEST_NAME_WORDS_MAX = 9


class Source(NamedTuple):
    """One file of Python."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Return the name by which it is imported."""
        parts = list(self.path.relative_to(ROOT).with_suffix("").parts)
        parts = parts[1:] if parts[0] in {"src", "connectors", "rules"} else parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Shape(NamedTuple):
    """The figures of some folders."""

    files: int
    lines: int
    long_files: int
    functions: int
    long_bodies: int
    comments_percent: float
    """Comment lines for each hundred statements."""
    vague_names: int
    format_skips: int
    classes_twice: tuple[str, ...]
    """Class names that occur more than once within one package."""


def sources(*folders: str) -> list[Source]:
    """Return the project's own Python files of folders, relative to the project."""
    paths = sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if RIVALS not in path.parents
    )
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return [Source(path, text, ast.parse(text)) for path, text in zip(paths, texts, strict=True)]


def shape_of(files: Sequence[Source]) -> Shape:
    """Count the shape of some files."""
    bodies = [lines for source in files for lines in _body_lines(source.tree)]
    comments = statements = 0
    for source in files:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            comments += token.type == tokenize.COMMENT
            statements += token.type == tokenize.NEWLINE
    return Shape(
        files=len(files),
        lines=sum(source.text.count("\n") for source in files),
        long_files=sum(source.text.count("\n") > FILE_LINES_LONG for source in files),
        functions=len(bodies),
        long_bodies=sum(lines > BODY_LINES_LONG for lines in bodies),
        comments_percent=round(100 * comments / max(1, statements), 1),
        vague_names=sum(len(vague_names(source.tree)) for source in files),
        format_skips=format_skips(files),
        classes_twice=tuple(classes_twice(files)),
    )


def format_skips(files: Sequence[Source]) -> int:
    """Count the places at which the formatter is told to keep out."""
    # Put together, so that this file does not count itself.
    return sum(source.text.count("# fmt" + ": skip") for source in files)


def vague_names(tree: ast.Module) -> list[str]:
    """Return each binding of a local name that says nothing."""
    return [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in VAGUE
    ]


def names_of_tests(files: Sequence[Source]) -> list[str]:
    """Return the names of test functions."""
    return [
        node.name
        for source in files
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def words_of(test_name: str) -> int:
    """Return how many words a test's name has."""
    return len(test_name.split("_")) - 1


def circles(files: Sequence[Source]) -> list[tuple[str, ...]]:
    """Return the groups of modules that import each other, directly or through others."""
    modules = {source.module for source in files}
    imports = {source.module: set(_imports(source, modules)) for source in files}
    reach: dict[str, set[str]] = {}
    for module in modules:
        seen_modules: set[str] = set()
        waiting = [module]
        while waiting:
            for target in imports[waiting.pop()] - seen_modules:
                seen_modules.add(target)
                waiting.append(target)
        reach[module] = seen_modules
    tied = {
        tuple(sorted(peer for peer in reach[module] if module in reach[peer]))
        for module in modules
        if module in reach[module]
    }
    return sorted(tied)


def files_that_know(kind: str, files: Sequence[Source]) -> list[str]:
    """Return the files that name a kind of action: `LATE_FEE`, `LateFeePayload`."""
    payload = "".join(word.capitalize() for word in kind.split("_")) + "Payload"
    names = {f"ActionKind.{kind}", payload}
    return [
        source.path.relative_to(ROOT).as_posix()
        for source in files
        if any(name in source.text for name in names)
    ]


def _body_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            skipped = 1 if ast.get_docstring(node) and len(node.body) > 1 else 0
            yield (node.end_lineno or 0) - node.body[skipped].lineno + 1


def classes_twice(files: Sequence[Source]) -> Iterator[str]:
    """Yield the class names that occur more than once within one package."""
    counts: Counter[tuple[str, str]] = Counter()
    for source in files:
        package = source.module.partition(".")[0]
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                counts[package, node.name] += 1
    yield from sorted({name for (_, name), count in counts.items() if count > 1})


def _imports(source: Source, modules: set[str]) -> Iterator[str]:
    """Yield what a file imports when it is loaded; what only type checkers read counts too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target = inner if inner in modules else node.module
                if target in modules and target != source.module:
                    yield target
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def main() -> None:
    """Print the figures."""
    product, tests = sources(*PRODUCT), sources("tests")
    for name, value in shape_of(product)._asdict().items():
        print(f"{name.replace('_', ' '):18} {value}")
    lengths = sorted(map(words_of, names_of_tests(tests)))
    print(f"{'circles':18} {len(circles(product))}")
    print(f"{'tests':18} {len(lengths)}, names of {lengths[len(lengths) // 2]} words (median)")
    print(f"{'longest test name':18} {lengths[-1]} words")
    print(f"{'late fee known in':18} {len(files_that_know('LATE_FEE', product))} files")


if __name__ == "__main__":
    main()
