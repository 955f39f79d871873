"""From a rendered letter and what it can show to the document that is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from arsync.mail.letters import Letter
from arsync.mail.typesetting.document import (
    LEFT,
    RIGHT,
    LabelledLine,
    LetterDocument,
    LetterRow,
    LetterSum,
    LetterTable,
    paragraphs_of,
)
from arsync.mail.typesetting.letterhead import PLAIN, Letterhead

ADDRESS_LINES_MAX = 6
"""An envelope's window shows no more; further lines join the one before."""


def letter_document(
    letter: Letter,
    context: Mapping[str, Any],
    *,
    moment: datetime,
    letterhead: Letterhead = PLAIN,
    numbered: str = "",
) -> LetterDocument:
    """Return a letter as it is set.

    Args:
        letter: rendered with the context.
        context: from `letter_context`.
        moment: the document's own.
        letterhead: how the organisation's letters look.
        numbered: the notice's number, where it bears one.
    """
    words = context["words"]
    sender, customer = context["organisation"], context["customer"]
    tables = [_TABLES[name](context) for name in letter.tables]
    return LetterDocument(
        moment=moment,
        language=context["language"],
        sender=sender["name"],
        sender_lines=tuple(sender.get("address", ())),
        recipient=_in_window((customer["name"], *customer.get("address", ()))),
        date=context["today"],
        references=tuple(_references(context, numbered)),
        title=letter.subject,
        # A mail's subject names the sender, which stands at the top of a page.
        subject=letter.subject.removesuffix(f" - {sender['name']}"),
        greeting="" if letter.is_whole else context["greeting"],
        opening=paragraphs_of(letter.opening, keeps_lines=letter.is_whole),
        tables=tuple(table for drawn in tables for table in drawn),
        closing=paragraphs_of(letter.closing, keeps_lines=letter.is_whole),
        regards="" if letter.is_whole else words["regards"],
        signature=() if letter.is_whole else (sender["name"],),
        footer=letterhead.footer,
        page_words=words["page"],
        logo=letterhead.logo,
        colour=letterhead.colour,
        paper=letterhead.paper,
        address_window=letterhead.address_window,
    )


def _filled(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _in_window(lines: Sequence[str]) -> tuple[str, ...]:
    kept = [line for line in lines if line]
    if len(kept) <= ADDRESS_LINES_MAX:
        return tuple(kept)
    # The last line is the town or the country: it stays by itself.
    crowded = ", ".join(kept[ADDRESS_LINES_MAX - 2 : -1])
    return (*kept[: ADDRESS_LINES_MAX - 2], crowded, kept[-1])


def _references(context: Mapping[str, Any], numbered: str) -> Iterator[LabelledLine]:
    words, sender = context["words"], context["organisation"]
    named = (
        ("customer_number", context["customer"].get("number", "")),
        ("notice_number", numbered),
        ("our_contact", sender.get("signed_by", "")),
        ("phone", sender.get("phone", "")),
        ("email", sender.get("email", "")),
    )
    for word, text in named:
        if text:
            yield LabelledLine(words[word], text)


def _invoices(context: Mapping[str, Any]) -> Iterator[LetterTable]:
    words = context["words"]
    heads = ("invoice", "date", "due_date", "days_overdue", "amount_due")
    yield LetterTable(
        head=tuple(words[head] for head in heads),
        alignment=(LEFT, LEFT, LEFT, RIGHT, RIGHT),
        rows=tuple(_invoice_row(invoice, words) for invoice in context["invoices"]),
        sums=tuple(_invoice_sums(context)),
    )


def _invoice_row(invoice: Any, words: Mapping[str, str]) -> LetterRow:
    colon = words["colon"]
    reason = f" ({invoice.dispute_reason})" if invoice.dispute_reason else ""
    remarks = _filled(
        invoice.reference,
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


_TABLES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[LetterTable]]] = {
    "invoices": _invoices,
    "schedule": _schedule,
}
"""What draws each table that a text can show."""
