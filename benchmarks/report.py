"""The figures as a table, on the screen and in docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measure import ROOT, machine, versions

DOCS = ROOT / "docs" / "benchmarks.md"


class Row(NamedTuple):
    """One figure; `met` is None where nothing was promised."""

    what: str
    arsync: str
    other: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


@dataclass
class Section:
    """Figures that belong together."""

    title: str
    other: str
    """What stands in the column beside arsync's."""
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add a figure, and show it at once: the whole takes minutes."""
        self.rows.append(row)


def show(section: Section) -> None:
    """Print a section."""
    table = Table(title=section.title, title_justify="left", show_edge=False, pad_edge=False)
    for name in _head(section):
        table.add_column(name, justify="left" if name in {"", "aim"} else "right")
    for row in section.rows:
        table.add_row(*_cells(row))
    console = Console(width=118)
    console.print(table)
    for note in section.notes:
        console.print(f"  {note}", markup=False)
    console.print()


def write_docs(sections: Sequence[Section], *, busy: float, minutes: float) -> None:
    """Write docs/benchmarks.md."""
    lines = [
        INTRODUCTION.format(
            machine=machine(), versions=versions(), busy=busy, minutes=minutes
        ).strip(),
        "",
    ]
    for section in sections:
        lines += section_lines(section)
    DOCS.write_text("\n".join([*lines, HOW.strip(), ""]), encoding="utf-8")


def replace_in_docs(sections: Sequence[Section], *, busy: float) -> None:
    """Put sections of a run of their own into docs/benchmarks.md, which says so; others stay."""
    page = DOCS.read_text(encoding="utf-8")
    head, *others = re.split(r"(?m)^(?=## )", page)
    by_title = {text.partition("\n")[0]: text for text in others}
    how = f"{HOW.strip()}\n"
    by_title.pop(how.partition("\n")[0], None)
    for section in sections:
        section.notes.append(
            f"Of a later run of its own, on {machine()}; on average {busy:.1f} processes wanted a"
            " processor."
        )
        by_title[f"## {section.title}"] = "\n".join([*section_lines(section), ""])
    DOCS.write_text("".join([head, *by_title.values(), how]), encoding="utf-8")


def section_lines(section: Section) -> list[str]:
    """Return a section as Markdown."""
    lines = [f"## {section.title}", ""]
    if section.rows:
        head = _head(section)
        lines += [_line(head), _line(["---"] + ["--:"] * (len(head) - 2) + ["---"])]
        lines += [_line(_cells(row)) for row in section.rows]
        lines.append("")
    lines += [f"- {note}" for note in section.notes]
    return [*lines, ""] if section.notes else lines


def _head(section: Section) -> list[str]:
    return ["", "arsync", section.other, "ratio", "aim"]


def _cells(row: Row) -> list[str]:
    verdict = {None: "", True: " ✓", False: " missed"}[row.met]
    return [row.what, row.arsync, row.other, row.ratio, f"{row.aim}{verdict}"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


INTRODUCTION = """
# Benchmarks

Written by `make bench` (`python -m benchmarks`); do not edit. `python -m benchmarks --quick`
shows the same table for a tenth of the ledger in two minutes and writes nothing.

{machine}. {versions}. On average {busy:.1f} processes wanted a processor while it ran, and it
took {minutes:.0f} minutes: seconds depend on that, processor seconds hardly, calls and bytes
not at all.

The ledger: 10,000 contacts, 100,000 invoices, their payments, generated, in the sandbox
(`arsync_sandbox`) as a process of its own without rate limits. Every program is a whole
process, from its start to its end, one after the other. *seconds* are by the clock, *processor*
is the time its own process had the processor, *peak* is the most memory it ever occupied,
*bytes* are bodies as they were sent.
"""

HOW = """
## How it is measured

- **arsync** is `arsync pull` on a fresh SQLite store: it reads, normalises, and stores, each
  page in one transaction.
- A peer is compared with the mean of an arsync pull just before and one just after it, since what
  else the computer does changes within minutes.
- **tap-xero** and **tap-quickbooks** (Singer taps from PyPI) read the same lists, with the
  versions they were released with. They parse and print, and store nothing. Their addresses are
  constants, so a launcher (`benchmarks/peer_reroute.py`) turns requests for the platforms'
  hosts to the sandbox; nothing else of them is touched. tap-xero leaves out the organisation,
  which it asks for under a name that the sandbox does not serve.
- **dlt** loads the same lists with its `rest_api` source into SQLite by SQLAlchemy, 1,000 rows
  a page, nested lists kept as one column (`benchmarks/peer_dlt.py`). It stores the documents as
  they come, without normalising them.
- Each peer runs in a virtual environment of its own in `benchmarks/out/venvs`. One that cannot
  be installed is left out, and its section says why.
- The sandbox has served the whole ledger once before anything is compared, so that what it
  prepares at first use is on nobody's bill. Its own processor time for each client stands in
  the tables.
- **Nothing lost** is a pull while another process pays, voids, deletes, moves and issues
  invoices all the time, then one more pull, then a comparison of every invoice with the ledger.
- **Stored rows a second** compares with the driver alone: finished rows, the same tables and
  indexes, the same transactions of one page (`executemany` on SQLite, COPY on PostgreSQL). The
  driver flushes each to the disk; arsync leaves pages, which can be read again, to the next flush.
- **One customer** is read from a store on SQLite with ten invoices to a customer, every twentieth
  open, in one process. The column beside it is the same in a ledger of a tenth of the size.
"""
