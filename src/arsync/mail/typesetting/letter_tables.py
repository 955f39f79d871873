"""The tables of a letter: invoices, instalments, a statement of account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from arsync.mail.typesetting.document import LEFT, RIGHT, LetterRow, LetterSum, LetterTable

DAYS = 3
"""In which column the days overdue stand."""


def tables_of(name: str, context: Mapping[str, Any]) -> tuple[LetterTable, ...]:
    """Return what is drawn where a text shows a table.

    Args:
        name: `invoices`, `schedule`, `statement`.
        context: from `letter_context`.
    """
    return tuple(_DRAWN[name](context)) if name in _DRAWN else ()


def _invoices(context: Mapping[str, Any]) -> Iterator[LetterTable]:
    words = context["words"]
    heads = ("invoice", "date", "due_date", "days_overdue", "amount_due")
    yield LetterTable(
        head=tuple(words[head] for head in heads),
        alignment=(LEFT, LEFT, LEFT, RIGHT, RIGHT),
        narrow=(DAYS,),
        rows=tuple(_invoice_row(invoice, words) for invoice in context["invoices"]),
        sums=tuple(_invoice_sums(context)),
    )


def _invoice_row(invoice: Any, words: Mapping[str, str]) -> LetterRow:
    colon = words["colon"]
    reason = f" ({invoice.dispute_reason})" if invoice.dispute_reason else ""
    remarks = filled(
        invoice.reference,
        invoice.purchase_order and f"{words['purchase_order']} {invoice.purchase_order}",
        invoice.in_instalments
        and f"{words['of_this_in_instalments']}{colon} {invoice.in_instalments}",
        invoice.disputed and f"{words['of_this_disputed']}{colon} {invoice.disputed}{reason}",
    )
    days = str(invoice.days_overdue) if invoice.days_overdue else ""
    cells = (invoice.number, invoice.date, invoice.due_date, days, invoice.amount_due)
    return LetterRow(cells, remarks, invoice.link)


def _invoice_sums(context: Mapping[str, Any]) -> Iterator[LetterSum]:
    words = context["words"]
    if context["more_invoices"]:
        yield LetterSum(f"{words['and_more']} {context['more_invoices']}", "")
    taken_off = (context["credits"], context["disputed_totals"], context["instalment_totals"])
    if any(taken_off):
        for amount in context["gross_totals"]:
            yield LetterSum(words["gross_total"], amount)
        for credit in context["credits"]:
            name = f"{credit.kind} {credit.number}".strip()
            label = f"{words['less']}{words['colon']} {name} ({credit.date})"
            yield LetterSum(label, minus(credit.amount))
        for word, key in (("in_instalments", "instalment_totals"), ("disputed", "disputed_totals")):
            for amount in context[key]:
                yield LetterSum(words[word], minus(amount))
    for amount in context["totals"]:
        yield LetterSum(words["total"], amount, strong=True)


def minus(amount: str) -> str:
    """Return an amount in words as one that is taken off: `−GBP 440.00`."""
    return f"\u2212{amount}"


def _schedule(context: Mapping[str, Any]) -> Iterator[LetterTable]:
    words = context["words"]
    if context["schedule"]:
        yield LetterTable(
            head=(words["instalment"], words["due_date"], words["amount_due"]),
            alignment=(LEFT, LEFT, RIGHT),
            rows=tuple(
                LetterRow(
                    (str(line.number), line.due_date, line.amount),
                    (words["received"],) if line.is_received else (),
                )
                for line in context["schedule"]
            ),
            sums=(LetterSum(words["plan_total"], context["plan"]["total"], strong=True),),
        )


def _statement(context: Mapping[str, Any]) -> Iterator[LetterTable]:
    statement = context["statement"]
    sections = statement["sections"] if statement else ()
    for section in sections:
        title = section.currency if len(sections) > 1 else ""
        if statement["kind"] == "activity":
            yield _activity(section, statement["since"], title, context["words"])
        else:
            yield _open_items(section, title, context["words"])
        if section.ageing:
            yield _ageing(section, context["words"])


def _open_items(section: Any, title: str, words: Mapping[str, str]) -> LetterTable:
    heads = ("document", "date", "due_date", "days_overdue", "amount", "open_amount")
    sums = [
        LetterSum(words[word], amount)
        for word, amount in (("not_due", section.not_due), ("overdue_sum", section.overdue))
        if amount
    ]
    return LetterTable(
        title=title,
        head=tuple(words[head] for head in heads),
        alignment=(LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT),
        narrow=(DAYS,),
        rows=tuple(
            LetterRow(
                (
                    _document(entry),
                    entry.date,
                    entry.due_date,
                    str(entry.days_overdue or ""),
                    entry.amount,
                    entry.balance,
                ),
                filled(entry.reference, entry.remark),
            )
            for entry in (*section.lines, *section.credits)
        ),
        sums=(*sums, _closing(section, words)),
    )


def _activity(section: Any, since: str, title: str, words: Mapping[str, str]) -> LetterTable:
    opening = LetterRow((words["opening_balance"], since, "", section.opening_balance))
    return LetterTable(
        title=title,
        head=tuple(words[head] for head in ("document", "date", "amount", "balance")),
        alignment=(LEFT, LEFT, RIGHT, RIGHT),
        rows=(
            opening,
            *(
                LetterRow(
                    (_document(entry), entry.date, entry.amount, entry.balance),
                    filled(entry.reference, entry.remark),
                )
                for entry in section.lines
            ),
        ),
        sums=(_closing(section, words),),
    )


def _document(entry: Any) -> str:
    return f"{entry.kind} {entry.number}".strip()


def _closing(section: Any, words: Mapping[str, str]) -> LetterSum:
    word = "in_credit" if section.in_credit else "closing_balance"
    return LetterSum(words[word], section.closing_balance, strong=True)


def _ageing(section: Any, words: Mapping[str, str]) -> LetterTable:
    return LetterTable(
        title=words["ageing"],
        head=tuple(band.bucket for band in section.ageing),
        alignment=(RIGHT,) * len(section.ageing),
        rows=(LetterRow(tuple(band.amount for band in section.ageing)),),
        is_even=True,
    )


_DRAWN: Mapping[str, Callable[[Mapping[str, Any]], Iterator[LetterTable]]] = {
    "invoices": _invoices,
    "schedule": _schedule,
    "statement": _statement,
}
"""What draws each table that a text can show."""


def filled(*texts: str | None) -> tuple[str, ...]:
    """Return the texts that say something."""
    return tuple(text for text in texts if text)
