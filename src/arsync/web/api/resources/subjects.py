"""Whom or what an agreement is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.customers.name_search import CustomerId
from arsync.application.desk.record_pages import one_customer, one_invoice
from arsync.errors import UserMistake
from arsync.web.api.operations import RecordId
from arsync.web.caller import Caller

INVOICES_MAX = 100
"""So many are named at once."""


class SubjectBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer with all that it owes, or some of its invoices."""

    customer: RecordId | None = None
    invoices: Annotated[tuple[RecordId, ...], Meta(max_length=INVOICES_MAX)] = ()


def named(caller: Caller, body: SubjectBody) -> Sequence[str]:
    """Return by what use cases know it.

    Raises:
        NotFound: it is not there.
        UserMistake: neither a customer nor invoices are named, or both are.
    """
    if (body.customer is None) is not bool(body.invoices):
        raise UserMistake("name either a `customer`, or some of its `invoices`.")
    if body.customer is not None:
        contact = one_customer(caller.actor, caller.organisation, body.customer)
        caller.about = contact.name
        return [CustomerId(contact.id)]
    documents = [one_invoice(caller.actor, caller.organisation, id_) for id_ in body.invoices]
    caller.about = ", ".join(document.number or document.id for document in documents)
    return [document.id for document in documents]
