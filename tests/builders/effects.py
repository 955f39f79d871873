"""What arsync wrote that stands at a platform, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def standing(state: Mapping[str, Any], platform: str) -> Counter[str]:
    """Return what stands in a ledger by arsync's doing, in words, each with how often."""
    contacts = {row["id"]: row["name"] for row in state["contacts"]}
    numbers = {row["id"]: row["number"] for row in state["invoices"]}
    effects: Counter[str] = Counter()
    for note in state["history"]:
        if "[arsync:" in note["text"]:
            names = contacts if note["record"].lower() in {"contact", "customer"} else numbers
            words = " ".join(note["text"].partition(":")[0].split()[:3])
            effects[f"note on {names[note['id']]}: {words}"] += 1
    for email in state["emails"]:
        if email["origin"] == platform:
            effects[f"email about {numbers[email['invoice_id']]}"] += 1
    for file in state["attachments"]:
        kind = file["file_name"].rpartition(".")[2]
        effects[f"{kind} on {numbers[file['id']]}"] += 1
    for group in state["groups"]:
        if group["name"] == "Credit hold":
            effects.update(f"hold on {contacts[member]}" for member in group["members"])
        elif group["name"].startswith("Reminder level "):
            words = group["name"].lower()
            effects.update(f"{words} of {contacts[member]}" for member in group["members"])
    for contact in state["contacts"]:
        effects[f"hold on {contact['name']}"] += (contact["notes"] or "").count(
            "credit hold [arsync"
        )
        for level in re.findall(r"reminder level \d+(?= \[arsync)", contact["notes"] or ""):
            effects[f"{level} of {contact['name']}"] += 1
        if is_cash_on_delivery(contact["terms"], state["terms"]):
            effects[f"cash on delivery for {contact['name']}"] += 1
    for invoice in state["invoices"]:
        marks = invoice["notes"].count("[arsync:")
        if "[arsync:" in invoice.get("reference", "") or not invoice["number"].startswith("INV-"):
            effects[f"fee of {invoice['total']} for {contacts[invoice['contact_id']]}"] += 1
        elif invoice["expected_on"] or marks:
            effects[f"promise in {invoice['number']}"] += max(marks, 1)
    for credit in state["credits"]:
        if credit["status"] == "DRAFT":
            effects[
                f"draft credit of {credit['remaining']} for {contacts[credit['contact_id']]}"
            ] += 1
    return +effects


def is_cash_on_delivery(terms: Any, known: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a contact's terms, as either platform tells them, are 0 days."""
    if isinstance(terms, Mapping):
        return terms.get("Day") == 0
    return any(term["name"] == terms and term["due_days"] == 0 for term in known)
