"""PUT, POST and DELETE routes, and the GET routes that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, request

from . import wire
from .api import XeroApi
from .batches import Batch, BatchWriter, run_batch
from .contacts import contact_prepare
from .credits import AllocationRoutes, credit_note_prepare
from .emails import Emails
from .errors import not_found
from .files import Files
from .groups import Groups, group_prepare
from .invoices import invoice_prepare
from .ledger import XeroLedger
from .limits import API_PATH
from .notes import HistoryRoutes
from .payments import payment_prepare
from .reads import CREDIT_KINDS, find_contact, find_credit, find_invoice, find_payment

View = Callable[..., Response]


def add_writes(blueprint: Blueprint, api: XeroApi) -> None:
    """Serve the writes."""

    def route(path: str, methods: str, view: View, name: str) -> None:
        rule = f"{API_PATH}{path}"
        blueprint.add_url_rule(rule, name, view, methods=methods.split())

    ledger = api.ledger
    writers = {
        "Invoices": BatchWriter("Invoices", partial(invoice_prepare, ledger)),
        "Contacts": BatchWriter(
            "Contacts", partial(contact_prepare, ledger), "HasValidationErrors"
        ),
        "CreditNotes": BatchWriter("CreditNotes", partial(credit_note_prepare, ledger)),
        "Payments": BatchWriter(
            "Payments", partial(payment_prepare, ledger), "HasValidationErrors"
        ),
        "ContactGroups": BatchWriter("ContactGroups", partial(group_prepare, ledger)),
    }
    for kind, writer in writers.items():
        route(f"/{kind}", "PUT POST", _batch_view(api, writer), f"write {kind}")
        finder = _finder(ledger, kind)
        route(f"/{kind}/<record_id>", "POST", _single_view(api, writer, finder), f"post {kind}")
    groups = Groups(api)
    route("/ContactGroups", "GET", groups.all, "groups")
    route("/ContactGroups/<group_id>", "GET", groups.one, "group")
    route("/ContactGroups/<group_id>/Contacts", "PUT", groups.add, "group add")
    route("/ContactGroups/<group_id>/Contacts", "DELETE", groups.empty, "group empty")
    member = "/ContactGroups/<group_id>/Contacts/<contact_id>"
    route(member, "DELETE", groups.remove, "group remove")
    route("/Invoices/<name>/Email", "POST", Emails(api).send, "email")
    for kind in CREDIT_KINDS:
        allocations = AllocationRoutes(api, kind)
        path = f"/{kind}/<credit_id>/Allocations"
        route(path, "PUT", allocations.add, f"allocate {kind}")
        route(f"{path}/<allocation_id>", "DELETE", allocations.remove, f"unallocate {kind}")
    for kind in ("Invoices", "Contacts", "Payments", *CREDIT_KINDS):
        history = HistoryRoutes(api, kind)
        route(f"/{kind}/<name>/History", "GET", history.read, f"history {kind}")
        route(f"/{kind}/<name>/History", "PUT POST", history.write, f"note {kind}")
    for kind in ("Invoices", "Contacts", "CreditNotes"):
        files = Files(api, kind)
        path = f"/{kind}/<name>/Attachments"
        route(path, "GET", files.all, f"files {kind}")
        route(f"{path}/<path:file_name>", "GET", files.one, f"file {kind}")
        route(f"{path}/<path:file_name>", "PUT POST", files.put, f"put file {kind}")


def _batch_view(api: XeroApi, writer: BatchWriter) -> View:
    def view() -> Response:
        return run_batch(api, writer, Batch(creates_only=request.method == "PUT"))

    return view


def _single_view(api: XeroApi, writer: BatchWriter, known: Callable[[str], str]) -> View:
    def view(record_id: str) -> Response:
        path_id = known(record_id)
        return run_batch(api, writer, Batch(creates_only=False, path_id=path_id))

    return view


def _finder(ledger: XeroLedger, kind: str) -> Callable[[str], str]:
    """What turns the name in a path into an id, or into Xero's 404."""
    if kind == "ContactGroups":
        return lambda name: _group_id(ledger, name)
    finders: dict[str, Callable[[str], str]] = {
        "Invoices": lambda name: find_invoice(ledger, name).id,
        "Contacts": lambda name: find_contact(ledger, name).id,
        "Payments": lambda name: find_payment(ledger, name).id,
        "CreditNotes": lambda name: find_credit(ledger, "CreditNotes", name).id,
    }
    return finders[kind]


def _group_id(ledger: XeroLedger, name: str) -> str:
    group = ledger.groups.get(wire.guid(name))
    if group is None or group.status != "ACTIVE":
        raise not_found()
    return group.id
