"""What reports show people: tables with notes, in a terminal and as a page of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jinja2 import Template


class ReportSection(NamedTuple):
    """One table of a report."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    """A cell for each column."""
    right: Collection[str] = ()
    """Columns of numbers."""
    notes: Sequence[str] = ()
    """Sentences to be read beside it."""


def report_html(heading: str, sections: Sequence[ReportSection]) -> str:
    """Return a page that needs nothing else."""
    return _page().render(heading=heading, sections=sections)


@cache
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    text = (files("arsync") / "templates" / "pages" / "report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text)
