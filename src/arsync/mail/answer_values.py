"""How a customer answers a letter by mail, with what it is about in the subject."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from urllib.parse import quote

from arsync.core.ledger.mail_addresses import is_address
from arsync.mail.language import Language
from arsync.mail.payment_values import payment_reference


def answer_link(
    answers_to: str, numbers: Sequence[str], customer_number: str, spoken: Language
) -> str:
    """Return a link that begins a mail about some invoices; empty where there is no address.

    Args:
        answers_to: `Accounts <accounts@example.com>`, as the settings write it.
        numbers: the invoices'; of many, as many as a payment reference has room for.
        customer_number: the customer's; empty where it has none.
        spoken: the letter's language.
    """
    address = parseaddr(answers_to)[1]
    if not is_address(address):
        return ""
    invoices = payment_reference(numbers, "")
    named = (("invoice", invoices), ("customer_number", customer_number))
    subject = ", ".join(f"{spoken.words[word]} {number}" for word, number in named if number)
    # Escaped, so that no number can add a recipient or a text to the mail.
    link = f"mailto:{quote(address, safe='@')}"
    return f"{link}?subject={quote(subject, safe='')}" if subject else link
